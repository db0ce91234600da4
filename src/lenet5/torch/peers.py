"""LeNet-5 as people usually write it in PyTorch: what `lenet5 bench` is measured against.

Not the twin of `network.py`, which keeps the paper's sixty kernels of C3: here C3 is one dense convolution, the
fastest form that a framework has, and the gradients of the absent pairs of Table I are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..model.lenet5 import LeNet5
from ..network.reference import AMPLITUDE, STEEPNESS, dense_c3

__all__ = ["DenseLeNet5", "inference_peers", "training_step"]

F32 = NDArray[np.float32]
J, SCALE = 1.0, 0.1  # of eq. 9, in the timed training step


class DenseLeNet5(nn.Module):
    """LeNet-5 with a dense C3: convolutions, average pooling, fused where PyTorch fuses.

    Args:
        model: whose parameters and codes are copied.
    """

    c1_weight: Tensor
    c1_bias: Tensor
    s2_coefficient: Tensor
    s2_bias: Tensor
    c3_weight: Tensor
    c3_bias: Tensor
    s4_coefficient: Tensor
    s4_bias: Tensor
    c5_weight: Tensor
    c5_bias: Tensor
    f6_weight: Tensor
    f6_bias: Tensor
    codes: Tensor

    def __init__(self, model: LeNet5) -> None:
        super().__init__()
        for name, value in model.named_parameters.items():
            if name != "c3.weight":
                self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.from_numpy(value.copy())))
        kernels = model.named_parameters["c3.weight"]
        self.c3_weight = nn.Parameter(torch.from_numpy(dense_c3(kernels)))
        connected = torch.from_numpy(dense_c3(np.ones_like(kernels)))
        self.c3_weight.register_hook(lambda slope: slope * connected)  # type: ignore[no-untyped-call]
        self.register_buffer("codes", torch.from_numpy(model.codes.copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Penalties (N, classes) of normalised inputs, float32 (N, 1, 32, 32)."""
        x = _squash(functional.conv2d(x, self.c1_weight[:, None], self.c1_bias))
        x = _subsample(x, self.s2_coefficient, self.s2_bias)
        x = _squash(functional.conv2d(x, self.c3_weight, self.c3_bias))
        x = _subsample(x, self.s4_coefficient, self.s4_bias)
        x = _squash(functional.linear(x.flatten(1), self.c5_weight.flatten(1), self.c5_bias))
        x = _squash(functional.linear(x, self.f6_weight, self.f6_bias))
        return (x[:, None] - self.codes).square().sum(2)


def _squash(a: Tensor) -> Tensor:
    """f(a) = A·tanh(S·a), Appendix A."""
    return AMPLITUDE * torch.tanh(STEEPNESS * a)


def _subsample(x: Tensor, coefficient: Tensor, bias: Tensor) -> Tensor:
    """The sum of each 2×2 window, weighed and squashed."""
    sums = 4 * functional.avg_pool2d(x, 2)
    return _squash(sums * coefficient[:, None, None] + bias[:, None, None])


def inference_peers(model: LeNet5, threads: int) -> Iterator[tuple[str, str, Callable[[F32], F32]]]:
    """The network for `lenet5 bench`, eager and compiled.

    Args:
        model: whose parameters are copied.
        threads: of PyTorch's pool, set for the whole process.

    Yields:
        (name, version, a function from normalised inputs, float32 (N, 1, 32, 32), to penalties (N, classes)).
    """
    torch.set_num_threads(threads)
    network = DenseLeNet5(model).eval()

    def function(call: Callable[[Tensor], Tensor]) -> Callable[[F32], F32]:
        def penalties(x: F32) -> F32:
            with torch.inference_mode():
                answers: F32 = call(torch.from_numpy(x)).numpy()
            return answers

        return penalties

    yield "PyTorch eager", torch.__version__, function(network)
    yield "PyTorch compiled", torch.__version__, function(torch.compile(network, dynamic=True))


def training_step(model: LeNet5, inputs: F32, labels: NDArray[np.int64], threads: int) -> Callable[[], None]:
    """One mini-batch as most people write it, with the loss and the optimiser of the engine.

    Args:
        model: whose parameters are copied.
        inputs: normalised, float32 (N, 1, 32, 32).
        labels: (N,), places among the model's classes.
        threads: of PyTorch's pool, set for the whole process.

    Returns:
        A function that does forward, backward and update once.
    """
    torch.set_num_threads(threads)
    network = DenseLeNet5(model)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    x, targets = torch.from_numpy(inputs), torch.from_numpy(labels)
    rubbish = torch.full((len(inputs), 1), -J)

    def step() -> None:
        scaled = SCALE * network(x)
        right = scaled.gather(1, targets[:, None]).squeeze(1)
        loss = (right + torch.logsumexp(torch.cat([-scaled, rubbish], 1), 1)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step
