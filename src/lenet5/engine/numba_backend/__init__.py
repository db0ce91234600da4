"""The network of network.py compiled for this processor: the same mathematics, at its multiply–add rate.

Arrays in, arrays out; files, recipes and progress are somebody else's. All parameters are one vector of
60,000 float32 numbers in the order of `architecture.SLICES`. Every function may be called from several
Python threads at once (kernels release the interpreter lock and share nothing).
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...network.architecture import BACKGROUND, FOREGROUND, PARAMETER_COUNT
from ...network.distortion import NONE, Distortion, scratch
from .batch_backward import SIZES
from .batch_forward import L, recognise
from .image_forward import penalties_one
from .jit import cache_folder
from .minibatch import GROUP, sum_gradient, work

__all__ = ["Trainer", "gradient", "penalties", "thread_count"]

_log = logging.getLogger(__name__)

F32 = NDArray[np.float32]
FEW = L // 4  # images that are read sooner one by one than as a block of LANES


def thread_count(threads: int | None = None) -> int:
    """`threads`, or else as many as this process may use (the affinity mask, not the whole machine).

    Raises InputError unless it is a whole number of at least 1.
    """
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not isinstance(threads, int | np.integer) or threads < 1:
        raise InputError(f"threads must be a whole number of at least 1, not {threads!r}")
    return int(threads)


def aligned(*shape: int) -> F32:
    """Zeros that start on a cache line, so that no vector lies across two."""
    size = int(np.prod(shape))
    room = np.zeros(size + 16, np.float32)
    start = (-room.ctypes.data % 64) // 4
    return room[start : start + size].reshape(shape)


@cache
def _say_if_first() -> None:
    """Tell, once a process, that a compilation lies ahead; nothing where compiled code is at hand."""
    folder = cache_folder()
    if folder is None or not any(folder.glob("**/*.nbi")):
        _log.warning("compiling the engine for this processor: a few seconds, the first time only")


def _together(function: Callable[..., None], arguments: list[tuple]) -> None:
    """Call `function` once for each tuple of arguments, side by side; the first on this thread.

    The others get threads of their own, not places in a shared pool: those of a training wait for each other,
    and two trainings that shared one could each hold places that the other is waiting for.
    """
    if len(arguments) == 1:
        function(*arguments[0])
        return
    rest = [threading.Thread(target=function, args=entry, daemon=True) for entry in arguments[1:]]
    for thread in rest:
        thread.start()
    function(*arguments[0])
    for thread in rest:
        thread.join()


def _scaling(images: NDArray) -> tuple[NDArray, np.float32]:
    """Images as the kernels take them, and what one unit of a pixel is worth in the input's range."""
    span = FOREGROUND - BACKGROUND
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images), np.float32(span / 255)
    return np.ascontiguousarray(images, np.float32), np.float32(span)


