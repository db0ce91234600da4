"""Grids of printed cells: rows of boxes and tables, straight, turned or in perspective, from their rules.

Strips of cells that share walls and rules (grid_rules) make up a grid, whose crossings follow from all of its rules
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .grid_rules import GRIDS, GridSettings, Rules, Strip, find_strips, image_rules
from .order_statistics import quantile

__all__ = ["GRIDS", "Grid", "GridSettings", "corners_between", "find_grids", "transposed"]

MOST_SIDES = 0.95  # share of a grid's sides that are no steeper than its slope


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
        """Tangent of a side's angle to the image's own that few sides exceed: 0 of a grid that is straight.

        A few sides are a pixel or two off, as their rules were found.
        """
        across = self.corners[..., [1, 2], :] - self.corners[..., [0, 3], :]
        down = self.corners[..., [3, 2], :] - self.corners[..., [0, 1], :]
        slopes = across[..., 1] / across[..., 0].clip(1), down[..., 0] / down[..., 1].clip(1)
        return max(float(quantile(np.abs(slope), MOST_SIDES)) for slope in slopes)

    def scale(self, factor: float) -> Grid:
        """The same grid in an image enlarged by a factor."""
        return replace(self, corners=(self.corners + 0.5) * factor - 0.5, thickness=self.thickness * factor)


def find_grids(
    image: NDArray[np.float32], settings: GridSettings = GRIDS, rules: Rules | None = None
) -> list[Grid]:
    """The grids of printed cells in an image, from top to bottom; often none.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        settings: what cells look like.
        rules: of the image, where they are known.

    Returns:
        Grids of one cell or more, with corners in pixels of the image. A row of boxes that do not touch is a grid,
        too. Where the image's edge cuts a cell open, the edge stands for the rule.
    """
    rules = rules or image_rules(image, settings)
    if rules is None:
        return []
    best = _either_way(rules)
    if _may_have_fainter_rules(best, settings):
        fainter = replace(settings, noise=settings.faint_noise, of_strong=settings.faint_of_strong)
        faint = image_rules(image, fainter)
        other = _either_way(faint) if faint else []
        if faint and _subdivides(other, best, settings):
            rules, best = faint, other
    rows, columns = rules.mask.shape
    # Rules that are continued from two strokes may meet a million pixels away.
    size = np.array([columns, rows])
    low, high = -settings.outside * size, (1 + settings.outside) * size
    best = [grid for grid in best if (grid.corners >= low).all() and (grid.corners <= high).all()]
    best.sort(key=lambda grid: (float(grid.corners[..., 1].min()), float(grid.corners[..., 0].min())))
    return [grid.scale(rules.pixels) for grid in best]


def _either_way(rules: Rules) -> list[Grid]:
    """The grids between some rules: of rows, or of columns where these have more cells."""
    settings = rules.settings
    best = _grids(rules)
    rows, columns = rules.mask.shape
    # One column of cells has long walls and short rules; there is none in a line's image.
    turned = [] if columns > settings.widest * rows else _grids(rules.transposed())
    if _cells(turned) > settings.more * _cells(best):
        return [transposed(grid) for grid in turned]
    return best


def _printed(grid: Grid) -> float:
    """Share of a grid's cells whose rules were seen on all sides."""
    return float(grid.printed.mean())


def _may_have_fainter_rules(grids: Sequence[Grid], settings: GridSettings) -> bool:
    """Whether the rules that were found may be but the heavy ones, as of a sudoku: few, or around few of the cells."""
    largest = max(grids, key=lambda grid: grid.rows * grid.columns, default=None)
    if largest is None or min(largest.rows, largest.columns) < 2:
        return False
    return _printed(largest) < settings.patchy or largest.rows * largest.columns <= settings.few_cells


def _subdivides(fainter: Sequence[Grid], heavy: Sequence[Grid], settings: GridSettings) -> bool:
    """Whether fainter rules part the cells between heavy ones, and are no strokes of what is written in these."""
    if not fainter or max(map(_printed, fainter)) < settings.patchless:
        return False
    whole = max(map(_printed, heavy)) >= settings.patchy
    return _cells(fainter) > (settings.subdivided if whole else 1.0) * _cells(heavy)


def _cells(grids: Sequence[Grid]) -> int:
    return sum(grid.rows * grid.columns for grid in grids)


