"""Training: a block of LANES images forward and back, the gradient summed over blocks.

The way back has the shape of the way forward: `row_spread` gives the gradient to a convolution's input,
`row_correlate` to a row of its kernel, in whole rows kept in registers. Gradients of shared weights stay
spread over the lanes (`[parameter][lane]`) until the last block of a mini-batch; those of C5 and F6 are
outer products over images. No layer computes a gradient to the input image: nothing would read it.
"""

from __future__ import annotations

from math import exp, inf, log

import numpy as np

from .batch_forward import (
    C1_B,
    C1_W,
    C3_B,
    C3_W,
    C5_B,
    C5_W,
    F6_B,
    F6_W,
    PAIR_FIRST,
    PAIR_READS,
    S2_B,
    S2_C,
    S4_B,
    S4_C,
    TILE,
    L,
    c1_row,
    c3_row,
    full,
    rbf,
)
from .jit import compiled
from .simd import (
    row_accumulate,
    row_axpy,
    row_correlate,
    row_double,
    row_fma,
    row_load,
    row_of,
    row_outer,
    row_plus,
    row_slope,
    row_spread,
    row_squash,
    row_store,
    row_sum,
    row_times,
    row_windows,
)
from .simd_lanes import row_total

__all__ = ["SIZES", "collect", "learn", "push_back"]

SHARED = C5_W  # parameters before C5's: shared by all positions of a map, gradients kept by lane
F6_STRIDE = 128  # F6's gradient rows, widened from 120 to whole vectors

# Pairs that read S2's map s, the other way round from PAIR_READS: for the gradient to S2.
READERS = np.array([[p for p in range(60) if PAIR_READS[p] == s] for s in range(6)], np.int64)
PAIR_MAP = np.array([np.searchsorted(PAIR_FIRST, p, "right") - 1 for p in range(60)], np.int64)

# Numbers in each array that a thread works in (float32), in the order in which `learn` takes them.
SIZES = {
    "x": 1024 * L, "c1": 6 * 784 * L, "s2": 6 * 196 * L, "c3": 1600 * L, "s4": 400 * L, "c5": 120 * L,
    "f6": 84 * L, "d6": 84 * L, "d5": 120 * L, "d4": 400 * L, "d3": 1600 * L, "d1": 5 * 28 * L,
    "turned": L * (400 + 120 + F6_STRIDE + 84),
    "by_lane": (SHARED + 120 + 84) * L, "g6": 84 * F6_STRIDE,
}  # fmt: skip


@compiled
def forward(x, flat, c1, s2, c3, s4, c5, f6):
    """As recognition, but every state is kept: the way back needs them for the slopes."""
    for m in range(6):
        for r in range(14):
            for half in range(2):
                upper = c1_row(x, flat, m, 2 * r, half)
                lower = c1_row(x, flat, m, 2 * r + 1, half)
                row_store(upper, c1, ((m * 28 + 2 * r) * 28 + half * 14) * L)
                row_store(lower, c1, ((m * 28 + 2 * r + 1) * 28 + half * 14) * L)
                row = row_fma(row_windows(upper, lower), flat[S2_C + m], flat[S2_B + m])
                row_store(row_squash(row), s2, ((m * 14 + r) * 14 + half * 7) * L)
    for m in range(16):
        for r in range(5):
            upper = c3_row(s2, flat, m, 2 * r)
            lower = c3_row(s2, flat, m, 2 * r + 1)
            row_store(upper, c3, (m * 10 + 2 * r) * 10 * L)
            row_store(lower, c3, (m * 10 + 2 * r + 1) * 10 * L)
            row = row_fma(row_windows(upper, lower), flat[S4_C + m], flat[S4_B + m])
            row_store(row_squash(row), s4, (m * 5 + r) * 5 * L)
    full(s4, flat, C5_W, C5_B, 120, 400, c5)
    full(c5, flat, F6_W, F6_B, 84, 120, f6)


