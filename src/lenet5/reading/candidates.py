"""Candidates of a line that was cut into pieces: what the networks answer about them, and the graph of the answers.

This is the recognition transformer (Section VI-C): it turns the segmentation graph, whose arcs are runs of pieces,
into the interpretation graph, whose arcs are characters. The penalty of an arc is −log of the posterior of eq. 9,
rubbish class included: about 0 for a good character, and large for half of one or for two. The network must have
learnt the rubbish class. What a candidate's shape costs is added (candidate_shapes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..imaging.segmentation import Segments
from ..lattice.automaton import Grammar
from ..model.classifier import Classifier
from ..model.signs import shapes_of
from .candidate_shapes import CANDIDATES, CandidateSettings, Runs
from .interpretation_graph import SILENT, InterpretationGraph
from .sign_shapes import LineBand
from .square_digits import with_square_digits

__all__ = ["cascade", "composed_arcs", "recognise", "recognise_all"]


def recognise(
    segments: Segments,
    model: Classifier,
    settings: CandidateSettings = CANDIDATES,
    band: LineBand | None = None,
) -> InterpretationGraph:
    """The interpretation graph of a line: every run of pieces under every class, and silent arcs.

    Args:
        segments: a line that was cut into pieces.
        model: classifies the candidates.
        settings: which candidates are classified, and what their shape costs.
        band: where digits stand on the line, by which signs are judged; None: as these pieces do.

    Returns:
        The graph; its nodes are the places between pieces. Its candidates are the runs in their order, and after
        them those that were cut, with the ink that they may share.
    """
    return recognise_all([segments], model, settings, [band])[0]


def recognise_all(
    lines: Sequence[Segments],
    model: Classifier,
    settings: CandidateSettings = CANDIDATES,
    bands: Sequence[LineBand | None] | None = None,
) -> list[InterpretationGraph]:
    """`recognise` of several lines, or parts of lines, with the band of each; candidates are classified together."""
    loops = model.backend.lattice
    shapes = shapes_of(model)
    runs = [
        Runs(segments, model.classes, settings, loops, band, shapes)
        for segments, band in zip(lines, bands or [None] * len(lines), strict=True)
    ]
    return [_interpret(*one, model) for one in zip(runs, _classify(runs, model, settings), strict=True)]


def composed_arcs(
    segments: Segments,
    model: Classifier,
    grammar: Grammar,
    most: int,
    settings: CandidateSettings = CANDIDATES,
) -> int:
    """Arcs that a line's graph has at least when it is composed with a grammar; known before anything is classified.

    Args:
        segments: a line that was cut into pieces.
        model: what would classify its candidates.
        grammar: strings that are allowed.
        most: no more arcs than so many are counted, nor much more work done.
        settings: which candidates would be classified.
    """
    runs = Runs(segments, model.classes, settings, model.backend.lattice, shapes=shapes_of(model))
    follow = grammar.next_state
    allowed = (follow >= 0).sum(1)
    stops: dict[int, list[int]] = {}
    for first, stop in runs.runs:
        stops.setdefault(first, []).append(stop)
    count, reached = 0, {0: np.arange(len(follow)) == 0}
    for node in range(len(segments.boxes)):
        here = reached.pop(node)
        count += int(allowed[here].sum()) * len(stops[node])
        if count > most:
            break
        after = np.zeros(len(follow), bool)
        after[follow[here][follow[here] >= 0]] = True
        for stop in stops[node]:
            reached[stop] = reached.get(stop, False) | after
        reached[node + 1] = reached[node + 1] | here  # any piece may be left unread
    return count


def cascade(
    model: Classifier,
    glyphs: NDArray[np.uint8],
    first: NDArray[np.float32],
    relevant: NDArray[np.bool_] | bool = True,
    settings: CandidateSettings = CANDIDATES,
) -> NDArray[np.float32]:
    """Penalties of an ensemble, for less work than asking every network about every candidate.

    Most candidates of a line are clearly no character, and most of the rest clearly are one: where the first network
    is sure it decides alone. Experts are not asked (model/ensemble.py). It runs on one thread, as `classify_views`.

    Args:
        model: one network or an ensemble.
        glyphs: (N, 28, 28) uint8.
        first: (N, classes) penalties of its first network.
        relevant: (N,) candidates that the other networks may be asked about.
        settings: when the first network is sure.

    Returns:
        (N, classes) float32.
    """
    penalties, others = first.copy(), model.stages[1:]
    if others:
        posterior = model.stages[0].posterior_of(first)
        certain = posterior.max(1) >= settings.certain_probability
        unsure = (posterior.sum(1) >= settings.rejection_probability) & ~certain
        asked = np.flatnonzero(relevant & unsure)
        more = [one.penalties(glyphs[asked], threads=1) for one in others]
        penalties[asked] = np.mean([first[asked], *more], 0)
    return penalties


def _interpret(runs: Runs, answers: _Answers, model: Classifier) -> InterpretationGraph:
    square, posterior, rubbish = runs.settings.square, answers.posterior, answers.rubbish
    confidences = None
    # What stands free is no part of a round digit: where its strokes are straight, its segments say what it is.
    free = np.flatnonzero(runs.free)
    by_segments = with_square_digits(posterior[free], answers.glyphs[free], model.classes, square)
    changed = (by_segments != posterior[free]).any(1)
    if changed.any():
        free, posterior, rubbish = free[changed], posterior.copy(), rubbish.copy()
        posterior[free] = by_segments[changed]
        rubbish[free] = 1 - posterior[free].sum(1)
        confidences = np.full(answers.penalties.shape, np.nan)
        confidences[free] = with_square_digits(
            model.confidence_of(answers.penalties[free]), answers.glyphs[free], model.classes, square
        )
    graph = runs.graph(posterior, rubbish)
    silent = np.full(len(graph.start) - answers.candidate.size, SILENT)
    return InterpretationGraph(
        graph,
        np.append(answers.candidate, silent),
        answers.glyphs,
        answers.penalties,
        lambda candidate: runs.segments.unsheared_box(*runs.runs[answers.run[candidate]]),
        runs.segments.node_columns,
        confidences,
    )


@dataclass(frozen=True, eq=False)
class _Answers:
    """What a network answers about runs of pieces.

    glyphs: (candidates, 28, 28) uint8, the runs, then those that were classified once more. penalties: (candidates,
    classes). run: (candidates,) the run of each. posterior: (runs, classes), eq. 9, the likelier answer. candidate:
    (runs, classes) the candidate that it was given for. rubbish: (runs,) posterior of the rubbish class.
    """

    glyphs: NDArray[np.uint8]
    penalties: NDArray[np.float32]
    run: NDArray[np.intp]
    posterior: NDArray[np.float64]
    candidate: NDArray[np.intp]
    rubbish: NDArray[np.float64]


def _classify(lines: Sequence[Runs], model: Classifier, settings: CandidateSettings) -> list[_Answers]:
    """Classify runs of pieces, and those that were cut once more with the ink that they may share.

    A stroke may belong to two characters. What clearly is a character, or clearly none, is classified once. Of two
    answers the likelier counts, class by class. The other networks of an ensemble are asked only about candidates on
    the first one's likely paths. All lines are classified together.
    """
    ask = partial(model.stages[0].penalties, threads=1)
    alone = [line.segments.glyphs(line.runs, line.boxes) for line in lines]
    answers = _together(ask, alone)
    cuts = [_unclear_cuts(*one, model, settings) for one in zip(lines, answers, strict=True)]
    shared = [
        line.segments.shared_glyphs([line.runs[k] for k in cut])
        for line, cut in zip(lines, cuts, strict=True)
    ]
    glyphs = [np.concatenate(pair) for pair in zip(alone, shared, strict=True)]
    penalties = [np.concatenate(pair) for pair in zip(answers, _together(ask, shared), strict=True)]
    if len(model.stages) > 1:
        relevant = []
        for line, cut, shown, answer in zip(lines, cuts, glyphs, penalties, strict=True):
            first = _likelier(shown, answer, cut, model)
            share = line.graph(first.posterior, first.rubbish).arc_posteriors()[: first.candidate.size]
            relevant.append(share.reshape(first.candidate.shape).sum(1)[first.run] >= settings.path_share)
        every = cascade(
            model, np.concatenate(glyphs), np.concatenate(penalties), np.concatenate(relevant), settings
        )
        penalties = _split(every, glyphs)
    return [_likelier(*one, model) for one in zip(glyphs, penalties, cuts, strict=True)]


def _unclear_cuts(
    line: Runs, penalties: NDArray[np.float32], model: Classifier, settings: CandidateSettings
) -> NDArray[np.intp]:
    """Runs that were cut through ink and are neither clearly a character nor clearly none."""
    posterior = model.posterior_of(penalties)
    unclear = (posterior.sum(1) >= settings.shared) & (posterior.max(1) < settings.certain_probability)
    return np.flatnonzero(line.segments.is_cut(line.runs) & unclear)


def _likelier(
    glyphs: NDArray[np.uint8], penalties: NDArray[np.float32], cut: NDArray[np.intp], model: Classifier
) -> _Answers:
    """The answers for runs, the likelier of two for each class. cut: indices of the runs classified twice."""
    posterior = model.posterior_of(penalties).astype(np.float64)
    runs = len(glyphs) - len(cut)
    candidate = np.repeat(np.arange(runs)[:, None], posterior.shape[1], 1)
    likelier = posterior[runs:] > posterior[cut]
    candidate[cut] = np.where(likelier, np.arange(runs, len(glyphs))[:, None], candidate[cut])
    run = np.concatenate([np.arange(runs), cut])
    rubbish = 1 - posterior[:runs].sum(1)
    chosen = np.take_along_axis(posterior, candidate, 0)
    return _Answers(glyphs, penalties, run, chosen, candidate, rubbish)


def _together(
    ask: Callable[[NDArray[np.uint8]], NDArray[np.float32]], several: Sequence[NDArray[np.uint8]]
) -> list[NDArray[np.float32]]:
    """`ask` of each of several arrays, in one call: a network classifies many images faster together."""
    return _split(ask(np.concatenate(several)), several)


def _split(rows: NDArray[np.float32], like: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    """Rows, split into arrays of as many rows as those of `like` have."""
    return np.split(rows, np.cumsum([len(one) for one in like])[:-1])
