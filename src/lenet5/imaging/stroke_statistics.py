"""Whether ink was drawn by a pen on paper: photographs, shade and paper's own grain look like characters by chance.

The network sees a field of 28×28 with strokes of one width (picture.field), so that what a person sees at once is
gone: strokes are thin for their height, and of much the same width from end to end; beside them is paper, which
differs from itself far less than from the ink. # not in the paper: the limits are the extremes of all writing
at hand, and a little more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .foreground import INKED, resized
from .geometry import Box, bounding_box

__all__ = ["StrokeStatistics", "drawn", "unlike"]

HIGH = 32  # pixels: characters are looked at so high
MARGIN = 0.4  # heights of a character around a line
NEAR = 3  # pixels around ink that are neither ink nor paper
# See Drawn; of all writing at hand the most are 0.21, 0.58 and 0.45. Brushes on a screen are thicker, blots more so.
WIDEST, UNEVEN, GRAIN = 0.32, 0.61, 0.46


@dataclass(frozen=True)
class StrokeStatistics:
    """How ink looks. width: of strokes, in heights of a character; uneven: deviation of it, in widths.

    grain: deviation of the paper beside it, in contrasts between ink and paper. contrast: in 0 … 1.
    """

    width: float
    uneven: float
    grain: float
    contrast: float


def drawn(
    colours: NDArray[np.float32], ink: NDArray[np.float32], boxes: Sequence[Box]
) -> StrokeStatistics | None:
    """How the ink in the characters' boxes was drawn; None where too little is left to say.

    colours: (rows, columns, 3) in 0 … 1. ink: (rows, columns) there. boxes: in its pixels.
    """
    from scipy import ndimage

    left, top, wide, high = bounding_box(boxes)
    size = float(np.median([box[3] for box in boxes]))
    margin = int(max(NEAR, MARGIN * size))
    part = np.s_[max(0, top - margin) : top + high + margin, max(0, left - margin) : left + wide + margin]
    colours, ink = colours[part], ink[part]
    if size > 1.5 * HIGH:
        colours, ink = resized(colours, size / HIGH), resized(ink[:, :, None], size / HIGH)[:, :, 0]
        size = HIGH
    stroke, full = ink > INKED, ink > 0.8
    paper = ~ndimage.maximum_filter(stroke, 2 * NEAR + 1)
    if full.sum() < 8 or paper.sum() < 8:
        return None
    apart = np.abs(np.median(colours[full], 0) - np.median(colours[paper], 0))
    plane = colours[:, :, int(apart.argmax())]
    contrast = max(float(apart.max()), 1e-3)
    plane = ndimage.gaussian_filter(plane, 0.7)
    deep = ndimage.distance_transform_edt(np.pad(stroke, 1))[1:-1, 1:-1]
    widths = 2 * deep[(deep == ndimage.maximum_filter(deep, 3)) & stroke] - 1
    return StrokeStatistics(
        width=float(widths.mean()) / size,
        uneven=float(widths.std() / widths.mean()),
        grain=float(plane[paper].std()) / contrast,
        contrast=contrast,
    )


def unlike(colours: NDArray[np.float32], ink: NDArray[np.float32], boxes: Sequence[Box]) -> str:
    """Why ink is hardly a pen's, a few words; "" where it may be. Arguments as for `drawn`."""
    found = drawn(colours, ink, boxes)
    if found is None:
        return ""
    if found.grain > GRAIN:
        return "the paper is as uneven as what stands out from it"
    if found.width > WIDEST:
        return "too thick for a pen's strokes"
    if found.uneven > UNEVEN:
        return "not of one width, as a pen's strokes are"
    return ""
