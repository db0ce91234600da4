"""The compiled loops of Section III-B: a training pass, one pattern at a time, and its curvature.

image_forward.py goes forward, image_backward.py back; here is what lies between (eq. 8 and 9 at the output) and
around them. A label of −1 is the rubbish class; j < 0 stands for eq. 8, which has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network.architecture import PARAMETER_COUNT
from ...network.distortion import NONE, Distortion
from .augmentation import distort_into, elastic_pool
from .image_backward import D6, SLOPES, backward
from .image_forward import (
    F6,
    FLOAT_UNIT,
    INK_UNIT,
    KERNELS,
    STATES,
    X,
    collect,
    fill,
    forward,
    rbf,
    spread,
    workspace,
)
from .jit import announce_compilation, compiled
from .workspace import aligned, scratch

__all__ = ["Pass", "curvature", "gradient"]

F32 = NDArray[np.float32]
EQ_8 = np.float32(-1)  # in place of j


@compiled
def posteriors(y, j, scale, p):
    """p_i = e^(−s·y_i) / (e^(−j) + Σ_k e^(−s·y_k)); returns log(e^(−j) + Σ_k e^(−s·y_k))."""
    least = j
    for i in range(y.size):
        least = min(least, scale * y[i])
    total = np.exp(least - j)
    for i in range(y.size):
        p[i] = np.exp(least - scale * y[i])
        total += p[i]
    for i in range(y.size):
        p[i] /= total
    return np.log(total) - least


@compiled
def energy(label, j, scale, y, p):
    """One pattern's eq. 9, or eq. 8 where j < 0. p becomes the posteriors; in eq. 8 they have no part: 0."""
    right = scale * y[label] if label >= 0 else max(j, np.float32(0))
    if j < 0:
        p[:] = 0
        return right
    return right + posteriors(y, j, scale, p)


@compiled
def to_f6(z, codes, label, scale, p, d):
    """d[F6's states] = ∂E/∂x_u = Σ_i (t_i − p_i)·2s·(x_u − w_iu)."""
    total = np.float32(1 if label >= 0 else 0)
    for i in range(p.size):
        total -= p[i]
    for u in range(84):
        d[D6 + u] = total * z[F6 + u]
    for i in range(p.size):
        share = np.float32(1 if i == label else 0) - p[i]
        for u in range(84):
            d[D6 + u] -= share * codes[i, u]
    for u in range(84):
        d[D6 + u] *= 2 * scale


@compiled
def curve_f6(z, codes, label, scale, p, d):
    """d[F6's states] = ∂²E/∂x_u², as losses.curvature: 2s in eq. 8, where p = 0."""
    rest = np.float32(1 if label >= 0 else 0)
    for i in range(p.size):
        rest -= p[i]
    for u in range(84):
        mean, square = np.float32(0), np.float32(0)
        for i in range(p.size):
            slope = 2 * scale * (z[F6 + u] - codes[i, u])
            mean += p[i] * slope
            square += p[i] * slope * slope
        d[D6 + u] = max(2 * scale * rest + square - mean * mean, np.float32(0))


@compiled
def penalise(image, unit, label, flat, kernels, codes, j, scale, z, y, p):
    """Forward to the energy of one pattern."""
    fill(image, unit, z)
    forward(flat, kernels, z)
    rbf(z, codes, y)
    return energy(label, j, scale, y, p)


@compiled
def train_patterns(
    images,
    labels,
    order,
    flat,
    steps,
    codes,
    j,
    scale,
    distorting,
    magnitudes,
    elastic,
    seed,
    pass_index,
    plane,
    z,
    d,
    totals,
):
    """Forward, backward, update, next. steps: −η_k. totals: [energies, wrong answers], added up."""
    kernels, kernels_steps = np.zeros(KERNELS, np.float32), np.zeros(KERNELS, np.float32)
    y, p = np.empty(codes.shape[0], np.float32), np.empty(codes.shape[0], np.float32)
    spread(flat, kernels)
    spread(steps, kernels_steps)
    for pattern in order:
        label = labels[pattern]
        if distorting:
            distort_into(
                images[pattern], magnitudes, elastic, seed, pass_index, pattern, plane, z[X : X + 1024]
            )
        else:
            fill(images[pattern], INK_UNIT, z)
        forward(flat, kernels, z)
        rbf(z, codes, y)
        totals[0] += energy(label, j, scale, y, p)
        totals[1] += np.argmin(y) != label
        to_f6(z, codes, label, scale, p, d)
        backward(flat, kernels, flat, kernels, steps, kernels_steps, z, z, d, False)
    collect(kernels, flat)


