"""Eq. 8 and eq. 9 (Section II-C) for PyTorch: targets, j and scale as in lenet5.network.losses.

Throughout, penalties are (N, classes); targets are labels (N,) or weights (N, classes), whose rows lack to 1 what
belongs to the rubbish class; j is that class's penalty (inf: there is none); scale is s, which penalties are
multiplied by.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError

__all__ = ["curvature", "energy", "mean_penalty", "posterior", "second_derivative", "weights"]


def weights(targets: Tensor, penalties: Tensor) -> Tensor:
    """Targets as weights, (N, classes), in the penalties' dtype.

    Labels outside the classes are refused on the processor. On a GPU, which a check would make wait, they give NaN, and
    so does every energy and gradient that they are part of. −1 is no class either: weights of 0 mean a non-character.

    Raises:
        InputError: shapes or types do not fit, or labels are outside the classes.
    """
    whole = not targets.is_floating_point() and targets.dtype != torch.bool
    if targets.ndim == 1 and whole and len(targets) == len(penalties):
        count = penalties.shape[1]
        outside = (targets < 0) | (targets >= count)
        if targets.device.type == "cpu" and bool(outside.any()):
            raise InputError(
                f"the label {int(targets[outside][0])} is outside the classes: {count} classes have the labels 0 to "
                f"{count - 1}"
            )
        rows = (targets[:, None] == torch.arange(count, device=targets.device)).to(penalties.dtype)
        return rows.masked_fill(outside[:, None], float("nan"))
    if targets.shape != penalties.shape or not targets.is_floating_point():
        raise InputError(
            f"targets of shape {tuple(targets.shape)} and type {targets.dtype} do not fit penalties of shape "
            f"{tuple(penalties.shape)}: give a label a pattern, or a weight for each class"
        )
    return targets.to(penalties.dtype)


def _terms(penalties: Tensor, j: float, scale: float) -> Tensor:
    """Exponents of all classes and of the rubbish class, (N, classes + 1): −s·y_i and −j."""
    return torch.cat((-scale * penalties, torch.full_like(penalties[:, :1], -j)), 1)


def posterior(penalties: Tensor, j: float = 1.0, scale: float = 1.0) -> Tensor:
    """p_i = e^(−s·y_i) / (e^(−j) + Σ_k e^(−s·y_k)), (N, classes); what lacks to 1 is the rubbish class's."""
    return torch.softmax(_terms(penalties, j, scale), 1)[:, :-1]


def energy(
    penalties: Tensor, targets: Tensor, j: float = 1.0, scale: float = 1.0, *, reduction: str = "mean"
) -> Tensor:
    """Eq. 9: Σ_i t_i·s·y_i + (1 − Σ_i t_i)·j + log(e^(−j) + Σ_i e^(−s·y_i)), mean over the patterns.

    Args:
        penalties, targets, j, scale: as at the top.
        reduction: "mean", or "none" for each pattern's own energy, (N,).
    """
    t = weights(targets, penalties)
    own = (t * scale * penalties).sum(1) + torch.logsumexp(_terms(penalties, j, scale), 1)
    if j != float("inf"):
        own = own + (1 - t.sum(1)) * j
    return own if reduction == "none" else own.mean()


def mean_penalty(penalties: Tensor, targets: Tensor, scale: float = 1.0) -> Tensor:
    """Eq. 8: the mean penalty of the right class."""
    return (weights(targets, penalties) * scale * penalties).sum(1).mean()


# --- through eq. 7 to F6's states, for Appendix C ------------------------------------------------------


def second_derivative(
    f6: Tensor, codes: Tensor, penalties: Tensor, targets: Tensor, j: float = 1.0, scale: float = 1.0
) -> Tensor:
    """∂²E/∂x_j² of eq. 9, exactly: 2s·(Σ t − Σ p) + 4s²·var_p(x_j − w_ij), the rubbish class's distance 0.

    Args:
        f6: states of F6, (N, 84).
        codes: (classes, 84).
        penalties, targets, j, scale: as at the top.

    Returns:
        (N, 84).
    """
    p = torch.softmax(_terms(penalties, j, scale), 1)
    lacking = 1 - weights(targets, penalties).sum(1, keepdim=True)
    p, rest = p[:, :-1, None], p[:, -1:]
    d = f6[:, None] - codes  # (N, classes, 84)
    mean = (p * d).sum(1)
    variance = (p * (d - mean[:, None]) ** 2).sum(1) + rest * mean**2
    return (2 * scale * (rest - lacking) + 4 * scale**2 * variance) / len(f6)


def curvature(
    f6: Tensor, codes: Tensor, penalties: Tensor, targets: Tensor, j: float | None = 1.0, scale: float = 1.0
) -> Tensor:
    """∂²E/∂x_j², where the recursion of Appendix C starts: never negative.

    Args:
        f6: states of F6, (N, 84).
        codes: (classes, 84).
        penalties, targets, scale: as at the top.
        j: None for eq. 8.

    Returns:
        (N, 84).
    """
    if j is not None:
        return second_derivative(f6, codes, penalties, targets, j, scale).clamp_min(0)
    share = weights(targets, penalties).sum(1, keepdim=True)
    return (2 * scale * share / len(f6)).expand_as(f6)
