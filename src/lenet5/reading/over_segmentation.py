"""Strings (Sections V and VII): LeNet-5 on every part of a line that may be a character, the Viterbi path.

By segmentation, the parts are runs of the pieces that a line is cut into (segment.py); by displacement, they are
windows every 4 pixels (sdnn.py). Either way there is a graph of possible characters, whose best path is the
reading, and the share of all paths that agree is its confidence.

The penalty of an arc is −log of the probability that eq. 9 gives the class, the rubbish class included, so
that a good character costs nothing and half of one, or two, cost much: weights that have learnt the rubbish
class are needed. To it comes what the network cannot see, since every arc is brought to one size before: that
the ink is small for this line, lies in parts that do not touch, or was cut through, the more so the surer the whole
of it is a character. Points, commas and dashes are silent arcs.

One way of cutting is no proof: stretches of a line that are not read surely are cut leaning to either side as well,
where other cuts are cheap and characters look another way, and all ways stand side by side (parts.beside).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..imaging.segmentation import CUT, Segments, segments
from ..lattice.graph import Graph
from ..lattice.regex import Grammar
from ..model.classifier import Classifier
from .interpretation_graph import SILENT, SURELY, Parts, beside, cascade
from .results import String
from .space_displacement import windows_of

__all__ = ["METHODS", "Rates", "parts_of", "read_string"]

METHODS = ("segmentation", "displacement")


@dataclass(frozen=True)
class Rates:
    """What an arc's shape and place add to its penalty, in nats; chosen on half of the cheque amounts."""

    character: float = -1.0  # each; less than nothing, since what is one character seldom makes two good ones
    gap: float = 1.5  # for each gap without ink within a character
    cut: float = 0.55  # for each stroke's width that is cut through at either end
    small: float = 10.0  # for each line's size by which a character is lower than `least`
    least: float = 0.93  # sizes of the line
    wide: float = 3.4  # for each of its heights by which a character is wider than `widest`
    widest: float = 0.9
    mark: float = 1.5  # a point, comma or dash: what stands free, is low or flat
    mark_high: float = 0.4  # for each line's size by which it is higher than 0.2
    no_character: float = 1.0  # what stands free and is not as high, if the network takes it for none
    no_character_high: float = 5.0  # for each line's size by which that is higher than 0.2
    whole: float = 0.5  # of −log of what a free part's probability lacks to 1, for cutting through it
    missed: float = 5.7  # ink of a character's size that is left unread, and cannot be a mark


RATES = Rates()
DOUBT = 0.002  # probability, at least, that what is one character by itself is none
LEANING = (-0.3, 0.3, -0.15, 0.15)  # by which a line is leant to be cut again
MAYBE = 0.05  # probability of a character, from which one that was cut is shown with what it may share
PASSING = 0.02  # share of paths through a part, by the first network, from which the others are asked
DEAREST = 3.0  # nats that the shape of a run may cost, for the network to be asked about it
SURE = 0.7  # share of all paths that have a character, from which it is not cut leaning as well


def read_string(
    ink: NDArray[np.float32],
    model: Classifier,
    grammar: Grammar | None = None,
    *,
    method: str = "segmentation",
    best: int = 5,
    rates: Rates = RATES,
    name: str = "the picture",
) -> String:
    """Read one line of ink, (rows, columns) float32 in 0 … 1 (writing.line_foreground).

    grammar: readings that are allowed; all, if None. method: one of METHODS. best: different readings wanted,
    this one included. Boxes are in pixels of the ink.
    Raises PictureError where no character is found, or none that the grammar allows.
    """
    if method == "segmentation":
        return _cut(ink, model, grammar, best, rates, name)
    if method == "displacement":
        return windows_of(ink, model).read(model, grammar, best, name)
    raise InputError(f"there is no method {method!r} of reading strings: {' and '.join(METHODS)} are known")


def _cut(
    ink: NDArray[np.float32],
    model: Classifier,
    grammar: Grammar | None,
    best: int,
    rates: Rates,
    name: str,
) -> String:
    """What a line of ink says, cut as it is, and in its doubtful stretches leaning as well.

    Where the best of all readings is none that the grammar allows, the whole line is doubtful. Of nothing it is not
    asked again, unless a grammar says that there is something.
    """
    found = segments(ink)
    parts = parts_of(found, model, rates)
    said = parts.said()
    if grammar is not None and not grammar.accepts(said):
        doubtful = [(0, parts.graph.nodes - 1)]
    else:
        doubtful = parts.doubtful(found.free, SURE) if said else []
    ways = [(first, last, slant) for first, last in doubtful for slant in LEANING if last > first]
    if ways:
        others = _parts_of_all([found.leant(*way) for way in ways], model, rates)
        parts = beside(parts, [(a, b, other) for (a, b, _), other in zip(ways, others, strict=True)])
    return parts.read(model, grammar, best, name)


