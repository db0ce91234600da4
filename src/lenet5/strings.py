"""Strings by over-segmentation (Section V): pieces of ink, LeNet-5 on every arc, the Viterbi path.

The penalty of an arc is −log of the probability that eq. 9 gives the class, the rubbish class included, so
that a good character costs nothing and half of one, or two, cost much: weights that have learnt the rubbish
class are needed. To it comes what the network cannot see, since every arc is brought to one size before: that
the ink is small for this line, lies in parts that do not touch, or was cut through. Points, commas and dashes
are silent arcs.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PictureError
from .grammar import Grammar
from .graph import Graph, Path
from .model import LeNet5
from .segment import Segments, segments

__all__ = ["Character", "Rates", "StringReading", "arcs_of", "read_string"]

SILENT = -1  # label of an arc that is no character
MOST_PATHS = 200  # of the best paths, looked through for different readings


@dataclass(frozen=True)
class Rates:
    """What an arc's shape and place add to its penalty, in nats; chosen on half of the cheque amounts."""

    gap: float = 0.7  # for each gap without ink within a character
    cut: float = 0.3  # for each stroke's width that is cut through at either end
    small: float = 30.0  # for each line's size by which a character is lower than `least`
    least: float = 0.55  # sizes of the line
    mark: float = 0.3  # a point, comma or dash
    mark_high: float = 8.0  # for each line's size by which it is higher than 0.2
    missed: float = 9.0  # ink of a character's size that is left unread, and cannot be a mark


RATES = Rates()


@dataclass(frozen=True)
class Character:
    """One character of a string. box: left, top, width, height in pixels of the ink that was read."""

    text: str
    box: tuple[int, int, int, int]
    penalty: float
    confidence: float


@dataclass(frozen=True)
class StringReading:
    """What a line says. penalty: of the best path. confidence: the share of all paths that say so.

    others: next best different readings and their penalties, the best first.
    """

    text: str
    penalty: float
    confidence: float
    characters: tuple[Character, ...]
    others: tuple[tuple[str, float], ...]

    def data(self) -> dict[str, Any]:
        """The reading as data that JSON can hold."""
        characters = [
            {"text": c.text, "box": list(c.box), "penalty": c.penalty, "confidence": c.confidence}
            for c in self.characters
        ]
        others = [{"text": text, "penalty": penalty} for text, penalty in self.others]
        return {
            "text": self.text, "penalty": self.penalty, "confidence": self.confidence,
            "characters": characters, "others": others,
        }  # fmt: skip


def read_string(
    ink: NDArray[np.float32],
    model: LeNet5,
    grammar: Grammar | None = None,
    *,
    best: int = 5,
    rates: Rates = RATES,
    name: str = "the picture",
) -> StringReading:
    """Read one line of ink, (rows, columns) float32 in 0 … 1 (writing.strokes_of).

    grammar: readings that are allowed; all, if None. best: different readings wanted, this one included.
    Raises PictureError where no character is found, or none that the grammar allows.
    """
    found = segments(ink)
    graph, ends, posterior = arcs_of(found, model, rates)
    origin = np.arange(len(graph.start))
    searched = graph
    if grammar is not None:
        searched, origin = graph.within(grammar.next_state, grammar.accepting)
    readings: dict[str, list[Path]] = {}
    for path in itertools.islice(searched.paths(), MOST_PATHS):
        text = "".join(model.classes[label] for label in searched.label[list(path.arcs)] if label >= 0)
        if text:
            readings.setdefault(text, []).append(path)
        if len(readings) > best:
            break
    if not readings:
        rule = " that is allowed" if grammar is not None else ""
        raise PictureError(f"nothing to read in {name}: no character{rule} was found")
    text, paths = next(iter(readings.items()))
    total = searched.forward_penalty()
    confidence = min(1.0, float(sum(np.exp(total - path.penalty) for path in paths)))
    characters = []
    for arc in origin[list(paths[0].arcs)]:
        label = graph.label[arc] if arc >= 0 else SILENT
        if label >= 0:
            first, behind = int(graph.start[arc]), int(graph.end[arc])
            top, bottom, left, right = (int(edge) for edge in found.box(first, behind))
            box = left, top, right - left, bottom - top
            probability = float(posterior[ends[first, behind], label])
            characters.append(Character(model.classes[label], box, float(graph.penalty[arc]), probability))
    others = tuple(
        (other, found_[0].penalty) for other, found_ in itertools.islice(readings.items(), 1, best)
    )
    return StringReading(text, paths[0].penalty, confidence, tuple(characters), others)


def arcs_of(
    found: Segments, model: LeNet5, rates: Rates
) -> tuple[Graph, dict[tuple[int, int], int], NDArray[np.float32]]:
    """The segmentation graph of a line: every arc under every class, and silent ones.

    Returns the graph, whose nodes are the places between pieces and whose labels index model.classes; the row
    of each run of pieces; and the posterior of each row's classes, (rows, classes).
    """
    runs = found.arcs()
    posterior = model.posterior(np.stack([found.field(*run) for run in runs]))
    penalty = -np.log(np.maximum(posterior.astype(np.float64), 1e-12))
    classes = np.arange(len(model.classes))
    starts, ends, labels, penalties = [], [], [], []
    pieces = len(found.boxes)
    joints = np.concatenate(
        [[0.0], found.joints, [0.0]]
    )  # what is cut before each piece, and behind the last
    for row, (first, behind) in enumerate(runs):
        top, bottom, left, right = found.box(first, behind)
        high, wide = (bottom - top) / found.size, (right - left) / found.size
        shape = rates.small * max(0.0, rates.least - high)
        shape += rates.gap * int((joints[first + 1 : behind] < 0.05).sum())
        shape += rates.cut * float(joints[first] + joints[behind]) / 2
        starts += [first] * len(classes)
        ends += [behind] * len(classes)
        labels += classes.tolist()
        penalties += (penalty[row] + shape).tolist()
        alone = joints[first] < 0.05 and joints[behind] < 0.05
        if alone and (high < 0.4 or (high < 0.55 and high < 0.35 * wide)):
            silent = rates.mark + rates.mark_high * max(0.0, high - 0.2)
        elif behind == first + 1:
            silent = rates.missed * float(np.clip(high, 0.3, 1.5))
        else:
            continue
        starts.append(first)
        ends.append(behind)
        labels.append(SILENT)
        penalties.append(silent)
    graph = Graph(pieces + 1, starts, ends, labels, penalties)
    return graph, {run: row for row, run in enumerate(runs)}, posterior
