"""The interpretation graph of a line (Sections IV and VI): candidates for characters as arcs, and the best path.

Over-segmentation and space displacement both make such a graph. Each arc is a possible character. The Viterbi path is
the reading. Its confidence is the share of all paths that spell the same text, weighted by probability: it follows from
the difference of two forward penalties (Section VI-E).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..deadline import NEVER, Deadline
from ..errors import InputError, PictureError, nothing_to_read
from ..imaging.geometry import Box
from ..imaging.shear import sheared_views
from ..lattice.automaton import Grammar
from ..lattice.graph import COMPOSED_ARCS, SEARCH_STEPS, Graph, Path
from ..model.classifier import Classifier
from ..model.signs import sign_confidence_of
from ..network.codes import SIGNS
from .results import Alternative, Character, String
from .work_limit import Work

__all__ = ["SILENT", "DecodingSettings", "InterpretationGraph", "classify_views", "union_alternatives"]

SILENT = -1  # label of an arc that is no character: an epsilon of OpenFST


@dataclass(frozen=True)
class DecodingSettings:
    """How an interpretation graph is searched."""

    # nats: arcs of a higher penalty are left out, unless too few readings remain; for speed alone
    unlikely: float = 10.0
    steps: int = SEARCH_STEPS  # of the search for different readings (Graph.readings)
    most_arcs: int = COMPOSED_ARCS  # of the graph composed with a grammar: what needs more is refused
    # Nodes times characters of readings, for which their paths are summed, eight bytes each: of a line of a thousand
    # characters there are fewer readings than were asked for, and a longer one is refused.
    most_sums: int = 30_000_000
    # If a smaller share of all paths bypasses a node, the line before it and the line after it are independent. Chosen
    # on the tuning half of the cheque amounts.
    bypass: float = 0.1
    alternatives: int = 3  # other classes that are named for each character


DECODING = DecodingSettings()


@dataclass(frozen=True, eq=False)
class InterpretationGraph:
    """The graph of a line, and what the network answered for each of its candidates.

    Args:
        graph: labels index the network's classes; SILENT is no character.
        candidate: (arcs,) index of the candidate that each arc reads, −1 for a silent one.
        glyphs: (candidates, 28, 28) uint8, the images that were classified.
        penalties: (candidates, classes) float32, eq. 7.
        box: gives a candidate's box in pixels of the line's foreground.
        positions: (nodes,) where the graph's nodes lie along the line; any unit.
        confidences: (candidates, classes) calibrated, where they do not follow from the penalties alone; in a row of
            NaN they do.
    """

    graph: Graph
    candidate: NDArray[np.intp]
    glyphs: NDArray[np.uint8]
    penalties: NDArray[np.float32]
    box: Callable[[int], Box]
    positions: NDArray[np.float64]
    confidences: NDArray[np.float64] | None = None

    def decode(
        self,
        model: Classifier,
        grammar: Grammar | None = None,
        best: int = 5,
        name: str = "the picture",
        settings: DecodingSettings = DECODING,
        deadline: Deadline = NEVER,
        work: Work | None = None,
    ) -> String:
        """Read the line: the Viterbi path, and the next best different readings.

        Args:
            model: names the classes and calibrates the confidences.
            grammar: strings that are allowed; None: all.
            best: different readings wanted, the first included.
            name: what errors call the picture.
            settings: how the graph is searched.
            deadline: checked between the steps.
            work: counts what the grammar takes.

        Returns:
            The string of the best path.

        Raises:
            PictureError: no path has a character, or none that the grammar allows.
            TimeLimitError: the deadline has passed.
        """
        try:
            searched, origin, readings = self._search(grammar, best, settings, deadline)
        except InputError as error:  # of a graph that is too large
            raise PictureError(f"cannot read {name}: {error}") from error
        if work and grammar is not None:
            work.add_arcs(len(searched.start))
        if not readings:
            allowed = " that is allowed" if grammar is not None else ""
            raise nothing_to_read(name, f"no character{allowed} was found")
        longest = max(map(len, readings))
        together = settings.most_sums // (longest * self.graph.nodes)
        if not together:
            raise PictureError(
                f"cannot read {name}: {longest:,} characters are too many for one line; read it part by part"
            )
        deadline.check()
        readings = dict(islice(readings.items(), together))
        # Composition copies nodes and arcs: the paths of a reading are summed on the graph without copies.
        forward = (searched if grammar is None else self.graph).forward_penalties(list(readings))
        shares = np.minimum(1.0, np.exp(searched.forward_penalty() - forward)).tolist()
        texts = [
            Alternative("".join(model.classes[label] for label in labels), path.penalty, share)
            for (labels, path), share in zip(readings.items(), shares, strict=True)
        ]
        first = texts[0]
        path = next(iter(readings.values()))
        characters = self._characters(model, searched, origin, path.arcs, settings)
        # A reading of which several segmentations are likely may have a larger share than one with a better path.
        others = sorted(texts[1:], key=lambda other: -other.confidence)
        return String(first.text, first.penalty, first.confidence, characters, tuple(others))

    def confidences_of(self, candidate: int, model: Classifier) -> NDArray[np.float64]:
        """Calibrated probability of each class of a candidate, (classes,)."""
        known = self.confidences
        if known is None or np.isnan(known[candidate]).any():
            known, candidate = model.confidence_of(self.penalties[candidate][None]), 0
        confidences: NDArray[np.float64] = known[candidate]
        return confidences

    @property
    def is_isolated(self) -> bool:
        """Whether all arcs are confidences of isolated characters: probabilities themselves."""
        return self.confidences is not None and not np.isnan(self.confidences).any()

    def best_arcs(self, grammar: Grammar | None, settings: DecodingSettings = DECODING) -> tuple[int, ...]:
        """Arcs of the path that `decode` reads; () where there is none. Arguments as for `decode`."""
        _, origin, readings = self._search(grammar, 1, settings, NEVER)
        best = next(iter(readings.values()), None)
        return () if best is None else tuple(arc for arc in origin[list(best.arcs)].tolist() if arc >= 0)

    def arc_shares(self, grammar: Grammar | None = None) -> NDArray[np.float64]:
        """Share of all paths that a grammar allows (None: all) through each arc, (arcs,)."""
        if grammar is None:
            return self.graph.arc_posteriors()
        composed, origin = self.graph.compose(grammar.next_state, grammar.accepting)
        own = origin >= 0
        shares = np.zeros(len(self.graph.start))
        np.add.at(shares, origin[own], composed.arc_posteriors()[own])
        return shares

    def best_labels(self) -> tuple[int, ...]:
        """Labels of the Viterbi path, without silent ones; () where reading nothing is likelier than any text."""
        best = self.graph.viterbi_path()
        return () if best is None else _spoken(self.graph.label, best.arcs)

    def uncertain_spans(
        self,
        ends: Sequence[int],
        sure: float,
        settings: DecodingSettings = DECODING,
        firm_labels: Collection[int] = (),
    ) -> list[tuple[int, int]]:
        """Spans of the line in which a character of the Viterbi path is uncertain.

        Args:
            ends: nodes at which a span may end; only those are used that nearly no path bypasses.
            sure: share of all paths that a certain character has at least.
            settings: how the graph is searched.
            firm_labels: labels of characters that are never uncertain.

        Returns:
            First and last node of each span; spans do not overlap.
        """
        best = self.graph.viterbi_path()
        if best is None:
            return []
        share = self.graph.arc_posteriors()
        start, end = self.graph.start, self.graph.end
        # Share of the paths that bypass each node: of all arcs that start before it and end after it.
        nodes = self.graph.nodes + 1
        bypassing = np.cumsum(np.bincount(start + 1, share, nodes) - np.bincount(end, share, nodes))
        places = np.array(sorted({0, *ends, self.graph.nodes - 1}), np.intp)
        bypassed = bypassing[places] >= settings.bypass
        bypassed[[0, -1]] = False
        firm = places[~bypassed]
        spans: list[tuple[int, int]] = []
        for arc in best.arcs:
            if self.graph.label[arc] in firm_labels or share[self._equivalent(arc)].sum() >= sure:
                continue
            first = int(firm[np.searchsorted(firm, start[arc], "right") - 1])
            last = int(firm[np.searchsorted(firm, end[arc])])
            if spans and first < spans[-1][1]:
                first, last = spans[-1][0], max(last, spans.pop()[1])
            spans.append((first, last))
        return spans

    def _characters(
        self,
        model: Classifier,
        searched: Graph,
        origin: NDArray[np.intp],
        path: Sequence[int],
        settings: DecodingSettings,
    ) -> tuple[Character, ...]:
        """The characters of a path of the graph that was searched; origin: as from `_search`."""
        # Composition copies arcs: the share of an arc is that of all of its copies.
        own = origin >= 0
        shares = np.bincount(origin[own], searched.arc_posteriors()[own], len(self.graph.start))
        characters = []
        for arc in origin[list(path)].tolist():
            if arc >= 0 and self.candidate[arc] >= 0:
                share = float(shares[self._equivalent(arc)].sum())
                characters.append(self._character(model, arc, share, settings))
        return tuple(characters)

    def _character(self, model: Classifier, arc: int, share: float, settings: DecodingSettings) -> Character:
        """The character of an arc. Its confidence is calibrated, and at most the share of the paths.

        That of a sign is by the share alone: size and place count in it, of which its glyph shows nothing.
        """
        candidate, label = int(self.candidate[arc]), int(self.graph.label[arc])
        penalties = self.penalties[candidate]
        likely = self.confidences_of(candidate, model)
        others = [int(c) for c in np.argsort(-likely, kind="stable") if c != label][: settings.alternatives]
        if model.classes[label] in SIGNS:
            known = sign_confidence_of(model)
            confidence = known.probability(share) if known else min(1.0, share)
        else:
            confidence = min(1.0, float(likely[label]), share)
        return Character(
            model.classes[label],
            self.box(candidate),
            float(penalties[label]),
            confidence,
            tuple(Alternative(model.classes[c], float(penalties[c]), float(likely[c])) for c in others),
            glyph=self.glyphs[candidate],
        )

    def _equivalent(self, arc: int) -> NDArray[np.intp]:
        """The arcs that have the same label in the same place, be it with a piece more or less."""
        same, start, end, longest = self._arcs_of_label[int(self.graph.label[arc])]
        middle = (self.positions[self.graph.start[arc]] + self.positions[self.graph.end[arc]]) / 2
        # Of a line of hundreds of characters, only those arcs are compared that may reach so far.
        near = slice(np.searchsorted(start, middle - longest), np.searchsorted(start, middle, "right"))
        return np.sort(same[near][end[near] > middle])

    @cached_property
    def _arcs_of_label(self) -> dict[int, tuple[NDArray[np.intp], NDArray[Any], NDArray[Any], float]]:
        """Of each label: its arcs by where they start, where they start and end, and how long the longest is."""
        of_label = {}
        for label in set(self.graph.label.tolist()):
            arcs = np.flatnonzero(self.graph.label == label)
            arcs = arcs[np.argsort(self.positions[self.graph.start[arcs]], kind="stable")]
            start, end = (self.positions[node[arcs]] for node in (self.graph.start, self.graph.end))
            of_label[label] = arcs, start, end, float((end - start).max()) + 1e-6  # a rounding more
        return of_label

    def _search(
        self, grammar: Grammar | None, best: int, settings: DecodingSettings, deadline: Deadline
    ) -> tuple[Graph, NDArray[np.intp], dict[tuple[int, ...], Path]]:
        """The graph that was searched, for each of its arcs the index in `graph` (−1: none), and the best readings."""
        graph = self.graph
        if grammar is not None:
            searched, origin = graph.compose(grammar.next_state, grammar.accepting, settings.most_arcs)
            return searched, origin, searched.readings(best, settings.steps, deadline)
        every = np.arange(len(graph.start))
        likely = every[(graph.penalty < settings.unlikely) | (graph.label == SILENT)]
        if len(likely) < len(every):
            searched = Graph(
                graph.nodes,
                graph.start[likely],
                graph.end[likely],
                graph.label[likely],
                graph.penalty[likely],
                graph.loops,
            )
            if len(readings := searched.readings(best, settings.steps, deadline)) >= best:
                return searched, likely, readings
        return graph, every, graph.readings(best, settings.steps, deadline)


def _spoken(labels: NDArray[np.intp], arcs: Sequence[int]) -> tuple[int, ...]:
    """Labels along a path, without the silent ones."""
    return tuple(label for label in labels[list(arcs)].tolist() if label >= 0)


def union_alternatives(
    line: InterpretationGraph, spans: Sequence[tuple[int, int, InterpretationGraph]]
) -> InterpretationGraph:
    """A line's graph with other segmentations of some spans: a path takes one of them from end to end.

    Args:
        line: the graph of the whole line.
        spans: first and last node of a span in `line.graph`, and the span's other graph; one without candidates
            adds nothing.

    Returns:
        One graph. Inner nodes of a span's graph stand between the nodes that it connects.
    """
    spans = [span for span in spans if span[2].graph.nodes > 1]
    count, positions, numbers = _merge_nodes(line, spans)
    graphs = [line, *(graph for _, _, graph in spans)]
    offsets = [0, *np.cumsum([len(one.glyphs) for one in graphs]).tolist()]
    numbered = list(zip(graphs, numbers, strict=True))

    def box(candidate: int) -> Box:
        which = int(np.searchsorted(offsets, candidate, side="right")) - 1
        return graphs[which].box(candidate - offsets[which])

    candidates = [
        np.where(one.candidate < 0, one.candidate, one.candidate + offset)
        for one, offset in zip(graphs, offsets, strict=False)
    ]
    return InterpretationGraph(
        Graph(
            count,
            np.concatenate([number[one.graph.start] for one, number in numbered]),
            np.concatenate([number[one.graph.end] for one, number in numbered]),
            np.concatenate([one.graph.label for one in graphs]),
            np.concatenate([one.graph.penalty for one in graphs]),
            graphs[0].graph.loops,
        ),
        np.concatenate(candidates),
        np.concatenate([one.glyphs for one in graphs]),
        np.concatenate([one.penalties for one in graphs]),
        box,
        positions,
        _union_confidences(graphs),
    )


def _union_confidences(graphs: Sequence[InterpretationGraph]) -> NDArray[np.float64] | None:
    """Confidences of all graphs' candidates, where any graph has some."""
    if all(one.confidences is None for one in graphs):
        return None
    unknown = (np.full(one.penalties.shape, np.nan) for one in graphs)
    return np.concatenate(
        [
            none if one.confidences is None else one.confidences
            for one, none in zip(graphs, unknown, strict=True)
        ]
    )


