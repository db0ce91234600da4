"""From a data set to the patterns, the targets and the identity of a training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, relabel
from ..data.synthesis.training_set import NOTHING_ADDED, Supplement, build_training_set
from ..data.trajectories.load import CREDITS, find_pens, load_trajectories
from ..data.trajectories.trajectories import Trajectories
from ..errors import InputError
from ..model.classifier import Network
from ..model.lenet5 import LeNet5
from .distillation import soft_targets
from .recipes import GraphRecipe, PaperRecipe, Recipe
from .replay import ReplayMix

if TYPE_CHECKING:  # it loads SciPy and Pillow
    from .line_sources import LineSource

__all__ = ["Sources", "TrainingSet", "fingerprint", "prepare", "training_pens"]


@dataclass(frozen=True, eq=False)
class Sources:
    """What a training is made from.

    Args:
        dataset: the patterns to train on.
        start: a trained network to go on from, whose classes hold all those of the data set; None for a new one.
        replay_mix: what the data set is mixed with (replay.py).
        teachers: trained networks whose answers are learnt beside the labels (distillation.py).
        test: patterns that are reported on after each pass, without influence.
        lines: what training on whole lines learns; synthetic ones, unless given (line_sources.py).
    """

    dataset: Dataset
    start: Network | None = None
    replay_mix: ReplayMix | None = None
    teachers: Sequence[Network] = ()
    test: Dataset | None = None
    lines: LineSource | None = None


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The patterns of a training.

    Args:
        images: (N, 28, 28) uint8, the data set's and what is added to them.
        targets: (N,) labels, or (N, classes) target weights (network.losses).
        labels: of the data set's own patterns, indices into the network's classes.
        test: images and labels to report on, or None.
        identity: recipe, seed, data and start as JSON values; a training may only go on from a checkpoint of
            the same identity.
        lines: of a training on whole lines.
    """

    images: NDArray[np.uint8]
    targets: NDArray[Any]
    labels: NDArray[np.int64]
    test: tuple[NDArray[np.uint8], NDArray[np.int64]] | None
    identity: dict[str, Any]
    lines: LineSource | None = None


def prepare(sources: Sources, recipe: Recipe | PaperRecipe, model: LeNet5, seed: int) -> TrainingSet:
    """Build the patterns of a training; the same seed gives the same.

    Args:
        sources: what the training is made from.
        recipe: its supplement is added.
        model: the network to train; its backend cuts the lines of the supplement.
        seed: of all that is drawn.

    Raises:
        InputError: the paper's recipes take no teachers.
        DataError: classes that the network does not know.
    """
    classes, dataset = model.classes, sources.dataset
    if sources.teachers and not isinstance(recipe, Recipe):
        raise InputError(f"the recipe {recipe.name} learns from labels alone: it takes no teachers")
    test = None if sources.test is None else (sources.test.images, relabel(sources.test, classes))
    own = dataset.labels if sources.start is None else relabel(dataset, classes)
    images: NDArray[np.uint8] = dataset.images
    targets: NDArray[Any] = own
    supplement = recipe.supplement if isinstance(recipe, Recipe) else NOTHING_ADDED
    pens = training_pens(supplement)
    if supplement.adds:
        images, targets = build_training_set(images, own, classes, supplement, seed, model.backend, pens)
    if sources.replay_mix is not None:
        images, targets = sources.replay_mix.mixed(images, targets, classes, seed, model.backend)
    if sources.teachers:
        # Generated non-characters come last: their labels are surer than what teachers answer.
        targets = soft_targets(images, targets, classes, sources.teachers, supplement.negatives)
    lines = sources.lines
    if lines is None and isinstance(recipe, GraphRecipe):
        from ..data.synthesis.hands import Hands
        from .line_sources import SyntheticLines

        real = supplement.real if pens is not None else 0.0
        lines = SyntheticLines.of(
            dataset.images, own, classes, model.backend, seed, recipe.graph.method,
            Hands(pens) if pens is not None else None, real,
        )  # fmt: skip
    return TrainingSet(images, targets, own, test, _identity(sources, recipe, seed, pens), lines)


def training_pens(supplement: Supplement) -> Trajectories | None:
    """Real trajectories by the writers who are trained on, if the supplement draws some and they are at hand.

    A sixth of the writers is kept out of every training, to measure with.

    Raises:
        DataError: the file is damaged.
    """
    if not supplement.traces or find_pens() is None:
        return None
    return load_trajectories().split()[0]


def _identity(
    sources: Sources, recipe: Recipe | PaperRecipe, seed: int, pens: Trajectories | None
) -> dict[str, Any]:
    """What a checkpoint must match."""
    dataset, test, start = sources.dataset, sources.test, sources.start
    identity: dict[str, Any] = {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "data": {"name": dataset.name, "patterns": len(dataset.images), "sha256": dataset.fingerprint},
        "test data": None if test is None else {"name": test.name, "sha256": test.fingerprint},
        "start": None if start is None else fingerprint(start),
    }
    if sources.replay_mix is not None:
        identity["replay"] = sources.replay_mix.to_dict()
    if isinstance(recipe, Recipe) and recipe.supplement.traces:
        identity["pens"] = (
            None
            if pens is None
            else {
                "part": pens.name,
                "characters": len(pens),
                "sha256": pens.fingerprint,
                "credits": list(CREDITS),
            }
        )
    if sources.lines is not None:
        identity["lines"] = sources.lines.to_dict()
    if sources.teachers:
        identity["teachers"] = [fingerprint(teacher) for teacher in sources.teachers]
    return identity


def fingerprint(network: Network) -> str:
    """SHA-256 of a network's parameters."""
    return hashlib.sha256(network.parameters.tobytes()).hexdigest()
