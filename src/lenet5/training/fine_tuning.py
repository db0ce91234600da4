"""A trained network adapted to one person's writing, or to one kind of lines, with a few examples of it.

A network that goes on with ten characters of one hand forgets all other hands, and what is no character, within
a few passes. So the person's are mixed with patterns of others and with non-characters, and few rates are large:
benchmarks/few_examples.py has the measurements. Lines whose text is known bring their own non-characters
(alignment.py) and are many more patterns; what they are mixed with has lines, too. # not in the paper.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, relabel
from ..data.synthesis.negatives import noncharacters
from ..data.synthesis.text_lines import NO_CHARACTER
from ..data.synthesis.training_set import Supplement, build_training_set
from ..model.classifier import Classifier
from .recipes import ADAPT, ADAPT_LINES, Recipe

__all__ = ["LineReplayMix", "ReplayMix", "recipe_for"]

# What others are given beside the characters of lines: less of it than of them.
LIKE_READING = Supplement(variants=0.5, drawn=15_000, lines=1_000, negatives=3_000)
ALONE = 0.0005  # the peak rate where there are no others to mix in, a twentieth of ADAPT's
LEAST = 320  # patterns of a pass then: fewer are repeated


@dataclass(frozen=True)
class ReplayMix:
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

    def to_dict(self) -> dict[str, Any]:
        """What it is, for a model's metadata."""
        others = self.others and {"name": self.others.name, "sha256": self.others.fingerprint}
        return {"others": others, "many": self.many, "nothing": self.nothing, "share": self.share}


@dataclass(frozen=True)
class LineReplayMix(ReplayMix):
    """What the characters of lines are mixed with: what else the lines were cut into, and as Mixture, but with
    the drawings and lines of the recipe `reading`.

    cut: (M, 28, 28) uint8, arcs of the lines that are no character. Of them as many are taken as `rest` times
    the characters, which come `again` times in a pass. like: what the others are given.
    """

    cut: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 28, 28), np.uint8))
    many: int = 60_000
    rest: float = 6.0
    again: int = 2
    like: Supplement = LIKE_READING

    def mixed(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: list[str], seed: int = 0
    ) -> tuple[NDArray[np.uint8], NDArray]:
        """As Mixture.mixed."""
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        rest = self.cut[rng.permutation(len(self.cut))[: round(self.rest * len(images))]]
        weights = np.concatenate([np.eye(len(classes)), np.zeros((1, len(classes)))]).astype(np.float32)
        parts = [(images, weights[labels])] * self.again
        parts.append((rest, weights[np.full(len(rest), NO_CHARACTER)]))
        if self.others is not None:
            known = relabel(self.others, classes)
            other, theirs = build_training_set(self.others.images, known, classes, self.like, seed)
            chosen = rng.permutation(len(other))[: self.many]
            parts.append((other[chosen], weights[theirs[chosen]] if theirs.ndim == 1 else theirs[chosen]))
        every, targets = (np.concatenate(column) for column in zip(*parts, strict=True))
        return every, targets

    def to_dict(self) -> dict[str, Any]:
        """What it is, for a model's metadata."""
        cut = {"patterns": len(self.cut), "sha256": hashlib.sha256(self.cut.tobytes()).hexdigest()}
        return {**super().to_dict(), "cut": cut, "rest": self.rest, "again": self.again}


def recipe_for(start: Classifier, replay_mix: ReplayMix) -> Recipe:
    """ADAPT with the constants of eq. 9 that the network was trained with, and gentler without others."""
    recipe = ADAPT_LINES if isinstance(replay_mix, LineReplayMix) else ADAPT
    recipe = recipe.with_settings(j=start.metadata["j"], scale=start.metadata["scale"])
    return recipe if replay_mix.others else recipe.with_settings(name="adapt-alone", rate=ALONE)
