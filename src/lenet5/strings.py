"""Strings (Sections V and VII): LeNet-5 on every part of a line that may be a character, the Viterbi path.

By segmentation, the parts are runs of the pieces that a line is cut into (segment.py); by displacement, they are
windows every 4 pixels (sdnn.py). Either way there is a graph of possible characters, whose best path is the
reading, and the share of all paths that agree is its confidence.

The penalty of an arc is −log of the probability that eq. 9 gives the class, the rubbish class included, so
that a good character costs nothing and half of one, or two, cost much: weights that have learnt the rubbish
class are needed. To it comes what the network cannot see, since every arc is brought to one size before: that
the ink is small for this line, lies in parts that do not touch, or was cut through. Points, commas and dashes
are silent arcs.

One way of cutting is no proof: a line that is not read surely is cut leaning to either side as well, where other cuts
are cheap and characters look another way, and the graphs are set side by side (parts.together).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, PictureError
from .grammar import Grammar
from .graph import Graph
from .parts import SILENT, SURELY, Parts, cascade, together
from .recogniser import Recogniser
from .results import String
from .sdnn import windows_of
from .segment import CUT, Segments, segments

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
    missed: float = 5.7  # ink of a character's size that is left unread, and cannot be a mark


RATES = Rates()
LEANING = (-0.3, 0.3)  # by which a line is leant to be cut again
MAYBE = 0.05  # probability of a character, from which one that was cut is shown with what it may share
SURE = 0.4  # share of all paths that say the same, from which the line is not cut leaning as well


def read_string(
    ink: NDArray[np.float32],
    model: Recogniser,
    grammar: Grammar | None = None,
    *,
    method: str = "segmentation",
    best: int = 5,
    rates: Rates = RATES,
    name: str = "the picture",
) -> String:
    """Read one line of ink, (rows, columns) float32 in 0 … 1 (writing.line_of).

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
    model: Recogniser,
    grammar: Grammar | None,
    best: int,
    rates: Rates,
    name: str,
) -> String:
    """What a line of ink says, cut as it is and, unless that is sure, leaning to either side as well.

    Leaning it is cut elsewhere, and characters look another way. Of nothing it is not asked again, unless a grammar
    says that there is something.
    """
    parts = parts_of(segments(ink), model, rates)
    try:
        reading = parts.read(model, grammar, best, name)
        if reading.confidence >= SURE or (grammar is None and parts.silent):
            return reading
    except PictureError:
        if grammar is None:
            raise
    every = [parts, *(parts_of(segments(ink, slant), model, rates) for slant in LEANING)]
    every = [one for one in every if one.graph.nodes > 1]
    return (together(every) if every else parts).read(model, grammar, best, name)


def parts_of(found: Segments, model: Recogniser, rates: Rates = RATES) -> Parts:
    """The segmentation graph of a line: every run of pieces under every class, and silent arcs.

    Nodes are the places between pieces; labels index model.classes. Parts are the runs, in their order, and after
    them those that were cut, with what they may share.
    """
    runs = found.arcs()
    boxes = found.boxes_of(runs)
    seen = _seen(found, runs, boxes, model)
    posterior = seen.posterior
    count, classes = posterior.shape
    first, behind = np.array(runs, np.intp).reshape(-1, 2).T
    # Cut before each piece, and behind the last; of ink that is dust alone there is no piece.
    joints = np.concatenate([[0.0], found.joints, [0.0]])[: len(found.boxes) + 1]
    high, wide = (boxes[:, 1] - boxes[:, 0]) / found.size, (boxes[:, 3] - boxes[:, 2]) / found.size
    gaps = np.concatenate([[0], (joints < CUT).cumsum()])  # of the joints before each
    shape = rates.character + rates.gap * (gaps[behind] - gaps[first + 1])
    shape += rates.cut * (joints[first] + joints[behind]) / 2
    shape += rates.wide * np.maximum(0.0, wide / np.maximum(high, 0.1) - rates.widest)
    small = rates.small * np.maximum(0.0, rates.least - high)
    of_class = np.array(model.classes) != "0"  # zeros at the end of an amount are written small
    spoken = -np.log(np.maximum(posterior, 1e-12)) + shape[:, None] + small[:, None] * of_class
    quiet = [
        (start, start + 1, rates.missed * min(max(high[k], 0.3), 1.5))
        for k, (start, end) in enumerate(runs)
        if end == start + 1
    ]
    rubbish = dict(zip(runs, seen.rubbish.tolist(), strict=True))
    free = np.flatnonzero(joints < CUT).tolist()  # nodes where nothing is cut through
    quiet += [(a, b, _silence(found, a, b, rubbish.get((a, b), 0.0), rates)) for a, b in pairwise(free)]
    start, end, silent = np.array(quiet, float).reshape(-1, 3).T
    graph = Graph(
        len(found.boxes) + 1,
        np.concatenate([np.repeat(first, classes), start]),
        np.concatenate([np.repeat(behind, classes), end]),
        np.concatenate([np.tile(np.arange(classes), count), np.full(len(quiet), SILENT)]),
        np.concatenate([spoken.ravel(), silent]),
    )

    part = np.append(seen.part, np.full(len(quiet), -1))
    return Parts(
        graph, part, seen.fields, seen.penalties, lambda part: found.place(*runs[seen.run[part]]), found.nodes
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


def _seen(found: Segments, runs: list[tuple[int, int]], boxes: NDArray[np.intp], model: Recogniser) -> _Seen:
    """Show a network runs of pieces, and what was cut once more: it may share a stroke with what it was cut from.

    Not what is clearly a character, or clearly none. Of both the likelier counts, for each class.
    """
    first, count = model.members[0], len(runs)
    fields = found.fields(runs, boxes)
    alone = first.penalties(fields, threads=1)
    likely = model.posterior_of(alone)
    cut = np.flatnonzero(found.cut(runs) & (likely.sum(1) >= MAYBE) & (likely.max(1) < SURELY))
    shared = found.shared_fields([runs[k] for k in cut])
    fields = np.concatenate([fields, shared])
    penalties = cascade(model, fields, np.concatenate([alone, first.penalties(shared, threads=1)]))
    posterior = model.posterior_of(penalties).astype(np.float64)
    rubbish = 1 - posterior[:count].sum(1)
    run = np.concatenate([np.arange(count), cut])
    part = np.repeat(np.arange(count)[:, None], posterior.shape[1], 1)
    likelier = posterior[count:] > posterior[cut]
    part[cut] = np.where(likelier, np.arange(count, len(run))[:, None], part[cut])
    posterior = np.take_along_axis(posterior, part, 0)
    return _Seen(fields, penalties, run, posterior, part, rubbish)


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
