"""The ONNX file against the reference, in the runtimes that people have: ONNX Runtime and OpenVINO."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from lenet5.cli import main
from lenet5.errors import InputError, MissingExtraError
from lenet5.export.quantise import calibrate
from lenet5.export.to_onnx import FACTORS, OPSET, build, export_onnx
from lenet5.model.lenet5 import LeNet5
from lenet5.network import reference
from lenet5.network.architecture import PAIRS, PARAMETER_COUNT, SHAPES
from lenet5.network.codes import PRINTABLE
from lenet5.network.preprocessing import normalise

onnx = pytest.importorskip("onnx", reason="needs the extra: pip install 'lenet5-1998[onnx]'")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def digits() -> LeNet5:
    return LeNet5.pretrained("digits")


@pytest.fixture(scope="module")
def seen(digits, mnist_train):
    return calibrate(digits, mnist_train[0])


def exact(model: LeNet5, images: np.ndarray) -> np.ndarray:
    """The reference's penalties in double precision: nearer the truth than any engine in single."""
    parameters = {name: value.astype(np.float64) for name, value in model.named_parameters.items()}
    codes = model.codes.astype(np.float64)
    return reference.forward(parameters, codes, normalise(images, np.float64)).penalties


def onnxruntime(proto, images: np.ndarray) -> np.ndarray:
    ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    parts = [images[i : i + 500] for i in range(0, len(images), 500)]
    return np.concatenate([session.run(["penalties"], {"image": part})[0] for part in parts])


def openvino(proto, images: np.ndarray) -> np.ndarray:
    ov = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    core = ov.Core()
    # Without the hint, processors with bfloat16 compute in it.
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(proto.SerializeToString(), b""), "CPU", settings)
    parts = [images[i : i + 500] for i in range(0, len(images), 500)]
    return np.concatenate([compiled({"image": part})["penalties"] for part in parts])


def fed(images: np.ndarray, raw: bool) -> np.ndarray:
    return images if raw else normalise(images)[:, None]


RUNTIMES = pytest.mark.parametrize("runtime", [onnxruntime, openvino])
INPUTS = pytest.mark.parametrize("raw", [False, True], ids=["floats", "bytes"])


# --- parity ----------------------------------------------------------------------------------------------


@RUNTIMES
@INPUTS
def test_predictions_and_penalties_are_the_references_on_the_whole_test_set(digits, mnist_test, runtime, raw):
    images = mnist_test[0]
    found = runtime(build(digits, raw), fed(images, raw))
    assert (found.argmin(1) == digits.predict(images)).all()
    expected = exact(digits, images[:1000])
    assert abs(found[:1000] - expected).max() <= 1e-6 * expected.max()  # some units of single precision


@RUNTIMES
def test_eight_bits_cost_less_than_a_tenth_of_a_point(digits, seen, mnist_test, runtime):
    images, labels = mnist_test
    found = runtime(build(digits, True, seen), images)
    same = runtime(build(digits, False, seen), fed(images[:100], False))
    assert abs(same - found[:100]).max() < 1e-3  # 256 levels are eight bits: floats lose nothing
    error, before = ((answers != labels).mean() for answers in (found.argmin(1), digits.predict(images)))
    assert error <= before + 0.001
    assert abs(found - digits.penalties(images)).mean() < 1  # of distances between codes of 48 and more


@RUNTIMES
def test_any_classes_and_adapted_codes(runtime, mnist_test):
    model = LeNet5(PRINTABLE, seed=3)
    model.codes += np.random.default_rng(0).normal(0, 0.2, model.codes.shape).astype(np.float32)
    images = mnist_test[0][:64]
    found, expected = runtime(build(model, raw=True), images), exact(model, images)
    assert found.shape == (64, 95) and abs(found - expected).max() <= 1e-6 * expected.max()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_batch_is_of_any_size(digits, n):
    images = np.random.default_rng(n).integers(0, 256, (n, 28, 28)).astype(np.uint8)
    assert onnxruntime(build(digits, raw=True), images).shape == (n, 10)


