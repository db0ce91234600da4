"""The loops of uncompiled/cutting.py, compiled: lines are cut in half the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .jit import compiled

__all__ = ["cheapest_ways", "lowest", "placed", "shown", "ways_to"]

_SUPPORT = 2.0  # pixels that a cubic between pixels reaches to


@compiled(
    fastmath=False
)  # sums in the order of the plain loops: which of two ways is cheaper hangs on the last bit
def _ways(ink, aside, cost, step):
    """Row by row; of `cost` (2, columns) the rows take turns."""
    rows, columns = ink.shape
    for x in range(columns):
        cost[0, x] = ink[0, x]
    for y in range(1, rows):
        above, here = cost[(y - 1) % 2], cost[y % 2]
        for x in range(columns):
            left = above[x - 1] if x > 0 else np.float32(np.inf)
            right = above[x + 1] if x < columns - 1 else np.float32(np.inf)
            beside = min(left, right) + aside
            if beside < above[x]:
                step[y, x] = -1 if left <= right else 1
                here[x] = beside + ink[y, x]
            else:
                step[y, x] = 0
                here[x] = above[x] + ink[y, x]


def cheapest_ways(ink: NDArray[np.float32], aside: float) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """As uncompiled.cutting.cheapest_ways, to the last bit."""
    rows, columns = ink.shape
    cost, step = np.empty((2, columns), np.float32), np.zeros((rows, columns), np.int8)
    _ways(np.ascontiguousarray(ink, np.float32), np.float32(aside), cost, step)
    return cost[(rows - 1) % 2], step


@compiled(fastmath=False)
def _lowest(cost, reach, dearest, within):
    columns = len(cost)
    found = np.empty(columns, np.intp)
    count, first = 0, -1
    for x in range(columns + 1):
        low = False
        if x < columns and cost[x] <= dearest:
            least = cost[x]
            for beside in range(max(0, x - reach), min(columns, x + reach + 1)):
                least = min(least, cost[beside])
            low = cost[x] <= least + within
        if low and first < 0:
            first = x
        elif not low and first >= 0:
            found[count] = (first + x - 1) // 2
            count, first = count + 1, -1
    return found[:count]


def lowest(cost: NDArray[np.float32], reach: int, dearest: float) -> NDArray[np.intp]:
    """As uncompiled.cutting.lowest."""
    return _lowest(np.ascontiguousarray(cost, np.float32), reach, np.float32(dearest), np.float32(1e-4))


@compiled
def _placed(small, sizes, corners, found):
    for one in range(len(small)):
        top, left = corners[one, 0], corners[one, 1]
        for row in range(sizes[one, 0]):
            for column in range(sizes[one, 1]):
                found[one, top + row, left + column] = small[one, row, column]


def placed(
    small: NDArray[np.uint8], sizes: NDArray[np.intp], corners: NDArray[np.intp], field: int
) -> NDArray[np.uint8]:
    """As uncompiled.cutting.placed."""
    found = np.zeros((len(small), field, field), np.uint8)
    _placed(small, sizes, corners, found)
    return found


@compiled
def _ways_to(step, ends, ways):
    for way in range(len(ends)):
        here = ends[way]
        for row in range(len(step) - 1, -1, -1):
            ways[way, row] = here
            here += step[row, here]


def ways_to(step: NDArray[np.int8], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """As uncompiled.cutting.ways_to."""
    ways = np.empty((len(ends), len(step)), np.intp)
    _ways_to(step, np.asarray(ends, np.intp), ways)
    return ways


@compiled
def _coefficients(before, after, start, weights):
    """What each of `after` pixels takes of `before`: from which on, and how much; by areas, or a cubic in between."""
    scale = before / after
    fewer = scale > 1.0
    wide = scale if fewer else 1.0
    support = 0.5 * scale if fewer else _SUPPORT
    for k in range(after):
        middle = (k + 0.5) * scale
        low = max(int(middle - support + 0.5), 0)
        high = min(int(middle + support + 0.5), before)
        total = 0.0
        for x in range(high - low):
            t = (x + low - middle + 0.5) / wide
            if fewer:
                weight = 1.0 if -0.5 < t <= 0.5 else 0.0
            else:
                t = abs(t)
                weight = (1.5 * t - 2.5) * t * t + 1.0 if t < 1.0 else ((2.5 - 0.5 * t) * t - 4.0) * t + 2.0
                if t >= 2.0:
                    weight = 0.0
            weights[k, x] = weight
            total += weight
        for x in range(high - low):
            weights[k, x] /= total
        start[k, 0], start[k, 1] = low, high - low


@compiled
def _shown(ink, piece, runs, boxes, beyond, reach, inked, small, sizes, part, down, start, weights):
    """`small` and `sizes` are filled; part, down, start and weights are room to work in."""
    columns = ink.shape[1]
    size = small.shape[1]
    for number in range(len(runs)):
        first, behind = runs[number]
        top, bottom, left, right = boxes[number]
        y0, y1, x0, x1 = bottom, top, right, left
        for y in range(top, bottom):
            for x in range(left, right):
                here = piece[y, x]
                own = first <= here < behind
                if not own and beyond[number, 0] and here == first - 1 and x + reach < columns:
                    own = first <= piece[y, x + reach] < behind
                if not own and beyond[number, 1] and here == behind and x >= reach:
                    own = first <= piece[y, x - reach] < behind
                level = ink[y, x] if own else np.float32(0)
                part[y - top, x - left] = level
                if level > inked:
                    y0, y1, x0, x1 = min(y0, y), max(y1, y + 1), min(x0, x), max(x1, x + 1)
        high, wide = y1 - y0, x1 - x0
        scale = size / max(high, wide)
        rows, used = max(1, round(high * scale)), max(1, round(wide * scale))
        sizes[number, 0], sizes[number, 1] = rows, used
        # Down first, row by row: whole rows of the part are added up at a time.
        _coefficients(high, rows, start, weights)
        for r in range(rows):
            row = down[r, :wide]
            row[:] = 0
            for y in range(start[r, 1]):
                weight, above = weights[r, y], part[y0 - top + start[r, 0] + y, x0 - left : x1 - left]
                for x in range(wide):
                    row[x] += weight * above[x]
        _coefficients(wide, used, start, weights)
        for r in range(rows):
            for k in range(used):
                total = np.float32(0)
                for x in range(start[k, 1]):
                    total += weights[k, x] * down[r, start[k, 0] + x]
                small[number, r, k] = total


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
    """As uncompiled.cutting.shown, up to rounding."""
    small, sizes = np.zeros((len(runs), size, size), np.float32), np.empty((len(runs), 2), np.intp)
    room = np.empty(ink.shape, np.float32), np.empty((size, ink.shape[1]), np.float32)
    coefficients = np.empty((size, 2), np.intp), np.empty((size, max(ink.shape)), np.float32)
    _shown(
        np.ascontiguousarray(ink, np.float32), piece, runs, boxes, beyond, reach, np.float32(inked), small, sizes,
        *room, *coefficients,
    )  # fmt: skip
    return small, sizes
