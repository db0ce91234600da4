"""Eq. 8 and eq. 9 (Section II-C): the energy of penalties, and its first and second derivatives.

Written for penalties y (N, classes) and targets t: labels (N,), or weights (N, classes) that are not negative.
What a row of weights lacks to 1 belongs to the rubbish class, whose penalty is the constant j: a pattern that
is no character has a row of zeros. Penalties are multiplied by `scale` s first:

    E = 1/P Σ_p [ Σ_i t_i·s·y_i + (1 − Σ_i t_i)·j + log( e^−j + Σ_i e^(−s·y_i) ) ]

With labels and s = 1 this is eq. 9 as printed, but for a constant where targets lack weight.
# not in the paper: s. Eq. 9 with s = 1 saturates F6 at any useful rate; see docs/reproduction.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError

__all__ = [
    "curvature",
    "energy",
    "f6_slope",
    "mean_penalty",
    "mean_penalty_slope",
    "posterior",
    "slope",
    "weights",
]


def weights(targets: ArrayLike, penalties: NDArray) -> NDArray:
    """Targets as weights (N, classes), in the penalties' dtype. Raises InputError if they do not fit."""
    targets = np.asarray(targets)
    if targets.ndim == 1 and targets.dtype.kind in "iu" and len(targets) == len(penalties):
        if targets.size and not 0 <= targets.min() <= targets.max() < penalties.shape[1]:
            raise InputError(f"labels must lie from 0 to {penalties.shape[1] - 1}")
        return (targets[:, None] == np.arange(penalties.shape[1])).astype(penalties.dtype)
    if targets.shape != penalties.shape or targets.dtype.kind != "f":
        raise InputError(
            f"targets of shape {targets.shape} and type {targets.dtype} do not fit penalties of shape "
            f"{penalties.shape}: give a label a pattern, or a weight for each class"
        )
    return targets.astype(penalties.dtype, copy=False)


def _log_sum(penalties: NDArray, j: float, scale: float) -> NDArray:
    """log( e^−j + Σ_i e^(−s·y_i) ) for each pattern; j = inf leaves the rubbish class out."""
    scaled = -scale * penalties
    most = np.maximum(scaled.max(1), -j)
    return most + np.log(np.exp(scaled - most[:, None]).sum(1) + np.exp(-j - most))


def energy(penalties: NDArray, targets: ArrayLike, j: float = 1.0, scale: float = 1.0) -> float:
    """Eq. 9: the mean over the patterns of the energy above."""
    t = weights(targets, penalties)
    lacking = 1 - t.sum(1)
    rubbish = np.zeros_like(lacking) if np.isinf(j) else lacking * j
    return float(np.mean((t * scale * penalties).sum(1) + rubbish + _log_sum(penalties, j, scale)))


def posterior(penalties: NDArray, j: float = 1.0, scale: float = 1.0) -> NDArray:
    """p_i = e^(−s·y_i) / (e^−j + Σ_k e^(−s·y_k)), (N, classes); what a row lacks to 1 is rubbish's share."""
    penalties = np.asarray(penalties)
    return np.exp(-scale * penalties - _log_sum(penalties, j, scale)[:, None])


def slope(penalties: NDArray, targets: ArrayLike, j: float = 1.0, scale: float = 1.0) -> NDArray:
    """∂E/∂y_i of eq. 9, (N, classes): s·(t_i − p_i)/N."""
    return scale * (weights(targets, penalties) - posterior(penalties, j, scale)) / len(penalties)


def mean_penalty(penalties: NDArray, targets: ArrayLike, scale: float = 1.0) -> float:
    """Eq. 8: the mean penalty of the right class."""
    return float(np.mean((weights(targets, penalties) * scale * penalties).sum(1)))


def mean_penalty_slope(penalties: NDArray, targets: ArrayLike, scale: float = 1.0) -> NDArray:
    """∂E/∂y_i of eq. 8, (N, classes): s·t_i/N."""
    return scale * weights(targets, penalties) / len(penalties)


def f6_slope(f6: NDArray, codes: NDArray, penalty_slope: NDArray) -> NDArray:
    """∂E/∂x_j, (N, 84), from ∂E/∂y_i: the slope of eq. 7 is 2·(x_j − w_ij)."""
    return 2 * (penalty_slope.sum(1, keepdims=True) * f6 - penalty_slope @ codes)


def curvature(
    f6: NDArray, codes: NDArray, penalties: NDArray, targets: ArrayLike, j: float = 1.0, scale: float = 1.0,
    discriminative: bool = True,
) -> NDArray:  # fmt: skip
    """∂²E/∂x_j² for every pattern and F6 unit, (N, 84), /N: where the recursion of Appendix C starts.

    Eq. 8 (`discriminative=False`): 2s, since eq. 7 has no factor ½. Eq. 9: with d_ij = x_j − w_ij and the
    posterior p, 2s·(Σt − Σp) + 4s²·[Σ_i p_i·d_ij² − (Σ_i p_i·d_ij)²], exactly. The bracket is a variance,
    rubbish counted with d = 0; with labels the first term is 2s times rubbish's share: neither is negative.
    Where target weights sum to less than 1 the first term can be; the result is then cut at zero.
    """
    t = weights(targets, penalties)
    if not discriminative:
        return np.broadcast_to(2 * scale * t.sum(1, keepdims=True), f6.shape) / len(f6)
    p = posterior(penalties, j, scale)
    total = p.sum(1, keepdims=True)
    mean = total * f6 - p @ codes
    square = total * f6**2 - 2 * f6 * (p @ codes) + p @ codes**2
    exact = 2 * scale * (t.sum(1, keepdims=True) - total) + 4 * scale**2 * (square - mean**2)
    return np.maximum(exact, 0) / len(f6)
