"""One pattern at a time, forward: the lanes of a vector are neighbours in one image.

Columns in C1 and S2, the sixteen maps in C3, inputs in C5 and F6. C3's sixty kernels are spread to 6×16 with
zeros where Table I has no connection, since sixteen lanes cost no more than ten; only the sixty are
parameters. The way back is image_backward.py; the reference is network.reference.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from ...network.architecture import PAIRS
from .batch_forward import C1_B, C1_W, C3_B, C3_W, C5_B, C5_W, F6_B, F6_W, S2_B, S2_C, S4_B, S4_C
from .jit import compiled
from .simd import LANES, row_axpy, row_fma, row_load, row_minus, row_of, row_plus, row_squash, row_store
from .simd_lanes import row_dots, row_fold, row_pairs, row_put, row_total
from .workspace import aligned

__all__ = ["penalties_one"]

F32 = NDArray[np.float32]
L = LANES
ZERO, ONE = np.float32(0), np.float32(1)

# A workspace is one float32 vector; where each thing lies in it. Rows of C1 and S2 have idle lanes at the
# end (28 of 32, 14 of 16): what they hold is finite, and their slopes are 0.
X = 0  # [row][column]            1@32×32, 16 spare for the idle lanes of the last row
C1 = X + 32 * 32 + 16  # [row][map][32]           6@28×28
W2 = C1 + 28 * 6 * 32  # [map][row][16]           window sums of S2
S2 = W2 + 6 * 14 * 16  # [map][row][16]           6@14×14
C3 = S2 + 6 * 14 * 16  # [row][column][map]       16@10×10
W4 = C3 + 100 * 16  # [row][column][map]       window sums of S4
S4 = W4 + 25 * 16  # [map][row][column]       16@5×5, the order in which C5's weights are kept
C5 = S4 + 400  # 120, 40 zeros (so that whole vectors, and whole steps of `sweep`, fit)
F6 = C5 + 160  # 84, 12 spare
STATES = F6 + 96

WHOLE = 84 // L * L  # units of F6 that fill whole vectors
WIDE, NARROW = 32 // L, 16 // L  # vectors of a row of C1, and of S2 or of the maps of C3
KERNELS = 6 * 25 * 16  # C3's kernels spread: [S2 map][row][column][C3 map]

INK_UNIT, FLOAT_UNIT = np.float32(0.005), np.float32(1.275)  # what a step of 1 in a uint8 or float pixel is
PAIR_MAP = np.array([c3 for c3, _ in PAIRS], np.int64)
PAIR_READ = np.array([s2 for _, s2 in PAIRS], np.int64)


@compiled
def spread(flat, kernels):
    """C3's sixty kernels, from the vector of parameters -> 6×5×5×16 with zeros."""
    for p in range(60):
        for tap in range(25):
            kernels[(PAIR_READ[p] * 25 + tap) * 16 + PAIR_MAP[p]] = flat[C3_W + p * 25 + tap]


@compiled
def collect(kernels, flat):
    """The way back of `spread`."""
    for p in range(60):
        for tap in range(25):
            flat[C3_W + p * 25 + tap] = kernels[(PAIR_READ[p] * 25 + tap) * 16 + PAIR_MAP[p]]


# --- forward ----------------------------------------------------------------------------------------


@compiled
def fill(image, unit, z):
    """28×28 or 32×32 -> 1@32×32 of −0.1 … 1.175; `unit`: INK_UNIT or FLOAT_UNIT."""
    side = image.shape[0]
    edge = (32 - side) // 2
    if edge:
        for i in range(32 * 32):
            z[X + i] = np.float32(-0.1)
    for r in range(side):
        for c in range(side):
            z[X + (r + edge) * 32 + edge + c] = np.float32(image[r, c]) * unit - np.float32(0.1)


@compiled
def c1_s2(flat, z):
    """1@32×32 -> 6@28×28 -> 6@14×14; lanes are columns."""
    for r in range(28):
        for v in range(0, 32, 2 * L):
            left, right = row_of(6, ZERO), row_of(6, ZERO)
            for ky in range(5):
                for kx in range(5):
                    at = X + (r + ky) * 32 + kx + v
                    left = row_axpy(left, flat, C1_W + ky * 5 + kx, 25, z, at)
                    right = row_axpy(right, flat, C1_W + ky * 5 + kx, 25, z, at + L)
            row_put(left, z, C1 + r * 6 * 32 + v, 32)
            row_put(right, z, C1 + r * 6 * 32 + v + L, 32)
    for r in range(14):
        for m in range(6):
            upper = row_load(WIDE, z, C1 + (2 * r * 6 + m) * 32)
            lower = row_load(WIDE, z, C1 + ((2 * r + 1) * 6 + m) * 32)
            upper = row_squash(row_fma(upper, ONE, flat[C1_B + m]))
            lower = row_squash(row_fma(lower, ONE, flat[C1_B + m]))
            row_store(upper, z, C1 + (2 * r * 6 + m) * 32)
            row_store(lower, z, C1 + ((2 * r + 1) * 6 + m) * 32)
            window = row_pairs(row_plus(upper, lower))
            row_store(window, z, W2 + (m * 14 + r) * 16)
            row_store(row_squash(row_fma(window, flat[S2_C + m], flat[S2_B + m])), z, S2 + (m * 14 + r) * 16)


