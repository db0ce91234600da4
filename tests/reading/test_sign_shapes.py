"""Size and place of signs: what is in its place costs nothing, what is out of it costs by how far."""

import numpy as np
import pytest

from lenet5.imaging.segmentation import over_segment
from lenet5.reading.sign_shapes import SIGN_PENALTIES, LineBand, sign_penalties, tall_penalties

DIGIT = 40  # pixels


def line(*boxes: tuple[int, int, int, int]):
    """A line of two bars as high as digits, rows 20 … 60, and other boxes: top, bottom, left, right."""
    ink = np.zeros((100, 200), np.float32)
    for top, bottom, left, right in ((20, 60, 10, 16), (20, 60, 180, 186), *boxes):
        ink[top:bottom, left:right] = 1
    return over_segment(ink)


def cost(sign: str, box: tuple[int, int, int, int]) -> float:
    band = LineBand.of(line(box))
    middle = np.array([(box[2] + box[3]) / 2])
    penalty = float(sign_penalties(np.array([box]), middle, band, [sign])[0, 0])
    return penalty - SIGN_PENALTIES.bounds[sign].cost


def test_what_is_as_high_as_a_digit_says_where_digits_stand():
    band = LineBand.of(line((62, 72, 90, 96)))
    assert band.at(np.array([93.0])).tolist() == [[20, 60]]
    alone = np.zeros((40, 40), np.float32)
    alone[30:34, 18:22] = 1
    np.testing.assert_array_equal(LineBand.of(over_segment(alone)).at(np.array([20.0])), [[30, 34]])


@pytest.mark.parametrize(
    ("sign", "box"),
    [
        (".", (56, 60, 90, 94)),
        (",", (56, 68, 90, 94)),
        ("-", (38, 42, 80, 105)),
        ("/", (12, 66, 80, 100)),
        (":", (34, 58, 90, 94)),
        ("(", (15, 66, 90, 100)),
    ],
)
def test_a_sign_in_its_place_costs_nothing(sign, box):
    assert cost(sign, box) == 0


@pytest.mark.parametrize(
    ("sign", "box"),
    [
        (",", (18, 30, 90, 94)),  # an apostrophe
        ("-", (66, 70, 80, 105)),  # an underscore, or an underline's end
        (".", (24, 28, 90, 94)),  # a speck above
        (".", (20, 60, 80, 110)),  # a blot as large as a 0
        ("(", (36, 60, 90, 96)),  # a comma that stands high
        ("/", (22, 60, 80, 100)),  # no higher than a 1
    ],
)
def test_a_sign_out_of_its_place_costs_by_how_far(sign, box):
    top, bottom, left, right = box
    bounds = SIGN_PENALTIES.bounds[sign]
    measures = (bottom - top) / DIGIT, (right - left) / DIGIT, ((top + bottom) / 2 - 20) / DIGIT
    ranges = bounds.height, bounds.width, bounds.middle
    far = sum(
        max(0.0, least - value, value - most) for value, (least, most) in zip(measures, ranges, strict=True)
    )
    assert cost(sign, box) == pytest.approx(SIGN_PENALTIES.outside * far)
    assert far > 0


def test_the_nearest_digits_count_on_a_line_that_climbs():
    ink = np.zeros((160, 400), np.float32)
    for number in range(10):
        top = 100 - 8 * number
        ink[top : top + 40, 20 + 38 * number : 26 + 38 * number] = 1
    band = LineBand.of(over_segment(ink))
    low, high = band.at(np.array([30.0, 380.0]))
    assert low[0] > 80
    assert high[0] < 50


def test_a_one_higher_than_its_neighbours_costs_as_one():
    band = LineBand.of(line())
    boxes = np.array([(20, 60, 90, 96), (10, 70, 90, 96)])
    normal, tall = tall_penalties(boxes, np.array([93.0, 93.0]), band)
    assert normal == 0
    assert tall == pytest.approx(SIGN_PENALTIES.tall * (60 / DIGIT - SIGN_PENALTIES.tallest))
