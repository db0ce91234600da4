"""One pattern at a time, backward: one text for training, gradient and curvature.

`backward` adds `steps · slope` into `into`:
* training (Section III-B): into = the weights themselves, steps = −η_k; a weight is read once, used, moved.
* gradient: into = zeros, steps = 1.
* curvature (Appendix C): as the gradient, with weights, inputs and slopes of the squashing function squared.
The reference is network.reference.
"""

from __future__ import annotations

import numpy as np

from ...network.architecture import PAIRS
from .batch_forward import C1_B, C1_W, C3_B, C5_B, C5_W, F6_B, F6_W, S2_B, S2_C, S4_B, S4_C
from .image_forward import C1, C3, C5, F6, NARROW, S2, S4, W2, W4, WIDE, ZERO, L, X
from .jit import compiled
from .simd import row_axpy, row_fma, row_load, row_of, row_plus, row_slope, row_store, row_times
from .simd_lanes import row_dots, row_fold, row_get, row_lanes_twice, row_lift, row_put, row_total

__all__ = []

# Where each thing lies in the second workspace, that of slopes.
D1 = 0  # as C1
D2 = D1 + 28 * 6 * 32  # as S2
D3 = D2 + 6 * 14 * 16  # as C3
T3 = D3 + 100 * 16  # [map][row][20]: as D3, four zeros on either side of a row
D4 = T3 + 16 * 10 * 20  # as S4, before the slope of the squashing function
D5 = D4 + 400  # as C5
D6 = D5 + 160  # as F6
SUMS = D6 + 96  # [150 and 10 spare][lane]: C1's gradient before the lanes are added
SLOPES = SUMS + 160 * L

SWEEP = 5  # vectors of a row of weights at a time: 25, 50 or 100 in C5
FEEDS = np.array([[c3 for c3, read in PAIRS if read == s2] for s2 in range(6)], np.int64)  # each feeds ten


@compiled
def bend(width_states, slopes, squared):
    """Slope to a state → slope to its weighted sum: times f'(a), or f'(a)² for the curvature."""
    slopes = row_slope(width_states, slopes)
    if squared:
        slopes = row_slope(width_states, slopes)
    return slopes


@compiled
def sweep(units, ins, weights, into, steps, first, d, slopes, q, inputs, back):
    """A layer of full connection, back: every weight passes once, while it is read, used and moved.

    d[back + i] = Σ_u w_ui·d[slopes + u], into_ui += steps_ui·d[slopes + u]·q[inputs + i].
    """
    for i in range(0, ins, SWEEP * L):
        sums = row_of(SWEEP, ZERO)
        x = row_load(SWEEP, q, inputs + i)
        for u in range(units):
            at = first + u * ins + i
            slope = d[slopes + u]
            sums = row_fma(row_load(SWEEP, weights, at), slope, sums)
            moved = row_fma(row_times(x, slope), row_load(SWEEP, steps, at), row_load(SWEEP, into, at))
            row_store(moved, into, at)
        row_store(sums, d, back + i)


@compiled
def add(into, steps, at, slope):
    into[at] += steps[at] * slope


@compiled
def c5_f6_back(weights, into, steps, z, q, d, squared):
    """d[F6's states] -> d[S4's states]; F6 and C5 move."""
    for i in range(0, 96, L):
        row_store(bend(row_load(1, z, F6 + i), row_load(1, d, D6 + i), squared), d, D6 + i)
    sweep(84, 120, weights, into, steps, F6_W, d, D6, q, C5, D5)
    for i in range(0, 128, L):
        row_store(bend(row_load(1, z, C5 + i), row_load(1, d, D5 + i), squared), d, D5 + i)
    sweep(120, 400, weights, into, steps, C5_W, d, D5, q, S4, D4)
    for u in range(84):
        add(into, steps, F6_B + u, d[D6 + u])
    for u in range(120):
        add(into, steps, C5_B + u, d[D5 + u])