@compiled
def loss(f6, codes, targets, patterns, count, j, scale, y, d6):
    """Eq. 9 and its slope to F6's weighted sums, for the `count` patterns whose rows of targets are given.

    See network.losses: E = Σ_i t_i·s·y_i + (1 − Σ t_i)·j + log(e^−j + Σ_i e^(−s·y_i)). y is overwritten by
    2s·(t_i − p_i). Returns the energy summed over patterns, and the errors (patterns of which no class is
    likelier by their targets than the rubbish class are not counted among them).
    """
    classes = codes.shape[0]
    rbf(f6, codes, y)
    energy, errors = 0.0, 0
    for lane in range(L):
        if lane >= count:
            for i in range(classes):
                y[i * L + lane] = 0
            continue
        target = targets[patterns[lane]]
        least, best, wanted, largest, given, pull = inf, 0, 0, 0.0, 0.0, 0.0
        for i in range(classes):
            penalty = scale * y[i * L + lane]
            if penalty < least:
                least, best = penalty, i
            if target[i] > largest:
                largest, wanted = target[i], i
            given += target[i]
            pull += target[i] * penalty
        errors += largest > 1 - given and best != wanted
        base = min(least, j)
        total = exp(base - j)
        for i in range(classes):
            total += exp(base - scale * y[i * L + lane])
        energy += pull + log(total) - base
        if j != inf:
            energy += (1 - given) * j
        for i in range(classes):
            posterior = exp(base - scale * y[i * L + lane]) / total
            y[i * L + lane] = 2 * scale * (target[i] - posterior)
    rbf_back(f6, codes, y, d6)
    return energy, errors


@compiled
def rbf_back(f6, codes, y, d6):
    """Twice the slopes by the penalties, [class][lane] -> slopes by F6's weighted sums."""
    classes = codes.shape[0]
    rest = row_of(1, np.float32(0))
    for i in range(classes):
        rest = row_plus(rest, row_load(1, y, i * L))
    for unit in range(84):
        state = row_load(1, f6, unit * L)
        slope = row_times(rest, state)
        for i in range(classes):
            slope = row_fma(row_load(1, y, i * L), -codes[i, unit], slope)
        row_store(row_slope(state, slope), d6, unit * L)


@compiled
def turn(source, count, out, start, stride):
    """[number][lane] -> [lane][number]."""
    for i in range(count):
        for lane in range(L):
            out[start + lane * stride + i] = source[i * L + lane]


@compiled
def full_back(flat, weights, units, ins, slopes, states, out):
    """Slopes of `units` weighted sums -> slopes of the `ins` weighted sums that feed them."""
    for first in range(0, ins, TILE):
        first = min(first, ins - TILE)
        row = row_of(TILE, np.float32(0))
        for u in range(units):
            row = row_axpy(row, flat, weights + u * ins + first, 1, slopes, u * L)
        row_store(row, out, first * L)
    for i in range(ins):
        row_store(row_slope(row_load(1, states, i * L), row_load(1, out, i * L)), out, i * L)


@compiled
def add_by_lane(by_lane, parameter, row):
    at = parameter * L
    row_store(row_plus(row_load(1, by_lane, at), row), by_lane, at)


@compiled
def c5_f6_gradient(turned, d5, d6, s4, c5, by_lane, g6, gradient):
    """Outer products of slopes and inputs, summed over the block's images."""
    at_d5 = 400 * L
    at_c5 = at_d5 + 120 * L
    at_d6 = at_c5 + F6_STRIDE * L
    turn(s4, 400, turned, 0, 400)
    turn(d5, 120, turned, at_d5, 120)
    turn(c5, 120, turned, at_c5, F6_STRIDE)
    turn(d6, 84, turned, at_d6, 84)
    for unit in range(120):
        add_by_lane(by_lane, SHARED + unit, row_load(1, d5, unit * L))
    for unit in range(84):
        add_by_lane(by_lane, SHARED + 120 + unit, row_load(1, d6, unit * L))
    # Tiles of 4 units by 5 vectors of C5's kernels, of 4 by 4 of F6's.
    for unit in range(0, 120, 4):
        for first in range(0, 400, 5 * L):
            at = C5_W + unit * 400 + first
            tile = row_of(20, np.float32(0))
            for image in range(L):
                tile = row_outer(tile, 5, turned, at_d5 + image * 120 + unit, turned, image * 400 + first)
            row_accumulate(tile, 5, gradient, at, 400)
    for unit in range(0, 84, 4):
        for first in range(0, F6_STRIDE, 4 * L):
            tile = row_of(16, np.float32(0))
            for image in range(L):
                tile = row_outer(
                    tile, 4, turned, at_d6 + image * 84 + unit, turned, at_c5 + image * F6_STRIDE + first
                )
            row_accumulate(tile, 4, g6, unit * F6_STRIDE + first, F6_STRIDE)


