"""Printed lines in an image, ruled and squared paper, frames, underlines: painted over with what lies next to them.

A stroke may be as thin, straight and long as a line: the stem of a 4, the bar of a 7, the foot of a 1. What is printed
shows in what lines are together, and in where the rest of the foreground lies: lines from edge to edge of the image
that go on beyond the writing, four that close around it, one below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import RULED, MedianBackground, estimate_background
from .components import largest_height
from .line_detection import LINE_DETECTION, LineDetectionSettings, RuledLine, detect_lines
from .order_statistics import median
from .page_mask import PAGE_MASK, PageMaskSettings, contrast_mask
from .planes import grey_image, grey_planes, has_one_plane
from .resize import rescale, working_scale

__all__ = ["LINE_REMOVAL", "LineRemovalSettings", "PrintedLines", "find_printed_lines", "remove_lines"]


@dataclass(frozen=True)
class LineRemovalSettings:
    """Which lines are printed, and how they are removed. Sides are the image's.

    Chosen on drawn paper of every kind (benchmarks/papers.py) and by eye on photographs.
    """

    longest: int = 800  # pixels of the longer side at which lines are looked for
    least: int = 40  # pixels of the shorter side of an image that may have any
    edge: float = 0.03  # sides within which a line ends at the image's edge
    crossing: float = 0.4  # sides that a line from edge to edge is long at least
    inner: float = 0.1  # sides from the edge within which a line may be a frame's
    widest: float = 0.92  # sides beyond which the writing may be a character cut close
    tail: float = 0.01  # share of the writing that is left out at either end of its extent
    corner: float = 0.1  # sides of a frame within which its lines meet
    written: float = 0.25  # heights of a frame, or a grid's image, that the writing in it is high at least
    double: float = 5.0  # thicknesses between the two lines of a double underline
    beyond: float = 0.12  # heights of a character by which an underline goes on beyond where it is touched
    short: float = 0.3  # heights by which an underline may fall short of the writing
    rim: float = 0.1  # of the whole range, between a rim around an image and its inside
    outer: float = 0.08  # sides from the edge within which the rim lies
    below: float = 0.1  # share of the writing that may lie below an underline
    gaps: float = 0.3  # share of the columns between characters in which an underline is printed, too
    several: float = 2.0  # heights of the writing from which on it is wide enough to be several characters
    foot: float = 0.6  # share of the line below that the writing is wide, or it is the foot of a 1
    darker: float = 1.6  # contrasts of a line, from which on ink on it is the pen's …
    faintest: float = 0.04  # … and of the whole range
    inked: float = 0.5  # contrasts of a line, from which on there is ink above or below it
    thicker: float = (
        2.2  # thicknesses of a line, and a pixel: where ink is thicker a stroke ends on it, or lies on it
    )
    grey: float = 0.02  # of the whole range: planes that differ by less are a shade of grey
    neighbourhood: float = 0.25  # lengths of a line along which the background next to it is one level
    background: MedianBackground = RULED
    mask: PageMaskSettings = PAGE_MASK
    lines: LineDetectionSettings = LINE_DETECTION


LINE_REMOVAL = LineRemovalSettings()
_Lines = list[RuledLine]


@dataclass(frozen=True, eq=False)
class PrintedLines:
    """Printed lines: horizontal ones, and vertical ones as they are where rows and columns are exchanged.

    pixels: of the image along a side, for one of theirs. is_grid: whether they are those of squared paper.
    """

    horizontal: tuple[RuledLine, ...]
    vertical: tuple[RuledLine, ...]
    pixels: float
    is_grid: bool
    settings: LineRemovalSettings = LINE_REMOVAL

    def remove_from(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image, (rows, columns, 3) in 0 … 1, without them; strokes that cross them stay."""
        plain = image[:, :, :1].copy() if has_one_plane(image) else image.copy()
        for line in self.horizontal:
            _paint_over(plain, line, self.pixels, self.settings)
        for line in self.vertical:
            _paint_over(plain.swapaxes(0, 1), line, self.pixels, self.settings)
        return grey_image(plain[:, :, 0]) if has_one_plane(image) else plain


