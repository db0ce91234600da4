"""Mini-batches, one after another, in one compiled loop that several threads run together.

A mini-batch is cut into groups of GROUP patterns, whatever the number of threads; each group has a
gradient of its own, and they are added in a fixed order. So a seed gives the same model with one thread
and with eight. The threads meet twice a step: before the update and after it.
"""

from __future__ import annotations

import numpy as np

from ...network.architecture import BACKGROUND, PARAMETER_COUNT
from .augmentation import distort_into
from .batch_backward import collect, learn
from .batch_forward import L, fill, interleave
from .jit import compiled
from .simd import atomic_add, atomic_load, pause

__all__ = ["GROUP", "sum_gradient", "work"]

GROUP = 32  # patterns behind one partial gradient: a whole number of blocks for every LANES


@compiled
def meet(counter, arrivals):
    """Wait until `arrivals` threads in all have come here since the counter was zero."""
    atomic_add(counter, 0, 1)
    turns = 0
    while atomic_load(counter, 0) < arrivals:
        turns += 1
        pause(turns)


@compiled
def update(
    flat, velocity, square, average, gradients, groups, low, high, step,
    rate, momentum, squares, decay, share, averaging,
):  # fmt: skip
    """One step of parameters low … high from the groups' gradients, which it clears; see Trainer.

    `step` counts from 1 since the start of the training; squares = 0 is plain momentum.
    """
    slopes = gradients[0, low:high]
    for g in range(1, groups):
        more = gradients[g, low:high]
        for k in range(high - low):
            slopes[k] += more[k]
            more[k] = 0
    weights, speeds, averages = flat[low:high], velocity[low:high], average[low:high]
    if squares > 0:
        spreads = square[low:high]
        one = np.float32(1)
        # Both running means start at zero: these make up for it.
        rise = np.float32(rate / (1 - np.float64(momentum) ** step))
        fall = np.float32(1 / (1 - np.float64(squares) ** step))
        for k in range(high - low):
            slope = share * slopes[k]
            speeds[k] = momentum * speeds[k] + (one - momentum) * slope
            spreads[k] = squares * spreads[k] + (one - squares) * slope * slope
            weights[k] -= (
                rise * speeds[k] / (np.sqrt(fall * spreads[k]) + np.float32(1e-8)) + rate * decay * weights[k]
            )
            slopes[k] = 0
    else:
        for k in range(high - low):
            speeds[k] = momentum * speeds[k] + (share * slopes[k] + decay * weights[k])
            weights[k] -= rate * speeds[k]
            slopes[k] = 0
    if averaging > 0:
        for k in range(high - low):
            averages[k] += averaging * (weights[k] - averages[k])


@compiled
def work(
    thread, threads, counter, images, targets, order, batch, rates,
    flat, velocity, square, average, gradients, codes, done, momentum, squares, decay, averaging, j, scale,
    distorted, distortion, fields, seed, pass_index, plane, levels, y, workspace, result,
):  # fmt: skip
    """What one of `threads` threads does for all steps of `order`; see Trainer for the arguments."""
    patterns = np.empty(L, np.int64)
    met = 0
    low = thread * PARAMETER_COUNT // threads
    high = (thread + 1) * PARAMETER_COUNT // threads
    x = workspace[0]
    x[:] = np.float32(BACKGROUND)
    for step in range(rates.shape[0]):
        start = step * batch
        end = min(start + batch, order.shape[0])
        groups = (end - start + GROUP - 1) // GROUP
        for g in range(thread, groups, threads):
            for first in range(start + g * GROUP, min(start + (g + 1) * GROUP, end), L):
                count = min(L, min(start + (g + 1) * GROUP, end) - first)
                for lane in range(L):
                    patterns[lane] = order[first + min(lane, count - 1)]
                    field = images[patterns[lane]]
                    if distorted:
                        out = levels[lane].reshape(32, 32)
                        distort_into(field, distortion, fields, seed, pass_index, patterns[lane], plane, out)
                    else:
                        for r in range(28):
                            for c in range(28):
                                level = field[r, c] * np.float32(0.005) - np.float32(0.1)
                                levels[lane, r * 28 + c] = level
                interleave(levels, 32 if distorted else 28, x)
                energy, errors = learn(
                    targets, patterns, count, flat, codes, j, scale, gradients[g], y, *workspace
                )
                result[thread, 0] += energy
                result[thread, 1] += errors
            collect(workspace[-2], workspace[-1], gradients[g])
        met += threads
        meet(counter, met)
        update(
            flat, velocity, square, average, gradients, groups, low, high, done + step + 1,
            rates[step], momentum, squares, decay, np.float32(1) / np.float32(end - start), averaging,
        )  # fmt: skip
        met += threads
        meet(counter, met)


@compiled
def sum_gradient(images, gain, offset, targets, flat, codes, j, scale, gradient, levels, y, workspace):
    """Energy and gradient (added to `gradient`), summed over all images; returns (energy, errors)."""
    patterns = np.empty(L, np.int64)
    total, wrong = 0.0, 0
    x = workspace[0]
    x[:] = np.float32(BACKGROUND)
    for first in range(0, images.shape[0], L):
        count = min(L, images.shape[0] - first)
        for lane in range(L):
            patterns[lane] = first + min(lane, count - 1)
        fill(images, first, gain, offset, levels, x)
        energy, errors = learn(targets, patterns, count, flat, codes, j, scale, gradient, y, *workspace)
        total += energy
        wrong += errors
    collect(workspace[-2], workspace[-1], gradient)
    return total, wrong
