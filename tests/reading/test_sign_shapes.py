"""Size and place of candidates: measured in heights of the digits beside them."""

from itertools import pairwise

import numpy as np
import pytest

from lenet5.imaging.segmentation import over_segment
from lenet5.model.sign_shapes import MEASURES
from lenet5.reading.sign_shapes import LineBand, sign_measures

DIGIT = 40  # pixels


def line(*boxes: tuple[int, int, int, int]):
    """A line of two bars as high as digits, rows 20 … 60, and other boxes: top, bottom, left, right."""
    ink = np.zeros((100, 200), np.float32)
    for top, bottom, left, right in ((20, 60, 10, 16), (20, 60, 180, 186), *boxes):
        ink[top:bottom, left:right] = 1
    return over_segment(ink)


def test_what_is_as_high_as_a_digit_says_where_digits_stand():
    band = LineBand.of(line((62, 72, 90, 96)))
    assert band.at(np.array([93.0])).tolist() == [[20, 60]]
    alone = np.zeros((40, 40), np.float32)
    alone[30:34, 18:22] = 1
    np.testing.assert_array_equal(LineBand.of(over_segment(alone)).at(np.array([20.0])), [[30, 34]])


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((56, 60, 90, 94), (0.1, 0.1, 0.9, 1.0)),  # a point
        ((56, 70, 90, 94), (0.35, 0.1, 0.9, 1.25)),  # a comma
        ((18, 30, 90, 94), (0.3, 0.1, -0.05, 0.25)),  # an apostrophe
        ((38, 42, 80, 105), (0.1, 0.625, 0.45, 0.55)),  # a minus
    ],
)
def test_a_sign_is_measured_from_the_head_of_the_digits(box, place):
    segments = line(box)
    top, bottom, left, right = box
    run = list(pairwise(segments.free_nodes))[1]
    (measures,) = sign_measures(segments, [run], segments.candidate_boxes([run]), LineBand.of(segments))
    named = dict(zip(MEASURES, measures.tolist(), strict=True))
    found = [named[key] for key in ("height", "width", "top", "foot")]
    assert found == pytest.approx(place)
    assert named["ink"] == pytest.approx((bottom - top) * (right - left) / DIGIT**2)
    assert named["gaps"] == 0


def test_gaps_within_a_candidate_are_counted():
    segments = line((40, 44, 90, 94), (40, 44, 110, 114))
    free = segments.free_nodes
    assert len(free) == 5
    runs = [(free[1], free[2]), (free[1], free[3]), (free[0], free[4])]
    measures = sign_measures(segments, runs, segments.candidate_boxes(runs), LineBand.of(segments))
    assert measures[:, MEASURES.index("gaps")].tolist() == [0, 1, 3]
    assert sign_measures(segments, [], segments.candidate_boxes([]), LineBand.of(segments)).shape == (
        0,
        len(MEASURES),
    )


def test_the_nearest_digits_count_on_a_line_that_climbs():
    ink = np.zeros((160, 400), np.float32)
    for number in range(10):
        top = 100 - 8 * number
        ink[top : top + 40, 20 + 38 * number : 26 + 38 * number] = 1
    band = LineBand.of(over_segment(ink))
    low, high = band.at(np.array([30.0, 380.0]))
    assert low[0] > 80
    assert high[0] < 50
