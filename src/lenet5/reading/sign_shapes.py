"""Size and place of signs on their line: what tells a comma from an apostrophe, a minus from an underscore.

Every candidate is brought to one size before it is classified (Section V-A), so that a point, a blot and a full 0 are
alike to the network, and so are a slash and a slanted 1. The height and the place of a sign for the digits beside it
say which it is; an arc of the interpretation graph that lies outside the sign's bounds has a penalty for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..imaging.segmentation import Segments

__all__ = ["SIGN_PENALTIES", "LineBand", "SignBounds", "SignPenalties", "sign_penalties", "tall_penalties"]


@dataclass(frozen=True)
class SignBounds:
    """Least and most of a sign's measures, in heights of the digits beside it, 0 being their top and 1 their foot."""

    height: tuple[float, float]
    width: tuple[float, float]
    middle: tuple[float, float]  # of its height
    # nats: more for what is easily taken for a digit, and less for what as a glyph looks like a digit's piece
    cost: float = 0.0


# How signs are written beside digits. # not in the paper: chosen on lines drawn from real pens' signs and digits.
BOUNDS: Mapping[str, SignBounds] = {  # a plain one: readers are sent to worker processes
    ".": SignBounds((0.0, 0.3), (0.0, 0.4), (0.75, 1.25), cost=-2.0),
    ",": SignBounds((0.12, 0.6), (0.0, 0.5), (0.75, 1.4), cost=-2.0),
    "/": SignBounds((1.1, 2.0), (0.1, 1.2), (0.25, 0.85), cost=-0.5),
    "-": SignBounds((0.0, 0.35), (0.2, 2.0), (0.25, 0.8), cost=-1.0),
    "+": SignBounds((0.3, 0.9), (0.3, 1.1), (0.3, 0.8), cost=1.0),
    "=": SignBounds((0.12, 0.7), (0.25, 1.5), (0.3, 0.8), cost=-0.5),
    ":": SignBounds((0.3, 0.9), (0.0, 0.4), (0.35, 0.85), cost=-2.0),
    "%": SignBounds((0.6, 1.4), (0.6, 1.8), (0.3, 0.7), cost=2.5),
    "$": SignBounds((0.9, 1.8), (0.3, 1.4), (0.3, 0.7), cost=2.5),
    "*": SignBounds((0.25, 0.85), (0.25, 1.1), (-0.1, 0.75), cost=1.0),
    "(": SignBounds((1.0, 2.0), (0.1, 0.9), (0.3, 0.75), cost=2.5),
    ")": SignBounds((1.0, 2.0), (0.1, 0.9), (0.3, 0.75), cost=2.5),
}


@dataclass(frozen=True)
class SignPenalties:
    """What a sign's size and place add to the penalty of its arc, in nats."""

    sign: float = -1.0  # each, as for a character
    outside: float = 12.0  # for each height of a digit by which a measure lies outside its bounds
    unread: float = 1.5  # more for a mark that is left out where signs are read
    gap: float = 0.5  # for each gap without ink within a sign
    # A 1 that is higher than the digits beside it may be a slash or a bracket: nats for each height of a digit by
    # which it is higher than `tallest`.
    tall: float = 5.0
    tallest: float = 1.15
    tall_class: str = "1"
    # Sizes of the line: a free part is as high as a digit, from the least to the most, and says where digits stand.
    digit_heights: tuple[float, float] = (0.6, 1.6)
    neighbours: int = 4  # parts beside a sign that say where digits stand there
    mark: float = 0.6  # sizes of the line: a free part no higher is a sign or a mark, and no digit
    widest: float = 2.5  # sizes of the line: a wider free part is no sign
    bounds: Mapping[str, SignBounds] = field(default_factory=lambda: BOUNDS, hash=False)

    def among(self, classes: Sequence[str]) -> list[int]:
        """Which of the classes are signs, as indices."""
        return [number for number, name in enumerate(classes) if name in self.bounds]


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


def sign_penalties(
    boxes: NDArray[np.intp],
    columns: NDArray[np.float64],
    band: LineBand,
    signs: Sequence[str],
    settings: SignPenalties = SIGN_PENALTIES,
) -> NDArray[np.float64]:
    """What size and place of candidates cost under each sign.

    Args:
        boxes: (candidates, 4) top, bottom, left, right.
        columns: (candidates,) their middles in columns of the line, before it was sheared.
        band: where its digits stand.
        signs: of `settings.bounds`.
        settings: bounds and costs.

    Returns:
        (candidates, signs) nats.
    """
    if not len(boxes):
        return np.empty((0, len(signs)))
    measures = _measures(boxes, columns, band)
    bounds = [settings.bounds[sign] for sign in signs]
    ranges = np.array([(one.height, one.width, one.middle) for one in bounds])  # (signs, measures, 2)
    outside = np.maximum(
        0, np.maximum(ranges[..., 0] - measures[:, None], measures[:, None] - ranges[..., 1])
    )
    costs = np.array([one.cost for one in bounds])
    penalties: NDArray[np.float64] = settings.outside * outside.sum(2) + costs
    return penalties


def tall_penalties(
    boxes: NDArray[np.intp],
    columns: NDArray[np.float64],
    band: LineBand,
    settings: SignPenalties = SIGN_PENALTIES,
) -> NDArray[np.float64]:
    """What candidates cost as a `tall_class` that is higher than other digits, (candidates,) nats.

    Arguments as for `sign_penalties`.
    """
    if not len(boxes):
        return np.empty(0)
    penalties: NDArray[np.float64] = settings.tall * np.maximum(
        0, _measures(boxes, columns, band)[:, 0] - settings.tallest
    )
    return penalties


def _measures(boxes: NDArray[np.intp], columns: NDArray[np.float64], band: LineBand) -> NDArray[np.float64]:
    """Height, width and middle of candidates as SignBounds has them, (candidates, 3)."""
    top, bottom, left, right = boxes.T
    head, foot = band.at(columns).T
    unit = np.maximum(foot - head, 1.0)
    return np.stack([(bottom - top) / unit, (right - left) / unit, ((top + bottom) / 2 - head) / unit], 1)
