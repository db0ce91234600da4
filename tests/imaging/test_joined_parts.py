"""Parts of a character that do not meet are joined where they are nearest, by a stroke of the same width."""

import numpy as np
import pytest

from lenet5.imaging.components import label_components
from lenet5.imaging.joined_parts import join_parts


def bar(*spans: tuple[int, int], lean: float = 0.0) -> np.ndarray:
    """Pieces of an upright stroke, 6 pixels wide, between rows."""
    foreground = np.zeros((80, 60), np.float32)
    for first, stop in spans:
        for row in range(first, stop):
            left = round(30 + lean * (40 - row))
            foreground[row, left - 3 : left + 3] = 1
    return foreground


@pytest.mark.parametrize("lean", [0.0, 0.4])
@pytest.mark.parametrize("gap", [3, 8, 12])
def test_a_stroke_with_a_gap_is_one_again(gap, lean):
    joined = join_parts(bar((10, 35), (35 + gap, 70), lean=lean))
    whole = bar((10, 70), lean=lean)
    assert label_components(joined > 0.5)[1] == 1
    assert np.abs(joined - whole).sum() < 0.5 * 6 * gap + 12  # of the ink in the gap, and around its rims
    assert (joined >= bar((10, 35), (35 + gap, 70), lean=lean)).all()


def test_three_parts_are_joined_one_to_the_next():
    joined = join_parts(bar((10, 28), (33, 50), (55, 70)))
    assert label_components(joined > 0.5)[1] == 1
    assert (joined[10:70, 29:31] > 0.5).all()


@pytest.mark.parametrize(
    "foreground",
    [
        bar((10, 70)),  # one part
        bar((10, 30), (45, 70)),  # too far apart for their height
        bar((5, 15), (18, 28), (31, 41), (44, 54), (57, 67)),  # too many
        np.zeros((20, 20), np.float32),
    ],
    ids=["one", "far", "many", "none"],
)
def test_other_foregrounds_are_left_alone(foreground):
    assert join_parts(foreground) is None
