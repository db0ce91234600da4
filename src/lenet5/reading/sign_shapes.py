"""Size, place and form of candidates on their line: what tells a comma from an apostrophe, a slash from a 1.

Every candidate is brought to one size before it is classified (Section V-A). Its size and place for the digits beside
it, its lean and its bow are measured here; model/sign_shapes.py makes probabilities of them. # not in the paper
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..imaging.segmentation import Candidate, Segments
from ..imaging.threshold import MASK_LEVEL
from ..model.sign_shapes import FAR, MEASURES
from ..network.codes import SIGNS

# Powers of x and y whose means give a parabola.
MOMENTS = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 1), (1, 2), (2, 0)]


__all__ = ["SIGN_PENALTIES", "LineBand", "SignPenalties", "sign_costs", "sign_measures"]


@dataclass(frozen=True)
class SignPenalties:
    """What reading signs adds to the penalties of arcs, in nats.

    Chosen on drawn lines of development writers and the tuning half of the cheque amounts.
    """

    sign: float = -1.0  # each, as for a character
    gap: float = 0.5  # for each gap without ink within a sign
    cut: float = 2.0  # more for a sign that was cut from what it touches
    # More for a sign as high as a digit: that a 1 leans, or a 7 is crossed, is likelier in other people's writing. It
    # is less for one that is higher than digits, and nothing for one that is much higher.
    tall: float = 1.5
    taller: tuple[float, float] = (1.2, 1.5)  # heights of the digits beside it
    # More for a sign or mark of a lower probability than this: joined digits that cost much to cut are neither.
    doubtful: float = 0.15
    doubt: float = 5.0
    rare: float = 2.0  # more for a sign that amounts seldom have, and drawn lines often
    rare_signs: str = "%$*+="
    thick: float = 4.0  # more for a dash that is higher than `flat`: it may be joined zeros
    flat: float = 0.5  # heights of the digits beside it
    edge: float = 4.0  # more for a sign that stands between digits, at the begin or the end of the line
    between: str = "/:"
    # Sizes of the line: what is higher is as high as a digit; if it was cut, it is no sign.
    highest: float = 0.6
    mark: float = 0.5  # a mark that is left out, beside −log of its probability
    unread: float = 1.5  # more than without signs for what is left out, where it may be a sign
    # Sizes of the line: a free part is as high as a digit, from the least to the most, and says where digits stand.
    digit_heights: tuple[float, float] = (0.6, 1.6)
    straight: float = 0.7  # widths of the line's strokes: a part of a lower spread is one straight stroke
    neighbours: int = 4  # parts beside a sign that say where digits stand there
    widest: float = 2.5  # sizes of the line: a wider free part is no sign


SIGN_PENALTIES = SignPenalties()


@dataclass(frozen=True, eq=False)
class LineBand:
    """Where digits stand along a line: parts of the line as high as a digit.

    columns: (parts, 2) left and right. rows: (parts, 2) top and bottom. leans: (parts,) columns to the right for each
    row upwards. neighbours: parts that count at a place. straight: (2,) height in rows and lean of the lowest and of
    the most upright of the parts that are one straight stroke; inf where none is.
    """

    columns: NDArray[np.float64]
    rows: NDArray[np.float64]
    leans: NDArray[np.float64]
    neighbours: int
    straight: NDArray[np.float64]

    @classmethod
    def of(cls, segments: Segments, settings: SignPenalties = SIGN_PENALTIES) -> LineBand:
        """The band of a line that was cut into pieces; all of its ink, where no part is as high as a digit."""
        parts = list(pairwise(segments.free_nodes))
        boxes = segments.candidate_boxes(parts).astype(np.float64)
        heights = (boxes[:, 1] - boxes[:, 0]) / segments.size
        least, most = settings.digit_heights
        high = np.flatnonzero((heights >= least) & (heights <= most))
        if not len(high) and len(boxes):
            parts = [(0, len(segments.boxes))]
            boxes, high = segments.candidate_boxes(parts).astype(np.float64), np.array([0])
        strokes = _strokes(segments, [parts[k] for k in high.tolist()])
        rows = boxes[high, :2]
        one = strokes.spread < settings.straight * segments.stroke
        lowest = (rows[:, 1] - rows[:, 0]).min(where=one, initial=np.inf)
        straight = np.array([lowest, strokes.lean.min(where=one, initial=np.inf)])
        return cls(boxes[high, 2:], rows, strokes.lean, settings.neighbours, straight)

    def beside(self, spans: NDArray[np.float64]) -> _Beside:
        """What stands beside spans of the line, (spans, 2) left and right.

        A part whose middle lies in a span, or the other way about, is none beside it, unless there is no other.
        """
        left, right = self.columns.T
        middle, centre = (left + right) / 2, spans.mean(1, keepdims=True)
        own = ((middle >= spans[:, :1]) & (middle < spans[:, 1:])) | ((centre >= left) & (centre < right))
        away = np.maximum(0, np.maximum(left - centre, centre - right))
        away[own & ~own.all(1, keepdims=True)] = np.inf
        nearest = np.argsort(away, 1, kind="stable")[:, : self.neighbours]
        counted = np.isfinite(np.take_along_axis(away, nearest, 1))
        rows = np.where(counted[:, :, None], self.rows[nearest], np.nan)
        before = np.where(~own & (middle < centre), spans[:, :1] - right, np.inf).min(1, initial=np.inf)
        after = np.where(~own & (middle > centre), left - spans[:, 1:], np.inf).min(1, initial=np.inf)
        top, foot = np.nanmedian(rows, 1).T
        return _Beside(
            top,
            foot,
            np.nanmin(rows[:, :, 1] - rows[:, :, 0], 1),
            np.nanmedian(np.where(counted, self.leans[nearest], np.nan), 1),
            np.maximum(before, 0),
            np.maximum(after, 0),
        )


class _Beside(NamedTuple):
    """What stands beside spans of a line, each (spans,).

    top, foot: medians of the nearest parts as high as a digit. least: height of the lowest of these. lean: median of
    theirs. before, after: columns to the nearest on the left and on the right; inf: there is none.
    """

    top: NDArray[np.float64]
    foot: NDArray[np.float64]
    least: NDArray[np.float64]
    lean: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


class _Strokes(NamedTuple):
    """The ink of runs of pieces, as one stroke each, (runs,): the parabola x(y) that is nearest to its pixels.

    pixels: of ink. lean: columns to the right for each row upwards. bow: twice the parabola's coefficient of y², to
    the left. spread: root mean squared distance of pixels from the parabola along rows, in pixels.
    """

    pixels: NDArray[np.float64]
    lean: NDArray[np.float64]
    bow: NDArray[np.float64]
    spread: NDArray[np.float64]


def _strokes(segments: Segments, runs: Sequence[Candidate]) -> _Strokes:
    """The ink of runs as strokes, where it lay before the line was sheared; by sums over pieces."""
    y, x = np.nonzero((segments.piece >= 0) & (segments.foreground > MASK_LEVEL))
    piece, pieces = segments.piece[y, x], len(segments.boxes)
    across, down = x - segments.offset[y], y - segments.foreground.shape[0] / 2
    first, stop = np.array(runs, np.intp).reshape(-1, 2).T

    def total(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        before = np.concatenate([[0.0], np.bincount(piece, weight, pieces).cumsum()])
        return np.asarray(before[stop] - before[first])

    pixels = total(np.ones(len(y)))
    n = np.maximum(pixels, 1.0)
    mean_x, mean_y = total(across) / n, total(down) / n
    raw = {(i, j): total(across**i * down**j) / n for i, j in MOMENTS}

    def central(i: int, j: int) -> NDArray[np.float64]:
        """Mean of (x − mean)^i (y − mean)^j."""
        value = np.zeros(len(n))
        for a in range(i + 1):
            for b in range(j + 1):
                times = comb(i, a) * comb(j, b)
                known = raw[a, b] if a + b else 1.0
                value += times * known * (-mean_x) ** (i - a) * (-mean_y) ** (j - b)
        return value

    thin = 1 / 12  # variance of one pixel's extent: what is one row high has no slope
    var = central(0, 2) + thin
    slope = central(1, 1) / var
    skew = central(0, 3)
    # y² without what a line in y explains of it
    bend = np.maximum(central(0, 4) - (var - thin) ** 2 - skew**2 / var, 0) + thin
    bow = (central(1, 2) - slope * skew) / bend
    left_over = central(2, 0) - slope**2 * var - bow**2 * bend
    return _Strokes(pixels, -slope, -2 * bow, np.sqrt(np.maximum(left_over, thin)))


def sign_measures(
    segments: Segments,
    runs: Sequence[Candidate],
    boxes: NDArray[np.intp],
    band: LineBand,
) -> NDArray[np.float64]:
    """Size, place and form of candidates, as model/sign_shapes.py takes them.

    Args:
        segments: the line.
        runs: the candidates.
        boxes: (candidates, 4) top, bottom, left, right.
        band: where the line's digits stand.

    Returns:
        (candidates, len(MEASURES)).
    """
    if not len(boxes):
        return np.empty((0, len(MEASURES)))
    top, bottom, left, right = boxes.T
    moved = segments.offset[(top + bottom) // 2]  # by which the line was sheared
    beside = band.beside(np.stack([left - moved, right - moved], 1).astype(np.float64))
    unit = np.maximum(beside.foot - beside.top, 1.0)
    stroke = _strokes(segments, runs)
    cuts = np.concatenate([[0.0], segments.cut_costs, [0.0]])[: len(segments.boxes) + 1]
    free = np.concatenate([[0], (cuts < segments.settings.cut_cost).cumsum()])
    first, stop = np.array(runs, np.intp).reshape(-1, 2).T
    measures = {
        "height": (bottom - top) / unit,
        "width": (right - left) / unit,
        "top": (top - beside.top) / unit,
        "foot": (bottom - beside.top) / unit,
        "ink": stroke.pixels / unit**2,
        "gaps": free[stop] - free[first + 1],
        "least": (bottom - top) / np.maximum(beside.least, 1.0),
        "lean": stroke.lean,
        "upright": beside.lean,
        "bow": stroke.bow * (bottom - top),
        "spread": stroke.spread / segments.stroke,
        "longer": (bottom - top) / np.minimum(band.straight[0], bottom - top),
        "turned": stroke.lean - np.minimum(band.straight[1], stroke.lean),
        "before": np.minimum(beside.before / unit, FAR),
        "after": np.minimum(beside.after / unit, FAR),
    }
    return np.stack([measures[name] for name in MEASURES], 1)


def sign_costs(
    measures: NDArray[np.float64],
    heights: NDArray[np.float64],
    edge: NDArray[np.bool_],
    classes: Sequence[str],
    charged: str = "",
    settings: SignPenalties = SIGN_PENALTIES,
) -> NDArray[np.float64]:
    """What reading candidates as signs costs more, by their size and place.

    Args:
        measures: (candidates, len(MEASURES)).
        heights: (candidates,) in sizes of the line.
        edge: (candidates,) which stand at the begin or the end of the line.
        classes: what may be read.
        charged: signs for whose height a line is charged elsewhere.
        settings: what is charged.

    Returns:
        (candidates, classes) nats; 0 for what is no sign.
    """
    height = measures[:, MEASURES.index("height")]
    least, most = settings.taller
    alike = np.clip((most - height) / (most - least), 0, 1)  # to a digit, in height
    alike[heights <= settings.highest] = 0
    costs = np.zeros((len(measures), len(classes)))
    for column, name in enumerate(classes):
        if name in SIGNS and name not in charged:
            costs[:, column] += settings.tall * alike
        if name in settings.rare_signs:
            costs[:, column] += settings.rare
        if name in settings.between:
            costs[:, column] += settings.edge * edge
        if name == "-":
            costs[:, column] += settings.thick * (height > settings.flat)
    return costs
