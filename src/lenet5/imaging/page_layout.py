"""The layout of a page: from an opened image to the regions that are read, in one pipeline.

`layout` detects the page, finds the printed lines and the character boxes, removes the printed lines, and finds the
lines of text. Each region has an image of its own and is read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..deadline import NEVER, Deadline
from ..errors import PictureError, nothing_to_read
from .background import estimate_background
from .cells import CELLS, CellSettings, cell_regions, grid_of_regions, keeps_to_cells, without_grids
from .character_boxes import CHARACTER_BOXES, CharacterBoxSettings, find_character_boxes
from .deskew import DESKEW, DeskewSettings, deskew
from .foreground import LINE_FOREGROUND, LineForegroundSettings, stroke_foreground
from .geometry import Region
from .grid_rules import Rules, image_rules
from .grids import GRIDS, Grid, GridSettings, find_grids, grid_of_counts
from .line_removal import LINE_REMOVAL, LineRemovalSettings, find_printed_lines, remove_lines
from .page_detection import PAGE_DETECTION, PageDetectionSettings, detect_page
from .page_mask import PAGE_MASK, PageMaskSettings, page_mask
from .resize import rescale, working_scale
from .rims import RIMS, RimSettings, remove_rims
from .text_lines import TEXT_LINES, TextLineSettings, group_text_lines
from .threshold import MASK_LEVEL
from .trace import Trace

__all__ = ["LAYOUT", "MODES", "Kind", "LayoutSettings", "Mode", "PageLayout", "find_text_lines", "layout"]

Kind = Literal["character", "string", "lines", "boxes", "table"]
Mode = Literal["auto", "character", "string", "lines", "boxes", "table"]
# What an image is taken for: whatever it looks like; one character; one line; a page of lines; printed boxes of one
# character each; a table, whose cells hold a character or a few.
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class LayoutSettings:
    """How lines of text are cut out of a page, and each step before. Chosen by eye on the development pictures."""

    strip_width: int = 640  # pixels: an image no wider than this …
    strip_height: int = 100  # … and no higher than this, or than half its width, is measured as one line
    margin: float = 0.5  # heights of the line: what its image shows on each side of it
    uncut_height: float = 3.0  # heights of its only line: an image no higher than this is not cut
    rim: int = 2  # pixels of the reduced page around other lines that are painted over with them
    page: PageDetectionSettings = PAGE_DETECTION
    printed_lines: LineRemovalSettings = LINE_REMOVAL
    boxes: CharacterBoxSettings = CHARACTER_BOXES
    grids: GridSettings = GRIDS
    cells: CellSettings = CELLS
    rims: RimSettings = RIMS
    mask: PageMaskSettings = PAGE_MASK
    deskew: DeskewSettings = DESKEW
    text_lines: TextLineSettings = TEXT_LINES
    strokes: LineForegroundSettings = LINE_FOREGROUND


LAYOUT = LayoutSettings()


@dataclass(frozen=True, eq=False)
class PageLayout:
    """What there is to read in an image.

    kind: what the regions are: one character, one line of text ("string"), lines of text, or character boxes.
    regions: in reading order, with boxes in pixels of the given image; none where nothing was found. page: all of
    it as one region, without printed lines and without what surrounds the page. errors: why nothing was found.
    columns: of a table, whose regions are its cells row by row; 0 elsewhere. outside: lines of text beside the boxes
    or the table. sure: whether what is written keeps to the boxes or cells; where it does not, they may be none.
    """

    kind: Kind
    regions: tuple[Region, ...]
    page: Region
    errors: tuple[str, ...] = ()
    columns: int = 0
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
        if cells := _cells(page, name, mode, squared, counts, settings):
            kind, regions, grids, columns = cells
            _record(trace, "character_boxes", page, regions)
            outside = _outside(page, grids, name, settings)
            sure = bool(counts) or any(
                keeps_to_cells(page.image, grid, False, settings.cells) for grid in grids
            )
            return PageLayout(
                kind, _on_image(regions, page), page, (), columns, _on_image(outside, page), sure
            )
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
        lines, left_out = _text_lines(page.image, name, settings, deadline)
    except PictureError as error:
        return PageLayout("lines", (), page, (str(error),))
    _record(trace, "text_lines", page, lines)
    errors = (_too_many(left_out, name, settings),) if left_out else ()
    return PageLayout("lines", _on_image(lines, page), page, errors)


def _cells(
    page: Region,
    name: str,
    mode: Mode,
    squared: bool,
    counts: tuple[int, int] | None,
    settings: LayoutSettings,
) -> tuple[Kind, list[Region], list[Grid], int] | None:
    """The cells of a page, the grids that they are of, and a table's columns; None where the page is read as lines.

    squared: whether the page's lines may be those of squared paper, on which writing need not keep to the squares.
    """
    image = page.image
    rules = image_rules(image, settings.grids)
    grids = [grid_of_counts(image, *counts)] if counts else find_grids(image, settings.grids, rules)
    if mode == "auto":
        grids = [grid for grid in grids if keeps_to_cells(image, grid, squared, settings.cells)]
        if grids and _is_partial(page, grids, name, settings):
            grids = []
    tables = [grid for grid in grids if grid.shared and min(grid.rows, grid.columns) > 1]
    if mode == "table":
        tables = tables or grids
    if mode != "boxes" and tables:
        table = max(tables, key=lambda grid: grid.rows * grid.columns)
        return "table", cell_regions(image, table, name, settings.cells), [table], table.columns
    if mode == "table" or (mode == "auto" and squared and not grids):
        return ("table", [], [], 0) if mode == "table" else None
    boxes = [] if mode == "auto" and squared else find_character_boxes(image, name, settings.boxes)
    if mode == "auto":
        least, most = settings.cells.shapes
        grids = [
            grid for grid in grids if least <= grid.shape <= most and grid.columns > (1 if grid.shared else 2)
        ]
    if not boxes and not grids and not squared:
        boxes = _turned_combs(image, name, rules, settings)
    count = sum(grid.rows * grid.columns for grid in grids)
    if count > len(boxes):
        regions, line = [], 0
        for grid in grids:
            cells = cell_regions(image, grid, name, settings.cells)
            regions += [replace(cell, line=cell.line + line) for cell in cells]
            line += grid.rows
        called = (replace(one, name=f"{name}, box {n}") for n, one in enumerate(regions, 1))
        return "boxes", list(called), grids, 0
    if mode == "boxes" or len(boxes) >= settings.boxes.enough or (boxes and count == len(boxes)):
        return "boxes", boxes, [grid_of_regions(boxes)] if boxes else [], 0
    return None


def _turned_combs(
    image: NDArray[np.float32], name: str, rules: Rules | None, settings: LayoutSettings
) -> list[Region]:
    """Character boxes of an image whose longest rule is turned, found where it is level; their corners in the image."""
    longest = rules.longest if rules else None
    # The line of a comb is long; no shorter one is worth turning the image for.
    if rules is None or longest is None or longest.length < settings.boxes.comb * rules.mask.shape[1]:
        return []
    slope = longest.slope
    if abs(slope) < settings.cells.straight:
        return []
    angle = float(np.arctan(slope))
    planes = [
        ndimage.rotate(plane, np.degrees(angle), reshape=False, order=1, mode="nearest")
        for plane in np.moveaxis(image, 2, 0)
    ]
    regions = find_character_boxes(np.stack(planes, 2).astype(np.float32), name, settings.boxes)
    centre = np.array([image.shape[1], image.shape[0]]) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = []
    for region in regions:
        left, top, wide, high = region.box
        square = np.array([(0, 0), (wide, 0), (wide, high), (0, high)]) + np.array([left, top])
        corners = (square - centre) @ turn + centre
        low = corners.min(0).clip(0), corners.max(0).clip(0, 2 * centre)
        (x, y), (right, bottom) = np.rint(low).astype(int).tolist()
        box = (x, y, max(right - x, 1), max(bottom - y, 1))
        turned.append(replace(region, box=box, origin=(0, 0), corners=corners))
    return turned


def _is_partial(page: Region, grids: list[Grid], name: str, settings: LayoutSettings) -> bool:
    """Whether writing goes on beside a grid, at the height of its cells: then not all cells were found."""
    for region in _outside(page, grids, name, settings):
        left, top, wide, high = region.box
        for grid in grids:
            (first, upper), (last, lower) = grid.corners.min((0, 1, 2)), grid.corners.max((0, 1, 2))
            width = float(np.median(np.ptp(grid.corners[..., 0], axis=-1)))
            apart = max(first - left - wide, left - last)
            if upper < top + high / 2 < lower and apart < settings.cells.neighbour * width:
                return True
    return False


def _outside(page: Region, grids: list[Grid], name: str, settings: LayoutSettings) -> list[Region]:
    """Lines of text beside the boxes or the table of a page."""
    if not grids:
        return []
    plain = without_grids(page.image, grids, settings.cells)
    try:
        lines = find_text_lines(remove_lines(plain, settings.printed_lines), name, settings)
    except PictureError:
        return []
    cell = min(float(np.median(np.ptp(grid.corners[..., 1], axis=-1))) for grid in grids)
    return [
        replace(line, name=f"{name}, beside the boxes, line {line.line + 1}")
        for line in lines
        if line.box[3] >= settings.cells.speck * cell
    ]


def _on_image(regions: Sequence[Region], page: Region) -> tuple[Region, ...]:
    """Regions of a page, in pixels of the image that shows the page."""
    return tuple(region.moved(*page.origin) for region in regions)


def _record(trace: Trace | None, name: str, page: Region, regions: Sequence[Region] = ()) -> None:
    if trace is not None:
        trace.record(name, page.image, boxes=[region.box for region in regions])


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
    return _text_lines(image, name, settings, deadline)[0]


def _too_many(left_out: int, name: str, settings: LayoutSettings) -> str:
    marks = f"{left_out:,} smaller marks" if left_out > 1 else "one smaller mark"
    return f"{marks} of {name} were not looked at, but the {settings.text_lines.most:,} largest; read it part by part"


def _text_lines(
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


def _line_of_pixels(mask: NDArray[np.bool_], settings: LayoutSettings) -> tuple[NDArray[np.intp], int]:
    """The line that each pixel of a mask belongs to, (rows, columns), from 1 in reading order, 0 for none.

    Second, how many marks were not looked at.
    """
    level, tops = deskew(mask, settings.deskew)
    number, count, left_out = group_text_lines(level, settings.text_lines)
    owner = np.zeros(mask.shape, np.intp)
    rows, columns = np.nonzero(number)
    owner[rows + tops[columns], columns] = number[rows, columns]
    rows = np.nonzero(owner)[0]
    line = owner[owner > 0]
    middle = np.bincount(line, rows, count + 1)[1:] / np.bincount(line, minlength=count + 1)[1:]
    place = np.zeros(count + 1, np.intp)
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
    owner: NDArray[np.intp]
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
            image = np.where(hidden[:, :, None], self.background[np.ix_(at_rows, at_columns)], image)
        called = self.name if alone else f"{self.name}, line {line + 1}"
        return Region(box, (across.start, down.start), image, called, line)

    def _image_edge(self, edge: int, most: int) -> int:
        """An edge on the reduced page as one on the image."""
        return int(np.clip(round(edge * self.pixels), 0, most))

    def _on_mask(self, part: slice, axis: int) -> NDArray[np.intp]:
        """The rows or columns of the reduced page that a part of the image shows, pixel for pixel."""
        at = ((np.arange(part.start, part.stop) + 0.5) / self.pixels).astype(np.intp)
        return at.clip(0, self.owner.shape[axis] - 1)
