"""Printed lines in a picture: ruled and squared paper, frames, underlines; painted over with what lies beside them.

A stroke may be as thin, straight and long as a line: the stem of a 4, the bar of a 7, the foot of a 1. What is printed
is told by what lines are together, and by where the rest of the ink lies: lines from edge to edge of the picture that
go on beyond what is written, four that close around it, one below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .background import RULED, estimate_background, grey_planes
from .line_detection import RuledLine, detect_lines
from .page_mask import contrast_mask
from .resize import rescale

__all__ = ["PrintedLines", "find_printed_lines", "remove_lines"]

LOOK = 800  # pixels of the longer side at which lines are looked for
LEAST = 40  # pixels of the shorter side of a picture that may have any
EDGE = 0.03  # share of the picture's side within which a line ends at its edge
ACROSS = 0.4  # share of the picture's side that a line from edge to edge is long at least
INNER = 0.1  # shares of the picture's side from its edge, within which a line may be a frame's
WIDEST = 0.92  # share of the picture's side beyond which what is written may be a character cut close
CORNER = 0.1  # sides of a frame within which its lines meet
HELD = 0.25  # heights of a frame that what is written in it is high at least
DOUBLE = 5.0  # thicknesses between the two lines of a double underline
BEYOND = 0.12  # heights of a character by which an underline that it touches goes on beyond where it does
SHORT = 0.3  # heights by which an underline may fall short
RIM = 0.1  # of the whole range, between a rim around a picture and its inside
OUTER = 0.08  # share of the picture's side from its edge, within which its rim lies
BELOW = 0.1  # share of what is written that may lie below an underline
MANY = 2.0  # heights of what is written, from which on it is wide enough to be several characters
FOOT = 0.6  # share of the line below that what it touches is wide, where it is not the foot of a 1
DARKER, FAINTEST = 1.6, 0.04  # contrasts of a line, and of the whole range, from which ink on it is the pen's


@dataclass(frozen=True, eq=False)
class PrintedLines:
    """Printed lines: `level` ones, and `upright` ones as they are where rows and columns are exchanged.

    pixels: of the picture for one of theirs. squared: whether they are those of squared paper.
    """

    level: tuple[RuledLine, ...]
    upright: tuple[RuledLine, ...]
    pixels: float
    is_grid: bool

    def remove_from(self, colours: NDArray[np.float32]) -> NDArray[np.float32]:
        """The picture, (rows, columns, 3) in 0 … 1, without them; strokes that cross them stay."""
        plain = colours.copy()
        for rule in self.level:
            _paint(plain, rule, self.pixels)
        for rule in self.upright:
            _paint(plain.swapaxes(0, 1), rule, self.pixels)
        return plain


def find_printed_lines(colours: NDArray[np.float32]) -> PrintedLines | None:
    """The printed lines of a picture, (rows, columns, 3) in 0 … 1; None without any."""
    if min(colours.shape[:2]) < LEAST:
        return None
    pixels = max(1.0, max(colours.shape[:2]) / LOOK)
    small = grey_planes(rescale(colours, pixels))
    inked = contrast_mask(small, estimate_background(small, replace(RULED, mirrored=_rimmed(small))))
    level, upright = detect_lines(inked), detect_lines(inked.T)
    across, down, is_grid = _through(inked, level, upright)
    level = [rule for rule in level if rule not in across]
    upright = [rule for rule in upright if rule not in down]
    across, down = (
        known + framing
        for known, framing in zip((across, down), _framing(inked, level, upright), strict=True)
    )
    across += _underline(_without(inked, across, down), [rule for rule in level if rule not in across])
    return PrintedLines(tuple(across), tuple(down), pixels, is_grid) if across or down else None


def remove_lines(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture, (rows, columns, 3) in 0 … 1, without the lines that are printed in it."""
    found = find_printed_lines(colours)
    return found.remove_from(colours) if found else colours


def _rimmed(colours: NDArray[np.float32]) -> bool:
    """Whether lines run along all four edges of a picture, (rows, columns, colours), or near them."""
    inside = np.median(colours, (0, 1))
    for turned in (colours, colours.swapaxes(0, 1)):
        near = max(3, round(OUTER * len(turned)))
        levels = np.median(np.concatenate([turned[:near], turned[-near:]]), 1)
        off = (np.abs(levels - inside) > RIM).any(1)
        if not (off[:near].any() and off[near:].any()):
            return False
    return True


