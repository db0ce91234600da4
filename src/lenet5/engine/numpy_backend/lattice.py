"""The loops of graphs: penalties of all paths together, added up as probabilities (Section VI-E; interface.Lattice)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["forward_scores", "prefix_scores", "sequence_scores", "viterbi_scores"]


def forward_scores(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Forward penalty from the first node to each, (nodes,), as interface.Lattice.forward_scores."""
    scores = np.full(nodes, np.inf)
    scores[0] = 0.0
    for node, arcs in enumerate(_incoming(nodes, end)):
        if len(arcs):
            scores[node] = _add(scores[start[arcs]] + penalty[arcs])
    return scores


def viterbi_scores(
    nodes: int, start: NDArray[np.intp], end: NDArray[np.intp], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Penalty of the best path to each node, (nodes,), as interface.Lattice.viterbi_scores."""
    scores = np.full(nodes, np.inf)
    scores[0] = 0.0
    for node, arcs in enumerate(_incoming(nodes, end)):
        if len(arcs):
            scores[node] = (scores[start[arcs]] + penalty[arcs]).min()
    return scores


def sequence_scores(
    nodes: int,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    label: NDArray[np.intp],
    penalty: NDArray[np.float64],
    sequences: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Forward penalty of each sequence, (sequences, longest + 1), as interface.Lattice.sequence_scores."""
    count, longest = sequences.shape
    voiced = np.isin(label, sequences)
    # Column k: the paths with the first k labels of the sequence.
    scores = np.full((nodes, count, longest + 1), np.inf)
    scores[0, :, 0] = 0.0
    for node, arcs in enumerate(_incoming(nodes, end)):
        silent, speaking = arcs[label[arcs] == -1], arcs[voiced[arcs]]
        steps = np.full((len(silent) + len(speaking), count, longest + 1), np.inf)
        if not len(steps):
            continue
        steps[: len(silent)] = scores[start[silent]] + penalty[silent, None, None]
        before = scores[start[speaking], :, :-1] + penalty[speaking, None, None]
        steps[len(silent) :, :, 1:] = np.where(label[speaking, None, None] == sequences, before, np.inf)
        scores[node] = _add(steps)
    last: NDArray[np.float64] = scores[-1].copy()  # a view would keep all of them
    return last


def prefix_scores(
    nodes: int,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    label: NDArray[np.intp],
    penalty: NDArray[np.float64],
    sequence: NDArray[np.intp],
    first: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Forward penalty to each node of each beginning, (nodes, labels + 1), as interface.Lattice.prefix_scores."""
    scores = np.full((nodes, len(sequence) + 1), np.inf)
    scores[:, 0] = first
    for node, arcs in enumerate(_incoming(nodes, end)):
        silent, speaking = arcs[label[arcs] == -1], arcs[np.isin(label[arcs], sequence)]
        if not len(silent) + len(speaking):
            continue
        going_on = scores[start[silent], 1:] + penalty[silent, None]
        before = scores[start[speaking], :-1] + penalty[speaking, None]
        next_label = np.where(label[speaking, None] == sequence, before, np.inf)
        scores[node, 1:] = _add(np.concatenate([going_on, next_label]))
    return scores


def _incoming(nodes: int, end: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Indices of the arcs that end at each node."""
    order = np.argsort(end, kind="stable")
    return np.split(order, np.searchsorted(end[order], np.arange(1, nodes)))


def _add(penalties: NDArray[np.float64]) -> NDArray[np.float64]:
    """−log Σ e^(−penalty) down the first axis."""
    least = penalties.min(0)
    finite = np.where(least < np.inf, least, 0.0)
    with np.errstate(divide="ignore"):
        total: NDArray[np.float64] = finite - np.log(np.exp(finite - penalties).sum(0))
    return total
