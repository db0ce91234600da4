"""Eq. 8 and eq. 9 (Section II-C): the energy of penalties, and its first and second derivatives.

Written for penalties y (N, classes) and targets t: labels (N,), or float weights (N, classes), none negative
and no row's sum more than 1. What a row lacks to 1 belongs to the rubbish class, whose penalty is the
constant j: a pattern that is no character has a row of zeros. Penalties are multiplied by `scale` s first:

    E = 1/P Σ_p [ Σ_i t_i·s·y_i + (1 − Σ_i t_i)·j + log( e^−j + Σ_i e^(−s·y_i) ) ]

With labels and s = 1 this is eq. 9 as printed. j = inf leaves the rubbish class out, and what a row of
weights lacks then counts for nothing.
# not in the paper: s. Eq. 9 with s = 1 saturates F6 at any useful rate; see docs/reproduction.md.

Everything has the penalties' float dtype. Slopes and curvatures are those of the mean E: a pattern's own, /P.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = [
    "codes_slope",
    "curvature",
    "energy",
    "f6_slope",
    "mean_penalty",
    "mean_penalty_slope",
    "posterior",
    "second_derivative",
    "slope",
    "weights",
]

Array = NDArray[Any]


def weights(targets: ArrayLike, penalties: Array) -> Array:
    """Targets as weights.

    Args:
        targets: (N,) labels, or (N, classes) weights.
        penalties: (N, classes).

    Returns:
        (N, classes), in the penalties' dtype.

    Raises:
        InputError: the targets do not fit the penalties.
    """
    targets = np.asarray(targets)
    if targets.ndim == 1 and targets.dtype.kind in "iu" and len(targets) == len(penalties):
        if targets.size and not 0 <= targets.min() <= targets.max() < penalties.shape[1]:
            raise InputError(
                f"labels from {targets.min()} to {targets.max()} do not fit: "
                f"there are {penalties.shape[1]} classes, numbered from 0"
            )
        one_hot: Array = (targets[:, None] == np.arange(penalties.shape[1])).astype(penalties.dtype)
        return one_hot
    if targets.shape != penalties.shape or targets.dtype.kind != "f":
        raise InputError(
            f"targets of shape {targets.shape} and type {targets.dtype} do not fit penalties of shape "
            f"{penalties.shape}: give a label a pattern, or a weight for each class"
        )
    return targets.astype(penalties.dtype, copy=False)


def _mean(energies: Array) -> float:
    if not energies.size:
        raise InputError("there is no mean energy of no patterns: give at least one")
    return float(np.mean(energies))


def _terms(penalties: Array, j: float, scale: float) -> tuple[Array, Array, Array]:
    """least = min(j, s·y_i) of each pattern, (N, 1), and the logarithm's terms as multiples of e^−least.

    These are e^(least − s·y_i), (N, classes), and e^(least − j), (N, 1): one is 1, and none overflows.
    """
    scaled = scale * penalties
    least = np.minimum(scaled.min(1, keepdims=True), j)
    return least, np.exp(least - scaled), np.exp(least - j)


# --- eq. 9 -------------------------------------------------------------------------------------------


def energy(penalties: Array, targets: ArrayLike, j: float = 1.0, scale: float = 1.0) -> float:
    """Eq. 9: the mean over the patterns of the energy above.

    Args:
        penalties: y of eq. 7, (N, classes).
        targets: (N,) labels, or (N, classes) weights (see above).
        j: penalty of the rubbish class; inf leaves it out.
        scale: s, what the penalties are multiplied by.

    Returns:
        E.

    Raises:
        InputError: there is no pattern, or the targets do not fit the penalties.
    """
    t = weights(targets, penalties)
    least, classes, rubbish = _terms(penalties, j, scale)
    total = classes.sum(1) + rubbish[:, 0]
    # Σ_i t_i and what it lacks make 1: `least` goes into both, and is never taken from what is nearly equal.
    lacking = (1 - t.sum(1)) * ((0 if np.isinf(j) else j) - least[:, 0])
    return _mean((t * (scale * penalties - least)).sum(1) + lacking + np.log(total))


def posterior(penalties: Array, j: float = 1.0, scale: float = 1.0) -> Array:
    """p_i = e^(−s·y_i) / (e^−j + Σ_k e^(−s·y_k)).

    Args:
        penalties: y of eq. 7, (N, classes).
        j, scale: as for `energy`.

    Returns:
        (N, classes); what a row lacks to 1 is the rubbish class's share.
    """
    _, classes, rubbish = _terms(np.asarray(penalties), j, scale)
    p: Array = classes / (classes.sum(1, keepdims=True) + rubbish)
    return p


def slope(penalties: Array, targets: ArrayLike, j: float = 1.0, scale: float = 1.0) -> Array:
    """∂E/∂y_i of eq. 9: s·(t_i − p_i)/N.

    Args:
        penalties, targets, j, scale: as for `energy`.

    Returns:
        (N, classes).

    Raises:
        InputError: the targets do not fit the penalties.
    """
    slopes: Array = scale * (weights(targets, penalties) - posterior(penalties, j, scale)) / len(penalties)
    return slopes


# --- eq. 8 -------------------------------------------------------------------------------------------


def mean_penalty(penalties: Array, targets: ArrayLike, scale: float = 1.0) -> float:
    """Eq. 8: the mean penalty of the right class.

    Args:
        penalties, targets, scale: as for `energy`.

    Returns:
        E.

    Raises:
        InputError: there is no pattern, or the targets do not fit the penalties.
    """
    return _mean((weights(targets, penalties) * scale * penalties).sum(1))


def mean_penalty_slope(penalties: Array, targets: ArrayLike, scale: float = 1.0) -> Array:
    """∂E/∂y_i of eq. 8: s·t_i/N.

    Args:
        penalties, targets, scale: as for `energy`.

    Returns:
        (N, classes).

    Raises:
        InputError: the targets do not fit the penalties.
    """
    return scale * weights(targets, penalties) / len(penalties)


# --- through eq. 7, y_i = Σ_j (x_j − w_ij)²: to F6's states x, and to the codes w ---------------------


def f6_slope(f6: Array, codes: Array, penalty_slope: Array) -> Array:
    """∂E/∂x_j from ∂E/∂y_i: the slope of eq. 7 is 2·(x_j − w_ij).

    Args:
        f6: states x of F6, (N, 84).
        codes: w, (classes, 84).
        penalty_slope: ∂E/∂y_i, (N, classes).

    Returns:
        (N, 84).
    """
    slopes: Array = 2 * (penalty_slope.sum(1, keepdims=True) * f6 - penalty_slope @ codes)
    return slopes


def codes_slope(f6: Array, codes: Array, penalty_slope: Array) -> Array:
    """∂E/∂w_ij, for codes that learn too: the slope of eq. 7 is −2·(x_j − w_ij).

    Args:
        f6, codes, penalty_slope: as for `f6_slope`.

    Returns:
        (classes, 84).
    """
    slopes: Array = 2 * (penalty_slope.sum(0)[:, None] * codes - penalty_slope.T @ f6)
    return slopes


def second_derivative(
    f6: Array,
    codes: Array,
    penalties: Array,
    targets: ArrayLike,
    j: float = 1.0,
    scale: float = 1.0,
) -> Array:
    """∂²E/∂x_j² of eq. 9, exactly.

    With d_ij = x_j − w_ij and the posterior p, rubbish with the rest of p and d = 0:

        2s·(Σ_i t_i − Σ_i p_i) + 4s²·[ Σ_i p_i·d_ij² − (Σ_i p_i·d_ij)² ]

    The bracket is a variance. With labels the first term is 2s times rubbish's share of p, so that nothing is
    negative; only where weights lack more than that share is it.

    Args:
        f6: states x of F6, (N, 84).
        codes: w, (classes, 84).
        penalties, targets, j, scale: as for `energy`.

    Returns:
        (N, 84).

    Raises:
        InputError: the targets do not fit the penalties.
    """
    _, classes, rubbish = _terms(penalties, j, scale)
    total = classes.sum(1, keepdims=True) + rubbish
    p, rest = (classes / total)[:, :, None], rubbish / total
    lacking = 1 - weights(targets, penalties).sum(1, keepdims=True)
    d = f6[:, None] - codes  # (N, classes, 84)
    mean = (p * d).sum(1)
    variance = (p * (d - mean[:, None]) ** 2).sum(1) + rest * mean**2
    curvatures: Array = (2 * scale * (rest - lacking) + 4 * scale**2 * variance) / len(f6)
    return curvatures


def curvature(
    f6: Array, codes: Array, penalties: Array, targets: ArrayLike, j: float = 1.0, scale: float = 1.0,
    discriminative: bool = True,
) -> Array:  # fmt: skip
    """∂²E/∂x_j², as the recursion of Appendix C starts from it: never negative.

    Eq. 8: 2s·Σ_i t_i, exactly, since eq. 7 has no factor ½. Eq. 9: the second
    derivative, cut at zero. With labels nothing is cut and this too is exact; for patterns that are no
    character the cut does what leaving f'' out does in the layers below: no direction curves downwards.

    Args:
        f6, codes, penalties, targets, j, scale: as for `second_derivative`.
        discriminative: eq. 9; False for eq. 8.

    Returns:
        (N, 84).

    Raises:
        InputError: the targets do not fit the penalties.
    """
    if discriminative:
        cut: Array = np.maximum(second_derivative(f6, codes, penalties, targets, j, scale), 0)
        return cut
    share = weights(targets, penalties).sum(1, keepdims=True)
    return np.broadcast_to(2 * scale * share / len(f6), f6.shape).astype(f6.dtype)
