"""Distorted patterns (network.distortion) in plain NumPy, all patterns of a mini-batch at once.

The random numbers and the arithmetic are those of numba_backend.augmentation, so that a training without Numba
has the same patterns.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network.architecture import BACKGROUND, FIELD, FOREGROUND, INPUT
from ...network.distortion import Distortion
from ..elastic import POOL, TILE, displacements, unsigned

__all__ = ["distort", "elastic_pool", "noise"]

# The number of each draw (numba_backend.augmentation).
REGULAR, X, Y, SCALE, SQUEEZE, SHEAR, ROTATION, THICKNESS, GAIN, SPREAD, TILES = range(11)
BEGIN, ERASE = 12, 16

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
NAMES = [field.name for field in fields(Distortion)]


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of splitmix64 (Steele, Lea, Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * MIX[0]
    state = (state ^ (state >> np.uint64(27))) * MIX[1]
    return state ^ (state >> np.uint64(31))


def _keys(seed: int, pass_index: int, patterns: NDArray[Any]) -> NDArray[np.uint64]:
    """Where the streams of random numbers of some patterns begin, (N,)."""
    key = _mix(np.array([seed]).astype(np.uint64) + GOLDEN)
    key = _mix(key + np.array([pass_index]).astype(np.uint64) + GOLDEN)
    return _mix(key + patterns.astype(np.uint64) + GOLDEN)


def _share(keys: NDArray[np.uint64], draw: int | NDArray[Any]) -> NDArray[np.float64]:
    """Draw number `draw` of each stream: uniform in 0 … 1, 1 excluded."""
    step = (np.asarray([draw]).astype(np.uint64) + np.uint64(1)) * GOLDEN
    return (_mix(keys + step.reshape(np.shape(draw) or 1)) >> np.uint64(11)) * np.float64(2.0**-53)


def _either(keys: NDArray[np.uint64], draw: int | NDArray[Any]) -> NDArray[np.float64]:
    """Draw number `draw` of each stream: uniform in −1 … 1."""
    return 2 * _share(keys, draw) - 1


def noise(seed: int, pass_index: int, tiles: NDArray[np.float32]) -> None:
    """Fill tiles (K, cells) with uniform noise in −1 … 1; streams are those of the patterns −1, −2, …"""
    keys = _keys(seed, pass_index, -1 - np.arange(len(tiles)))
    tiles[:] = _either(keys[:, None], np.arange(tiles.shape[1]))


def _inverse(m: dict[str, float], keys: NDArray[Any], on: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """The affine transformations from the input back to the field: xx, xy, yx, yy, x0, y0, each (N,)."""
    across = on * m["translation"] * _either(keys, X)
    down = on * m["translation"] * _either(keys, Y)
    scale = 1 + on * m["scaling"] * _either(keys, SCALE)
    way = _either(keys, SQUEEZE)
    squeeze = 1 + on * m["squeezing"] * abs(way)
    squeeze = np.where(way < 0, 1 / squeeze, squeeze)
    shear = on * m["shear"] * _either(keys, SHEAR)
    angle = np.radians(on * m["rotation"] * _either(keys, ROTATION))
    c, s = np.cos(angle), np.sin(angle)
    width, height = scale * squeeze, scale / squeeze
    xx, xy = (c + shear * s) / width, (s - shear * c) / width
    yx, yy = -s / height, c / height
    return xx, xy, yx, yy, -xx * across - xy * down, -yx * across - yy * down


def _thickened(planes: NDArray[np.int32], pixels: NDArray[Any]) -> NDArray[np.int32]:
    """Planes (N, 32, 32) with every edge moved by −1 … 1 pixels; ink that leaves the field is lost."""
    part = np.rint(abs(pixels) * 256).astype(np.int32)[:, None, None]
    five = np.stack([planes, *(np.roll(planes, by, axis) for axis in (1, 2) for by in (1, -1))])
    to = np.where(pixels[:, None, None] > 0, five.max(0), five.min(0))
    moved = ((planes << 8) + part * (to - planes) + 128) >> 8
    inside = np.zeros(planes.shape[1:], bool)
    inside[1 : FIELD + 1, 1 : FIELD + 1] = True
    return np.where(inside & (part > 0), moved, planes)


def elastic_pool(distortion: Distortion, seed: int, pass_index: int) -> NDArray[np.float32]:
    """Elastic displacements of one pass, (tiles, 64, 64), as interface.Augmentation.elastic_pool."""
    tiles = POOL if distortion.alpha else 1
    return displacements(noise, seed, pass_index, tiles, distortion.sigma, distortion.alpha)


def distort(
    images: NDArray[np.uint8],
    distortion: Distortion,
    pool: NDArray[np.float32],
    seed: int,
    pass_index: int,
    patterns: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Distorted patterns, (N, 32, 32), as interface.Augmentation.distort."""
    out = np.empty((len(images), INPUT, INPUT), np.float32)
    m = dict(zip(NAMES, distortion.vector().astype(np.float64).tolist(), strict=True))
    keys = _keys(int(unsigned(seed, "seed")), int(unsigned(pass_index, "pass")), patterns)
    on = (_share(keys, REGULAR) >= m["regular"]).astype(np.float64)
    # A pixel of background before the field, and some after it.
    planes = np.pad(images.astype(np.int32), ((0, 0), (1, 3), (1, 3)))
    planes = _thickened(planes, on * m["thickness"] * _either(keys, THICKNESS))

    x, y = _sources(m, keys, on, pool)
    level = np.minimum(
        (1 + on * m["gain"] * _either(keys, GAIN))[:, None, None] * _sampled(planes, x, y), 255
    )
    out[:] = level * ((FOREGROUND - BACKGROUND) / 255) + BACKGROUND
    _erase(m, keys, on, out)
    return out


