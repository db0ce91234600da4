"""LeNet-5 as people usually write it in PyTorch: what `lenet5 bench` is measured against.

Not the twin of `network.py`, which keeps the paper's sixty kernels of C3: here C3 is one dense convolution, the
fastest form that a framework has, and the gradients of the absent pairs of Table I are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional

import torch
from torch import Tensor, nn

from ..model.lenet5 import LeNet5
from ..network.architecture import BACKGROUND, FOREGROUND, INPUT
from ..network.reference import AMPLITUDE, STEEPNESS

__all__ = ["DenseLeNet5", "inference_peers", "training_step"]

F32 = NDArray[np.float32]
J, SCALE = 1.0, 0.1  # of eq. 9, in the timed training step


class DenseLeNet5(nn.Module):
    """LeNet-5 with a dense C3: convolutions, average pooling, fused where PyTorch fuses.

    Args:
        model: whose parameters and codes are copied.
    """

    codes: Tensor

    def __init__(self, model: LeNet5) -> None:
        super().__init__()
        for name, value in model.parameters.items():
            if name != "c3.weight":
                self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.from_numpy(value.copy())))
        dense = dense_c3(model.parameters["c3.weight"])
        self.c3_weight = nn.Parameter(torch.from_numpy(dense))
        connected = torch.from_numpy((dense != 0).any((2, 3), keepdims=True).astype(np.float32))
        self.c3_weight.register_hook(lambda slope: slope * connected)  # type: ignore[no-untyped-call]
        self.register_buffer("codes", torch.from_numpy(model.codes.copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Penalties (N, classes) of normalised inputs, float32 (N, 1, 32, 32)."""
        own = self.get_parameter
        x = _squash(functional.conv2d(x, own("c1_weight")[:, None], own("c1_bias")))
        x = _subsample(x, own("s2_coefficient"), own("s2_bias"))
        x = _squash(functional.conv2d(x, self.c3_weight, own("c3_bias")))
        x = _subsample(x, own("s4_coefficient"), own("s4_bias"))
        x = _squash(functional.linear(x.flatten(1), own("c5_weight").flatten(1), own("c5_bias")))
        x = _squash(functional.linear(x, own("f6_weight"), own("f6_bias")))
        return (x[:, None] - self.codes).square().sum(2)
