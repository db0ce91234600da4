"""Candidates of a line that was cut into pieces: runs of pieces, their posteriors, and what their shape costs.

This is the recognition transformer (Section VI-C): it turns the segmentation graph, whose arcs are runs of pieces,
into the interpretation graph, whose arcs are characters. The penalty of an arc is −log of the posterior of eq. 9,
rubbish class included: about 0 for a good character, and large for half of one or for two. The network must have
learnt the rubbish class. # not in the paper: a penalty is added for what the network cannot see, since every
candidate is brought to one size first. It grows with how small a candidate is for its line, with the gaps within it,
with its width, and with the ink that its cuts go through, above all the ink of what is a character as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..engine.interface import Lattice
from ..imaging.segmentation import Segments
from ..lattice.graph import Graph
from ..model.classifier import Classifier
from ..model.sign_shapes import DIGIT, MARK, SignShapes
from ..model.signs import shapes_of
from ..network.codes import SIGNS
from .interpretation_graph import SILENT, InterpretationGraph
from .sign_context import SIGN_CONTEXT, SignContext
from .sign_shapes import SIGN_PENALTIES, LineBand, SignPenalties, sign_costs, sign_measures
from .square_digits import SQUARE_DIGITS, SquareDigitSettings, with_square_digits

__all__ = [
    "CANDIDATES",
    "CandidateSettings",
    "MarkPenalties",
    "Runs",
    "ShapePenalties",
    "cascade",
    "mark_penalty",
    "recognise",
    "recognise_all",
]

LEAST = 1e-12  # posteriors are taken as no less, so that the logarithm is finite


@dataclass(frozen=True)
class ShapePenalties:
    """What an arc's shape and place add to its penalty, in nats; chosen on the tuning half of the cheque amounts.

    The size of the line is the height of its characters (Segments.size).
    """

    character: float = -1.0  # each; negative, because two good characters seldom come from one
    gap: float = 1.5  # for each gap without ink within a character
    cut: float = 0.55  # for each stroke's width that is cut through at either end
    small: float = 10.0  # for each size of the line by which a character is lower than `least`
    least: float = 0.93  # sizes of the line
    small_class: str = "0"  # often written small at the end of an amount: `small` is not added for it
    wide: float = 3.4  # for each of its heights by which a character is wider than `widest`
    widest: float = 0.9  # heights of the character
    flat: float = 0.1  # sizes of the line: the least height that a width is divided by
    whole: float = 0.5  # times −log(1 − probability that a free part is one character), for cutting it
    missed: float = 5.7  # for ink of a character's size that is left unread and cannot be a mark
    # Sizes of the line: least and most height that `missed` is for.
    missed_sizes: tuple[float, float] = (0.3, 1.5)


@dataclass(frozen=True)
class MarkPenalties:
    """What a silent arc costs that skips a point, comma, dash or blot standing free, in nats.

    Heights are in sizes of the line; chosen on the tuning half of the cheque amounts.
    """

    mark: float = 1.5  # a point, comma or dash
    mark_slope: float = 0.4  # for each height by which it is higher than `free_height`
    blot: float = 1.0  # a higher one, if the network takes it for no character
    blot_slope: float = 5.0  # for each height by which it is higher than `free_height`
    free_height: float = 0.2
    mark_height: float = 0.38  # a point or comma is lower
    dash_height: float = 0.55  # a dash is lower,
    dash_shape: float = 0.35  # and its height is a smaller share of its width
    blot_height: float = 0.7  # a blot is lower


SHAPE_PENALTIES = ShapePenalties()
MARK_PENALTIES = MarkPenalties()


@dataclass(frozen=True)
class CandidateSettings:
    """Which candidates the networks classify; chosen on the tuning half of the cheque amounts."""

    shape: ShapePenalties = SHAPE_PENALTIES
    marks: MarkPenalties = MARK_PENALTIES
    signs: SignPenalties = SIGN_PENALTIES  # where the classes have signs
    context: SignContext = SIGN_CONTEXT  # the same
    dearest: float = 3.0  # nats: a candidate whose shape costs more is not classified
    # A candidate that was cut is classified again, with the ink that it may share with its neighbour, if the
    # probability of any character is at least this.
    shared: float = 0.05
    square: SquareDigitSettings = SQUARE_DIGITS  # what stands free in straight strokes
    error: float = 0.002  # least probability that a free part is no character, however sure the network is
    # The other networks of an ensemble classify a candidate if at least this share of all paths, by the first network,
    # goes through it.
    path_share: float = 0.02
    rejection_probability: float = 0.15  # of any character: if less, the first network decides alone
    certain_probability: float = 0.9  # of the best class: if not less, the first network decides alone


CANDIDATES = CandidateSettings()


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


class Runs:
    """The runs of a line's pieces that may be characters, and what their shape costs.

    Only runs whose shape does not cost too much are kept. runs: (first piece, stop) of each. boxes: (runs, 4) top,
    bottom, left, right of their ink, in pixels. heights: (runs,) in sizes of the line. measures: what each number of
    ShapePenalties is multiplied by, (runs,), by its name; "small" is not added for `small_class`. first, stop: (runs,)
    the nodes that each connects. _shape: (runs, classes) nats.
    """

    def __init__(
        self,
        segments: Segments,
        classes: Sequence[str],
        settings: CandidateSettings,
        loops: Lattice,
        band: LineBand | None = None,
        shapes: SignShapes | None = None,
    ) -> None:
        self.segments, self.settings, self.loops = segments, settings, loops
        shape = settings.shape
        runs = segments.candidates()
        known = np.array([name in SIGNS for name in classes])
        if known.any():
            runs += _wide_parts(segments, runs, settings.signs.widest)
        boxes = segments.candidate_boxes(runs)
        first, stop = np.array(runs, np.intp).reshape(-1, 2).T
        # A cut before each piece and after the last, in strokes; a line of specks alone has no piece.
        cuts = np.concatenate([[0.0], segments.cut_costs, [0.0]])[: len(segments.boxes) + 1]
        top, bottom, left, right = boxes.T
        heights, widths = (bottom - top) / segments.size, (right - left) / segments.size
        gaps = np.concatenate([[0], (cuts < segments.settings.cut_cost).cumsum()])  # gaps before each node
        measures = {
            "gap": gaps[stop] - gaps[first + 1],
            "cut": (cuts[first] + cuts[stop]) / 2,
            "wide": np.maximum(0.0, widths / np.maximum(heights, shape.flat) - shape.widest),
            "small": np.maximum(0.0, shape.least - heights),
        }
        cost = shape.character + shape.gap * measures["gap"]
        cost += shape.cut * measures["cut"]
        cost += shape.wide * measures["wide"]
        small = shape.small * measures["small"]
        penalty = cost[:, None] + small[:, None] * (np.array(classes) != shape.small_class)
        # A free part and a single piece may be marks: they are classified whatever their shape costs.
        free: NDArray[np.bool_] = np.all((cuts < segments.settings.cut_cost)[[first, stop]], 0)
        if known.any():
            tall = heights > settings.signs.highest
            sign = settings.signs.sign + settings.signs.gap * measures["gap"]
            cut_off = settings.signs.cut + shape.cut * measures["cut"]
            cut_off[tall] = np.inf
            penalty[:, known] = np.where(free, sign, sign + cut_off)[:, None]
        kept = (penalty.min(1) <= settings.dearest) | (stop == first + 1) | free
        self.runs = [run for run, keep in zip(runs, kept.tolist(), strict=True) if keep]
        self.boxes, self.heights, self._shape = boxes[kept], heights[kept], penalty[kept]
        self.first, self.stop = first[kept], stop[kept]
        self._signs, self._shapes, self._classes = known, shapes, list(classes)
        self.free = free[kept]
        if shapes is not None:
            band = band or LineBand.of(segments, settings.signs)
            self._measured = sign_measures(segments, self.runs, self.boxes, band)
            edge = (self.first == 0) | (self.stop == len(segments.boxes))
            charged = settings.context.signs  # by what was read before them, not here
            self._shape += sign_costs(self._measured, self.heights, edge, classes, charged, settings.signs)
        self.measures = {name: measure[kept] for name, measure in measures.items()}

    def graph(self, posterior: NDArray[np.float64], rubbish: NDArray[np.float64]) -> Graph:
        """The graph's arcs: the runs under every class, in their order, and then the silent ones.

        posterior: (runs, classes). rubbish: (runs,) posterior of the rubbish class.
        """
        count, classes = posterior.shape
        posterior, marks = self._by_shape(posterior)
        silent = self._silent(rubbish, marks)
        start, end, silence = np.array(silent, float).reshape(-1, 3).T
        spoken = -np.log(np.maximum(posterior, LEAST)) + self._shape
        signs = self.settings.signs
        spoken[:, self._signs] += signs.doubt * (posterior[:, self._signs] < signs.doubtful)
        start = np.concatenate([np.repeat(self.first, classes), start.astype(np.intp)])
        end = np.concatenate([np.repeat(self.stop, classes), end.astype(np.intp)])
        penalty = np.concatenate([spoken.ravel(), silence])
        self._protect_whole_parts(start, end, penalty, posterior)
        label = np.concatenate([np.tile(np.arange(classes), count), np.full(len(silent), SILENT)])
        return Graph(len(self.segments.boxes) + 1, start, end, label, penalty, self.loops)

    def _by_shape(
        self, posterior: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """The posterior with signs judged by their shape too, and the probability of a mark, (runs,) or None.

        Of a free part P(sign) and P(digit d) = P(digit)·p_d / Σ_k p_k, the first factor by its shape: the rubbish
        class has had its say in that. The shape of what was cut shows little: both it and the network must say that
        it is a sign.
        """
        shapes, signs, free = self._shapes, self._signs, self.free
        if not signs.any() or shapes is None or not len(posterior):
            return posterior, None
        columns = shapes.columns(self._classes)
        network = posterior[:, columns]
        some = np.maximum(posterior[:, ~signs].sum(1, keepdims=True), LEAST)
        none = np.maximum(1 - network.sum(1, keepdims=True), LEAST)
        likely = shapes.probabilities(self._measured, network, posterior[:, ~signs] / none)
        changed = posterior.copy()
        changed[:, columns] = np.where(
            free[:, None], likely[:, : len(columns)], np.minimum(network, likely[:, : len(columns)])
        )
        changed[np.ix_(free, ~signs)] *= (likely[:, [DIGIT]] / some)[free]
        return changed, np.where(free, likely[:, MARK], 0.0)

    def _silent(
        self, rubbish: NDArray[np.float64], marks: NDArray[np.float64] | None
    ) -> list[tuple[int, int, float]]:
        """Silent arcs, (first node, last node, penalty in nats): over ink that is left unread, or over a mark.

        rubbish: (runs,) posterior of the rubbish class. marks: (runs,) probability of a mark, where signs are read.
        """
        shape, free = self.settings.shape, self.segments.free_nodes
        least, most = shape.missed_sizes
        arcs = [
            (first, stop, shape.missed * min(max(height, least), most))
            for (first, stop), height in zip(self.runs, self.heights.tolist(), strict=True)
            if stop == first + 1
        ]
        known = dict(zip(self.runs, rubbish.tolist(), strict=True))
        more = self.settings.signs.unread if self._signs.any() else 0.0
        arcs += [
            (a, b, more + mark_penalty(self.segments, a, b, known.get((a, b), 0.0), self.settings.marks))
            for a, b in pairwise(free)
        ]
        if marks is not None:
            own = dict(zip(self.runs, marks.tolist(), strict=True))
            signs = self.settings.signs
            for part in pairwise(free):
                if part in own:
                    doubt = signs.doubt * (own[part] < signs.doubtful)
                    arcs.append((*part, signs.mark + doubt - float(np.log(max(own[part], LEAST)))))
        return arcs

    def _protect_whole_parts(
        self,
        start: NDArray[np.intp],
        end: NDArray[np.intp],
        penalty: NDArray[np.float64],
        posterior: NDArray[np.float64],
    ) -> None:
        """Raise the penalty of every path that cuts a free part, the more the surer the part is one character.

        It is raised on the arc that starts at or before the part and ends within it: once on each such path.
        """
        sure = dict(zip(self.runs, posterior.max(1).tolist(), strict=True))
        for a, b in pairwise(self.segments.free_nodes):
            if b > a + 1 and (a, b) in sure:
                within = (start <= a) & (end > a) & (end < b)
                lacking = max(1 - sure[a, b], self.settings.error)
                penalty[within] -= self.settings.shape.whole * np.log(lacking)


def _wide_parts(segments: Segments, runs: Sequence[tuple[int, int]], widest: float) -> list[tuple[int, int]]:
    """Free parts that are too wide to be digits, as a long dash is, and are none of the runs."""
    free, known = segments.free_nodes, set(runs)
    parts = [part for part in pairwise(free) if part not in known]
    boxes = segments.candidate_boxes(parts)
    narrow = boxes[:, 3] - boxes[:, 2] <= widest * segments.size
    return [part for part, keep in zip(parts, narrow.tolist(), strict=True) if keep]


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


def mark_penalty(segments: Segments, first: int, stop: int, rubbish: float, marks: MarkPenalties) -> float:
    """Penalty, nats, of skipping pieces first … stop − 1, which stand free; inf where they cannot be a mark."""
    top, bottom, left, right = segments.box(first, stop)
    height, width = (bottom - top) / segments.size, (right - left) / segments.size
    more = max(0.0, height - marks.free_height)
    dash = height < marks.dash_height and height < marks.dash_shape * width
    if height < marks.mark_height or dash:
        return marks.mark + marks.mark_slope * more
    if height < marks.blot_height and rubbish > 0:
        return marks.blot - float(np.log(rubbish)) + marks.blot_slope * more
    return float(np.inf)
