"""The loops of cutting a line, compiled: lines are cut in half the time (interface.Seams)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .jit import compiled

__all__ = ["local_minima", "place_glyphs", "render_candidates", "seam_costs", "trace_seams"]

_SUPPORT = 2.0  # pixels that a cubic between pixels reaches to


@compiled  # which of two seams is cheaper hangs on the last bit: sums in the order of the plain loops
def _seam_costs(foreground, offset_cost, cost, step):
    """Row by row; of `cost` (2, columns) the rows take turns."""
    rows, columns = foreground.shape
    for x in range(columns):
        cost[0, x] = foreground[0, x]
    for y in range(1, rows):
        above, here = cost[(y - 1) % 2], cost[y % 2]
        for x in range(columns):
            left = above[x - 1] if x > 0 else np.float32(np.inf)
            right = above[x + 1] if x < columns - 1 else np.float32(np.inf)
            sideways = min(left, right) + offset_cost
            if sideways < above[x]:
                step[y, x] = -1 if left <= right else 1
                here[x] = sideways + foreground[y, x]
            else:
                step[y, x] = 0
                here[x] = above[x] + foreground[y, x]


def seam_costs(
    foreground: NDArray[np.float32], offset_cost: float
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Cost and step, as interface.Seams.seam_costs; those of numpy_backend to the last bit."""
    rows, columns = foreground.shape
    cost, step = np.empty((2, columns), np.float32), np.zeros((rows, columns), np.int8)
    _seam_costs(np.ascontiguousarray(foreground, np.float32), np.float32(offset_cost), cost, step)
    return cost[(rows - 1) % 2], step


@compiled
def _local_minima(cost, reach, limit, within):
    columns = len(cost)
    minima = np.empty(columns, np.intp)
    count, first = 0, -1
    for x in range(columns + 1):
        low = False
        if x < columns and cost[x] <= limit:
            least = cost[x]
            for sideways in range(max(0, x - reach), min(columns, x + reach + 1)):
                least = min(least, cost[sideways])
            low = cost[x] <= least + within
        if low and first < 0:
            first = x
        elif not low and first >= 0:
            minima[count] = (first + x - 1) // 2
            count, first = count + 1, -1
    return minima[:count]


def local_minima(cost: NDArray[np.float32], reach: int, limit: float) -> NDArray[np.intp]:
    """As interface.Seams.local_minima."""
    return _local_minima(np.ascontiguousarray(cost, np.float32), reach, np.float32(limit), np.float32(1e-4))


@compiled
def _place_glyphs(small, sizes, corners, fields):
    for one in range(len(small)):
        top, left = corners[one, 0], corners[one, 1]
        for row in range(sizes[one, 0]):
            for column in range(sizes[one, 1]):
                fields[one, top + row, left + column] = small[one, row, column]


def place_glyphs(
    small: NDArray[np.uint8], sizes: NDArray[np.intp], corners: NDArray[np.intp], side: int
) -> NDArray[np.uint8]:
    """As interface.Seams.place_glyphs."""
    fields = np.zeros((len(small), side, side), np.uint8)
    _place_glyphs(small, sizes, corners, fields)
    return fields


@compiled
def _trace_seams(step, ends, seams):
    for seam in range(len(ends)):
        here = ends[seam]
        for row in range(len(step) - 1, -1, -1):
            seams[seam, row] = here
            here += step[row, here]


def trace_seams(step: NDArray[np.int8], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """As interface.Seams.trace_seams."""
    seams = np.empty((len(ends), len(step)), np.intp)
    _trace_seams(step, np.asarray(ends, np.intp), seams)
    return seams


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
def _render_candidates(
    foreground, piece, candidates, boxes, shared, reach, threshold, small, sizes, part, down, start, weights
):
    """`small` and `sizes` are filled; part, down, start and weights are room to work in."""
    columns = foreground.shape[1]
    size = small.shape[1]
    for number in range(len(candidates)):
        first, stop = candidates[number]
        top, bottom, left, right = boxes[number]
        y0, y1, x0, x1 = bottom, top, right, left
        for y in range(top, bottom):
            for x in range(left, right):
                here = piece[y, x]
                own = first <= here < stop
                if not own and shared[number, 0] and here == first - 1 and x + reach < columns:
                    own = first <= piece[y, x + reach] < stop
                if not own and shared[number, 1] and here == stop and x >= reach:
                    own = first <= piece[y, x - reach] < stop
                level = foreground[y, x] if own else np.float32(0)
                part[y - top, x - left] = level
                if level > threshold:
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
    """As interface.Seams.render_candidates; as numpy_backend up to rounding."""
    small, sizes = (
        np.zeros((len(candidates), size, size), np.float32),
        np.empty((len(candidates), 2), np.intp),
    )
    room = np.empty(foreground.shape, np.float32), np.empty((size, foreground.shape[1]), np.float32)
    coefficients = np.empty((size, 2), np.intp), np.empty((size, max(foreground.shape)), np.float32)
    _render_candidates(
        np.ascontiguousarray(foreground, np.float32), piece, candidates, boxes, shared, reach,
        np.float32(threshold), small, sizes,
        *room, *coefficients,
    )  # fmt: skip
    return small, sizes
