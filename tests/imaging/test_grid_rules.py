"""Strips of printed cells between rules that are found whole, or in parts."""

from __future__ import annotations

import numpy as np

from lenet5.imaging.grid_rules import Rules, find_strips
from lenet5.imaging.line_detection import RuledLine

TOP, FOOT, WIDE, CELLS = 20, 80, 60, 9


def row_of_boxes() -> np.ndarray:
    """Nine boxes between two rules: the mask, (rows, columns)."""
    mask = np.zeros((100, CELLS * WIDE + 21), bool)
    mask[[TOP, FOOT], 10:-10] = True
    mask[TOP : FOOT + 1, 10:-10:WIDE] = True
    return mask


def line(start: int, end: int, row: float) -> RuledLine:
    return RuledLine(np.array([start, end], float), np.full(2, row), 2.0)


def test_the_end_of_a_rule_that_comes_in_two_lines_does_not_stand_for_all_of_it():
    rules = Rules(row_of_boxes(), 1.0)
    # The end of the lower rule is askew by the tail of a digit that runs into it.
    end = RuledLine(np.array([430.0, 550.0]), np.array([FOOT - 3.0, FOOT + 1.0]), 2.0)
    rules.__dict__["lines"] = [line(10, 550, TOP), end, line(10, 500, FOOT)]
    (strip,) = find_strips(rules)
    assert strip.cells == (True,) * CELLS


def test_the_foot_of_a_digit_is_no_rule():
    rules = Rules(row_of_boxes(), 1.0)
    rules.mask[FOOT - 15, 130:190] = True
    rules.__dict__["lines"] = [line(10, 550, TOP), line(130, 190, FOOT - 15), line(10, 550, FOOT)]
    strips = [strip for strip in find_strips(rules) if strip.upper.middle == TOP]
    assert [(strip.lower.middle, strip.cells) for strip in strips] == [(FOOT, (True,) * CELLS)]


def test_the_nearest_rule_below_ends_a_strip_where_another_row_lies_below():
    mask = np.concatenate([row_of_boxes()[: FOOT + 1], row_of_boxes()[TOP + 1 :]])
    upper, middle, lower = TOP, FOOT, 2 * FOOT - TOP
    rules = Rules(mask, 1.0)
    rules.__dict__["lines"] = [line(10, 550, row) for row in (upper, middle, lower)]
    strips = find_strips(rules)
    assert [(strip.upper.middle, strip.lower.middle) for strip in strips] == [
        (upper, middle),
        (middle, lower),
    ]
    assert all(strip.cells == (True,) * CELLS for strip in strips)
