"""Median and quantiles of a whole array: those of NumPy, without what its general functions cost on small images.

A cell of a table is measured a dozen times; there NumPy's checks of axes, weights and methods take longer than the sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["median", "quantile"]


def median(values: NDArray[Any]) -> Any:
    """`np.median` of all values of an array without NaN; of a float32 array, float32. NaN of an empty one."""
    flat = values.ravel()
    if not flat.size:
        return np.float64(np.nan)
    half = flat.size // 2
    if flat.size % 2:
        middle = np.partition(flat, half)[half]
        return middle if flat.dtype.kind == "f" else np.float64(middle)
    part = np.partition(flat, (half - 1, half))
    low, high = part[half - 1], part[half]
    return (low + high) / 2 if flat.dtype.kind == "f" else (float(low) + float(high)) / 2


def quantile(values: NDArray[np.floating[Any]], share: float) -> Any:
    """`np.quantile` (linear) of all values of an array that is not empty and has no NaN, in the array's precision."""
    flat = values.ravel()
    place = (flat.size - 1) * share
    low = int(np.floor(place))
    if low >= flat.size - 1:
        return flat.max()
    part = np.partition(flat, (low, low + 1))
    below, above = part[low], part[low + 1]
    part_way, step = flat.dtype.type(place - low), above - below
    return above - step * (1 - part_way) if part_way >= 0.5 else below + step * part_way
