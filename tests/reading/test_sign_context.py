"""What signs of a line say of one another: the weighted graph against every path, charged by a reader of its text."""

from itertools import pairwise, product

import numpy as np
import pytest

from lenet5.lattice.graph import Graph
from lenet5.reading.interpretation_graph import SILENT, InterpretationGraph
from lenet5.reading.sign_context import SignContext, with_context

CLASSES = ["1", "(", ")", "/", ".", ","]
SETTINGS = SignContext(pair=2.0, unpaired=4.0, slash=1.5, again=0.25, double=0.75)


def line_of(places: int, penalties: np.ndarray, classes=CLASSES) -> InterpretationGraph:
    """A line of so many places, each any class or skipped; penalties: (places, classes + 1)."""
    count = len(classes) + 1
    start = np.repeat(np.arange(places), count)
    label = np.tile([*range(len(classes)), SILENT], places)
    candidate = np.where(label < 0, SILENT, start)
    graph = Graph(places + 1, start, start + 1, label, penalties.ravel())
    return InterpretationGraph(
        graph,
        candidate,
        np.zeros((places, 28, 28), np.uint8),
        np.zeros((places, len(classes)), np.float32),
        lambda candidate: (candidate, 0, 1, 1),
        np.arange(places + 1.0),
    )


def charged(text: str) -> float:
    """What a text costs, read from left to right."""
    cost, opened, slashes = 0.0, False, 0
    for before, character in pairwise(" " + text):
        cost += 0.75 * (before + character in ("..", ".,", ",.", ",,"))
        if character == "(":
            cost += 4.0 if opened else 2.0
            opened = True
        elif character == ")":
            cost += 0.0 if opened else 4.0
            opened = False
        elif character == "/":
            cost += 0.25 if slashes else 1.5
            slashes += 1
    return cost + (2.0 if opened else 0.0)


def test_every_reading_costs_what_its_signs_say_of_one_another():
    penalties = np.random.default_rng(0).uniform(0, 3, (4, len(CLASSES) + 1))
    line = with_context(line_of(4, penalties), CLASSES, SETTINGS)
    best: dict[str, float] = {}
    for labels in product(range(len(CLASSES) + 1), repeat=4):
        text = "".join((*CLASSES, "")[label] for label in labels)
        cost = float(sum(penalties[place, label] for place, label in enumerate(labels))) + charged(text)
        best[text] = min(best.get(text, np.inf), cost)
    best.pop("")
    expected = sorted(best.items(), key=lambda item: item[1])[:40]
    for (text, cost), (labels, path) in zip(expected, line.graph.readings(40).items(), strict=True):
        assert "".join(CLASSES[label] for label in labels) == text
        assert path.penalty == pytest.approx(cost)


@pytest.mark.parametrize(
    ("likely", "text"),
    [("(1)", "(1)"), ("(11", "111"), ("/1/", "/1/"), ("1/1", "1/1"), ("11)", "111")],
)
def test_a_stroke_is_a_parenthesis_where_the_line_has_the_other(likely, text):
    """Each sign is likelier than a 1 by 3 nats by itself: enough for a slash or a pair, not for one that is alone."""
    penalties = np.full((3, len(CLASSES) + 1), 9.0)
    for place, character in enumerate(likely):
        penalties[place, CLASSES.index(character)] = 0.0
        penalties[place, 0] = min(penalties[place, 0], 3.0)
    line = with_context(line_of(3, penalties), CLASSES, SETTINGS)
    labels = next(iter(line.graph.readings(1)))
    assert "".join(CLASSES[label] for label in labels) == text


def test_arcs_keep_their_candidates_and_nodes_their_places():
    penalties = np.random.default_rng(1).uniform(0, 3, (3, len(CLASSES) + 1))
    plain = line_of(3, penalties)
    line = with_context(plain, CLASSES, SETTINGS)
    known = line.candidate >= 0
    np.testing.assert_array_equal(line.positions[line.graph.start[known]], line.candidate[known])
    assert line.positions[-1] == plain.positions[-1]
    assert (line.graph.label[~known] == SILENT).all()


def test_a_line_of_digits_alone_is_left_as_it_is():
    plain = line_of(2, np.ones((2, 3)), ["1", "7"])
    assert with_context(plain, ["1", "7"], SETTINGS) is plain