def test_a_unit_without_weights_keeps_its_bias(digits, mnist_test):
    model = LeNet5()
    model.parameters[:] = digits.parameters
    model.named_parameters["f6.weight"][3] = 0
    model.named_parameters["f6.bias"][3] = 1.5
    images = mnist_test[0][:200]
    found = onnxruntime(build(model, True, calibrate(model, images)), images)
    assert abs(found - model.penalties(images)).mean() < 1


# --- what the file says ----------------------------------------------------------------------------------


def test_every_parameter_is_in_the_file_times_its_factor(digits):
    proto = build(digits)
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    factors = json.loads({p.key: p.value for p in proto.metadata_props}["factors"])
    assert factors == FACTORS and factors.keys() == SHAPES.keys()
    found = 0
    for name, value in digits.named_parameters.items():
        array = arrays[name] / factors[name]
        if name == "c3.weight":
            beyond = np.ones((16, 6), bool)
            beyond[tuple(zip(*PAIRS, strict=True))] = False
            assert (array[beyond] == 0).all() and beyond.sum() * 25 == 900  # what Table I does not connect
            array = np.array([array[pair] for pair in PAIRS])
        assert np.allclose(array.reshape(value.shape), value, rtol=1e-6, atol=0)
        found += value.size
    assert found == PARAMETER_COUNT
    assert (arrays["codes"].reshape(10, 84) == digits.codes).all()


def test_layers_opset_and_metadata(digits, seen):
    for proto, weights in ((build(digits), "float32"), (build(digits, True, seen), "int8")):
        outputs = [output for node in proto.graph.node for output in node.output]
        layers = ["c1", "s2", "c3", "s4", "c5", "f6", "penalties"]
        assert [name for name in outputs if name in layers] == layers  # the paper's, in its order
        assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", OPSET)]
        facts = {entry.key: entry.value for entry in proto.metadata_props}
        assert json.loads(facts["classes"]) == digits.classes
        assert json.loads(facts["training"]) == digits.metadata["training"]
        assert facts["weights"].startswith(weights)
    assert "255 = ink" in facts["normalisation"]


def test_eight_bits_make_the_file_a_third(digits, seen):
    floats, whole = (len(build(digits, True, s).SerializeToString()) for s in (None, seen))
    assert 60_000 < whole < floats / 3
    kinds = {t.name: t.data_type for t in build(digits, True, seen).graph.initializer if ".weight" in t.name}
    for layer in ("c1", "c3", "c5", "f6"):
        assert kinds[f"{layer}.weight"] == onnx.TensorProto.INT8


# --- errors and the command line -------------------------------------------------------------------------


def test_int8_without_images_is_refused(digits, tmp_path):
    for images in (None, np.zeros((0, 28, 28), np.uint8)):
        with pytest.raises(InputError, match="calibration"):
            export_onnx(digits, tmp_path / "x.onnx", int8=True, calibration=images)
    assert not list(tmp_path.iterdir())


def test_without_onnx_the_sentence_says_what_to_install(digits, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lenet5-1998\[onnx\]'"):
        export_onnx(digits, tmp_path / "x.onnx")


def test_the_command_writes_what_the_function_builds(digits, seen, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments, name, expected in (
        ([], "lenet5.onnx", build(digits)),
        (["--raw", "--int8", "--out", "small.onnx"], "small.onnx", build(digits, True, seen)),
    ):
        with pytest.raises(SystemExit) as end:
            main(["export", "digits", "--to", "onnx", *arguments])
        assert not end.value.code
        assert capsys.readouterr().out == f"{name}: {(tmp_path / name).stat().st_size:,} bytes\n"
        assert onnx.load(name) == expected


def test_the_documents_example_runs(mnist_test, tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "onnx.md").read_text(), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out.splitlines() == ["7 2 1 0 4", "7 2 1 0 4"]
