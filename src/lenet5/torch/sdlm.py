"""Stochastic diagonal Levenberg–Marquardt (Appendix C) as a torch.optim.Optimizer.

η_k = η / (μ + h_kk)        w_k ← w_k − η_k · ∂E_p/∂w_k
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..errors import InputError
from ..training.recipes import PAPER
from . import losses
from .network import LeNet5, normalise, penalties, squash, squash_slope

__all__ = ["SDLM", "curvature"]


def curvature(
    network: LeNet5, x: Tensor, targets: Tensor, j: float | None = 1.0, scale: float = 1.0
) -> dict[str, Tensor]:
    """h_kk of Appendix C for every parameter, by name: the Gauss–Newton estimate of ∂²E/∂w_k².

    Weighted sums are linear in inputs and in weights, so that back-propagation through the same sums of squared
    inputs and squared weights is the recursion of the second derivatives.

    Args:
        network: whose parameters are meant.
        x: normalised inputs, (N, 32, 32).
        targets, j, scale: of eq. 9 (losses.py); j None: eq. 8.

    Returns:
        Name -> a tensor of the parameter's shape; mean over the patterns, never negative.
    """
    with torch.no_grad():
        state, activations = x[:, None], []
        for layer in network.layers:
            gathered = layer.gather(state)
            sums = layer.weigh(gathered, *layer.parameters())
            activations.append((layer, state, gathered, sums))
            state = squash(sums)
        f6 = state[:, :, 0, 0]
        y = penalties(f6, network.codes)
        h = losses.curvature(f6, network.codes, y, targets, j, scale)[:, :, None, None]  # ∂²E/∂x²
    curvatures: dict[str, Tensor] = {}
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    for layer, state, gathered, sums in reversed(activations):
        own = tuple(layer.parameters())
        with torch.enable_grad():
            squares = [value.detach().square().requires_grad_() for value in (gathered, *own)]
            h = h * squash_slope(sums) ** 2  # ∂²E/∂a², without the term in f''
            h, *second = torch.autograd.grad(layer.weigh(*squares), squares, h)
            if gathered is not state:  # a window's sum has weights of one
                state = state.detach().requires_grad_()
                (h,) = torch.autograd.grad(layer.gather(state), state, h)
        curvatures |= {names[id(value)]: entry for value, entry in zip(own, second, strict=True)}
    return {name: curvatures[name] for name in names.values()}


class SDLM(torch.optim.Optimizer):
    """Appendix C: each parameter has a rate of its own, η / (μ + curvature_scale·h_kk), held during a pass.

    `estimate` is called before each pass. A batch of one pattern is the paper's own training.

    Args:
        network: whose parameters are trained.
        lr: η, which a scheduler may change.
        mu: μ keeps a flat direction's rate below η/μ.
        curvature_scale: h_kk is multiplied by it (docs/reproduction.md).

    Raises:
        InputError: one of the numbers is not positive.
    """

    def __init__(
        self,
        network: LeNet5,
        lr: float = PAPER.optimiser.schedule[0],
        mu: float = PAPER.optimiser.mu,
        curvature_scale: float = PAPER.optimiser.curvature_scale,
    ) -> None:
        if not (lr > 0 and mu > 0 and curvature_scale > 0):
            raise InputError(
                f"lr, mu and curvature_scale must be more than 0, not {lr}, {mu} and {curvature_scale}"
            )
        super().__init__(network.parameters(), {"lr": lr, "mu": mu, "curvature_scale": curvature_scale})
        self._network = network

    def estimate(
        self, images: Tensor, targets: Tensor, j: float | None = PAPER.loss.j, scale: float = PAPER.loss.scale
    ) -> dict[str, Tensor]:
        """Set h_kk from a few hundred patterns (the paper: 500).

        Args:
            images: as `normalise` takes them.
            targets, j, scale: of eq. 9 (losses.py); j None: eq. 8.

        Returns:
            h_kk by name.
        """
        x = normalise(images, self._network.codes.dtype)
        h = curvature(self._network, x, targets, j, scale)
        for name, parameter in self._network.named_parameters():
            self.state[parameter]["curvature"] = h[name]
        return h

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        """One update of every parameter that has a gradient.

        Args:
            closure: computes the loss and its gradients anew, if given.

        Returns:
            The closure's loss.

        Raises:
            InputError: `estimate` was not called yet.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if "curvature" not in self.state[parameter]:
                    raise InputError(
                        "there is no curvature yet: call estimate(images, targets) before step()"
                    )
                h = self.state[parameter]["curvature"]
                parameter -= group["lr"] / (group["mu"] + group["curvature_scale"] * h) * parameter.grad
        return loss
