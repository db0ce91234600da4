"""Boxes on a page, and regions of a page that are read alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Box",
    "Region",
    "bounding_box",
    "clip_box",
    "corners_to_box",
    "crop_to_foreground",
    "foreground_box",
    "move_box",
    "scale_box",
]

Box = tuple[int, int, int, int]  # left, top, width, height in pixels


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a page, to be read alone.

    box: of what is in it, in pixels of the page. origin: left, top of `image` on the page. image: (rows, columns, 3)
    float32 in 0 … 1. name: what errors call it. line: which line of the page it lies in, from 0. foreground:
    foreground.stroke_foreground(image), where it is known. corners: (4, 2) x, y on the page of the upper left, upper
    right, lower right and lower left corner of `image`, where that was made straight; else None.
    """

    box: Box
    origin: tuple[int, int]
    image: NDArray[np.float32] = field(repr=False)
    name: str = "the picture"
    line: int = 0
    foreground: NDArray[np.float32] | None = field(default=None, repr=False)
    corners: NDArray[np.float64] | None = field(default=None, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of `image`."""
        return self.image.shape[1], self.image.shape[0]

    def on_page(self, box: Box) -> Box:
        """A box in pixels of `image`, in pixels of the page."""
        if self.corners is None:
            return move_box(box, *self.origin)
        left, top, wide, high = box
        rows, columns = self.image.shape[:2]
        u = np.array([left, left + wide, left + wide, left]) / columns
        v = np.array([top, top, top + high, top + high]) / rows
        weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], 1)
        return corners_to_box(weights @ self.corners)

    def moved(self, right: int, down: int) -> Region:
        """The same region on a page of which the present one is a part whose left, top are `right`, `down`."""
        origin = self.origin[0] + right, self.origin[1] + down
        corners = None if self.corners is None else self.corners + np.array([right, down])
        return replace(self, box=move_box(self.box, right, down), origin=origin, corners=corners)

    def upside_down(self) -> Region:
        """The same region with its image turned by 180 degrees."""
        corners = self.corners
        if corners is None:
            (x, y), (columns, rows) = self.origin, self.size
            corners = np.array([(x, y), (x + columns, y), (x + columns, y + rows), (x, y + rows)], float)
        foreground = None if self.foreground is None else np.ascontiguousarray(self.foreground[::-1, ::-1])
        image = np.ascontiguousarray(self.image[::-1, ::-1])
        return replace(self, image=image, foreground=foreground, corners=corners[[2, 3, 0, 1]])


def bounding_box(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of one box or more."""
    edges = np.array([(left, top, left + wide, top + high) for left, top, wide, high in boxes])
    left, top = (int(edge) for edge in edges[:, :2].min(0))
    right, bottom = (int(edge) for edge in edges[:, 2:].max(0))
    return left, top, right - left, bottom - top


def corners_to_box(corners: NDArray[np.float64]) -> Box:
    """The box around corners, (corners, 2) x, y in edges of pixels; at least one pixel wide and high."""
    left, top = (int(edge) for edge in np.rint(corners.min(0)))
    right, bottom = (int(edge) for edge in np.rint(corners.max(0)))
    return left, top, max(right - left, 1), max(bottom - top, 1)


def clip_box(box: Box, size: tuple[int, int]) -> Box:
    """A box within an image of so many columns and rows; at least one pixel wide and high."""
    columns, rows = size
    left, top, wide, high = box
    right, bottom = min(left + wide, columns), min(top + high, rows)
    left, top = min(max(left, 0), columns - 1), min(max(top, 0), rows - 1)
    return left, top, max(right - left, 1), max(bottom - top, 1)


def scale_box(box: Box, factor: float, size: tuple[int, int] | None = None) -> Box:
    """A box of an image that is enlarged by a factor; at least one pixel wide and high.

    Args:
        box: its edges are rounded to whole pixels: what ends at the image's edge still does.
        factor: by which the image is enlarged.
        size: columns and rows of the enlarged image, within which the box stays; None: not known.
    """
    left, top, wide, high = box
    right, bottom = round((left + wide) * factor), round((top + high) * factor)
    left, top = round(left * factor), round(top * factor)
    scaled = left, top, max(right - left, 1), max(bottom - top, 1)
    return scaled if size is None else clip_box(scaled, size)


def move_box(box: Box, right: int, down: int) -> Box:
    """A box, moved by pixels."""
    return box[0] + right, box[1] + down, box[2], box[3]


def foreground_box(mask: NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds a mask, (rows, columns); None where the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return None
    top, left = int(rows[0]), int(columns[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def crop_to_foreground(foreground: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """The part of an array (rows, columns, …) within the smallest box that holds a mask; empty where that is."""
    left, top, wide, high = foreground_box(mask) or (0, 0, 0, 0)
    return foreground[top : top + high, left : left + wide]
