"""LeNet-5 as a PyTorch module, to be read beside the paper (Section II-B, Appendix A).

Every layer is `squash(weigh(gather(x), *parameters))`: its inputs, weighed, squashed. Shapes are those of the
reference (lenet5.network.reference): x (N, H, W), states (N, maps, rows, columns), any height and width from 32 on.
Parameters carry the names and shapes of architecture.SHAPES, so that `state_dict` is the model file; C3 has sixty
kernels, one for each pair of Table I, and no others.
"""

from __future__ import annotations

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import InputError
from ..model import lenet5
from ..network.architecture import BACKGROUND, FIELD, FOREGROUND, INPUT, KERNEL, LAYERS, PAIRS, SHAPES, WINDOW
from ..network.codes import DIGITS
from ..network.reference import AMPLITUDE, STEEPNESS
from .hub import Hub

__all__ = ["Layer", "LeNet5", "normalise", "penalties", "squash", "squash_slope"]


def squash(a: Tensor) -> Tensor:
    """f(a) = A·tanh(S·a) (Appendix A): f(±1) = ±1."""
    return AMPLITUDE * torch.tanh(STEEPNESS * a)


def squash_slope(a: Tensor) -> Tensor:
    """f'(a) = A·S·(1 − tanh²(S·a))."""
    return AMPLITUDE * STEEPNESS * (1 - torch.tanh(STEEPNESS * a) ** 2)


