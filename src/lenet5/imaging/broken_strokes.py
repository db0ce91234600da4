"""Strokes that are broken into pieces one above the other, as a dry pen or a bad copy leaves a 1: found and joined.

Each piece is as small as a point or a speck, and would be left out as such; together they are as high as the
characters beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BROKEN_STROKES", "BrokenStrokeSettings", "broken_strokes", "join_stroke"]


@dataclass(frozen=True)
class BrokenStrokeSettings:
    """Which pieces are one stroke; lengths in sizes of a character. Chosen on drawn ones and benchmarks/nothing.py."""

    pieces: int = 3  # at least: two are a colon
    most: int = 24  # pieces of an image in which strokes are looked for: more are noise
    highest: float = 0.45  # height of a piece
    widest: float = 0.3  # width of a piece
    gap: float = 0.25  # between two pieces, at most
    lean: float = 0.5  # columns a row, between the middles of two pieces
    straight: float = 0.06  # distance of the pieces' middles from a straight line, at most
    high: tuple[float, float] = (0.7, 1.3)  # height of the whole stroke
    beyond: float = 0.25  # that it reaches above and below the characters, at most


BROKEN_STROKES = BrokenStrokeSettings()


def broken_strokes(
    edges: NDArray[np.intp], size: float, settings: BrokenStrokeSettings = BROKEN_STROKES
) -> list[list[int]]:
    """The components that are pieces of one stroke each.

    Args:
        edges: (components, 4) top, bottom, left, right, from `component_edges`.
        size: height of a character of the same line, in pixels.
        settings: which pieces are one stroke.

    Returns:
        Indices of components, from top to bottom, of every stroke.
    """
    top, bottom, left, right = edges.T
    low = (bottom - top <= settings.highest * size) & (right - left <= settings.widest * size)
    tall = bottom - top >= settings.high[0] * size
    if not settings.pieces <= low.sum() <= settings.most or not tall.any():
        return []
    reach = settings.beyond * size
    first, last = top[tall].min() - reach, bottom[tall].max() + reach
    strokes: list[list[int]] = []
    left_over = [number for number in np.argsort(top, kind="stable").tolist() if low[number]]
    while len(left_over) >= settings.pieces:
        chain = _chain(left_over, edges, size, settings)
        left_over = [number for number in left_over if number not in chain]
        high = bottom[chain[-1]] - top[chain[0]]
        inside = first <= top[chain[0]] and bottom[chain[-1]] <= last
        least, most = settings.high
        if len(chain) < settings.pieces or not least * size <= high <= most * size or not inside:
            continue
        across = left[chain].min(), right[chain].max()
        alone = ((right[tall] <= across[0]) | (left[tall] >= across[1])).all()
        if alone and _is_straight(edges[chain], size, settings):
            strokes.append(chain)
    return strokes


def join_stroke(foreground: NDArray[np.float32], edges: NDArray[np.intp]) -> None:
    """Fill the gaps between the pieces of a stroke with ink, in place.

    Args:
        foreground: (rows, columns) in 0 … 1.
        edges: (pieces, 4) of its components, from top to bottom.
    """
    middle = edges.reshape(-1, 2, 2).mean(2)  # row, column
    wide = float(np.median(edges[:, 3] - edges[:, 2]))
    rows = np.arange(edges[0, 1], edges[-1, 0])
    starts = np.rint(np.interp(rows + 0.5, middle[:, 0], middle[:, 1]) - wide / 2).astype(np.intp)
    between = ((rows[:, None] < edges[1:, 0]) & (rows[:, None] >= edges[:-1, 1])).any(1)
    for row, start in zip(rows[between].tolist(), starts[between].tolist(), strict=True):
        foreground[row, max(start, 0) : start + max(round(wide), 1)] = 1


def _chain(
    numbers: list[int], edges: NDArray[np.intp], size: float, settings: BrokenStrokeSettings
) -> list[int]:
    """The first piece, and below it always the nearest that goes on: indices of components."""
    chain = [numbers[0]]
    for number in numbers[1:]:
        _, bottom, left, right = edges[chain[-1]].tolist()
        top, stop, start, end = edges[number].tolist()
        down = (top + stop) / 2 - (edges[chain[-1], 0] + bottom) / 2
        sideways = abs(start + end - left - right) / 2
        if 0 <= top - bottom <= settings.gap * size and sideways <= settings.lean * down:
            chain.append(number)
    return chain


def _is_straight(edges: NDArray[np.intp], size: float, settings: BrokenStrokeSettings) -> bool:
    """Whether the middles of pieces lie on a straight line."""
    rows, columns = edges.reshape(-1, 2, 2).mean(2).T
    line = np.polyval(np.polyfit(rows, columns, 1), rows)
    return bool(np.abs(columns - line).max() <= max(settings.straight * size, 1.0))
