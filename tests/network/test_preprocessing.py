"""What images and labels may be; each refusal is a mistake that people make."""

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.network.preprocessing import check_images, check_training_images, target_weights

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
        (np.zeros((2, 28, 32), np.uint8), "28×28, N×784 or N×32×32"),
        (np.zeros((2, 3, 28, 28), np.uint8), "shape"),
        (np.zeros((2, 785), np.uint8), "shape"),
        (np.full((2, 28, 28), 256, np.int64), "from 256 to 256"),
        (np.full((2, 28, 28), -1, np.int8), "from -1 to -1"),
        (np.full((2, 28, 28), "x"), "<U1"),
        (np.full((2, 28, 28), 255.5), r"\[0, 255\]"),
        (np.full((2, 28, 28), 1.02), "1.02 .* before any standardisation"),
        ([[1, 2], [3]], "no array of numbers"),
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


@pytest.mark.parametrize(
    "kind", [np.int8, np.uint16, np.int64, np.uint64, np.float32, np.float64, ">f4", ">i4"]
)
def test_grey_levels_are_the_same_image_in_every_type(kind):
    grey = np.random.default_rng(0).integers(0, 128, (3, 28, 28)).astype(np.uint8)
    grey[0, 0, 0] = 120
    checked = check_images(grey.astype(kind))
    levels = np.rint(checked * 255) if checked.dtype == np.float32 else checked
    np.testing.assert_array_equal(levels, grey)


def test_booleans_are_paper_and_ink():
    mask = np.eye(28, dtype=bool)[None]
    np.testing.assert_array_equal(check_images(mask), np.eye(28)[None] * 255)


@pytest.mark.parametrize("shape", [(3, 784), (3, 1, 28, 28), (3, 28, 28, 1)])
def test_rows_and_channels_are_the_same_image(shape):
    grey = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    np.testing.assert_array_equal(check_images(grey.reshape(shape)), grey)


def test_floats_are_trained_with_as_the_levels_that_they_round_to():
    grey = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    for images in (grey / 255, grey.astype(np.float32), grey.astype(np.int64), grey.reshape(3, 784)):
        checked = check_training_images(images)
        assert checked.dtype == np.uint8
        np.testing.assert_array_equal(checked, grey)


def test_one_hot_labels_are_the_labels_in_every_type():
    for kind in (bool, np.int64, np.uint8):
        assert target_weights(np.eye(10, dtype=kind)[[3, 0]], CLASSES, 2).tolist() == [3, 0]
    assert target_weights(np.eye(10)[[3, 0]], CLASSES, 2).argmax(1).tolist() == [3, 0]  # floats: weights
    assert target_weights(np.array(["3", "0"], object), CLASSES, 2).tolist() == [3, 0]  # as pandas has them


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
        (np.zeros((2, 10), np.int64), "a single 1 in each row"),
        (np.zeros((2, 3), np.int64), "cannot be used"),
    ],
)
def test_labels_that_do_not_fit_are_a_sentence(labels, says):
    with pytest.raises(InputError, match=says):
        target_weights(labels, CLASSES, 2)
