"""A stroke in pieces one above the other becomes one; colons, dots and specks stay what they are."""

import numpy as np
import pytest

from lenet5.imaging.broken_strokes import broken_strokes
from lenet5.imaging.components import component_edges, label_components, remove_line_specks

SIZE = 50  # pixels: height of the character that stands beside


def line(pieces: list[tuple[int, int]], tall: int = 6, wide: int = 5) -> np.ndarray:
    """A line with a bar, a character's height, and pieces at (row, column)."""
    foreground = np.zeros((100, 160), np.float32)
    foreground[25 : 25 + SIZE, 120:128] = 1
    for row, column in pieces:
        foreground[row : row + tall, column : column + wide] = 1
    return foreground


def strokes(foreground: np.ndarray) -> list[list[int]]:
    return broken_strokes(component_edges(label_components(foreground > 0.5)[0]), SIZE)


UPRIGHT = [(27 + 11 * k, 60) for k in range(4)]
LEANING = [(27 + 11 * k, 70 - 3 * k) for k in range(4)]


@pytest.mark.parametrize("pieces", [UPRIGHT, LEANING], ids=["upright", "leaning"])
def test_pieces_above_one_another_become_one_stroke(pieces):
    joined = remove_line_specks(line(pieces))
    labels, count = label_components(joined > 0.5)
    assert count == 2
    top, bottom, left, right = component_edges(labels)[labels[27:33, 55:75].max() - 1]
    assert (top, bottom) == (27, 66)
    assert right - left < 20
    rows = joined[27:66].max(1)
    np.testing.assert_array_equal(rows, 1)  # no gap is left


@pytest.mark.parametrize(
    "pieces",
    [
        [(35, 60), (58, 60)],  # a colon
        [(65, 60), (65, 75), (65, 90)],  # three points in a row
        [(45, 60), (54, 60), (63, 60)],  # too low for a character
        [(2, 60), (12, 60), (22, 60), (32, 60)],  # above the line
        [(27, 60), (38, 72), (49, 60), (60, 72)],  # to and fro
        [(27, 60), (38, 62), (49, 70), (60, 60)],  # bent
        [(27, 121), (80, 121), (90, 121)],  # above and below a character
        [(20 + 15 * j, 5 + 12 * k) for j in range(4) for k in range(8)],  # specks all over
    ],
)
def test_other_points_are_no_stroke(pieces):
    assert strokes(line(pieces)) == []


def test_a_stroke_is_not_looked_for_where_nothing_is_as_high():
    foreground = line(UPRIGHT)
    foreground[:, 120:128] = 0
    assert strokes(foreground) == []


def test_two_strokes_are_found_from_top_to_bottom():
    second = [(row + 1, column + 30) for row, column in UPRIGHT]
    found = strokes(line(UPRIGHT + second))
    assert sorted(map(len, found)) == [4, 4]
    edges = component_edges(label_components(line(UPRIGHT + second) > 0.5)[0])
    for pieces in found:
        assert np.ptp(edges[pieces, 2]) == 0
        assert (np.diff(edges[pieces, 0]) > 0).all()
