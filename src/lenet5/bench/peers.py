"""The same network, with the same weights, in every engine that is installed.

A peer is a function (model, threads) -> (name, version, function from normalised float32 images N×32×32 to
penalties N×classes). Each is given its best: contiguous float32 input already normalised, no gradient kept,
its own thread pool set to `threads`. Ours is timed from raw uint8 pixels, normalisation included.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.architecture import BACKGROUND, FOREGROUND, PAIRS

if TYPE_CHECKING:
    from ..model.lenet5 import LeNet5

__all__ = ["Peer", "peers", "torch_network"]


@dataclass
class Peer:
    """An engine ready to be timed: `call(raw, normalised)` returns the penalties, N×classes."""

    name: str
    version: str
    call: Callable[[np.ndarray, np.ndarray], np.ndarray]


def normalised(images: np.ndarray) -> np.ndarray:
    """uint8 N×28×28 -> float32 N×1×32×32 as the network takes it."""
    out = np.full((len(images), 1, 32, 32), BACKGROUND, np.float32)
    out[:, 0, 2:30, 2:30] = images * np.float32((FOREGROUND - BACKGROUND) / 255) + np.float32(BACKGROUND)
    return out


def c3_kernels(model: LeNet5) -> np.ndarray:
    """The sixty kernels as 16×6×5×5 with zeros where Table I has no connection: what a framework runs fastest."""
    dense = np.zeros((16, 6, 5, 5), np.float32)
    for weight, (c3, s2) in zip(model.named_parameters["c3.weight"], PAIRS, strict=True):
        dense[c3, s2] = weight
    return dense


def torch_network(model: LeNet5) -> Any:
    """LeNet-5 as a person writes it in PyTorch: convolutions, average pooling, fused where PyTorch fuses.

    Trains the same parameters: gradients to absent pairs of Table I are masked.
    """
    from torch.nn import functional as F

    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, value in model.named_parameters.items():
                self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.from_numpy(value.copy())))
            self.c3_weight = nn.Parameter(torch.from_numpy(c3_kernels(model)))
            mask = torch.from_numpy((c3_kernels(model) != 0).any((2, 3), keepdims=True).astype(np.float32))
            self.c3_weight.register_hook(lambda slope: slope * mask)
            self.register_buffer("codes", torch.from_numpy(model.codes.copy()))

        def squash(self, a: torch.Tensor) -> torch.Tensor:
            return 1.7159 * torch.tanh(2 / 3 * a)

        def subsample(self, x: torch.Tensor, coefficient: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
            sums = 4 * F.avg_pool2d(x, 2)
            return self.squash(sums * coefficient[:, None, None] + bias[:, None, None])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.squash(F.conv2d(x, self.c1_weight[:, None], self.c1_bias))
            x = self.subsample(x, self.s2_coefficient, self.s2_bias)
            x = self.squash(F.conv2d(x, self.c3_weight, self.c3_bias))
            x = self.subsample(x, self.s4_coefficient, self.s4_bias)
            x = self.squash(F.linear(x.flatten(1), self.c5_weight.flatten(1), self.c5_bias))
            x = self.squash(F.linear(x, self.f6_weight, self.f6_bias))
            return (x[:, None] - self.codes).square().sum(2)

    return Network()


def _ours(model: LeNet5, threads: int) -> Iterator[Peer]:
    from .._version import __version__
    from ..engine import numba_backend

    flat, codes = model.parameters, model.codes
    yield Peer("lenet5", __version__, lambda raw, _: numba_backend.penalties(flat, codes, raw, threads))


def _torch(model: LeNet5, threads: int) -> Iterator[Peer]:
    import torch

    torch.set_num_threads(threads)
    network = torch_network(model).eval()

    def call(function: Any) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        def run(_: np.ndarray, x: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return function(torch.from_numpy(x)).numpy()

        return run

    yield Peer("PyTorch eager", torch.__version__, call(network))
    yield Peer("PyTorch compiled", torch.__version__, call(torch.compile(network, dynamic=True)))


def _onnx_bytes(model: LeNet5) -> bytes:
    """The network as an ONNX graph, batch size free."""
    from ..export.to_onnx import build

    buffer = io.BytesIO()
    buffer.write(build(model).SerializeToString())
    return buffer.getvalue()


def _onnxruntime(model: LeNet5, threads: int) -> Iterator[Peer]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(_onnx_bytes(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    yield Peer("ONNX Runtime", ort.__version__, lambda _, x: session.run(None, {name: x})[0])


def _openvino(model: LeNet5, threads: int) -> Iterator[Peer]:
    import openvino as ov

    core = ov.Core()
    graph = core.read_model(_onnx_bytes(model))
    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    version = ov.__version__.split("-")[0]
    alone = core.compile_model(graph, "CPU", options | {"PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    yield Peer("OpenVINO", version, lambda _, x: alone.infer({0: x})[0])

    # Its other way: a stream for each core, the batch dealt out among them.
    streams = core.compile_model(graph, "CPU", options | {"PERFORMANCE_HINT": "THROUGHPUT"})
    queue = ov.AsyncInferQueue(streams, threads)

    def call(_: np.ndarray, x: np.ndarray) -> np.ndarray:
        parts = np.array_split(x, min(threads, len(x)))
        found: list[np.ndarray] = [x] * len(parts)
        queue.set_callback(lambda request, i: found.__setitem__(i, request.get_output_tensor().data.copy()))
        for i, part in enumerate(parts):
            queue.start_async({0: part}, i)
        queue.wait_all()
        return np.concatenate(found)

    yield Peer("OpenVINO streams", version, call)


def peers(model: LeNet5, threads: int, only: tuple[str, ...] = ()) -> Iterator[Peer]:
    """Every engine that can be imported, ours first; `only`: families whose name has one of these words."""
    makers = {"lenet5": _ours, "PyTorch": _torch, "ONNX Runtime": _onnxruntime, "OpenVINO": _openvino}
    for family, make in makers.items():
        if only and not any(word.lower() in family.lower() for word in only):
            continue
        try:
            yield from make(model, threads)
        except ImportError:
            continue
