"""Replay: patterns of others that are mixed with one person's, so that a network does not forget them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, relabel
from ..data.labels import NO_CHARACTER
from ..data.synthesis.training_set import Supplement, build_training_set
from ..engine.interface import Backend

__all__ = ["LineReplayMix", "ReplayMix"]

# What is added to the patterns of others that the characters of lines are mixed with.
LINES_SUPPLEMENT = Supplement(variants=0.5, drawn=15_000, lines=1_000, negatives=3_000)
LEAST = 320  # patterns of a pass where there are no others to mix in: fewer are repeated


@dataclass(frozen=True)
class ReplayMix:
    """What a person's patterns are mixed with.

    Args:
        others: patterns of other writers, or None.
        count: of these, drawn at random.
        negatives: non-characters, as a share of the others' patterns.
        share: least share of the mixture that is the person's, about: fewer patterns are repeated, each time
            distorted anew.
    """

    others: Dataset | None
    count: int = 2000
    negatives: float = 0.3
    share: float = 0.3

    def mixed(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        seed: int = 0,
        backend: Backend | None = None,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Mix a person's patterns with the others'; the same seed gives the same.

        Args:
            images: the person's, (N, 28, 28).
            labels: (N,) indices into classes.
            classes: of the network.
            seed: of the draw.
            backend: cuts synthetic lines, where there are any; NumPy's, unless given.

        Returns:
            Images, (M, 28, 28), and a row of target weights each, (M, classes) (network.losses).

        Raises:
            DataError: the others have classes that are not among them.
        """
        from ..data.synthesis.negatives import noncharacters  # draws with Pillow and SciPy

        own = np.eye(len(classes), dtype=np.float32)[labels]
        if self.others is None:
            repeats = -(-LEAST // len(images))
            return np.repeat(images, repeats, 0), np.repeat(own, repeats, 0)
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        chosen = rng.permutation(len(self.others))[: self.count]
        theirs = np.eye(len(classes), dtype=np.float32)[relabel(self.others, classes)[chosen]]
        negatives = noncharacters(seed, round(self.negatives * len(chosen)), classes)
        replayed = len(chosen) + len(negatives)
        repeats = max(1, round(self.share / (1 - self.share) * replayed / len(images)))
        rubbish = np.zeros((len(negatives), len(classes)), np.float32)
        return (
            np.concatenate([np.repeat(images, repeats, 0), self.others.images[chosen], negatives]),
            np.concatenate([np.repeat(own, repeats, 0), theirs, rubbish]),
        )

    def to_dict(self) -> dict[str, Any]:
        """The mix as JSON values, for a model's metadata."""
        others = self.others and {"name": self.others.name, "sha256": self.others.fingerprint}
        return {"others": others, "count": self.count, "negatives": self.negatives, "share": self.share}


@dataclass(frozen=True)
class LineReplayMix(ReplayMix):
    """What the characters of lines are mixed with: the lines' own non-characters, and others' patterns and lines.

    Args:
        cut: (M, 28, 28) uint8, candidates of the lines that are no character.
        ratio: how many of them are taken for each character.
        repeats: times that the characters come in a pass.
        supplement: what the others' patterns are given.
    """

    cut: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 28, 28), np.uint8))
    count: int = 60_000
    ratio: float = 6.0
    repeats: int = 2
    supplement: Supplement = LINES_SUPPLEMENT

    def mixed(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        seed: int = 0,
        backend: Backend | None = None,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """As ReplayMix.mixed."""
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        rubbish = self.cut[rng.permutation(len(self.cut))[: round(self.ratio * len(images))]]
        weights = np.concatenate([np.eye(len(classes)), np.zeros((1, len(classes)))]).astype(np.float32)
        parts = [(images, weights[labels])] * self.repeats
        parts.append((rubbish, weights[np.full(len(rubbish), NO_CHARACTER)]))
        if self.others is not None:
            known = relabel(self.others, classes)
            other, theirs = build_training_set(
                self.others.images, known, list(classes), self.supplement, seed, backend
            )
            chosen = rng.permutation(len(other))[: self.count]
            parts.append((other[chosen], weights[theirs[chosen]] if theirs.ndim == 1 else theirs[chosen]))
        every, targets = (np.concatenate(column) for column in zip(*parts, strict=True))
        return every, targets

    def to_dict(self) -> dict[str, Any]:
        """The mix as JSON values, for a model's metadata."""
        cut = {"patterns": len(self.cut), "sha256": hashlib.sha256(self.cut.tobytes()).hexdigest()}
        return {**super().to_dict(), "cut": cut, "ratio": self.ratio, "repeats": self.repeats}
