"""Where an image shows a table or a row of boxes: its cells as regions, and the lines of text beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import PictureError
from .cells import CellWriting, cell_regions, cell_writing, grid_of_regions, without_grids
from .character_boxes import find_character_boxes
from .geometry import Region, bounding_box
from .grid_counts import grid_of_counts
from .grid_rules import Rules, image_rules
from .grids import Grid, find_grids
from .layout_settings import Kind, LayoutSettings, Mode
from .line_regions import find_text_lines
from .line_removal import remove_lines
from .planes import map_planes

__all__ = ["CellLayout", "find_cells"]


@dataclass(frozen=True, eq=False)
class CellLayout:
    """The cells of a page.

    kind: "boxes" or "table". regions: the cells row by row, whose line is their row, in pixels of the page; none where
    nothing was found. outside: lines of text beside them. sure: whether what is written keeps to the cells.
    """

    kind: Kind
    regions: Sequence[Region]
    outside: Sequence[Region] = ()
    sure: bool = False


def find_cells(
    page: Region,
    name: str,
    mode: Mode,
    squared: bool,
    settings: LayoutSettings,
    counts: tuple[int, int] | None = None,
) -> CellLayout | None:
    """The cells of a page; None where it is read as lines.

    Args:
        page: what is looked at; its image (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        mode: "auto" where cells were not asked for; "boxes" or "table".
        squared: whether the page's lines may be those of squared paper, on which writing need not keep to the squares.
        settings: of every step.
        counts: rows and columns of the table, where they are known.
    """
    image = page.image
    rules = image_rules(image, settings.grids)
    if mode == "auto" and not _may_have_cells(rules, settings):
        return None
    grids = (
        [grid_of_counts(image, *counts, settings.grids, rules)]
        if counts
        else find_grids(image, settings.grids, rules)
    )

    @cache
    def writing(grid: Grid) -> CellWriting:
        return cell_writing(image, grid, settings.cells)

    outside: list[Region] = []
    around: list[Grid] = []  # the grids that these lines are outside of
    if mode == "auto":
        around = grids = [
            grid
            for grid in grids
            if writing(grid).keeps_to_cells(squared, settings.cells)
            and (writing(grid).filled or not _is_of_strokes(grid, settings))
        ]
        outside = _lines_outside(page, grids, name, settings)
        if _is_partial(outside, grids, settings):
            grids = []
    tables = _tables(grids, writing, mode, settings)
    if not tables and (mode == "table" or (mode == "auto" and squared and not grids)):
        return CellLayout("table", ()) if mode == "table" else None
    if tables:
        grids = tables
        regions = _regions(image, tables, name, settings)
    else:
        boxes, grids = _boxes(image, name, mode, grids, rules, squared, settings)
        if mode == "auto" and not grids:
            return None
        regions = boxes
    if list(map(id, grids)) != list(map(id, around)):
        outside = _lines_outside(page, grids, name, settings)
    blank = not tables and not any(writing(grid).filled for grid in grids)
    if mode == "auto" and blank and any(_runs_through(line, regions) for line in outside):
        return None  # loops of digits in straight strokes
    sure = bool(counts) or any(writing(grid).keeps_to_cells(False, settings.cells) for grid in grids)
    return CellLayout("table" if tables else "boxes", regions, outside, sure)


def _may_have_cells(rules: Rules | None, settings: LayoutSettings) -> bool:
    """Whether a line's image shows a line long enough to be the rule of a row of cells; other images always may."""
    if rules is None:
        return False
    rows, columns = rules.mask.shape
    if columns <= settings.grids.widest * rows:
        return True
    return rules.longest is not None and rules.longest.length >= settings.cells.evidence * rows


def _is_of_strokes(grid: Grid, settings: LayoutSettings) -> bool:
    """Whether most cells of a grid lack rules, as where digits in straight strokes stand side by side."""
    return bool(grid.printed.size) and float(grid.printed.mean()) < settings.cells.empty_printed


def _tables(
    grids: list[Grid], writing: Callable[[Grid], CellWriting], mode: Mode, settings: LayoutSettings
) -> list[Grid]:
    """The grids of rows and columns; of one row, or of one column, only where a table was asked for."""
    if mode == "boxes":
        return []
    tables = [grid for grid in grids if grid.shared and min(grid.rows, grid.columns) > 1]
    if mode == "table":
        tables = tables or grids
    if len(tables) < 2:
        return tables
    largest = max(tables, key=lambda grid: grid.rows * grid.columns)
    return [
        grid
        for grid in tables
        if grid is largest
        or (
            grid.printed.mean() >= settings.cells.printed
            and writing(grid).keeps_to_cells(False, settings.cells)
        )
    ]


def _regions(
    image: NDArray[np.float32], grids: Sequence[Grid], name: str, settings: LayoutSettings
) -> list[Region]:
    """The cells of grids, grid by grid and row by row; their lines count on from one grid to the next."""
    regions: list[Region] = []
    line = 0
    for number, grid in enumerate(grids, 1):
        called = f"{name}, table {number}" if len(grids) > 1 else name
        cells = cell_regions(image, grid, called, settings.cells)
        regions += [replace(cell, line=cell.line + line) for cell in cells]
        line += grid.rows
    return regions


def _boxes(
    image: NDArray[np.float32],
    name: str,
    mode: Mode,
    grids: list[Grid],
    rules: Rules | None,
    squared: bool,
    settings: LayoutSettings,
) -> tuple[list[Region], list[Grid]]:
    """Rows of boxes and the grids that they are of; none where they are too few to be read so unasked."""
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
        regions = _regions(image, grids, name, settings)
        return [replace(one, name=f"{name}, box {n}") for n, one in enumerate(regions, 1)], grids
    enough = len(boxes) >= settings.boxes.enough or count == len(boxes)
    if boxes and (mode == "boxes" or enough):
        return boxes, [grid_of_regions(boxes)]
    return [], []


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
    level = map_planes(
        lambda plane: ndimage.rotate(plane, np.degrees(angle), reshape=False, order=1, mode="nearest"), image
    )
    regions = find_character_boxes(level.astype(np.float32, copy=False), name, settings.boxes)
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


def _is_partial(outside: Sequence[Region], grids: Sequence[Grid], settings: LayoutSettings) -> bool:
    """Whether writing goes on beside a grid, at the height of its cells: then not all cells were found."""
    for region in outside:
        left, top, wide, high = region.box
        for grid in grids:
            (first, upper), (last, lower) = grid.corners.min((0, 1, 2)), grid.corners.max((0, 1, 2))
            width = float(np.median(np.ptp(grid.corners[..., 0], axis=-1)))
            apart = max(first - left - wide, left - last)
            if wide < settings.cells.neighbour_width * width:
                continue
            if upper < top + high / 2 < lower and apart < settings.cells.neighbour * width:
                return True
    return False


def _runs_through(line: Region, boxes: Sequence[Region]) -> bool:
    """Whether a line of text lies among boxes, and not only beside, above or below all of them."""
    left, top, wide, high = line.box
    x, y, width, height = bounding_box([box.box for box in boxes])
    return left < x + width and x < left + wide and y < top + high / 2 < y + height


def _has_room(shape: tuple[int, ...], grids: Sequence[Grid], settings: LayoutSettings) -> bool:
    """Whether anything as high or wide as writing has room beside grids."""
    low = np.min([grid.corners.min((0, 1, 2)) for grid in grids], 0)
    high = np.max([grid.corners.max((0, 1, 2)) for grid in grids], 0)
    size = min(float(np.median(np.ptp(grid.corners[..., 1], axis=-1))) for grid in grids)
    room = max(float(low.max()), float((np.array([shape[1], shape[0]]) - high).max()))
    return len(grids) > 1 or room >= settings.cells.speck * size


def _lines_outside(page: Region, grids: Sequence[Grid], name: str, settings: LayoutSettings) -> list[Region]:
    """Lines of text beside the boxes or the table of a page."""
    if not grids or not _has_room(page.image.shape, grids, settings):
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