def transposed(grid: Grid) -> Grid:
    """A grid of an image whose rows and columns were exchanged."""
    corners = grid.corners.swapaxes(0, 1)[:, :, [0, 3, 2, 1], ::-1]
    return replace(grid, corners=corners, printed=grid.printed.T)


def corners_between(crossings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners (rows, columns, 4, 2) of the cells between crossings, (rows + 1, columns + 1, 2)."""
    return np.stack([crossings[:-1, :-1], crossings[:-1, 1:], crossings[1:, 1:], crossings[1:, :-1]], 2)


def _grids(rules: Rules) -> list[Grid]:
    """The grids of cells between some rules, the largest first."""
    settings = rules.settings
    grids = [grid for group in _groups(find_strips(rules), settings) if (grid := _grid(group, settings))]
    grids.sort(key=lambda grid: -grid.rows * grid.columns)
    kept: list[Grid] = []
    for grid in grids:
        if grid.rows * grid.columns > 1 and not any(_overlap(grid, other) for other in kept):
            kept.append(grid)
    return kept


def _overlap(grid: Grid, other: Grid) -> bool:
    """Whether the middle of any cell of a grid lies within another's."""
    middles = grid.corners.mean(2).reshape(-1, 1, 2)
    low, high = (side.reshape(-1, 2) for side in (other.corners.min(2), other.corners.max(2)))
    return bool(((middles > low) & (middles < high)).all(2).any())


# --- from strips to grids ---------------------------------------------------------------------------------


def _groups(strips: Sequence[Strip], settings: GridSettings) -> list[list[Strip]]:
    """Strips of one grid together: one's lower rule is the next one's upper rule, and walls go on."""
    groups: list[list[Strip]] = []
    for strip in strips:
        for group in groups:
            last = group[-1]
            if last.lower is strip.upper and _go_on(last, strip, settings) >= 2:
                group.append(strip)
                break
        else:
            groups.append([strip])
    return groups


def _go_on(above: Strip, below: Strip, settings: GridSettings) -> int:
    """How many walls of one strip go on in the next."""
    near = max(
        settings.same_wall_least,
        settings.same_wall * float(np.median(np.diff([wall.middle for wall in above.walls]))),
    )
    tops = np.array([wall.top for wall in below.walls])
    return sum(bool((np.abs(tops - wall.bottom) <= near).any()) for wall in above.walls)


def _grid(strips: Sequence[Strip], settings: GridSettings) -> Grid | None:
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
                above = x[number, column]
                x[number, column] = wall.top if np.isnan(above) else (above + wall.top) / 2
                x[number + 1, column] = wall.bottom
    x = _filled(x)
    y = np.stack([line.row(row) for line, row in zip(lines, x, strict=True)])
    corners = corners_between(np.stack([x, y], 2))
    printed = np.zeros(corners.shape[:2], bool)
    for number, (strip, columns) in enumerate(zip(strips, place, strict=True)):
        for k, cell in enumerate(strip.cells):
            if cell and columns[k] >= 0 and columns[k + 1] == columns[k] + 1:
                printed[number, columns[k]] = True
    return Grid(corners, thickness, True, printed)


def _without_strokes(strip: Strip, settings: GridSettings) -> Strip:
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


def _row_of_boxes(strip: Strip, thickness: float) -> Grid | None:
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


def _columns(strips: Sequence[Strip], settings: GridSettings) -> tuple[list[list[int]], NDArray[np.float64]]:
    """Which column boundary each wall of each strip is, −1 for none; and where the boundaries are.

    Walls of several strips are compared where the walls that go through all strips would put them in the first.
    """
    widths = np.concatenate([np.diff([wall.middle for wall in strip.walls]) for strip in strips])
    near = max(settings.same_wall_least, settings.same_wall * float(np.median(widths)))
    through = [[wall] for wall in strips[0].walls]
    for strip in strips[1:]:
        bottoms = np.array([chain[-1].bottom for chain in through])
        distance = np.abs(np.array([wall.top for wall in strip.walls]) - bottoms[:, None])
        nearest = distance.argmin(1)
        goes_on = np.flatnonzero(np.take_along_axis(distance, nearest[:, None], 1)[:, 0] <= near)
        through = [[*through[chain], strip.walls[nearest[chain]]] for chain in goes_on.tolist()]
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
