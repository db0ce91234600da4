"""Answers about parts of a line, by one network and by several."""

from dataclasses import replace

import numpy as np
import pytest

from lenet5.data.synthesis.negatives import noncharacters
from lenet5.imaging.shear import shear_images
from lenet5.lattice.graph import Graph
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.reading.candidates import CANDIDATES, cascade
from lenet5.reading.interpretation_graph import (
    DecodingSettings,
    InterpretationGraph,
    classify_views,
    union_alternatives,
)


def test_parts_are_seen_as_they_are_and_leaning(mnist_test):
    model, fields = LeNet5.pretrained("reading"), mnist_test[0][:30]
    seen = classify_views(model, fields, (-0.2, 0.2))
    assert len(seen) == 3
    for slant, penalties in zip((None, -0.2, 0.2), seen, strict=True):
        view = fields if slant is None else shear_images(fields, slant)
        np.testing.assert_allclose(penalties, model.penalties(view), rtol=1e-5)


def test_several_networks_answer_together(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), LeNet5.pretrained("displacement")])
    fields = np.concatenate([mnist_test[0][:60], noncharacters(0, 60)])
    (seen,) = classify_views(ensemble, fields, ())
    np.testing.assert_allclose(seen, ensemble.penalties(fields), rtol=1e-5)


def test_in_a_cascade_the_first_answers_alone_where_it_is_sure(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), LeNet5.pretrained("displacement")])
    fields = np.concatenate([mnist_test[0][:60], noncharacters(0, 60)])
    first = ensemble.members[0]
    known = first.penalties(fields)
    seen = cascade(ensemble, fields, known)
    likely = first.posterior(fields)
    alone = (likely.sum(1) < CANDIDATES.hardly) | (likely.max(1) >= CANDIDATES.surely)
    assert 40 < alone.sum() < 115 and alone[:60].any() and alone[60:].any()
    assert np.array_equal(seen[alone], known[alone])
    np.testing.assert_allclose(seen[~alone], ensemble.penalties(fields[~alone]), rtol=1e-5)
    assert np.array_equal(known, first.penalties(fields))  # as it was given


def test_in_a_cascade_specialists_are_not_asked(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), LeNet5.pretrained("displacement")])
    helped = Ensemble(ensemble.members, [LeNet5.pretrained("digits")])
    fields = mnist_test[0][:200]
    known = ensemble.members[0].penalties(fields)
    assert np.array_equal(cascade(helped, fields, known), cascade(ensemble, fields, known))
    assert not np.array_equal(helped.penalties(fields), ensemble.penalties(fields))


def test_in_a_cascade_the_others_are_asked_only_of_what_matters(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), LeNet5.pretrained("displacement")])
    fields = noncharacters(0, 120)
    known = ensemble.members[0].penalties(fields)
    matters = np.arange(120) % 2 == 0
    seen, every = cascade(ensemble, fields, known, matters), cascade(ensemble, fields, known)
    assert np.array_equal(seen[~matters], known[~matters]) and not np.array_equal(
        every[~matters], known[~matters]
    )
    np.testing.assert_allclose(seen[matters], every[matters], rtol=1e-5)


def test_one_network_in_a_cascade_answers_alone(mnist_test):
    model, fields = LeNet5.pretrained("reading"), mnist_test[0][:60]
    known = model.penalties(fields)
    assert np.array_equal(cascade(model, fields, known), known)
    assert cascade(model, fields[:0], known[:0]).shape == (0, 10)


def parts_of_two(labels: list[list[int]], penalty: float, at: float) -> InterpretationGraph:
    """A way of parting a line in as many parts as there are lists, each with the labels that may be said there."""
    arcs = [(k, k + 1, label) for k, said in enumerate(labels) for label in said]
    start, end, label = np.array(arcs).T
    graph = Graph(len(labels) + 1, start, end, label, penalty + 0.1 * np.arange(len(arcs)))
    fields = np.full((len(labels), 28, 28), int(at), np.uint8)
    penalties = np.full((len(labels), 10), 900, np.float32)
    for row, said in zip(penalties, labels, strict=True):
        row[said] = 0  # the network is sure of them
    nodes = np.linspace(0, 100, len(labels) + 1)
    return InterpretationGraph(graph, start, fields, penalties, lambda part: (int(at), part, 1, 1), nodes)


