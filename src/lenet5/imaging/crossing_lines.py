"""Printed lines that cross a line of text from side to side, removed from its foreground (Section VII-B)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .components import label_columns
from .threshold import MASK_LEVEL

__all__ = ["CROSSING_LINES", "CrossingLineSettings", "remove_crossing_lines"]


@dataclass(frozen=True)
class CrossingLineSettings:
    """Printed lines that cross an image of a line from side to side. Chosen by eye on the cheque amounts."""

    thickness: float = 0.08  # of the image's height that a line is thick at most; …
    highest: int = 108  # … of a higher image so many pixels count, three characters; …
    thickness_least: int = 4  # … and pixels that are thin in any case
    steepest: float = 0.05  # rows a column
    slopes: int = 11  # that are tried, to either side
    inked: float = 0.8  # share of a line's pixels that are ink
    thin: float = 0.5  # share of them that are in thin runs
    length: float = 0.6  # share of the image's width that a line lies in the image
    least: int = 8  # pixels: a narrower image has none
    rim: int = 2  # pixels above and below a line that its grey rim takes


CROSSING_LINES = CrossingLineSettings()


def remove_crossing_lines(
    foreground: NDArray[np.float32], settings: CrossingLineSettings = CROSSING_LINES
) -> NDArray[np.float32]:
    """A line's foreground without printed lines: nearly level, thin, and reaching from one side to the other.

    They are sloping rows of pixels nearly all of which are ink, and half of which are ink in thin vertical runs.
    Only thin runs are removed, with their grey rims: where a stroke crosses the line, the stroke stays.

    Args:
        foreground: (rows, columns) in 0 … 1.
        settings: which lines are removed.
    """
    mask = foreground > MASK_LEVEL
    runs, length = label_columns(mask)
    if len(length) == 1 or foreground.shape[1] < settings.least:
        return foreground
    rows = foreground.shape[0]
    length[0] = rows + 1
    thickest = round(settings.thickness * min(rows, settings.highest))
    thin = length <= max(settings.thickness_least, thickest)
    removed = (_runs_on_lines(mask, thin[runs], runs, settings) & thin)[runs]
    if not removed.any():
        return foreground
    near = ndimage.maximum_filter1d(removed, 2 * settings.rim + 1, axis=0) & ~ndimage.maximum_filter(
        mask & ~removed, 3
    )
    return np.where(removed | near, 0, foreground)


def _runs_on_lines(
    mask: NDArray[np.bool_], thin: NDArray[np.bool_], runs: NDArray[np.intp], settings: CrossingLineSettings
) -> NDArray[np.bool_]:
    """Which vertical runs, (1 + runs,), lie on a line that crosses the image. mask, thin, runs: (rows, columns)."""
    rows, columns = mask.shape
    hit = np.zeros(int(runs.max()) + 1, bool)
    both = np.stack([mask, thin])
    near = both.copy()  # a line may lie between two rows
    near[:, 1:] |= both[:, :-1]
    near[:, :-1] |= both[:, 1:]
    least = settings.length * columns
    if np.count_nonzero(near[0].any(0)) < settings.inked * least:
        return hit  # no line has ink in so many columns
    # Of no line more columns are ink, or thin, than of the band that holds it at the steepest slope.
    reach = int(np.ceil(settings.steepest * columns / 2))
    below = np.zeros((2, rows + 1, columns), np.int32)
    np.cumsum(near, 1, out=below[:, 1:])
    y = np.arange(rows)
    band = below[:, np.minimum(y + reach + 1, rows)] > below[:, np.maximum(y - reach, 0)]
    inked, thinly = band.sum(2)
    if not ((inked >= settings.inked * least) & (thinly >= settings.thin * least)).any():
        return hit
    # Counts from the left, so that a sloping row costs one step for each place where it goes up or down.
    counts = np.zeros((2, rows, columns + 1), np.int32)
    np.cumsum(near, 2, out=counts[:, :, 1:])
    x = np.arange(columns)
    for slope in np.linspace(-settings.steepest, settings.steepest, settings.slopes):
        offset = np.round((x - columns / 2) * slope).astype(int)
        start = np.flatnonzero(np.append(True, offset[1:] != offset[:-1]))
        stop = np.append(start[1:], columns)
        y = np.arange(rows)[:, None] + offset[start]
        inside = (y >= 0) & (y < rows)
        y = y.clip(0, rows - 1)
        length = np.maximum(inside @ (stop - start), 1)
        inked, thinly = ((counts[:, y, stop] - counts[:, y, start]) * inside).sum(2) / length
        is_line = (inked >= settings.inked) & (thinly >= settings.thin) & (length > least)
        for row in np.flatnonzero(is_line):
            at = row + offset
            inside_at = (at >= 0) & (at < rows)
            for shift in (-1, 0, 1):
                hit[runs[(at + shift).clip(0, rows - 1)[inside_at], x[inside_at]]] = True
    return hit
