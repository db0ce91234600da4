"""What images and labels may be; each refusal is a mistake that people make."""

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.network.preprocessing import check_images, target_weights

CLASSES = list("0123456789")


@pytest.mark.parametrize("side", [28, 32])
@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32, np.float64])
def test_both_sides_and_both_kinds_are_taken(side, kind):
    images = np.ones((3, side, side), kind)
    checked = check_images(images)
    assert checked.dtype == (np.uint8 if kind is np.uint8 else np.float32)
    np.testing.assert_array_equal(checked, images)


def test_no_image_at_all_is_fine():
    assert check_images(np.empty((0, 28, 28))).shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.zeros((28, 28), np.uint8), r"image\[None\]"),
        (np.zeros((2, 28, 32), np.uint8), "28×28 or N×32×32"),
        (np.zeros((2, 1, 28, 28), np.uint8), "shape"),
        (np.zeros((2, 784), np.uint8), "shape"),
        (np.zeros((2, 28, 28), np.int64), "int64"),
        (np.zeros((2, 28, 28), bool), "bool"),
        (np.zeros((2, 28, 28), np.uint16), "uint16"),
        (np.full((2, 28, 28), "x"), "uint8"),
        (np.full((2, 28, 28), 255.0), r"\[0, 1\]"),
        (np.full((2, 28, 28), -0.1), r"\[0, 1\]"),
        (np.full((2, 28, 28), np.inf), r"\[0, 1\]"),
        (np.full((2, 28, 28), 1e300), r"\[0, 1\]"),
        (np.where(np.arange(2 * 784).reshape(2, 28, 28) == 99, np.nan, 0.5), "nan"),
        (np.zeros((2, 28, 28), complex), "complex"),
    ],
)
def test_anything_else_is_a_sentence(images, says):
    with pytest.raises(InputError, match=says):
        check_images(images)


def test_labels_may_be_indices_or_characters_or_weights():
    assert target_weights(np.array([3, 0], np.uint8), CLASSES, 2).tolist() == [3, 0]
    assert target_weights(["b", "a"], ["a", "b"], 2).tolist() == [1, 0]
    weights = np.array([[0.25, 0.75], [0, 0]])
    assert target_weights(weights, ["a", "b"], 2).tolist() == weights.tolist()


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.array([1, 2, 3]), "2 labels"),
        (np.array(1), "2 labels"),
        (np.array([0, 10]), "10 classes"),
        (np.array([-1, 0]), "10 classes"),
        (np.array([0.0, 1.0]), "whole number"),
        (np.array(["0", "x"]), "'x'"),
        (np.full((2, 9), 0.1), "10 classes, not 9"),
        (np.full((2, 10), 0.2), "more than 1"),
        (np.full((2, 10), -0.1), "negative"),
        (np.full((2, 10), np.nan), "negative"),
        (np.zeros((2, 10), np.int64), "cannot be used"),
    ],
)
def test_labels_that_do_not_fit_are_a_sentence(labels, says):
    with pytest.raises(InputError, match=says):
        target_weights(labels, CLASSES, 2)
