"""The loops of cutting a line: cheapest seams, and candidates brought to one size (interface.Seams)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["local_minima", "place_glyphs", "render_candidates", "seam_costs", "shrink_to_box", "trace_seams"]


def seam_costs(
    foreground: NDArray[np.float32], offset_cost: float
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Cost and step of the cheapest seams, as interface.Seams.seam_costs."""
    rows, columns = foreground.shape
    cost = np.full((rows, columns + 2), np.inf, np.float32)  # between two walls
    cost[0, 1:-1] = foreground[0]
    sideways = np.empty(columns, np.float32)
    for above, here, level in zip(cost, cost[1:], foreground[1:], strict=False):
        np.minimum(above[:-2], above[2:], out=sideways)
        np.add(sideways, np.float32(offset_cost), out=sideways)
        np.minimum(sideways, above[1:-1], out=sideways)
        np.add(sideways, level, out=here[1:-1])
    left, straight, right = cost[:-1, :-2], cost[:-1, 1:-1], cost[:-1, 2:]
    step = np.zeros((rows, columns), np.int8)
    step[1:] = np.where(
        np.minimum(left, right) + np.float32(offset_cost) < straight, np.where(left <= right, -1, 1), 0
    )
    return cost[-1, 1:-1], step


def local_minima(cost: NDArray[np.float32], reach: int, limit: float) -> NDArray[np.intp]:
    """Columns that are the cheapest within reach, as interface.Seams.local_minima."""
    from scipy import ndimage

    least = ndimage.minimum_filter1d(cost, 2 * reach + 1, mode="nearest")
    low, _ = ndimage.label((cost <= least + 1e-4) & (cost <= limit))
    return np.array([(x.start + x.stop - 1) // 2 for (x,) in ndimage.find_objects(low)], np.intp)


def place_glyphs(
    small: NDArray[np.uint8], sizes: NDArray[np.intp], corners: NDArray[np.intp], side: int
) -> NDArray[np.uint8]:
    """Small images on fields of zeros, (N, side, side), as interface.Seams.place_glyphs."""
    fields = np.zeros((len(small), side, side), np.uint8)
    for one, into, (rows, columns), (top, left) in zip(
        small, fields, sizes.tolist(), corners.tolist(), strict=True
    ):
        into[top : top + rows, left : left + columns] = one[:rows, :columns]
    return fields


def trace_seams(step: NDArray[np.int8], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """The column in every row of the cheapest seams, (seams, rows), as interface.Seams.trace_seams."""
    seams = np.empty((len(ends), len(step)), np.intp)
    here = np.asarray(ends, np.intp)
    for row in range(len(step) - 1, -1, -1):
        seams[:, row] = here
        here = here + step[row, here]
    return seams


@lru_cache(4096)
def _weights(before: int, after: int) -> NDArray[np.float32]:
    """Share of each of `before` pixels in each of `after`, (before, after): by areas, or bicubic."""
    from PIL import Image

    how = Image.Resampling.BOX if after < before else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.eye(before, dtype=np.float32)).resize((after, before), how))


def shrink_to_box(foreground: NDArray[np.float32], small: NDArray[np.float32]) -> tuple[int, int]:
    """Resize a cropped foreground (rows, columns) into `small` (size, size), its shape kept: rows and columns used."""
    high, wide = foreground.shape
    scale = len(small) / max(high, wide)
    rows, columns = max(1, round(high * scale)), max(1, round(wide * scale))
    small[:rows, :columns] = _weights(high, rows).T @ foreground @ _weights(wide, columns)
    return rows, columns


def render_candidates(
    foreground: NDArray[np.float32],
    piece: NDArray[np.intp],
    candidates: NDArray[np.intp],
    boxes: NDArray[np.intp],
    shared: NDArray[np.bool_],
    reach: int,
    threshold: float,
    size: int,
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Runs of pieces cropped to their foreground, (N, size, size), as interface.Seams.render_candidates."""
    # The pieces that lie so far to the left of each pixel, and to its right.
    left, right = np.full((2, *piece.shape), -1, piece.dtype)
    left[:, reach:], right[:, :-reach] = piece[:, :-reach], piece[:, reach:]
    small, sizes = (
        np.zeros((len(candidates), size, size), np.float32),
        np.empty((len(candidates), 2), np.intp),
    )
    for number, ((first, stop), (before, after), box) in enumerate(
        zip(candidates.tolist(), shared.tolist(), boxes.tolist(), strict=True)
    ):
        place = slice(box[0], box[1]), slice(box[2], box[3])
        here = piece[place]
        own = (here >= first) & (here < stop)
        if before:
            own |= (here == first - 1) & (right[place] >= first) & (right[place] < stop)
        if after:
            own |= (here == stop) & (left[place] >= first) & (left[place] < stop)
        part = foreground[place] * own
        full = part > threshold
        rows, columns = np.flatnonzero(full.any(1)), np.flatnonzero(full.any(0))
        part = part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        sizes[number] = shrink_to_box(part, small[number])
    return small, sizes