@compiled
def s4_back(c3, s4, d4, flat, d3, by_lane):
    """d4 (slopes of S4's weighted sums) -> d3 (of C3's); gradients of S4's coefficients and biases."""
    for m in range(16):
        coefficient = flat[S4_C + m]
        to_coefficient, to_bias = row_of(1, np.float32(0)), row_of(1, np.float32(0))
        to_c3_bias = row_of(1, np.float32(0))
        for r in range(5):
            slope = row_load(5, d4, (m * 5 + r) * 5 * L)
            at = (m * 10 + 2 * r) * 10 * L
            upper, lower = row_load(10, c3, at), row_load(10, c3, at + 10 * L)
            to_bias = row_plus(to_bias, row_sum(slope))
            to_coefficient = row_plus(to_coefficient, row_sum(row_times(slope, row_windows(upper, lower))))
            both = row_double(row_times(slope, coefficient))
            upper, lower = row_slope(upper, both), row_slope(lower, both)
            to_c3_bias = row_plus(to_c3_bias, row_sum(row_plus(upper, lower)))
            row_store(upper, d3, at)
            row_store(lower, d3, at + 10 * L)
        add_by_lane(by_lane, S4_C + m, to_coefficient)
        add_by_lane(by_lane, S4_B + m, to_bias)
        add_by_lane(by_lane, C3_B + m, to_c3_bias)


@compiled
def c3_gradient(s2, d3, by_lane):
    """Gradient of the sixty kernels: slopes of C3 against states of S2."""
    for p in range(60):
        for ky in range(5):
            at = (C3_W + p * 25 + ky * 5) * L
            sums = row_load(5, by_lane, at)
            for r in range(10):
                slope = row_load(10, d3, (PAIR_MAP[p] * 10 + r) * 10 * L)
                sums = row_correlate(sums, slope, s2, (PAIR_READS[p] * 14 + r + ky) * 14 * L)
            row_store(sums, by_lane, at)


@compiled
def s2_back(x, c1, s2, d3, flat, d1, by_lane):
    """d3 -> slopes of S2 and C1, and the gradients of both; four rows of C1 at a time."""
    for m in range(6):
        coefficient = flat[S2_C + m]
        to_coefficient, to_bias = row_of(1, np.float32(0)), row_of(1, np.float32(0))
        to_c1_bias = row_of(1, np.float32(0))
        for strip in range(7):
            for r in range(2):
                y = 2 * strip + r
                slope = row_of(14, np.float32(0))
                for ky in range(max(0, y - 9), min(5, y + 1)):
                    for reader in range(READERS.shape[1]):
                        p = READERS[m, reader]
                        at = (PAIR_MAP[p] * 10 + y - ky) * 10 * L
                        slope = row_spread(slope, d3, at, flat, C3_W + p * 25 + ky * 5)
                slope = row_slope(row_load(14, s2, (m * 14 + y) * 14 * L), slope)
                to_bias = row_plus(to_bias, row_sum(slope))
                row_store(slope, d1, 0)
                for half in range(1, -1, -1):
                    part = row_load(7, d1, half * 7 * L)
                    at = ((m * 28 + 2 * y) * 28 + half * 14) * L
                    upper, lower = row_load(14, c1, at), row_load(14, c1, at + 28 * L)
                    windows = row_times(part, row_windows(upper, lower))
                    to_coefficient = row_plus(to_coefficient, row_sum(windows))
                    both = row_double(row_times(part, coefficient))
                    upper, lower = row_slope(upper, both), row_slope(lower, both)
                    to_c1_bias = row_plus(to_c1_bias, row_sum(row_plus(upper, lower)))
                    row_store(upper, d1, (28 + half * 14 + r * 56) * L)
                    row_store(lower, d1, (56 + half * 14 + r * 56) * L)
            for ky in range(5):
                at = (C1_W + m * 25 + ky * 5) * L
                sums = row_load(5, by_lane, at)
                for r in range(4):
                    for half in range(2):
                        slope = row_load(14, d1, (28 + r * 28 + half * 14) * L)
                        sums = row_correlate(sums, slope, x, ((4 * strip + r + ky) * 32 + half * 14) * L)
                row_store(sums, by_lane, at)
        add_by_lane(by_lane, S2_C + m, to_coefficient)
        add_by_lane(by_lane, S2_B + m, to_bias)
        add_by_lane(by_lane, C1_B + m, to_c1_bias)