class Layer(nn.Module, ABC):
    """A layer of Fig. 2 with the parameters that SHAPES gives it, in its order.

    `weigh` is linear in its input and in each parameter; the recursion of Appendix C (sdlm.py) depends on that.

    Args:
        name: of the layer, "c1" … "f6".
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        for key, shape in SHAPES.items():
            if key.startswith(f"{name}."):
                self.register_parameter(key.split(".")[1], nn.Parameter(torch.zeros(shape)))

    def extra_repr(self) -> str:
        """What `print` shows of the layer: its map sizes at 32×32 and its parameters."""
        layer = next(layer for layer in LAYERS if layer.name.lower() == self.name)
        return f"{layer.name}: {layer.size}, {layer.parameters:,} parameters"

    def gather(self, x: Tensor) -> Tensor:
        """The inputs that are weighed: of S2 and S4 the sums of windows, else x itself."""
        return x

    @abstractmethod
    def weigh(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """Weighted sums a of gathered inputs; parameters as registered: weight or coefficient, then bias."""

    def forward(self, x: Tensor) -> Tensor:
        """States (N, maps, rows, columns) from those of the layer before."""
        return squash(self.weigh(self.gather(x), *self.parameters()))


class Convolution(Layer):
    """C1, C3: a 5×5 kernel for each connected pair of maps, a bias a map.

    Args:
        name: of the layer.
        pairs: (map, map of the layer before that it reads), one for each kernel.
    """

    places: Tensor  # of each kernel among all pairs of maps, row by row

    def __init__(self, name: str, pairs: Sequence[tuple[int, int]]) -> None:
        super().__init__(name)
        self.reads = 1 + max(read for _, read in pairs)
        places = torch.tensor([to * self.reads + read for to, read in pairs])
        self.register_buffer("places", places, persistent=False)

    def weigh(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """Convolution with a kernel for every pair of maps: zeros for pairs that are not connected."""
        weight, bias = parameters
        dense = weight.new_zeros(len(bias) * self.reads, KERNEL, KERNEL).index_copy(0, self.places, weight)
        return functional.conv2d(x, dense.view(len(bias), self.reads, KERNEL, KERNEL), bias)


class Subsampling(Layer):
    """S2, S4: the sum of each 2×2 window, times the map's coefficient, plus its bias."""

    def gather(self, x: Tensor) -> Tensor:
        """The sum of each window: (N, maps, rows, columns) -> (N, maps, rows//2, columns//2)."""
        return functional.avg_pool2d(x, WINDOW, divisor_override=1)

    def weigh(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """The window's sum times the map's coefficient, plus its bias."""
        coefficient, bias = parameters
        return x * coefficient[:, None, None] + bias[:, None, None]


class Full(Layer):
    """C5, F6: every unit reads every map, 5×5 of it in C5, 1×1 in F6."""

    def weigh(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """A convolution in which every unit reads every map."""
        weight, bias = parameters
        return functional.conv2d(x, weight if weight.ndim == 4 else weight[:, :, None, None], bias)


def normalise(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Pixels as the network takes them (Section II-B): white −0.1, black 1.175.

    Args:
        images: (N, 28, 28), padded by two pixels of background, or (N, 32, 32), or with a channel (N, 1, …); uint8
            (255 = ink) or float in [0, 1], which is not checked here.
        dtype: of the result.

    Returns:
        (N, 32, 32) of dtype.

    Raises:
        InputError: for other shapes and types.
    """
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3 or tuple(images.shape[1:]) not in ((FIELD, FIELD), (INPUT, INPUT)):
        raise InputError(
            f"images of the shape {tuple(images.shape)} cannot be read: "
            f"N×{FIELD}×{FIELD} or N×{INPUT}×{INPUT} is needed, with or without a channel"
        )
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise InputError(
            f"pixels of type {images.dtype} cannot be read: uint8 (255 = ink) or floats in [0, 1] are needed"
        )
    ink = 255 if images.dtype == torch.uint8 else 1
    x = images.to(dtype) * ((FOREGROUND - BACKGROUND) / ink) + BACKGROUND
    edge = (INPUT - images.shape[1]) // 2
    return functional.pad(x, (edge,) * 4, value=BACKGROUND) if edge else x


def penalties(f6: Tensor, codes: Tensor) -> Tensor:
    """Eq. 7, y_i = Σ_j (x_j − w_ij)²: (…, 84) and (classes, 84) -> (…, classes)."""
    return ((f6[..., None, :] - codes) ** 2).sum(-1)


class LeNet5(nn.Module, Hub):
    """The network of Section II-B: images in, penalties out (eq. 7), smallest wins.

    Args:
        classes: the characters, as of lenet5.LeNet5.
        seed: of the initial parameters, which are those of lenet5.LeNet5(classes, seed).

    Attributes:
        codes: a buffer, (classes, 84), of ±1.
        classes, metadata: those of the model file.

    Raises:
        InputError: for classes that have no code.
    """

    codes: Tensor

    def __init__(self, classes: Sequence[str] = DIGITS, seed: int = 0) -> None:
        super().__init__()
        self.c1 = Convolution("c1", [(m, 0) for m in range(6)])  # 1@32×32 -> 6@28×28
        self.s2 = Subsampling("s2")  # -> 6@14×14
        self.c3 = Convolution("c3", PAIRS)  # Table I -> 16@10×10
        self.s4 = Subsampling("s4")  # -> 16@5×5
        self.c5 = Full("c5")  # -> 120@1×1
        self.f6 = Full("f6")  # -> 84
        model = lenet5.LeNet5(classes, seed)
        self.register_buffer("codes", torch.tensor(model.codes))  # the output: a code a class
        self._copy(model)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """C1 … F6, in the order of Fig. 2."""
        return self.c1, self.s2, self.c3, self.s4, self.c5, self.f6

    def states(self, x: Tensor) -> Tensor:
        """F6's states from normalised inputs (N, H, W): (N, 84, rows, columns), 1×1 for 32×32."""
        x = x[:, None]
        for layer in self.layers:
            x = layer(x)
        return x

    def penalties(self, x: Tensor) -> Tensor:
        """Eq. 7 from normalised inputs (N, H, W): (N, classes), or (N, rows, columns, classes) if larger."""
        f6 = self.states(x).movedim(1, -1)
        y = penalties(f6, self.codes)
        return y[:, 0, 0] if y.shape[1:3] == (1, 1) else y

    def forward(self, images: Tensor) -> Tensor:
        """Penalties (N, classes) of images as `normalise` takes them, in the parameters' dtype."""
        return self.penalties(normalise(images, self.codes.dtype))

    # --- the model file ------------------------------------------------------------------------------

    def _copy(self, model: lenet5.LeNet5) -> None:
        self.classes = list(model.classes)
        self.metadata: dict[str, Any] = copy.deepcopy(model.metadata)
        with torch.no_grad():
            for name, value in model.named_parameters.items():
                self.get_parameter(name).copy_(torch.from_numpy(value.copy()))
            self.codes.copy_(torch.tensor(model.codes))

    @classmethod
    def of(cls, model: lenet5.LeNet5) -> LeNet5:
        """The twin of a lenet5.LeNet5: a copy of its parameters, codes, classes and metadata."""
        twin = cls(model.classes)
        twin._copy(model)
        return twin

    def reference(self) -> lenet5.LeNet5:
        """The lenet5.LeNet5 of the same parameters, in float32: a copy."""
        model = lenet5.LeNet5(self.classes)
        for name, value in model.named_parameters.items():
            value[:] = self.get_parameter(name).detach().to("cpu", torch.float32).numpy()
        model.codes[:] = self.codes.to("cpu", torch.float32).numpy()
        model.metadata = copy.deepcopy(self.metadata)
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LeNet5:
        """The model in a file of lenet5, or one of `pretrained_names` ("digits"). Raises ModelError."""
        return cls.of(lenet5.LeNet5.find(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the same file as lenet5.LeNet5.save, in float32. Raises SaveError."""
        self.reference().save(path)