@compiled
def add_gradients(images, unit, labels, flat, codes, j, scale, total, z, d):
    """total += the gradient of each pattern; returns the sum of their energies."""
    kernels, into, ones = (
        np.zeros(KERNELS, np.float32),
        np.zeros(KERNELS, np.float32),
        np.ones(KERNELS, np.float32),
    )
    y, p = np.empty(codes.shape[0], np.float32), np.empty(codes.shape[0], np.float32)
    steps, energies = np.ones(flat.size, np.float32), 0.0
    spread(flat, kernels)
    for n in range(images.shape[0]):
        energies += penalise(images[n], unit, labels[n], flat, kernels, codes, j, scale, z, y, p)
        to_f6(z, codes, labels[n], scale, p, d)
        backward(flat, kernels, total, into, steps, ones, z, z, d, False)
    collect(into, total)
    return energies


@compiled
def add_curvatures(images, unit, labels, flat, codes, j, scale, total, z, d):
    """total += h_kk of each pattern (Appendix C): backward with weights, inputs and slopes squared."""
    kernels, squared = np.zeros(KERNELS, np.float32), np.zeros(KERNELS, np.float32)
    into, ones = np.zeros(KERNELS, np.float32), np.ones(KERNELS, np.float32)
    y, p = np.empty(codes.shape[0], np.float32), np.empty(codes.shape[0], np.float32)
    q, squares, steps = np.zeros(STATES, np.float32), flat * flat, np.ones(flat.size, np.float32)
    spread(flat, kernels)
    spread(squares, squared)
    for n in range(images.shape[0]):
        penalise(images[n], unit, labels[n], flat, kernels, codes, j, scale, z, y, p)
        curve_f6(z, codes, labels[n], scale, p, d)
        for i in range(STATES):
            q[i] = z[i] * z[i]
        backward(squares, squared, total, into, steps, ones, z, q, d, True)
    collect(into, total)


# --- called from Python ---------------------------------------------------------------------------------


def _unit(images: NDArray[Any]) -> np.float32:
    return INK_UNIT if images.dtype == np.uint8 else FLOAT_UNIT


def _eq(j: float | None) -> np.float32:
    return EQ_8 if j is None else np.float32(j)


def gradient(
    parameters: F32, codes: F32, images: NDArray[Any], labels: NDArray[np.int64], j: float | None = 1.0,
    scale: float = 1.0,
) -> tuple[float, F32]:  # fmt: skip
    """Mean energy of the patterns and its gradient, (60000,), as interface.Stochastic.gradient."""
    announce_compilation(add_gradients)
    total = np.zeros(PARAMETER_COUNT, np.float32)
    settings = _eq(j), np.float32(scale), total
    energies = add_gradients(
        images, _unit(images), labels, parameters, codes, *settings, workspace(), aligned(SLOPES)
    )
    return energies / len(images), total / np.float32(len(images))


def curvature(
    parameters: F32, codes: F32, images: NDArray[Any], labels: NDArray[np.int64], j: float | None = 1.0,
    scale: float = 1.0,
) -> F32:  # fmt: skip
    """h_kk of Appendix C for every parameter, (60000,), as interface.Stochastic.curvature."""
    announce_compilation(add_curvatures)
    total = np.zeros(PARAMETER_COUNT, np.float32)
    settings = _eq(j), np.float32(scale), total
    add_curvatures(images, _unit(images), labels, parameters, codes, *settings, workspace(), aligned(SLOPES))
    return total / np.float32(len(images))


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
        announce_compilation(train_patterns)
        how = distortion or NONE
        self._patterns = images, labels
        self._settings = (
            *(parameters, np.negative(rates, dtype=np.float32), codes, _eq(j), np.float32(scale)),
            *(distortion is not None, how.vector(), elastic_pool(how, seed, index)),
            *(np.uint64(seed), np.uint64(index), scratch(), workspace(), aligned(SLOPES)),
        )
        self._totals = np.zeros(2)

    def run(self, order: NDArray[np.int64]) -> None:
        """Train on these patterns, in this order."""
        train_patterns(*self._patterns, order, *self._settings, self._totals)

    @property
    def energy(self) -> float:
        """Sum of the energies of the patterns as they were met."""
        return float(self._totals[0])

    @property
    def errors(self) -> int:
        """Number of patterns that were answered wrongly as they were met."""
        return int(self._totals[1])
