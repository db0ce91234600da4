"""Strokes drawn as ink."""

from dataclasses import replace

import numpy as np
import pytest

from lenet5.data.synthesis.pen import WriterStyle, draw, draw_character, retrace, smooth
from lenet5.data.trajectories.trajectories import Writing, from_writings

STEADY = WriterStyle(slant=0.0, width=1.0, pen=0.1, shaky=0.0, short=0.0)
STEM = [np.array([[0.5, 0.0], [0.5, 1.0]])]


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_stem_is_as_high_and_as_wide_as_asked_for():
    ink = draw(STEM, 60, STEADY, rng())
    assert ink.dtype == np.float32 and ink.max() == 1 and abs(ink.shape[0] - 66) <= 3
    assert abs(ink.sum(1)[10:-10].mean() - 6) < 1.5  # a tenth of the height


def test_pressure_changes_the_width_along_a_stroke_and_not_the_way():
    line = [np.stack([np.full(40, 0.5), np.linspace(0, 1, 40)], 1)]
    even, pressed = (draw(line, 60, replace(STEADY, pressure=p), rng(1)).sum(1)[8:-8] for p in (0.0, 0.4))
    assert np.ptp(even) < 1 < np.ptp(pressed)


def test_slow_steps_of_a_tablet_are_smoothed_and_corners_stay():
    y = np.linspace(0, 1, 300)
    jagged = np.stack([0.5 + 0.004 * (np.arange(300) % 2), y], 1)
    (calm,) = retrace([jagged], replace(STEADY), rng(3))
    assert np.abs(np.diff(calm[:, 0], 2)).max() < 0.004
    corner = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.8, 0.5], [0.6, 1.0]])
    (seven,) = retrace([corner], STEADY, rng(3))
    assert np.hypot(*(seven - [0.5, 0.0]).T).min() < 0.25  # its corner, from its middle


def test_slant_and_width_are_added_to_the_writers_own():
    square = [np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])]
    (plain,), (wide,), (slanted,) = (
        retrace(square, style, rng(2))
        for style in (STEADY, replace(STEADY, width=0.5), replace(STEADY, slant=0.4))
    )
    assert np.ptp(wide[:, 0]) == pytest.approx(np.ptp(plain[:, 0]) / 2, rel=0.05)
    moved = slanted[:, 0] - plain[:, 0]
    np.testing.assert_allclose(moved, 0.4 * (0.5 - plain[:, 1]), atol=1e-9)


def test_a_wide_character_is_lower_and_a_point_is_drawn_as_a_point():
    dash, point = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.0]])
    pens = from_writings([Writing("-", [dash]), Writing(".", [point])], "signs")
    flat = draw_character(pens, 0, 40, STEADY, rng())
    assert 35 < flat.shape[1] < 60 and flat.shape[0] < 15
    dot = draw_character(pens, 1, 40, STEADY, rng())
    assert max(dot.shape) <= 6 and dot.max() > 0.9


def test_a_smooth_line_goes_through_its_points():
    points = rng(5).uniform(0, 1, (6, 2))
    line = smooth(points, 4)
    assert len(line) == 21 and np.allclose(line[::4], points)
    assert smooth(points[:2]) is not None and np.array_equal(smooth(points[:2]), points[:2])


def test_styles_for_real_trajectories_add_little():
    styles = [WriterStyle.retraced(rng(seed)) for seed in range(50)]
    assert (
        max(style.shaky for style in styles)
        <= 0.015
        < min(WriterStyle.any(rng(s)).shaky for s in range(50)) + 1e-3
    )
    assert 0 < np.mean([style.pressure > 0 for style in styles]) < 1
