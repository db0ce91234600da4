"""Deskew of a page's mask: its lines of text brought level, and long printed lines removed from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .components import label_columns, label_components

__all__ = ["DESKEW", "DeskewSettings", "deskew", "printed_line_mask"]


@dataclass(frozen=True)
class DeskewSettings:
    """The slopes that are tried, and which lines are printed. Chosen by eye on the development pictures."""

    steepest: float = 8.0  # degrees to either side
    step: float = 0.25  # degrees between the slopes that are tried
    gain: float = 1.1  # times the level rows' sum of squares that a slope's must be
    line_length: float = 0.35  # share of the page that a printed line crosses at least …
    line_least: int = 60  # … and pixels
    line_slimness: float = 25.0  # lengths for the thickness of a printed line, at least
    line_gap: int = 9  # pixels: shorter gaps in a printed line are closed
    crossing: float = 1.7  # thicknesses of a printed line, above which a stroke crosses it


DESKEW = DeskewSettings()


def deskew(
    mask: NDArray[np.bool_], settings: DeskewSettings = DESKEW
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """A mask with its lines of text level and without printed lines.

    The slope is the one at which rows are fullest and emptiest: the sum of squares of the rows' counts is largest.

    Args:
        mask: (rows, columns).
        settings: slopes and printed lines.

    Returns:
        The level mask (rows, columns), which may have more rows, and the row of `mask` at which each of its columns
        begins, (columns,).
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return mask, np.zeros(mask.shape[1], np.intp)
    reach = settings.steepest
    slopes = np.tan(np.radians(np.arange(-reach, reach + 0.04 * settings.step, settings.step)))
    x = columns - mask.shape[1] / 2
    squares = []
    for slope in slopes:
        y = np.round(rows - x * slope).astype(np.intp)
        squares.append(float((np.bincount(y - y.min()).astype(float) ** 2).sum()))
    best = int(np.argmax(squares))
    slope = slopes[best] if squares[best] > settings.gain * squares[len(slopes) // 2] else 0.0
    tops = np.round((np.arange(mask.shape[1]) - mask.shape[1] / 2) * slope).astype(np.intp)
    pad = int(np.abs(tops).max(initial=0))
    level = np.zeros((mask.shape[0] + 2 * pad, mask.shape[1]), bool)
    level[rows - tops[columns] + pad, columns] = True
    level &= ~(printed_line_mask(level, settings) | printed_line_mask(level.T, settings).T)
    return level, tops - pad


def printed_line_mask(mask: NDArray[np.bool_], settings: DeskewSettings = DESKEW) -> NDArray[np.bool_]:
    """The pixels of horizontal printed lines: long, thin, and thin where nothing crosses them.

    Args:
        mask: (rows, columns), level.
        settings: which lines are printed.

    Returns:
        A mask of the same shape.
    """
    long = max(settings.line_least, round(settings.line_length * mask.shape[1]))
    if mask.shape[1] < long:
        return np.zeros_like(mask)
    gap = settings.line_gap
    thick = ndimage.maximum_filter1d(mask.view(np.uint8), 3, axis=0)
    closed = ndimage.minimum_filter1d(ndimage.maximum_filter1d(thick, gap, axis=1), gap, axis=1)
    opened = ndimage.maximum_filter1d(ndimage.minimum_filter1d(closed, long, axis=1), long, axis=1)
    lines, count = label_components(opened)
    if not count:
        return np.zeros_like(mask)
    runs, length = label_columns(mask)
    printed = np.zeros(len(length), bool)
    for number, (down, across) in enumerate(ndimage.find_objects(lines), 1):
        here = lines[down, across] == number
        own = runs[down, across][here & mask[down, across]]
        if not len(own):
            continue
        thickness = float(np.median(length[own]))
        if (across.stop - across.start) < settings.line_slimness * thickness:
            continue
        printed[own[length[own] <= settings.crossing * thickness + 1]] = True
    return printed[runs]