@compiled
def learn(
    targets, patterns, count, flat, codes, j, scale, gradient, y,
    x, c1, s2, c3, s4, c5, f6, d6, d5, d4, d3, d1, turned, by_lane, g6,
):  # fmt: skip
    """Forward and back for the block in x; adds its gradient to by_lane, g6 and (C5's) gradient.

    `patterns` (LANES,) are the rows of `targets` of the block's images, of which the first `count` count.
    Returns energy (summed) and errors.
    """
    forward(x, flat, c1, s2, c3, s4, c5, f6)
    energy, errors = loss(f6, codes, targets, patterns, count, j, scale, y, d6)
    back(flat, gradient, x, c1, s2, c3, s4, c5, d6, d5, d4, d3, d1, turned, by_lane, g6)
    return energy, errors


@compiled
def push_back(
    slopes, first, count, flat, codes, gradient, y,
    x, c1, s2, c3, s4, c5, f6, d6, d5, d4, d3, d1, turned, by_lane, g6,
):  # fmt: skip
    """As `learn`, for slopes by the penalties, (N, classes), in place of eq. 9's.

    Those of the block's images are rows `first` … `first` + `count` − 1.
    """
    forward(x, flat, c1, s2, c3, s4, c5, f6)
    for i in range(codes.shape[0]):
        for lane in range(L):
            y[i * L + lane] = 2 * slopes[first + lane, i] if lane < count else np.float32(0)
    rbf_back(f6, codes, y, d6)
    back(flat, gradient, x, c1, s2, c3, s4, c5, d6, d5, d4, d3, d1, turned, by_lane, g6)


@compiled
def back(flat, gradient, x, c1, s2, c3, s4, c5, d6, d5, d4, d3, d1, turned, by_lane, g6):
    """From the slopes by F6's weighted sums to all parameters of the layers."""
    full_back(flat, F6_W, 84, 120, d6, c5, d5)
    full_back(flat, C5_W, 120, 400, d5, s4, d4)
    c5_f6_gradient(turned, d5, d6, s4, c5, by_lane, g6, gradient)
    s4_back(c3, s4, d4, flat, d3, by_lane)
    c3_gradient(s2, d3, by_lane)
    s2_back(x, c1, s2, d3, flat, d1, by_lane)


@compiled
def collect(by_lane, g6, gradient):
    """Add what was kept by lane and widened to the gradient of all 60,000 parameters, and clear it."""
    for k in range(SHARED + 204):
        total = row_total(row_load(1, by_lane, k * L))
        gradient[k if k < SHARED else C5_B + k - SHARED if k < SHARED + 120 else F6_B + k - SHARED - 120] += (
            total
        )
    by_lane[:] = 0
    for unit in range(84):
        for i in range(120):
            gradient[F6_W + unit * 120 + i] += g6[unit * F6_STRIDE + i]
    g6[:] = 0
