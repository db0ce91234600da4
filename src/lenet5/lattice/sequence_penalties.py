"""Forward penalties of sequences of labels: of all paths through a graph that say so, summed as probabilities.

The best readings of a long line differ in few places: what they share at the beginning and at the end is summed once
for all of them, and for each only what lies between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engine.interface import Lattice

__all__ = ["Arcs", "sequence_penalties"]

TOGETHER = 200_000  # nodes × labels × sequences, up to which they are summed together, whatever they share


@dataclass(frozen=True, eq=False)
class Arcs:
    """The arcs of a graph of so many nodes, as of lattice.graph.Graph, and the backend's sums over paths."""

    nodes: int
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    label: NDArray[np.intp]
    penalty: NDArray[np.float64]
    loops: Lattice

    def reversed(self) -> Arcs:
        """The same arcs from the last node to the first."""
        last = self.nodes - 1
        return Arcs(self.nodes, last - self.end, last - self.start, self.label, self.penalty, self.loops)

    def going_on(self, labels: NDArray[np.intp], first: NDArray[np.float64]) -> NDArray[np.float64]:
        """Forward penalty to each node after each of some labels, (nodes, labels + 1), from that before, (nodes,)."""
        return self.loops.prefix_scores(
            self.nodes, self.start, self.end, self.label, self.penalty, labels, first
        )

    def after_labels(self, labels: NDArray[np.intp], wanted: set[int]) -> dict[int, NDArray[np.float64]]:
        """Forward penalty to each node of the paths with the first k labels, (nodes,), for each k that is wanted."""
        silent = self.label == -1
        first = self.loops.forward_scores(
            self.nodes, self.start[silent], self.end[silent], self.penalty[silent]
        )
        scores = self.going_on(labels[: max(wanted, default=0)], first)
        return {k: scores[:, k].copy() for k in wanted}  # a view would keep all of them


def sequence_penalties(arcs: Arcs, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """The forward penalty of each sequence of labels, (sequences,); inf where no path has its labels and no others.

    Args:
        arcs: of the graph; silent ones, of label −1, may lie anywhere between.
        sequences: labels from the first node to the last.
    """
    longest = max(map(len, sequences), default=0)
    if len(sequences) > 1 and arcs.nodes * (longest + 1) * len(sequences) > TOGETHER:
        return _by_shared_ends(arcs, [np.asarray(labels, np.intp) for labels in sequences])
    wanted = np.full((len(sequences), longest), -2, np.intp)  # −2: no arc's label
    for row, labels in zip(wanted, sequences, strict=True):
        row[: len(labels)] = labels
    scores = arcs.loops.sequence_scores(arcs.nodes, arcs.start, arcs.end, arcs.label, arcs.penalty, wanted)
    return scores[np.arange(len(sequences)), [len(labels) for labels in sequences]]


def _by_shared_ends(arcs: Arcs, sequences: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    """`sequence_penalties`, with the labels that each shares with the first one summed once."""
    shared = [_shared_ends(sequences[0], labels) for labels in sequences]
    before = arcs.after_labels(sequences[0], {begin for begin, _ in shared})
    behind = arcs.reversed().after_labels(sequences[0][::-1], {rest - 1 for _, rest in shared if rest})
    penalties = np.empty(len(sequences))
    for number, (labels, (begin, rest)) in enumerate(zip(sequences, shared, strict=True)):
        at = len(labels) - rest
        here = arcs.going_on(labels[begin:at], before[begin])[:, -1]
        if not rest:
            penalties[number] = here[-1]
            continue
        # Each path has one arc of the first label of the end that is shared.
        arc = np.flatnonzero(arcs.label == labels[at])
        whole = here[arcs.start[arc]] + arcs.penalty[arc] + behind[rest - 1][::-1][arcs.end[arc]]
        penalties[number] = -np.logaddexp.reduce(-whole, initial=-np.inf)
    return penalties


def _shared_ends(first: NDArray[np.intp], other: NDArray[np.intp]) -> tuple[int, int]:
    """How many labels two sequences share at the beginning, and how many of the others at the end."""
    shorter = min(len(first), len(other))
    begin = int(np.append(first[:shorter] != other[:shorter], True).argmax())
    left = shorter - begin
    differ = first[len(first) - left :][::-1] != other[len(other) - left :][::-1]
    return begin, int(np.append(differ, True).argmax())