def find_printed_lines(
    image: NDArray[np.float32], settings: LineRemovalSettings = LINE_REMOVAL
) -> PrintedLines | None:
    """The printed lines of an image.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        settings: which lines are printed.

    Returns:
        The lines; None where there are none.
    """
    if min(image.shape[:2]) < settings.least:
        return None
    pixels = working_scale(image, settings.longest)
    small = grey_planes(rescale(image, pixels), settings.grey)
    background = estimate_background(small, replace(settings.background, mirrored=_has_rim(small, settings)))
    mask = contrast_mask(small, background, settings.mask)
    horizontal, vertical = (detect_lines(turned, settings.lines) for turned in (mask, mask.T))
    across, down, is_grid = _crossing(mask, horizontal, vertical, settings)
    horizontal = [line for line in horizontal if line not in across]
    vertical = [line for line in vertical if line not in down]
    framing = _framing(mask, horizontal, vertical, settings)
    across, down = across + framing[0], down + framing[1]
    rest = [line for line in horizontal if line not in across]
    across += _underline(_without(mask, across, down), rest, settings)
    if not across and not down:
        return None
    return PrintedLines(tuple(across), tuple(down), pixels, is_grid, settings)


def remove_lines(
    image: NDArray[np.float32], settings: LineRemovalSettings = LINE_REMOVAL
) -> NDArray[np.float32]:
    """An image, (rows, columns, 3) in 0 … 1, without the lines that are printed in it; itself without any."""
    lines = find_printed_lines(image, settings)
    return lines.remove_from(image) if lines else image


def _has_rim(image: NDArray[np.float32], settings: LineRemovalSettings) -> bool:
    """Whether lines run along all four edges of an image, (rows, columns, planes), or near them."""
    inside = np.median(image, (0, 1))
    for turned in (image, image.swapaxes(0, 1)):
        near = max(3, round(settings.outer * len(turned)))
        levels = np.median(np.concatenate([turned[:near], turned[-near:]]), 1)
        differs = (np.abs(levels - inside) > settings.rim).any(1)
        if not (differs[:near].any() and differs[near:].any()):
            return False
    return True


# --- which lines are printed ----------------------------------------------------------------------------


def _crossing(
    mask: NDArray[np.bool_],
    horizontal: Sequence[RuledLine],
    vertical: Sequence[RuledLine],
    settings: LineRemovalSettings,
) -> tuple[_Lines, _Lines, bool]:
    """Lines from edge to edge of the image, if they are printed; whether they are those of squared paper."""
    shape = mask.shape
    across = [line for line in horizontal if _leaves_at_both_ends(line, shape, settings)]
    down = [line for line in vertical if _leaves_at_both_ends(line, shape[::-1], settings)]
    if not across and not down:
        return [], [], False
    rest = _without(mask, across, down)
    if not rest.any():
        return [], [], False
    less, more = sorted((len(across), len(down)))
    grid = (less > 1 and more > 2) or (less == 1 and more > 3)
    if grid or (less > 1 and largest_height(rest) >= settings.written * len(rest)):
        # A frame at the image's edges is no squared paper.
        inner = [
            any(settings.inner * side < line.middle < (1 - settings.inner) * side for line in lines)
            for lines, side in zip((across, down), shape, strict=True)
        ]
        return across, down, all(inner)
    if not across and len(down) == 1:
        return [], [], False  # a 1, or the stem of a character
    few = more == 1
    return (
        across if _ends_before(rest, few, settings) else [],
        down if _ends_before(rest.T, few, settings) else [],
        False,
    )


def _leaves_at_both_ends(line: RuledLine, shape: tuple[int, ...], settings: LineRemovalSettings) -> bool:
    """Whether a line leaves the image at both ends, at whichever edge."""
    rows, columns = shape
    near_row, near_column = (max(2.0, settings.edge * side) for side in shape)
    # What lies along an edge does not leave by it.
    lies_along = min(line.middle, rows - 1 - line.middle) < 2 * near_row

    def leaves(column: float) -> bool:
        row = float(line.row(column))
        at_side = not near_column < column < columns - 1 - near_column
        return at_side or (not lies_along and not near_row < row < rows - 1 - near_row)

    long = line.end - line.start >= settings.crossing * columns
    return long and leaves(line.start) and leaves(line.end)