def parts_of(found: Segments, model: Classifier, rates: Rates = RATES) -> Parts:
    """The segmentation graph of a line: every run of pieces under every class, and silent arcs.

    Nodes are the places between pieces; labels index model.classes. Parts are the runs, in their order, and after
    them those that were cut, with what they may share.
    """
    return _parts_of_all([found], model, rates)[0]


def _parts_of_all(every: Sequence[Segments], model: Classifier, rates: Rates) -> list[Parts]:
    """`parts_of` of several, for which the network is asked at once."""
    lines = [_Line(found, model.classes, rates) for found in every]
    return [_parts(line, seen) for line, seen in zip(lines, _seen(lines, model), strict=True)]


def _parts(line: _Line, seen: _Seen) -> Parts:
    graph = line.graph(seen.posterior, seen.rubbish)
    part = np.append(seen.part, np.full(len(graph.start) - seen.part.size, -1))
    return Parts(
        graph,
        part,
        seen.fields,
        seen.penalties,
        lambda part: line.found.place(*line.runs[seen.run[part]]),
        line.found.nodes,
    )


class _Line:
    """What the network need not be asked about a line that is cut: its runs of pieces, and what their shape costs.

    runs: (first piece, one behind the last) of each. boxes: (runs, 4) of their ink.
    """

    def __init__(self, found: Segments, classes: list[str], rates: Rates) -> None:
        self.found, self.rates = found, rates
        runs = found.arcs()
        boxes = found.find_character_boxes(runs)
        first, behind = np.array(runs, np.intp).reshape(-1, 2).T
        # Cut before each piece, and behind the last; of ink that is dust alone there is no piece.
        joints = np.concatenate([[0.0], found.joints, [0.0]])[: len(found.boxes) + 1]
        top, bottom, left, right = boxes.T
        high, wide = (bottom - top) / found.size, (right - left) / found.size
        gaps = np.concatenate([[0], (joints < CUT).cumsum()])  # of the joints before each
        shape = rates.character + rates.gap * (gaps[behind] - gaps[first + 1])
        shape += rates.cut * (joints[first] + joints[behind]) / 2
        shape += rates.wide * np.maximum(0.0, wide / np.maximum(high, 0.1) - rates.widest)
        small = rates.small * np.maximum(0.0, rates.least - high)
        of_class = np.array(classes) != "0"  # zeros at the end of an amount are written small
        penalty = shape[:, None] + small[:, None] * of_class
        # What stands free may be a mark, and so may a piece: whether it is needs an answer, however it is shaped.
        may_be = (
            (penalty.min(1) <= DEAREST) | (behind == first + 1) | ((joints < CUT)[[first, behind]].all(0))
        )
        self.runs = [run for run, kept in zip(runs, may_be.tolist(), strict=True) if kept]
        self.boxes, self._high, self._shape = boxes[may_be], high[may_be], penalty[may_be]
        self._first, self._behind = first[may_be], behind[may_be]

    def graph(self, posterior: NDArray[np.float64], rubbish: NDArray[np.float64]) -> Graph:
        """Nodes are the places between pieces. posterior: (runs, classes). rubbish: (runs,).

        Arcs are the runs under every class, in their order, and then the silent ones.
        """
        found, rates = self.found, self.rates
        count, classes = posterior.shape
        quiet = [
            (start, start + 1, rates.missed * min(max(high, 0.3), 1.5))
            for (start, end), high in zip(self.runs, self._high.tolist(), strict=True)
            if end == start + 1
        ]
        none = dict(zip(self.runs, rubbish.tolist(), strict=True))
        quiet += [
            (a, b, _silence(found, a, b, none.get((a, b), 0.0), rates)) for a, b in pairwise(found.free)
        ]
        start, end, silent = np.array(quiet, float).reshape(-1, 3).T
        spoken = -np.log(np.maximum(posterior, 1e-12)) + self._shape
        start = np.concatenate([np.repeat(self._first, classes), start.astype(np.intp)])
        end = np.concatenate([np.repeat(self._behind, classes), end.astype(np.intp)])
        penalty = np.concatenate([spoken.ravel(), silent])
        # What a part that stands free is by itself speaks against cutting through it.
        one = dict(zip(self.runs, posterior.max(1).tolist(), strict=True))
        for a, b in pairwise(found.free):
            if b > a + 1 and (a, b) in one:
                within = (start <= a) & (end > a) & (end < b)
                penalty[within] -= rates.whole * np.log(max(1 - one[a, b], DOUBT))
        return Graph(
            len(found.boxes) + 1,
            start,
            end,
            np.concatenate([np.tile(np.arange(classes), count), np.full(len(quiet), SILENT)]),
            penalty,
        )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a network says of runs of pieces.

    fields, penalties: (parts, …) of what it was shown, the runs first. run: (parts,) whose each is. posterior: (runs,
    classes), eq. 9. part: (runs, classes) which part that is of. rubbish: (runs,) what the rubbish class has of each.
    """

    fields: NDArray[np.uint8]
    penalties: NDArray[np.float32]
    run: NDArray[np.intp]
    posterior: NDArray[np.float64]
    part: NDArray[np.intp]
    rubbish: NDArray[np.float64]


def _seen(lines: Sequence[_Line], model: Classifier) -> list[_Seen]:
    """Show a network runs of pieces, and what was cut once more: it may share a stroke with what it was cut from.

    Not what is clearly a character, or clearly none. Of both the likelier counts, for each class. Several networks
    are asked only of what some path of the first one's graph goes through. All lines are shown at once.
    """
    first = model.members[0]
    alone = [line.found.fields(line.runs, line.boxes) for line in lines]
    answers = _each(partial(first.penalties, threads=1), alone)
    cuts = []
    for line, penalties in zip(lines, answers, strict=True):
        likely = model.posterior_of(penalties)
        cuts.append(
            np.flatnonzero(line.found.cut(line.runs) & (likely.sum(1) >= MAYBE) & (likely.max(1) < SURELY))
        )
    shared = [
        line.found.shared_fields([line.runs[k] for k in cut]) for line, cut in zip(lines, cuts, strict=True)
    ]
    more = _each(partial(first.penalties, threads=1), shared)
    fields = [np.concatenate(pair) for pair in zip(alone, shared, strict=True)]
    penalties = [np.concatenate(pair) for pair in zip(answers, more, strict=True)]
    if len(model.members) > 1:
        matters = []
        for line, cut, shown, said in zip(lines, cuts, fields, penalties, strict=True):
            seen = _likelier(shown, said, cut, model)
            share = line.graph(seen.posterior, seen.rubbish).forward_slopes()[: seen.part.size]
            matters.append(share.reshape(seen.part.shape).sum(1)[seen.run] >= PASSING)
        found = cascade(model, np.concatenate(fields), np.concatenate(penalties), np.concatenate(matters))
        penalties = _split(found, fields)
    return [_likelier(*one, model) for one in zip(fields, penalties, cuts, strict=True)]


def _likelier(
    fields: NDArray[np.uint8], penalties: NDArray[np.float32], cut: NDArray[np.intp], model: Classifier
) -> _Seen:
    """Of runs that were shown twice, the likelier answer. cut: (shown twice,) which runs are."""
    posterior = model.posterior_of(penalties).astype(np.float64)
    runs = len(fields) - len(cut)
    part = np.repeat(np.arange(runs)[:, None], posterior.shape[1], 1)
    likelier = posterior[runs:] > posterior[cut]
    part[cut] = np.where(likelier, np.arange(runs, len(fields))[:, None], part[cut])
    run = np.concatenate([np.arange(runs), cut])
    rubbish = 1 - posterior[:runs].sum(1)
    return _Seen(fields, penalties, run, np.take_along_axis(posterior, part, 0), part, rubbish)


def _each(ask: Callable[[NDArray], NDArray], several: Sequence[NDArray]) -> list[NDArray]:
    """ask(one) of each of several, asked for all at once: a network reads many together sooner."""
    return _split(ask(np.concatenate(several)), several)


def _split(every: NDArray, like: Sequence[NDArray]) -> list[NDArray]:
    """What has as many rows as several together, into theirs."""
    return np.split(every, np.cumsum([len(one) for one in like])[:-1])


def _silence(found: Segments, first: int, behind: int, rubbish: float, rates: Rates) -> float:
    """Penalty of reading nothing where pieces first … behind − 1 stand free; inf where it cannot be a mark.

    rubbish: the share that eq. 9 gives the rubbish class.
    """
    top, bottom, left, right = found.box(first, behind)
    high, wide = (bottom - top) / found.size, (right - left) / found.size
    more = max(0.0, high - 0.2)
    if high < 0.38 or (high < 0.55 and high < 0.35 * wide):
        return rates.mark + rates.mark_high * more
    if high < 0.7 and rubbish > 0:
        return rates.no_character - float(np.log(rubbish)) + rates.no_character_high * more
    return np.inf
