"""Segmentation graphs: against every path listed, one by one."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.errors import InputError
from lenet5.lattice import sequence_penalties
from lenet5.lattice.graph import Graph

# Arcs of a random graph of at most six nodes: (start, step, label, penalty).
ARC = st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(-1, 2), st.floats(-3, 6))
GRAPHS = st.lists(ARC, max_size=14)


def built(arcs: list[tuple], nodes: int = 6) -> Graph:
    arcs = [arc for arc in arcs if arc[0] + arc[1] < nodes]
    return Graph(nodes, [a[0] for a in arcs], [a[0] + a[1] for a in arcs], [a[2] for a in arcs],
                 [a[3] for a in arcs])  # fmt: skip


def every_path(graph: Graph) -> list[tuple[float, tuple[int, ...]]]:
    """By brute force: every subset of arcs that leads from the first node to the last."""
    found = []
    for size in range(1, graph.nodes):
        for arcs in itertools.permutations(range(len(graph.start)), size):
            places = [0, *(int(graph.end[a]) for a in arcs)]
            if places[-1] == graph.nodes - 1 and all(
                graph.start[a] == p for a, p in zip(arcs, places, strict=False)
            ):
                found.append((float(sum(graph.penalty[a] for a in arcs)), arcs))
    return sorted(found)


@given(st.lists(ARC, max_size=8))
@settings(max_examples=60, deadline=None)
def test_paths_come_in_the_order_of_their_penalties_and_none_is_missed(arcs):
    graph = built(arcs)
    expected = every_path(graph)
    found = list(graph.paths())
    assert sorted(path.arcs for path in found) == sorted(arcs for _, arcs in expected)
    assert [path.penalty for path in found] == pytest.approx([penalty for penalty, _ in expected])
    best = graph.viterbi_path()
    assert (best is None) == (not expected)


@given(GRAPHS)
@settings(max_examples=60, deadline=None)
def test_the_forward_penalty_adds_up_all_paths(arcs):
    graph = built(arcs)
    total = sum(math.exp(-path.penalty) for path in graph.paths())
    expected = -math.log(total) if total else math.inf
    assert graph.forward_penalty() == pytest.approx(expected)


@pytest.mark.parametrize("together", [0, 10**9])
@given(GRAPHS, st.lists(st.lists(st.integers(0, 2), max_size=3), max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_forward_penalties_of_readings_add_up_the_paths_that_say_so(together, arcs, readings):
    graph = built(arcs)
    with mock.patch.object(sequence_penalties, "TOGETHER", together):
        found = graph.forward_penalties(readings)
    assert found.shape == (len(readings),)
    for labels, penalty in zip(readings, found, strict=True):
        total = sum(
            math.exp(-path.penalty)
            for path in graph.paths()
            if [int(graph.label[a]) for a in path.arcs if graph.label[a] >= 0] == labels
        )
        assert penalty == pytest.approx(-math.log(total) if total else math.inf)


@given(GRAPHS)
@settings(max_examples=40, deadline=None)
def test_the_slope_of_the_forward_penalty_agrees_with_finite_differences(arcs):
    graph = built(arcs)
    slopes = graph.arc_posteriors()
    if graph.viterbi_path() is None:
        assert not slopes.any()
        return
    for arc in range(len(slopes)):
        sides = []
        for step in (1e-5, -1e-5):
            penalty = graph.penalty.copy()
            penalty[arc] += step
            sides.append(Graph(6, graph.start, graph.end, graph.label, penalty).forward_penalty())
        assert slopes[arc] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-6)


@given(
    GRAPHS,
    st.lists(st.integers(-1, 2), min_size=9, max_size=9),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_composition_leaves_exactly_the_paths_the_automaton_accepts(arcs, moves, accepting):
    graph = built(arcs)
    next_state = np.reshape(moves, (3, 3))

    def accepted(path) -> bool:
        state = 0
        for arc in path.arcs:
            if graph.label[arc] >= 0:
                state = next_state[state, graph.label[arc]]
                if state < 0:
                    return False
        return accepting[state]

    composed, origin = graph.compose(next_state, accepting)
    found = [tuple(int(a) for a in origin[list(path.arcs)] if a >= 0) for path in composed.paths()]
    assert sorted(found) == sorted(path.arcs for path in graph.paths() if accepted(path))
    penalties = [path.penalty for path in composed.paths()]
    assert penalties == pytest.approx([path.penalty for path in graph.paths() if accepted(path)])


@given(GRAPHS, st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_weighted_automaton_charges_for_labels_by_its_state_and_for_the_state_it_ends_in(arcs, seed):
    graph, rng = built(arcs), np.random.default_rng(seed)
    next_state, weights, final = rng.integers(-1, 3, (3, 3)), rng.normal(0, 1, (3, 3)), rng.normal(0, 1, 3)

    def charged(path) -> float | None:
        state, penalty = 0, path.penalty
        for arc in path.arcs:
            if (label := graph.label[arc]) >= 0:
                penalty += weights[state, label]
                state = next_state[state, label]
                if state < 0:
                    return None
        return penalty + final[state]

    composed, origin = graph.compose(next_state, np.ones(3, bool), weights=weights, final=final)
    found = {
        tuple(int(a) for a in origin[list(path.arcs)] if a >= 0): path.penalty for path in composed.paths()
    }
    expected = {path.arcs: cost for path in graph.paths() if (cost := charged(path)) is not None}
    assert found == pytest.approx(expected)


def different_readings(graph: Graph, most: int) -> list[tuple[float, tuple[int, ...]]]:
    """By brute force: the least penalty of each different sequence of labels, the best first."""
    least: dict[tuple[int, ...], float] = {}
    for penalty, arcs in every_path(graph):
        labels = tuple(int(graph.label[a]) for a in arcs if graph.label[a] >= 0)
        least[labels] = min(penalty, least.get(labels, math.inf))
    return sorted((penalty, labels) for labels, penalty in least.items() if labels)[:most]


@given(st.lists(ARC, max_size=8), st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_the_best_different_readings_are_those_of_all_paths_listed(arcs, most):
    graph = built(arcs)
    expected = different_readings(graph, most)
    readings = graph.readings(most)
    assert [path.penalty for path in readings.values()] == pytest.approx([penalty for penalty, _ in expected])
    for labels, path in readings.items():
        assert labels == tuple(int(graph.label[a]) for a in path.arcs if graph.label[a] >= 0)
        assert path.penalty == pytest.approx(float(sum(graph.penalty[list(path.arcs)])))


def ties(places: int, penalty: float = 0.1) -> Graph:
    """A chain of places with two arcs of one penalty each: 2 to the power of `places` paths that are equally good."""
    start = np.repeat(np.arange(places), 2)
    return Graph(places + 1, start, start + 1, np.tile([3, 8], places), np.full(2 * places, penalty))


@pytest.mark.parametrize("places", [40, 2000])
def test_paths_of_one_penalty_are_not_all_tried_before_the_first_is_complete(places):
    graph = ties(places)
    assert graph.viterbi_path().penalty == pytest.approx(0.1 * places)
    assert graph.viterbi_path().arcs == tuple(range(0, 2 * places, 2))
    readings = graph.readings(5, steps=20 * places)
    assert len(readings) == 5
    assert {path.penalty for path in readings.values()} == {graph.viterbi_path().penalty}
    assert len({path.arcs for path in itertools.islice(graph.paths(), 10)}) == 10


def test_readings_are_found_where_ten_thousand_paths_say_the_same():
    silent = 30  # places that any of two silent arcs passes: 2³⁰ paths of each reading
    start = np.append(np.repeat(np.arange(silent), 2), [silent] * 3)
    label = np.append(np.full(2 * silent, -1), [1, 2, 3])
    graph = Graph(silent + 2, start, start + 1, label, np.append(np.zeros(2 * silent), [0.3, 0.1, 0.2]))
    assert list(graph.readings(5, steps=1000)) == [(2,), (3,), (1,)]


def test_a_search_that_may_take_no_more_steps_returns_what_it_has():
    graph = ties(30)
    assert len(graph.readings(5, steps=29)) == 0
    assert len(graph.readings(5, steps=30)) == 1


@given(GRAPHS)
@settings(max_examples=60, deadline=None)
def test_the_viterbi_path_is_the_first_of_all(arcs):
    graph = built(arcs)
    first = next(graph.paths(), None)
    best = graph.viterbi_path()
    assert (best is None) == (first is None)
    if best is not None:
        assert best.penalty == pytest.approx(first.penalty)


def test_a_composition_beyond_its_bound_is_refused():
    graph = ties(50)
    counting = np.arange(1, 102)[:, None].repeat(10, 1)
    counting[-1] = -1
    composed, _ = graph.compose(counting, np.ones(101, bool), most=101)
    assert len(composed.start) == 101  # two arcs a place, and one from the end
    with pytest.raises(InputError, match="too many ways"):
        graph.compose(counting, np.ones(101, bool), most=99)


def test_an_infinite_penalty_forbids_an_arc():
    graph = Graph(3, [0, 0, 1], [1, 2, 2], [1, 2, 3], [0.0, 5.0, np.inf])
    assert [path.arcs for path in graph.paths()] == [(1,)]
    assert graph.forward_penalty() == 5.0
    assert graph.arc_posteriors().tolist() == [0, 1, 0]


def test_a_graph_without_a_way_through_has_no_best_path():
    assert Graph(3, [0], [1], [0], [0.0]).viterbi_path() is None
    assert Graph(3, [0], [1], [0], [0.0]).forward_penalty() == math.inf


def test_a_thousand_columns_of_ten_classes_are_searched_without_trying_all_paths():
    rng = np.random.default_rng(0)
    start = np.repeat(np.arange(1000), 10)
    penalty = rng.random(10_000)
    graph = Graph(1001, start, start + 1, np.tile(np.arange(10), 1000), penalty)
    paths = list(itertools.islice(graph.paths(), 3))
    assert paths[0].penalty == pytest.approx(penalty.reshape(1000, 10).min(1).sum())
    assert paths[0].penalty <= paths[1].penalty <= paths[2].penalty


@pytest.mark.parametrize(
    ("arcs", "said"),
    [
        (([1], [1], [0], [0.0]), "from a lower to a higher"),
        (([0], [3], [0], [0.0]), "from a lower to a higher"),
        (([-1], [1], [0], [0.0]), "from a lower to a higher"),
        (([0], [1], [0], [np.nan]), "must be numbers"),
        (([0, 1], [1], [0], [0.0]), "one entry an arc"),
    ],
)
def test_arcs_that_make_no_graph_are_refused(arcs, said):
    with pytest.raises(InputError, match=said):
        Graph(3, *arcs)


def test_the_module_shows_itself():
    done = subprocess.run(
        [sys.executable, "-m", "lenet5.lattice.graph"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout.splitlines()[5] == "175 penalty 0.9"
