"""Grids of printed cells: rows of boxes and tables, straight, turned or in perspective, from their rules.

Horizontal rules are followed first. Between two of them, walls are looked for at every small slant: foreground that
reaches from one rule to the other. Cells lie between two walls and two rules that are printed all along them; cells
that share walls and rules make up a grid, whose crossings follow from all of its rules together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import grey_planes
from .line_detection import LINE_DETECTION, LineDetectionSettings, RuledLine, detect_lines
from .page_mask import DEVIATION
from .resize import rescale, working_scale

__all__ = ["GRIDS", "Grid", "GridSettings", "find_grids", "grid_of_counts", "slope_of_rules"]

# Rules of cells may be shorter, steeper and more broken than those that are removed: walls prove that they are rules.
RULES = replace(
    LINE_DETECTION,
    steepest=0.25,
    shortest=0.03,
    thin=0.35,
    inked=0.45,
    gap=0.15,
    thickness=0.05,
    thickness_least=8,
)


@dataclass(frozen=True)
class GridSettings:
    """What printed cells look like. Chosen on benchmarks/cell_pictures.py and by eye on printed forms."""

    longest: int = 1600  # pixels of the longer side at which rules are looked for
    grey: float = 0.02  # of the whole range: planes that differ by less are a shade of grey
    least: float = 9.0  # pixels: sides of a cell
    slimness: float = 14.0  # sides of a cell for the other, at most
    samples: int = 25  # places along a wall, from one rule to the other, that are looked at
    slants: tuple[float, ...] = tuple(float(slant) for slant in np.round(np.arange(-0.26, 0.261, 0.02), 2))
    wall: float = 0.8  # share of a wall that is printed …
    wall_ends: int = 3  # … and places at either end, of which
    wall_ends_printed: float = 0.66  # … this share is: writing seldom reaches from rule to rule
    clear: float = 2.0  # pixels beside a rule that may still be the rule
    wall_width: float = 0.3  # heights of a cell that a wall is wide at most
    rule: float = 0.7  # share of a cell's width along which its rules are printed
    tries: int = 3  # rules below a rule, of which the nearest that makes cells with it is taken
    same_wall: float = 0.15  # median widths of a cell, within which walls of two rows are one …
    same_wall_least: float = 3.0  # … and pixels
    split: float = (
        0.15  # usual widths by which two cells together may differ from a usual one, which a stroke parts …
    )
    split_rest: float = 0.8  # … each no wider than this
    column: float = 0.5  # share of the rows of a grid in which a wall must be seen
    open_cell: float = (
        0.55  # median widths: what is wider between a wall and the picture's edge is a cell, too
    )
    spread: float = (
        0.07  # slope by which rules may differ from the usual one, or twice as much in perspective
    )
    more: float = 1.5  # times as many cells, from which on columns are followed first and not rows
    widest: float = 2.0  # width over height of an image from which on no column of cells is looked for alone
    uneven: float = 0.4  # of a cell's height that the distance of its rules may differ from end to end
    window: float = 0.1  # of the image's shorter side: a rule is thinner, but for …
    window_range: tuple[int, int] = (9, 25)  # … the least and most pixels of that window
    faintest: float = 0.03  # of the whole range: a rule stands out from what lies beside it by this …
    noise: float = 3.5  # … and standard deviations of the noise …
    of_strong: float = 0.12  # … and share of the strongest contrast …
    strong: float = 0.99  # … which is that quantile's
    rules: LineDetectionSettings = RULES


GRIDS = GridSettings()


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells in rows and columns.

    corners: (rows, columns, 4, 2) x, y of each cell's upper left, upper right, lower right and lower left corner, in
    the middle of its rules, in pixels of the image. thickness: of its rules, in pixels. shared: whether cells have
    walls in common. printed: (rows, columns) whether the cell's rules were seen on all sides.
    """

    corners: NDArray[np.float64]
    thickness: float
    shared: bool = True
    printed: NDArray[np.bool_] = field(default_factory=lambda: np.ones((0, 0), bool), repr=False)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.corners.shape[0])

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return int(self.corners.shape[1])

    @property
    def shape(self) -> float:
        """Width of a cell by its height, the median of all."""
        across = np.linalg.norm(self.corners[..., 1, :] - self.corners[..., 0, :], axis=-1)
        down = np.linalg.norm(self.corners[..., 3, :] - self.corners[..., 0, :], axis=-1)
        return float(np.median(across / np.maximum(down, 1e-6)))

    @property
    def turn(self) -> float:
        """Radians by which its rows are turned from the horizontal, on average; positive: falling to the right."""
        across = self.corners[:, :, 1] - self.corners[:, :, 0]
        return float(np.arctan2(across[..., 1].mean(), across[..., 0].mean()))

    @property
    def slope(self) -> float:
        """Largest tangent of a side's angle to the image's own: 0 of a grid that is straight."""
        across = (self.corners[..., [1, 2], :] - self.corners[..., [0, 3], :]).reshape(-1, 2)
        down = (self.corners[..., [3, 2], :] - self.corners[..., [0, 1], :]).reshape(-1, 2)
        slopes = np.concatenate([across[:, 1] / across[:, 0].clip(1), down[:, 0] / down[:, 1].clip(1)])
        return float(np.abs(slopes).max(initial=0.0))

    def scale(self, factor: float) -> Grid:
        """The same grid in an image enlarged by a factor."""
        return replace(self, corners=(self.corners + 0.5) * factor - 0.5, thickness=self.thickness * factor)


