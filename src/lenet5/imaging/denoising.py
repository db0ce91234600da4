"""Noise that is nearly as strong as the ink: a faint pencil under a camera's grain, smoothed before it is read.

Noise of single pixels breaks faint strokes into specks, and a number into several lines. Smoothing takes from
independent noise more than from strokes, which are wider than a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .page_mask import DEVIATION
from .planes import mean_plane

__all__ = ["DENOISING", "DenoisingSettings", "without_noise"]


@dataclass(frozen=True)
class DenoisingSettings:
    """When an image is smoothed, and how much. Chosen on drawn numbers with ink of 5 to 15 % and noise of 1 to 3 %."""

    most: int = (
        400_000  # pixels of an image: larger ones are reduced before they are read, which smooths them
    )
    least: float = 0.008  # of the whole range: standard deviation of noise that may hide ink
    ratio: float = 3.5  # standard deviations of the noise: fainter ink is hidden, …
    none: float = 0.8  # … and fainter still is none: noise alone has 0.44; …
    strong: float = 0.98  # … the ink's contrast is this quantile's of the smoothed image
    sigma: float = 1.5  # pixels: standard deviation of the Gaussian


DENOISING = DenoisingSettings()


def without_noise(image: NDArray[np.float32], settings: DenoisingSettings = DENOISING) -> NDArray[np.float32]:
    """An image smoothed where its noise is nearly as strong as its ink; the given one elsewhere.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        settings: what counts as so strong.
    """
    rows, columns = image.shape[:2]
    if rows * columns > settings.most or min(rows, columns) < 3:
        return image
    grey = mean_plane(image)
    # Of two neighbours' difference; strokes have few pixels, and change few medians.
    noise = DEVIATION * float(np.median(np.abs(np.diff(grey, axis=1)))) / np.sqrt(2)
    if noise < settings.least:
        return image
    smooth = ndimage.gaussian_filter(grey, settings.sigma)
    contrast = float(np.quantile(np.abs(smooth - np.median(smooth)), settings.strong))
    if not settings.none * noise <= contrast <= settings.ratio * noise:
        return image
    smoothed: NDArray[np.float32] = ndimage.gaussian_filter(image, (settings.sigma, settings.sigma, 0))
    return smoothed
