"""Thresholds that part values into two groups, and the one at which a foreground counts as a stroke."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MASK_LEVEL", "threshold_isodata", "threshold_otsu"]

# A foreground, 0 … 1, of more than this is a stroke's own; chosen by eye on the cheque amounts.
MASK_LEVEL = 0.3


def threshold_otsu(values: NDArray[Any], bins: int = 128) -> float:
    """The level that best parts values into two groups (Otsu 1979, DOI 10.1109/TSMC.1979.4310076).

    Args:
        values: numbers of any shape, in about 0 … 1.
        bins: of the histogram.

    Returns:
        The mean of the best levels; half the largest value where all are the same but for rounding.
    """
    most = float(values.max(initial=0))
    # Of values that differ by rounding alone NumPy makes no bins, and there is nothing to part.
    if not values.size or float(np.ptp(values)) <= 2 * bins * float(np.spacing(np.abs(values).max())):
        return most / 2
    counts, edges = np.histogram(values, bins)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    possible = (below > 0) & (above > 0)
    if not possible.any():
        return most / 2
    below, above, lower = below[possible], above[possible], sums[:-1][possible]
    variance = below * above * (lower / below - (sums[-1] - lower) / above) ** 2  # between the groups
    best = np.flatnonzero(variance >= variance.max() * (1 - 1e-9))
    return float(edges[1:-1][possible][best].mean())


def threshold_isodata(values: NDArray[Any], tolerance: float = 1e-4, iterations: int = 20) -> float:
    """The level halfway between the means of the values below and above it (Ridler and Calvard 1978).

    Args:
        values: numbers of any shape.
        tolerance: change of the level at which the iteration ends.
        iterations: at most.

    Returns:
        The level.
    """
    level = float(values.mean() + values.max()) / 2
    for _ in range(iterations):
        above = values > level
        if not above.any() or above.all():
            return level
        halfway = float(values[above].mean() + values[~above].mean()) / 2
        if abs(halfway - level) < tolerance:
            return halfway
        level = halfway
    return level
