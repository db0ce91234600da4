"""Sums over the paths of a graph, compiled and not: the same, and what all paths one by one come to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.engine.numba_backend import lattice as compiled
from lenet5.engine.numpy_backend import lattice as plain
from lenet5.lattice.graph import Graph


def some_graph(nodes: int, arcs: int, seed: int) -> tuple[np.ndarray, ...]:
    """start, end, label (−1: silent), penalty (inf: forbidden) of arcs at random, in any order."""
    rng = np.random.default_rng(seed)
    start, end = np.sort(np.stack([rng.permutation(nodes)[:2] for _ in range(arcs)]), 1).T
    penalty = np.where(rng.random(arcs) < 0.1, np.inf, rng.normal(0, 3, arcs))
    return np.ascontiguousarray(start), np.ascontiguousarray(end), rng.integers(-1, 3, arcs), penalty


@given(st.integers(2, 8), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_compiled_sums_are_the_plain_ones(nodes, arcs, seed):
    start, end, label, penalty = some_graph(nodes, arcs, seed)
    readings = np.random.default_rng(seed).integers(-2, 3, (4, 3))
    readings[readings == -1] = -2
    with np.errstate(invalid="ignore"):
        for name in ("forward_scores", "viterbi_scores"):
            one, other = (getattr(loops, name)(nodes, start, end, penalty) for loops in (compiled, plain))
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
        one, other = (
            loops.sequence_scores(nodes, start, end, label, penalty, readings) for loops in (compiled, plain)
        )
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
        first = np.where(np.random.default_rng(seed).random(nodes) < 0.5, np.inf, 1.5)
        one, other = (
            loops.prefix_scores(nodes, start, end, label, penalty, readings[0], first)
            for loops in (compiled, plain)
        )
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loops", [compiled, plain])
@pytest.mark.parametrize("seed", range(5))
def test_sums_are_those_of_all_paths_one_by_one(loops, seed):
    start, end, label, penalty = some_graph(5, 14, seed)
    every = list(Graph(5, start, end, label, penalty).paths())
    total = loops.forward_scores(5, start, end, penalty)[-1]
    least = loops.viterbi_scores(5, start, end, penalty)[-1]
    if not every:
        assert total == least == np.inf
        return
    assert total == pytest.approx(-np.log(sum(np.exp(-path.penalty) for path in every)))
    assert least == pytest.approx(every[0].penalty)
    for path in every[:3]:
        text = [k for k in label[list(path.arcs)].tolist() if k >= 0]
        same = [q.penalty for q in every if [k for k in label[list(q.arcs)].tolist() if k >= 0] == text]
        found = loops.sequence_scores(5, start, end, label, penalty, np.array([text], np.intp).reshape(1, -1))
        assert found[0, len(text)] == pytest.approx(-np.log(np.exp(-np.array(same)).sum()))
