"""Connected components, counted by hand."""

from __future__ import annotations

import numpy as np

from lenet5.imaging.components import (
    component_edges,
    concentration,
    label_columns,
    label_components,
    largest_height,
    remove_character_specks,
)

MASK = np.array([[1, 0, 0, 0, 1], [0, 1, 0, 0, 1], [0, 0, 0, 0, 1]], bool)


def test_pixels_that_touch_at_a_corner_are_connected():
    labels, count = label_components(MASK)
    assert count == 2 and labels[0, 0] == labels[1, 1] != labels[0, 4]
    assert component_edges(labels).tolist() == [[0, 2, 0, 2], [0, 3, 4, 5]]
    assert largest_height(MASK) == 3 and largest_height(np.zeros((2, 2), bool)) == 0


def test_runs_of_a_column_end_where_it_is_empty():
    runs, length = label_columns(MASK)
    assert sorted(length[1:].tolist()) == [1, 1, 3] and length[runs[2, 4]] == 3


def test_concentration_is_the_share_of_the_heaviest():
    foreground = np.zeros((9, 9), np.float32)
    foreground[:2, :3], foreground[5, 5], foreground[8, 8] = 1, 1, 1
    assert concentration(foreground, 1) == 6 / 8 and concentration(foreground, 3) == 1


def test_a_speck_goes_with_its_rim_and_the_character_stays_with_its_own():
    foreground = np.zeros((60, 60), np.float32)
    foreground[19:41, 27:33] = 0.2  # the rim
    foreground[20:40, 28:32] = 1
    foreground[50, 50], foreground[50, 51] = 1, 0.2
    clean = remove_character_specks(foreground)
    assert not clean[45:].any() and (clean[:45] == foreground[:45]).all()
