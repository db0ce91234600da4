"""What recipes add to a data set."""

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.data.synthesis.training_set import Supplement, build_training_set, drawings
from lenet5.training.loop import train
from lenet5.training.recipes import Recipe

DIGITS = list("0123456789")


def images(count):
    fields, names = drawings(count, seed=9)
    return fields, names


def test_drawings_are_fields_of_every_digit():
    fields, names = images(40)
    assert fields.shape == (40, 28, 28) and fields.dtype == np.uint8
    assert np.array_equal(np.bincount(names), [4] * 10)
    rows = (fields > 60).any(2).sum(1)
    columns = (fields > 60).any(1).sum(1)
    assert np.maximum(rows, columns).min() >= 18 and np.maximum(rows, columns).max() <= 21


def test_without_what_is_no_character_targets_stay_labels():
    own, labels = images(30)
    every, targets = build_training_set(own, labels, DIGITS, Supplement(drawn=20), 0)
    assert every.shape == (50, 28, 28) and targets.shape == (50,)
    assert np.array_equal(every[:30], own) and np.array_equal(targets[:30], labels)


def test_what_is_no_character_is_a_row_of_zeros():
    own, labels = images(30)
    supplement = Supplement(drawn=10, lines=3, windows=3, negatives=20, variants=1.0)
    every, targets = build_training_set(own, labels, DIGITS, supplement, 0)
    assert targets.shape == (len(every), 10) and targets.dtype == np.float32
    assert np.array_equal(targets[:30].argmax(1), labels) and set(targets.sum(1)) == {0.0, 1.0}
    assert np.all(targets[-20:] == 0)
    again = build_training_set(own, labels, DIGITS, supplement, 0)
    assert np.array_equal(again[0], every) and np.array_equal(again[1], targets)


def test_other_classes_get_no_digits_and_classes_in_any_order_the_right_ones():
    own, labels = images(20)
    letters = [chr(65 + k) for k in range(10)]
    every, targets = build_training_set(own, labels, letters, Supplement(drawn=10, lines=2, negatives=5), 0)
    assert len(every) == 25 and targets.shape == (25, 10)
    backwards = DIGITS[::-1]
    _, targets = build_training_set(own, 9 - labels, backwards, Supplement(drawn=10), 0)
    assert np.array_equal(targets[20:], 9 - np.arange(10))


@pytest.mark.parametrize("nothing", [0, 30])
def test_training_with_them_reports_the_error_on_the_data_set(nothing):
    own, labels = images(200)
    dataset = Dataset(own, labels, DIGITS, "drawn")
    model = train(dataset, Recipe("x", passes=3, supplement=Supplement(drawn=50, negatives=nothing)))
    expected = np.mean(model.predict(own) != labels) if nothing else None
    assert 0 <= model.metadata["figures"]["train_error"] < 0.9
    if nothing:
        assert model.metadata["figures"]["train_error"] == pytest.approx(expected)