def _merge_nodes(
    line: InterpretationGraph, spans: Sequence[tuple[int, int, InterpretationGraph]]
) -> tuple[int, NDArray[np.float64], list[NDArray[np.intp]]]:
    """Nodes of a union: how many, their positions, and the number of each node of the line and of every span."""
    leaving: dict[int, list[int]] = {}
    for number, (first, _, _) in enumerate(spans):
        leaving.setdefault(first, []).append(number)
    # Inner nodes of a span follow the node that it leaves, and so precede the one that it leads to.
    own = np.empty(line.graph.nodes, np.intp)
    numbers: list[NDArray[np.intp]] = [own] * len(spans)
    positions: list[NDArray[np.float64]] = []
    count = 0
    for node in range(line.graph.nodes):
        own[node] = count
        positions.append(line.positions[node : node + 1])
        count += 1
        for number in leaving.get(node, ()):
            inner = spans[number][2].graph.nodes - 2
            numbers[number] = np.concatenate([[own[node]], count + np.arange(inner), [-1]]).astype(np.intp)
            positions.append(spans[number][2].positions[1:-1])
            count += inner
    for number, (_, last, _) in enumerate(spans):
        numbers[number][-1] = own[last]
    return count, np.concatenate(positions), [own, *numbers]


def classify_views(
    model: Classifier, glyphs: NDArray[np.uint8], shears: Sequence[float]
) -> list[NDArray[np.float32]]:
    """Penalties of glyphs as they are and sheared: few non-characters look like a character in every view.

    Args:
        model: the network. It uses one thread: a line is classified in less time than a second thread takes to start.
        glyphs: (N, 28, 28) uint8.
        shears: pixels to the right for each pixel of height, of every further view.

    Returns:
        (N, classes) float32 for each view, the unsheared one first.
    """
    views = np.concatenate(sheared_views(glyphs, shears))
    return np.split(model.penalties(views, threads=1), 1 + len(shears))