@compiled
def s4_back(weights, into, steps, z, q, d, squared):
    """d[S4's states] -> d[C3's weighted sums], laid out twice (lanes are maps; lanes are columns)."""
    for i in range(0, 400, L):
        row_store(bend(row_load(1, z, S4 + i), row_load(1, d, D4 + i), squared), d, D4 + i)
    for m in range(16):
        through, bias = ZERO, ZERO
        coefficient = weights[S4_C + m]
        for i in range(25):
            slope = d[D4 + m * 25 + i]
            through += slope * q[W4 + i * 16 + m]
            bias += slope
            slope *= coefficient
            at = D3 + ((i // 5) * 20 + (i % 5) * 2) * 16 + m
            d[at] = slope
        add(into, steps, S4_C + m, through)
        add(into, steps, S4_B + m, bias)
    for v in range(0, 16, L):
        bias = row_of(1, ZERO)
        for r in range(0, 10, 2):
            for c in range(0, 10, 2):
                at = (r * 10 + c) * 16 + v
                slope = row_load(1, d, D3 + at)
                for corner in (0, 16, 160, 176):
                    one = bend(row_load(1, z, C3 + at + corner), slope, squared)
                    row_store(one, d, D3 + at + corner)
                    bias = row_plus(bias, one)
        moved = row_fma(bias, row_load(1, steps, C3_B + v), row_load(1, into, C3_B + v))
        row_store(moved, into, C3_B + v)
    for i in range(100):
        for m in range(16):
            d[T3 + m * 200 + (i // 10) * 20 + 4 + i % 10] = d[D3 + i * 16 + m]


@compiled
def c3_back(kernels, kernels_into, kernels_steps, z, q, d, squared):
    """d[C3's weighted sums] -> d[S2's weighted sums]; C3's kernels move."""
    for s in range(6):
        for v in range(0, 16, L):
            sums = row_of(14, ZERO)
            for feed in range(10):
                m = FEEDS[s, feed]
                for kx in range(5):
                    at = T3 + m * 200 + 4 - kx + v
                    sums = row_lift(sums, d, at, 20, kernels, (s * 25 + kx) * 16 + m, 5 * 16)
            at = s * 14 * 16 + v
            row_put(bend(row_get(14, z, S2 + at, 16), sums, squared), d, D2 + at, 16)
        for v in range(0, 16, L):
            a, b, c, e, f = (
                row_of(5, ZERO),
                row_of(5, ZERO),
                row_of(5, ZERO),
                row_of(5, ZERO),
                row_of(5, ZERO),
            )
            for r in range(10):
                for column in range(10):
                    at = S2 + (s * 14 + r) * 16 + column
                    slope = D3 + (r * 10 + column) * 16 + v
                    a = row_axpy(a, q, at, 1, d, slope)
                    b = row_axpy(b, q, at + 16, 1, d, slope)
                    c = row_axpy(c, q, at + 32, 1, d, slope)
                    e = row_axpy(e, q, at + 48, 1, d, slope)
                    f = row_axpy(f, q, at + 64, 1, d, slope)
            at = s * 25 * 16 + v
            move(kernels_into, kernels_steps, at, a)
            move(kernels_into, kernels_steps, at + 80, b)
            move(kernels_into, kernels_steps, at + 160, c)
            move(kernels_into, kernels_steps, at + 240, e)
            move(kernels_into, kernels_steps, at + 320, f)


@compiled
def move(into, steps, at, slopes):
    """A kernel row of all sixteen maps: into += steps · slopes. Absent connections have steps of 0."""
    row_put(row_fma(slopes, row_get(5, steps, at, 16), row_get(5, into, at, 16)), into, at, 16)


@compiled
def s2_back(weights, into, steps, z, q, d, squared):
    """d[S2's weighted sums] -> d[C1's weighted sums]."""
    for m in range(6):
        coefficient = weights[S2_C + m]
        through, bias = row_of(NARROW, ZERO), row_of(NARROW, ZERO)
        shared = row_of(WIDE, ZERO)
        for r in range(14):
            at = (m * 14 + r) * 16
            slope = row_load(NARROW, d, D2 + at)
            through = row_fma(slope, row_load(NARROW, q, W2 + at), through)
            bias = row_plus(bias, slope)
            slope = row_times(row_lanes_twice(slope), coefficient)
            for upper in range(2):
                at = ((2 * r + upper) * 6 + m) * 32
                one = bend(row_load(WIDE, z, C1 + at), slope, squared)
                row_store(one, d, D1 + at)
                shared = row_plus(shared, one)
        add(into, steps, S2_C + m, row_total(through))
        add(into, steps, S2_B + m, row_total(bias))
        add(into, steps, C1_B + m, row_total(shared))


@compiled
def c1_back(into, steps, q, d):
    """C1 moves; nothing asks for the slope to the image."""
    for m in range(0, 6, 3):
        for ky in range(5):
            a, b, c = row_of(5, ZERO), row_of(5, ZERO), row_of(5, ZERO)
            for r in range(28):
                for v in range(0, 32, L):
                    at, slope = X + (r + ky) * 32 + v, D1 + (r * 6 + m) * 32 + v
                    a = row_dots(a, q, at, 1, d, slope)
                    b = row_dots(b, q, at, 1, d, slope + 32)
                    c = row_dots(c, q, at, 1, d, slope + 64)
            at = SUMS + (m * 25 + ky * 5) * L
            row_store(a, d, at)
            row_store(b, d, at + 25 * L)
            row_store(c, d, at + 50 * L)
    for i in range(0, 150, L):
        at = min(i, 150 - L)
        slopes = row_fold(row_load(L, d, SUMS + at * L))
        row_store(slopes, d, SUMS + at)
    for i in range(150):
        add(into, steps, C1_W + i, d[SUMS + i])


@compiled
def backward(weights, kernels, into, kernels_into, steps, kernels_steps, z, q, d, squared):
    """From d[D6], the slope of the energy to F6's states, to all parameters: into += steps · slope.

    `z` holds the states, `q` what weights are multiplied by: z again, or its squares for the curvature.
    """
    c5_f6_back(weights, into, steps, z, q, d, squared)
    s4_back(weights, into, steps, z, q, d, squared)
    c3_back(kernels, kernels_into, kernels_steps, z, q, d, squared)
    s2_back(weights, into, steps, z, q, d, squared)
    c1_back(into, steps, q, d)
