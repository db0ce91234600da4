"""The loops of graph.py: penalties of all paths together, added up as probabilities (Section VI-E)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["reached", "said", "shortest"]


def reached(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Forward penalty from the first node to each, (nodes,): −log Σ e^(−penalty) over all paths; inf for none.

    start, end, penalty: (arcs,), every arc from a lower node to a higher.
    """
    found = np.full(nodes, np.inf)
    found[0] = 0.0
    for node, arcs in enumerate(_arriving(nodes, end)):
        if len(arcs):
            found[node] = _added(found[start[arcs]] + penalty[arcs])
    return found


def shortest(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Penalty of the best path from the first node to each, (nodes,): Viterbi's recursion. As for `reached`."""
    found = np.full(nodes, np.inf)
    found[0] = 0.0
    for node, arcs in enumerate(_arriving(nodes, end)):
        if len(arcs):
            found[node] = (found[start[arcs]] + penalty[arcs]).min()
    return found


def said(
    nodes: int,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    label: NDArray[np.intp],
    penalty: NDArray[np.float64],
    readings: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Forward penalty to the last node of the paths that say the first k labels of a reading, (readings, longest + 1).

    label: (arcs,), −1 for silent arcs, which may lie anywhere between. readings: (readings, longest), filled up with
    what is no arc's label.
    """
    count, longest = readings.shape
    spoken = np.isin(label, readings)
    # Column k: the paths which have said the first k of the labels.
    found = np.full((nodes, count, longest + 1), np.inf)
    found[0, :, 0] = 0.0
    for node, arcs in enumerate(_arriving(nodes, end)):
        silent, speaking = arcs[label[arcs] == -1], arcs[spoken[arcs]]
        steps = np.full((len(silent) + len(speaking), count, longest + 1), np.inf)
        if not len(steps):
            continue
        steps[: len(silent)] = found[start[silent]] + penalty[silent, None, None]
        before = found[start[speaking], :, :-1] + penalty[speaking, None, None]
        steps[len(silent) :, :, 1:] = np.where(label[speaking, None, None] == readings, before, np.inf)
        found[node] = _added(steps)
    return found[-1]


def _arriving(nodes: int, end: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Arcs that arrive at each node."""
    order = np.argsort(end, kind="stable")
    return np.split(order, np.searchsorted(end[order], np.arange(1, nodes)))


def _added(penalties: NDArray[np.float64]) -> NDArray[np.float64]:
    """−log Σ e^(−penalty) down the first axis."""
    least = penalties.min(0)
    finite = np.where(least < np.inf, least, 0.0)
    with np.errstate(divide="ignore"):
        return finite - np.log(np.exp(finite - penalties).sum(0))
