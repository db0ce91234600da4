"""What engine/ offers, in plain NumPy: for a picture or two, and for machines where Numba cannot be had.

The mathematics is that of reference.py, in float32; only the loop around it is here. Several times slower
than the engine, and equal to it up to rounding.
"""

from __future__ import annotations

import sys
import warnings
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...network import losses, reference
from ...network.architecture import INPUT, PARAMETER_COUNT, SHAPES, SLICES
from ...network.distortion import Distortion
from . import augmentation

__all__ = ["Trainer", "fastest", "penalties"]

BLOCK = 64  # images at a time: their maps then fit into the cache


@cache
def fastest() -> ModuleType:
    """The compiled engine; where Numba is not to be had, this module, with a warning."""
    try:
        from .. import numba_backend
    except ImportError as error:
        if "numba" not in str(error).lower():
            raise
        warnings.warn(
            f"the compiled engine cannot be used ({error}): everything works, but many times slower; "
            "install Numba for this Python to be fast",
            RuntimeWarning,
            stacklevel=3,
        )
        return sys.modules[__name__]
    return numba_backend


def named(flat: NDArray) -> dict[str, NDArray]:
    """Views into a vector of all parameters, (60000,), under their names and shapes."""
    return {name: flat[SLICES[name]].reshape(shape) for name, shape in SHAPES.items()}


def penalties(
    flat: NDArray[np.float32], codes: NDArray[np.float32], images: NDArray, threads: int | None = None
) -> NDArray[np.float32]:
    """Eq. 7 for every image and class, as numba_backend.penalties; `threads` has no effect."""
    found = np.empty((len(images), len(codes)), np.float32)
    for first in range(0, len(images), BLOCK):
        x = reference.normalise(images[first : first + BLOCK], dtype=np.float32)
        found[first : first + BLOCK] = reference.forward(named(flat), codes, x).penalties
    return found


class Trainer:
    """Gradient descent on eq. 9 with momentum, step for step as numba_backend.Trainer, which explains the arguments.

    `threads` has no effect.
    """

    def __init__(
        self,
        flat: NDArray[np.float32],
        codes: NDArray[np.float32],
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
        self.parameters = flat
        self.velocity = np.zeros(PARAMETER_COUNT, np.float32)
        self.square = np.zeros(PARAMETER_COUNT, np.float32)
        self.average = flat.copy()
        self.steps = 0
        self._codes, self._images, self._targets = codes, images, targets
        self._batch, self._momentum, self._squares, self._decay = batch, momentum, squares, decay
        self._loss = {"j": j, "scale": scale}
        self._distortion, self._seed = distortion, seed
        self.prepare_pass(0)

    def prepare_pass(self, pass_index: int) -> None:
        """Draw what the distortions of a pass share."""
        self._pass = pass_index
        self._pool = self._distortion.pool(self._seed, pass_index) if self._distortion else None

    def run(
        self, order: NDArray[np.int64], rates: NDArray[np.float32], averaging: float = 0.0
    ) -> tuple[float, int]:
        """Learn the patterns of `order`, a mini-batch for each of `rates`: (sum of the energy, errors)."""
        energy, errors = 0.0, 0
        for step, rate in enumerate(rates):
            part = order[step * self._batch : (step + 1) * self._batch]
            targets = self._targets[part]
            seen = reference.forward(named(self.parameters), self._codes, self._inputs(part))
            y = seen.penalties
            energy += losses.energy(y, targets, **self._loss) * len(part)
            wrong = y.argmin(1) != (targets if targets.ndim == 1 else targets.argmax(1))
            if targets.ndim > 1:  # what is likelier no character cannot be answered wrongly
                wrong &= targets.max(1) > 1 - targets.sum(1)
            errors += int(wrong.sum())
            slope = losses.f6_slope(seen.f6, self._codes, losses.slope(y, targets, **self._loss))
            found = reference.backward(named(self.parameters), seen, slope)
            self._update(np.concatenate([found[name].ravel() for name in SHAPES]), rate)
            self.average += np.float32(averaging) * (self.parameters - self.average)
        return energy, errors

    def _inputs(self, patterns: NDArray[np.int64]) -> NDArray[np.float32]:
        """Normalised, and distorted, inputs of the network, (N, 32, 32)."""
        if self._distortion is None:
            return reference.normalise(self._images[patterns])
        x = np.empty((len(patterns), INPUT, INPUT), np.float32)
        vector = self._distortion.vector()
        augmentation.distort_all(
            self._images[patterns], vector, self._pool, self._seed, self._pass, patterns, None, x
        )
        return x

    def _update(self, gradient: NDArray[np.float32], rate: np.float32) -> None:
        """One step: v = momentum·v + gradient + decay·w; w −= rate·v. With `squares`, Adam's."""
        self.steps += 1
        m, s = np.float32(self._momentum), np.float32(self._squares)
        if not s:
            self.velocity[:] = m * self.velocity + gradient + np.float32(self._decay) * self.parameters
            self.parameters -= rate * self.velocity
            return
        self.velocity[:] = m * self.velocity + (1 - m) * gradient
        self.square[:] = s * self.square + (1 - s) * gradient**2
        # Both running means start at zero: these make up for it.
        speed = self.velocity / np.float32(1 - float(m) ** self.steps)
        spread = self.square / np.float32(1 - float(s) ** self.steps)
        self.parameters -= rate * (
            speed / (np.sqrt(spread) + np.float32(1e-8)) + np.float32(self._decay) * self.parameters
        )
