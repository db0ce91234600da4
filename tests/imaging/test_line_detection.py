"""Thin straight ink, however many strokes cross it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet5.imaging.line_detection import RuledLine, detect_lines

ROWS, COLUMNS = 120, 300


def drawn(*lines: tuple[float, float, float, float], width: int = 3) -> np.ndarray:
    """Ink of lines (left, top, right, bottom), (rows, columns) bool."""
    picture = Image.new("L", (COLUMNS, ROWS))
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=255, width=width)
    return np.asarray(picture) > 128


@pytest.mark.parametrize("climb", [-20, -3, 0, 8])
def test_a_line_is_found_where_it_is(climb):
    found = detect_lines(drawn((20, 60, 280, 60 + climb)))
    assert len(found) == 1
    assert found[0].start == pytest.approx(20, abs=2) and found[0].end == pytest.approx(280, abs=2)
    for column in (20, 150, 280):
        assert found[0].row(column) == pytest.approx(60 + climb * (column - 20) / 260, abs=1)
    assert found[0].thickness == pytest.approx(2.5, abs=0.6)  # Pillow's sloping lines are thinner


def test_strokes_across_a_line_do_not_break_it():
    strokes = [(x, 20, x + 15, 100) for x in range(40, 260, 30)]
    found = detect_lines(drawn((0, 60, 299, 64)) | drawn(*strokes, width=9))
    assert len(found) == 1 and found[0].end - found[0].start > 290


def test_a_line_bent_by_a_lens_is_one():
    x = np.arange(COLUMNS)
    y = np.rint(50 + 8 * ((x - 150) / 150) ** 2).astype(int)
    inked = np.zeros((ROWS, COLUMNS), bool)
    inked[y, x] = inked[y + 1, x] = True
    found = detect_lines(inked)
    assert len(found) == 1 and found[0].start < 3 and found[0].end > 296
    assert np.abs(found[0].row(x) - y - 0.5).max() < 1


def test_parallel_lines_are_as_many():
    found = detect_lines(drawn(*[(0, y, 299, y + 5) for y in (20, 50, 80)]))
    assert sorted(round(float(rule.row(0))) for rule in found) == pytest.approx([20, 50, 80], abs=1)


def test_what_is_no_line():
    ring = Image.new("L", (COLUMNS, ROWS))
    ImageDraw.Draw(ring).ellipse((100, 10, 200, 110), outline=255, width=3)
    assert not detect_lines(np.asarray(ring) > 128)  # round
    assert not detect_lines(drawn((20, 20, 120, 110)))  # steep
    assert not detect_lines(drawn((20, 60, 40, 60)))  # short
    assert not detect_lines(drawn((20, 60, 280, 60), width=20))  # thick
    feet = [(x, 60, x + 22, 60) for x in range(10, 280, 30)]  # with gaps between them
    assert not detect_lines(drawn(*feet))
    assert not detect_lines(np.zeros((ROWS, COLUMNS), bool))


def test_beyond_its_ends_a_line_goes_on():
    rule = RuledLine(np.array([10.0, 20, 30]), np.array([5.0, 6, 7]), 1.0)
    assert rule.row([0, 10, 15, 30, 40]).tolist() == pytest.approx([4, 5, 5.5, 7, 8])
    assert (rule.start, rule.end, rule.middle) == (10, 30, 6)
