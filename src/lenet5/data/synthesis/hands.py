"""Hands: real digits and signs by writer, so that a line is written by one hand and a drawing by anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..labels import DIGITS
from ..trajectories.trajectories import Kind, Trajectories

__all__ = ["Hand", "HandSettings", "Hands"]


@dataclass(frozen=True)
class HandSettings:
    """Which of a collection's characters are drawn."""

    widest: float = 2.0  # heights: a digit that is wider is a piece that its file cut off, or a dash
    least_digits: int = 5  # of a writer who writes lines
    narrowest: float = 0.45  # heights: a letter or sign that is narrower may be a 1
    alike: str = "+{}$"  # signs that some write as a 7, 4, 3 or 8, and that print does not


HANDS = HandSettings()


@dataclass(frozen=True, eq=False)
class Hands:
    """The writers of a collection of trajectories.

    Args:
        pens: the collection.
        settings: which of its characters are drawn.
    """

    pens: Trajectories
    settings: HandSettings = HANDS

    @cached_property
    def _size(self) -> NDArray[np.int16]:
        """Width and height of each character, (C, 2), the larger 1000."""
        starts = self._starts
        return np.asarray(
            np.maximum.reduceat(self.pens.points, starts) - np.minimum.reduceat(self.pens.points, starts)
        )

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Where each character begins in the points, (C,)."""
        ends = self.pens.stroke_ends[self.pens.character_ends - 1]
        return np.concatenate([np.zeros(1, np.int64), ends[:-1]])

    @cached_property
    def _usable(self) -> NDArray[np.bool_]:
        """Digits of a digit's shape, and all signs and letters, (C,)."""
        wide, high = self._size.T
        digit = self.pens.kind == Kind.DIGIT
        return np.asarray(~digit | (wide <= self.settings.widest * high))

    @cached_property
    def _of(self) -> dict[str, NDArray[np.int64]]:
        """The drawable characters of each label, as indices."""
        labels = self.pens.labels
        return {str(name): np.flatnonzero((labels == name) & self._usable) for name in np.unique(labels)}

    @cached_property
    def _letters(self) -> dict[str, NDArray[np.int64]]:
        """Characters wide enough to be no 1, by label."""
        wide, high = self._size.T
        broad = wide >= self.settings.narrowest * high
        return {name: chosen[broad[chosen]] for name, chosen in self._of.items()}

    @cached_property
    def _writers(self) -> NDArray[np.int64]:
        """Writers of enough digits for lines."""
        writers, counts = np.unique(self.pens.writer[self.digits()], return_counts=True)
        return np.asarray(writers[counts >= self.settings.least_digits])

    @cached_property
    def _styles(self) -> NDArray[np.float64]:
        """Mean slant and width of each writer's digits, (writers, 2), each with a deviation of 1."""
        pens, starts = self.pens, self._starts
        x, y = pens.points.astype(np.float64).T
        count = np.diff(starts, append=len(x))
        mean_x, mean_y, xy, yy = (np.add.reduceat(v, starts) / count for v in (x, y, x * y, y * y))
        slant = -(xy - mean_x * mean_y) / np.maximum(yy - mean_y**2, 1.0)
        width = self._size[:, 0] / np.maximum(self._size[:, 1], 1)
        own = (pens.kind == Kind.DIGIT) & self._usable
        features = np.array(
            [[np.mean(v[own & (pens.writer == writer)]) for v in (slant, width)] for writer in self._writers]
        )
        return np.asarray(features / np.maximum(features.std(0), 1e-6))

    def digits(self) -> NDArray[np.int64]:
        """The indices of all digits that are drawn."""
        return np.flatnonzero((self.pens.kind == Kind.DIGIT) & self._usable)

    def digit(self, digit: int, rng: np.random.Generator) -> int:
        """The index of some writer's digit."""
        return int(rng.choice(self._of[DIGITS[digit]]))

    def of_class(self, name: str, classes: Sequence[str]) -> NDArray[np.int64]:
        """The indices of a class's characters, in either case where the classes have but one."""
        forms = {name} | ({name.swapcase()} - set(classes))
        return np.concatenate([self._of.get(form, np.zeros(0, np.int64)) for form in sorted(forms)])

    def stranger(self, classes: Sequence[str], rng: np.random.Generator) -> int | None:
        """The index of a letter or sign that nobody takes for one of the classes; None where there is none.

        Each label is as likely as another, for signs are rarer than letters.
        """
        from .negatives import strangers  # start-up time: it loads SciPy and Pillow

        strange = [
            name
            for name in strangers(classes)
            if name not in self.settings.alike and len(self._letters.get(name, ()))
        ]
        return int(rng.choice(self._letters[rng.choice(strange)])) if strange else None

    @property
    def writers(self) -> NDArray[np.int64]:
        """Writers of enough digits for lines."""
        return self._writers

    def hand(self, rng: np.random.Generator) -> Hand:
        """Some writer's hand, and those most like it for what this writer never wrote."""
        return self.hand_of(int(self._writers[rng.integers(len(self._writers))]))

    def hand_of(self, writer: int) -> Hand:
        """The hand of one of `writers`, and those most like it for what this writer never wrote."""
        place = int(np.flatnonzero(self._writers == writer)[0])
        away = ((self._styles - self._styles[place]) ** 2).sum(1)
        return Hand(self, self._writers[np.argsort(away, kind="stable")])


@dataclass(frozen=True, eq=False)
class Hand:
    """A writer's hand.

    Args:
        hands: of all writers.
        writers: this one, then the others, the most alike first.
    """

    hands: Hands
    writers: NDArray[np.int64]

    def index(self, character: str, rng: np.random.Generator) -> int | None:
        """The index of a character of this hand, or of the hand most like it; None where nobody wrote it."""
        chosen = self.hands._of.get(character, np.zeros(0, np.int64))
        theirs = self.hands.pens.writer[chosen]
        for writer in self.writers:
            own = chosen[theirs == writer]
            if len(own):
                return int(rng.choice(own))
        return int(rng.choice(chosen)) if len(chosen) else None