def _sources(
    m: dict[str, float], keys: NDArray[Any], on: NDArray[Any], pool: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Columns and rows of the field that the pixels of the input show, (N, 32, 32) each."""
    xx, xy, yx, yy, x0, y0 = (v[:, None, None] for v in _inverse(m, keys, on))
    bend = (on * (1 - m["spread"] * _share(keys, SPREAD))).astype(np.float32)[:, None, None]
    centre, middle = (INPUT - 1) / 2, (FIELD + 1) / 2
    rows, columns = np.arange(INPUT)[:, None], np.arange(INPUT)

    def piece(which: int) -> NDArray[np.float32]:
        """Displacements, (N, 32, 32): a piece of a tile for each pattern."""
        tile = (_share(keys, TILES + which) * len(pool)).astype(np.int64)
        top, left = (
            (_share(keys, BEGIN + 2 * which + i) * (TILE - INPUT + 1)).astype(np.int64) for i in (0, 1)
        )
        part: NDArray[np.float32] = pool[
            tile[:, None, None], top[:, None, None] + rows, left[:, None, None] + columns
        ]
        return part

    last = np.float32(FIELD + 1)
    x = np.clip(
        (x0 + middle - xx * centre + xy * (rows - centre) + xx * columns).astype(np.float32)
        + bend * piece(0),
        0,
        last,
    )
    y = np.clip(
        (y0 + middle - yx * centre + yy * (rows - centre) + yx * columns).astype(np.float32)
        + bend * piece(1),
        0,
        last,
    )
    return x, y


def _sampled(
    planes: NDArray[np.int32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Levels of planes at columns x and rows y, between pixels, (N, 32, 32)."""
    column, row = x.astype(np.int64), y.astype(np.int64)
    n = np.arange(len(planes))[:, None, None]
    right, low = x - column.astype(np.float32), y - row.astype(np.float32)
    upper = planes[n, row, column] * (1 - right) + planes[n, row, column + 1] * right
    lower = planes[n, row + 1, column] * (1 - right) + planes[n, row + 1, column + 1] * right
    levels: NDArray[np.float64] = upper * (1 - low) + lower * low
    return levels


def _erase(m: dict[str, float], keys: NDArray[Any], on: NDArray[Any], out: NDArray[np.float32]) -> None:
    """Cut-out: fill a rectangle inside the input with background, for some patterns."""
    chosen = np.flatnonzero((on * m["erasing"] > _share(keys, ERASE)) & (m["erased"] > 0))
    high, wide = (
        np.clip(np.rint(1 + (m["erased"] - 1) * _share(keys, ERASE + i)), 1, INPUT).astype(int)
        for i in (1, 2)
    )
    top, left = (
        (_share(keys, ERASE + i) * (INPUT - size + 1)).astype(int) for i, size in ((3, high), (4, wide))
    )
    for p in chosen:
        out[p, top[p] : top[p] + high[p], left[p] : left[p] + wide[p]] = BACKGROUND
