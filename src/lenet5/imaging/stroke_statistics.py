"""Statistics of strokes, by which a photograph, a shadow or the paper's own grain is not taken for writing.

The network sees a glyph of 28×28 with strokes of one width (normalise.glyph), so that what a person sees at once is
lost: strokes are thin for their height, and of much the same width from end to end; the background next to them
varies far less than it differs from the ink. # not in the paper: the limits are the extremes of all writing at hand,
and a little more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .geometry import Box, bounding_box
from .order_statistics import median
from .planes import has_one_plane
from .resize import rescale
from .threshold import MASK_LEVEL

__all__ = ["STROKES", "StrokeSettings", "StrokeStatistics", "rejection_reason", "stroke_statistics"]


@dataclass(frozen=True)
class StrokeSettings:
    """How strokes are measured, and the limits of a pen's. Limits: all writing at hand has 0.21, 0.58, 0.45 at most.

    Brushes on a screen are thicker, blots more so.
    """

    height: int = 32  # pixels: height of a character at which strokes are measured
    reduced: float = 1.5  # times `height`, beyond which characters are reduced to it
    margin: float = 0.4  # heights of a character around a line
    rim: int = 3  # pixels around ink that are neither ink nor background
    full: float = 0.8  # of a foreground in 0 … 1: what is ink only
    least: int = 8  # pixels of ink, and of background, for an answer
    smoothing: float = 0.7  # pixels: standard deviation of the Gaussian against single pixels' noise
    widest: float = 0.32  # heights of a character that strokes are wide on average
    uneven: float = 0.61  # standard deviation of the width, in widths
    grain: float = 0.46  # standard deviation of the background, in contrasts between ink and background


STROKES = StrokeSettings()


@dataclass(frozen=True)
class StrokeStatistics:
    """How strokes look.

    width: mean of strokes, in heights of a character. uneven: standard deviation of the width, in widths. grain:
    standard deviation of the background next to them, in contrasts. contrast: between ink and background, in 0 … 1.
    """

    width: float
    uneven: float
    grain: float
    contrast: float


def stroke_statistics(
    image: NDArray[np.float32],
    foreground: NDArray[np.float32],
    boxes: Sequence[Box],
    settings: StrokeSettings = STROKES,
) -> StrokeStatistics | None:
    """The statistics of the strokes in the characters' boxes; None where there is too little to measure.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        foreground: (rows, columns) of the same scale, in 0 … 1.
        boxes: of the characters, in pixels of the foreground.
        settings: how strokes are measured.
    """
    left, top, wide, high = bounding_box(boxes)
    size = float(np.median([box[3] for box in boxes]))
    margin = int(max(settings.rim, settings.margin * size))
    part = np.s_[max(0, top - margin) : top + high + margin, max(0, left - margin) : left + wide + margin]
    image, foreground = image[part], foreground[part]
    if size > settings.reduced * settings.height:
        pixels = size / settings.height
        image, foreground = rescale(image, pixels), rescale(foreground, pixels)
        size = settings.height
    stroke, full = foreground > MASK_LEVEL, foreground > settings.full
    background = ~ndimage.maximum_filter(stroke, 2 * settings.rim + 1)
    if full.sum() < settings.least or background.sum() < settings.least:
        return None
    # Plane by plane: NumPy sorts slowly along an axis whose neighbours lie apart.
    planes = np.moveaxis(image[:, :, :1] if has_one_plane(image) else image, 2, 0)
    ink, level = ([median(plane[where]) for plane in planes] for where in (full, background))
    difference = np.abs(np.subtract(ink, level))
    plane = ndimage.gaussian_filter(planes[int(difference.argmax())], settings.smoothing)
    contrast = max(float(difference.max()), 1e-3)
    depth = ndimage.distance_transform_edt(np.pad(stroke, 1))[1:-1, 1:-1]
    widths = 2 * depth[(depth == ndimage.maximum_filter(depth, 3)) & stroke] - 1
    return StrokeStatistics(
        width=float(widths.mean()) / size,
        uneven=float(widths.std() / widths.mean()),
        grain=float(plane[background].std()) / contrast,
        contrast=contrast,
    )


def rejection_reason(
    image: NDArray[np.float32],
    foreground: NDArray[np.float32],
    boxes: Sequence[Box],
    settings: StrokeSettings = STROKES,
) -> str:
    """Why a foreground is hardly a pen's, in a few words; "" where it may be. Arguments as for `stroke_statistics`."""
    statistics = stroke_statistics(image, foreground, boxes, settings)
    if statistics is None:
        return ""
    if statistics.grain > settings.grain:
        return "the paper is as uneven as what stands out from it"
    if statistics.width > settings.widest:
        return "too thick for a pen's strokes"
    if statistics.uneven > settings.uneven:
        return "stroke width too uneven for a pen"
    return ""
