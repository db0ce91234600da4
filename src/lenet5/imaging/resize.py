"""Resizing of images: by means of areas when they shrink, between pixels when they grow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .planes import map_planes

__all__ = ["STRIP", "longer_side", "reduce_to", "rescale", "resize", "working_scale"]

# Longer side over shorter one, above which an image is a strip: a line of twenty characters is no longer.
STRIP = 12.0


def resize(image: NDArray[Any], shape: tuple[int, int], method: str = "auto") -> NDArray[np.float32]:
    """An image of another size.

    Args:
        image: (rows, columns) or (rows, columns, planes), floating point.
        shape: new rows and columns.
        method: "area", "linear" or "cubic"; "auto" is "area" where the image shrinks, else "cubic".

    Returns:
        The image, float32; "cubic" may go a little beyond the image's own range.
    """
    from PIL import Image

    rows, columns = shape
    if method == "auto":
        method = "area" if rows < image.shape[0] or columns < image.shape[1] else "cubic"
    how = {
        "area": Image.Resampling.BOX,
        "linear": Image.Resampling.BILINEAR,
        "cubic": Image.Resampling.BICUBIC,
    }[method]

    def plane_of(plane: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(
            Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize((columns, rows), how)
        )

    return plane_of(image) if image.ndim == 2 else map_planes(plane_of, image)


def rescale(image: NDArray[np.float32], pixels: float) -> NDArray[np.float32]:
    """An image each of whose pixels stands for `pixels` by `pixels` of the given one, in 0 … 1.

    Args:
        image: (rows, columns) or (rows, columns, planes), in 0 … 1.
        pixels: of `image` along a side, for one of the result.

    Returns:
        The image itself where `pixels` is 1.
    """
    if abs(pixels - 1) < 1e-3:
        return image
    shape = max(1, round(image.shape[0] / pixels)), max(1, round(image.shape[1] / pixels))
    resized = resize(image, shape, "area" if pixels > 1 else "cubic")
    return resized.clip(0, 1) if image.ndim == 2 else map_planes(lambda plane: plane.clip(0, 1), resized)


def reduce_to(image: NDArray[np.float32], longest: int) -> NDArray[np.float32]:
    """An image, reduced by area so that its longer side is `longest` pixels at most; itself if it is.

    Args:
        image: (rows, columns, planes).
        longest: pixels.
    """
    rows, columns = image.shape[:2]
    factor = longest / max(rows, columns)
    if factor >= 1:
        return image
    return resize(image, (max(1, round(rows * factor)), max(1, round(columns * factor))), "area")


def working_scale(image: NDArray[Any], longest: int) -> float:
    """Pixels of an image for one of the same image with a longer side of `longest` at most; 1 or more."""
    return max(1.0, longer_side(*image.shape[:2]) / longest)


def longer_side(rows: int, columns: int) -> float:
    """Pixels of an image's longer side; of a strip STRIP shorter sides: its length says nothing of its characters."""
    short, long = sorted((rows, columns))
    return min(float(long), STRIP * short)
