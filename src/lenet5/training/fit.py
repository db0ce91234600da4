"""Train a network on arrays, in memory."""

from __future__ import annotations

from numpy.typing import ArrayLike

from ..model.lenet5 import LeNet5
from .loop import begin, run_passes
from .recipes import FAST, PaperRecipe, Recipe

__all__ = ["fit"]


def fit(
    model: LeNet5,
    images: ArrayLike,
    labels: ArrayLike,
    recipe: Recipe | PaperRecipe | None = None,
    *,
    seed: int = 0,
    reset: bool = True,
    threads: int | None = None,
) -> LeNet5:
    """Train a network, in place.

    Args:
        model: the network.
        images: (N, 28, 28) uint8, 0 = background, 255 = ink.
        labels: (N,) indices into the classes, or (N, classes) target weights (network.losses).
        recipe: of the training; FAST, unless given.
        seed: of the parameters before training, the order of the patterns and their distortions.
        reset: draw the parameters anew; False goes on from them as they are, to adapt a trained network.
        threads: as many as this process may use, unless given; the result does not depend on it.

    Returns:
        The model.

    Raises:
        InputError: images or labels cannot be used.
        LeNet5Error: the parameters run away.
    """
    recipe = recipe or FAST
    if reset:
        model.parameters[:] = recipe.initialisation.draw(seed)
    run_passes(begin(model, images, labels, recipe, seed=seed, threads=threads))
    return model
