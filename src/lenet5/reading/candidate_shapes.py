"""Runs of a line's pieces that may be characters, and what their size, shape and place cost.

The network cannot see it, since every candidate is brought to one size first. # not in the paper: a penalty grows with
how small a candidate is for its line, with the gaps within it, with its width, and with the ink that its cuts go
through, above all the ink of what is a character as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..engine.interface import Lattice
from ..imaging.segmentation import Segments
from ..lattice.graph import Graph
from ..model.sign_shapes import DIGIT, MARK, SignShapes
from ..network.codes import SIGNS
from .interpretation_graph import SILENT
from .sign_context import SIGN_CONTEXT, SignContext
from .sign_shapes import SIGN_PENALTIES, LineBand, SignPenalties, sign_costs, sign_measures
from .square_digits import SQUARE_DIGITS, SquareDigitSettings

__all__ = [
    "CANDIDATES",
    "MARK_PENALTIES",
    "SHAPE_PENALTIES",
    "CandidateSettings",
    "MarkPenalties",
    "Runs",
    "ShapePenalties",
    "mark_penalty",
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
        order = np.argsort(end, kind="stable")
        ends = end[order]
        for a, b in pairwise(self.segments.free_nodes):
            if b > a + 1 and (a, b) in sure:
                within = order[np.searchsorted(ends, a, "right") : np.searchsorted(ends, b)]
                within = within[start[within] <= a]
                lacking = max(1 - sure[a, b], self.settings.error)
                penalty[within] -= self.settings.shape.whole * np.log(lacking)


def _wide_parts(segments: Segments, runs: Sequence[tuple[int, int]], widest: float) -> list[tuple[int, int]]:
    """Free parts that are too wide to be digits, as a long dash is, and are none of the runs."""
    free, known = segments.free_nodes, set(runs)
    parts = [part for part in pairwise(free) if part not in known]
    boxes = segments.candidate_boxes(parts)
    narrow = boxes[:, 3] - boxes[:, 2] <= widest * segments.size
    return [part for part, keep in zip(parts, narrow.tolist(), strict=True) if keep]


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