COLUMNS = 5 if L == 4 else 10  # of C3 at a time: as many sums as registers allow


@compiled
def c3_s4(flat, kernels, z):
    """6@14×14 -> 16@10×10 -> 16@5×5; lanes are maps."""
    for r in range(10):
        for v in range(0, 16, L):
            bias = row_load(1, flat, C3_B + v)
            for c in range(0, 10, COLUMNS):
                row = row_of(COLUMNS, ZERO)
                for s in range(6):
                    for ky in range(5):
                        for kx in range(5):
                            at = S2 + (s * 14 + r + ky) * 16 + c + kx
                            row = row_axpy(row, z, at, 1, kernels, (s * 25 + ky * 5 + kx) * 16 + v)
                row_put(row, z, C3 + (r * 10 + c) * 16 + v, 16)
            for c in range(10):
                at = C3 + (r * 10 + c) * 16 + v
                row_store(row_squash(row_plus(row_load(1, z, at), bias)), z, at)
    for r in range(5):
        for c in range(5):
            at = C3 + (r * 20 + c * 2) * 16
            upper = row_plus(row_load(NARROW, z, at), row_load(NARROW, z, at + 16))
            lower = row_plus(row_load(NARROW, z, at + 160), row_load(NARROW, z, at + 176))
            window = row_plus(upper, lower)
            row_store(window, z, W4 + (r * 5 + c) * 16)
    for m in range(16):
        for i in range(25):
            z[S4 + m * 25 + i] = z[W4 + i * 16 + m] * flat[S4_C + m] + flat[S4_B + m]
    for i in range(0, 400, L):
        row_store(row_squash(row_load(1, z, S4 + i)), z, S4 + i)


@compiled
def full(flat, weights, bias, units, ins, z, source, out):
    """`units` weighted sums of `ins` numbers, squashed: C5 (on 16@5×5) and F6; lanes are inputs.

    Where `ins` is no multiple of LANES the last vector runs over into the next unit's weights: the
    workspace has zeros there.
    """
    for tile in range(0, units, L):
        first = min(tile, units - L)  # the last tile overlaps the one before
        row = row_of(L, ZERO)
        for i in range(0, ins, L):
            row = row_dots(row, flat, weights + first * ins + i, ins, z, source + i)
        row_store(row_squash(row_plus(row_fold(row), row_load(1, flat, bias + first))), z, out + first)


@compiled
def forward(flat, kernels, z):
    c1_s2(flat, z)
    c3_s4(flat, kernels, z)
    full(flat, C5_W, C5_B, 120, 400, z, S4, C5)
    full(flat, F6_W, F6_B, 84, 120, z, C5, F6)


@compiled
def rbf(z, codes, y):
    """Eq. 7: the squared distance of the F6 state from each code."""
    for i in range(codes.shape[0]):
        sums = row_of(1, ZERO)
        for u in range(0, WHOLE, L):
            off = row_minus(row_load(1, z, F6 + u), row_load(1, codes, i * 84 + u))
            sums = row_fma(off, off, sums)
        total = row_total(sums)
        for u in range(WHOLE, 84):
            off = z[F6 + u] - codes[i, u]
            total += off * off
        y[i] = total


@compiled
def penalise_one(image, unit, flat, codes, kernels, z, y):
    spread(flat, kernels)
    fill(image, unit, z)
    forward(flat, kernels, z)
    rbf(z, codes, y)


def workspace() -> F32:
    """Room for the states of one image."""
    return aligned(STATES)


_mine = threading.local()


def penalties_one(flat: NDArray[np.float32], codes: NDArray[np.float32], image: NDArray) -> F32:
    """Eq. 7 for one image, (classes,) float32: the shortest way from an image to its penalties.

    flat: (60000,) float32. codes: (classes, 84) float32. image: 28×28 or 32×32, uint8 (255 = ink) or float32
    (0 … 1), C-contiguous like the others. Checks nothing. Any number of threads may call it at once.
    """
    if not hasattr(_mine, "memory"):
        _mine.memory = np.zeros(KERNELS, np.float32), workspace()
    y = np.empty(len(codes), np.float32)
    penalise_one(image, INK_UNIT if image.dtype == np.uint8 else FLOAT_UNIT, flat, codes, *_mine.memory, y)
    return y
