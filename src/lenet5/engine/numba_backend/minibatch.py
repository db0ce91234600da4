"""Training by mini-batches: one compiled loop over them, run by several threads together.

A mini-batch is cut into groups of GROUP patterns, whatever the number of threads; each group has a
gradient of its own, and they are added in a fixed order. So a seed gives the same model with one thread
and with eight. The threads meet twice a step: before the update and after it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...network.architecture import BACKGROUND, PARAMETER_COUNT
from ...network.distortion import NONE, Distortion
from ...parallel import thread_count
from .augmentation import distort_into, elastic_pool
from .batch_backward import SIZES, collect, learn
from .batch_forward import L, fill, interleave
from .inference import scaled
from .jit import announce_compilation, compiled
from .simd import atomic_add, atomic_load, pause
from .workspace import aligned, run_together, scratch

__all__ = ["GROUP", "Trainer", "gradient", "target_matrix"]

F32 = NDArray[np.float32]

GROUP = 32  # patterns behind one partial gradient: a whole number of blocks for every LANES


@compiled
def meet(counter, arrivals):
    """A barrier: wait until it has been called `arrivals` times in all since the counter was zero."""
    atomic_add(counter, 0, 1)
    turns = 0
    while atomic_load(counter, 0) < arrivals:
        turns += 1
        pause(turns)


@compiled
def update(
    flat, velocity, square, average, gradients, groups, low, high, step,
    rate, momentum, beta2, weight_decay, share, ema,
):  # fmt: skip
    """One step of parameters low … high − 1 from the groups' gradients, which it clears.

    flat, velocity, square, average: (60000,) float32, changed in place. gradients: (groups or more, 60000) float32,
    sums over the patterns of a group; share: 1 / patterns of the mini-batch. step: from 1 since the start of the
    training. beta2 = 0 is plain momentum, else Adam with decoupled weight decay; ema = 0 keeps no average.
    """
    slopes = gradients[0, low:high]
    for g in range(1, groups):
        more = gradients[g, low:high]
        for k in range(high - low):
            slopes[k] += more[k]
            more[k] = 0
    weights, speeds, averages = flat[low:high], velocity[low:high], average[low:high]
    if beta2 > 0:
        spreads = square[low:high]
        one = np.float32(1)
        # Bias correction: both running means start at zero.
        rise = np.float32(rate / (1 - np.float64(momentum) ** step))
        fall = np.float32(1 / (1 - np.float64(beta2) ** step))
        for k in range(high - low):
            slope = share * slopes[k]
            speeds[k] = momentum * speeds[k] + (one - momentum) * slope
            spreads[k] = beta2 * spreads[k] + (one - beta2) * slope * slope
            weights[k] -= (
                rise * speeds[k] / (np.sqrt(fall * spreads[k]) + np.float32(1e-8))
                + rate * weight_decay * weights[k]
            )
            slopes[k] = 0
    else:
        for k in range(high - low):
            speeds[k] = momentum * speeds[k] + (share * slopes[k] + weight_decay * weights[k])
            weights[k] -= rate * speeds[k]
            slopes[k] = 0
    if ema > 0:
        for k in range(high - low):
            averages[k] += ema * (weights[k] - averages[k])


@compiled
def work(
    thread, threads, counter, images, targets, order, batch, rates,
    flat, velocity, square, average, gradients, codes, done, momentum, beta2, weight_decay, ema, j, scale,
    distorted, distortion, fields, seed, pass_index, plane, levels, y, workspace, result,
):  # fmt: skip
    """What thread `thread` of `threads` does in all steps; the settings are those of interface.Trainer.

    counter: (8,) int64 zeros, the barrier's. images: (N, 28, 28) uint8. targets: (N, classes) float32. order: (M,)
    int64, in mini-batches of `batch`; rates: (steps,) float32. flat … average: as in `update`. gradients: (groups,
    60000) float32 zeros. codes: (classes, 84) float32. done: steps before these. fields: tiles of displacements
    (engine.elastic). plane, levels, y, workspace: this thread's own memory. result: (threads, 2) float64, to whose
    row `thread` the energy and the errors are added.
    """
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
            rates[step], momentum, beta2, weight_decay, np.float32(1) / np.float32(end - start), ema,
        )  # fmt: skip
        met += threads
        meet(counter, met)


@compiled
def sum_gradient(images, gain, offset, targets, flat, codes, j, scale, gradient, levels, y, workspace):
    """Energy and gradient summed over all images (N, 28, 28); returns (energy, errors).

    A level v enters as gain·v + offset. targets: (N, classes) float32. gradient: (60000,) float32, added to.
    """
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


# --- called from Python ---------------------------------------------------------------------------------


def target_matrix(targets: NDArray[Any], classes: int) -> F32:
    """Labels (N,) or target weights (N, classes) as weights, (N, classes) float32; see network.losses."""
    targets = np.asarray(targets)
    if targets.ndim == 2:
        return np.ascontiguousarray(targets, np.float32)
    matrix = np.zeros((len(targets), classes), np.float32)
    matrix[np.arange(len(targets)), targets] = 1
    return matrix


def _workspace(classes: int) -> tuple[F32, F32, tuple[F32, ...]]:
    """What one thread works in: levels of a block, its penalties, and every layer's states and slopes."""
    return aligned(L, 1024), aligned(classes * L), tuple(aligned(size) for size in SIZES.values())


