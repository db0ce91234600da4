"""Training by mini-batches in plain NumPy: step for step as numba_backend.minibatch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...network import losses, reference
from ...network.architecture import PARAMETER_COUNT, join_views, named_views
from ...network.distortion import NONE, Distortion
from ...network.preprocessing import normalise
from .augmentation import distort, elastic_pool

__all__ = ["Trainer", "gradient", "penalty_gradient"]

F32 = NDArray[np.float32]


def gradient(
    parameters: F32,
    codes: F32,
    images: NDArray[Any],
    targets: NDArray[Any],
    j: float = 1.0,
    scale: float = 0.1,
) -> tuple[float, F32]:
    """Mean of eq. 9 over the patterns, and its gradient, (60000,), as interface.Minibatch.gradient."""
    inputs = normalise(images, dtype=np.float32)
    energy, _, slopes = _gradient(parameters, codes, inputs, np.asarray(targets), j, scale)
    return energy, slopes


def penalty_gradient(parameters: F32, codes: F32, images: NDArray[Any], slopes: F32) -> F32:
    """Gradient of any function of the penalties, (60000,), as interface.Minibatch.penalty_gradient."""
    activations = reference.forward(named_views(parameters), codes, normalise(images, dtype=np.float32))
    to_f6 = losses.f6_slope(activations.f6, codes, slopes)
    return join_views(reference.backward(named_views(parameters), activations, to_f6))


def _gradient(
    parameters: F32, codes: F32, inputs: F32, targets: NDArray[Any], j: float, scale: float
) -> tuple[float, F32, F32]:
    """Mean energy, penalties (N, classes), and the gradient (60000,), of normalised inputs (N, 32, 32)."""
    activations = reference.forward(named_views(parameters), codes, inputs)
    y = activations.penalties
    energy = losses.energy(y, targets, j, scale)
    to_f6 = losses.f6_slope(activations.f6, codes, losses.slope(y, targets, j, scale))
    gradients = reference.backward(named_views(parameters), activations, to_f6)
    return energy, y, join_views(gradients)


class Trainer:
    """Stochastic gradient descent on eq. 9, as interface.Minibatch.Trainer; `threads` has no effect."""

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
        self.velocity = np.zeros(PARAMETER_COUNT, np.float32)
        self.square = np.zeros(PARAMETER_COUNT, np.float32)
        self.average = parameters.copy()
        self.steps = 0
        self._codes, self._images, self._targets = codes, images, np.asarray(targets)
        self._batch, self._loss = batch, (j, scale)
        self._constants = np.float32(momentum), np.float32(beta2), np.float32(weight_decay)
        self._distortion, self._seed = distortion, seed
        self.prepare_pass(0)

    def prepare_pass(self, pass_index: int) -> None:
        """Draw what the distortions of a pass share."""
        self._pass = pass_index
        self._pool = elastic_pool(self._distortion or NONE, self._seed, pass_index)

    def run(self, order: NDArray[np.int64], rates: F32, ema: float = 0.0) -> tuple[float, int]:
        """Learn the patterns of `order`, a mini-batch for each of `rates`: (sum of the energy, errors)."""
        steps = -(-len(order) // self._batch)
        if len(rates) != steps:
            raise InputError(
                f"{len(order)} patterns in batches of {self._batch} need {steps} rates, not {len(rates)}"
            )
        total, errors = 0.0, 0
        for step, rate in enumerate(rates):
            patterns = order[step * self._batch : (step + 1) * self._batch]
            targets = self._targets[patterns]
            energy, y, slopes = _gradient(
                self.parameters, self._codes, self._inputs(patterns), targets, *self._loss
            )
            total += energy * len(patterns)
            wrong = y.argmin(1) != (targets if targets.ndim == 1 else targets.argmax(1))
            if targets.ndim > 1:  # what is likelier no character cannot be answered wrongly
                wrong &= targets.max(1) > 1 - targets.sum(1)
            errors += int(wrong.sum())
            self._update(slopes, rate)
            self.average += np.float32(ema) * (self.parameters - self.average)
        return total, errors

    def _inputs(self, patterns: NDArray[np.int64]) -> F32:
        """Normalised, and distorted, inputs of the network, (N, 32, 32)."""
        images = self._images[patterns]
        if self._distortion is None:
            return normalise(images)
        return distort(images, self._distortion, self._pool, self._seed, self._pass, patterns)

    def _update(self, gradient: F32, rate: np.float32) -> None:
        """One step: v = momentum·v + gradient + weight_decay·w; w −= rate·v. With `beta2`, Adam's."""
        self.steps += 1
        momentum, beta2, decay = self._constants
        if not beta2:
            self.velocity[:] = momentum * self.velocity + gradient + decay * self.parameters
            self.parameters -= rate * self.velocity
            return
        self.velocity[:] = momentum * self.velocity + (1 - momentum) * gradient
        self.square[:] = beta2 * self.square + (1 - beta2) * gradient**2
        # Both running means start at zero: these make up for it.
        speed = self.velocity / np.float32(1 - float(momentum) ** self.steps)
        spread = self.square / np.float32(1 - float(beta2) ** self.steps)
        self.parameters -= rate * (speed / (np.sqrt(spread) + np.float32(1e-8)) + decay * self.parameters)
