"""Recognition: a block of LANES images through the network, without writing C1 or C3.

Arrays are interleaved: `[map][row][column][lane]`, a lane an image, so that a step of one column is a step
of one vector and every layer is made of whole vectors, whatever its number of maps. Names in comments
follow the paper; the reference is network.reference.
"""

from __future__ import annotations

import numpy as np

from ...network.architecture import BACKGROUND, PAIRS, SLICES
from .jit import compiled
from .simd import LANES, row_axpy, row_fma, row_load, row_of, row_squash, row_store, row_taps, row_windows

__all__ = ["L", "interleave", "recognise"]

# Where each parameter starts in the vector of all of them (architecture.SLICES), as compile-time constants.
C1_W, C1_B = SLICES["c1.weight"].start, SLICES["c1.bias"].start
S2_C, S2_B = SLICES["s2.coefficient"].start, SLICES["s2.bias"].start
C3_W, C3_B = SLICES["c3.weight"].start, SLICES["c3.bias"].start
S4_C, S4_B = SLICES["s4.coefficient"].start, SLICES["s4.bias"].start
C5_W, C5_B = SLICES["c5.weight"].start, SLICES["c5.bias"].start
F6_W, F6_B = SLICES["f6.weight"].start, SLICES["f6.bias"].start

PAIR_READS = np.array([s2 for _, s2 in PAIRS], np.int64)
PAIR_FIRST = np.array([sum(c < m for c, _ in PAIRS) for m in range(17)], np.int64)

L = LANES
TILE = 12 if LANES == 8 else 24  # units of C5 at a time: as many sums as registers allow


@compiled
def c1_row(x, flat, m, r, half):
    """14 columns of row r of C1's map m, weighted sums squashed. x: 1@32×32."""
    row = row_of(14, flat[C1_B + m])
    for ky in range(5):
        row = row_taps(row, x, ((r + ky) * 32 + half * 14) * L, flat, C1_W + m * 25 + ky * 5)
    return row_squash(row)


@compiled
def c1_s2(x, flat, s2):
    """1@32×32 -> 6@14×14, C1's rows kept in registers."""
    for m in range(6):
        for r in range(14):
            for half in range(2):
                upper = c1_row(x, flat, m, 2 * r, half)
                lower = c1_row(x, flat, m, 2 * r + 1, half)
                row = row_windows(upper, lower)
                row = row_squash(row_fma(row, flat[S2_C + m], flat[S2_B + m]))
                row_store(row, s2, ((m * 14 + r) * 14 + half * 7) * L)


@compiled
def c3_row(s2, flat, m, r):
    """Row r (10 columns) of C3's map m: the S2 maps that Table I gives it, and no others."""
    row = row_of(10, flat[C3_B + m])
    for p in range(PAIR_FIRST[m], PAIR_FIRST[m + 1]):
        for ky in range(5):
            row = row_taps(row, s2, (PAIR_READS[p] * 14 + r + ky) * 14 * L, flat, C3_W + p * 25 + ky * 5)
    return row_squash(row)


@compiled
def c3_s4(s2, flat, s4):
    """6@14×14 -> 16@5×5, C3's rows kept in registers."""
    for m in range(16):
        for r in range(5):
            upper = c3_row(s2, flat, m, 2 * r)
            lower = c3_row(s2, flat, m, 2 * r + 1)
            row = row_windows(upper, lower)
            row = row_squash(row_fma(row, flat[S4_C + m], flat[S4_B + m]))
            row_store(row, s4, (m * 5 + r) * 5 * L)


@compiled
def full(source, flat, weights, bias, units, ins, out):
    """`units` weighted sums of all `ins` numbers of source, squashed: C5 (on 16@5×5) and F6."""
    for first in range(0, units, TILE):
        first = min(first, units - TILE)  # the last tile overlaps the one before
        row = row_of(TILE, np.float32(0))
        for i in range(ins):
            row = row_axpy(row, flat, weights + first * ins + i, ins, source, i * L)
        row_store(row, out, first * L)
        for u in range(first, first + TILE):
            row_store(row_squash(row_fma(row_load(1, out, u * L), np.float32(1), flat[bias + u])), out, u * L)


@compiled
def rbf(f6, codes, penalties):
    """Eq. 7: squared distance of the F6 state from each code. f6: 84 -> penalties: classes."""
    for i in range(codes.shape[0]):
        total = row_of(1, np.float32(0))
        for j in range(84):
            off = row_fma(row_load(1, f6, j * L), np.float32(1), -codes[i, j])
            total = row_fma(off, off, total)
        row_store(total, penalties, i * L)


@compiled
def interleave(levels, side, x):
    """LANES rows of side·side numbers -> the middle of x (the rest of x is left: it is background)."""
    edge = (32 - side) // 2
    for r in range(side):
        at = ((r + edge) * 32 + edge) * L
        for c in range(side):
            for lane in range(L):
                x[at + c * L + lane] = levels[lane, r * side + c]


@compiled
def fill(images, first, gain, offset, levels, x):
    """LANES images from `first` on (the last one again where they end) -> x, as offset + gain·pixel."""
    count, side = images.shape[0], images.shape[1]
    for lane in range(L):
        image = images[min(first + lane, count - 1)]
        for r in range(side):
            for c in range(side):
                levels[lane, r * side + c] = image[r, c] * gain + offset
    interleave(levels, side, x)


@compiled
def recognise(images, gain, offset, flat, codes, levels, x, s2, s4, c5, f6, y, out):
    """Penalties of all images, LANES at a time. images: N×28×28 or N×32×32 -> out: N×classes."""
    x[:] = np.float32(BACKGROUND)
    for first in range(0, images.shape[0], L):
        fill(images, first, gain, offset, levels, x)
        c1_s2(x, flat, s2)
        c3_s4(s2, flat, s4)
        full(s4, flat, C5_W, C5_B, 120, 400, c5)
        full(c5, flat, F6_W, F6_B, 84, 120, f6)
        rbf(f6, codes, y)
        for lane in range(min(L, images.shape[0] - first)):
            for i in range(codes.shape[0]):
                out[first + lane, i] = y[i * L + lane]
