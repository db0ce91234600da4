"""Distorted patterns (network.distortion), compiled: one field in, one input of the network out."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from ...network.architecture import BACKGROUND, FIELD, FOREGROUND, INPUT
from ...network.distortion import Distortion
from ..elastic import PLANE, POOL, TILE, displacements, unsigned
from .jit import compiled
from .workspace import scratch

__all__ = ["distort", "distort_into", "elastic_pool", "noise"]

_SHIFTS = TILE - INPUT + 1  # where a piece can begin, along each side
_IN_TILE = TILE - 1  # as a mask

# Where each magnitude lies in the vector.
_NAMES = [field.name for field in fields(Distortion)]
_TRANSLATION, _SCALING = _NAMES.index("translation"), _NAMES.index("scaling")
_SQUEEZING, _SHEAR, _ROTATION = _NAMES.index("squeezing"), _NAMES.index("shear"), _NAMES.index("rotation")
_THICKNESS, _GAIN, _SPREAD = _NAMES.index("thickness"), _NAMES.index("gain"), _NAMES.index("spread")
_ERASING, _ERASED, _REGULAR = _NAMES.index("erasing"), _NAMES.index("erased"), _NAMES.index("regular")

# The number of each draw: fixed, so that a new kind of distortion does not change the others.
_D_REGULAR, _D_X, _D_Y, _D_SCALE, _D_SQUEEZE, _D_SHEAR, _D_ROTATION, _D_THICKNESS, _D_GAIN = range(9)
_D_SPREAD, _D_TILE, _D_BEGIN, _D_ERASE = 9, 10, 12, 16

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BITS = 2.0**-53  # one step of a number in 0 … 1

# Levels 0 … 255 to −0.1 … 1.175.
_STEP, _WHITE = np.float32((FOREGROUND - BACKGROUND) / 255), np.float32(BACKGROUND)
_BLACK = np.float32(255.0)
_CENTRE = (INPUT - 1) / 2
_ROW = 32  # width of a plane: a pixel of background, the field, three pixels of background
_LAST = np.float32(FIELD + 1)  # the first pixel right of the field, counted from the last on its left


@compiled(inline="always")
def _mix(state):
    """The output function of splitmix64 (Steele, Lea, Flood 2014): every bit depends on every other."""
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))


@compiled
def _key(seed, pass_index, pattern):
    """Where the stream of random numbers of one pattern in one pass begins."""
    key = _mix(np.uint64(seed) + _GOLDEN)
    key = _mix(key + np.uint64(pass_index) + _GOLDEN)
    return _mix(key + np.uint64(pattern) + _GOLDEN)


@compiled
def _share(key, draw):
    """Draw number `draw` of a stream: uniform in 0 … 1, 1 excluded."""
    return np.float64(_mix(key + np.uint64(draw + 1) * _GOLDEN) >> np.uint64(11)) * _BITS


@compiled
def _either(key, draw):
    """Draw number `draw` of a stream: uniform in −1 … 1."""
    return 2.0 * _share(key, draw) - 1.0


@compiled
def _begin(key, draw):
    """Where a piece of a tile begins."""
    return int(_share(key, draw) * _SHIFTS)


@compiled
def _inverse(parameters, key, strength):
    """Draw an affine transformation. Returns the six numbers that lead back from the input to the field.

    (x, y) of the field, from its centre, is the matrix (xx, xy; yx, yy) times (x, y) of the input, plus the
    shift (x0, y0).
    """
    across = strength * parameters[_TRANSLATION] * _either(key, _D_X)
    down = strength * parameters[_TRANSLATION] * _either(key, _D_Y)
    scale = 1.0 + strength * parameters[_SCALING] * _either(key, _D_SCALE)
    way = _either(key, _D_SQUEEZE)
    squeeze = 1.0 + strength * parameters[_SQUEEZING] * abs(way)
    if way < 0.0:
        squeeze = 1.0 / squeeze
    shear = strength * parameters[_SHEAR] * _either(key, _D_SHEAR)
    angle = np.radians(strength * parameters[_ROTATION] * _either(key, _D_ROTATION))
    c, s = np.cos(angle), np.sin(angle)
    # out = rotation · shear · diag(width, height) · in + shift, solved for in
    width, height = scale * squeeze, scale / squeeze
    xx, xy = (c + shear * s) / width, (s - shear * c) / width
    yx, yy = -s / height, c / height
    return xx, xy, yx, yy, -xx * across - xy * down, -yx * across - yy * down


@compiled
def _lay(field, room, plane):
    """Copy a field into a plane, with background around it: pixel (0, 0) goes to row 1, column 1."""
    start = plane * PLANE
    for i in range(start, start + PLANE):
        room[i] = np.uint32(0)
    for r in range(FIELD):
        to = start + (r + 1) * _ROW + 1
        for c in range(FIELD):
            room[to + c] = field[r, c]


@compiled
def _thicken(room, pixels):
    """From plane 0 to plane 1: every edge moved by −1 … 1 pixels.

    Grey between a pixel and the darkest (lightest) of its four neighbours is an edge between its old place
    and one a pixel further.
    """
    part = np.int32(np.rint(abs(pixels) * 256.0))
    for i in range(_ROW, PLANE - _ROW):
        v = np.int32(room[i])
        left, right = np.int32(room[i - 1]), np.int32(room[i + 1])
        above, below = np.int32(room[i - _ROW]), np.int32(room[i + _ROW])
        if pixels > 0.0:
            to = max(max(max(left, right), max(above, below)), v)
        else:
            to = min(min(min(left, right), min(above, below)), v)
        room[PLANE + i] = np.uint32(((v << 8) + part * (to - v) + 128) >> 8)
    # Ink that grew out of the field is lost: outside is background.
    for i in range(_ROW):
        room[PLANE + i] = room[PLANE + (FIELD + 1) * _ROW + i] = np.uint32(0)
        room[PLANE + (FIELD + 2) * _ROW + i] = np.uint32(0)
        room[PLANE + i * _ROW] = room[PLANE + i * _ROW + FIELD + 1] = np.uint32(0)


@compiled
def _pack(room):
    """From plane 1 to plane 0: each pixel with its three neighbours right and below, a byte each.

    One look-up then brings all that bilinear interpolation needs.
    """
    for i in range((FIELD + 2) * _ROW):
        j = PLANE + i
        room[i] = (
            room[j]
            | (room[j + 1] << np.uint32(8))
            | (room[j + _ROW] << np.uint32(16))
            | (room[j + _ROW + 1] << np.uint32(24))
        )


@compiled
def _look_up(room, elastic, back, bend, across, down, starts):
    """Where each pixel of the input comes from: the four pixels there, and its place between them.

    back: the six numbers of `_inverse`; bend: share of the displacements, which are two pieces of the pool,
    of tiles `across` and `down`, beginning at `starts`. Fills planes 2 and 3 with the shares of the right
    and of the lower pixels, plane 4 with the four levels.
    """
    xx, xy, yx, yy, x0, y0 = back
    top_x, left_x, top_y, left_y = starts
    # This changes nothing: it tells the compiler that no index is negative.
    top_x, left_x, top_y, left_y = top_x & _IN_TILE, left_x & _IN_TILE, top_y & _IN_TILE, left_y & _IN_TILE
    # Positions are counted from the pixel of background before the field: its centre is at 14.5.
    x0 += (FIELD - 1) / 2 + 1.0 - xx * _CENTRE
    y0 += (FIELD - 1) / 2 + 1.0 - yx * _CENTRE
    step_x, step_y, zero = np.float32(xx), np.float32(yx), np.float32(0.0)
    reals, fours = room.view(np.float32), room[4 * PLANE :]
    parts_x, parts_y = reals[2 * PLANE : 3 * PLANE], reals[3 * PLANE : 4 * PLANE]
    for r in range(INPUT):
        first_x = np.float32(x0 + xy * (r - _CENTRE))
        first_y = np.float32(y0 + yy * (r - _CENTRE))
        for c in range(INPUT):
            x = first_x + step_x * np.float32(c) + bend * elastic[across, top_x + r, left_x + c]
            y = first_y + step_y * np.float32(c) + bend * elastic[down, top_y + r, left_y + c]
            # Whatever lies outside is background, as is the pixel around the field.
            x = zero if x < zero else x
            y = zero if y < zero else y
            x = _LAST if x > _LAST else x
            y = _LAST if y > _LAST else y
            column, row = np.int32(x), np.int32(y)
            i = r * INPUT + c
            parts_x[i], parts_y[i] = x - np.float32(column), y - np.float32(row)
            fours[i] = row * np.int32(_ROW) + column
    # A loop of its own, since not every processor can do it for several pixels at once.
    for i in range(INPUT * INPUT):
        fours[i] = room[fours[i] & np.uint32(PLANE - 1)]


@compiled
def _interpolate(room, gain, out):
    """Bilinear mean of the four levels of each pixel, times `gain`, brought to −0.1 … 1.175."""
    reals, fours, byte = room.view(np.float32), room[4 * PLANE :], np.uint32(255)
    parts_x, parts_y = reals[2 * PLANE : 3 * PLANE], reals[3 * PLANE : 4 * PLANE]
    for i in range(INPUT * INPUT):
        four = fours[i]
        here, right = np.float32(four & byte), np.float32((four >> np.uint32(8)) & byte)
        below, across = np.float32((four >> np.uint32(16)) & byte), np.float32((four >> np.uint32(24)) & byte)
        upper = here + parts_x[i] * (right - here)
        lower = below + parts_x[i] * (across - below)
        level = gain * (upper + parts_y[i] * (lower - upper))
        out[i] = (level if level < _BLACK else _BLACK) * _STEP + _WHITE


@compiled
def _erase(parameters, key, out):
    """Cut-out: fill a rectangle that lies inside the input with background."""
    most = parameters[_ERASED]
    high = min(INPUT, max(1, round(1.0 + (most - 1.0) * _share(key, _D_ERASE + 1))))
    wide = min(INPUT, max(1, round(1.0 + (most - 1.0) * _share(key, _D_ERASE + 2))))
    top = int(_share(key, _D_ERASE + 3) * (INPUT - high + 1))
    left = int(_share(key, _D_ERASE + 4) * (INPUT - wide + 1))
    for r in range(top, top + high):
        for c in range(left, left + wide):
            out[r * INPUT + c] = _WHITE


@compiled
def distort_into(field, parameters, elastic, seed, pass_index, pattern, room, out):
    """Distort one field into one input of the network; for use inside other compiled code.

    field: uint8 (28, 28), 0 white, 255 ink. parameters: `Distortion.vector()`. elastic: `elastic_pool` of
    this seed and pass, float32 (K, 64, 64). seed, pass_index, pattern: integers. room: `scratch()`, not
    shared between threads. out: float32 (32, 32) or (1024,), contiguous; filled with −0.1 … 1.175.
    Allocates nothing, checks nothing.
    """
    key = _key(seed, pass_index, pattern)
    strength = 0.0 if _share(key, _D_REGULAR) < parameters[_REGULAR] else 1.0
    pixels = strength * parameters[_THICKNESS] * _either(key, _D_THICKNESS)
    if pixels != 0.0:
        _lay(field, room, 0)
        _thicken(room, pixels)
    else:
        _lay(field, room, 1)
    _pack(room)

    bend = np.float32(strength * (1.0 - parameters[_SPREAD] * _share(key, _D_SPREAD)))
    tiles = elastic.shape[0]
    across, down = int(_share(key, _D_TILE) * tiles), int(_share(key, _D_TILE + 1) * tiles)
    starts = (
        _begin(key, _D_BEGIN),
        _begin(key, _D_BEGIN + 1),
        _begin(key, _D_BEGIN + 2),
        _begin(key, _D_BEGIN + 3),
    )
    _look_up(room, elastic, _inverse(parameters, key, strength), bend, across, down, starts)

    levels = out.reshape(INPUT * INPUT)
    gain = np.float32(1.0 + strength * parameters[_GAIN] * _either(key, _D_GAIN))
    _interpolate(room, gain, levels)
    if strength * parameters[_ERASING] > _share(key, _D_ERASE) and parameters[_ERASED] > 0.0:
        _erase(parameters, key, levels)


@compiled
def _distort_all(images, parameters, elastic, seed, pass_index, patterns, room, out):
    """`distort_into` for each of N images."""
    for p in range(len(images)):
        distort_into(images[p], parameters, elastic, seed, pass_index, patterns[p], room, out[p])


@compiled
def noise(seed, pass_index, tiles):
    """Fill tiles with uniform noise in −1 … 1; their streams are those of the patterns −1, −2, …"""
    for k in range(len(tiles)):
        key = _key(seed, pass_index, -1 - k)
        for i in range(tiles.shape[1]):
            tiles[k, i] = _either(key, i)


# --- called from Python ---------------------------------------------------------------------------------


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
    words = unsigned(seed, "seed"), unsigned(pass_index, "pass")
    images, patterns = np.ascontiguousarray(images), np.ascontiguousarray(patterns, np.int64)
    _distort_all(images, distortion.vector(), pool, *words, patterns, scratch(), out)
    return out
