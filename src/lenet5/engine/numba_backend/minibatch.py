"""Training by mini-batches: one compiled loop over them, run by several threads together.

A mini-batch is cut into groups of GROUP patterns, whatever the number of threads; each group has a
gradient of its own, and they are added in a fixed order. So a seed gives the same model with one thread
and with eight. The threads wait for each other twice a step: before the update and after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...network.architecture import BACKGROUND, FOREGROUND, PARAMETER_COUNT
from ...network.distortion import NONE, Distortion
from ...parallel import thread_count
from .augmentation import distort_into, elastic_pool
from .batch_backward import SIZES, collect, learn, push_back
from .batch_forward import L, fill, interleave
from .inference import scaled
from .jit import announce_compilation, compiled
from .simd import atomic_add, atomic_load, pause
from .workspace import aligned, run_together, scratch

__all__ = ["GROUP", "Trainer", "gradient", "penalty_gradient", "target_matrix"]

F32 = NDArray[np.float32]

GROUP = 32  # patterns behind one partial gradient: a whole number of blocks for every LANES
WHITE = np.float32(BACKGROUND)
GREY_LEVEL = np.float32((FOREGROUND - BACKGROUND) / 255)  # one of 255 grey levels, in the input's range


class Thread(NamedTuple):
    """One of the threads that train together.

    Args:
        index: 0 … count − 1.
        count: threads.
        arrivals: (8,) int64 zeros, the barrier's counter, shared by all threads.
        totals: (2,) float64, to which the energy and the errors of this thread's patterns are added.
    """

    index: int
    count: int
    arrivals: NDArray[np.int64]
    totals: NDArray[np.float64]


class Patterns(NamedTuple):
    """The patterns to learn.

    Args:
        images: (N, 28, 28) uint8.
        targets: (N, classes) float32, target weights.
        order: (M,) int64, indices of patterns, in mini-batches of `batch`, of which the last may be short.
        batch: patterns a mini-batch.
        rates: (steps,) float32, one for each mini-batch.
    """

    images: NDArray[np.uint8]
    targets: F32
    order: NDArray[np.int64]
    batch: int
    rates: F32


class State(NamedTuple):
    """The state of the optimiser, changed in place.

    Args:
        parameters: (60000,) float32.
        velocity, square, average: (60000,) float32, as in interface.Trainer.
        gradients: (groups, 60000) float32 zeros, sums over the patterns of a group.
        steps: taken before these.
    """

    parameters: F32
    velocity: F32
    square: F32
    average: F32
    gradients: F32
    steps: int


class Optimiser(NamedTuple):
    """Constants of the optimiser, as in interface.Trainer.

    Args:
        momentum: share of the velocity that a step keeps.
        beta2: 0 for plain momentum, else Adam with decoupled weight decay.
        weight_decay: share of a parameter added to its gradient.
        ema: share by which the average moves; 0 keeps no average.
    """

    momentum: np.float32
    beta2: np.float32
    weight_decay: np.float32
    ema: np.float32


class Loss(NamedTuple):
    """Eq. 9 (network.losses).

    Args:
        codes: (classes, 84) float32.
        j: penalty of the rubbish class.
        scale: what the penalties are multiplied by.
    """

    codes: F32
    j: float
    scale: float


class Augmentation(NamedTuple):
    """The distortions of a pass (network.distortion).

    Args:
        enabled: False leaves the images as they are.
        magnitudes: `Distortion.vector()`.
        pool: `elastic_pool` of this distortion, seed and pass.
        seed: of all draws.
        pass_index: from 0.
    """

    enabled: bool
    magnitudes: NDArray[np.float64]
    pool: F32
    seed: int
    pass_index: int


class Memory(NamedTuple):
    """What one thread works in.

    Args:
        levels: (LANES, 1024) float32, the inputs of a block.
        penalties: (classes·LANES,) float32.
        layers: every layer's states and slopes (batch_backward.SIZES).
        scratch: of a distortion.
    """

    levels: F32
    penalties: F32
    layers: tuple[F32, ...]
    scratch: NDArray[np.uint32]


@compiled
def barrier(counter, arrivals):
    """Wait until this has been called `arrivals` times in all since the counter was zero."""
    atomic_add(counter, 0, 1)
    turns = 0
    while atomic_load(counter, 0) < arrivals:
        turns += 1
        pause(turns)


@compiled
def update(state, optimiser, groups, low, high, step, rate, share):
    """One step of parameters low … high − 1 from the gradients of `groups` groups, which it clears.

    step: from 1 since the start of the training. share: 1 / patterns of the mini-batch.
    """
    momentum, beta2, weight_decay, ema = optimiser
    slopes = state.gradients[0, low:high]
    for g in range(1, groups):
        more = state.gradients[g, low:high]
        for k in range(high - low):
            slopes[k] += more[k]
            more[k] = 0
    weights, speeds = state.parameters[low:high], state.velocity[low:high]
    if beta2 > 0:
        spreads = state.square[low:high]
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
        averages = state.average[low:high]
        for k in range(high - low):
            averages[k] += ema * (weights[k] - averages[k])


@compiled
def load_pattern(image, pattern, augmentation, scratch, levels):
    """One image -> levels (1024,): distorted, 32×32, or only normalised, 28×28."""
    if augmentation.enabled:
        _, magnitudes, pool, seed, pass_index = augmentation
        distort_into(image, magnitudes, pool, seed, pass_index, pattern, scratch, levels.reshape(32, 32))
    else:
        for r in range(28):
            for c in range(28):
                levels[r * 28 + c] = image[r, c] * GREY_LEVEL + WHITE


@compiled
def run_steps(thread, patterns, state, optimiser, loss, augmentation, memory):
    """All steps of a run, as far as they are this thread's.

    It learns each `thread.count`-th group of a mini-batch, and updates its own share of the parameters.
    """
    images, targets, order, batch, rates = patterns
    indices = np.empty(L, np.int64)
    arrivals = 0
    low = thread.index * PARAMETER_COUNT // thread.count
    high = (thread.index + 1) * PARAMETER_COUNT // thread.count
    side = 32 if augmentation.enabled else 28
    x = memory.layers[0]
    x[:] = WHITE
    for step in range(rates.shape[0]):
        start = step * batch
        end = min(start + batch, order.shape[0])
        groups = (end - start + GROUP - 1) // GROUP
        for g in range(thread.index, groups, thread.count):
            stop = min(start + (g + 1) * GROUP, end)
            for first in range(start + g * GROUP, stop, L):
                count = min(L, stop - first)
                for lane in range(L):
                    index = order[first + min(lane, count - 1)]
                    indices[lane] = index
                    load_pattern(images[index], index, augmentation, memory.scratch, memory.levels[lane])
                interleave(memory.levels, side, x)
                energy, errors = learn(
                    targets, indices, count, state.parameters, loss.codes, loss.j, loss.scale,
                    state.gradients[g], memory.penalties, *memory.layers,
                )  # fmt: skip
                thread.totals[0] += energy
                thread.totals[1] += errors
            collect(memory.layers[-2], memory.layers[-1], state.gradients[g])
        arrivals += thread.count
        barrier(thread.arrivals, arrivals)
        share = np.float32(1) / np.float32(end - start)
        update(state, optimiser, groups, low, high, state.steps + step + 1, rates[step], share)
        arrivals += thread.count
        barrier(thread.arrivals, arrivals)


@compiled
def sum_gradient(images, gain, targets, parameters, loss, gradient, memory):
    """Energy and gradient summed over all images (N, 28, 28); returns (energy, errors).

    A level v enters as gain·v + BACKGROUND. targets: (N, classes) float32. gradient: (60000,) float32, added to.
    """
    indices = np.empty(L, np.int64)
    total, wrong = 0.0, 0
    x = memory.layers[0]
    x[:] = WHITE
    for first in range(0, images.shape[0], L):
        count = min(L, images.shape[0] - first)
        for lane in range(L):
            indices[lane] = first + min(lane, count - 1)
        fill(images, first, gain, WHITE, memory.levels, x)
        energy, errors = learn(
            targets, indices, count, parameters, loss.codes, loss.j, loss.scale,
            gradient, memory.penalties, *memory.layers,
        )  # fmt: skip
        total += energy
        wrong += errors
    collect(memory.layers[-2], memory.layers[-1], gradient)
    return total, wrong


@compiled
def sum_penalty_gradient(images, gain, slopes, parameters, codes, gradient, memory):
    """Gradient of Σ slopes·penalties summed over all images (N, 28, 28), as `sum_gradient`; slopes: (N, classes)."""
    x = memory.layers[0]
    x[:] = WHITE
    for first in range(0, images.shape[0], L):
        count = min(L, images.shape[0] - first)
        fill(images, first, gain, WHITE, memory.levels, x)
        push_back(slopes, first, count, parameters, codes, gradient, memory.penalties, *memory.layers)
    collect(memory.layers[-2], memory.layers[-1], gradient)


# --- called from Python ---------------------------------------------------------------------------------


def target_matrix(targets: NDArray[Any], classes: int) -> F32:
    """Labels (N,) or target weights (N, classes) as weights, (N, classes) float32; see network.losses."""
    targets = np.asarray(targets)
    if targets.ndim == 2:
        return np.ascontiguousarray(targets, np.float32)
    matrix = np.zeros((len(targets), classes), np.float32)
    matrix[np.arange(len(targets)), targets] = 1
    return matrix


def _memory(classes: int) -> Memory:
    """Memory of one thread, zeroed."""
    layers = tuple(aligned(size) for size in SIZES.values())
    return Memory(aligned(L, 1024), aligned(classes * L), layers, scratch())


def gradient(
    parameters: F32,
    codes: F32,
    images: NDArray[Any],
    targets: NDArray[Any],
    j: float = 1.0,
    scale: float = 0.1,
) -> tuple[float, F32]:
    """Mean of eq. 9 over the patterns, and its gradient, (60000,), as interface.Minibatch.gradient."""
    announce_compilation(sum_gradient)
    images, gain = scaled(images)
    total = aligned(PARAMETER_COUNT)
    energy, _ = sum_gradient(
        images,
        gain,
        target_matrix(targets, len(codes)),
        parameters,
        Loss(codes, float(j), float(scale)),
        total,
        _memory(len(codes)),
    )
    return energy / max(len(images), 1), total / np.float32(max(len(images), 1))


def penalty_gradient(parameters: F32, codes: F32, images: NDArray[Any], slopes: F32) -> F32:
    """Gradient of any function of the penalties, (60000,), as interface.Minibatch.penalty_gradient."""
    announce_compilation(sum_penalty_gradient)
    images, gain = scaled(images)
    total = aligned(PARAMETER_COUNT)
    slopes = np.ascontiguousarray(slopes, np.float32)
    sum_penalty_gradient(images, gain, slopes, parameters, codes, total, _memory(len(codes)))
    return total


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
        self._images = np.ascontiguousarray(images)
        self._targets = target_matrix(targets, len(codes))
        self._batch = batch
        self._constants = (np.float32(momentum), np.float32(beta2), np.float32(weight_decay))
        self._loss = Loss(np.ascontiguousarray(codes, np.float32), float(j), float(scale))
        self._distortion = distortion or NONE
        self._seed = seed
        self._gradients = aligned(-(-batch // GROUP), PARAMETER_COUNT)
        self._memory = [_memory(len(codes)) for _ in range(self.threads)]
        self.prepare_pass(0)

    def prepare_pass(self, pass_index: int) -> None:
        """Draw what the distortions of a pass share; call it before a pass's first `run`."""
        self._pass = pass_index
        self._pool = elastic_pool(self._distortion, self._seed, pass_index)

    def run(self, order: NDArray[np.int64], rates: F32, ema: float = 0.0) -> tuple[float, int]:
        """Learn the patterns of `order`, a mini-batch for each of `rates`: (sum of the energy, errors)."""
        announce_compilation(run_steps)
        steps = -(-len(order) // self._batch)
        if len(rates) != steps:
            raise InputError(
                f"{len(order)} patterns in batches of {self._batch} need {steps} rates, not {len(rates)}"
            )
        arrivals, totals = np.zeros(8, np.int64), np.zeros((self.threads, 2))
        order, rates = np.ascontiguousarray(order, np.int64), np.ascontiguousarray(rates, np.float32)
        settings = (
            Patterns(self._images, self._targets, order, self._batch, rates),
            State(self.parameters, self.velocity, self.square, self.average, self._gradients, self.steps),
            Optimiser(*self._constants, np.float32(ema)),
            self._loss,
            Augmentation(
                self._distortion != NONE, self._distortion.vector(), self._pool, self._seed, self._pass
            ),
        )
        arguments = [
            (Thread(index, self.threads, arrivals, totals[index]), *settings, memory)
            for index, memory in enumerate(self._memory)
        ]
        run_together(run_steps, arguments)
        self.steps += steps
        return float(totals[:, 0].sum()), int(totals[:, 1].sum())
