"""Trajectories: characters as the points that a pen passed through, stroke by stroke, and who wrote each."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError, InputError
from ..splits import validation_split

__all__ = ["SIDE", "UNKNOWN", "Kind", "Trajectories", "Writing", "from_writings", "kind_of"]

SIDE = 1000  # units of a character's larger side
UNKNOWN = -1  # the writer of characters whose writer no file names
FARTHEST = 10_000_000  # units from the origin that a tablet's point may lie; farther is damage


class Kind(IntEnum):
    """Kinds of characters."""

    DIGIT = 0
    CAPITAL = 1
    SMALL = 2
    SIGN = 3


def kind_of(label: str) -> Kind:
    """The kind of a character of ASCII."""
    if label in string.digits:
        return Kind.DIGIT
    if label in string.ascii_uppercase:
        return Kind.CAPITAL
    return Kind.SMALL if label in string.ascii_lowercase else Kind.SIGN


@dataclass(frozen=True, eq=False)
class Trajectories:
    """C characters of S strokes of N points.

    Args:
        points: (N, 2) int16, x to the right and y down; a character's box begins at 0, its larger side is SIDE.
        stroke_ends: (S,) where each stroke ends in `points`.
        character_ends: (C,) where each character ends in `stroke_ends`.
        labels: (C,) str, one printable character of ASCII each.
        writer: (C,) int64, a number for each writer; UNKNOWN where no file names one.
        donor: (C,) str, the part of the collection that each comes from, or "".
        name: of the collection, in reports and errors.
    """

    points: NDArray[np.int16]
    stroke_ends: NDArray[np.int64]
    character_ends: NDArray[np.int64]
    labels: NDArray[np.str_]
    writer: NDArray[np.int64]
    donor: NDArray[np.str_]
    name: str

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def kind(self) -> NDArray[np.int8]:
        """The kind of each character, (C,) int8 (Kind)."""
        names, place = np.unique(self.labels, return_inverse=True)
        return np.array([kind_of(str(name)) for name in names], np.int8)[place]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all points, strokes, labels and writers, in their order."""
        digest = hashlib.sha256("".join(self.labels.tolist()).encode())
        for array in (self.points, self.stroke_ends, self.character_ends, self.writer):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @cached_property
    def _starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each stroke begins in `points`, (S,), and each character in `stroke_ends`, (C,)."""
        strokes, characters = (
            np.concatenate([np.zeros(1, np.int64), ends])[:-1]
            for ends in (self.stroke_ends, self.character_ends)
        )
        return strokes, characters

    def strokes(self, index: int) -> list[NDArray[np.float64]]:
        """The strokes of character `index`, (points, 2) float64 each, its larger side 1, x right and y down."""
        starts, first = self._starts
        return [
            self.points[starts[k] : self.stroke_ends[k]] / SIDE
            for k in range(first[index], self.character_ends[index])
        ]

    def part(self, indices: ArrayLike, name: str | None = None) -> Trajectories:
        """The characters at `indices`, (M,) int or (C,) bool, in that order."""
        chosen = np.asarray(indices)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
        starts, first = self._starts
        strokes = _ranges(first[chosen], self.character_ends[chosen])
        points = _ranges(starts[strokes], self.stroke_ends[strokes])
        return Trajectories(
            self.points[points],
            np.cumsum(self.stroke_ends[strokes] - starts[strokes]),
            np.cumsum(self.character_ends[chosen] - first[chosen]),
            self.labels[chosen],
            self.writer[chosen],
            self.donor[chosen],
            self.name if name is None else name,
        )

    def split(self, share: float = 1 / 6, seed: int = 0) -> tuple[Trajectories, Trajectories]:
        """The characters of most writers, and those of a share of the writers; nobody writes in both.

        Args:
            share: of the writers that go to the second part, in (0, 1).
            seed: of the draw (splits.validation_split).

        Raises:
            InputError: the writers are not known, or fewer than two.
        """
        if (self.writer == UNKNOWN).any():
            raise InputError(
                f"{self.name} cannot be split by writer: it does not say who wrote each character"
            )
        kept, held = validation_split(self.writer, share, seed)
        return (
            self.part(kept, f"{self.name}, without the held-out writers"),
            self.part(held, f"{self.name}, the held-out writers"),
        )


@dataclass(frozen=True, eq=False)
class Writing:
    """One character as a file has it.

    Args:
        label: the character.
        strokes: (points, 2) each, x to the right and y down, in any unit.
        writer: name of the writer, or "".
        donor: name of the collection's part, or "".
    """

    label: str
    strokes: Sequence[NDArray[np.float64]] = field(repr=False)
    writer: str = ""
    donor: str = ""


def from_writings(writings: Iterable[Writing], name: str) -> Trajectories:
    """Trajectories of characters, each brought to a larger side of SIDE, writers numbered by their names' order.

    Characters without a point are left out.

    Raises:
        DataError: nothing is left, or points lie farther off than any tablet reaches.
    """
    characters = [one for one in writings if any(len(stroke) for stroke in one.strokes)]
    if not characters:
        raise DataError(f"{name} has no characters: no labelled strokes of one printable character each")
    known = sorted({(one.donor, one.writer) for one in characters if one.writer})
    number = {writer: k for k, writer in enumerate(known)}
    strokes = [[stroke for stroke in one.strokes if len(stroke)] for one in characters]
    for one in strokes:
        if not all(np.isfinite(stroke).all() and np.abs(stroke).max() <= FARTHEST for stroke in one):
            raise DataError(f"{name} is damaged: its points lie farther off than a tablet reaches")
    return Trajectories(
        np.concatenate([_to_side(one) for one in strokes]),
        np.cumsum([len(stroke) for one in strokes for stroke in one]),
        np.cumsum([len(one) for one in strokes]),
        np.array([one.label for one in characters]),
        np.array([number.get((one.donor, one.writer), UNKNOWN) for one in characters], np.int64),
        np.array([one.donor for one in characters]),
        name,
    )


def _to_side(strokes: Sequence[NDArray[np.float64]]) -> NDArray[np.int16]:
    """The points of a character, (N, 2), its box from 0 and its larger side SIDE."""
    points = np.concatenate(strokes).astype(np.float64)
    points -= points.min(0)
    larger = points.max()
    return np.rint(points * (SIDE / larger if larger else 0)).astype(np.int16)


def _ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start to below its end, one after another."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    numbers: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return numbers