# --- which lines are printed ------------------------------------------------------------------------------


def _through(
    inked: NDArray[np.bool_], level: Sequence[RuledLine], upright: Sequence[RuledLine]
) -> tuple[list[RuledLine], list[RuledLine], bool]:
    """Lines from edge to edge of the picture, if they are printed; whether they are those of squared paper."""
    shape = inked.shape
    level = [rule for rule in level if _at_edges(rule, shape)]
    upright = [rule for rule in upright if _at_edges(rule, shape[::-1])]
    if not level and not upright:
        return [], [], False
    left = _without(inked, level, upright)
    if not left.any():
        return [], [], False
    less, more = sorted((len(level), len(upright)))
    grid = (less > 1 and more > 2) or (less == 1 and more > 3)
    if grid or (less > 1 and _highest(left) >= HELD * len(left)):
        # A frame at the picture's edges is no squared paper.
        inner = [
            any(INNER * side < rule.middle < (1 - INNER) * side for rule in rules)
            for rules, side in zip((level, upright), shape, strict=True)
        ]
        return level, upright, all(inner)
    if not level and len(upright) == 1:
        return [], [], False  # a 1, or the stem of a character
    few = more == 1
    return level if _ends_before(left, few) else [], upright if _ends_before(left.T, few) else [], False


def _at_edges(rule: RuledLine, shape: tuple[int, ...]) -> bool:
    """Whether a line leaves the picture at both ends, at whichever edge."""
    rows, columns = shape
    near = [max(2.0, EDGE * side) for side in shape]
    # What lies along an edge does not leave by it.
    along = min(rule.middle, rows - 1 - rule.middle) < 2 * near[0]

    def out(column: float) -> bool:
        row = float(rule.row(column))
        aside = not near[1] < column < columns - 1 - near[1]
        return aside or (not along and not near[0] < row < rows - 1 - near[0])

    return out(rule.start) and out(rule.end) and rule.end - rule.start >= ACROSS * columns


def _ends_before(left: NDArray[np.bool_], few: bool) -> bool:
    """Whether what is written ends before the edges at which level lines do; before all, if there are few lines."""
    for ink in (left, left.T) if few else (left,):
        columns = ink.shape[1]
        so_far = np.cumsum(ink.sum(0))
        first, last = np.searchsorted(so_far, [0.01 * so_far[-1], 0.99 * so_far[-1]])
        if last - first > WIDEST * columns:
            return False
        if few and (first < EDGE * columns or last > (1 - EDGE) * columns):
            return False
    return True


def _framing(
    inked: NDArray[np.bool_], level: Sequence[RuledLine], upright: Sequence[RuledLine]
) -> tuple[list[RuledLine], list[RuledLine]]:
    """Lines of which four close around something written: the level and the upright ones."""
    across: list[RuledLine] = []
    down: list[RuledLine] = []
    level, upright = (sorted(rules, key=lambda rule: rule.middle) for rules in (level, upright))
    for number, top in enumerate(level):
        for bottom in level[number + 1 :]:
            if top in across and bottom in across:
                continue  # two rows of a table
            walls = [rule for rule in upright if _reaches(rule, top, bottom)]
            if len(walls) < 2:
                continue
            sides = walls[0], walls[-1]
            if all(_reaches(rule, *sides) for rule in (top, bottom)) and _holds(inked, (top, bottom), sides):
                across += [rule for rule in (top, bottom) if rule not in across]
                down += [rule for rule in sides if rule not in down]
    return across, down


def _reaches(rule: RuledLine, first: RuledLine, second: RuledLine) -> bool:
    """Whether a line goes from one that is upright, seen from it, to another."""
    near = CORNER * (second.middle - first.middle) + 3
    begins, ends = float(first.row(rule.middle)), float(second.row(rule.middle))
    return ends - begins > 8 and rule.start <= begins + near and rule.end >= ends - near


def _holds(
    inked: NDArray[np.bool_], level: tuple[RuledLine, RuledLine], upright: tuple[RuledLine, RuledLine]
) -> bool:
    """Whether something is written in a frame: ink of a character's height."""
    down, across = (slice(max(0, round(a.middle)), round(b.middle) + 1) for a, b in (level, upright))
    return _highest(_without(inked, level, upright)[down, across]) >= HELD * (down.stop - down.start)


