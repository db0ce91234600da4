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

from .errors import PictureError
from .grammar import Grammar
from .graph import Graph
from .recogniser import Recogniser
from .results import Box, Character, Other, String
from .segment import views

__all__ = ["HARDLY", "SILENT", "SURELY", "Parts", "answers", "cascade", "character_of"]

SILENT = -1  # label of an arc that is no character
MOST_PATHS = 300  # of the best paths, looked through for different readings
# Probabilities by which the first network of several is sure: that it is a character at all, and which.
HARDLY, SURELY = 0.15, 0.9
OTHERS = 3  # classes that are named beside a character's own


@dataclass(frozen=True, eq=False)
class Parts:
    """The graph of a line, and what the network answers in every part of it that may be a character.

    part: (arcs,) the part that each arc reads, −1 for a silent one. fields: (parts, 28, 28) uint8.
    penalties: (parts, classes), eq. 7. box: where a part lies in the ink. likely: (parts, classes), calibrated
    confidences, where they are not those of the penalties alone.
    """

    graph: Graph
    part: NDArray[np.intp]
    fields: NDArray[np.uint8]
    penalties: NDArray[np.float32]
    box: Callable[[int], Box]
    likely: NDArray[np.float64] | None = None

    def read(
        self, model: Recogniser, grammar: Grammar | None = None, best: int = 5, name: str = "the picture"
    ) -> String:
        """What the line says.

        grammar: readings that are allowed; all, if None. best: different readings wanted, this one included.
        Raises PictureError where no character is found, or none that the grammar allows.
        """
        searched, origin = self.graph, np.arange(len(self.graph.start))
        if grammar is not None:
            searched, origin = searched.within(grammar.next_state, grammar.accepting)
        readings: dict[tuple[int, ...], tuple[tuple[int, ...], float]] = {}  # labels -> arcs, penalty
        for path in itertools.islice(searched.paths(), MOST_PATHS):
            labels = tuple(label for label in searched.label[list(path.arcs)].tolist() if label >= 0)
            if labels:
                readings.setdefault(labels, (path.arcs, path.penalty))
            if len(readings) >= best:
                break
        if not readings:
            rule = " that is allowed" if grammar is not None else ""
            raise PictureError(f"nothing to read in {name}: no character{rule} was found")
        shares = np.exp(searched.forward_penalty() - self.graph.forward_penalties(list(readings)))
        found = []
        for (labels, (_, penalty)), share in zip(
            readings.items(), np.minimum(1.0, shares).tolist(), strict=True
        ):
            found.append(Other("".join(model.classes[label] for label in labels), penalty, share))
        arcs, _ = next(iter(readings.values()))
        shares = searched.forward_slopes()[origin >= 0]
        start, end, said = (
            of[origin[origin >= 0]] for of in (self.graph.start, self.graph.end, self.graph.label)
        )
        characters = []
        for arc in origin[list(arcs)].tolist():
            if arc < 0 or self.part[arc] < 0:
                continue
            part, label = int(self.part[arc]), int(self.graph.label[arc])
            middle = (int(self.graph.start[arc]) + int(self.graph.end[arc]) - 1) // 2
            # Of the paths that read the same here, with a piece more or less.
            share = float(shares[(said == label) & (start <= middle) & (end > middle)].sum())
            likely = None if self.likely is None else self.likely[part]
            told = self.penalties[part], label, self.box(part), self.fields[part], share, likely
            characters.append(character_of(model, *told))
        return String(*found[0], tuple(characters), tuple(found[1:]))


def answers(
    model: Recogniser, fields: NDArray[np.uint8], slants: Sequence[float]
) -> list[NDArray[np.float32]]:
    """Penalties of fields (N, 28, 28) as they are, and leaning to the side by each slant: (N, classes) each.

    What is no character seldom is one from all sides. On one thread: a line has
    been read before a second one is at work.
    """
    seen = np.concatenate(views(fields, slants))
    return np.split(model.penalties(seen, threads=1), 1 + len(slants))


def cascade(
    model: Recogniser, fields: NDArray[np.uint8], slants: Sequence[float]
) -> list[NDArray[np.float32]]:
    """As `answers`, for less: of a line most parts are clearly no character, and of the rest most clearly are one.

    What the first network takes for none is not shown leaning, and where it is sure the others are not asked.
    """
    first, *others = model.members
    plain = first.penalties(fields, threads=1)
    maybe = np.flatnonzero(first.posterior_of(plain).sum(1) >= HARDLY)
    seen = np.concatenate([fields, *views(fields[maybe], slants)[1:]])
    found = np.concatenate([plain, first.penalties(seen[len(fields) :], threads=1)])
    if others:
        likely = first.posterior_of(found)
        asked = np.flatnonzero((likely.sum(1) >= HARDLY) & (likely.max(1) < SURELY))
        more = [one.penalties(seen[asked], threads=1) for one in others]
        found[asked] = np.mean([found[asked], *more], 0)
    told = [found[: len(fields)]]
    for leant in np.split(found[len(fields) :], len(slants)) if slants else ():
        told.append(plain.copy())
        told[-1][maybe] = leant
    return told


def character_of(
    model: Recogniser,
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
    others = tuple(Other(model.classes[c], float(penalties[c]), float(likely[c])) for c in next_ones)
    confidence = min(1.0, float(likely[label]), share)
    return Character(model.classes[label], box, float(penalties[label]), confidence, others, field=field)