def test_a_path_goes_one_of_several_ways_from_end_to_end():
    ways = [
        parts_of_two([[1, 2], [3], [4]], 1.0, 10),
        parts_of_two([[7], [3]], 1.2, 20),
        parts_of_two([[5]], 9.0, 30),
    ]
    both = union_alternatives(ways[0], [(0, 3, way) for way in ways[1:]])
    said = {}
    for path in both.graph.paths():
        said["".join(map(str, both.graph.label[list(path.arcs)]))] = path.penalty
    assert sorted(said) == ["134", "234", "5", "73"]
    for way in ways:
        for path in way.graph.paths():
            text = "".join(map(str, way.graph.label[list(path.arcs)]))
            assert said[text] == pytest.approx(path.penalty)
    assert both.graph.forward_penalty() == pytest.approx(
        -np.log(sum(np.exp(-way.graph.forward_penalty()) for way in ways))
    )
    for arc, part in enumerate(both.candidate):
        left, number, *_ = both.box(part)
        assert (both.glyphs[part] == left).all()  # each keeps its own
        assert both.penalties[part, both.graph.label[arc]] == 0
        assert ways[left // 10 - 1].graph.label[arc - [0, 4, 6][left // 10 - 1]] == both.graph.label[arc]
        assert 0 <= number < len(ways[left // 10 - 1].glyphs)


def test_ways_that_say_the_same_in_the_same_place_speak_for_each_other():
    ways = [parts_of_two([[7], [3]], 1.0, 10), parts_of_two([[7], [4]], 1.0, 20)]
    found = union_alternatives(ways[0], [(0, 2, ways[1])]).decode(LeNet5.pretrained("reading"))
    assert found.text in ("73", "74") and found.confidence == pytest.approx(0.5)
    assert [other.confidence for other in found.alternatives] == pytest.approx([0.5])
    seven, other = found.characters
    assert seven.confidence > 0.95 and other.confidence == pytest.approx(0.5)


def test_a_way_alone_is_itself():
    one = parts_of_two([[1, 2], [3]], 1.0, 10)
    both = union_alternatives(one, [])
    assert np.array_equal(both.graph.start, one.graph.start) and np.array_equal(both.graph.end, one.graph.end)
    assert np.array_equal(both.positions, one.positions) and both.graph.nodes == one.graph.nodes


def test_a_stretch_may_be_parted_in_another_way_and_the_rest_stays():
    line = parts_of_two([[1], [2, 3], [4], [5]], 1.0, 10)
    other = replace(parts_of_two([[6], [7]], 0.5, 20), positions=np.array([25.0, 40.0, 75.0]))
    nothing = InterpretationGraph(
        Graph(1, [], [], [], []), np.empty(0, int), line.glyphs[:0], line.penalties[:0], None, np.zeros(1)
    )
    both = union_alternatives(line, [(1, 3, other), (1, 3, nothing)])
    said = {"".join(map(str, both.graph.label[list(path.arcs)])) for path in both.graph.paths()}
    assert said == {"1245", "1345", "1675"}
    assert both.positions.tolist() == [0, 25, 40, 50, 75, 100]
    found = both.decode(LeNet5.pretrained("reading"))
    assert found.text == "1675" and [c.box[0] for c in found.characters] == [10, 20, 20, 10]


def test_stretches_are_doubtful_between_nodes_that_all_paths_meet():
    line = parts_of_two([[1], [2, 3], [4], [5, 6]], 1.0, 10)  # of two labels each has about half of the paths
    assert line.best_labels() == (1, 2, 4, 5)
    assert line.uncertain_spans([0, 1, 2, 3, 4], 0.9) == [(1, 2), (3, 4)]
    assert line.uncertain_spans([0, 1, 4], 0.9) == [(1, 4)]  # the two have become one
    assert line.uncertain_spans([], 0.9) == [(0, 4)]
    assert line.uncertain_spans([0, 1, 2, 3, 4], 0.4) == []
    graph = line.graph
    past = Graph(5, [*graph.start, 1], [*graph.end, 3], [*graph.label, 8], [*graph.penalty, 2.0])
    share = past.forward_slopes()[-1]
    assert share > DecodingSettings().bypass  # go past the second node, which therefore ends no stretch
    assert replace(line, graph=past, candidate=np.append(line.candidate, 1)).uncertain_spans(
        [0, 1, 2, 3, 4], 0.9
    )[0] == (1, 3)


def test_where_nothing_can_be_read_there_is_no_doubt():
    graph = Graph(3, [0], [1], [4], [1.0])
    none = InterpretationGraph(
        graph, np.zeros(1, int), np.zeros((1, 28, 28), np.uint8), np.zeros((1, 10)), None, np.arange(3)
    )
    assert none.best_labels() == () and none.uncertain_spans([0, 1, 2], 0.9) == []
