"""The same network, with the same weights, in every engine that is installed.

Each peer is given its best: contiguous float32 input already normalised, no gradient kept, a thread pool of its own.
Ours is timed from raw uint8 pixels, normalisation included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..engine.backend import backend
from ..export.to_onnx import build
from ..model.lenet5 import LeNet5
from ..network.preprocessing import normalise

__all__ = ["Peer", "inference_peers", "training_peer"]

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Peer:
    """An engine ready to be timed.

    Args:
        name, version: of the engine.
        penalties: (raw uint8 (N, 28, 28), the same normalised, float32 (N, 1, 32, 32)) -> penalties (N, classes).
    """

    name: str
    version: str
    penalties: Callable[[NDArray[np.uint8], F32], F32]


def inference_peers(model: LeNet5, threads: int, only: tuple[str, ...] = ()) -> Iterator[Peer]:
    """Every engine that can be imported, ours first.

    Args:
        model: whose weights all of them get.
        threads: of each engine's pool.
        only: parts of families' names (lenet5, PyTorch, ONNX Runtime, OpenVINO); all if empty.
    """
    makers = {"lenet5": _ours, "PyTorch": _torch, "ONNX Runtime": _onnxruntime, "OpenVINO": _openvino}
    for family, make in makers.items():
        if only and not any(word.lower() in family.lower() for word in only):
            continue
        try:
            yield from make(model, threads)
        except ImportError:
            continue


def training_peer(
    model: LeNet5, images: NDArray[np.uint8], labels: NDArray[np.int64], threads: int
) -> Callable[[], None] | None:
    """A training step in PyTorch eager on one mini-batch; None where PyTorch is not installed.

    Args:
        model: whose parameters it starts from.
        images: uint8 (N, 28, 28), 255 = ink.
        labels: (N,), places among the model's classes.
        threads: of PyTorch's pool.
    """
    try:
        from ..torch.peers import training_step
    except ImportError:
        return None
    return training_step(model, normalise(images)[:, None], labels, threads)


def _ours(model: LeNet5, threads: int) -> Iterator[Peer]:
    penalties = backend("numba").inference.penalties
    parameters, codes = model.parameters, model.codes
    yield Peer("lenet5", __version__, lambda raw, _: penalties(parameters, codes, raw, threads))


def _torch(model: LeNet5, threads: int) -> Iterator[Peer]:
    from ..torch.peers import inference_peers as twins

    for name, version, call in twins(model, threads):
        yield Peer(name, version, lambda _, inputs, call=call: call(inputs))  # type: ignore[misc]


def _onnxruntime(model: LeNet5, threads: int) -> Iterator[Peer]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    graph = build(model).SerializeToString()
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    yield Peer("ONNX Runtime", ort.__version__, lambda _, inputs: session.run(None, {name: inputs})[0])


def _openvino(model: LeNet5, threads: int) -> Iterator[Peer]:
    """OpenVINO with all threads on one call, and with a stream for each core, among which the batch is divided."""
    import openvino as ov

    core = ov.Core()
    graph = core.read_model(build(model).SerializeToString())
    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    version = ov.__version__.split("-")[0]
    alone = core.compile_model(graph, "CPU", options | {"PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    yield Peer("OpenVINO", version, lambda _, inputs: alone.infer({0: inputs})[0])

    streams = core.compile_model(graph, "CPU", options | {"PERFORMANCE_HINT": "THROUGHPUT"})
    queue = ov.AsyncInferQueue(streams, threads)

    def penalties(_: NDArray[np.uint8], inputs: F32) -> F32:
        parts = np.array_split(inputs, min(threads, len(inputs)))
        answers: list[F32] = [inputs] * len(parts)
        queue.set_callback(lambda request, i: answers.__setitem__(i, request.get_output_tensor().data.copy()))
        for i, part in enumerate(parts):
            queue.start_async({0: part}, i)
        queue.wait_all()
        return np.concatenate(answers)

    yield Peer("OpenVINO streams", version, penalties)
