"""Thin straight foreground: what printed lines are made of, and the bars and stems of characters.

A line is followed from place to place along the image, so that strokes may cross it and a lens may bend it. Whether
it is printed is decided in line_removal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .components import label_columns, label_components

__all__ = [
    "LINE_DETECTION",
    "LineDetectionSettings",
    "LinePieces",
    "RuledLine",
    "detect_lines",
    "line_pieces",
]


@dataclass(frozen=True)
class LineDetectionSettings:
    """What a line looks like. Chosen by eye on drawn paper of every kind and on photographs of ruled paper."""

    thickness: float = 0.03  # of the image's shorter side that a line is thick at most …
    thickness_least: int = 5  # … and pixels that are thin in any case
    steepest: float = 0.16  # rows a column, and one more for each place: rows are whole pixels
    places: int = 32  # along the image, each looked at alone …
    place_least: int = 6  # … and pixels of a place
    filled: float = 0.4  # share of a place along which a line is visible at least
    deviation: float = 0.8  # pixels by which the middle of a line of three may leave a straight one
    jump: float = 1.5  # pixels by which a line may go on elsewhere than where it was bound for …
    bend: float = 0.012  # … and more for each pixel between
    distance: float = 0.05  # pixels off its course that one pixel of distance counts as
    memory: int = 6  # places from which it is computed where a line is bound for
    thinner: float = 0.4  # thicknesses of a line that its next piece has at least …
    thicker: float = 2.5  # … and at most
    gap: float = 0.4  # of the image's side, within which a line that strokes hide goes on
    thin: float = 0.45  # share of a line's length along which it is thin
    inked: float = 0.95  # share of its length along which there is ink
    least: int = 12  # pixels that a line is long at least, …
    shortest: float = 0.1  # … of the image's side, …
    slimness: float = 6.0  # … and of its own thickness


LINE_DETECTION = LineDetectionSettings()


@dataclass(frozen=True, eq=False)
class RuledLine:
    """A nearly horizontal line, in pixels.

    columns, rows: (points,) on its middle, from left to right. thickness: from its upper edge to its lower one.
    """

    columns: NDArray[np.float64]
    rows: NDArray[np.float64]
    thickness: float

    @property
    def start(self) -> float:
        """Its first column."""
        return float(self.columns[0])

    @property
    def end(self) -> float:
        """Its last column."""
        return float(self.columns[-1])

    @property
    def length(self) -> float:
        """Columns from its first to its last."""
        return self.end - self.start

    @property
    def slope(self) -> float:
        """Rows a column by which it falls on the whole."""
        return float((self.rows[-1] - self.rows[0]) / max(self.length, 1.0))

    @property
    def middle(self) -> float:
        """Row of its middle, on average."""
        return float(self.rows.mean())

    def row(self, column: NDArray[Any] | float) -> NDArray[np.float64]:
        """Row of its middle at a column; beyond its ends as it goes on the whole."""
        column = np.asarray(column, float)
        beyond = column - column.clip(self.start, self.end)
        slope = (self.rows[-1] - self.rows[0]) / max(self.end - self.start, 1.0)
        rows: NDArray[np.float64] = np.interp(column, self.columns, self.rows) + slope * beyond
        return rows


def detect_lines(
    mask: NDArray[np.bool_], settings: LineDetectionSettings = LINE_DETECTION
) -> list[RuledLine]:
    """Thin, straight, nearly horizontal lines, however many strokes cross them.

    Args:
        mask: (rows, columns).
        settings: what a line looks like.

    Returns:
        The lines, from left to right.
    """
    return line_pieces(mask, settings).lines(settings.steepest)


def line_pieces(mask: NDArray[np.bool_], settings: LineDetectionSettings = LINE_DETECTION) -> LinePieces:
    """What lines are made of: straight thin foreground, place by place; for who looks for lines more than once.

    Args:
        mask: (rows, columns).
        settings: what a line looks like.
    """
    rows, columns = mask.shape
    thickest = max(settings.thickness_least, round(settings.thickness * min(rows, columns)))
    runs, length = label_columns(mask)
    thin = mask & (length <= thickest)[runs]
    place = max(settings.place_least, -(-columns // settings.places))
    thin[:, place::place] = False  # each place is labelled alone
    labels, count = label_components(thin)
    if not count:
        return LinePieces((), mask, place, settings)
    y, x = np.nonzero(thin)
    pieces = _pieces(labels[y, x], x.astype(float), y.astype(float), count, place, settings)
    return LinePieces(tuple(pieces), mask, place, settings)


@dataclass(frozen=True, eq=False)
class LinePieces:
    """Pieces of lines in a mask, (rows, columns), from left to right. place: pixels of a place."""

    pieces: tuple[_Piece, ...]
    mask: NDArray[np.bool_]
    place: int
    settings: LineDetectionSettings

    def lines(self, steepest: float) -> list[RuledLine]:
        """The lines that are no steeper than so many rows a column, from left to right."""
        pieces = [piece for piece in self.pieces if abs(piece.slope) <= steepest + 1 / self.place]
        chains = _chains(pieces, self.settings.gap * self.mask.shape[1], self.settings)
        return [line for chain in chains if (line := _line(chain, self.mask, self.place, self.settings))]


@dataclass(frozen=True)
class _Piece:
    """Straight thin foreground within a place: first and last column, rows of its middle there, rows a column."""

    first: float
    last: float
    row_first: float
    row_last: float
    thickness: float
    slope: float


def _pieces(
    label: NDArray[np.intp],
    x: NDArray[Any],
    y: NDArray[Any],
    count: int,
    place: int,
    settings: LineDetectionSettings,
) -> list[_Piece]:
    """Connected pixels that lie on a straight line, from left to right.

    label: (pixels,) from 1 to count. x, y: (pixels,). place: pixels of a place.
    """

    def total(weights: NDArray[Any] | None = None) -> NDArray[Any]:
        return np.bincount(label, weights, count + 1)[1:]

    pixels = total()
    mean_x, mean_y = total(x) / pixels, total(y) / pixels
    variance_x = np.maximum(total(x * x) / pixels - mean_x**2, 1e-9)
    slope = (total(x * y) / pixels - mean_x * mean_y) / variance_x
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, label - 1, x)
    np.maximum.at(last, label - 1, x)
    length = last - first + 1
    thickness = pixels / length
    # What is left of the rows' variance without the slope, and without the line's own thickness.
    deviation = total(y * y) / pixels - mean_y**2 - slope**2 * variance_x - (thickness**2 - 1) / 12
    straight = (
        (length >= settings.filled * place)
        & (np.abs(slope) <= settings.steepest + 1 / place)
        & (deviation <= (settings.deviation * _tolerance(thickness)) ** 2)
    )
    rows = [mean_y + slope * (edge - mean_x) for edge in (first, last)]
    order = np.flatnonzero(straight)[np.argsort(first[straight], kind="stable")]
    return [_Piece(*one) for one in np.stack([first, last, *rows, thickness, slope], 1)[order].tolist()]


def _tolerance(thickness: NDArray[Any] | float) -> NDArray[np.float64]:
    """How many times as far off as a line of three pixels one of another thickness may be."""
    return np.maximum(np.asarray(thickness) / 3, 1)


def _chains(pieces: Sequence[_Piece], gap: float, settings: LineDetectionSettings) -> list[list[_Piece]]:
    """Pieces that go on where another ends, together. gap: pixels between them at most."""
    chains: list[list[_Piece]] = []
    last, row, thickness, slope = np.zeros((4, len(pieces)))  # of each chain's end, and where it leads
    unfinished = np.zeros(0, np.intp)
    for piece in pieces:
        distance = piece.first - last[unfinished]
        near = distance <= gap
        unfinished, distance = unfinished[near], distance[near]
        ends = thickness[unfinished]
        deviation = np.abs(row[unfinished] + slope[unfinished] * distance - piece.row_first)
        ratio = piece.thickness / ends
        fits = (distance >= -1) & (ratio >= settings.thinner) & (ratio <= settings.thicker)
        fits &= deviation <= settings.jump * np.maximum(ends / 3, 1.0) + settings.bend * distance
        if fits.any():
            cost = np.where(fits, deviation + settings.distance * distance, np.inf)
            best = int(unfinished[cost.argmin()])
        else:
            best = len(chains)
            chains.append([])
            unfinished = np.append(unfinished, best)
        chain = chains[best]
        chain.append(piece)
        begin = chain[-settings.memory :][0]
        last[best], row[best], thickness[best] = piece.last, piece.row_last, piece.thickness
        slope[best] = (piece.row_last - begin.row_first) / max(piece.last - begin.first, 1.0)
    return chains


def _line(
    chain: Sequence[_Piece], mask: NDArray[np.bool_], place: int, settings: LineDetectionSettings
) -> RuledLine | None:
    """A line of pieces, if it is long and has ink all along it: between the feet of characters in a row are gaps.

    place: pixels of a place, by which the line may go on at either end.
    """
    length = chain[-1].last - chain[0].first + 1
    if length < max(settings.least, settings.shortest * mask.shape[1]):
        return None
    thickness = median(piece.thickness for piece in chain)
    columns = np.array([(piece.first, piece.last) for piece in chain]).ravel()
    if length < settings.slimness * thickness:
        return None
    if sum(piece.last - piece.first + 1 for piece in chain) < settings.thin * length:
        return None
    rows = np.array([(piece.row_first, piece.row_last) for piece in chain]).ravel()
    line = RuledLine(columns, rows, thickness)

    def is_inked(start: float, stop: float) -> NDArray[np.bool_]:
        """Whether there is ink on the line, by column."""
        at = np.arange(round(start), round(stop))
        row = np.rint(line.row(at)).astype(np.intp)
        near = [mask[(row + offset).clip(0, len(mask) - 1), at] for offset in (-1, 0, 1)]
        inked: NDArray[np.bool_] = near[0] | near[1] | near[2]
        return inked

    if is_inked(columns[0], columns[-1] + 1).mean() < settings.inked:
        return None
    # Strokes that cross it at its ends hide them.
    before = is_inked(max(0, columns[0] - place), columns[0])[::-1]
    after = is_inked(columns[-1] + 1, min(mask.shape[1], columns[-1] + 1 + place))
    ends = columns[0] - np.append(before, False).argmin(), columns[-1] + np.append(after, False).argmin()
    columns = np.array([ends[0], *columns, ends[1]])
    return RuledLine(columns, np.array([line.row(ends[0]), *rows, line.row(ends[1])]), thickness)
