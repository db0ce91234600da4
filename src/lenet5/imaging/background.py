"""The background of an image: the level that each pixel would have without ink, estimated in three ways.

The estimates differ in what they assume. The median needs a window of which the foreground covers less than half, as
on a page with room between its lines. The percentile serves one line, whose strokes would pull the median to their
side. The closing needs no such room: it serves an image that one character fills.

Measured with the median in place of the closing (CHARACTER), or of the percentile (LINE): pictures read right by
benchmarks/papers.py (--count 15) of 345 with one digit and 345 with four, and shown right by
benchmarks/own_characters.py of 150 characters by other writers.

    estimate                 one digit   four digits   other writers
    three, as here                 336           332             146
    median for CHARACTER           334           332             143
    median for LINE                335           330             146

Most losses are in pictures cut close: 2 of 15 single digits for CHARACTER; 1 of 15 single digits and 1 of 15 numbers
for LINE, which loses one picture in shadow too. One seed: differences of a picture or two are within chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .order_statistics import median, percentile_filter
from .planes import grey_image, has_one_plane, is_grey, map_planes
from .resize import resize

__all__ = [
    "CHARACTER",
    "LINE",
    "PAGE",
    "RULED",
    "BackgroundSettings",
    "ClosingBackground",
    "MedianBackground",
    "PercentileBackground",
    "border_pixels",
    "estimate_background",
]


@dataclass(frozen=True)
class MedianBackground:
    """The median of the rows' medians, of a reduced image. Chosen by eye on the development pictures.

    It takes a tenth of the time of the median of the whole window.
    """

    steps_long: int = 64  # pixels of the reduced image's longer side, at most, about …
    steps_short: int = 24  # … and of its shorter side
    window: float = 0.35  # width of the window, in shorter sides of the image
    window_of_strip: float = 0.7  # the same where the image is more than twice as long as wide
    smoothing: float = 0.25  # windows: standard deviation of the Gaussian
    mirrored: bool = False  # beyond its border the image is mirrored: a line along it is then no background


@dataclass(frozen=True)
class PercentileBackground:
    """A percentile a little further from the ink than the median. Chosen by eye on the cheque amounts."""

    steps_long: int = 40  # pixels of the reduced image's longer side, at most, about …
    steps_short: int = 13  # … and of its shorter side
    percentile: float = 60.0  # of a window's pixels that are darker than the background, where ink is dark
    window: float = 1.0  # width of the window, in shorter sides of the image
    smoothing: float = 0.25  # windows: standard deviation of the Gaussian


@dataclass(frozen=True)
class ClosingBackground:
    """A grey closing (of light ink an opening) wider than a stroke. Chosen by eye on the development pictures."""

    steps: int = 64  # pixels of the reduced image's longer side, at least, if the image has as many
    window: float = 0.28  # width of the window, in longer sides of the image: no stroke is so wide
    smoothing: float = 0.25  # windows: standard deviation of the Gaussian
    least: int = 16  # pixels of the longer side, below which the background is one level
    even: float = 0.004  # of the whole range: median deviation of the border of an image drawn on a screen …
    strong: float = 0.3  # … whose ink stands out by more than this
    tolerance: float = 0.05  # of the whole range: a pixel that differs less has the border's level …
    level_share: float = 0.2  # … and where a smaller share of the pixels has it, an even border is a frame


BackgroundSettings = MedianBackground | PercentileBackground | ClosingBackground
CHARACTER = ClosingBackground()
LINE = PercentileBackground()
PAGE = MedianBackground()
RULED = MedianBackground(steps_long=48, steps_short=16)  # printed lines are narrow


def estimate_background(
    image: NDArray[np.float32], settings: BackgroundSettings = PAGE, *, dark_ink: bool = True
) -> NDArray[np.float32]:
    """The level of the background at every pixel.

    Args:
        image: (rows, columns, planes) in 0 … 1.
        settings: the estimate: CHARACTER, LINE, PAGE or RULED.
        dark_ink: whether the ink is darker than the background; only the closing needs to know.

    Returns:
        An array of the image's shape.
    """
    if isinstance(settings, MedianBackground):
        return _median(image, settings)
    if isinstance(settings, PercentileBackground):
        if has_one_plane(image):
            return grey_image(_percentile(image[:, :, :1], settings)[:, :, 0])
        return _percentile(image, settings)
    return map_planes(lambda plane: _closing(plane, settings, dark_ink), image)


def border_pixels(plane: NDArray[Any]) -> NDArray[Any]:
    """The pixels along the four edges of a plane (rows, columns), (pixels,); those in the corners twice."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _sampled(image: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """An image (rows, columns, planes), reduced: the mean of each square of step × step pixels."""
    coarse: NDArray[np.float32] = ndimage.uniform_filter(image, (step, step, 0))[
        step // 2 :: step, step // 2 :: step
    ]
    return coarse


def _median(image: NDArray[np.float32], settings: MedianBackground) -> NDArray[np.float32]:
    rows, columns = image.shape[:2]
    if image.shape[2] == 3 and is_grey(image):
        return grey_image(_median(image[:, :, :1], settings)[:, :, 0])
    mode = "reflect" if settings.mirrored else "nearest"
    long, short = max(rows, columns), min(rows, columns)
    step = min(max(1, long // settings.steps_long, short // settings.steps_short), rows, columns)
    coarse = _sampled(image, step)
    short, long = sorted(coarse.shape[:2])
    share = settings.window_of_strip if long > 2 * short else settings.window
    size = max(3, round(share * short) | 1)
    by_row = ndimage.median_filter(coarse, (1, size, 1), mode=mode)
    median = ndimage.median_filter(by_row, (size, 1, 1), mode=mode)
    sigma = size * settings.smoothing
    smooth = ndimage.gaussian_filter(median, (sigma, sigma, 0), mode=mode)
    return resize(smooth, (rows, columns), "linear")


def _percentile(image: NDArray[np.float32], settings: PercentileBackground) -> NDArray[np.float32]:
    rows, columns = image.shape[:2]
    long, short = max(rows, columns), min(rows, columns)
    step = max(1, round(long / settings.steps_long), round(short / settings.steps_short))
    step = min(step, rows, columns)
    coarse = _sampled(image, step)
    size = max(3, round(settings.window * short / step) | 1)
    smooth = np.empty_like(coarse)
    for c in range(coarse.shape[2]):
        plane = coarse[:, :, c]
        # Ink pulls the median to its own side: the background is a little to the other.
        skew = float(((plane - median(plane)) ** 3).sum())
        percentile = settings.percentile if skew <= 0 else 100 - settings.percentile
        level = percentile_filter(plane, percentile, size)
        smooth[:, :, c] = ndimage.gaussian_filter(level, size * settings.smoothing, mode="nearest")
    return resize(smooth, (rows, columns), "linear")


def _closing(plane: NDArray[np.float32], settings: ClosingBackground, dark_ink: bool) -> NDArray[np.float32]:
    border = border_pixels(plane)
    level = median(border)
    even = median(np.abs(border - level)) < settings.even and np.ptp(plane) > settings.strong
    level_share = np.mean(np.abs(plane - level) < settings.tolerance)
    if max(plane.shape) < settings.least or (even and level_share > settings.level_share):
        return np.full_like(plane, level)
    step = max(1, max(plane.shape) // settings.steps)
    rows, columns = (-(-side // step) * step for side in plane.shape)
    padded = np.pad(plane, ((0, rows - plane.shape[0]), (0, columns - plane.shape[1])), mode="edge")
    coarse = padded.reshape(rows // step, step, columns // step, step).mean((1, 3))
    size = max(3, round(max(coarse.shape) * settings.window) | 1)
    wide = ndimage.grey_closing if dark_ink else ndimage.grey_opening
    closed = wide(coarse, size=size, mode="nearest")
    smooth = ndimage.gaussian_filter(closed, size * settings.smoothing, mode="nearest")
    fine = ndimage.zoom(smooth, step, order=1, mode="nearest", grid_mode=True) if step > 1 else smooth
    cut: NDArray[np.float32] = fine[: plane.shape[0], : plane.shape[1]]
    return cut
