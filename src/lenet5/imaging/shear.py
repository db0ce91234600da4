"""Shear of images: their rows move sideways in proportion to their height, as handwriting slants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHEARS", "shear_images", "sheared_views"]

SHEARS = (-0.2, 0.2)  # pixels to the right for each pixel up; of distilled images and of line images


def shear_images(images: NDArray[Any], shear: float) -> NDArray[Any]:
    """Images whose tops move to the right by `shear` pixels for each pixel of height, about their middle row.

    Args:
        images: (…, rows, columns), uint8 or floating point.
        shear: pixels to the right for each pixel up; negative to the left.

    Returns:
        The images, of the same shape and type; what leaves them is lost.
    """
    *_, rows, columns = images.shape
    room = int(np.ceil(abs(shear) * rows / 2)) + 1
    by_row = np.moveaxis(images, -2, 0)  # each is moved as one
    wide = np.zeros((*by_row.shape[:-1], columns + 2 * room), np.float32)
    wide[..., room:-room] = by_row
    level, far = np.empty((2, *by_row.shape), np.float32)
    for row in range(rows):
        offset = shear * ((rows - 1) / 2 - row)
        whole = int(np.floor(offset))
        part = offset - whole
        start = room - whole
        np.multiply(wide[row, ..., start : start + columns], 1 - part, out=level[row])
        np.multiply(wide[row, ..., start - 1 : start - 1 + columns], part, out=far[row])
    level += far
    if images.dtype == np.uint8:
        np.rint(level, out=level)
    return np.ascontiguousarray(np.moveaxis(level, 0, -2), images.dtype)


def sheared_views(images: NDArray[Any], shears: Sequence[float]) -> list[NDArray[Any]]:
    """Images as they are, and at each shear: test-time augmentation, since every writer has a slant of their own.

    Args:
        images: (…, rows, columns), uint8 or floating point.
        shears: pixels to the right for each pixel up.

    Returns:
        1 + len(shears) arrays of the images' shape and type; the images themselves first.
    """
    return [images, *(shear_images(images, shear) for shear in shears)]
