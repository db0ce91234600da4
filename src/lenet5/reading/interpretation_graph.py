"""Parts of a line that may be characters, whichever way they were found, and the best path through them.

Segmentation (strings.py) and displacement (sdnn.py) both make a graph whose arcs are possible characters. Its
Viterbi path is the reading, and the share of all paths that say the same is its confidence (Section VI-E).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..imaging.segmentation import sheared_views
from ..lattice.graph import Graph
from ..lattice.regex import Grammar
from ..model.classifier import Classifier
from .results import Alternative, Box, Character, String

__all__ = ["HARDLY", "SILENT", "SURELY", "Parts", "answers", "beside", "cascade", "character_of"]

SILENT = -1  # label of an arc that is no character
UNLIKELY = 10.0  # nats: arcs of such penalties are searched only where there are too few readings without
MOST_PATHS = 300  # of the best paths, looked through for different readings
# Probabilities by which the first network of several is sure: that it is a character at all, and which.
HARDLY, SURELY = 0.15, 0.9
PASSED = 0.1  # share of the paths that go past a node, below which what lies before it and behind are apart
OTHERS = 3  # classes that are named beside a character's own


@dataclass(frozen=True, eq=False)
class Parts:
    """The graph of a line, and what the network answers in every part of it that may be a character.

    part: (arcs,) the part that each arc reads, −1 for a silent one. fields: (parts, 28, 28) uint8.
    penalties: (parts, classes), eq. 7. box: where a part lies in the ink. nodes: (nodes,) where the graph's nodes
    lie along the line. likely: (parts, classes), calibrated confidences, where they are not those of the penalties
    alone.
    """

    graph: Graph
    part: NDArray[np.intp]
    fields: NDArray[np.uint8]
    penalties: NDArray[np.float32]
    box: Callable[[int], Box]
    nodes: NDArray
    likely: NDArray[np.float64] | None = None

    def read(
        self, model: Classifier, grammar: Grammar | None = None, best: int = 5, name: str = "the picture"
    ) -> String:
        """What the line says.

        grammar: readings that are allowed; all, if None. best: different readings wanted, this one included.
        Raises PictureError where no character is found, or none that the grammar allows.
        """
        searched, origin, readings = self._found(grammar, best)
        if not readings:
            rule = " that is allowed" if grammar is not None else ""
            raise PictureError(f"nothing to read in {name}: no character{rule} was found")
        # Grammars repeat nodes and arcs: what says a reading is summed up without them.
        forward = (searched if grammar is None else self.graph).forward_penalties(list(readings))
        shares = np.exp(searched.forward_penalty() - forward)
        found = []
        for (labels, (_, penalty)), share in zip(
            readings.items(), np.minimum(1.0, shares).tolist(), strict=True
        ):
            found.append(Alternative("".join(model.classes[label] for label in labels), penalty, share))
        arcs, _ = next(iter(readings.values()))
        # A grammar repeats arcs: the paths through each of ours are those through all that stand for it.
        ours = origin >= 0
        shares = np.bincount(origin[ours], searched.forward_slopes()[ours], len(self.graph.start))
        characters = []
        for arc in origin[list(arcs)].tolist():
            if arc < 0 or self.part[arc] < 0:
                continue
            part, label = int(self.part[arc]), int(self.graph.label[arc])
            share = float(shares[self._alike(arc)].sum())
            likely = None if self.likely is None else self.likely[part]
            told = self.penalties[part], label, self.box(part), self.fields[part], share, likely
            characters.append(character_of(model, *told))
        return String(*found[0], tuple(characters), tuple(found[1:]))

    def said(self) -> tuple[int, ...]:
        """Labels of the best path of all; none where it is likelier that there is no character than any reading."""
        best = self.graph.best()
        return () if best is None else tuple(k for k in self.graph.label[list(best.arcs)].tolist() if k >= 0)

    def doubtful(self, free: Sequence[int], sure: float) -> list[tuple[int, int]]:
        """Stretches (first node, last) with a character of the best path that less than `sure` of all paths have.

        free: nodes at which a stretch may end; of these only such that nearly no path goes past.
        """
        best = self.graph.best()
        if best is None:
            return []
        share = self.graph.forward_slopes()
        start, end = self.graph.start, self.graph.end
        firm = [node for node in free if share[(start < node) & (end > node)].sum() < PASSED]
        firm = sorted({0, *firm, self.graph.nodes - 1})
        found: list[tuple[int, int]] = []
        for arc in best.arcs:
            if share[self._alike(arc)].sum() >= sure:
                continue
            first = max(node for node in firm if node <= start[arc])
            last = min(node for node in firm if node >= end[arc])
            if found and first < found[-1][1]:
                first, last = found[-1][0], max(last, found.pop()[1])
            found.append((first, last))
        return found

    def _alike(self, arc: int) -> NDArray[np.bool_]:
        """Arcs that read the same in the same place, with a piece more or less: (arcs,)."""
        start, end = self.nodes[self.graph.start], self.nodes[self.graph.end]
        middle = (start[arc] + end[arc]) / 2
        return (self.graph.label == self.graph.label[arc]) & (start <= middle) & (end > middle)

    def _found(self, grammar: Grammar | None, best: int) -> tuple[Graph, NDArray[np.intp], _Readings]:
        """The graph that was searched, the arc of ours that each of its is (−1: none), and the best readings."""
        graph = self.graph
        if grammar is not None:
            searched, origin = graph.within(grammar.next_state, grammar.accepting)
            return searched, origin, _readings(searched, best)
        every = np.arange(len(graph.start))
        likely = every[(graph.penalty < UNLIKELY) | (graph.label == SILENT)]
        if len(likely) < len(every):
            arcs = (of[likely] for of in (graph.start, graph.end, graph.label, graph.penalty))
            searched = Graph(graph.nodes, *arcs)
            if len(found := _readings(searched, best)) >= best:
                return searched, likely, found
        return graph, every, _readings(graph, best)


_Readings = dict[tuple[int, ...], tuple[tuple[int, ...], float]]  # labels -> arcs, penalty


def _readings(graph: Graph, best: int) -> _Readings:
    """The best different readings of a graph, in their order."""
    found: _Readings = {}
    for path in itertools.islice(graph.paths(), MOST_PATHS):
        labels = tuple(label for label in graph.label[list(path.arcs)].tolist() if label >= 0)
        if labels:
            found.setdefault(labels, (path.arcs, path.penalty))
        if len(found) >= best:
            break
    return found


def beside(parts: Parts, others: Sequence[tuple[int, int, Parts]]) -> Parts:
    """A line's parts with other ways to part stretches of it: a path goes one of them, from end to end.

    others: nodes of parts.graph between which the stretch lies, and how else it may be parted. Of what has no parts
    there is no other way.
    """
    others = [one for one in others if one[2].graph.nodes > 1]
    leaving: dict[int, list[int]] = {}
    for number, (first, _, _) in enumerate(others):
        leaving.setdefault(first, []).append(number)
    # Inner nodes of another way come behind the node that it leaves, and so before the one that it leads to.
    own = np.empty(parts.graph.nodes, np.intp)
    numbers: list[NDArray[np.intp]] = [own] * len(others)
    nodes: list[NDArray] = []
    count = 0
    for node in range(parts.graph.nodes):
        own[node] = count
        nodes.append(parts.nodes[node : node + 1])
        count += 1
        for number in leaving.get(node, ()):
            inner = others[number][2].graph.nodes - 2
            numbers[number] = np.concatenate([[own[node]], count + np.arange(inner), [-1]]).astype(np.intp)
            nodes.append(others[number][2].nodes[1:-1])
            count += inner
    for number, (_, behind, _) in enumerate(others):
        numbers[number][-1] = own[behind]
    every = [parts, *(one for _, _, one in others)]
    fields = [0, *np.cumsum([len(one.fields) for one in every]).tolist()]
    at = list(zip(every, [own, *numbers], fields, strict=False))

    def box(part: int) -> Box:
        which = int(np.searchsorted(fields, part, side="right")) - 1
        return every[which].box(part - fields[which])

    return Parts(
        Graph(
            count,
            np.concatenate([number[one.graph.start] for one, number, _ in at]),
            np.concatenate([number[one.graph.end] for one, number, _ in at]),
            np.concatenate([one.graph.label for one in every]),
            np.concatenate([one.graph.penalty for one in every]),
        ),
        np.concatenate([np.where(one.part < 0, one.part, one.part + before) for one, _, before in at]),
        np.concatenate([one.fields for one in every]),
        np.concatenate([one.penalties for one in every]),
        box,
        np.concatenate(nodes),
    )


def answers(
    model: Classifier, fields: NDArray[np.uint8], slants: Sequence[float]
) -> list[NDArray[np.float32]]:
    """Penalties of fields (N, 28, 28) as they are, and leaning to the side by each slant: (N, classes) each.

    What is no character seldom is one from all sides. On one thread: a line has
    been read before a second one is at work.
    """
    seen = np.concatenate(sheared_views(fields, slants))
    return np.split(model.penalties(seen, threads=1), 1 + len(slants))


def cascade(
    model: Classifier,
    fields: NDArray[np.uint8],
    first: NDArray[np.float32],
    matters: NDArray[np.bool_] | bool = True,
) -> NDArray[np.float32]:
    """Penalties of fields (N, 28, 28), (N, classes), for less than asking every network about every one.

    Of a line most parts are clearly no character, and of the rest most clearly are one: where the first network is
    sure the others are not asked; nor are experts ever (ensemble.py). first: its penalties. matters: (N,), what
    the others are to be asked about at all. On one thread, as `answers`.
    """
    found, others = first.copy(), model.members[1:]
    if others:
        likely = model.members[0].posterior_of(first)
        asked = np.flatnonzero(matters & (likely.sum(1) >= HARDLY) & (likely.max(1) < SURELY))
        more = [one.penalties(fields[asked], threads=1) for one in others]
        found[asked] = np.mean([first[asked], *more], 0)
    return found


def character_of(
    model: Classifier,
    penalties: NDArray[np.float32],
    label: int,
    box: Box,
    field: NDArray[np.uint8],
    share: float = 1.0,
    likely: NDArray[np.float64] | None = None,
) -> Character:
    """A character as it is told to people: its calibrated confidence, which no path's share may fall short of.

    penalties: (classes,), eq. 7. share: of the paths that go through this part of the line as this class.
    likely: (classes,) calibrated confidences; unless given, those of the penalties.
    """
    if likely is None:
        likely = model.confidence_of(penalties[None])[0]
    next_ones = [int(c) for c in np.argsort(-likely, kind="stable") if c != label][:OTHERS]
    others = tuple(Alternative(model.classes[c], float(penalties[c]), float(likely[c])) for c in next_ones)
    confidence = min(1.0, float(likely[label]), share)
    return Character(model.classes[label], box, float(penalties[label]), confidence, others, field=field)