def _ends_before(mask: NDArray[np.bool_], few: bool, settings: LineRemovalSettings) -> bool:
    """Whether the writing ends before the edges at which horizontal lines do; before all, if there are few lines."""
    for turned in (mask, mask.T) if few else (mask,):
        columns = turned.shape[1]
        total = np.cumsum(turned.sum(0))
        tails = [settings.tail * total[-1], (1 - settings.tail) * total[-1]]
        first, last = np.searchsorted(total, tails)
        if last - first > settings.widest * columns:
            return False
        if few and (first < settings.edge * columns or last > (1 - settings.edge) * columns):
            return False
    return True


def _framing(
    mask: NDArray[np.bool_],
    horizontal: Sequence[RuledLine],
    vertical: Sequence[RuledLine],
    settings: LineRemovalSettings,
) -> tuple[_Lines, _Lines]:
    """Lines of which four close around some writing: the horizontal and the vertical ones."""
    across: _Lines = []
    down: _Lines = []
    horizontal = sorted(horizontal, key=lambda line: line.middle)
    vertical = sorted(vertical, key=lambda line: line.middle)
    for number, top in enumerate(horizontal):
        for bottom in horizontal[number + 1 :]:
            if top in across and bottom in across:
                continue  # two rows of a table
            walls = [line for line in vertical if _reaches(line, top, bottom, settings)]
            if len(walls) < 2:
                continue
            pair, sides = (top, bottom), (walls[0], walls[-1])
            closed = all(_reaches(line, *sides, settings) for line in pair)
            if closed and _holds_writing(mask, pair, sides, settings):
                across += [line for line in pair if line not in across]
                down += [line for line in sides if line not in down]
    return across, down


def _reaches(line: RuledLine, first: RuledLine, second: RuledLine, settings: LineRemovalSettings) -> bool:
    """Whether a line goes from one line across it to another."""
    near = settings.corner * (second.middle - first.middle) + 3
    start, end = float(first.row(line.middle)), float(second.row(line.middle))
    return end - start > 8 and line.start <= start + near and line.end >= end - near


def _holds_writing(
    mask: NDArray[np.bool_],
    horizontal: tuple[RuledLine, RuledLine],
    vertical: tuple[RuledLine, RuledLine],
    settings: LineRemovalSettings,
) -> bool:
    """Whether there is writing in a frame: foreground of a character's height."""
    down, across = (slice(max(0, round(a.middle)), round(b.middle) + 1) for a, b in (horizontal, vertical))
    inside = _without(mask, horizontal, vertical)[down, across]
    return largest_height(inside) >= settings.written * (down.stop - down.start)


def _underline(
    mask: NDArray[np.bool_], horizontal: Sequence[RuledLine], settings: LineRemovalSettings
) -> _Lines:
    """The line, or two, below all writing; of a single character it may be the foot."""
    if not horizontal:
        return []
    lowest = max(horizontal, key=lambda line: line.middle)
    distance = settings.double * lowest.thickness + 4
    lines = [line for line in horizontal if lowest.middle - line.middle < distance]
    top = min(float(line.rows.min()) for line in lines)
    # Only what stands above the line: where it ends, a little of it may be left.
    above = mask[: max(0, int(top - lowest.thickness / 2 - 1))]
    down, across = np.flatnonzero(above.any(1)), np.flatnonzero(above.any(0))
    if not len(down) or _without(mask, lines, ())[len(above) :].sum() > settings.below * above.sum():
        return []
    between = np.setdiff1d(np.arange(across[0], across[-1]), across)
    under = mask[len(above) :, between].any(0)
    if len(between) and under.mean() < settings.gaps:
        return []  # feet of digits in straight strokes, side by side
    high, wide = np.ptp(down) + 1, np.ptp(across) + 1
    start, end = min(line.start for line in lines), max(line.end for line in lines)
    if wide < settings.several * high:
        # Of one character, it may be the foot: that of a 2 begins in a corner, on that of a 1 stands only a stem.
        at = np.arange(round(start), round(end) + 1)
        row = np.rint(lowest.row(at) - lowest.thickness / 2 - 2).astype(np.intp).clip(0, len(mask) - 1)
        touched = at[mask[row, at.clip(0, mask.shape[1] - 1)]]
        free = settings.beyond * high
        narrow = wide < settings.foot * (end - start)
        if len(touched) and (narrow or touched[0] < start + free or touched[-1] > end - free):
            return []
    short = settings.short * high
    return lines if start < across[0] + short and end > across[-1] - short else []


