"""The graph of a line: one segmentation or several, its readings, and the spans that are uncertain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet5.data.synthesis.negatives import noncharacters
from lenet5.errors import PictureError
from lenet5.imaging.shear import shear_images
from lenet5.lattice.graph import Graph
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find
from lenet5.reading.interpretation_graph import (
    DecodingSettings,
    InterpretationGraph,
    classify_views,
    union_alternatives,
)


def test_glyphs_are_classified_as_they_are_and_sheared(mnist_test):
    model, glyphs = LeNet5.pretrained("reading"), mnist_test[0][:30]
    views = classify_views(model, glyphs, (-0.2, 0.2))
    assert len(views) == 3
    for shear, penalties in zip((None, -0.2, 0.2), views, strict=True):
        view = glyphs if shear is None else shear_images(glyphs, shear)
        np.testing.assert_allclose(penalties, model.penalties(view), rtol=1e-5)


def test_several_networks_answer_together(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), find("displacement").members[0]])
    glyphs = np.concatenate([mnist_test[0][:60], noncharacters(0, 60)])
    (penalties,) = classify_views(ensemble, glyphs, ())
    np.testing.assert_allclose(penalties, ensemble.penalties(glyphs), rtol=1e-5)


def segmentation(labels: list[list[int]], penalty: float, at: float) -> InterpretationGraph:
    """A line cut into as many candidates as there are lists, each with the labels that it may have."""
    arcs = [(k, k + 1, label) for k, row in enumerate(labels) for label in row]
    start, end, label = np.array(arcs).T
    graph = Graph(len(labels) + 1, start, end, label, penalty + 0.1 * np.arange(len(arcs)))
    glyphs = np.full((len(labels), 28, 28), int(at), np.uint8)
    penalties = np.full((len(labels), 10), 900, np.float32)
    for row, sure in zip(penalties, labels, strict=True):
        row[sure] = 0  # the network is sure of them
    positions = np.linspace(0, 100, len(labels) + 1)
    return InterpretationGraph(graph, start, glyphs, penalties, lambda k: (int(at), k, 1, 1), positions)


def test_a_path_takes_one_of_several_segmentations_from_end_to_end():
    lines = [
        segmentation([[1, 2], [3], [4]], 1.0, 10),
        segmentation([[7], [3]], 1.2, 20),
        segmentation([[5]], 9.0, 30),
    ]
    both = union_alternatives(lines[0], [(0, 3, one) for one in lines[1:]])
    texts = {}
    for path in both.graph.paths():
        texts["".join(map(str, both.graph.label[list(path.arcs)]))] = path.penalty
    assert sorted(texts) == ["134", "234", "5", "73"]
    for one in lines:
        for path in one.graph.paths():
            text = "".join(map(str, one.graph.label[list(path.arcs)]))
            assert texts[text] == pytest.approx(path.penalty)
    assert both.graph.forward_penalty() == pytest.approx(
        -np.log(sum(np.exp(-one.graph.forward_penalty()) for one in lines))
    )
    for arc, candidate in enumerate(both.candidate):
        left, number, *_ = both.box(candidate)
        assert (both.glyphs[candidate] == left).all()  # each keeps its own
        assert both.penalties[candidate, both.graph.label[arc]] == 0
        assert lines[left // 10 - 1].graph.label[arc - [0, 4, 6][left // 10 - 1]] == both.graph.label[arc]
        assert 0 <= number < len(lines[left // 10 - 1].glyphs)


def test_segmentations_that_read_the_same_in_the_same_place_add_up():
    lines = [segmentation([[7], [3]], 1.0, 10), segmentation([[7], [4]], 1.0, 20)]
    string = union_alternatives(lines[0], [(0, 2, lines[1])]).decode(LeNet5.pretrained("reading"))
    assert string.text in ("73", "74") and string.confidence == pytest.approx(0.5)
    assert [other.confidence for other in string.alternatives] == pytest.approx([0.5])
    seven, other = string.characters
    assert seven.confidence > 0.95 and other.confidence == pytest.approx(0.5)


def test_one_segmentation_alone_is_itself():
    one = segmentation([[1, 2], [3]], 1.0, 10)
    both = union_alternatives(one, [])
    assert np.array_equal(both.graph.start, one.graph.start) and np.array_equal(both.graph.end, one.graph.end)
    assert np.array_equal(both.positions, one.positions) and both.graph.nodes == one.graph.nodes


def test_a_span_may_be_segmented_again_and_the_rest_stays():
    line = segmentation([[1], [2, 3], [4], [5]], 1.0, 10)
    other = replace(segmentation([[6], [7]], 0.5, 20), positions=np.array([25.0, 40.0, 75.0]))
    nothing = InterpretationGraph(
        Graph(1, [], [], [], []), np.empty(0, int), line.glyphs[:0], line.penalties[:0], None, np.zeros(1)
    )
    both = union_alternatives(line, [(1, 3, other), (1, 3, nothing)])
    texts = {"".join(map(str, both.graph.label[list(path.arcs)])) for path in both.graph.paths()}
    assert texts == {"1245", "1345", "1675"}
    assert both.positions.tolist() == [0, 25, 40, 50, 75, 100]
    string = both.decode(LeNet5.pretrained("reading"))
    assert string.text == "1675" and [c.box[0] for c in string.characters] == [10, 20, 20, 10]


def test_uncertain_spans_end_at_nodes_that_nearly_all_paths_meet():
    line = segmentation([[1], [2, 3], [4], [5, 6]], 1.0, 10)  # of two labels each has about half of the paths
    assert line.best_labels() == (1, 2, 4, 5)
    assert line.uncertain_spans([0, 1, 2, 3, 4], 0.9) == [(1, 2), (3, 4)]
    assert line.uncertain_spans([0, 1, 4], 0.9) == [(1, 4)]  # the two have become one
    assert line.uncertain_spans([], 0.9) == [(0, 4)]
    assert line.uncertain_spans([0, 1, 2, 3, 4], 0.4) == []
    graph = line.graph
    past = Graph(5, [*graph.start, 1], [*graph.end, 3], [*graph.label, 8], [*graph.penalty, 2.0])
    share = past.arc_posteriors()[-1]
    assert share > DecodingSettings().bypass  # go past the second node, which therefore ends no span
    assert replace(line, graph=past, candidate=np.append(line.candidate, 1)).uncertain_spans(
        [0, 1, 2, 3, 4], 0.9
    )[0] == (1, 3)


def test_a_line_of_too_many_characters_is_refused_in_a_sentence():
    line = segmentation([[1], [2], [3]], 1.0, 10)
    model = LeNet5.pretrained("reading")
    assert line.decode(model).text == "123"
    with pytest.raises(PictureError, match="cannot read a strip: 3 characters are too many for one line"):
        line.decode(model, name="a strip", settings=DecodingSettings(most_sums=11))


def test_a_line_of_many_characters_has_fewer_readings_than_were_asked_for():
    line = segmentation([[1, 2], [3, 4], [5, 6]], 1.0, 10)  # 3 × 4 sums for each of 8 readings
    model = LeNet5.pretrained("reading")
    every = line.decode(model, best=8)
    assert len(every.alternatives) == 7
    few = line.decode(model, best=8, settings=DecodingSettings(most_sums=40))
    assert few == replace(every, alternatives=every.alternatives[:2])


def test_a_line_without_a_path_has_no_uncertain_span():
    graph = Graph(3, [0], [1], [4], [1.0])
    none = InterpretationGraph(
        graph, np.zeros(1, int), np.zeros((1, 28, 28), np.uint8), np.zeros((1, 10)), None, np.arange(3.0)
    )
    assert none.best_labels() == () and none.uncertain_spans([0, 1, 2], 0.9) == []
