"""Lines of text brought level."""

from __future__ import annotations

import numpy as np

from lenet5.imaging.deskew import deskew, printed_line_mask


def test_deskew_finds_the_slope_and_where_columns_begin():
    ink = np.zeros((200, 300), bool)
    x = np.arange(300)
    for y in (60, 130):
        for thick in range(14):
            ink[y + thick + np.round(0.06 * x).astype(int), x] = x % 11 < 7
    level, tops = deskew(ink)
    rows, columns = np.nonzero(level)
    again = np.zeros_like(ink)
    again[rows + tops[columns], columns] = True
    assert (again == ink).all()
    assert np.count_nonzero(level.any(1)) <= 2 * 14 + 6


def test_a_line_across_the_page_is_printed_and_the_stroke_that_crosses_it_is_not():
    mask = np.zeros((80, 200), bool)
    mask[40:42, 10:190] = True
    mask[20:60, 100:104] = True
    printed = printed_line_mask(mask)
    assert printed[40:42, 15:95].all() and not printed[20:38].any() and not printed[44:].any()
