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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..deadline import NEVER, Deadline
from ..engine.interface import Lattice
from ..engine.numpy_backend import lattice as numpy_loops
from ..errors import InputError
from .sequence_penalties import Arcs, sequence_penalties

__all__ = ["COMPOSED_ARCS", "SEARCH_STEPS", "Graph", "Path", "too_many_arcs"]

SEARCH_STEPS = 500_000  # of a search for different readings, about a second; lines of text take a few hundred
STEPS_UNCHECKED = 4096  # of a search between two checks of its deadline, some milliseconds
COMPOSED_ARCS = (
    1_000_000  # of a graph composed with an automaton, about 100 MB; an amount of five digits has 10,000
)


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

    @cached_property
    def _departures(self) -> _Departures:
        """The arcs on some path, those of each node with the best first."""
        least = self._onward(self.loops.viterbi_scores)
        whole = self.penalty + least[self.end]  # of an arc and the best path after it
        possible = np.flatnonzero(whole < np.inf)
        order = possible[np.lexsort((whole[possible], self.start[possible]))]
        start = self.start[order]
        return _Departures(
            order.tolist(),
            self.end[order].tolist(),
            self.penalty[order].tolist(),
            (whole[order] - least[start]).tolist(),
            np.searchsorted(start, np.arange(self.nodes + 1)).tolist(),
        )

    def paths(self) -> Iterator[Path]:
        """All paths, the one of least penalty first; those that a penalty of inf forbids are left out.

        Each path takes a step or two for each of its arcs (`_best_first`), however many paths have one penalty.
        """
        return self._best_first(lambda arc, node, prefix: prefix)

    def readings(
        self, most: int, steps: int = SEARCH_STEPS, deadline: Deadline = NEVER
    ) -> dict[tuple[int, ...], Path]:
        """The best different sequences of labels, silent arcs left out, and the best path of each.

        A path is followed no further where it is not among the best `most` + 1 with different labels that lead to its
        node: each of the others, going on in the same way, makes a better reading. The work is bounded by
        `most` times the arcs, whatever the ties.

        Args:
            most: sequences wanted; the empty one is not among them.
            steps: of the search; those found until then are returned. The best path takes a step for each arc.
            deadline: checked from time to time.

        Returns:
            In the order of their penalties.

        Raises:
            TimeLimitError: the deadline has passed.
        """
        prefixes = _Prefixes(self.label.tolist(), most + 1)
        readings: dict[tuple[int, ...], Path] = {}
        for path in self._best_first(prefixes.enter, steps, deadline):
            labels = tuple(label for label in self.label[list(path.arcs)].tolist() if label >= 0)
            if labels:
                readings[labels] = path
            if len(readings) >= most:
                break
        return readings

    def _best_first(
        self,
        enter: Callable[[int, int, int], int | None],
        steps: int | None = None,
        deadline: Deadline = NEVER,
    ) -> Iterator[Path]:
        """Paths in the order of their penalties, by A* search with an exact heuristic (Hart et al. 1968).

        What a partial path costs more than the best one, its detour, is exactly 0 along the best path, and grows by
        the detour of each further arc. The partial path of the least detour is extended first; of equal ones that
        which is furthest on, so that ties are not all tried before the first path is complete. The arcs that leave
        a node are sorted, and one enters the queue only when the one before it has been taken.

        Args:
            enter: given an arc, the node that it leads to and the prefix it goes on from, the new prefix, or None
                where the path is not to be followed.
            steps: partial paths that are extended at most.
            deadline: checked from time to time.

        Returns:
            The paths that were followed to the last node.
        """
        if self.nodes == 1:
            yield Path((), 0.0)
            return
        arcs, ends, penalties, detours, first = self._departures
        # (detour with the next arc, −node, order of arrival, detour so far, penalty so far, index of the next arc,
        # index after the last arc of the same node, prefix, arcs so far as a linked list)
        waiting: list[tuple[Any, ...]] = []
        if first[0] < first[1]:
            waiting.append((detours[0], 0, 0, 0.0, 0.0, 0, first[1], 0, None))
        arrivals = taken = 0
        while waiting and (steps is None or taken < steps):
            taken += 1
            if taken % STEPS_UNCHECKED == 0:
                deadline.check()
            detour, at, _, before, so_far, place, stop, prefix, trail = heapq.heappop(waiting)
            if place + 1 < stop:
                arrivals += 1
                sibling = (
                    before + detours[place + 1],
                    at,
                    arrivals,
                    before,
                    so_far,
                    place + 1,
                    stop,
                    prefix,
                    trail,
                )
                heapq.heappush(waiting, sibling)
            here, node, trail = so_far + penalties[place], ends[place], (arcs[place], trail)
            followed = enter(arcs[place], node, prefix)
            if followed is None:
                continue
            if node == self.nodes - 1:
                yield Path(_arcs_of(trail), here)
                continue
            arrivals += 1
            place, stop = first[node], first[node + 1]
            heapq.heappush(
                waiting,
                (detour + detours[place], -node, arrivals, detour, here, place, stop, followed, trail),
            )

    def viterbi_path(self) -> Path | None:
        """The path of least penalty; None where no path leads to the last node. Of equal arcs the first is taken."""
        return self._viterbi_path

    @cached_property
    def _viterbi_path(self) -> Path | None:
        arcs, ends, penalties, _, first = self._departures
        node, penalty, path = 0, 0.0, []
        while node < self.nodes - 1:
            place = first[node]
            if place == first[node + 1]:
                return None
            path.append(arcs[place])
            node, penalty = ends[place], penalty + penalties[place]
        return Path(tuple(path), penalty)

    def forward_penalty(self) -> float:
        """−log Σ over all paths of e^(−penalty) (Section VI-E); inf where there is no path."""
        return float(self._forward_scores[-1])

    def forward_penalties(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """The forward penalty of each sequence of labels, (sequences,): of the paths with its labels and no others.

        Silent arcs, those of label −1, may lie anywhere between.
        """
        arcs = Arcs(self.nodes, self.start, self.end, self.label, self.penalty, self.loops)
        return sequence_penalties(arcs, sequences)

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

    def compose(
        self,
        next_state: ArrayLike,
        accepting: ArrayLike,
        most: int = COMPOSED_ARCS,
        weights: ArrayLike = 0.0,
        final: ArrayLike = 0.0,
    ) -> tuple[Graph, NDArray[np.intp]]:
        """The graph composed with an automaton (Section VI-C): only paths whose labels it accepts are left.

        Args:
            next_state: (states, labels) integers, −1 where a label may not follow; state 0 is the first. A silent
                arc leaves the state as it is.
            accepting: (states,) bool.
            most: arcs of the composed graph.
            weights: (states, labels) nats that a label costs more in a state; 0: the automaton has no weights.
            final: (states,) nats that a path costs more which ends in a state.

        Returns:
            The composed graph, and for each of its arcs the index of the arc it stands for (−1: none).

        Raises:
            InputError: it would have more arcs than `most`.
        """
        follow, accepting = np.asarray(next_state, np.intp), np.asarray(accepting, bool)
        states, count = len(follow), 0
        weights, final = np.broadcast_to(weights, follow.shape), np.broadcast_to(final, (states,))
        # A node of the composed graph is a node of this one and a state: `node * states + state`, renumbered below.
        nodes: list[NDArray[np.intp]] = []
        arcs: list[NDArray[np.intp]] = []  # (4, arcs of one node): start, end, label, arc that it stands for
        reached = {0: np.arange(states) == 0}
        for node, leaving in enumerate(self.leaving):
            here = np.flatnonzero(reached.pop(node, ()))
            nodes.append(node * states + here)
            if not len(here) or not leaving:
                continue
            arc = np.array(leaving)
            label, end = self.label[arc], self.end[arc]
            after = np.where(label[:, None] < 0, here, follow[here][:, label].T)  # (arcs, states)
            number, state = np.nonzero(after >= 0)
            count += len(number)
            if count > most:
                raise too_many_arcs(most)
            stop = after[number, state]
            for last in np.unique(end[number]).tolist():
                reached.setdefault(last, np.zeros(states, bool))[stop[end[number] == last]] = True
            arcs.append(
                np.stack(
                    [node * states + here[state], end[number] * states + stop, label[number], arc[number]]
                )
            )
        accepted = nodes[-1][accepting[nodes[-1] % states]]
        last = self.nodes * states  # one node after all accepting states of the last
        none = np.full(len(accepted), -1)
        arcs.append(np.stack([accepted, np.full(len(accepted), last), none, none]))
        start, stop, labels, origin = np.concatenate(arcs, 1)
        names = np.concatenate([*nodes, [last]])
        state, known = start % states, labels >= 0
        penalty = np.where(origin < 0, final[state], np.append(self.penalty, 0.0)[origin])
        penalty[known] += weights[state[known], labels[known]]
        start, stop = np.searchsorted(names, start), np.searchsorted(names, stop)
        return Graph(len(names), start, stop, labels, penalty, self.loops), origin


def too_many_arcs(most: int) -> InputError:
    """The error of a graph that would have more arcs than this when it is composed with an automaton."""
    return InputError(f"what is allowed can be read in too many ways here: more than {most:,} arcs")


class _Departures(NamedTuple):
    """The arcs on some path to the last node, node by node, the best of each node first.

    arcs: their indices. ends, penalties: of each. detours: what the best path by each costs more than the best from
    its node, exactly 0 for the first. first: where those of each node begin, (nodes + 1,).
    """

    arcs: list[int]
    ends: list[int]
    penalties: list[float]
    detours: list[float]
    first: list[int]


class _Prefixes:
    """Sequences of labels as numbers, 0 the empty one, and the first `most` different that came to each node."""

    def __init__(self, labels: list[int], most: int) -> None:
        self._labels, self._most = labels, most
        self._numbers: dict[tuple[int, int], int] = {}
        self._at: dict[int, set[int]] = {}

    def enter(self, arc: int, node: int, prefix: int) -> int | None:
        """The prefix with an arc's label after it; None where it came to the node before, or too many did."""
        label = self._labels[arc]
        if label >= 0:
            prefix = self._numbers.setdefault((prefix, label), len(self._numbers) + 1)
        known = self._at.setdefault(node, set())
        if prefix in known or len(known) >= self._most:
            return None
        known.add(prefix)
        return prefix


def _arcs_of(trail: Any) -> tuple[int, ...]:
    """The arcs of a linked list, the last first, in their order."""
    taken = []
    while trail:
        arc, trail = trail
        taken.append(arc)
    return tuple(reversed(taken))


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
