"""A grid of known rows and columns: the printed one, mended where a stroke or a gap made another count of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .grid_rules import GRIDS, GridSettings, Rules
from .grids import Grid, corners_between, find_grids, transposed

__all__ = ["COUNTS", "CountSettings", "grid_of_counts"]


@dataclass(frozen=True)
class CountSettings:
    """How far a printed grid may be from known counts. Chosen by eye on scans of benchmarks/forms.py (seed 2216)."""

    most: int = 3  # rows, or columns, that it has too many or too few
    uneven: float = 1.4  # heights of its lowest row that its highest has at most, when it has been mended


COUNTS = CountSettings()


def grid_of_counts(
    image: NDArray[np.float32],
    rows: int,
    columns: int,
    settings: GridSettings = GRIDS,
    rules: Rules | None = None,
    counts: CountSettings = COUNTS,
) -> Grid:
    """The grid of known rows and columns in an image that shows little else.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        rows: of the grid.
        columns: of the grid.
        settings: what cells look like.
        rules: of the image, where they are known.
        counts: how far a printed grid may be from the counts.

    Returns:
        The printed grid that has these counts, or has them when rows that a stroke parts are joined and rows between
        which no rule was seen are parted; else the image divided evenly.
    """
    grids = find_grids(image, settings, rules)
    grids.sort(key=lambda grid: abs(grid.rows - rows) + abs(grid.columns - columns))
    for grid in grids:
        mended = _with_rows(grid, rows, counts)
        turned = mended and _with_rows(transposed(mended), columns, counts)
        if turned:
            return transposed(turned)
    y = np.linspace(0, image.shape[0], rows + 1)
    x = np.linspace(0, image.shape[1], columns + 1)
    crossings = np.stack(np.meshgrid(x, y), 2)
    return Grid(corners_between(crossings), 0.0, True, np.zeros((rows, columns), bool))


def _with_rows(grid: Grid, rows: int, settings: CountSettings) -> Grid | None:
    """A grid with so many rows, about equally high where it has been mended; None where it cannot be."""
    if grid.rows == rows:
        return grid
    if abs(grid.rows - rows) > settings.most:
        return None
    while grid.rows > rows:
        grid = min((_joined(grid, row) for row in range(grid.rows - 1)), key=_unevenness)
    while grid.rows < rows:
        grid = _parted(grid, int(_heights(grid).argmax()))
    return grid if _unevenness(grid) <= settings.uneven else None


def _heights(grid: Grid) -> NDArray[np.float64]:
    """The height of each row, the median of its cells."""
    left, right = (grid.corners[..., low, :] - grid.corners[..., high, :] for low, high in ((3, 0), (2, 1)))
    heights: NDArray[np.float64] = np.median(np.linalg.norm(left + right, axis=-1) / 2, 1)
    return heights


def _unevenness(grid: Grid) -> float:
    """Height of the highest row by that of the lowest."""
    heights = _heights(grid)
    return float(heights.max() / max(heights.min(), 1e-6))


def _joined(grid: Grid, row: int) -> Grid:
    """A grid of which a row and the next one are one."""
    upper, lower = grid.corners[row], grid.corners[row + 1]
    both = np.concatenate([upper[:, :2], lower[:, 2:]], 1)
    printed = grid.printed[row] | grid.printed[row + 1]
    return _replaced(grid, row, 2, [both], [printed])


def _parted(grid: Grid, row: int) -> Grid:
    """A grid of which a row is two, equally high."""
    cells = grid.corners[row]
    middle = (cells[:, :2] + cells[:, [3, 2]]) / 2  # of the left side and the right one
    upper = np.concatenate([cells[:, :2], middle[:, ::-1]], 1)
    lower = np.concatenate([middle, cells[:, 2:]], 1)
    return _replaced(grid, row, 1, [upper, lower], [np.zeros(grid.columns, bool)] * 2)


def _replaced(
    grid: Grid,
    row: int,
    count: int,
    corners: list[NDArray[np.float64]],
    printed: list[NDArray[np.bool_]],
) -> Grid:
    """A grid with other rows in place of `count` of its own."""
    return replace(
        grid,
        corners=np.concatenate([grid.corners[:row], np.stack(corners), grid.corners[row + count :]]),
        printed=np.concatenate([grid.printed[:row], np.stack(printed), grid.printed[row + count :]]),
    )