@dataclass(frozen=True, eq=False)
class _Wall:
    """A wall between two rules: columns at which it meets the upper and the lower one, and its width."""

    top: float
    bottom: float
    width: float
    edge: bool = False  # the picture's edge, in place of a wall

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, eq=False)
class _Strip:
    """What lies between two rules: its walls from left to right, and whether a cell lies after each but the last."""

    upper: RuledLine
    lower: RuledLine
    walls: tuple[_Wall, ...]
    cells: tuple[bool, ...]


def find_grids(image: NDArray[np.float32], settings: GridSettings = GRIDS) -> list[Grid]:
    """The grids of printed cells in an image, from top to bottom; often none.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        settings: what cells look like.

    Returns:
        Grids of one cell or more, with corners in pixels of the image. A row of boxes that do not touch is a grid,
        too. Where the image's edge cuts a cell open, the edge stands for the rule.
    """
    pixels = working_scale(image, settings.longest)
    small = grey_planes(rescale(image, pixels), settings.grey)
    if min(small.shape[:2]) < settings.least:
        return []
    mask = _mask(small, settings)
    best = _grids(mask, settings)
    # One column of cells has long walls and short rules; there is none in a line's image.
    turned = [] if mask.shape[1] > settings.widest * mask.shape[0] else _grids(mask.T, settings)
    if _cells(turned) > settings.more * _cells(best):
        best = [_transposed(grid) for grid in turned]
    best.sort(key=lambda grid: (float(grid.corners[..., 1].min()), float(grid.corners[..., 0].min())))
    return [grid.scale(pixels) for grid in best]


def slope_of_rules(image: NDArray[np.float32], settings: GridSettings = GRIDS) -> float:
    """Rows a column by which the longest rule of an image, (rows, columns, 3) in 0 … 1, falls; 0 without rules."""
    small = grey_planes(rescale(image, working_scale(image, settings.longest)), settings.grey)
    if min(small.shape[:2]) < settings.least:
        return 0.0
    lines = _rules(_mask(small, settings), settings)
    if not lines:
        return 0.0
    longest = max(lines, key=lambda line: line.end - line.start)
    return float((longest.rows[-1] - longest.rows[0]) / max(longest.end - longest.start, 1.0))


def grid_of_counts(
    image: NDArray[np.float32], rows: int, columns: int, settings: GridSettings = GRIDS
) -> Grid:
    """The grid of known rows and columns in an image that shows little else.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        rows: of the grid.
        columns: of the grid.
        settings: what cells look like.

    Returns:
        The printed grid where one with these counts is found, else the image divided evenly.
    """
    for grid in find_grids(image, settings):
        if (grid.rows, grid.columns) == (rows, columns):
            return grid
    y = np.linspace(0, image.shape[0], rows + 1)
    x = np.linspace(0, image.shape[1], columns + 1)
    crossings = np.stack(np.meshgrid(x, y), 2)
    return Grid(_corners(crossings), 0.0, True, np.zeros((rows, columns), bool))


