"""The loops of graphs, compiled: most of the time to read a line after the network has answered (interface.Lattice)."""

from __future__ import annotations

from math import exp, inf, log, log1p

import numpy as np
from numpy.typing import NDArray

from .jit import compiled

__all__ = ["forward_scores", "prefix_scores", "sequence_scores", "viterbi_scores"]


@compiled
def _incoming(nodes, end):
    """Arcs in the order of the nodes that they arrive at, and where those of each node begin, (nodes + 1,)."""
    begin = np.zeros(nodes + 1, np.intp)
    for node in end:
        begin[node + 1] += 1
    for node in range(nodes):
        begin[node + 1] += begin[node]
    order, place = np.empty(len(end), np.intp), begin.copy()
    for arc in range(len(end)):
        order[place[end[arc]]] = arc
        place[end[arc]] += 1
    return order, begin


@compiled
def _add(one, other):
    """−log(e^−one + e^−other)."""
    low, high = min(one, other), max(one, other)
    return low if high == inf else low - log1p(exp(low - high))


@compiled
def _forward_scores(nodes, start, end, penalty):
    order, begin = _incoming(nodes, end)
    scores = np.full(nodes, inf)
    scores[0] = 0.0
    for node in range(1, nodes):
        arcs = order[begin[node] : begin[node + 1]]
        least = inf
        for arc in arcs:
            least = min(least, scores[start[arc]] + penalty[arc])
        if least == inf:
            continue
        total = 0.0
        for arc in arcs:
            total += exp(least - scores[start[arc]] - penalty[arc])
        scores[node] = least - log(total)
    return scores


def forward_scores(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As interface.Lattice.forward_scores."""
    return _forward_scores(nodes, start, end, penalty)


@compiled
def _viterbi_scores(nodes, start, end, penalty):
    order, begin = _incoming(nodes, end)
    scores = np.full(nodes, inf)
    scores[0] = 0.0
    for node in range(1, nodes):
        for arc in order[begin[node] : begin[node + 1]]:
            scores[node] = min(scores[node], scores[start[arc]] + penalty[arc])
    return scores


def viterbi_scores(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As interface.Lattice.viterbi_scores."""
    return _viterbi_scores(nodes, start, end, penalty)


@compiled
def _sequence_scores(nodes, start, end, label, penalty, sequences):
    count, longest = sequences.shape
    order, begin = _incoming(nodes, end)
    scores = np.full((nodes, count, longest + 1), inf)
    scores[0, :, 0] = 0.0
    # The fewest and the most labels of a path to each node: all other scores are infinite.
    fewest, most = np.full(nodes, longest + 1), np.full(nodes, -1)
    fewest[0] = most[0] = 0
    for node in range(1, nodes):
        here = scores[node]
        for arc in order[begin[node] : begin[node + 1]]:
            before, more, labels = scores[start[arc]], penalty[arc], 0 if label[arc] == -1 else 1
            if more == inf:
                continue
            first, last = fewest[start[arc]] + labels, min(most[start[arc]] + labels, longest)
            fewest[node], most[node] = min(fewest[node], first), max(most[node], last)
            for sequence in range(count):
                for k in range(first, last + 1):
                    if labels == 0 or sequences[sequence, k - 1] == label[arc]:
                        here[sequence, k] = _add(here[sequence, k], before[sequence, k - labels] + more)
    return scores[-1].copy()  # a view would keep all of them


def sequence_scores(
    nodes: int,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    label: NDArray[np.intp],
    penalty: NDArray[np.float64],
    sequences: NDArray[np.intp],
) -> NDArray[np.float64]:
    """As interface.Lattice.sequence_scores."""
    return _sequence_scores(nodes, start, end, label, penalty, sequences)


@compiled
def _prefix_scores(nodes, start, end, label, penalty, sequence, first):
    longest = len(sequence)
    order, begin = _incoming(nodes, end)
    scores = np.full((nodes, longest + 1), inf)
    # The fewest and the most labels of a path to each node: all other scores are infinite.
    fewest, most = np.full(nodes, longest + 1), np.full(nodes, -1)
    for node in range(nodes):
        here = scores[node]
        here[0] = first[node]
        if here[0] < inf:
            fewest[node] = most[node] = 0
        for arc in order[begin[node] : begin[node + 1]]:
            before, more, labels = scores[start[arc]], penalty[arc], 0 if label[arc] == -1 else 1
            if more == inf:
                continue
            low, high = max(fewest[start[arc]] + labels, 1), min(most[start[arc]] + labels, longest)
            if low > high:
                continue
            fewest[node], most[node] = min(fewest[node], low), max(most[node], high)
            for k in range(low, high + 1):
                if labels == 0 or sequence[k - 1] == label[arc]:
                    here[k] = _add(here[k], before[k - labels] + more)
    return scores


def prefix_scores(
    nodes: int,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    label: NDArray[np.intp],
    penalty: NDArray[np.float64],
    sequence: NDArray[np.intp],
    first: NDArray[np.float64],
) -> NDArray[np.float64]:
    """As interface.Lattice.prefix_scores."""
    return _prefix_scores(nodes, start, end, label, penalty, sequence, first)
