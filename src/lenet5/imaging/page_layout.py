"""The layout of a page: from an opened image to the regions that are read, in one pipeline.

`layout` detects the page, finds the printed lines and the character boxes, removes the printed lines, and finds the
lines of text. Each region has an image of its own, to be read as if it were alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from .background import estimate_background
from .character_boxes import BOXES, find_character_boxes
from .deskew import deskew
from .foreground import stroke_foreground
from .geometry import Region
from .line_removal import find_printed_lines
from .page_detection import detect_page
from .page_mask import PAGE_MASK, page_mask
from .resize import rescale
from .text_lines import group_text_lines
from .threshold import MASK_LEVEL
from .trace import Trace

__all__ = ["MODES", "Kind", "Mode", "PageLayout", "find_text_lines", "layout"]

Kind = Literal["character", "string", "lines", "boxes"]
Mode = Literal["auto", "character", "string", "lines", "boxes"]
# What an image is taken for: whatever it looks like; one character; one line; a page of lines; printed boxes.
MODES: tuple[Mode, ...] = get_args(Mode)

# Pixels: a picture at most so wide, and so high or half as high as wide, is a strip: its ink is what writing.py
# sees in a line.
STRIP, LOW = 640, 100
MARGIN = 0.5  # heights of a line that are shown around it
ALONE = 3.0  # a picture at most so many times as high as its only line is read whole


@dataclass(frozen=True, eq=False)
class PageLayout:
    """What there is to read in an image.

    kind: what the regions are: one character, one line of text ("string"), lines of text, or character boxes.
    regions: in reading order, in pixels of the image that was laid out; none where nothing was found. whole: all
    that there is to read, as one region: the page alone, without printed lines. errors: why nothing was found.
    """

    kind: Kind
    regions: tuple[Region, ...]
    whole: Region
    errors: tuple[str, ...] = ()


def layout(
    image: NDArray[np.float32], name: str = "the picture", mode: Mode = "auto", trace: Trace | None = None
) -> PageLayout:
    """The regions of an image that are read: characters, lines of text, or character boxes.

    Args:
        image: (rows, columns, 3) float32 in 0 … 1, from `load_image`.
        name: what errors call it.
        mode: what the image is taken for; "auto" finds character boxes, else lines of text.
        trace: records the steps.

    Returns:
        The layout; never an error. Its kind is the mode, for "auto" "boxes" or "lines".
    """
    whole = Region((0, 0, image.shape[1], image.shape[0]), (0, 0), image, name)
    _record(trace, "image", whole)
    page = detect_page(image, name)
    if page:
        whole = page
        _record(trace, "page", whole)
    printed = None if mode == "boxes" else find_printed_lines(whole.image)
    if mode == "boxes" or (mode == "auto" and not (printed and printed.is_grid)):
        boxes = find_character_boxes(whole.image, name)
        if mode == "boxes" or len(boxes) >= BOXES:
            _record(trace, "character_boxes", whole, boxes)
            return PageLayout("boxes", _on_page(boxes, whole), whole)
    if printed:
        whole = replace(whole, image=printed.remove_from(whole.image))
        _record(trace, "without_printed_lines", whole)
    if mode in ("character", "string"):
        return PageLayout(mode, (whole,), whole)
    try:
        lines = find_text_lines(whole.image, name)
    except PictureError as error:
        return PageLayout("lines", (), whole, (str(error),))
    _record(trace, "text_lines", whole, lines)
    return PageLayout("lines", _on_page(lines, whole), whole)


def _on_page(regions: Sequence[Region], whole: Region) -> tuple[Region, ...]:
    """Regions of a part of the image, in pixels of the image."""
    return tuple(region.moved(*whole.origin) for region in regions)


def _record(trace: Trace | None, name: str, whole: Region, regions: Sequence[Region] = ()) -> None:
    if trace is not None:
        trace.record(name, whole.image, boxes=[region.box for region in regions])


def find_text_lines(colours: NDArray[np.float32], name: str = "the picture") -> list[Region]:
    """The lines of writing on a page, (rows, columns, 3) in 0 … 1, from top to bottom; at least one.

    Slanting lines, of different sizes, on ruled or shaded paper, also one line or one character alone. What
    other lines write into a line's picture is painted over with paper. A picture of little more than one line
    is returned whole. Raises PictureError where nothing stands out from the paper.
    """
    pixels = max(1.0, max(colours.shape[:2]) / PAGE_MASK.longest)
    small = rescale(colours, pixels)
    rows, columns = colours.shape[:2]
    if columns <= STRIP and rows <= max(LOW, columns / 2):
        strokes, seen = stroke_foreground(small, name), None
        inked = strokes > MASK_LEVEL
    else:
        strokes = None
        inked, seen = page_mask(small)
    paper = cache(
        lambda: estimate_background(small) if seen is None else seen
    )  # needed where there are other lines
    level, tops = deskew(inked)
    number, count = group_text_lines(level)
    if not count:
        raise PictureError(f"nothing to read in {name}: no writing stands out from the paper")
    owner = np.zeros(inked.shape, np.intp)
    rows, columns = np.nonzero(number)
    owner[rows + tops[columns], columns] = number[rows, columns]
    middle = [float(np.nonzero(owner == line)[0].mean()) for line in range(1, count + 1)]
    order = np.argsort(middle, kind="stable") + 1
    found = [_region(colours, owner, int(own), at, paper, pixels, name) for at, own in enumerate(order)]
    if len(found) == 1 and found[0].image is small:  # whole, and not reduced
        return [replace(found[0], foreground=strokes)]
    return found


def _region(
    colours: NDArray[np.float32],
    owner: NDArray[np.intp],
    own: int,
    line: int,
    paper: Callable[[], NDArray[np.float32]],
    pixels: float,
    name: str,
) -> Region:
    """One line's box, and its picture: a margin around it, other lines' ink painted over.

    owner: the line that each pixel of ink belongs to, 0 where there is none, on the reduced page; paper: there.
    """
    from scipy import ndimage

    rows, columns = colours.shape[:2]
    y, x = np.nonzero(owner == own)
    top, bottom = _whole(y.min(), pixels, rows), _whole(y.max() + 1, pixels, rows)
    left, right = _whole(x.min(), pixels, columns), _whole(x.max() + 1, pixels, columns)
    box = left, top, right - left, bottom - top
    others = (owner != own) & (owner > 0)
    if owner.max() == 1 and rows <= ALONE * (bottom - top):
        return Region(box, (0, 0), colours, name, line)
    aside = max(2, round(MARGIN * (bottom - top)))
    down = slice(max(0, top - aside), min(rows, bottom + aside))
    across = slice(max(0, left - aside), min(columns, right + aside))
    picture = colours[down, across]
    # What of the reduced page the picture shows, pixel for pixel.
    at = np.ix_(
        np.minimum(((np.arange(down.start, down.stop) + 0.5) / pixels).astype(int), owner.shape[0] - 1),
        np.minimum(((np.arange(across.start, across.stop) + 0.5) / pixels).astype(int), owner.shape[1] - 1),
    )
    near = ndimage.binary_dilation(others, iterations=2) & (owner != own)
    picture = np.where(near[at][:, :, None], paper()[at], picture)
    called = name if owner.max() == 1 else f"{name}, line {line + 1}"
    return Region(box, (across.start, down.start), picture, called, line)


def _whole(at: int, pixels: float, most: int) -> int:
    return int(np.clip(round(at * pixels), 0, most))