def _mask(image: NDArray[np.float32], settings: GridSettings) -> NDArray[np.bool_]:
    """What is darker (on a dark image lighter) than what lies beside it, as thin as a rule: (rows, columns)."""
    least, most = settings.window_range
    window = int(np.clip(settings.window * min(image.shape[:2]), least, most)) | 1
    middle = float(np.median(image))
    sign = 1.0 if middle - float(image.min()) >= float(image.max()) - middle else -1.0
    contrast = np.zeros(image.shape[:2], np.float32)
    for plane in np.moveaxis(sign * image, 2, 0):
        contrast = np.maximum(contrast, ndimage.grey_closing(plane, window, mode="reflect") - plane)
    usual = float(np.median(contrast))
    noise = DEVIATION * float(np.median(np.abs(contrast - usual)))
    level = max(
        settings.faintest,
        usual + settings.noise * noise,
        settings.of_strong * float(np.quantile(contrast, settings.strong)),
    )
    mask: NDArray[np.bool_] = contrast > level
    return mask


def _cells(grids: Sequence[Grid]) -> int:
    return sum(grid.rows * grid.columns for grid in grids)


def _transposed(grid: Grid) -> Grid:
    """A grid of an image whose rows and columns were exchanged."""
    corners = grid.corners.swapaxes(0, 1)[:, :, [0, 3, 2, 1], ::-1]
    return replace(grid, corners=corners, printed=grid.printed.T)


