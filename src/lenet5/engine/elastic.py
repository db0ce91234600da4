"""What both backends' distortions share: the tiles of elastic displacements, and the size of working memory.

P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to visual document
analysis", ICDAR 2003, doi:10.1109/ICDAR.2003.1227801.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..network.architecture import INPUT

__all__ = ["PLANE", "POOL", "TILE", "displacements", "unsigned"]

POOL = 64  # smoothed tiles made for a pass
TILE = 64  # pixels along a side; tiles repeat beyond it, so that every 32×32 piece has the same statistics
PLANE = INPUT * INPUT  # cells of each of the five planes of a thread's working memory


def displacements(
    noise: Callable[[Any, Any, NDArray[np.float32]], object],
    seed: int,
    pass_index: int,
    count: int = POOL,
    sigma: float = 4.0,
    alpha: float = 0.0,
) -> NDArray[np.float32]:
    """Elastic displacements for one pass (Simard, Steinkraus, Platt 2003).

    Uniform noise in −1 … 1, smoothed by a Gaussian, times alpha: r.m.s. about alpha / (sigma·√(12π)). Each tile
    repeats beyond its borders. Not in that paper: a pattern takes a random 32×32 piece of a random tile for each
    coordinate instead of a field of its own.

    Args:
        noise: fills tiles, (count, 4096) float32, with uniform noise of this seed and pass.
        seed, pass_index: integers, negative ones as their two's complement of 64 bits.
        count: tiles.
        sigma: standard deviation of the Gaussian, pixels.
        alpha: strength, pixels; 0 gives zeros.

    Returns:
        (count, 64, 64) float32, pixels.

    Raises:
        InputError: no tiles are asked for, or seed or pass is no integer.
    """
    words = unsigned(seed, "seed"), unsigned(pass_index, "pass")
    if count < 1:
        raise InputError(f"a pool of {count} elastic fields is empty: ask for at least 1")
    if alpha == 0.0:
        return np.zeros((count, TILE, TILE), np.float32)
    tiles = np.empty((count, TILE * TILE), np.float32)
    noise(*words, tiles)
    # A Gaussian of σ pixels has the spectrum exp(−2π²σ²f²), f in cycles a pixel.
    down = np.exp(-2.0 * (np.pi * sigma * np.fft.fftfreq(TILE)) ** 2)
    across = np.exp(-2.0 * (np.pi * sigma * np.fft.rfftfreq(TILE)) ** 2)
    spectrum = np.fft.rfft2(tiles.reshape(count, TILE, TILE)) * np.outer(alpha * down, across)
    return np.ascontiguousarray(np.fft.irfft2(spectrum, s=(TILE, TILE)), np.float32)


def unsigned(number: int, name: str) -> np.uint64:
    """An integer as 64 bits, negative ones as their two's complement. Raises InputError for anything else."""
    try:
        return np.uint64(int(number) & 0xFFFFFFFFFFFFFFFF)
    except (TypeError, ValueError):
        raise InputError(f"the {name} of a distortion must be an integer, not {number!r}") from None
