"""The loops of segment.py: cheapest ways through ink, and parts of a line brought to one size."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["cheapest_ways", "lowest", "placed", "shown", "shrink", "ways_to"]


def cheapest_ways(ink: NDArray[np.float32], aside: float) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Cost of the cheapest way from the top to each column of the bottom row, and where it came from.

    ink: (rows, columns). aside: cost of a step to the next column. Returns cost (columns,) in pixels of full ink,
    and step (rows, columns): the column in the row above less the column here, −1, 0 or 1.
    """
    rows, columns = ink.shape
    cost = np.full((rows, columns + 2), np.inf, np.float32)  # between two walls
    cost[0, 1:-1] = ink[0]
    beside = np.empty(columns, np.float32)
    for above, here, level in zip(cost, cost[1:], ink[1:], strict=False):
        np.minimum(above[:-2], above[2:], out=beside)
        np.add(beside, np.float32(aside), out=beside)
        np.minimum(beside, above[1:-1], out=beside)
        np.add(beside, level, out=here[1:-1])
    left, straight, right = cost[:-1, :-2], cost[:-1, 1:-1], cost[:-1, 2:]
    step = np.zeros((rows, columns), np.int8)
    step[1:] = np.where(
        np.minimum(left, right) + np.float32(aside) < straight, np.where(left <= right, -1, 1), 0
    )
    return cost[-1, 1:-1], step


def lowest(cost: NDArray[np.float32], reach: int, dearest: float) -> NDArray[np.intp]:
    """Columns that are the cheapest within reach; of neighbours that cost the same the middle one."""
    from scipy import ndimage

    least = ndimage.minimum_filter1d(cost, 2 * reach + 1, mode="nearest")
    low, _ = ndimage.label((cost <= least + 1e-4) & (cost <= dearest))
    return np.array([(x.start + x.stop - 1) // 2 for (x,) in ndimage.find_objects(low)], np.intp)


def placed(
    small: NDArray[np.uint8], sizes: NDArray[np.intp], corners: NDArray[np.intp], field: int
) -> NDArray[np.uint8]:
    """Small pictures on fields of zeros, (N, field, field). sizes: (N, 2), rows and columns that are used of each.

    corners: (N, 2), row and column of the field where its first pixel comes to lie.
    """
    found = np.zeros((len(small), field, field), np.uint8)
    for one, into, (rows, columns), (top, left) in zip(
        small, found, sizes.tolist(), corners.tolist(), strict=True
    ):
        into[top : top + rows, left : left + columns] = one[:rows, :columns]
    return found


def ways_to(step: NDArray[np.int8], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """The cheapest ways to columns of the bottom row, (ways, rows): the column of each in every row."""
    ways = np.empty((len(ends), len(step)), np.intp)
    here = np.asarray(ends, np.intp)
    for row in range(len(step) - 1, -1, -1):
        ways[:, row] = here
        here = here + step[row, here]
    return ways


@lru_cache(4096)
def _weights(before: int, after: int) -> NDArray[np.float32]:
    """What each of `before` pixels in a row gives to each of `after`: (before, after). By areas, or in between."""
    from PIL import Image

    how = Image.Resampling.BOX if after < before else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.eye(before, dtype=np.float32)).resize((after, before), how))


def shrink(ink: NDArray[np.float32], small: NDArray[np.float32]) -> tuple[int, int]:
    """Bring ink (rows, columns), cut to its box, into `small` (size, size), keeping its shape: what it takes."""
    high, wide = ink.shape
    scale = len(small) / max(high, wide)
    rows, columns = max(1, round(high * scale)), max(1, round(wide * scale))
    small[:rows, :columns] = _weights(high, rows).T @ ink @ _weights(wide, columns)
    return rows, columns


def shown(
    ink: NDArray[np.float32],
    piece: NDArray[np.intp],
    runs: NDArray[np.intp],
    boxes: NDArray[np.intp],
    beyond: NDArray[np.bool_],
    reach: int,
    inked: float,
    size: int,
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Runs of pieces, cut to their ink and brought to one size: (runs, size, size) float32, and the rows and columns
    used of each, (runs, 2).

    ink, piece: (rows, columns), as segment.Segments has them. runs: (runs, 2) first piece, and one behind the last;
    each has ink. boxes: (runs, 4) where all of that lies. beyond: (runs, 2) whether the next piece's ink within `reach`
    pixels is shown as well, on the left and on the right. inked: what counts as ink.
    """
    # The pieces that lie so far to the left of each pixel, and to its right.
    left, right = np.full((2, *piece.shape), -1, piece.dtype)
    left[:, reach:], right[:, :-reach] = piece[:, :-reach], piece[:, reach:]
    small, sizes = np.zeros((len(runs), size, size), np.float32), np.empty((len(runs), 2), np.intp)
    for number, ((first, behind), (before, after), box) in enumerate(
        zip(runs.tolist(), beyond.tolist(), boxes.tolist(), strict=True)
    ):
        place = slice(box[0], box[1]), slice(box[2], box[3])
        here = piece[place]
        own = (here >= first) & (here < behind)
        if before:
            own |= (here == first - 1) & (right[place] >= first) & (right[place] < behind)
        if after:
            own |= (here == behind) & (left[place] >= first) & (left[place] < behind)
        part = ink[place] * own
        full = part > inked
        rows, columns = np.flatnonzero(full.any(1)), np.flatnonzero(full.any(0))
        part = part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        sizes[number] = shrink(part, small[number])
    return small, sizes