def penalties(flat: F32, codes: F32, images: NDArray, threads: int | None = None) -> F32:
    """Eq. 7 for every image and class.

    flat: (60000,); codes: (classes, 84); images: N×28×28 or N×32×32, uint8 (255 = ink) or float in [0, 1]
    (checked by the model, not here). Returns N×classes.
    """
    _say_if_first()
    images, gain = _scaling(images)
    if 0 < len(images) <= FEW:
        return np.stack([penalties_one(flat, codes, image) for image in images])
    out = np.empty((len(images), len(codes)), np.float32)
    # No thread for less than two blocks: starting one costs about as much as reading them.
    parts = max(1, min(thread_count(threads), len(images) // (2 * L)))
    cuts = [len(images) * p // parts // L * L for p in range(parts)] + [len(images)]
    jobs = []
    for low, high in itertools.pairwise(cuts):
        ends = list(
            itertools.accumulate(L * size for size in (1024, 1024, 6 * 196, 400, 120, 84, len(codes)))
        )
        room = aligned(ends[-1])
        levels, *spaces = (room[start:end] for start, end in itertools.pairwise([0, *ends]))
        jobs.append(
            (
                images[low:high],
                gain,
                np.float32(BACKGROUND),
                flat,
                codes,
                levels.reshape(L, 1024),
                *spaces,
                out[low:high],
            )
        )
    _together(recognise, jobs)
    return out


def target_matrix(targets: NDArray, classes: int) -> F32:
    """Labels (N,) or target weights (N, classes) as weights; see losses.py."""
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
    flat: F32, codes: F32, images: NDArray, targets: NDArray, j: float = 1.0, scale: float = 0.1
) -> tuple[float, F32]:
    """Mean of eq. 9 over the patterns, and its gradient to all parameters, (60000,).

    images as for `penalties`; targets: labels (N,) or target weights (N, classes); j, scale: see losses.py.
    """
    _say_if_first()
    images, gain = _scaling(images)
    total = aligned(PARAMETER_COUNT)
    energy, _ = sum_gradient(
        images, gain, np.float32(BACKGROUND), target_matrix(targets, len(codes)), flat, codes,
        float(j), float(scale), total, *_workspace(len(codes)),
    )  # fmt: skip
    return energy / max(len(images), 1), total / max(len(images), 1)


class Trainer:
    """Stochastic gradient descent on eq. 9, in place on `flat`.

    Args:
        flat: (60000,) float32, updated in place.
        codes: (classes, 84) float32, fixed.
        images: (N, 28, 28) uint8.
        targets: (N,) labels, or (N, classes) target weights (losses.py).
        batch: patterns a step.
        momentum, decay: v = momentum·v + gradient + decay·w; w −= rate·v.
        squares: if not 0, each parameter's step is divided by the root of a running mean of its squared
            gradient, `squares` the share kept at each step (Adam; Kingma and Ba 2015; decay apart, as in
            Loshchilov and Hutter 2019).
        j, scale: of eq. 9 (losses.py).
        distortion: drawn afresh for every pattern and pass; None for none.
        seed: of the distortions.
        threads: see `thread_count`. The result does not depend on it.

    `velocity`, `square`, `average` (all (60000,) float32) and `steps` (how many were taken) are its state
    besides `flat`, to be saved and put back.
    """

    def __init__(
        self,
        flat: F32,
        codes: F32,
        images: NDArray[np.uint8],
        targets: NDArray,
        *,
        batch: int = 64,
        momentum: float = 0.9,
        squares: float = 0.0,
        decay: float = 0.0,
        j: float = 1.0,
        scale: float = 0.1,
        distortion: Distortion | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        if len(images) != len(targets):
            raise InputError(f"{len(images)} images but {len(targets)} targets: there must be one for each")
        self.parameters = flat
        self.velocity = aligned(PARAMETER_COUNT)
        self.square = aligned(PARAMETER_COUNT)
        self.steps = 0
        self.average = flat.copy()
        self.threads = min(thread_count(threads), max(1, -(-batch // GROUP)))
        self._codes = np.ascontiguousarray(codes, np.float32)
        self._images = np.ascontiguousarray(images)
        self._targets = target_matrix(targets, len(codes))
        self._batch = batch
        self._constants = (np.float32(momentum), np.float32(squares), np.float32(decay))
        self._loss = (float(j), float(scale))
        self._distortion = distortion or NONE
        self._seed = seed
        self._gradients = aligned(-(-batch // GROUP), PARAMETER_COUNT)
        self._rooms = [_workspace(len(codes)) for _ in range(self.threads)]
        self.prepare_pass(0)

    def prepare_pass(self, pass_index: int) -> None:
        """Draw what the distortions of a pass share; call it before a pass's first `run`."""
        self._pass = pass_index
        self._fields = self._distortion.pool(self._seed, pass_index)

    def run(self, order: NDArray[np.int64], rates: F32, averaging: float = 0.0) -> tuple[float, int]:
        """Learn the patterns of `order`, a mini-batch for each entry of `rates`; the last may be short.

        averaging: share by which `average` moves towards `flat` after each step.
        Returns the energy summed over the patterns, and the errors, both as they were met.
        """
        _say_if_first()
        steps = -(-len(order) // self._batch)
        if len(rates) != steps:
            raise InputError(
                f"{len(order)} patterns in batches of {self._batch} need {steps} rates, not {len(rates)}"
            )
        counter = np.zeros(8, np.int64)
        result = np.zeros((self.threads, 2))
        order, rates = np.ascontiguousarray(order, np.int64), np.ascontiguousarray(rates, np.float32)
        jobs = [
            (
                thread, self.threads, counter, self._images, self._targets, order, self._batch, rates,
                self.parameters, self.velocity, self.square, self.average, self._gradients, self._codes, self.steps,
                *self._constants, np.float32(averaging), *self._loss,
                self._distortion != NONE, self._distortion.vector(), self._fields, self._seed, self._pass,
                scratch(), *room, result,
            )
            for thread, room in enumerate(self._rooms)
        ]  # fmt: skip
        _together(work, jobs)
        self.steps += steps
        return float(result[:, 0].sum()), int(result[:, 1].sum())
