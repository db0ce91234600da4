"""Every engine that runs the network, beside the reference: the same weights, the same images.

    pip install torch onnx onnxruntime openvino;  apt install gcc gcc-arm-none-eabi qemu-user
    python benchmarks/parity.py            # with --write, then: python benchmarks/readme.py

The reference is network/reference.py in double precision. `ENGINES` is the table: tests/test_parity.py runs it on a few
hundred images, this script on all 10,000 of MNIST's test set, and writes benchmarks/results/parity.json:
for each engine the largest and mean difference of a penalty from the reference's, the answers (smallest
penalty) that differ, and the error. `--model`: another file, or another name of weights.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import common
from exports import BOARDS, C99, SOURCES, Absent, bare, compiled, penalties
from lenet5 import LeNet5
from lenet5.data import dataset
from lenet5.export.quantise import Calibration, calibrate
from lenet5.network import reference as network
from lenet5.network.preprocessing import normalise

BLOCK = 500  # images at a time, where an engine takes a batch


@dataclass(frozen=True)
class Engine:
    """One row: its name; penalties N×classes from (model, images, calibration); the points of error it may cost.

    points: None for engines in floats, whose answers must be the reference's. Raises Absent where something is
    not installed.
    """

    name: str
    penalties: Callable[[LeNet5, np.ndarray, Calibration], np.ndarray]
    points: float | None = None


def package(name: str) -> Any:
    """An optional package. Raises Absent."""
    try:
        return import_module(name)
    except ImportError as error:
        raise Absent(f"{name} is not installed") from error


def blocks(call: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.concatenate([call(images[i : i + BLOCK]) for i in range(0, len(images), BLOCK)])


def reference(model: LeNet5, images: np.ndarray) -> np.ndarray:
    """network/reference.py in double precision: nearer the truth than anything in single."""
    parameters = {name: value.astype(np.float64) for name, value in model.named_parameters.items()}
    codes = model.codes.astype(np.float64)

    def call(some: np.ndarray) -> np.ndarray:
        return network.forward(parameters, codes, normalise(some, np.float64)).penalties

    return blocks(call, images)


def in_numpy(model: LeNet5, images: np.ndarray, _: Calibration) -> np.ndarray:
    from lenet5.engine.backend import backend

    return backend("numpy").inference.penalties(model.parameters, model.codes, images)


def in_engine(model: LeNet5, images: np.ndarray, _: Calibration, batch: int | None = None) -> np.ndarray:
    package("numba")
    from lenet5.engine.backend import backend

    penalties = backend("numba").inference.penalties
    parts = np.split(images, range(batch, len(images), batch)) if batch else [images]
    return np.concatenate([penalties(model.parameters, model.codes, part) for part in parts])


def in_torch(model: LeNet5, images: np.ndarray, _: Calibration, dtype: str = "float32") -> np.ndarray:
    module = package("torch")
    from lenet5.torch import LeNet5

    twin = LeNet5.of(model).to(getattr(module, dtype))
    with module.inference_mode():
        return blocks(lambda some: twin(module.from_numpy(some)).numpy(), images)


def graph(model: LeNet5, images: np.ndarray, seen: Calibration, raw: bool, int8: bool) -> tuple[bytes, Any]:
    """An ONNX file, and the images as it takes them."""
    package("onnx")
    from lenet5.export.to_onnx import build

    proto = build(model, raw, seen if int8 else None)
    return proto.SerializeToString(), images if raw else normalise(images)[:, None]


def in_onnxruntime(
    model: LeNet5, images: np.ndarray, seen: Calibration, raw: bool = False, int8: bool = False
) -> np.ndarray:
    runtime = package("onnxruntime")
    file, x = graph(model, images, seen, raw, int8)
    session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return blocks(lambda some: session.run(["penalties"], {"image": some})[0], x)


def in_openvino(
    model: LeNet5, images: np.ndarray, seen: Calibration, raw: bool = False, int8: bool = False
) -> np.ndarray:
    core = package("openvino").Core()
    file, x = graph(model, images, seen, raw, int8)
    # Without the hint, processors with bfloat16 compute in it.
    ready = core.compile_model(core.read_model(file, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return blocks(lambda some: ready({"image": some})["penalties"], x)


def in_c(
    model: LeNet5, images: np.ndarray, seen: Calibration, compiler: tuple[str, ...], int8: bool = False
) -> np.ndarray:
    from lenet5.export.to_c import header

    text = header(model, seen if int8 else None)
    with tempfile.TemporaryDirectory() as folder:
        return penalties(compiled(Path(folder), text, list(compiler), SOURCES / "stream.c"), images)


def on_cortex(
    model: LeNet5, images: np.ndarray, seen: Calibration, processor: str, int8: bool = False
) -> np.ndarray:
    from lenet5.export.to_c import header

    text = header(model, seen if int8 else None)
    with tempfile.TemporaryDirectory() as folder:
        program = bare(Path(folder), text, BOARDS[processor].command)
        return penalties(program, images, "qemu-arm")


GCC = ("gcc", *C99)
CLANG = ("clang", *C99)
CPP = ("g++", "-x", "c++", "-std=c++11", "-O2", "-ffp-contract=off")
ENGINES = (
    Engine("NumPy, float32", in_numpy),
    Engine("engine, in batches", in_engine),
    Engine("engine, one by one", partial(in_engine, batch=1)),
    Engine("PyTorch, float64", partial(in_torch, dtype="float64")),
    Engine("PyTorch, float32", in_torch),
    Engine("ONNX Runtime", in_onnxruntime),
    Engine("ONNX Runtime, bytes in", partial(in_onnxruntime, raw=True)),
    Engine("OpenVINO", in_openvino),
    Engine("OpenVINO, bytes in", partial(in_openvino, raw=True)),
    Engine("C, gcc", partial(in_c, compiler=GCC)),
    Engine("C, clang", partial(in_c, compiler=CLANG)),
    Engine("C++, g++", partial(in_c, compiler=CPP)),
    Engine("C, Cortex-M4 code", partial(on_cortex, processor="cortex-m4")),
    Engine("ONNX Runtime, int8", partial(in_onnxruntime, raw=True, int8=True), 0.1),
    Engine("OpenVINO, int8", partial(in_openvino, raw=True, int8=True), 0.1),
    Engine("C, gcc, int8", partial(in_c, compiler=GCC, int8=True), 0.2),
    Engine("C, Cortex-M0 code, int8", partial(on_cortex, processor="cortex-m0", int8=True), 0.2),
)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--model", default="digits")
    parser.add_argument("--images", type=int, default=10_000, help="how many test images")
    options = parser.parse_args()
    if options.write and options.images != 10_000:
        parser.error("--write and --images: the committed results are those of the whole test set")
    model = LeNet5.find(options.model)
    seen = calibrate(model, dataset.load("mnist", split="train").images)
    test = dataset.load("mnist", split="test")
    images, labels = test.images[: options.images], test.labels[: options.images]
    expected = reference(model, images)
    answers = expected.argmin(1)
    left_out: list[str] = []
    rows: list[dict[str, Any]] = [
        {"engine": "reference, float64", "error": float((answers != labels).mean())}
    ]
    for entry in ENGINES:
        began = time.perf_counter()
        try:
            found = entry.penalties(model, images, seen)
        except Absent as reason:
            common.say(f"{entry.name} is left out: {reason}")
            left_out.append(entry.name)
            continue
        apart = abs(found - expected)
        rows.append(
            {
                "engine": entry.name,
                "largest": float(apart.max()),
                "mean": float(apart.mean()),
                "disagreements": int((found.argmin(1) != answers).sum()),
                "error": float((found.argmin(1) != labels).mean()),
            }
        )
        common.say(f"{entry.name}: {time.perf_counter() - began:.0f} s")
    report = {"model": options.model, "images": len(images), "rows": rows, "versions": versions()}
    heads = ("engine", "largest", "mean", "disagreements", "error")
    print(common.table(heads, [[_cell(row.get(head, "")) for head in heads] for row in rows]))
    if options.write and left_out:
        raise Absent(
            f"nothing is written: the committed results are those of every engine, not without {left_out[0]}"
        )
    common.write_result(options, "parity.json", report)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def versions() -> dict[str, str]:
    """Of what was compared."""
    from exports import version

    found = {}
    for name in ("numpy", "numba", "torch", "onnx", "onnxruntime", "openvino"):
        try:
            found[name] = package(name).__version__.split("-")[0]
        except Absent:
            continue
    for name in ("gcc", "clang", "arm-none-eabi-gcc", "qemu-arm"):
        try:
            found[name] = version(name)
        except Absent:
            continue
    return found


if __name__ == "__main__":
    common.main(main)
