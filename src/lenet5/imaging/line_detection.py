"""Thin straight ink: what printed lines are made of, and the bars and stems of characters.

A line is followed from place to place along the picture, so that strokes may cross it, and a lens may bend it. Whether
it is printed is another question (ruling.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RuledLine", "detect_lines"]

THICK = 0.03  # share of the picture's shorter side that a line is thick at most
STEEPEST = 0.16  # rows a column, and one more for each place: rows are whole pixels
PLACES = 32  # along the picture, each looked at alone
SEEN = 0.4  # share of such a place of which a line is seen
OFF = 0.8  # pixels by which the middle of a line of three may be off a straight one there
JUMP, BENT = (
    1.5,
    0.012,
)  # pixels by which a line may go on elsewhere than it was bound for, and more for each between
BACK = 6  # places from which it is told where it is bound for
GAP = 0.4  # share of the picture's side, within which a line that strokes hide goes on
COVERED = 0.45  # share of its length of which it is thin
WHOLE = 0.95  # share of its length of which there is ink
LEAST, SHORTEST, SLIM = (
    12,
    0.1,
    6.0,
)  # pixels, shares of the picture's side, thicknesses that it is long at least


@dataclass(frozen=True, eq=False)
class RuledLine:
    """A line that is nearly level, in pixels.

    columns, rows: (points,) on its middle, from left to right. thick: from its upper edge to its lower one.
    """

    columns: NDArray[np.float64]
    rows: NDArray[np.float64]
    thick: float

    @property
    def start(self) -> float:
        """Column where it begins."""
        return float(self.columns[0])

    @property
    def end(self) -> float:
        """The last column."""
        return float(self.columns[-1])

    @property
    def middle(self) -> float:
        """Row of its middle, on average."""
        return float(self.rows.mean())

    def row(self, column: NDArray | float) -> NDArray[np.float64]:
        """Row of its middle at a column; beyond its ends as it goes on the whole."""
        column = np.asarray(column, float)
        beyond = column - column.clip(self.start, self.end)
        slope = (self.rows[-1] - self.rows[0]) / max(self.end - self.start, 1.0)
        return np.interp(column, self.columns, self.rows) + slope * beyond


def detect_lines(inked: NDArray[np.bool_]) -> list[RuledLine]:
    """Thin, straight, nearly level ink, however many strokes cross it: from left to right. (rows, columns) bool."""
    from scipy import ndimage

    rows, columns = inked.shape
    thickest = max(5, round(THICK * min(rows, columns)))
    runs, count = ndimage.label(inked, [[0, 1, 0]] * 3)  # the runs of every column
    length = np.bincount(runs.ravel(), minlength=count + 1)
    thin = inked & (length <= thickest)[runs]
    wide = max(6, -(-columns // PLACES))
    thin[:, wide::wide] = False  # each place is labelled alone
    label, count = ndimage.label(thin, np.ones((3, 3)))
    if not count:
        return []
    y, x = np.nonzero(thin)
    pieces = _pieces(label[y, x], x.astype(float), y.astype(float), count, wide)
    return [rule for chain in _chains(pieces, GAP * columns) if (rule := _rule(chain, inked, wide))]


@dataclass(frozen=True)
class _Piece:
    """Straight thin ink within a place: columns first … last, rows of its middle there, thickness."""

    first: float
    last: float
    at_first: float
    at_last: float
    thick: float


def _pieces(of: NDArray[np.intp], x: NDArray, y: NDArray, count: int, wide: int) -> list[_Piece]:
    """Connected pixels that lie on a straight line, from left to right. of: (pixels,) numbers from 1 to count."""

    def total(weights: NDArray | None = None) -> NDArray:
        return np.bincount(of, weights, count + 1)[1:]

    pixels = total()
    mean_x, mean_y = total(x) / pixels, total(y) / pixels
    varied = np.maximum(total(x * x) / pixels - mean_x**2, 1e-9)
    slope = (total(x * y) / pixels - mean_x * mean_y) / varied
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, of - 1, x)
    np.maximum.at(last, of - 1, x)
    long = last - first + 1
    thick = pixels / long
    # What is left of the rows' variance without the slope, and without the line's own thickness.
    off = total(y * y) / pixels - mean_y**2 - slope**2 * varied - (thick**2 - 1) / 12
    good = (
        (long >= SEEN * wide) & (np.abs(slope) <= STEEPEST + 1 / wide) & (off <= (OFF * _coarser(thick)) ** 2)
    )
    rows = [mean_y + slope * (edge - mean_x) for edge in (first, last)]
    order = np.flatnonzero(good)[np.argsort(first[good], kind="stable")]
    return [_Piece(*of_one) for of_one in np.stack([first, last, *rows, thick], 1)[order].tolist()]


def _coarser(thick: NDArray | float) -> NDArray[np.float64]:
    """How many times as far off as a line of three pixels one of another thickness may be."""
    return np.maximum(np.asarray(thick) / 3, 1)


def _chains(pieces: Sequence[_Piece], gap: float) -> list[list[_Piece]]:
    """Pieces that go on where another ends, together."""
    chains: list[list[_Piece]] = []
    going: list[list[_Piece]] = []
    for piece in pieces:
        going = [chain for chain in going if piece.first - chain[-1].last <= gap]
        best, least = None, np.inf
        for chain in going:
            end, begin = chain[-1], chain[-BACK:][0]
            far = piece.first - end.last
            if far < -1 or not 0.4 <= piece.thick / end.thick <= 2.5:
                continue
            slope = (end.at_last - begin.at_first) / max(end.last - begin.first, 1.0)
            off = abs(end.at_last + slope * far - piece.at_first)
            if off <= JUMP * _coarser(end.thick) + BENT * far and off + 0.05 * far < least:
                best, least = chain, off + 0.05 * far
        if best is None:
            best = []
            chains.append(best)
            going.append(best)
        best.append(piece)
    return chains


def _rule(chain: Sequence[_Piece], inked: NDArray[np.bool_], wide: int) -> RuledLine | None:
    """A line of pieces, if it is long, and has ink all along it: between the feet of characters in a row are gaps.

    wide: pixels of a place, by which it may go on at either end.
    """
    columns = np.array([(piece.first, piece.last) for piece in chain]).ravel()
    thick = float(np.median([piece.thick for piece in chain]))
    long = columns[-1] - columns[0] + 1
    if long < max(LEAST, SHORTEST * inked.shape[1], SLIM * thick):
        return None
    if sum(piece.last - piece.first + 1 for piece in chain) < COVERED * long:
        return None
    rows = np.array([(piece.at_first, piece.at_last) for piece in chain]).ravel()
    found = RuledLine(columns, rows, thick)

    def along(first: float, behind: float) -> NDArray[np.bool_]:
        """Whether there is ink on the line, by column."""
        at = np.arange(round(first), round(behind))
        row = np.rint(found.row(at)).astype(np.intp)
        return np.any([inked[(row + aside).clip(0, len(inked) - 1), at] for aside in (-1, 0, 1)], 0)

    if along(columns[0], columns[-1] + 1).mean() < WHOLE:
        return None
    # What crosses it at its ends hides them.
    before = along(max(0, columns[0] - wide), columns[0])[::-1]
    behind = along(columns[-1] + 1, min(inked.shape[1], columns[-1] + 1 + wide))
    ends = columns[0] - np.append(before, False).argmin(), columns[-1] + np.append(behind, False).argmin()
    columns = np.array([ends[0], *columns, ends[1]])
    return RuledLine(columns, np.array([found.row(ends[0]), *rows, found.row(ends[1])]), thick)
