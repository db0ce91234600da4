"""The loops of engine/stochastic.py in plain NumPy: the paper's training where Numba cannot be had."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...network import losses, reference
from ...network.architecture import INPUT, PARAMETER_COUNT, SHAPES, SLICES
from . import augmentation as distortions

__all__ = ["Pass", "curvature"]

F32 = NDArray[np.float32]


def _named(flat: F32) -> dict[str, F32]:
    return {name: flat[SLICES[name]].reshape(shape) for name, shape in SHAPES.items()}


def _joined(found: dict[str, NDArray]) -> NDArray:
    return np.concatenate([found[name].ravel() for name in SHAPES])


def curvature(
    flat: F32, codes: F32, images: NDArray, labels: NDArray, j: float | None = 1.0, scale: float = 1.0
) -> F32:
    """h_kk of Appendix C for every parameter, (60000,), mean over the patterns, as the engine's."""
    total = np.zeros(PARAMETER_COUNT, np.float32)
    for n in range(len(images)):
        seen = reference.forward(_named(flat), codes, reference.normalise(images[n : n + 1]))
        eq_9 = j is not None
        to_f6 = losses.curvature(
            seen.f6, codes, seen.penalties, labels[n : n + 1], j if eq_9 else 0.0, scale, discriminative=eq_9
        )
        total += _joined(reference.curvature(_named(flat), seen, to_f6.astype(np.float32)))
    return total / np.float32(len(images))


class Pass:
    """One pass of training, a slice of the order at a time: the engine's Pass, which explains the arguments."""

    def __init__(
        self,
        flat: F32,
        codes: F32,
        rates: F32,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        j: float | None,
        scale: float,
        distortion: tuple[F32, F32, NDArray[np.uint32]] | None = None,
        seed: int = 0,
        index: int = 0,
    ) -> None:
        self._flat, self._codes, self._rates = flat, codes, rates
        self._images, self._labels, self._j, self._scale = images, labels, j, scale
        self._distortion, self._drawn_by = distortion, (seed, index)
        self.energy, self.errors = 0.0, 0  # sums over the patterns as they were met

    def run(self, order: NDArray[np.int64]) -> None:
        """Train on these patterns, in this order."""
        parameters = _named(self._flat)
        for pattern in order:
            label = self._labels[pattern : pattern + 1]
            seen = reference.forward(parameters, self._codes, self._input(pattern))
            y = seen.penalties
            self.errors += int(y[0].argmin() != label[0])
            if self._j is None:
                self.energy += losses.mean_penalty(y, label, self._scale)
                to_y = losses.mean_penalty_slope(y, label, self._scale)
            else:
                self.energy += losses.energy(y, label, self._j, self._scale)
                to_y = losses.slope(y, label, self._j, self._scale)
            found = reference.backward(parameters, seen, losses.f6_slope(seen.f6, self._codes, to_y))
            self._flat -= self._rates * _joined(found)

    def _input(self, pattern: int) -> F32:
        """One normalised, and distorted, input of the network, (1, 32, 32)."""
        image = self._images[pattern : pattern + 1]
        if self._distortion is None:
            return reference.normalise(image)
        magnitudes, pool, _ = self._distortion
        x = np.empty((1, INPUT, INPUT), np.float32)
        distortions.distort_all(image, magnitudes, pool, *self._drawn_by, np.array([pattern]), None, x)
        return x
