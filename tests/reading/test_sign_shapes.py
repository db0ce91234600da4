"""Size and place of candidates: measured in heights of the digits beside them."""

from itertools import pairwise

import numpy as np
import pytest

from lenet5.engine.numpy_backend import lattice
from lenet5.imaging.segmentation import over_segment
from lenet5.model.sign_shapes import MEASURES
from lenet5.reading.candidate_shapes import CANDIDATES, Runs
from lenet5.reading.sign_shapes import SIGN_PENALTIES, LineBand, sign_measures

DIGIT = 40  # pixels


def line(*boxes: tuple[int, int, int, int]):
    """A line of two bars as high as digits, rows 20 … 60, and other boxes: top, bottom, left, right."""
    ink = np.zeros((100, 200), np.float32)
    for top, bottom, left, right in ((20, 60, 10, 16), (20, 60, 180, 186), *boxes):
        ink[top:bottom, left:right] = 1
    return over_segment(ink)


def test_what_is_as_high_as_a_digit_says_where_digits_stand():
    band = LineBand.of(line((62, 72, 90, 96)))
    beside = band.beside(np.array([[90.0, 96.0]]))
    assert (beside.top.tolist(), beside.foot.tolist(), beside.least.tolist()) == ([20], [60], [40])
    assert (beside.before.tolist(), beside.after.tolist()) == ([90 - 16], [180 - 96])
    assert beside.lean.tolist() == pytest.approx([0])
    alone = np.zeros((40, 40), np.float32)
    alone[30:34, 18:22] = 1
    beside = LineBand.of(over_segment(alone)).beside(np.array([[18.0, 22.0]]))
    assert (beside.top.tolist(), beside.foot.tolist()) == ([30], [34])
    assert np.isinf(beside.before) and np.isinf(beside.after)


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
    low, high = band.beside(np.array([[28.0, 32.0], [378.0, 382.0]])).top
    assert low > 80
    assert high < 50


def test_what_is_measured_is_none_of_the_digits_beside_it():
    # A high slash between two digits: neither its height nor its lean is theirs.
    ink = drawn([(5, 75, lambda y: 110 - 0.5 * y)])
    segments = over_segment(ink)
    run = list(pairwise(segments.free_nodes))[1]
    named = measures_of(segments, run)
    assert named["height"] == pytest.approx(70 / DIGIT)
    assert named["least"] == pytest.approx(70 / DIGIT)
    assert named["upright"] == pytest.approx(0, abs=1e-6)
    assert named["lean"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("bend", [-0.01, 0.0, 0.01])
def test_the_bow_of_a_stroke_is_the_change_of_its_lean_from_foot_to_top(bend):
    # x = bend·y²: its lean upwards is −2·bend·y, which changes by 2·bend·height from foot to top.
    segments = over_segment(drawn([(20, 60, lambda y: 100 + bend * (y - 40) ** 2)]))
    run = list(pairwise(segments.free_nodes))[1]
    named = measures_of(segments, run)
    assert named["bow"] == pytest.approx(-2 * bend * 40, rel=0.1, abs=0.02)
    assert named["lean"] == pytest.approx(0, abs=0.03)
    straight = 3 / np.sqrt(12)  # deviation of a bar three pixels wide, whatever its bow
    assert named["spread"] * segments.stroke == pytest.approx(straight, rel=0.3)


def test_a_line_that_was_sheared_measures_as_before():
    segments = over_segment(drawn([(5, 75, lambda y: 110 - 0.5 * y)]))
    band, run = LineBand.of(segments), list(pairwise(segments.free_nodes))[1]
    sheared = segments.sheared(*run, 0.3)
    again = (0, len(sheared.boxes))
    before, after = (
        dict(zip(MEASURES, sign_measures(one, [part], one.candidate_boxes([part]), band)[0], strict=True))
        for one, part in ((segments, run), (sheared, again))
    )
    for key in ("height", "top", "foot", "lean", "bow", "upright", "least"):
        assert after[key] == pytest.approx(before[key], abs=0.1), key


def drawn(strokes) -> np.ndarray:
    """A line of two bars as `line` has them, and strokes three pixels wide: first row, last row, x of y."""
    ink = np.zeros((100, 200), np.float32)
    for top, bottom, left, right in ((20, 60, 10, 16), (20, 60, 180, 186)):
        ink[top:bottom, left:right] = 1
    for top, bottom, x in strokes:
        for y in range(top, bottom):
            ink[y, round(x(y)) - 1 : round(x(y)) + 2] = 1
    return ink


def measures_of(segments, run) -> dict[str, float]:
    """What is measured of one candidate of a line, by name."""
    (row,) = sign_measures(segments, [run], segments.candidate_boxes([run]), LineBand.of(segments))
    return dict(zip(MEASURES, row.tolist(), strict=True))


def test_a_stroke_is_measured_beside_the_lowest_and_the_most_upright_stroke_of_its_line():
    """Two upright bars of 40 rows, and between them one that leans 0.5 and is half as high again."""
    ink = np.zeros((120, 200), np.float32)
    ink[40:80, 10:16] = ink[40:80, 180:186] = 1
    for row in range(30, 90):
        left = round(100 + 0.5 * (60 - row))
        ink[row, left : left + 6] = 1
    segments = over_segment(ink)
    runs = list(pairwise(segments.free_nodes))
    measures = sign_measures(segments, runs, segments.candidate_boxes(runs), LineBand.of(segments))
    longer, turned = measures[:, [MEASURES.index(name) for name in ("longer", "turned")]].T
    assert longer.tolist() == pytest.approx([1, 1.5, 1])
    assert turned.tolist() == pytest.approx([0, 0.5, 0], abs=0.02)


class Likely:
    """Shapes that find the sign − as likely as asked, and else a digit."""

    def __init__(self, likely: float) -> None:
        self.likely = likely

    def columns(self, classes):
        return [classes.index("-")]

    def probabilities(self, measures, posterior, digits):
        # Of −, a mark, a digit and a piece.
        return np.tile([self.likely, 0.0, 1 - self.likely, 0.0], (len(measures), 1))


def dash_penalty(box: tuple[int, int, int, int], likely: float) -> float:
    """What the arc costs that reads the ink between two digits as a dash, in nats."""
    segments = line(box)
    classes = [*"0123456789", "-"]
    runs = Runs(segments, classes, CANDIDATES, lattice, None, Likely(likely))
    graph = runs.graph(np.full((len(runs.runs), len(classes)), 0.05), np.full(len(runs.runs), 0.5))
    free = segments.free_nodes
    (arc,) = np.flatnonzero((graph.start == free[1]) & (graph.end == free[2]) & (graph.label == 10))
    return float(graph.penalty[arc])


def test_a_doubtful_sign_costs_more_than_its_probability_says():
    least, doubt = SIGN_PENALTIES.doubtful, SIGN_PENALTIES.doubt
    flat = (38, 42, 80, 105)
    doubtful, likely = dash_penalty(flat, 0.5 * least), dash_penalty(flat, 1.5 * least)
    assert doubtful - likely == pytest.approx(np.log(3) + doubt)
    assert likely - dash_penalty(flat, 3 * least) == pytest.approx(np.log(2))


def test_a_high_dash_costs_more_for_it_may_be_joined_zeros():
    flat, high = (38, 42, 70, 110), (30, 54, 70, 110)
    assert dash_penalty(high, 0.5) - dash_penalty(flat, 0.5) == pytest.approx(SIGN_PENALTIES.thick)