def _corners(crossings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners (rows, columns, 4, 2) of the cells between crossings, (rows + 1, columns + 1, 2)."""
    return np.stack([crossings[:-1, :-1], crossings[:-1, 1:], crossings[1:, 1:], crossings[1:, :-1]], 2)


# --- rules and walls --------------------------------------------------------------------------------------


def _grids(mask: NDArray[np.bool_], settings: GridSettings) -> list[Grid]:
    """The grids of a mask, (rows, columns)."""
    rows, columns = mask.shape
    lines = [line for line in _rules(mask, settings) if line.end - line.start >= settings.least]
    edge = np.array([0.0, columns - 1.0])
    # The picture's edges may cut cells open.
    lines = [line for line in lines if 1 < line.middle < rows - 2 or line.thickness > 1]
    upper = RuledLine(edge, np.full(2, -1.0), 0.0)
    lower = RuledLine(edge, np.full(2, float(rows)), 0.0)
    near = ndimage.binary_dilation(mask, np.ones((1, 3), bool))
    strips = _strips([upper, *sorted(lines, key=lambda line: line.middle), lower], near, mask, settings)
    grids = [grid for group in _groups(strips, settings) if (grid := _grid(group, settings))]
    grids.sort(key=lambda grid: -grid.rows * grid.columns)
    kept: list[Grid] = []
    for grid in grids:
        if grid.rows * grid.columns > 1 and not any(_overlap(grid, other) for other in kept):
            kept.append(grid)
    return kept


def _rules(mask: NDArray[np.bool_], settings: GridSettings) -> list[RuledLine]:
    """Lines that may be rules: those of one direction, about that of the longest."""
    lines = detect_lines(mask, settings.rules)
    if not lines:
        return []
    slope = np.array([(line.rows[-1] - line.rows[0]) / max(line.end - line.start, 1.0) for line in lines])
    length = np.array([line.end - line.start for line in lines])
    order = np.argsort(slope)
    usual = slope[order][np.searchsorted(length[order].cumsum(), length.sum() / 2)]
    steepest = float(abs(usual)) + settings.spread
    if steepest < settings.rules.steepest:  # writing makes no steep lines of them
        lines = detect_lines(mask, replace(settings.rules, steepest=steepest))
        slope = np.array([(line.rows[-1] - line.rows[0]) / max(line.end - line.start, 1.0) for line in lines])
    return [line for line, one in zip(lines, slope, strict=True) if abs(one - usual) <= 2 * settings.spread]


def _overlap(grid: Grid, other: Grid) -> bool:
    """Whether the middle of any cell of a grid lies within another's."""
    middles = grid.corners.mean(2).reshape(-1, 1, 2)
    low, high = (side.reshape(-1, 2) for side in (other.corners.min(2), other.corners.max(2)))
    return bool(((middles > low) & (middles < high)).all(2).any())


def _strips(
    lines: Sequence[RuledLine], near: NDArray[np.bool_], mask: NDArray[np.bool_], settings: GridSettings
) -> list[_Strip]:
    """Strips with cells between a rule and the nearest below it that makes cells with it."""
    strips: list[_Strip] = []
    # The picture's edges come last: they stand for rules that no other rule makes cells with.
    for number in [*range(1, len(lines)), 0]:
        upper, tries = lines[number], 0
        for lower in lines[number + 1 :]:
            start, end = max(upper.start, lower.start), min(upper.end, lower.end)
            if end - start < settings.least:
                continue
            if upper.thickness == 0 and any(strip.lower is lower for strip in strips):
                break
            if lower.thickness == 0 and any(strip.upper is upper for strip in strips):
                break
            at = np.linspace(start, end, 9)
            heights = lower.row(at) - upper.row(at)
            if heights.min() < settings.least:
                continue
            tries += 1
            if np.ptp(heights) <= settings.uneven * heights.mean():
                strip = _strip(upper, lower, near, mask, settings)
                if strip:
                    strips.append(strip)
                    break
            if tries >= settings.tries:
                break
    return sorted(strips, key=lambda strip: strip.upper.middle)


def _strip(
    upper: RuledLine,
    lower: RuledLine,
    near: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    settings: GridSettings,
) -> _Strip | None:
    """The walls between two rules, if there are cells between them."""
    rows, columns = mask.shape
    height = float(np.mean(lower.row(upper.columns) - upper.row(upper.columns)))
    first = 0  # rules go on where they are too faint to be followed
    at = np.arange(columns)
    # Not on the rules themselves: there a 1 would seem to reach them.
    begin = upper.row(at) + (upper.thickness / 2 + settings.clear if upper.thickness else 1.0)
    finish = lower.row(at) - (lower.thickness / 2 + settings.clear if lower.thickness else 1.0)
    share = (np.arange(settings.samples) + 0.5) / settings.samples
    y = np.rint(begin + share[:, None] * (finish - begin)).astype(np.intp).clip(0, rows - 1)
    sampled = near[y, at]
    walls = _walls(sampled, first, height, settings)
    is_open = upper.thickness == 0 or lower.thickness == 0
    if len(walls) < 2:
        return None
    between = np.diff([wall.middle for wall in walls])
    cells = [_is_cell(a, b, upper, lower, mask, settings) for a, b in pairwise(walls)]
    if not any(cells):
        return None
    usual = float(np.median(between[np.array(cells)]))
    if not settings.least <= usual or max(usual, height) > settings.slimness * min(usual, height):
        return None
    if is_open and sum(cells) < 2:
        return None
    walls, cells = _with_open_cells(walls, cells, usual, (upper, lower, mask), settings)
    return _Strip(upper, lower, tuple(walls), tuple(cells))


def _with_open_cells(
    walls: list[_Wall],
    cells: list[bool],
    usual: float,
    between: tuple[RuledLine, RuledLine, NDArray[np.bool_]],
    settings: GridSettings,
) -> tuple[list[_Wall], list[bool]]:
    """Walls and cells with those that the picture's left and right edge cut open."""
    upper, lower, mask = between
    columns = mask.shape[1]
    left, right = _Wall(-1.0, -1.0, 0.0, True), _Wall(float(columns), float(columns), 0.0, True)
    least, most = settings.open_cell * usual, 1.5 * usual
    if least <= walls[0].middle <= most and _is_cell(left, walls[0], upper, lower, mask, settings):
        walls, cells = [left, *walls], [True, *cells]
    last = walls[-1]
    if least <= columns - last.middle <= most and _is_cell(last, right, upper, lower, mask, settings):
        walls, cells = [*walls, right], [*cells, True]
    return walls, cells


def _walls(sampled: NDArray[np.bool_], first: int, height: float, settings: GridSettings) -> list[_Wall]:
    """Walls in a strip that was made straight, (samples, columns): foreground from top to bottom at some slant."""
    samples, columns = sampled.shape
    place = (np.arange(samples) + 0.5) / samples - 0.5
    end = settings.wall_ends
    fills = np.zeros((len(settings.slants), columns))
    for number, slant in enumerate(settings.slants):
        offset = np.rint(slant * height * place).astype(np.intp)
        moved = np.arange(columns) + offset[:, None]
        inside = (moved >= 0) & (moved < columns)
        seen = sampled[np.arange(samples)[:, None], moved.clip(0, columns - 1)] & inside
        ends = np.minimum(seen[:end].mean(0), seen[-end:].mean(0))
        fills[number] = np.where(ends >= settings.wall_ends_printed, seen.mean(0), 0.0)
    best = fills.max(0)
    labels, _ = ndimage.label(best >= settings.wall)
    walls = []
    for (across,) in ndimage.find_objects(labels):
        part = fills[:, across]
        width = across.stop - across.start
        if width - 2 > max(settings.wall_width * height, 4.0):
            continue
        which, x = np.nonzero(part >= part.max() - 1e-9)
        slant = float(np.median([settings.slants[one] for one in which]))
        middle = first + across.start + float(x.mean())
        half = slant * height / 2
        walls.append(_Wall(middle - half, middle + half, max(1.0, width - 2.0)))
    return walls


def _is_cell(
    left: _Wall,
    right: _Wall,
    upper: RuledLine,
    lower: RuledLine,
    mask: NDArray[np.bool_],
    settings: GridSettings,
) -> bool:
    """Whether both rules are printed between two walls; the picture's edge needs no print."""
    if right.middle - left.middle < settings.least:
        return False
    for line, start, end in ((upper, left.top, right.top), (lower, left.bottom, right.bottom)):
        if line.thickness == 0:
            continue
        at = np.arange(max(0, round(start) + 1), min(mask.shape[1], round(end)))
        if not len(at):
            return False
        row = np.rint(line.row(at)).astype(np.intp)
        near = [mask[(row + offset).clip(0, len(mask) - 1), at] for offset in (-2, -1, 0, 1, 2)]
        near.append((row < 0) | (row >= len(mask)))  # the picture's edge cuts the rule off
        if np.any(near, 0).mean() < settings.rule:
            return False
    return True


# --- from strips to grids ---------------------------------------------------------------------------------


def _groups(strips: Sequence[_Strip], settings: GridSettings) -> list[list[_Strip]]:
    """Strips of one grid together: one's lower rule is the next one's upper rule, and walls go on."""
    groups: list[list[_Strip]] = []
    for strip in strips:
        for group in groups:
            last = group[-1]
            if last.lower is strip.upper and _go_on(last, strip, settings) >= 2:
                group.append(strip)
                break
        else:
            groups.append([strip])
    return groups


def _go_on(above: _Strip, below: _Strip, settings: GridSettings) -> int:
    """How many walls of one strip go on in the next."""
    near = max(
        settings.same_wall_least,
        settings.same_wall * float(np.median(np.diff([wall.middle for wall in above.walls]))),
    )
    tops = np.array([wall.top for wall in below.walls])
    return sum(bool((np.abs(tops - wall.bottom) <= near).any()) for wall in above.walls)


def _grid(strips: Sequence[_Strip], settings: GridSettings) -> Grid | None:
    """The grid of some strips."""
    if len(strips) == 1:
        strips = [_without_strokes(strips[0], settings)]
    thickness = float(
        np.median(
            [w.width for s in strips for w in s.walls if not w.edge] + [s.lower.thickness for s in strips]
        )
    )
    if len(strips) == 1 and not all(strips[0].cells):
        return _row_of_boxes(strips[0], thickness)
    place, middles = _columns(strips, settings)
    if len(middles) < 2:
        return None
    lines = [strips[0].upper, *(strip.lower for strip in strips)]
    x = np.full((len(lines), len(middles)), np.nan)
    for number, (strip, columns) in enumerate(zip(strips, place, strict=True)):
        for wall, column in zip(strip.walls, columns, strict=True):
            if column >= 0:
                x[number, column] = np.nanmean([x[number, column], wall.top])
                x[number + 1, column] = wall.bottom
    x = _filled(x)
    y = np.stack([line.row(row) for line, row in zip(lines, x, strict=True)])
    corners = _corners(np.stack([x, y], 2))
    printed = np.zeros(corners.shape[:2], bool)
    for number, (strip, columns) in enumerate(zip(strips, place, strict=True)):
        for k, cell in enumerate(strip.cells):
            if cell and columns[k] >= 0 and columns[k + 1] == columns[k] + 1:
                printed[number, columns[k]] = True
    return Grid(corners, thickness, True, printed)


def _without_strokes(strip: _Strip, settings: GridSettings) -> _Strip:
    """A row without the upright strokes that were taken for walls: they part a box as wide as the others."""
    walls, cells = list(strip.walls), list(strip.cells)
    widths = np.diff([wall.middle for wall in walls])
    usual = float(np.median(widths[np.array(cells)]))
    for number in range(len(cells) - 2, -1, -1):
        pair = widths[number : number + 2]
        alike = abs(pair.sum() - usual) <= settings.split * usual
        if alike and pair.max() <= settings.split_rest * usual and cells[number] and cells[number + 1]:
            del walls[number + 1], cells[number + 1]
            widths = np.diff([wall.middle for wall in walls])
    return replace(strip, walls=tuple(walls), cells=tuple(cells))


def _row_of_boxes(strip: _Strip, thickness: float) -> Grid | None:
    """Boxes that stand apart, in one row."""
    quads = []
    for left, right, cell in zip(strip.walls, strip.walls[1:], strip.cells, strict=False):
        if cell:
            points = ((left.top, 0), (right.top, 0), (right.bottom, 1), (left.bottom, 1))
            quads.append([(x, float((strip.lower if low else strip.upper).row(x))) for x, low in points])
    wide = np.array([quad[1][0] - quad[0][0] for quad in quads])
    kept = [quad for quad, width in zip(quads, wide, strict=True) if width > 0.5 * np.median(wide)]
    corners = np.array(kept, float)[None]
    return Grid(corners, thickness, False, np.ones(corners.shape[:2], bool))


def _columns(strips: Sequence[_Strip], settings: GridSettings) -> tuple[list[list[int]], NDArray[np.float64]]:
    """Which column boundary each wall of each strip is, −1 for none; and where the boundaries are.

    Walls of several strips are compared where the walls that go through all strips would put them in the first.
    """
    widths = np.concatenate([np.diff([wall.middle for wall in strip.walls]) for strip in strips])
    near = max(settings.same_wall_least, settings.same_wall * float(np.median(widths)))
    through = [[wall] for wall in strips[0].walls]
    for strip in strips[1:]:
        for chain in through:
            following = [w for w in strip.walls if abs(w.top - chain[-1].bottom) <= near]
            if following and len(chain) == strips.index(strip):
                chain.append(min(following, key=lambda wall: abs(wall.top - chain[-1].bottom)))
    through = [chain for chain in through if len(chain) == len(strips)]
    reference = np.array([chain[0].middle for chain in through])
    places = []
    for number, strip in enumerate(strips):
        here = np.array([chain[number].middle for chain in through])
        middle = np.array([wall.middle for wall in strip.walls])
        places.append(_mapped(middle, here, reference))
    every = np.concatenate(places)
    row = np.repeat(np.arange(len(places)), [len(place) for place in places])[np.argsort(every)]
    every = np.sort(every)
    parts = np.flatnonzero(np.diff(every) > 2 * near) + 1
    clusters = zip(np.split(every, parts), np.split(row, parts), strict=True)
    enough = settings.column * len(strips)
    middles = np.array([float(np.median(one)) for one, rows in clusters if len(set(rows.tolist())) >= enough])
    which = []
    for place in places:
        nearest = np.abs(place[:, None] - middles).argmin(1) if len(middles) else np.zeros(len(place), int)
        close = np.abs(place - middles[nearest]) <= 2 * near if len(middles) else np.zeros(len(place), bool)
        which.append([int(one) if fine else -1 for one, fine in zip(nearest, close, strict=True)])
    return which, middles


def _mapped(
    values: NDArray[np.float64], here: NDArray[np.float64], there: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values between known places here, between the same places there; linear, beyond them as well."""
    if not len(here):
        return values
    if len(here) == 1:
        return np.asarray(values + there[0] - here[0])
    k = np.searchsorted(here, values).clip(1, len(here) - 1)
    slope = (there[k] - there[k - 1]) / np.maximum(here[k] - here[k - 1], 1e-9)
    mapped: NDArray[np.float64] = there[k - 1] + slope * (values - here[k - 1])
    return mapped


def _filled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of crossings, (rules, walls), with those that were not seen where the others put them."""
    for row in range(len(x)):
        lacking = np.isnan(x[row])
        if not lacking.any():
            continue
        order = sorted(range(len(x)), key=lambda other: abs(other - row))
        for column in np.flatnonzero(lacking):
            for other in order:
                known = ~np.isnan(x[row]) & ~np.isnan(x[other])
                known[column] = False
                if not np.isnan(x[other, column]) and known.any():
                    x[row, column] = _mapped(x[other, [column]], x[other, known], x[row, known])[0]
                    break
            else:
                x[row, column] = np.nanmean(x[:, column])
    return x
