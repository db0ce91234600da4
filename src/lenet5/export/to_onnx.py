"""The network as an ONNX graph, written with the `onnx` package alone (extra `onnx`).

The two constants of the squashing function are folded into the weights on either side of each tanh, and
C3's sixty kernels stand in a 16×6 convolution with zeros where Table I has no connection: what runtimes do
fastest. The answers are the reference's; the parameters are those of the model times constants.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..architecture import BACKGROUND, FIELD, FOREGROUND, INPUT, PAIRS
from ..errors import MissingExtraError
from ..files import write

if TYPE_CHECKING:
    from ..model import LeNet5

__all__ = ["build", "export_onnx"]

OPSET = 17
A, S = 1.7159, 2 / 3  # Appendix A


def build(model: LeNet5, raw: bool = False) -> Any:
    """The graph as an onnx.ModelProto: input `image` -> output `penalties` (N×classes), N free.

    image: float32 N×1×32×32 in −0.1 … 1.175; with raw, uint8 N×28×28 (255 = ink), normalised inside.
    Raises MissingExtraError without the `onnx` package.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise MissingExtraError("ONNX needs its package: pip install 'lenet5[onnx]'") from error

    p = {name: value.astype(np.float64) for name, value in model.parameters.items()}
    c3 = np.zeros((16, 6, 5, 5))
    for weight, (m, s) in zip(p["c3.weight"], PAIRS, strict=True):
        c3[m, s] = weight
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [name], name=f"{name}_{kind.lower()}", **attributes))
        return name

    def number(name: str, value: np.ndarray) -> str:
        return constant(name, np.asarray(value, np.float32))

    def convolution(x: str, layer: str, weight: np.ndarray, before: float) -> str:
        inputs = [
            x,
            number(f"{layer}.weight", S * before * weight),
            number(f"{layer}.bias", S * p[f"{layer}.bias"]),
        ]
        return node("Tanh", [node("Conv", inputs, f"{layer}.sum")], layer)

    def subsampling(x: str, layer: str) -> str:
        mean = node("AveragePool", [x], f"{layer}.mean", kernel_shape=[2, 2], strides=[2, 2])
        coefficient = 4 * A * S * p[f"{layer}.coefficient"].reshape(1, -1, 1, 1)
        scaled = node("Mul", [mean, number(f"{layer}.coefficient", coefficient)], f"{layer}.scaled")
        bias = number(f"{layer}.bias", S * p[f"{layer}.bias"].reshape(1, -1, 1, 1))
        return node("Tanh", [node("Add", [scaled, bias], f"{layer}.sum")], layer)

    if raw:
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", FIELD, FIELD])
        x = node("Cast", ["image"], "image.levels", to=TensorProto.FLOAT)
        x = node("Mul", [x, number("image.step", (FOREGROUND - BACKGROUND) / 255)], "image.scaled")
        x = node("Add", [x, number("image.white", BACKGROUND)], "image.field")
        x = node("Unsqueeze", [x, constant("image.axis", np.array([1], np.int64))], "image.map")
        edge = (INPUT - FIELD) // 2
        pads = constant("image.pads", np.array([0, 0, edge, edge, 0, 0, edge, edge], np.int64))
        x = node("Pad", [x, pads, "image.white"], "image.padded")
    else:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, INPUT, INPUT])
        x = "image"
    x = convolution(x, "c1", p["c1.weight"][:, None], 1)
    x = subsampling(x, "s2")
    x = convolution(x, "c3", c3, A)
    x = subsampling(x, "s4")
    x = convolution(x, "c5", p["c5.weight"], A)
    x = node("Flatten", [x], "c5.flat")
    inputs = [x, number("f6.weight", S * A * p["f6.weight"].T), number("f6.bias", S * p["f6.bias"])]
    x = node("Tanh", [node("Gemm", inputs, "f6.sum")], "f6")
    # Eq. 7 multiplied out: |x − w|² = |x|² − 2·x·w + |w|².
    codes = model.codes.astype(np.float64)
    inputs = [x, number("codes", -2 * A * codes.T), number("codes.square", (codes**2).sum(1))]
    products = node("Gemm", inputs, "codes.products")
    square = node("ReduceSumSquare", [x], "f6.square", axes=[1], keepdims=1)
    square = node("Mul", [square, number("f6.amplitude", A * A)], "f6.length")
    node("Add", [products, square], "penalties")
    output = helper.make_tensor_value_info("penalties", TensorProto.FLOAT, ["N", len(model.classes)])
    graph = helper.make_graph(nodes, "LeNet5", [image], [output], constants)
    found = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lenet5")
    found.ir_version = 8
    facts = {
        "classes": json.dumps(list(model.classes)),
        "normalisation": "uint8, 255 = ink" if raw else f"white {BACKGROUND}, black {FOREGROUND}",
        "j": str(model.metadata["j"]),
        "scale": str(model.metadata["scale"]),
        "training": json.dumps(model.metadata["training"]),
        "figures": json.dumps(model.metadata["figures"]),
    }
    helper.set_model_props(found, facts)
    onnx.checker.check_model(found)
    return found


def export_onnx(model: LeNet5, path: str | os.PathLike[str], raw: bool = False) -> None:
    """Write `build(model, raw)` to a file, whole or not at all. Raises MissingExtraError, SaveError."""
    write(path, build(model, raw).SerializeToString())
