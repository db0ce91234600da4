"""Regions of the lines of text on a page: each with an image of its own, in which other lines are painted over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..deadline import NEVER, Deadline
from ..errors import nothing_to_read
from .background import estimate_background
from .deskew import deskew
from .foreground import stroke_foreground
from .geometry import Region
from .layout_settings import LAYOUT, LayoutSettings
from .page_mask import page_mask
from .planes import map_planes, replace_where
from .resize import rescale, working_scale
from .text_lines import group_text_lines
from .threshold import MASK_LEVEL

__all__ = ["count_text_lines", "find_text_lines", "too_many"]


def find_text_lines(
    image: NDArray[np.float32],
    name: str = "the picture",
    settings: LayoutSettings = LAYOUT,
    deadline: Deadline = NEVER,
) -> list[Region]:
    """The lines of text on a page.

    Lines may slant, differ in size, and lie on ruled or shaded paper. A single character is a line, too.

    Args:
        image: (rows, columns, 3) in 0 … 1, without printed lines.
        name: what errors call it.
        settings: how lines are cut out.
        deadline: checked between the lines.

    Returns:
        At least one region, from top to bottom. Where other lines reach into a region's image they are painted over
        with background. An image that shows little more than one line is one region, uncut.

    Raises:
        PictureError: nothing stands out from the background.
    """
    return count_text_lines(image, name, settings, deadline)[0]


def too_many(left_out: int, name: str, settings: LayoutSettings) -> str:
    marks = f"{left_out:,} smaller marks" if left_out > 1 else "one smaller mark"
    return f"{marks} of {name} were not looked at, but the {settings.text_lines.most:,} largest; read it part by part"


def count_text_lines(
    image: NDArray[np.float32], name: str, settings: LayoutSettings, deadline: Deadline
) -> tuple[list[Region], int]:
    """The lines of text on a page, as `find_text_lines`, and how many marks were not looked at."""
    pixels = working_scale(image, settings.mask.longest)
    small = rescale(image, pixels)
    rows, columns = image.shape[:2]
    strokes = background = None
    if columns <= settings.strip_width and rows <= max(settings.strip_height, columns / 2):
        strokes = stroke_foreground(small, name, settings=settings.strokes)
        mask = strokes > MASK_LEVEL
    else:
        mask, background = page_mask(small, settings.mask)
    deadline.check()
    owner, left_out = _line_of_pixels(mask, settings)
    count = int(owner.max(initial=0))
    if not count:
        raise nothing_to_read(name)
    if background is None and count > 1:
        background = estimate_background(small, settings.mask.background)
    lines = _Lines(image, owner, ndimage.find_objects(owner), background, pixels, name, settings)
    regions = []
    for line in range(count):
        deadline.check()
        regions.append(lines.region(line))
    if count == 1 and regions[0].image is small:  # not cut, at its own scale
        return [replace(regions[0], foreground=strokes)], left_out
    return regions, left_out


def _line_of_pixels(mask: NDArray[np.bool_], settings: LayoutSettings) -> tuple[NDArray[np.int32], int]:
    """The line that each pixel of a mask belongs to, (rows, columns), from 1 in reading order, 0 for none.

    Second, how many marks were not looked at.
    """
    level, tops = deskew(mask, settings.deskew)
    number, count, left_out = group_text_lines(level, settings.text_lines)
    owner = np.zeros(mask.shape, np.int32)
    rows, columns = np.nonzero(number)
    owner[rows + tops[columns], columns] = number[rows, columns]
    rows = np.nonzero(owner)[0]
    line = owner[owner > 0]
    middle = np.bincount(line, rows, count + 1)[1:] / np.bincount(line, minlength=count + 1)[1:]
    place = np.zeros(count + 1, np.int32)
    place[np.argsort(middle, kind="stable") + 1] = np.arange(1, count + 1)
    return place[owner], left_out


@dataclass(frozen=True, eq=False)
class _Lines:
    """The lines of a page.

    owner: (rows, columns) the line of each pixel of the reduced page, from 1; 0: none. extents: rows and columns of
    each line there. background: of the reduced page, (rows, columns, 3). pixels: side of one of its pixels, in pixels
    of `image`.
    """

    image: NDArray[np.float32]
    owner: NDArray[np.int32]
    extents: list[tuple[slice, slice]]
    background: NDArray[np.float32] | None
    pixels: float
    name: str
    settings: LayoutSettings

    def region(self, line: int) -> Region:
        """The region of one line, counted from 0: its image has a margin, and other lines are painted over."""
        rows, columns = self.image.shape[:2]
        down, across = self.extents[line]
        top, bottom = (self._image_edge(edge, rows) for edge in (down.start, down.stop))
        left, right = (self._image_edge(edge, columns) for edge in (across.start, across.stop))
        box = left, top, right - left, bottom - top
        alone = len(self.extents) == 1
        if alone and rows <= self.settings.uncut_height * (bottom - top):
            return Region(box, (0, 0), self.image, self.name, line)
        margin = max(2, round(self.settings.margin * (bottom - top)))
        down = slice(max(0, top - margin), min(rows, bottom + margin))
        across = slice(max(0, left - margin), min(columns, right + margin))
        image = self.image[down, across]
        if not alone and self.background is not None:
            at_rows, at_columns = self._on_mask(down, 0), self._on_mask(across, 1)
            # The part of the reduced page that shows the image, and what reaches into it from around.
            rim = self.settings.rim
            top, left = max(0, int(at_rows[0]) - rim), max(0, int(at_columns[0]) - rim)
            part = self.owner[top : at_rows[-1] + rim + 1, left : at_columns[-1] + rim + 1]
            own = part == line + 1
            near = ndimage.binary_dilation((part > 0) & ~own, iterations=rim) & ~own
            hidden = near[np.ix_(at_rows - top, at_columns - left)]
            if hidden.any():
                at = np.ix_(at_rows, at_columns)
                image = replace_where(hidden, map_planes(lambda plane: plane[at], self.background), image)
        called = self.name if alone else f"{self.name}, line {line + 1}"
        return Region(box, (across.start, down.start), image, called, line)

    def _image_edge(self, edge: int, most: int) -> int:
        """An edge on the reduced page as one on the image."""
        return int(np.clip(round(edge * self.pixels), 0, most))

    def _on_mask(self, part: slice, axis: int) -> NDArray[np.intp]:
        """The rows or columns of the reduced page that a part of the image shows, pixel for pixel."""
        at = ((np.arange(part.start, part.stop) + 0.5) / self.pixels).astype(np.intp)
        return at.clip(0, self.owner.shape[axis] - 1)
