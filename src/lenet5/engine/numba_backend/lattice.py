"""The loops of uncompiled/paths.py, compiled: most of what it costs to read a line that the network has seen."""

from __future__ import annotations

from math import exp, inf, log, log1p

import numpy as np
from numpy.typing import NDArray

from .jit import compiled

__all__ = ["reached", "said", "shortest"]


@compiled
def _arriving(nodes, end):
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
def _added(one, other):
    """−log(e^−one + e^−other)."""
    low, high = min(one, other), max(one, other)
    return low if high == inf else low - log1p(exp(low - high))


@compiled
def _reached(nodes, start, end, penalty):
    order, begin = _arriving(nodes, end)
    found = np.full(nodes, inf)
    found[0] = 0.0
    for node in range(1, nodes):
        arcs = order[begin[node] : begin[node + 1]]
        least = inf
        for arc in arcs:
            least = min(least, found[start[arc]] + penalty[arc])
        if least == inf:
            continue
        total = 0.0
        for arc in arcs:
            total += exp(least - found[start[arc]] - penalty[arc])
        found[node] = least - log(total)
    return found


def reached(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As uncompiled.paths.reached."""
    return _reached(nodes, start, end, penalty)


@compiled(fastmath=False)  # sums as the search makes them
def _shortest(nodes, start, end, penalty):
    order, begin = _arriving(nodes, end)
    found = np.full(nodes, inf)
    found[0] = 0.0
    for node in range(1, nodes):
        for arc in order[begin[node] : begin[node + 1]]:
            found[node] = min(found[node], found[start[arc]] + penalty[arc])
    return found


def shortest(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As uncompiled.paths.shortest."""
    return _shortest(nodes, start, end, penalty)


@compiled
def _said(nodes, start, end, label, penalty, readings):
    count, longest = readings.shape
    order, begin = _arriving(nodes, end)
    found = np.full((nodes, count, longest + 1), inf)
    found[0, :, 0] = 0.0
    for node in range(1, nodes):
        here = found[node]
        for arc in order[begin[node] : begin[node + 1]]:
            before, more, silent = found[start[arc]], penalty[arc], label[arc] == -1
            if more == inf:
                continue
            for reading in range(count):
                for k in range(longest + 1):
                    if silent:
                        here[reading, k] = _added(here[reading, k], before[reading, k] + more)
                    elif k > 0 and readings[reading, k - 1] == label[arc]:
                        here[reading, k] = _added(here[reading, k], before[reading, k - 1] + more)
    return found[-1]


def said(
    nodes: int,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    label: NDArray[np.intp],
    penalty: NDArray[np.float64],
    readings: NDArray[np.intp],
) -> NDArray[np.float64]:
    """As uncompiled.paths.said."""
    return _said(nodes, start, end, label, penalty, readings)
