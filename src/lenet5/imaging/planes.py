"""Planes of an image: red, green and blue, or one plane that stands for all three where the image is grey.

A grey image has the shape (rows, columns, 3) as any other, but its planes are one in memory: a third of the bytes, and
what is done plane by plane is done once. Most scans are grey.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "grey_image",
    "grey_planes",
    "has_one_plane",
    "is_grey",
    "largest_plane",
    "map_planes",
    "mean_plane",
    "replace_where",
]


def grey_image(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """An image (rows, columns, 3) whose planes are all the given one, (rows, columns); it cannot be written to."""
    image: NDArray[np.float32] = np.broadcast_to(plane[:, :, None], (*plane.shape, 3))
    return image


def has_one_plane(image: NDArray[Any]) -> bool:
    """Whether the three planes of an image, (rows, columns, 3), are one in memory."""
    return image.shape[2] == 3 and image.strides[2] == 0


def map_planes(
    function: Callable[[NDArray[np.float32]], NDArray[np.float32]], image: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A function of a plane, (rows, columns), of every plane of an image, (rows, columns, planes)."""
    if has_one_plane(image):
        return grey_image(function(image[:, :, 0]))
    return np.stack([function(plane) for plane in np.moveaxis(image, 2, 0)], 2)


def replace_where(
    mask: NDArray[np.bool_], replacement: NDArray[np.float32], image: NDArray[np.float32]
) -> NDArray[np.float32]:
    """An image with another one's pixels where a mask, (rows, columns), says so; both (rows, columns, planes)."""
    if has_one_plane(image) and has_one_plane(replacement):
        plane: NDArray[np.float32] = np.where(mask, replacement[:, :, 0], image[:, :, 0])
        return grey_image(plane)
    replaced: NDArray[np.float32] = np.where(mask[:, :, None], replacement, image)
    return replaced


def is_grey(image: NDArray[Any]) -> bool:
    """Whether the three planes of an image, (rows, columns, 3), are equal."""
    if has_one_plane(image):
        return True
    red, green, blue = np.moveaxis(image, 2, 0)
    return bool((red == green).all() and (red == blue).all())


def grey_planes(image: NDArray[np.float32], tolerance: float) -> NDArray[np.float32]:
    """An image (rows, columns, 3) as it is, or its mean, (rows, columns, 1), where its colours are shades of grey.

    tolerance: of the whole range; the planes of a shade of grey differ by less.
    """
    if not has_one_plane(image):
        red, green, blue = np.moveaxis(image, 2, 0)  # one by one: NumPy is slow along an axis of three
        most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
        if (most - least >= tolerance).any():
            return image
    return mean_plane(image)[:, :, None]


def mean_plane(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the three planes of an image: (rows, columns, 3) to (rows, columns)."""
    red, green, blue = np.moveaxis(image, 2, 0)  # one by one: NumPy is slow along an axis of three
    mean: NDArray[np.float32] = (red + green + blue) / 3
    return mean


def largest_plane(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest of the planes at each pixel: (rows, columns, planes) to (rows, columns)."""
    first, *others = np.moveaxis(planes, 2, 0)  # one by one: NumPy is slow along an axis of three
    largest: NDArray[np.float32] = first.copy()
    for plane in others:
        np.maximum(largest, plane, out=largest)
    return largest