# --- their pixels ---------------------------------------------------------------------------------------


def _without(
    mask: NDArray[np.bool_], horizontal: Sequence[RuledLine], vertical: Sequence[RuledLine]
) -> NDArray[np.bool_]:
    """A mask without lines."""
    rest = mask.copy()
    for turned, lines in ((rest, horizontal), (rest.T, vertical)):
        for line in lines:
            turned[_band(line, turned.shape, 1.0)] = False
    return rest


def _band(
    line: RuledLine, shape: tuple[int, ...], pixels: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows (thickness, columns) and columns (columns,) of a line, in an image with `pixels` for one of its own."""
    corner = 2 * line.thickness + 2  # where lines meet they are not thin, and go on undetected
    start = max(0, round((line.start - corner) * pixels))
    stop = min(shape[1], round((line.end + 1 + corner) * pixels))
    columns = np.arange(start, stop)
    middle = (line.row((columns + 0.5) / pixels - 0.5) + 0.5) * pixels - 0.5
    half = (line.thickness + 1) * pixels / 2 + 0.5
    rows = np.floor(middle - half).astype(np.intp) + np.arange(int(2 * half) + 2)[:, None]
    return rows.clip(0, shape[0] - 1), columns


def _paint_over(
    image: NDArray[np.float32], line: RuledLine, pixels: float, settings: LineRemovalSettings
) -> None:
    """Put in place of a line what goes on from above it to below it; ink clearly darker than the line stays."""
    rows, columns = _band(line, image.shape, pixels)
    here = image[rows, columns]
    above = image[(rows[0] - 1).clip(0, len(image) - 1), columns]
    below = image[(rows[-1] + 1).clip(0, len(image) - 1), columns]
    wide = max(3, int(settings.neighbourhood * len(columns)) | 1)
    # Beyond the image's edge there is background: what lies on the line's other side, without the strokes.
    if (at_edge := rows[0] == 0).any():
        above = np.where(at_edge[:, None], ndimage.median_filter(below, (wide, 1), mode="nearest"), above)
    elif (at_edge := rows[-1] == len(image) - 1).any():
        below = np.where(at_edge[:, None], ndimage.median_filter(above, (wide, 1), mode="nearest"), below)
    part = ((np.arange(len(rows)) + 1) / (len(rows) + 1))[:, None, None]
    between = (1 - part) * above + part * below
    background = ndimage.median_filter((above + below) / 2, (wide, 1), mode="nearest")
    contrast = np.abs(here - background).max(2)
    usual = float(median(contrast.max(0)))
    pen = contrast > max(settings.darker * usual, settings.faintest)
    pen |= _thick(image, line, rows, columns, background, usual * settings.inked, pixels, settings)
    image[rows, columns] = np.where(pen[:, :, None], here, between)


def _thick(
    image: NDArray[np.float32],
    line: RuledLine,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    background: NDArray[np.float32],
    level: float,
    pixels: float,
    settings: LineRemovalSettings,
) -> NDArray[np.bool_]:
    """Columns of a line, (columns,), where ink is thicker than it: there a stroke ends on it, or lies along it.

    background: (columns, planes). level: the faintest ink's contrast to it.
    """
    thickest = settings.thicker * line.thickness * pixels + 1
    reach = int(thickest) + 1
    middle = (rows[0] + rows[-1]) // 2
    offsets = np.arange(-reach, reach + 1)
    at = middle + offsets[:, None]
    inside = (at >= 0) & (at < len(image))
    inked = np.abs(image[at.clip(0, len(image) - 1), columns] - background).max(2) > level
    inked &= inside
    # The run of ink that holds the middle, or a pixel beside it.
    run = np.zeros(len(columns), np.intp)
    for half in (inked[reach::-1], inked[reach:]):
        run += np.cumprod(half, 0).sum(0)
    thick: NDArray[np.bool_] = run - 1 > thickest
    return thick
