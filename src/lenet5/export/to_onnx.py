"""The network as an ONNX graph, written with the `onnx` package alone (extra `onnx`).

Two departures from the letter of the paper, none from its mathematics. The constants of the squashing
function f(a) = A·tanh(S·a) are folded into the weights on either side of each tanh: every initialiser is the
model's parameter times the factor that the file's metadata give under "factors". And C3's sixty kernels
stand in a 16×6 convolution with zeros where Table I has no connection: 900 numbers that are no parameters,
because runtimes have a fast dense convolution and none for a table.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._version import __version__
from ..atomic import write
from ..errors import MissingExtraError
from ..model.lenet5 import LeNet5
from ..network.architecture import BACKGROUND, BITMAP, FIELD, FOREGROUND, INPUT
from ..network.reference import AMPLITUDE as A
from ..network.reference import STEEPNESS as S
from ..network.reference import dense_c3
from .quantise import Calibration, best_range, calibrate, quantise

__all__ = ["FACTORS", "OPSET", "build", "export_onnx"]

OPSET, IR = 17, 8  # of ONNX 1.12 (2022): read by every runtime since
LEVEL = (FOREGROUND - BACKGROUND) / 255  # a level of grey in the input's range: 0.005 …
OFFSET = round(-BACKGROUND / LEVEL)  # … of which the background lies exactly 20 below zero
# Weights of eight bits in ±63: processors without VNNI add two products in 16 bits, and 2·255·63 fits.
MOST = 63

# What each initialiser is, as a multiple of the model's parameter of that name (C3's spread out as `dense_c3`;
# a coefficient multiplies the mean of its window and not the sum).
FACTORS = {
    "c1.weight": S,
    "c1.bias": S,
    "s2.coefficient": 4 * S * A,
    "s2.bias": S,
    "c3.weight": S * A,
    "c3.bias": S,
    "s4.coefficient": 4 * S * A,
    "s4.bias": S,
    "c5.weight": S * A,
    "c5.bias": S,
    "f6.weight": S * A,
    "f6.bias": S,
}


class _Graph:
    """A graph as it grows. Layers take the name of a tensor and return that of their state.

    calibration: for weights and states of eight bits; None for float32.
    """

    def __init__(self, model: LeNet5, calibration: Calibration | None) -> None:
        self.model, self.calibration = model, calibration
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []

    def constant(self, name: str, value: ArrayLike, dtype: Any = np.float32) -> str:
        from onnx import numpy_helper

        self.initialisers.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{output}/{kind}", **attributes))
        return output

    def parameter(self, name: str, *shape: int) -> NDArray[np.float64]:
        value = self.model.named_parameters[name].astype(np.float64)
        value = dense_c3(value) if name == "c3.weight" else value
        return FACTORS[name] * (value.reshape(shape) if shape else value)

    # --- eight bits: between two pairs of quantise and dequantise, runtimes compute in whole numbers -------

    def restored(
        self, whole: str, name: str, step: ArrayLike, zero: ArrayLike, dtype: Any, **axis: int
    ) -> str:
        """Tensor `whole` as the floats that it stands for: step · (whole − zero)."""
        constants = [self.constant(f"{name}.step", step), self.constant(f"{name}.zero", zero, dtype)]
        return self.node("DequantizeLinear", [whole, *constants], f"{name}.restored", **axis)

    def rounded(self, x: str, step: float, zero: int = 0, dtype: Any = np.int8) -> str:
        """x in eight bits and back."""
        self.node("QuantizeLinear", [x, f"{x}.step", f"{x}.zero"], f"{x}.whole")
        return self.restored(f"{x}.whole", x, step, zero, dtype)

    def whole_constants(self, layer: str, step: float) -> list[str]:
        """A layer's weight in eight bits and bias in 32, for an input of the given step."""
        assert self.calibration is not None
        layer_weights = quantise(
            self.model, layer, self.calibration, step if layer == "c1" else A * step, MOST
        )
        factor = FACTORS[f"{layer}.weight"]
        weight = self.constant(f"{layer}.weight", layer_weights.weight, np.int8)
        zero = np.zeros(len(layer_weights.scale))
        steps = (factor * layer_weights.scale * step).astype(np.float32)
        bias = self.constant(f"{layer}.bias", np.rint(S * layer_weights.bias / steps), np.int32)
        return [
            self.restored(weight, weight, factor * layer_weights.scale, zero, np.int8, axis=0),
            self.restored(bias, bias, steps, zero, np.int32, axis=0),
        ]

    # --- layers -------------------------------------------------------------------------------------------

    def weighted(self, kind: str, x: str, layer: str, *shape: int, **attributes: Any) -> str:
        """A convolution, or F6: its weighted sums, then tanh."""
        if self.calibration is None:
            weight = self.constant(f"{layer}.weight", self.parameter(f"{layer}.weight", *shape))
            bias = self.constant(f"{layer}.bias", self.parameter(f"{layer}.bias"))
            sums = self.node(kind, [x, weight, bias], f"{layer}.sum", **attributes)
        else:
            step = LEVEL if layer == "c1" else 1 / 127
            x = x if layer == "c1" else self.rounded(x, step)
            sums = self.node(kind, [x, *self.whole_constants(layer, step)], f"{layer}.sum", **attributes)
            sums = self.rounded(sums, best_range(S * self.calibration.sums[layer]) / 127)
        return self.node("Tanh", [sums], layer)

    def subsampling(self, x: str, layer: str) -> str:
        """The mean of each window times the coefficient, plus the bias, then tanh; in float32 always."""
        x = self.node("AveragePool", [x], f"{layer}.mean", kernel_shape=[2, 2], strides=[2, 2])
        for kind, name, result in (("Mul", "coefficient", "scaled"), ("Add", "bias", "sum")):
            value = self.constant(f"{layer}.{name}", self.parameter(f"{layer}.{name}", -1, 1, 1))
            x = self.node(kind, [x, value], f"{layer}.{result}")
        return self.node("Tanh", [x], layer)

    def field(self) -> str:
        """Raw bytes N×28×28 -> N×1×32×32 in −0.1 … 1.175; a border of paper is a border of zeros."""
        edge = (INPUT - FIELD) // 2
        x = self.node("Unsqueeze", ["image", self.constant("image.axis", [1], np.int64)], "image.map")
        pads = self.constant("image.pads", [0, 0, edge, edge] * 2, np.int64)
        x = self.node("Pad", [x, pads, self.constant("image.paper", 0, np.uint8)], "image.padded")
        return self.restored(x, "image", LEVEL, OFFSET, np.uint8)

    def output(self, x: str) -> None:
        """Eq. 7, row by row of the bitmap: two short sums round off less than a sum of 84."""
        codes = self.model.codes.reshape(-1, *BITMAP)
        x = self.node("Mul", [x, self.constant("f6.amplitude", A)], "f6.state")
        x = self.node("Reshape", [x, self.constant("f6.shape", [-1, 1, *BITMAP], np.int64)], "f6.bitmap")
        x = self.node("Sub", [x, self.constant("codes", codes)], "distances")
        x = self.node("ReduceSumSquare", [x], "rows", axes=[3], keepdims=0)
        self.node("ReduceSum", [x, self.constant("penalties.axis", [2], np.int64)], "penalties", keepdims=0)


