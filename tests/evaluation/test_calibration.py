"""Models calibrated on patterns that they were not trained on, and non-characters counted that they accept."""

from dataclasses import replace

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.data.synthesis.negatives import KINDS
from lenet5.errors import DataError, InputError, ModelError
from lenet5.evaluation.calibration import calibrate, false_accepts
from lenet5.model.calibration import calibrate as fit_confidence
from lenet5.model.lenet5 import LeNet5


@pytest.fixture
def model() -> LeNet5:
    return untrained()


def untrained() -> LeNet5:
    model = LeNet5(seed=3)
    model.metadata["j"] = 200.0  # more than its penalties
    return model


@pytest.fixture
def patterns(model) -> Dataset:
    """Five hundred patterns, a tenth of which the model answers wrongly; classes in another order."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (500, 28, 28), np.uint8)
    images[np.arange(500), random.integers(0, 28, 500)] = 255
    answers = model.predict(images)
    answers[::10] = (answers[::10] + 1) % 10
    return Dataset(images, 9 - answers, tuple("9876543210"), "patterns")


def test_the_constants_are_those_of_the_penalties_and_the_labels(model, patterns):
    flat, metadata = model.parameters.copy(), dict(model.metadata)
    found = calibrate(model, patterns)
    alone = fit_confidence(model.penalties(patterns.images), 9 - patterns.labels, j=200.0, scale=1.0)
    assert replace(found, data={}) == alone and found.error == 0.1
    assert model.metadata == metadata | {"confidence": found.to_dict()}  # negatives else changes
    assert np.array_equal(model.parameters, flat) and model.confidence == found


def test_a_model_is_not_calibrated_with_what_it_was_trained_on(model, patterns):
    model.metadata["training"] = {"data": {"name": "patterns", "sha256": patterns.fingerprint}}
    with pytest.raises(ModelError, match=r"trained on all of patterns.*--validation.*--by"):
        calibrate(model, patterns)
    assert "confidence" not in model.metadata
    twin = untrained()
    assert calibrate(model, patterns, twin=twin).error == 0.1


def test_non_characters_are_fitted_to_where_the_network_knows_them(model, patterns):
    negatives = np.random.default_rng(1).integers(0, 256, (50, 28, 28), np.uint8)
    model.metadata |= {"scale": 1e4, "j": 200e4}  # of its classes, so much alike yet, one is now far ahead
    found = calibrate(model, patterns, negatives)
    assert found.data["noncharacters"] == 0 and found.j == pytest.approx(200 * found.scale)
    model.metadata |= {"scale": 1.0, "j": float(model.penalties(negatives).min(1).mean())}
    found = calibrate(model, patterns, negatives)
    assert found.data["noncharacters"] == 50 and found.j != model.metadata["j"] * found.scale


@pytest.mark.parametrize(
    ("twin", "says"),
    [(LeNet5("ab"), "same classes"), (untrained(), r"same recipe.*\(200\.0, 1\.0\) and \(200\.0, 0\.1\)")],
)
def test_a_twin_has_the_same_classes_and_constants(model, patterns, twin, says):
    twin.metadata["scale"] = 0.1
    with pytest.raises(ModelError, match=says):
        calibrate(model, patterns, twin=twin)


def test_classes_that_are_not_known_and_no_patterns_are_sentences(model, patterns):
    with pytest.raises(DataError, match="does not know: h i"):
        calibrate(model, replace(patterns, classes=tuple("abcdefghij")))
    with pytest.raises(DataError, match="no patterns to calibrate"):
        calibrate(model, replace(patterns, images=patterns.images[:0], labels=patterns.labels[:0]))


def test_false_accepts_are_counted_by_kind(model):
    random = np.random.default_rng(0)
    negatives = random.integers(0, 256, (2 * len(KINDS), 28, 28), np.uint8)
    confidence = model.confidence_of(model.penalties(negatives)).max(1)
    threshold = float(np.sort(confidence)[-3])
    found = false_accepts(model, negatives, threshold)
    assert found.accepted == 3 and found.rate == 3 / (2 * len(KINDS))
    for k, kind in enumerate(KINDS):
        assert found.kinds[kind] == np.mean(
            [confidence[k] >= threshold, confidence[k + len(KINDS)] >= threshold]
        )
    assert f"3 of {2 * len(KINDS)}" in found.format()
    assert false_accepts(model, negatives).threshold == model.threshold_for()
    with pytest.raises(InputError, match="at least one"):
        false_accepts(model, negatives[:0])