def gradient(
    parameters: F32,
    codes: F32,
    images: NDArray[Any],
    targets: NDArray[Any],
    j: float = 1.0,
    scale: float = 0.1,
) -> tuple[float, F32]:
    """Mean of eq. 9 over the patterns, and its gradient, (60000,), as interface.Minibatch.gradient."""
    announce_compilation()
    images, gain = scaled(images)
    total = aligned(PARAMETER_COUNT)
    energy, _ = sum_gradient(
        images, gain, np.float32(BACKGROUND), target_matrix(targets, len(codes)), parameters, codes,
        float(j), float(scale), total, *_workspace(len(codes)),
    )  # fmt: skip
    return energy / max(len(images), 1), total / np.float32(max(len(images), 1))


class Trainer:
    """Stochastic gradient descent on eq. 9, as interface.Minibatch.Trainer."""

    def __init__(
        self,
        parameters: F32,
        codes: F32,
        images: NDArray[np.uint8],
        targets: NDArray[Any],
        *,
        batch: int = 64,
        momentum: float = 0.9,
        beta2: float = 0.0,
        weight_decay: float = 0.0,
        j: float = 1.0,
        scale: float = 0.1,
        distortion: Distortion | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        if len(images) != len(targets):
            raise InputError(f"{len(images)} images but {len(targets)} targets: there must be one for each")
        self.parameters = parameters
        self.velocity = aligned(PARAMETER_COUNT)
        self.square = aligned(PARAMETER_COUNT)
        self.steps = 0
        self.average = parameters.copy()
        self.threads = min(thread_count(threads), max(1, -(-batch // GROUP)))
        self._codes = np.ascontiguousarray(codes, np.float32)
        self._images = np.ascontiguousarray(images)
        self._targets = target_matrix(targets, len(codes))
        self._batch = batch
        self._constants = (np.float32(momentum), np.float32(beta2), np.float32(weight_decay))
        self._loss = (float(j), float(scale))
        self._distortion = distortion or NONE
        self._seed = seed
        self._gradients = aligned(-(-batch // GROUP), PARAMETER_COUNT)
        self._workspaces = [_workspace(len(codes)) for _ in range(self.threads)]
        self.prepare_pass(0)

    def prepare_pass(self, pass_index: int) -> None:
        """Draw what the distortions of a pass share; call it before a pass's first `run`."""
        self._pass = pass_index
        self._pool = elastic_pool(self._distortion, self._seed, pass_index)

    def run(self, order: NDArray[np.int64], rates: F32, ema: float = 0.0) -> tuple[float, int]:
        """Learn the patterns of `order`, a mini-batch for each of `rates`: (sum of the energy, errors)."""
        announce_compilation()
        steps = -(-len(order) // self._batch)
        if len(rates) != steps:
            raise InputError(
                f"{len(order)} patterns in batches of {self._batch} need {steps} rates, not {len(rates)}"
            )
        counter = np.zeros(8, np.int64)
        result = np.zeros((self.threads, 2))
        order, rates = np.ascontiguousarray(order, np.int64), np.ascontiguousarray(rates, np.float32)
        arguments = [
            (
                thread, self.threads, counter, self._images, self._targets, order, self._batch, rates,
                self.parameters, self.velocity, self.square, self.average, self._gradients, self._codes,
                self.steps, *self._constants, np.float32(ema), *self._loss,
                self._distortion != NONE, self._distortion.vector(), self._pool, self._seed, self._pass,
                scratch(), *workspace, result,
            )
            for thread, workspace in enumerate(self._workspaces)
        ]  # fmt: skip
        run_together(work, arguments)
        self.steps += steps
        return float(result[:, 0].sum()), int(result[:, 1].sum())
