"""Grids of known counts: what a stroke made two rows is one again, and what was found as one is two."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.imaging import grid_counts
from lenet5.imaging.grid_counts import grid_of_counts
from lenet5.imaging.grids import Grid, corners_between

IMAGE = np.full((300, 500, 3), 0.9, np.float32)
X, Y = np.arange(10, 500, 60.0), np.arange(20, 300, 50.0)  # eight columns, five rows


def grid(x, y, fall=0.0):
    """A printed grid with rules at x and y, falling to the right by so much a pixel."""
    crossings = np.stack(np.meshgrid(x, y), 2)
    crossings[..., 1] += fall * crossings[..., 0]
    return Grid(corners_between(crossings), 2.0, True, np.ones((len(y) - 1, len(x) - 1), bool))


@pytest.fixture
def found(monkeypatch):
    """Lets so many grids be found in the image."""

    def as_found(*grids):
        monkeypatch.setattr(grid_counts, "find_grids", lambda *arguments: list(grids))

    return as_found


def assert_is_whole(answer, fall=0.0):
    np.testing.assert_allclose(answer.corners, grid(X, Y, fall).corners, atol=1e-9)
    assert answer.printed.shape == (5, 8)


@pytest.mark.parametrize("fall", [0.0, 0.1])
@pytest.mark.parametrize("strokes", [[235.0], [33.0], [128.0, 160.0]])
def test_a_stroke_that_was_taken_for_a_rule_makes_no_row(found, strokes, fall):
    found(grid(X, sorted([*Y, *strokes]), fall))
    assert_is_whole(grid_of_counts(IMAGE, 5, 8), fall)


def test_a_stroke_that_was_taken_for_a_wall_makes_no_column(found):
    found(grid(sorted([*X, 100.0]), Y))
    assert_is_whole(grid_of_counts(IMAGE, 5, 8))


@pytest.mark.parametrize("missing", [1, 3])
def test_a_rule_that_was_not_seen_parts_the_row_in_the_middle(found, missing):
    found(grid(X, np.delete(Y, missing), 0.1))
    answer = grid_of_counts(IMAGE, 5, 8)
    assert_is_whole(answer, 0.1)
    assert answer.printed.sum() == 24  # not the two rows of which a rule was only inferred


def test_the_grid_nearest_to_the_counts_is_taken(found):
    found(grid(X[:3], Y[:3]), grid(X, sorted([*Y, 33.0])), grid(X, Y))
    assert grid_of_counts(IMAGE, 5, 8).printed.all()
    assert_is_whole(grid_of_counts(IMAGE, 5, 8))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, Y[:-1]),  # the last row was not found at all: parting another would make none of both
        (X, [20, 50, 80, 170, 180, 190, 270]),
        (X[:4], Y),
    ],
)
def test_what_cannot_be_mended_is_divided_evenly(found, x, y):
    found(grid(x, y))
    answer = grid_of_counts(IMAGE, 5, 8)
    assert not answer.printed.any()
    np.testing.assert_allclose(answer.corners[4, 7, 2], (500, 300))


def test_an_image_without_rules_is_divided_evenly():
    answer = grid_of_counts(np.full((40, 90, 3), 0.9, np.float32), 2, 3)
    assert (answer.rows, answer.columns) == (2, 3)
    np.testing.assert_allclose(answer.corners[1, 2], [(60, 20), (90, 20), (90, 40), (60, 40)])
    assert not answer.printed.any()
