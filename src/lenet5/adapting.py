"""A trained network adapted to one person's writing, with a few examples of it.

A network that goes on with ten characters of one hand forgets all other hands, and what is no character, within
a few passes. So the person's are mixed with patterns of others and with non-characters, and few rates are large:
benchmarks/few_examples.py has the measurements. # not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .datasets import Dataset, relabel
from .model import LeNet5
from .recipes import ADAPT, Recipe
from .rubbish import noncharacters

__all__ = ["Mixture", "recipe_for"]

ALONE = 0.0005  # the peak rate where there are no others to mix in, a twentieth of ADAPT's
LEAST = 320  # patterns of a pass then: fewer are repeated


@dataclass(frozen=True)
class Mixture:
    """What a person's patterns are mixed with.

    others: patterns of other hands, or None. many: of these, drawn at random. nothing: non-characters to go
    with them, as a share of those. share: of the mixture that the person's patterns have at least, repeated if
    need be; each comes distorted anew.
    """

    others: Dataset | None
    many: int = 2000
    nothing: float = 0.3
    share: float = 0.3

    def mixed(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: list[str], seed: int = 0
    ) -> tuple[NDArray[np.uint8], NDArray]:
        """The person's (N, 28, 28) and the others', with a row of target weights each (see losses.py).

        labels: (N,) indices into classes. The same seed gives the same. Raises DataError where the others
        have classes that are not among them.
        """
        own = np.eye(len(classes), dtype=np.float32)[labels]
        if self.others is None:
            again = -(-LEAST // len(images))
            return np.repeat(images, again, 0), np.repeat(own, again, 0)
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        chosen = rng.permutation(len(self.others))[: self.many]
        theirs = np.eye(len(classes), dtype=np.float32)[relabel(self.others, classes)[chosen]]
        nothing = noncharacters(seed, round(self.nothing * len(chosen)), classes)
        beside = len(chosen) + len(nothing)
        again = max(1, round(self.share / (1 - self.share) * beside / len(images)))
        blank = np.zeros((len(nothing), len(classes)), np.float32)
        return (
            np.concatenate([np.repeat(images, again, 0), self.others.images[chosen], nothing]),
            np.concatenate([np.repeat(own, again, 0), theirs, blank]),
        )

    def data(self) -> dict[str, Any]:
        """What it is, for a model's metadata."""
        others = self.others and {"name": self.others.name, "sha256": self.others.fingerprint}
        return {"others": others, "many": self.many, "nothing": self.nothing, "share": self.share}


def recipe_for(start: LeNet5, mixture: Mixture) -> Recipe:
    """ADAPT with the constants of eq. 9 that the network was trained with, and gentler without others."""
    recipe = replace(ADAPT, j=start.metadata["j"], scale=start.metadata["scale"])
    return recipe if mixture.others else replace(recipe, name="adapt-alone", rate=ALONE)
