"""1s and 7s as they are written outside MNIST."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.data.synthesis.style_transfer import variants
from lenet5.network.codes import DIGITS

CLASSES = tuple(DIGITS)


def stem(slant: float = 0.0) -> np.ndarray:
    """A plain 1: a stroke two pixels wide and 20 high."""
    image = np.zeros((28, 28), np.uint8)
    for row in range(4, 24):
        x = round(13 + slant * (14 - row))
        image[row, x : x + 2] = 255
    return image


ONES = np.stack([stem(slant) for slant in np.linspace(-0.2, 0.4, 12)])


def test_only_a_share_of_the_ones_and_sevens_is_drawn_anew():
    images = np.concatenate([ONES, ONES])
    labels = np.repeat([1, 5], 12)
    made, names = variants(images, labels, CLASSES, share=0.5, seed=3)
    assert made.shape == (6, 28, 28)
    assert made.dtype == np.uint8
    assert names.tolist() == [1] * 6


def test_a_one_gets_ink_beside_its_stem_and_stays_a_character():
    made, _ = variants(ONES, np.ones(12, int), CLASSES, share=1.0)
    wide = [np.ptp(np.flatnonzero((image > 100).any(0))) for image in made]
    plain = [np.ptp(np.flatnonzero((image > 100).any(0))) for image in ONES]
    assert np.mean(wide) > np.mean(plain) + 2
    for image in made:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 20


def test_a_seven_is_crossed():
    seven = np.zeros((28, 28), np.uint8)
    seven[4:6, 8:20] = 255
    for row in range(6, 24):
        x = round(19 - (row - 6) * 0.4)
        seven[row, x - 1 : x + 1] = 255
    made, names = variants(seven[None], np.array([7]), CLASSES, share=1.0)
    assert names.tolist() == [7]
    middle = (made[0][10:18] > 100).sum(1).max()
    assert middle >= (seven[10:18] > 100).sum(1).max() + 3


def test_the_same_seed_gives_the_same_and_another_another():
    labels = np.ones(12, int)
    first, again, other = (variants(ONES, labels, CLASSES, 1.0, seed)[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("classes", [("A", "B"), ("X", "Y", "Z")])
def test_letters_have_no_variants(classes):
    made, names = variants(ONES, np.zeros(12, int), classes, 1.0)
    assert made.shape == (0, 28, 28)
    assert names.shape == (0,)


def test_a_blank_is_left_alone():
    made, _ = variants(np.zeros((3, 28, 28), np.uint8), np.ones(3, int), CLASSES, 1.0)
    assert len(made) == 0
