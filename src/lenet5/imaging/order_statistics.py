"""Median, quantiles, the largest values, a percentile filter: those of NumPy and SciPy, in less time.

A cell of a table is measured a dozen times; there NumPy's checks of axes, weights and methods take longer than the sum.
On a page of even paper most values are equal, of which NumPy's partition is slow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["largest", "median", "percentile_filter", "quantile"]

MOST_VALUES = 1 << 17  # that are sorted at once: half a megabyte
SAMPLED = 1 << 16  # values, of more of which a sample is looked at first, …
SAMPLE = 1 << 12  # … of so many, where the ranks looked for …
SAMPLE_MARGIN = 1 << 8  # … are hardly ever further off (eight standard deviations)
# Its multiples, modulo 1, lie evenly: a sample is of all rows, columns and planes.
GOLDEN_RATIO = (5**0.5 - 1) / 2


def median(values: NDArray[Any]) -> Any:
    """`np.median` of all values of an array without NaN; of a float32 array, float32. NaN of an empty one."""
    flat = values.ravel()
    if not flat.size:
        return np.float64(np.nan)
    half = flat.size // 2
    if flat.size % 2:
        (middle,) = _of_ranks(flat, half)
        return middle if flat.dtype.kind == "f" else np.float64(middle)
    low, high = _of_ranks(flat, half - 1, half)
    return (low + high) / 2 if flat.dtype.kind == "f" else (float(low) + float(high)) / 2


def quantile(values: NDArray[np.floating[Any]], share: float) -> Any:
    """`np.quantile` (linear) of all values of an array that is not empty and has no NaN, in the array's precision."""
    flat = values.ravel()
    place = (flat.size - 1) * share
    low = int(np.floor(place))
    if low >= flat.size - 1:
        return flat.max()
    below, above = _of_ranks(flat, low, low + 1)
    part_way, step = place - low, above - below
    return above - step * (1 - part_way) if part_way >= 0.5 else below + step * part_way


def largest(values: NDArray[np.floating[Any]], count: int) -> NDArray[np.intp]:
    """Indices, in their order, of the `count` largest of all values of an array, and of those that equal the least."""
    flat = values.ravel()
    (least,) = _of_ranks(flat, flat.size - count)
    return np.flatnonzero(flat >= least)


def _of_ranks(flat: NDArray[Any], *ranks: int) -> list[Any]:
    """Values at ranks, one or two neighbours that ascend, of a flat array.

    NumPy's partition takes ten times as long where most values are equal, as on a page of even paper. A sample says
    between which values of a large array those looked for are, and only what lies between is partitioned.
    """
    if flat.size > SAMPLED:
        places = (np.arange(SAMPLE) * GOLDEN_RATIO % 1.0 * flat.size).astype(np.intp)
        sample = np.sort(flat[places])
        place = ranks[0] * SAMPLE // flat.size
        low, high = (sample[min(max(place + by, 0), SAMPLE - 1)] for by in (-SAMPLE_MARGIN, SAMPLE_MARGIN))
        under, up_to = np.count_nonzero(flat < low), np.count_nonzero(flat <= low)
        if under <= ranks[0] and ranks[-1] < up_to:
            return [low] * len(ranks)
        above = ranks[0] >= up_to
        between = flat[((flat > low) if above else (flat >= low)) & (flat <= high)]
        under = up_to if above else under
        if under <= ranks[0] and ranks[-1] < under + between.size:
            part = np.partition(between, [rank - under for rank in ranks])
            return [part[rank - under] for rank in ranks]
    part = np.partition(flat, ranks)
    return [part[rank] for rank in ranks]


def percentile_filter(plane: NDArray[np.float32], percentile: float, size: int) -> NDArray[np.float32]:
    """`ndimage.percentile_filter` (nearest) of a plane, (rows, columns), in a third of its time.

    percentile: 0 … below 100, of the size × size pixels around each; size is odd.
    """
    rows, columns = plane.shape
    wide = np.pad(plane, size // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (size, size))
    rank = int(size * size * percentile / 100)
    filtered = np.empty_like(plane)
    step = max(1, MOST_VALUES // (columns * size * size))
    for row in range(0, rows, step):
        values = windows[row : row + step].reshape(-1, size * size)
        filtered[row : row + step] = np.partition(values, rank, axis=1)[:, rank].reshape(-1, columns)
    return filtered
