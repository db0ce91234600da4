"""Size and place of candidates on their line: what tells a comma from an apostrophe, a slash from a 1.

Every candidate is brought to one size before it is classified (Section V-A). Its size and place for the digits beside
it are measured here; model/sign_shapes.py makes probabilities of signs of them. # not in the paper
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..imaging.segmentation import Candidate, Segments
from ..imaging.threshold import MASK_LEVEL
from ..model.sign_shapes import MEASURES

__all__ = ["SIGN_PENALTIES", "LineBand", "SignPenalties", "sign_measures"]


@dataclass(frozen=True)
class SignPenalties:
    """What reading signs adds to the penalties of arcs, in nats; chosen on drawn lines of development writers."""

    sign: float = -1.0  # each, as for a character
    gap: float = 2.5  # for each gap without ink within a sign
    cut: float = 2.0  # more for a sign that was cut from what it touches
    # More for a sign as high as a digit: that a 1 leans, or a 7 is crossed, is likelier in other people's writing. It
    # is less for one that is higher than digits, and nothing for one that is much higher.
    tall: float = 3.0
    taller: tuple[float, float] = (1.2, 1.5)  # heights of the digits beside it
    rare: float = 1.0  # more for a sign that numbers seldom have, and drawn lines often
    rare_signs: str = "%$()*"
    edge: float = 4.0  # more for a sign that stands between digits, at the begin or the end of the line
    between: str = "/:"
    # Sizes of the line: what is higher is as high as a digit; if it was cut, it is no sign.
    highest: float = 0.6
    mark: float = 0.5  # a mark that is left out, beside −log of its probability
    unread: float = 1.5  # more than without signs for what is left out, where it may be a sign
    # Sizes of the line: a free part is as high as a digit, from the least to the most, and says where digits stand.
    digit_heights: tuple[float, float] = (0.6, 1.6)
    neighbours: int = 4  # parts beside a sign that say where digits stand there
    widest: float = 2.5  # sizes of the line: a wider free part is no sign


SIGN_PENALTIES = SignPenalties()


@dataclass(frozen=True, eq=False)
class LineBand:
    """Where digits stand along a line: parts of the line as high as a digit.

    columns: (parts, 2) left and right. rows: (parts, 2) top and bottom. neighbours: parts that count at a place.
    """

    columns: NDArray[np.float64]
    rows: NDArray[np.float64]
    neighbours: int

    @classmethod
    def of(cls, segments: Segments, settings: SignPenalties = SIGN_PENALTIES) -> LineBand:
        """The band of a line that was cut into pieces; all of its ink, where no part is as high as a digit."""
        free = segments.free_nodes
        parts = [segments.box(a, b) for a, b in pairwise(free)]
        boxes = np.array(parts, np.float64).reshape(-1, 4)
        heights = (boxes[:, 1] - boxes[:, 0]) / segments.size
        least, most = settings.digit_heights
        high = boxes[(heights >= least) & (heights <= most)]
        if not len(high) and len(boxes):
            top, bottom, left, right = boxes.T
            high = np.array([[top.min(), bottom.max(), left.min(), right.max()]])
        return cls(high[:, 2:], high[:, :2], settings.neighbours)

    def at(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Top and bottom of the digits at columns of the line, (columns, 2): medians of the nearest parts."""
        left, right = self.columns.T
        away = np.maximum(0, np.maximum(left - columns[:, None], columns[:, None] - right))
        nearest = np.argsort(away, 1, kind="stable")[:, : self.neighbours]
        rows: NDArray[np.float64] = np.median(self.rows[nearest], 1)
        return rows


def sign_measures(
    segments: Segments,
    runs: Sequence[Candidate],
    boxes: NDArray[np.intp],
    band: LineBand,
) -> NDArray[np.float64]:
    """Size and place of candidates, as model/sign_shapes.py takes them.

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
    columns = (left + right) / 2 - segments.offset[(top + bottom) // 2]  # before the line was sheared
    head, foot = band.at(columns).T
    unit = np.maximum(foot - head, 1.0)
    on_mask = (segments.piece >= 0) & (segments.foreground > MASK_LEVEL)
    ink = np.bincount(segments.piece[on_mask], minlength=len(segments.boxes))
    before = np.concatenate([[0], ink.cumsum()])
    first, stop = np.array(runs, np.intp).reshape(-1, 2).T
    pixels = before[stop] - before[first]
    cuts = np.concatenate([[0.0], segments.cut_costs, [0.0]])[: len(segments.boxes) + 1]
    free = cuts < segments.settings.cut_cost
    free_before = np.concatenate([[0], free.cumsum()])
    return np.stack(
        [
            (bottom - top) / unit,
            (right - left) / unit,
            (top - head) / unit,
            (bottom - head) / unit,
            pixels / unit**2,
            free_before[stop] - free_before[first + 1],  # gaps
        ],
        1,
    )