def _highest(inked: NDArray[np.bool_]) -> int:
    """Pixels, height of the highest connected piece."""
    from scipy import ndimage

    label, _ = ndimage.label(inked, np.ones((3, 3)))
    return max((y.stop - y.start for y, _ in ndimage.find_objects(label)), default=0)


def _underline(inked: NDArray[np.bool_], level: Sequence[RuledLine]) -> list[RuledLine]:
    """The line, or two, below all that is written; of a single character it may be the foot."""
    if not level:
        return []
    lowest = max(level, key=lambda rule: rule.middle)
    found = [rule for rule in level if lowest.middle - rule.middle < DOUBLE * lowest.thick + 4]
    under = min(float(rule.rows.min()) for rule in found)
    # Only what stands above the line: where it ends, a little of it may be left.
    above = inked[: max(0, int(under - lowest.thick / 2 - 1))]
    down, across = np.flatnonzero(above.any(1)), np.flatnonzero(above.any(0))
    if not len(down) or _without(inked, found, ())[len(above) :].sum() > BELOW * above.sum():
        return []
    high, wide = np.ptp(down) + 1, np.ptp(across) + 1
    start, end = min(rule.start for rule in found), max(rule.end for rule in found)
    if wide < MANY * high:
        # Of one character, it may be the foot: that of a 2 begins in a corner, on that of a 1 stands only a stem.
        at = np.arange(round(start), round(end) + 1)
        row = np.rint(lowest.row(at) - lowest.thick / 2 - 2).astype(np.intp).clip(0)
        stands = at[inked[row, at.clip(0, inked.shape[1] - 1)]]
        free = BEYOND * high
        if len(stands) and (
            wide < FOOT * (end - start) or stands[0] < start + free or stands[-1] > end - free
        ):
            return []
    return found if start < across[0] + SHORT * high and end > across[-1] - SHORT * high else []


# --- their pixels -----------------------------------------------------------------------------------------


def _without(
    inked: NDArray[np.bool_], level: Sequence[RuledLine], upright: Sequence[RuledLine]
) -> NDArray[np.bool_]:
    """Ink without lines."""
    left = inked.copy()
    for turned, rules in ((left, level), (left.T, upright)):
        for rule in rules:
            turned[_band(rule, turned.shape, 1.0)] = False
    return left


def _band(
    rule: RuledLine, shape: tuple[int, ...], pixels: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows (thickness, columns) and columns (columns,) of a line, in a picture with `pixels` for one of its own."""
    corner = 2 * rule.thick + 2  # where lines meet they are not thin, and go on unseen
    first = max(0, round((rule.start - corner) * pixels))
    behind = min(shape[1], round((rule.end + 1 + corner) * pixels))
    columns = np.arange(first, behind)
    middle = (rule.row((columns + 0.5) / pixels - 0.5) + 0.5) * pixels - 0.5
    half = (rule.thick + 1) * pixels / 2 + 0.5
    rows = np.floor(middle - half).astype(np.intp) + np.arange(int(2 * half) + 2)[:, None]
    return rows.clip(0, shape[0] - 1), columns


def _paint(colours: NDArray[np.float32], rule: RuledLine, pixels: float) -> None:
    """Put in place of a line what goes on from above it to below it; ink clearly darker than the line stays."""
    from scipy import ndimage

    rows, columns = _band(rule, colours.shape, pixels)
    here = colours[rows, columns]
    above, below = (
        colours[(edge + aside).clip(0, len(colours) - 1), columns]
        for edge, aside in ((rows[0], -1), (rows[-1], 1))
    )
    wide = max(3, len(columns) // 4 | 1)
    # Beyond the picture's edge there is paper: what lies on the line's other side, without the strokes.
    if rows.min() == 0:
        above = ndimage.median_filter(below, (wide, 1), mode="nearest")
    elif rows.max() == len(colours) - 1:
        below = ndimage.median_filter(above, (wide, 1), mode="nearest")
    part = ((np.arange(len(rows)) + 1) / (len(rows) + 1))[:, None, None]
    between = (1 - part) * above + part * below
    paper = ndimage.median_filter((above + below) / 2, (wide, 1), mode="nearest")
    apart = np.abs(here - paper).max(2)
    pen = apart > max(DARKER * float(np.median(apart.max(0))), FAINTEST)
    colours[rows, columns] = np.where(pen[:, :, None], here, between)
