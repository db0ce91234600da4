"""Error, confusion, rejection and the sheet of mistakes, against loops and hand-made answers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.errors import DataError
from lenet5.evaluation.classification import Evaluation, evaluate
from lenet5.model.calibration import Confidence
from lenet5.model.lenet5 import LeNet5


def evaluation(labels, answers, margins=None, classes="abc") -> Evaluation:
    """Penalties 1 for the answer, 1 + margin for the next class, 100 for the others."""
    count = len(labels)
    margins = np.arange(1, count + 1) if margins is None else np.asarray(margins)
    penalties = np.full((count, len(classes)), 100.0, np.float32)
    for p, answer in enumerate(answers):
        penalties[p, answer] = 1
        penalties[p, (answer + 1) % len(classes)] = 1 + margins[p]
    images = np.zeros((count, 28, 28), np.uint8)
    return Evaluation("test", list(classes), np.array(labels, np.int64), penalties, images)


def test_error_confusion_and_classes_of_seven_patterns():
    result = evaluation([0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 0, 0])
    assert result.error == 3 / 7
    assert result.mistakes.tolist() == [2, 5, 6]
    assert result.confusion.tolist() == [[2, 1, 0], [0, 2, 0], [2, 0, 0]]  # row: truth, column: answer
    assert result.by_class() == [
        {"class": "a", "patterns": 3, "errors": 1, "recall": 2 / 3, "precision": 2 / 4},
        {"class": "b", "patterns": 2, "errors": 0, "recall": 1.0, "precision": 2 / 3},
        {"class": "c", "patterns": 2, "errors": 2, "recall": 0.0, "precision": None},
    ]


def test_the_margin_is_between_the_two_smallest_penalties():
    result = evaluation([0, 1], [0, 1], margins=[3, 0.5])
    assert result.margins.tolist() == [3, 0.5]


def slow_rejection(result: Evaluation, error: float) -> float | None:
    """Try every threshold, in a loop: the smallest share rejected that leaves at most `error`."""
    best = None
    for threshold in sorted(set(result.margins.tolist())):
        kept = [p for p in range(len(result.labels)) if result.margins[p] >= threshold]
        wrong = sum(result.answers[p] != result.labels[p] for p in kept)
        share = 1 - len(kept) / len(result.labels)
        if wrong / len(kept) <= error and (best is None or share < best):
            best = share
    return best


@pytest.mark.parametrize("seed", range(20))
def test_rejection_finds_what_trying_every_threshold_finds(seed):
    random = np.random.default_rng(seed)
    labels, margins = random.integers(0, 3, 60), random.integers(1, 25, 60)  # many equal margins
    answers = np.where(random.random(60) < 0.3 * np.exp(-margins / 10) + 0.02, (labels + 1) % 3, labels)
    result = evaluation(labels, answers, margins)
    for error in (0.0, 0.01, 0.02, 0.05, 0.2):
        expected = slow_rejection(result, error)
        point = result.rejected_for(error)
        assert (point is None) == (expected is None)
        if point:
            assert point.rejected == pytest.approx(expected) and point.error <= error
            kept = result.margins >= point.margin
            assert 1 - kept.mean() == pytest.approx(point.rejected)
            assert (result.answers != result.labels)[kept].mean() == pytest.approx(point.error)


def test_the_rejection_curve_goes_from_no_rejection_to_fewer_and_fewer_errors():
    result = evaluation([0] * 10, [0, 1, 0, 1, 0, 0, 1, 0, 0, 0])
    curve = result.rejection()
    assert curve[0].rejected == 0 and curve[0].error == result.error
    assert [round(point.error * (1 - point.rejected) * 10) for point in curve] == [3, 2, 1, 0]
    assert [round(point.rejected * 10) for point in curve] == [0, 2, 4, 7]


def test_a_network_that_is_surest_when_wrong_has_no_rejection_that_helps():
    result = evaluation([0, 0, 0], [0, 0, 1])  # the largest margin is the mistake's
    assert result.rejected_for(0.1) is None
    assert "no rejection" in result.format()


def test_everything_goes_through_json_and_the_text_names_every_class():
    result = evaluation([0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 0, 0])
    data = json.loads(json.dumps(result.to_dict()))
    assert data["error"] == 3 / 7 and data["confusion"] == result.confusion.tolist()
    assert data["mistakes"][0] == {"pattern": 2, "truth": "a", "answer": "b", "margin": 3.0}
    text = result.format()
    assert "3 of 7" in text and "42.86%" in text
    assert all(f"\n    {name} " in text for name in "abc")


def test_a_data_set_is_matched_to_the_network_by_the_names_of_classes():
    model = LeNet5("0123456789", seed=1)
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    answers = model.predict(images)
    backwards = list("9876543210")
    labels = np.array([backwards.index(model.classes[a]) for a in answers])
    result = evaluate(model, Dataset(images, labels, backwards, "backwards"))
    assert result.error == 0 and result.labels.tolist() == answers.tolist()


def test_a_class_that_the_network_does_not_know_is_a_sentence():
    images = np.zeros((2, 28, 28), np.uint8)
    with pytest.raises(DataError, match="letters has classes that the network does not know: A B"):
        evaluate(LeNet5(), Dataset(images, np.array([0, 1]), ["A", "B"], "letters"))
    with pytest.raises(DataError, match="no patterns"):
        evaluate(LeNet5(), Dataset(images[:0], np.array([], np.int64), ["0", "1"], "nothing"))


def test_rejecting_below_a_confidence_leaves_the_error_of_the_rest():
    result = evaluation([0, 0, 0, 0], [0, 0, 1, 0], margins=[4, 3, 2, 1])
    sure = 1 / (
        1 + np.exp(-np.array([4.0, 3, 2, 1]))
    )  # the third class is 99 further, and there is no rubbish
    for threshold, rejected, error in ((0.0, 0, 1 / 4), (sure[2], 1 / 4, 1 / 3), (sure[1], 1 / 2, 0)):
        assert result.rejected_below(threshold - 1e-6) == (rejected, error)
    assert result.rejected_below(1.1) == (1.0, None)


def test_the_calibration_error_is_told_before_and_after():
    result = evaluation([0] * 10, [0, 1] * 5, margins=[20] * 10)  # half right, and wholly sure
    assert result.reliability()[1] == pytest.approx(0.5)
    assert "expected calibration error of the confidence: 50.00%\n" in result.format()
    fitted = replace(result, calibrated=Confidence(1e-9, 1e3, patterns=99))
    assert fitted.reliability()[1] == pytest.approx(0.5 - 1 / 3)
    assert fitted.to_dict()["calibration_error"] == pytest.approx({"trained": 0.5, "calibrated": 0.5 - 1 / 3})
    assert "50.00%, and 16.67% as calibrated" in fitted.format()
    model = LeNet5(seed=1)
    model.metadata["confidence"] = Confidence(0.5, 7.0, patterns=9).to_dict()
    images = np.zeros((2, 28, 28), np.uint8)
    found = evaluate(model, Dataset(images, np.array([0, 1]), list("01"), "two"))
    assert (found.trained.scale, found.trained.j) == (1.0, 1.0)
    assert found.calibrated == model.confidence
