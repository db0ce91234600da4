"""Graphs of penalties and their paths (Sections IV-B, V and VI-E): Viterbi, n-best, forward penalty, composition.

No network is known here: penalties in, paths out. Nodes are places between pieces of a line, in reading order. An
arc is one reading of what lies between two of them, with a label and a penalty. A path from the first node to the
last is a reading of the line, and its penalty is the sum of its arcs'. The Viterbi path has the least penalty. The
forward penalty sums all paths as probabilities, −log Σ e^(−penalty). Its derivative by an arc's penalty is the
posterior of the arc: the share of all paths, weighted by probability, that use it (Section VI-D).

`python -m lenet5.lattice.graph` shows a small graph and its paths.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.interface import Lattice
from ..engine.numpy_backend import lattice as numpy_loops
from ..errors import InputError

__all__ = ["Graph", "Path"]


@dataclass(frozen=True)
class Path:
    """A path through a graph: indices of its arcs from left to right, and the sum of their penalties."""

    arcs: tuple[int, ...]
    penalty: float


@dataclass(frozen=True, eq=False)
class Graph:
    """Arcs between nodes, every one from a lower node to a higher; paths run from node 0 to the last.

    Args:
        nodes: number of nodes.
        start, end: (arcs,) integers, the nodes that an arc connects.
        label: (arcs,) integers; their meaning is the caller's. −1 is a silent arc (an epsilon of OpenFST).
        penalty: (arcs,) floats, nats; inf forbids an arc.
        loops: the backend's sums over paths (engine.interface.Lattice); NumPy's, unless given.

    Raises:
        InputError: an arc does not run forward, or a penalty is no number.
    """

    nodes: int
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    label: NDArray[np.intp]
    penalty: NDArray[np.float64]
    loops: Lattice

    def __init__(
        self,
        nodes: int,
        start: ArrayLike,
        end: ArrayLike,
        label: ArrayLike,
        penalty: ArrayLike,
        loops: Lattice = numpy_loops,
    ) -> None:
        for name, value in (("start", start), ("end", end), ("label", label)):
            object.__setattr__(self, name, np.asarray(value, np.intp).reshape(-1))
        object.__setattr__(self, "penalty", np.asarray(penalty, np.float64).reshape(-1))
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "loops", loops)
        self._check()

    def _check(self) -> None:
        arcs = len(self.start)
        if not arcs == len(self.end) == len(self.label) == len(self.penalty):
            raise InputError("start, end, label and penalty of a graph must have one entry an arc")
        if arcs and (self.start.min() < 0 or self.end.max() >= self.nodes or (self.start >= self.end).any()):
            raise InputError(f"arcs must run from a lower to a higher of the nodes 0 … {self.nodes - 1}")
        if np.isnan(self.penalty).any() or (self.penalty == -np.inf).any():
            raise InputError("penalties of arcs must be numbers, or inf to forbid an arc")

    @cached_property
    def leaving(self) -> list[list[int]]:
        """Arcs that leave each node."""
        leaving: list[list[int]] = [[] for _ in range(self.nodes)]
        for arc, node in enumerate(self.start.tolist()):
            leaving[node].append(arc)
        return leaving

    def _onward(self, sums: Callable[..., NDArray[np.float64]]) -> NDArray[np.float64]:
        """Penalty, by `sums`, of the paths from each node to the last, (nodes,): computed on the reversed graph."""
        last = self.nodes - 1
        return sums(self.nodes, last - self.end, last - self.start, self.penalty)[::-1]

    def paths(self) -> Iterator[Path]:
        """All paths, the one of least penalty first; those that a penalty of inf forbids are left out.

        A* search with an exact heuristic, the least penalty from a node to the last: every partial path that is
        extended begins the next best path. The arcs that leave a node are sorted, and one enters the queue only
        when the one before it has been taken. Each path takes a step or two for each of its arcs.
        """
        least = self._onward(self.loops.viterbi_scores)
        whole = self.penalty + least[self.end]  # of an arc and the best path after it
        order = np.lexsort((whole, self.start))
        order = order[whole[order] < np.inf]
        first = np.searchsorted(self.start[order], np.arange(self.nodes + 1)).tolist()
        arcs, onward = order.tolist(), whole[order].tolist()
        end, penalty = self.end[order].tolist(), self.penalty[order].tolist()
        # (least penalty of a whole path, order of arrival, penalty so far, index of the next arc in `arcs`, index of
        # the last arc of the same node, arcs so far as a linked list)
        waiting: list[tuple[Any, ...]] = []
        arrivals = 0
        if self.nodes == 1:
            yield Path((), 0.0)
        elif first[0] < first[1]:
            waiting.append((onward[0], 0, 0.0, 0, first[1] - 1, None))
        while waiting:
            _, _, so_far, place, last, trail = heapq.heappop(waiting)
            if place < last:
                arrivals += 1
                heapq.heappush(
                    waiting, (so_far + onward[place + 1], arrivals, so_far, place + 1, last, trail)
                )
            here, node, trail = so_far + penalty[place], end[place], (arcs[place], trail)
            if node < self.nodes - 1:
                arrivals += 1
                entry = here + onward[first[node]], arrivals, here, first[node], first[node + 1] - 1, trail
                heapq.heappush(waiting, entry)
                continue
            taken = []
            while trail:
                arc, trail = trail
                taken.append(arc)
            yield Path(tuple(reversed(taken)), here)

    def viterbi_path(self) -> Path | None:
        """The path of least penalty; None where no path leads to the last node."""
        return self._viterbi_path

    @cached_property
    def _viterbi_path(self) -> Path | None:
        return next(self.paths(), None)

    def forward_penalty(self) -> float:
        """−log Σ over all paths of e^(−penalty) (Section VI-E); inf where there is no path."""
        return float(self._forward_scores[-1])

    def forward_penalties(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """The forward penalty of each sequence of labels, (sequences,): of the paths with its labels and no others.

        Silent arcs, those of label −1, may lie anywhere between.
        """
        longest = max(map(len, sequences), default=0)
        wanted = np.full((len(sequences), longest), -2, np.intp)  # −2: no arc's label
        for row, labels in zip(wanted, sequences, strict=True):
            row[: len(labels)] = labels
        scores = self.loops.sequence_scores(
            self.nodes, self.start, self.end, self.label, self.penalty, wanted
        )
        return scores[np.arange(len(sequences)), [len(labels) for labels in sequences]]

    @cached_property
    def _forward_scores(self) -> NDArray[np.float64]:
        """Forward penalty from the first node to each, (nodes,)."""
        return self.loops.forward_scores(self.nodes, self.start, self.end, self.penalty)

    def arc_posteriors(self) -> NDArray[np.float64]:
        """Share of all paths, weighted by probability, through each arc, (arcs,): derivative of the forward penalty."""
        scores, ahead = self._forward_scores, self._onward(self.loops.forward_scores)
        if scores[-1] == np.inf:
            return np.zeros(len(self.start))
        share: NDArray[np.float64] = np.exp(
            scores[-1] - (scores[self.start] + self.penalty + ahead[self.end])
        )
        return share

    def compose(self, next_state: ArrayLike, accepting: ArrayLike) -> tuple[Graph, NDArray[np.intp]]:
        """The graph composed with an automaton (Section VI-C): only paths whose labels it accepts are left.

        Args:
            next_state: (states, labels) integers, −1 where a label may not follow; state 0 is the first. A silent
                arc leaves the state as it is.
            accepting: (states,) bool.

        Returns:
            The composed graph, and for each of its arcs the index of the arc it stands for (−1: none).
        """
        follow, accepting = np.asarray(next_state, np.intp), np.asarray(accepting, bool)
        states = len(follow)
        arcs: list[tuple[int, int, int, int]] = []  # start, end, label, arc that it stands for
        reachable = np.zeros((self.nodes, states), bool)
        reachable[0, 0] = True
        for node in range(self.nodes):
            for arc in self.leaving[node]:
                label, end = int(self.label[arc]), int(self.end[arc])
                for state in np.flatnonzero(reachable[node]).tolist():
                    after = state if label < 0 else int(follow[state, label])
                    if after >= 0:
                        reachable[end, after] = True
                        arcs.append((node * states + state, end * states + after, label, arc))
        last = self.nodes * states  # one node after all accepting states of the last
        for state in np.flatnonzero(accepting & reachable[-1]).tolist():
            arcs.append(((self.nodes - 1) * states + state, last, -1, -1))
        start, stop, labels, origin = np.array(arcs, np.intp).reshape(-1, 4).T
        penalty = np.where(origin < 0, 0.0, np.append(self.penalty, 0.0)[origin])
        return Graph(last + 1, start, stop, labels, penalty, self.loops), origin


def _small() -> str:
    """A small graph and its paths, in text."""
    graph = Graph(4, [0, 0, 1, 1, 2], [1, 2, 2, 3, 3], [1, 4, 7, 2, 5], [0.2, 1.5, 0.4, 2.0, 0.3])
    arcs = zip(graph.start, graph.label, graph.penalty, graph.end, strict=True)
    lines = ["{} --{} ({})--> {}".format(*arc) for arc in arcs]
    for path in graph.paths():
        text = "".join(str(graph.label[a]) for a in path.arcs)
        lines.append(f"{text} penalty {path.penalty:.1f}")
    return "\n".join([*lines, f"forward penalty {graph.forward_penalty():.4f}"])


if __name__ == "__main__":
    print(_small())
