"""Cells of a grid as images: each made straight and cut within its rules; and whether writing keeps to the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import estimate_background
from .geometry import Region, corners_to_box
from .grids import Grid
from .order_statistics import quantile
from .planes import map_planes, mean_plane, replace_where
from .resize import reduce_to, resize

__all__ = [
    "CELLS",
    "CellSettings",
    "CellWriting",
    "cell_regions",
    "cell_writing",
    "grid_of_regions",
    "without_grids",
]


@dataclass(frozen=True)
class CellSettings:
    """How cells are cut out, and what writing in cells looks like. Chosen on benchmarks/cell_pictures.py."""

    inset: float = 0.03  # sides of a cell that are cut off within its rules …
    inset_least: float = 1.0  # … and pixels, at least
    straight: float = 0.006  # slope of a grid's rules below which cells are cut out without turning them
    samples: int = 24  # places of a cell in either direction, where it is looked at whether it is written in
    ink: float = 0.4  # share of the darkest ink's contrast from which on a place is written on …
    ink_least: float = 0.08  # … and of the whole range
    inked: float = 0.012  # share of a cell's inner places that are written on
    inner: float = 0.14  # sides of a cell from its rules, within which is its inside
    beside: float = (
        0.08  # sides beside the middle of a rule, where a stroke that crosses it is seen on both sides
    )
    crossings: float = 0.2  # strokes that cross a rule, for each cell that is written in, at most
    touching: float = 0.1  # sides of a cell: boxes of a row that are less apart share a rule
    shapes: tuple[float, float] = (0.35, 2.2)  # widths by heights of boxes that are looked for unasked
    neighbour: float = 1.5  # widths of a cell, within which writing beside a grid belongs to it, …
    neighbour_width: float = 0.25  # … if it is so wide: print that runs up beside a grid is not
    edge: float = 0.15  # sides of a cell from the picture's edge, within which that may cut the grid
    speck: float = 0.25  # heights of a cell: what is lower beside a grid is no writing
    filled: float = 0.75  # share of cells that are written in, of a grid that the picture's edges cut, …
    many: int = 200  # … or so many of them, where …
    many_crossings: float = 0.01  # … no more strokes cross a rule, for each
    evidence: float = 1.0  # heights of a line's image: without a rule of this length it shows no cells
    printed: float = 0.8  # share of the cells of a further table whose rules are printed
    empty_printed: float = (
        0.5  # the same, of a table in which nothing is written: else strokes of digits are its rules
    )
    margin: float = 4.0  # pixels around a grid that are painted over with it


CELLS = CellSettings()


def cell_regions(
    image: NDArray[np.float32], grid: Grid, name: str = "the picture", settings: CellSettings = CELLS
) -> list[Region]:
    """The inside of every cell, row by row, from left to right.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        grid: its cells, in pixels of the image.
        name: what errors call it.
        settings: how much is cut off within the rules.

    Returns:
        rows × columns regions, whose line is the cell's row.
    """
    regions = []
    straight = grid.slope < settings.straight
    for row in range(grid.rows):
        for column in range(grid.columns):
            corners = _inside(grid.corners[row, column], grid.thickness, image.shape, settings)
            called = f"{name}, row {row + 1}, column {column + 1}"
            left, top, wide, high = corners_to_box(corners)
            box = (left, top, wide, high)
            if straight:
                part = image[top : top + high, left : left + wide]
                regions.append(Region(box, (left, top), part, called, row))
            else:
                part = _straightened(image, corners)
                regions.append(Region(box, (0, 0), part, called, row, corners=corners))
    return regions


def grid_of_regions(regions: Sequence[Region]) -> Grid:
    """The boxes of regions as a grid of one row, in pixels of their page."""
    left, top, wide, high = np.array([region.box for region in regions], float).T
    right, bottom = left + wide, top + high
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], 1).reshape(1, -1, 4, 2)
    return Grid(corners, 2.0, False)


def _inside(
    corners: NDArray[np.float64], thickness: float, shape: tuple[int, ...], settings: CellSettings
) -> NDArray[np.float64]:
    """Corners of a cell's inside, (4, 2), within its rules and the image; in edges of pixels."""
    across = float(np.linalg.norm(corners[[1, 2]] - corners[[0, 3]], axis=1).mean())
    down = float(np.linalg.norm(corners[[3, 2]] - corners[[0, 1]], axis=1).mean())
    cut_x, cut_y = (
        min(0.3, (thickness / 2 + max(settings.inset_least, settings.inset * side)) / max(side, 1.0))
        for side in (across, down)
    )
    unit = np.array([(cut_x, cut_y), (1 - cut_x, cut_y), (1 - cut_x, 1 - cut_y), (cut_x, 1 - cut_y)])
    inside = _bilinear(corners, unit[:, 0], unit[:, 1]) + 0.5
    return inside.clip(0, [shape[1], shape[0]])


