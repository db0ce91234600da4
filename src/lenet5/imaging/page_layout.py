"""The layout of a page: from an opened image to the regions that are read, in one pipeline.

`layout` detects the page, finds the printed lines and the character boxes, removes the printed lines, and finds the
lines of text. Each region has an image of its own and is read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..deadline import NEVER, Deadline
from ..errors import PictureError
from .cell_layout import find_cells
from .geometry import Region
from .layout_settings import LAYOUT, MODES, Kind, LayoutSettings, Mode
from .line_regions import count_text_lines, too_many
from .line_removal import find_printed_lines
from .page_detection import detect_page
from .rims import remove_rims
from .trace import Trace

__all__ = ["LAYOUT", "MODES", "Kind", "LayoutSettings", "Mode", "PageLayout", "layout"]


@dataclass(frozen=True, eq=False)
class PageLayout:
    """What there is to read in an image.

    kind: what the regions are: one character, one line of text ("string"), lines of text, or character boxes.
    regions: in reading order, with boxes in pixels of the given image; none where nothing was found. page: all of
    it as one region, without printed lines and without what surrounds the page. errors: why nothing was found.
    The regions of boxes and tables are cells row by row, whose line is their row. outside: lines of text beside the
    boxes or the table. sure: whether what is written keeps to the boxes or cells; where it does not, they may be none.
    """

    kind: Kind
    regions: tuple[Region, ...]
    page: Region
    errors: tuple[str, ...] = ()
    outside: tuple[Region, ...] = ()
    sure: bool = True


def layout(
    image: NDArray[np.float32],
    name: str = "the picture",
    mode: Mode = "auto",
    trace: Trace | None = None,
    settings: LayoutSettings = LAYOUT,
    deadline: Deadline = NEVER,
    counts: tuple[int, int] | None = None,
) -> PageLayout:
    """The regions of an image that are read: characters, lines of text, or character boxes.

    Args:
        image: (rows, columns, 3) float32 in 0 … 1, from `load_image`.
        name: what errors call it.
        mode: what the image is taken for; "auto" finds character boxes, else lines of text.
        trace: records the steps.
        settings: of every step.
        deadline: checked between the steps.
        counts: rows and columns of the table that the image shows, where they are known.

    Returns:
        The layout; its kind is the mode, and for "auto" it is "table", "boxes" or "lines". Where nothing is
        found, its `errors` say why; nothing is raised.

    Raises:
        TimeLimitError: the deadline has passed.
    """
    page = Region((0, 0, image.shape[1], image.shape[0]), (0, 0), image, name)
    _record(trace, "image", page)
    if detected := detect_page(image, name, settings.page):
        page = detected
        _record(trace, "page", page)
    deadline.check()
    in_cells = mode in ("boxes", "table")
    printed = None if in_cells else find_printed_lines(page.image, settings.printed_lines)
    if in_cells or mode == "auto":
        squared = bool(printed and printed.is_grid)
        deadline.check()
        if cells := find_cells(page, name, mode, squared, settings, counts):
            _record(trace, "character_boxes", page, cells.regions)
            inside, outside = _on_image(cells.regions, page), _on_image(cells.outside, page)
            return PageLayout(cells.kind, inside, page, (), outside, cells.sure)
    deadline.check()
    if not (printed and printed.is_grid):
        plain = remove_rims(page.image, settings.rims)
        if plain is not page.image:
            page = replace(page, image=plain)
            printed = find_printed_lines(plain, settings.printed_lines)
            _record(trace, "without_rims", page)
    if printed:
        page = replace(page, image=printed.remove_from(page.image))
        _record(trace, "without_printed_lines", page)
    if mode in ("character", "string"):
        return PageLayout(mode, (page,), page)
    try:
        lines, left_out = count_text_lines(page.image, name, settings, deadline)
    except PictureError as error:
        return PageLayout("lines", (), page, (str(error),))
    _record(trace, "text_lines", page, lines)
    errors = (too_many(left_out, name, settings),) if left_out else ()
    return PageLayout("lines", _on_image(lines, page), page, errors)


def _on_image(regions: Sequence[Region], page: Region) -> tuple[Region, ...]:
    """Regions of a page, in pixels of the image that shows the page."""
    return tuple(region.moved(*page.origin) for region in regions)


def _record(trace: Trace | None, name: str, page: Region, regions: Sequence[Region] = ()) -> None:
    if trace is not None:
        trace.record(name, page.image, boxes=[region.box for region in regions])
