"""The paper's training in plain NumPy: a pass, one pattern at a time, and its curvature (Section III-B)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network import losses, reference
from ...network.architecture import PARAMETER_COUNT, join_views, named_views
from ...network.distortion import NONE, Distortion
from ...network.preprocessing import normalise
from .augmentation import distort, elastic_pool

__all__ = ["Pass", "curvature", "gradient"]

F32 = NDArray[np.float32]


def gradient(
    parameters: F32, codes: F32, images: NDArray[Any], labels: NDArray[np.int64], j: float | None = 1.0,
    scale: float = 1.0,
) -> tuple[float, F32]:  # fmt: skip
    """Mean energy of the patterns and its gradient, (60000,), as interface.Stochastic.gradient."""
    total, energies = np.zeros(PARAMETER_COUNT, np.float32), 0.0
    for n in range(len(images)):
        inputs = normalise(images[n : n + 1], dtype=np.float32)
        energy, _, slopes = _gradient(parameters, codes, inputs, labels[n : n + 1], j, scale)
        energies += energy
        total += slopes
    return energies / len(images), total / np.float32(len(images))


def curvature(
    parameters: F32, codes: F32, images: NDArray[Any], labels: NDArray[np.int64], j: float | None = 1.0,
    scale: float = 1.0,
) -> F32:  # fmt: skip
    """h_kk of Appendix C for every parameter, (60000,), as interface.Stochastic.curvature."""
    total = np.zeros(PARAMETER_COUNT, np.float32)
    named = named_views(parameters)
    for n in range(len(images)):
        activations = reference.forward(named, codes, normalise(images[n : n + 1]))
        eq_9 = j is not None
        to_f6 = losses.curvature(
            activations.f6,
            codes,
            activations.penalties,
            labels[n : n + 1],
            j or 0.0,
            scale,
            discriminative=eq_9,
        )
        total += join_views(reference.curvature(named, activations, to_f6.astype(np.float32)))
    return total / np.float32(len(images))


def _gradient(
    parameters: F32, codes: F32, inputs: F32, labels: NDArray[np.int64], j: float | None, scale: float
) -> tuple[float, F32, F32]:
    """Energy of one pattern, its penalties (1, classes), and the gradient (60000,); inputs: (1, 32, 32)."""
    named = named_views(parameters)
    activations = reference.forward(named, codes, inputs)
    y = activations.penalties
    if j is None:
        energy, to_y = losses.mean_penalty(y, labels, scale), losses.mean_penalty_slope(y, labels, scale)
    else:
        energy, to_y = losses.energy(y, labels, j, scale), losses.slope(y, labels, j, scale)
    slopes = reference.backward(named, activations, losses.f6_slope(activations.f6, codes, to_y))
    return energy, y, join_views(slopes)


class Pass:
    """One pass of training, run one slice of the order at a time, as interface.Stochastic.Pass."""

    def __init__(
        self,
        parameters: F32,
        codes: F32,
        rates: F32,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        j: float | None,
        scale: float,
        distortion: Distortion | None = None,
        seed: int = 0,
        index: int = 0,
    ) -> None:
        self._parameters, self._codes, self._rates = parameters, codes, rates
        self._images, self._labels, self._loss = images, labels, (j, scale)
        self._distortion, self._draw = distortion, (seed, index)
        self._pool = elastic_pool(distortion or NONE, seed, index)
        self.energy, self.errors = 0.0, 0  # sums over the patterns as they were met

    def run(self, order: NDArray[np.int64]) -> None:
        """Train on these patterns, in this order."""
        for pattern in order:
            label = self._labels[pattern : pattern + 1]
            energy, y, slopes = _gradient(
                self._parameters, self._codes, self._input(pattern), label, *self._loss
            )
            self.energy += energy
            self.errors += int(y[0].argmin() != label[0])
            self._parameters -= self._rates * slopes

    def _input(self, pattern: int) -> F32:
        """One normalised, and distorted, input of the network, (1, 32, 32)."""
        image = self._images[pattern : pattern + 1]
        if self._distortion is None:
            return normalise(image)
        return distort(image, self._distortion, self._pool, *self._draw, np.array([pattern]))