def _bilinear(
    corners: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Points of a quadrilateral, (…, 4, 2), at shares of its sides: (…, *u.shape, 2)."""
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], -1)
    points: NDArray[np.float64] = np.tensordot(corners, weights, axes=([-2], [-1]))
    return np.moveaxis(points, corners.ndim - 2, -1)


def _straightened(image: NDArray[np.float32], corners: NDArray[np.float64]) -> NDArray[np.float32]:
    """The part of an image within four corners, as a rectangle of the same size."""
    wide = max(2, round(float(np.linalg.norm(corners[[1, 2]] - corners[[0, 3]], axis=1).mean())))
    high = max(2, round(float(np.linalg.norm(corners[[3, 2]] - corners[[0, 1]], axis=1).mean())))
    u, v = np.meshgrid((np.arange(wide) + 0.5) / wide, (np.arange(high) + 0.5) / high)
    points = _bilinear(corners, u, v) - 0.5
    left, top = (max(0, int(points[..., axis].min()) - 1) for axis in (0, 1))
    part = image[top : int(points[..., 1].max()) + 3, left : int(points[..., 0].max()) + 3]
    at = [points[..., 1] - top, points[..., 0] - left]
    return map_planes(
        lambda plane: ndimage.map_coordinates(plane, at, order=1, mode="nearest").astype(np.float32), part
    )


@dataclass(frozen=True)
class CellWriting:
    """What is written in the cells of a grid.

    cells: of the grid. filled: cells that are written in. crossings: strokes that cross a rule. cut: whether the grid
    reaches the image's edge.
    """

    cells: int
    filled: int
    crossings: int
    cut: bool

    def keeps_to_cells(self, cut: bool = False, settings: CellSettings = CELLS) -> bool:
        """Whether what is written keeps to the cells; writing on squared paper crosses the rules.

        Args:
            cut: whether the image's edges cut the grid, as squared paper, also where they are a little away: then
                enough of its cells must be filled, or very many without a stroke across a rule.
            settings: what writing in cells looks like.
        """
        if (self.cut or cut) and self.filled < settings.filled * self.cells:
            return self.filled >= settings.many and self.crossings <= settings.many_crossings * self.filled
        return self.crossings <= settings.crossings * max(self.filled, 1)


def cell_writing(image: NDArray[np.float32], grid: Grid, settings: CellSettings = CELLS) -> CellWriting:
    """What is written in the cells of a grid.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        grid: its cells.
        settings: what writing in cells looks like.
    """
    inked = _inked(image, grid, settings)
    side = float(np.linalg.norm(grid.corners[..., 1, :] - grid.corners[..., 0, :], axis=-1).mean())
    share = max(settings.beside, 0.75 * grid.thickness / max(side, 1.0) + 0.04)
    n = settings.samples
    near = min(n // 3, round(share * n))
    edge = max(2, round(settings.inner * n))
    filled = inked[..., edge:-edge, edge:-edge].mean((2, 3)) > settings.inked
    across = inked[:, :-1, edge:-edge, n - 1 - near] & inked[:, 1:, edge:-edge, near]
    down = inked[:-1, :, n - 1 - near, edge:-edge] & inked[1:, :, near, edge:-edge]
    across_rules = across.any(-1)
    if not grid.shared:  # boxes that touch share a rule all the same, as those of squared paper
        gaps = np.linalg.norm(grid.corners[:, 1:, [0, 3]] - grid.corners[:, :-1, [1, 2]], axis=-1).mean(-1)
        across_rules = across_rules & (gaps < settings.touching * side)
    crossings = int(across_rules.sum()) + (int(down.any(-1).sum()) if grid.shared else 0)
    low, high = grid.corners.min((0, 1, 2)), grid.corners.max((0, 1, 2))
    rim = settings.edge * max(side, 1.0)
    cut = bool((low < rim).any() or (high > [image.shape[1] - rim, image.shape[0] - rim]).any())
    return CellWriting(filled.size, int(filled.sum()), crossings, cut)


def _inked(image: NDArray[np.float32], grid: Grid, settings: CellSettings) -> NDArray[np.bool_]:
    """Which places of each cell are written on: (rows, columns, samples, samples)."""
    n = settings.samples
    u, v = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n)
    points = _bilinear(grid.corners, u, v)
    side = float(np.linalg.norm(grid.corners[..., 1, :] - grid.corners[..., 0, :], axis=-1).mean())
    # Only what lies around the grid is looked at: a page may have dozens of grids.
    margin = int(side / n) + 2
    least, most = (edge((0, 1, 2, 3)).astype(int) for edge in (points.min, points.max))
    left, top = np.clip(least - margin, 0, [image.shape[1] - 1, image.shape[0] - 1]).tolist()
    right, bottom = np.maximum(most + margin + 1, [left + 1, top + 1]).tolist()
    plane = mean_plane(image[top:bottom, left:right])
    if side > 2 * n:  # no thin stroke falls between two places
        plane = ndimage.uniform_filter(plane, int(side / n))
    at = [points[..., 1] - top, points[..., 0] - left]
    levels = ndimage.map_coordinates(plane, at, order=1, mode="nearest")
    inner = levels[..., 3:-3, 3:-3].reshape(grid.rows, grid.columns, -1)
    background = np.quantile(inner, 0.7, axis=-1)[..., None, None]
    difference = background - levels
    if -float(quantile(difference, 0.003)) > float(quantile(difference, 0.997)):
        difference = -difference
    darkest = float(quantile(difference[..., 4:-4, 4:-4], 0.98))
    mask: NDArray[np.bool_] = difference > max(settings.ink_least, settings.ink * darkest)
    return mask


def without_grids(
    image: NDArray[np.float32], grids: Sequence[Grid], settings: CellSettings = CELLS
) -> NDArray[np.float32]:
    """An image, (rows, columns, 3) in 0 … 1, with grids painted over with the background around them."""
    from PIL import Image, ImageDraw

    covered = Image.new("1", (image.shape[1], image.shape[0]))
    pen = ImageDraw.Draw(covered)
    for grid in grids:
        grow = grid.thickness + settings.margin
        for corners in grid.corners.reshape(-1, 4, 2):
            low, high = corners.min(0) - grow, corners.max(0) + grow
            pen.rectangle([*low.tolist(), *high.tolist()], fill=1)
    mask = np.asarray(covered)
    small = reduce_to(image, 240)
    inside = resize(mask.astype(np.float32), small.shape[:2], "area") > 0
    if inside.all():
        return np.broadcast_to(np.median(image, (0, 1)), image.shape).astype(np.float32)
    nearest = ndimage.distance_transform_edt(inside, return_distances=False, return_indices=True)
    background = estimate_background(map_planes(lambda plane: plane[tuple(nearest)], small))
    return replace_where(
        mask, map_planes(lambda plane: resize(plane, mask.shape, "linear"), background), image
    )
