"""Digits written over others."""

import numpy as np
import pytest

from lenet5.data.synthesis.hands import Hands
from lenet5.data.synthesis.overwritten import OverwritingSettings, overwritten_digits, write_over
from lenet5.data.synthesis.training_set import Supplement, build_training_set, drawings
from lenet5.data.trajectories.trajectories import Writing, from_writings
from lenet5.errors import InputError

DIGITS = list("0123456789")
ITS_OWN = OverwritingSettings(drawn=0.0)  # pairs of the data set's own digits alone


def test_both_digits_can_be_seen():
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 4:24, 12:16] = 255  # upright
    images[1, 4:24, 4:24] = 255  # as high, and with a hole that the bar shows in
    images[1, 8:20, 8:20] = 0
    for glyph in overwritten_digits(images, np.array([1, 4]), 30, 5, settings=ITS_OWN):
        rows, columns = np.flatnonzero((glyph > 60).any(1)), np.flatnonzero((glyph > 60).any(0))
        middle = glyph[(rows[0] + rows[-1]) // 2, columns[0] : columns[-1] + 1] > 60
        assert np.count_nonzero(np.diff(middle.astype(int))) == 4  # a side, the bar, the other side


def test_two_of_the_same_digit_are_never_a_pair():
    images = np.zeros((4, 28, 28), np.uint8)
    images[::2, 4:24, 12:16] = 255  # upright bars
    images[1::2, 4:24, 4:8] = images[1::2, 20:24, 4:24] = 255  # corners
    for glyph in overwritten_digits(images, np.array([1, 4, 1, 4]), 30, 1, settings=ITS_OWN):
        wide, high = (np.ptp(np.flatnonzero((glyph > 60).any(axis))) for axis in (0, 1))
        rows = np.flatnonzero((glyph > 60).any(1))
        upper = (glyph[rows[0] + high // 3] > 60).astype(int)
        assert wide > 8 and np.count_nonzero(np.diff(upper)) == 4  # the corner's side, and the bar


def test_what_hides_the_other_is_no_pair():
    rng = np.random.default_rng(0)
    disc, dot = np.ones((40, 40), np.float32), np.ones((8, 8), np.float32)
    assert write_over(disc, dot, ITS_OWN, rng) is None and write_over(dot, disc, ITS_OWN, rng) is None
    assert write_over(np.zeros((9, 9), np.float32), disc, ITS_OWN, rng) is None


def test_the_second_is_no_fainter_than_the_first():
    upright, flat = np.ones((40, 6), np.float32), np.ones((6, 40), np.float32)
    for seed in range(20):
        ink = write_over(upright, flat, ITS_OWN, np.random.default_rng(seed))
        levels = sorted(set(np.unique(ink[ink > 0]).tolist()))
        assert levels[-1] == 1 and ITS_OWN.faintest <= levels[0] <= 1 and len(levels) <= 2
        assert ink[(ink == 1).any(1)].shape[0] <= 40 and (ink == 1).sum() >= 6 * 40


def test_pairs_come_from_pens_and_allographs_where_the_data_set_has_none_that_fit():
    blots = np.full((4, 28, 28), 255, np.uint8)  # each hides each
    empty = np.zeros((4, 28, 28), np.uint8)
    for images in (blots, empty):
        made = overwritten_digits(images, np.arange(4), 6, 2)
        assert made.shape == (6, 28, 28) and made.any((1, 2)).all()
    writings = [
        Writing(digit, [np.array([[0, 0], [40 + 5 * k, 10 * k], [0, 100]])], f"writer {w}")
        for w in range(2)
        for k, digit in enumerate(DIGITS)
    ]
    hands = Hands(from_writings(writings, "made"))
    drawn = OverwritingSettings(drawn=1.0)
    real = overwritten_digits(empty, np.arange(4), 6, 2, hands, 1.0, drawn)
    assert (real.any((1, 2))).all() and not np.array_equal(
        real, overwritten_digits(empty, np.arange(4), 6, 2, settings=drawn)
    )


def test_the_same_seed_gives_the_same_and_each_pair_is_its_own():
    images, digits = drawings(30)
    one, again, other = (overwritten_digits(images, digits, 8, seed) for seed in (3, 3, 4))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert np.array_equal(overwritten_digits(images, digits, 3, 3), one[:3])


def test_a_share_of_the_negatives_is_overwritten_and_no_class():
    own, labels = drawings(20)
    supplement = Supplement(negatives=10, overwritten=0.3)
    every, targets = build_training_set(own, labels, DIGITS, supplement, 0)
    assert len(every) == 30 and np.all(targets[-10:] == 0) and np.all(targets[:20].sum(1) == 1)
    assert np.array_equal(every[-3:], overwritten_digits(own, labels, 3, 0))
    letters, _ = build_training_set(own[:2], np.array([0, 1]), ["A", "B"], supplement, 0)
    assert len(letters) == 12  # of letters there are no digits to write over: other negatives in their place


def test_shares_of_the_negatives_are_shares():
    with pytest.raises(InputError, match="overwritten of a supplement must lie from 0 to 1"):
        Supplement(overwritten=1.1)
    with pytest.raises(InputError, match="together at most 1"):
        Supplement(overwritten=0.6, strangers=0.5)