def build(model: LeNet5, raw: bool = False, calibration: Calibration | None = None) -> Any:
    """The graph from `image` to `penalties` (N, classes) (eq. 7, the smallest wins), N free.

    Args:
        model: what is exported.
        raw: `image` is uint8 (N, 28, 28), 255 = ink, normalised and padded inside; else float32 (N, 1, 32, 32) in
            −0.1 … 1.175, as network.preprocessing.normalise makes them.
        calibration: for eight bits, what quantise.calibrate returns; None for float32.

    Returns:
        An onnx.ModelProto.

    Raises:
        MissingExtraError: the package onnx is not installed.
    """
    try:
        import onnx
        from onnx import TensorProto, helper
    except ImportError as error:
        raise MissingExtraError("ONNX needs its package: pip install 'lenet5-1998[onnx]'") from error
    graph = _Graph(model, calibration)
    if raw:
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", FIELD, FIELD])
        x = graph.field()
    else:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, INPUT, INPUT])
        x = "image" if calibration is None else graph.rounded("image", LEVEL, OFFSET, np.uint8)
    x = graph.weighted("Conv", x, "c1", 6, 1, 5, 5)
    x = graph.subsampling(x, "s2")
    x = graph.weighted("Conv", x, "c3")
    x = graph.subsampling(x, "s4")
    x = graph.weighted("Conv", x, "c5")
    x = graph.node("Flatten", [x], "c5.flat")
    x = graph.weighted("Gemm", x, "f6", transB=1)
    graph.output(x)
    penalties = helper.make_tensor_value_info("penalties", TensorProto.FLOAT, ["N", len(model.classes)])
    proto = helper.make_model(
        helper.make_graph(graph.nodes, "LeNet5", [image], [penalties], graph.initialisers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="lenet5",
        producer_version=__version__,
        doc_string="LeNet-5 as published in 1998. The penalty of each class; the smallest wins.",
    )
    helper.set_model_props(proto, _facts(model, raw, calibration))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _facts(model: LeNet5, raw: bool, calibration: Calibration | None) -> dict[str, str]:
    """The file's metadata: text by text, JSON where it is more than a word."""
    field = f"uint8, {FIELD}×{FIELD}, 0 = paper, 255 = ink; normalised inside"
    floats = (
        f"float32, {INPUT}×{INPUT}, paper {BACKGROUND}, ink {FOREGROUND}: {LEVEL:g}·level − {-BACKGROUND}"
    )
    return {
        "classes": json.dumps(list(model.classes)),
        "normalisation": field if raw else floats,
        "weights": "float32" if calibration is None else f"int8, calibrated with {calibration.images} images",
        "factors": json.dumps(FACTORS),
        **{key: json.dumps(model.metadata[key]) for key in ("j", "scale", "training", "figures")},
    }


def export_onnx(
    model: LeNet5,
    path: str | os.PathLike[str],
    raw: bool = False,
    int8: bool = False,
    calibration: ArrayLike | None = None,
) -> None:
    """Write the network as one ONNX file, whole or not at all.

    Args:
        model: what is exported.
        path: of the file.
        raw: whether it takes bytes and normalises them (`build`).
        int8: whether weights and states have eight bits.
        calibration: for int8, real images as LeNet5.penalties takes them, (N, 28, 28) or (N, 32, 32).

    Raises:
        InputError: int8 without images.
        MissingExtraError: the package onnx is not installed.
        SaveError: the file cannot be written.
    """
    statistics = calibrate(model, calibration) if int8 else None
    write(path, build(model, raw, statistics).SerializeToString())
