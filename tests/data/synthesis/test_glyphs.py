"""Digits drawn with a pen."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from lenet5.data.synthesis.glyphs import ALLOGRAPHS, draw_digit, strokes
from lenet5.data.synthesis.pen import WriterStyle
from lenet5.network.codes import DIGITS

STEADY = WriterStyle(slant=0.0, width=1.0, pen=0.08, shaky=0.0, short=0.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_every_digit_has_ways_whose_strokes_can_be_read():
    assert "".join(ALLOGRAPHS) == DIGITS
    for ways in ALLOGRAPHS.values():
        for often, width, lines in ways:
            assert often > 0 and 0 < width <= 1.5 and lines
            for line in lines:
                assert all(len(point.split(",")) == 2 for point in line.split()) and len(line.split()) > 1


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawing_is_ink_cut_to_its_box(digit):
    for seed in range(8):
        ink = draw_digit(digit, 40, WriterStyle.any(rng(seed)), rng(seed))
        assert ink.dtype == np.float32 and ink.min() >= 0 and ink.max() > 0.9 and 25 < ink.shape[0] < 75
        for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
            assert edge.max() > 0.3


def test_the_same_numbers_draw_the_same_and_others_another():
    same = [draw_digit("5", 40, STEADY, rng(3)) for _ in range(2)]
    assert np.array_equal(*same)
    other = draw_digit("5", 40, STEADY, rng(4))
    assert other.shape != same[0].shape or not np.array_equal(other, same[0])


def test_slant_leans_the_top_to_the_right():
    def lean(slant):
        line = np.concatenate(strokes("1", replace(STEADY, slant=slant), rng(1)))
        low, high = line[line[:, 1] > 0.8][:, 0].mean(), line[line[:, 1] < 0.3][:, 0].mean()
        return high - low

    assert lean(0.5) - lean(0.0) == pytest.approx(0.5 * (0.9 - 0.15), abs=0.2)


def test_a_broader_pen_leaves_more_ink():
    thin, broad = (draw_digit("2", 60, replace(STEADY, pen=pen), rng(2)).mean() for pen in (0.05, 0.15))
    assert broad > 1.8 * thin


def test_most_zeros_enclose_something_and_no_one_does():
    def holes(digit, seed):
        ink = np.pad(draw_digit(digit, 60, replace(STEADY, pen=0.06), rng(seed)) > 0.5, 1)
        return ndimage.label(~ink)[1] - 1

    assert np.mean([holes("0", seed) > 0 for seed in range(60)]) > 0.6
    assert np.mean([holes("1", seed) > 0 for seed in range(60)]) < 0.05
