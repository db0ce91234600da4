"""One network in every engine: the same penalties and answers, from the same weights, on the same images.

The table of engines is benchmarks/parity.py's, which runs it on the whole test set.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from common import RESULTS, Absent
from lenet5.export.quantise import Calibration, calibrate
from lenet5.model.lenet5 import LeNet5
from parity import ENGINES, Engine, reference

CLOSE = 10.0  # penalties that eight bits may confuse; the codes of two digits are 48 apart at least


@pytest.fixture(scope="module")
def digits() -> LeNet5:
    return LeNet5.pretrained("digits")


@pytest.fixture(scope="module")
def seen(digits, mnist_train) -> Calibration:
    return calibrate(digits, mnist_train[0])


@pytest.fixture(scope="module")
def images(mnist_test) -> np.ndarray:
    """Characters of the whole test set, and what nobody writes: paper, ink, an edge, a pixel, noise."""
    odd = np.zeros((12, 28, 28), np.uint8)
    odd[1] = 255
    odd[2, :, 14:] = 255
    odd[3, 0, 0] = 255
    odd[4:] = np.random.default_rng(0).integers(0, 256, (8, 28, 28))
    return np.concatenate([mnist_test[0][::25], odd])  # 412: no multiple of any engine's block


@pytest.fixture(scope="module")
def expected(digits, images) -> np.ndarray:
    return reference(digits, images)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_every_engine_gives_the_references_penalties_and_answers(
    engine: Engine, digits, seen, images, expected
):
    try:
        found = engine.penalties(digits, images, seen)
    except Absent as reason:
        pytest.skip(str(reason))
    assert found.shape == expected.shape
    apart, same = abs(found - expected), found.argmin(1) == expected.argmin(1)
    if engine.points is None:
        assert apart.max() <= 1e-6 * expected.max()  # some units of single precision
        assert same.all()
    else:
        written = slice(0, len(images) - 12)  # calibrated with characters, so only they are promised
        assert apart[written].mean() < 1
        first, second = np.sort(expected[written], 1)[:, :2].T
        assert (second - first)[~same[written]].max(initial=0) < CLOSE


def test_weights_go_from_the_reference_to_pytorch_and_back(digits, tmp_path):
    pytest.importorskip("torch", reason="needs the extra: pip install 'lenet5-1998[torch]'")
    from lenet5.torch import LeNet5 as Twin

    digits.save(tmp_path / "there.safetensors")
    Twin.load(tmp_path / "there.safetensors").save(tmp_path / "back.safetensors")
    back = LeNet5.load(tmp_path / "back.safetensors")
    assert (back.parameters == digits.parameters).all() and (back.codes == digits.codes).all()
    assert (
        back.classes == digits.classes
        and back.metadata == LeNet5.load(tmp_path / "there.safetensors").metadata
    )


def test_on_the_whole_test_set_engines_in_floats_gave_every_answer_of_the_reference():
    rows = {row["engine"]: row for row in json.loads((RESULTS / "parity.json").read_text())["rows"]}
    allowed = {engine.name: engine.points for engine in ENGINES}
    assert rows.keys() - {"reference, float64"} == allowed.keys(), "run python benchmarks/parity.py"
    error = rows.pop("reference, float64")["error"]
    for name, row in rows.items():
        if allowed[name] is None:
            assert row["disagreements"] == 0
        assert row["error"] <= error + (allowed[name] or 0) / 100
