"""Checkpoints and models that were damaged on disk or made by somebody: each is used or refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lenet5.errors import LeNet5Error, ModelError
from lenet5.model import load, serialisation
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.network.architecture import PARAMETER_COUNT
from lenet5.training.checkpoint import Checkpoint
from lenet5.training.loop import begin
from lenet5.training.pass_report import PassReport
from lenet5.training.recipes import FAST, PAPER

MINIBATCH = ["parameters", "velocity", "square", "average"]

DEEP = "[" * 100_000 + "]" * 100_000
HUGE = "9" * 4000
VALUES = st.one_of(
    st.just(DEEP), st.just(HUGE), st.just("1e999"), st.just("NaN"), st.just("null"), st.just("{}"), st.just("[]"),
    st.just('"x"'), st.just("-1"), st.just("[[]]"), st.just('{"thresholds": [{"error": ' + HUGE + "}]}"),
    st.text(max_size=30),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ).map(json.dumps),
)  # fmt: skip
RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def checkpoint(path: Path) -> Path:
    zeros = np.zeros(PARAMETER_COUNT, np.float32)
    report = {
        "number": 1, "rate": 0.1, "energy": 1.0, "train_error": 0.5, "test_error": None, "seconds": 1.0,
        "patterns_per_second": 10.0,
    }  # fmt: skip
    arrays = dict.fromkeys(("parameters", "velocity", "square", "average"), zeros)
    Checkpoint(arrays, 1, {"recipe": {"name": "fast"}}, [report], "lenet5 train").save(path)
    return path


def model(path: Path) -> Path:
    LeNet5().save(path)
    return path


def ensemble(path: Path) -> Path:
    Ensemble([LeNet5(seed=0), LeNet5(seed=1)]).save(path)
    return path


KINDS = {
    "checkpoint": (checkpoint, Checkpoint.load),
    "model": (model, load.find),
    "ensemble": (ensemble, load.find),
}


@pytest.fixture(params=list(KINDS))
def kind(request, tmp_path):
    """A whole file, its reader, its arrays and its metadata."""
    write, read = KINDS[request.param]
    path = write(tmp_path / "file.safetensors")
    read(path)
    return path, read, *serialisation.read(path)


def read_or_refused(read, path: Path) -> None:
    try:
        read(path)
    except LeNet5Error as error:
        assert str(path) in str(error) and "\n" not in str(error) and len(str(error)) < 500


@RELAXED
@given(data=st.data())
def test_any_value_in_the_metadata_is_used_or_refused_in_a_sentence(kind, data):
    path, read, arrays, metadata = kind
    key = data.draw(st.sampled_from(sorted(metadata)))
    changed = {**metadata, key: data.draw(VALUES)}
    serialisation.write(path.with_name("changed.safetensors"), arrays, changed)
    read_or_refused(read, path.with_name("changed.safetensors"))


@RELAXED
@given(data=st.data())
def test_flipped_and_missing_bytes_are_used_or_refused_in_a_sentence(kind, data):
    path, read, _, _ = kind
    whole = bytearray(path.read_bytes())
    header = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, min(len(whole), 2 * header) - 1))] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    damaged = path.with_name("damaged.safetensors")
    damaged.write_bytes(whole[:end])
    read_or_refused(read, damaged)


@RELAXED
@given(data=st.data())
def test_missing_and_wrong_arrays_and_keys_are_refused_in_a_sentence(kind, data):
    path, read, arrays, metadata = kind
    arrays, metadata = dict(arrays), dict(metadata)
    name = data.draw(st.sampled_from(sorted(arrays)))
    how = data.draw(st.sampled_from(["missing", "float64", "shape", "nan", "renamed", "key"]))
    if how == "key":
        needed = {"format", "done", "identity", "history", "command", "classes", "members"} & metadata.keys()
        del metadata[data.draw(st.sampled_from(sorted(needed)))]
    else:
        array = arrays.pop(name)
        if how == "float64":
            arrays[name] = array.astype(np.float64)
        elif how == "shape":
            arrays[name] = array.ravel()[:-1]
        elif how == "nan":
            arrays[name] = np.full_like(array, np.nan)
        elif how == "renamed":
            arrays[f"{name}x"] = array
    changed = path.with_name("changed.safetensors")
    serialisation.write(changed, arrays, metadata)
    with pytest.raises(ModelError) as caught:
        read(changed)
    assert str(changed) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("done", "2"), ("done", "true"), ("done", "-1"), ("done", DEEP), ("history", "[3]"), ("history", "[{}]"),
     ("history", '[{"number": 1, "rate": "x"}]'), ("identity", "[]"), ("command", "3")],
)  # fmt: skip
def test_a_checkpoint_that_no_training_wrote_is_refused(tmp_path, key, value):
    path = checkpoint(tmp_path / "file.safetensors")
    arrays, metadata = serialisation.read(path)
    serialisation.write(path, arrays, {**metadata, key: value})
    with pytest.raises(ModelError, match=r"is damaged .*start without --resume"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training", DEEP),
        ("j", HUGE),
        ("confidence", DEEP),
        ("classes", DEEP),
        ("scale", "1e999"),
        ("figures", '{"a": "b"}'),
    ],
)
def test_deep_and_huge_metadata_of_a_model_are_refused(tmp_path, key, value):
    path = model(tmp_path / "file.safetensors")
    arrays, metadata = serialisation.read(path)
    serialisation.write(path, arrays, {**metadata, key: value})
    with pytest.raises(ModelError, match="cannot be read"):
        LeNet5.load(path)


@pytest.mark.parametrize(
    ("recipe", "names", "passes"),
    [(FAST, MINIBATCH, 3), (FAST, ["parameters"], 1), (PAPER, ["parameters"], 3), (PAPER, MINIBATCH, 1)],
)
def test_a_checkpoint_of_more_passes_or_of_another_kind_is_not_gone_on_with(recipe, names, passes):
    images, labels = np.zeros((4, 28, 28), np.uint8), np.arange(4)
    training = begin(LeNet5(), images, labels, recipe.with_passes(2))
    report = PassReport(
        number=1, rate=1, energy=1, train_error=0, test_error=None, seconds=1, patterns_per_second=1
    )
    zeros = {name: np.zeros(PARAMETER_COUNT, np.float32) for name in names}
    state = Checkpoint(zeros, passes, {}, [report.to_dict()] * passes, "lenet5 train")
    with pytest.raises(ModelError, match="does not fit a training of 2 passes"):
        training.restore(state)
