"""Generated non-characters: repeatable, of every kind, and none that a person would read as a character."""

import string

import numpy as np
import pytest

from lenet5.data.synthesis.negatives import KINDS, MEASURED, noncharacters, strangers
from lenet5.errors import InputError


@pytest.fixture(scope="module")
def made():
    return noncharacters(7, 20 * len(KINDS))


def test_a_pattern_depends_on_its_seed_and_number_alone(made):
    assert made.shape == (20 * len(KINDS), 28, 28) and made.dtype == np.uint8
    assert np.array_equal(noncharacters(7, 23), made[:23])
    assert not np.array_equal(noncharacters(8, 23)[1:], made[1:23])
    assert not np.array_equal(noncharacters(MEASURED, 23)[1:], made[1:23])
    assert noncharacters(0, 0).shape == (0, 28, 28)


def test_no_two_patterns_of_a_kind_are_alike(made):
    for k, kind in enumerate(KINDS):
        alike = len(made[k :: len(KINDS)]) - len(np.unique(made[k :: len(KINDS)], axis=0))
        assert alike <= (5 if kind == "blank" else 1), kind  # empty paper, and a single point, come again


def test_what_was_drawn_lies_as_digits_do_in_twenty_pixels_about_the_middle(made):
    for kind in ("scribble", "lines", "letter", "grid"):
        for field in made[KINDS.index(kind) :: len(KINDS)].astype(float):
            rows, columns = np.flatnonzero((field > 25).any(1)), np.flatnonzero((field > 25).any(0))
            assert 16 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 22, kind
            y, x = (field.sum(1) @ np.arange(28), field.sum(0) @ np.arange(28)) / field.sum()
            # Unless the box would leave the field.
            assert abs(y - 14) < 1.5 or rows[0] <= 1 or rows[-1] >= 26
            assert abs(x - 14) < 1.5 or columns[0] <= 1 or columns[-1] >= 26


def test_nothing_that_was_drawn_is_an_upright_stroke(made):
    for kind in ("blot", "scribble", "lines", "dots", "letter", "text", "grid", "texture"):
        for field in made[KINDS.index(kind) :: len(KINDS)]:
            rows, columns = np.flatnonzero((field > 60).any(1)), np.flatnonzero((field > 60).any(0))
            assert np.ptp(columns) + 1 >= 0.35 * (np.ptp(rows) + 1), kind  # a 1 of MNIST: 0.3 or less


def test_no_printed_letter_is_one_of_the_classes_or_passes_for_one():
    assert not set(strangers(string.digits)) & set(string.digits + "oOlIzZsSbBgq")
    assert set("AKMXk#%") - {"A"} <= set(strangers(string.digits))  # an open 4 and an A are alike
    assert not set(strangers(string.ascii_uppercase)) & set(string.ascii_letters + "0152")
    assert len(noncharacters(1, len(KINDS), [chr(c) for c in range(32, 127)])) == len(KINDS)  # none is left


def test_a_seed_or_count_below_nothing_is_a_sentence():
    for seed, count in ((-1, 5), (0, -5)):
        with pytest.raises(InputError, match="whole numbers from 0"):
            noncharacters(seed, count)
