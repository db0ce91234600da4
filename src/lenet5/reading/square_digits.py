"""Digits in straight strokes, as forms with printed guides ask for them: read by which of seven segments are drawn.

A square 6 has the strokes of a square 5 and one more; networks that learnt round digits take it for a 5. Where all
strokes of a glyph are straight and meet in corners, its segments say which digit it is, as on a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..imaging.geometry import foreground_box

__all__ = ["SQUARE_DIGITS", "SquareDigitSettings", "square_digit", "with_square_digits"]

# Top, upper left, upper right, middle, lower left, lower right, bottom. Networks read a square 1 and 7 well.
SEGMENTS = {
    "0": "1110111", "2": "1011101", "3": "1011011", "4": "0111010", "5": "1101011",
    "6": "1101111", "8": "1111111", "9": "1111011",
}  # fmt: skip


@dataclass(frozen=True)
class SquareDigitSettings:
    """What a square digit looks like; sides are the glyph's box's. Chosen on drawn ones and MNIST, which has none."""

    share: float = 0.9  # of the confidence that is given to the digit that the segments say, …
    certain: float = 0.97  # … where the network's own confidence in any class is less
    least: float = (
        0.1  # of any class, which it has at least: what is no character may have straight strokes, too
    )
    smallest: int = 10  # pixels of the glyph's height
    narrow: float = 0.4  # heights: a narrower glyph is none
    line: float = 0.3  # sides that a straight stroke is long at least
    straight: float = 0.8  # share of the ink in straight level and upright strokes, at least
    rim: float = 0.22  # sides from the edge within which the outer segments lie
    middle: tuple[float, float] = (0.3, 0.7)  # heights between which the middle segment lies
    drawn: float = 0.75  # share of a segment that is inked where it is drawn, at least, …
    open: float = 0.35  # … and of its inner half where it is not, at most


SQUARE_DIGITS = SquareDigitSettings()


def square_digit(glyph: NDArray[np.uint8], settings: SquareDigitSettings = SQUARE_DIGITS) -> str:
    """The digit that a glyph in straight strokes shows; "" where its strokes are round, or make no digit.

    Args:
        glyph: (28, 28) uint8, ink 255.
        settings: what a square digit looks like.
    """
    mask = glyph > 127
    box = foreground_box(mask)
    if box is None:
        return ""
    left, top, wide, high = box
    mask = mask[top : top + high, left : left + wide]
    if high < settings.smallest or wide < settings.narrow * high or not _is_straight(mask, settings):
        return ""
    drawn = _segments(mask, settings)
    return next((digit for digit, segments in SEGMENTS.items() if segments == drawn), "")


def with_square_digits(
    confidences: NDArray[np.float64],
    glyphs: NDArray[np.uint8],
    classes: Sequence[str],
    settings: SquareDigitSettings = SQUARE_DIGITS,
) -> NDArray[np.float64]:
    """Confidences in which doubtful glyphs in straight strokes are taken for what their segments say.

    Args:
        confidences: (N, classes) in 0 … 1.
        glyphs: (N, 28, 28) uint8, ink 255.
        classes: that the columns stand for; where these are more than digits and signs, nothing is changed.
        settings: what a square digit looks like, and what is doubtful.

    Returns:
        (N, classes).
    """
    if any(name.isalpha() for name in classes):
        return confidences
    changed = confidences.copy()
    doubtful = (confidences.max(1) < settings.certain) & (confidences.sum(1) >= settings.least)
    for number in np.flatnonzero(doubtful).tolist():
        digit = square_digit(glyphs[number], settings)
        if digit in classes:
            changed[number] *= 1 - settings.share
            changed[number, list(classes).index(digit)] += settings.share
    return changed


def _is_straight(mask: NDArray[np.bool_], settings: SquareDigitSettings) -> bool:
    """Whether nearly all ink lies in level and in upright strokes."""
    rows, columns = mask.shape
    level = ndimage.binary_opening(mask, np.ones((1, max(3, round(settings.line * columns)))))
    upright = ndimage.binary_opening(mask, np.ones((max(3, round(settings.line * rows)), 1)))
    return bool((level | upright).sum() >= settings.straight * mask.sum())


def _segments(mask: NDArray[np.bool_], settings: SquareDigitSettings) -> str:
    """Which segments are drawn, "1" or "0" each; "?" where this is not clear."""
    rows, columns = mask.shape
    deep, far = max(2, round(settings.rim * rows)), max(2, round(settings.rim * columns))
    first, last = (round(share * rows) for share in settings.middle)
    band = max(2, deep // 2 + 1)
    inner = slice(columns // 4, columns - columns // 4)
    filled = [
        mask[row : row + band, inner].any(0).mean() for row in range(first, max(first + 1, last - band + 1))
    ]
    centre = first + int(np.argmax(filled)) + band // 2
    upper, lower = slice(0, centre), slice(centre, rows)
    lines: list[NDArray[np.bool_]] = [
        mask[:deep],
        mask[upper, :far].T,
        mask[upper, columns - far :].T,
        mask[max(0, centre - band) : centre + band],
        mask[lower, :far].T,
        mask[lower, columns - far :].T,
        mask[rows - deep :],
    ]
    return "".join(_is_drawn(line, settings) for line in lines)


def _is_drawn(strip: NDArray[np.bool_], settings: SquareDigitSettings) -> str:
    """Whether a segment along a strip, (across, along), is drawn: "1", "0" or "?"."""
    line = np.any(strip, 0)
    if line.mean() >= settings.drawn:
        return "1"
    part = len(line) // 4
    return "0" if line[part : len(line) - part].mean() <= settings.open else "?"
