"""Digits drawn with a pen: the ways of writing each (its allographs), beyond those of MNIST's writers.

Elsewhere a 1 begins with an upstroke, a 7 is crossed, a 4 stays open, a 9 hangs from a loop, zeros are tied to
their neighbours. Each way is a list of strokes, a stroke a list of points x,y in hundredths of the character's
width and height, from its left and its top, that a smooth line goes through in the order a hand would take;
they can be read and edited. What a drawing varies is in `Hand`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALLOGRAPHS", "Hand", "drawn", "strokes"]

# Digit -> ways of writing it: how often, width for its height, strokes.
ALLOGRAPHS: dict[str, list[tuple[float, float, tuple[str, ...]]]] = {
    "0": [
        (2.0, 0.70, ("50,0 15,12 0,50 15,88 50,100 85,88 100,50 85,12 50,0 30,6",)),
        (1.0, 0.75, ("75,6 40,0 10,20 0,55 20,92 55,100 90,80 100,45 85,12 60,2",)),
        (0.7, 0.75, ("88,18 50,0 12,18 0,55 18,92 55,100 88,86 100,52",)),
        (1.6, 0.80, ("45,2 10,20 0,55 20,95 60,98 95,70 90,25 60,2 70,14 125,6",)),  # tied to the next
        (0.5, 0.80, ("-25,8 20,2 60,2 20,8 0,55 20,95 60,98 95,65 85,20 45,4",)),
        (1.0, 0.75, ("60,14 45,2 15,20 0,55 22,95 60,100 95,70 92,28 65,5 45,12 60,22 90,12",)),
        (0.5, 0.75, ("50,0 15,12 0,50 15,88 50,100 85,88 100,50 85,12 50,0", "5,100 95,0")),
        (0.3, 0.75, ("50,0 15,12 0,50 15,88 50,100 85,88 100,50 85,12 50,0", "0,55 100,45")),
    ],
    "1": [
        (1.0, 0.10, ("50,0 55,50 50,100",)),
        (3.0, 0.35, ("0,36 85,0", "85,0 80,100")),
        (1.5, 0.50, ("0,50 90,0", "90,0 80,100")),
        (1.0, 0.60, ("0,72 85,0", "85,0 90,100")),
        (1.5, 0.40, ("0,22 70,0", "70,0 70,100")),
        (0.8, 0.40, ("0,30 70,0", "70,0 60,100", "20,100 115,98")),
        (0.5, 0.22, ("10,0 80,40 50,100",)),
        (0.5, 0.22, ("60,0 40,50 90,96",)),
        (0.8, 0.55, ("0,96 75,0", "75,0 85,100")),
    ],
    "2": [
        (1.5, 0.65, ("5,25 25,3 65,0 95,22 80,52 40,80 0,98", "0,98 50,96 100,100")),
        (1.5, 0.70, ("5,22 35,0 80,5 92,35 60,72 20,98 5,88 22,80 55,92 100,96",)),
        (0.7, 0.65, ("0,5 50,2 95,3", "95,3 50,50 2,98", "2,98 50,99 100,96")),
        (1.0, 0.70, ("20,28 8,16 28,2 70,0 94,24 75,58 25,95", "25,95 5,100 20,86 60,95 105,88")),
        (1.0, 0.60, ("0,30 30,2 75,8 80,40 50,75 5,97", "5,97 45,90 100,100")),
        (0.7, 0.70, ("15,20 50,0 90,20 70,55 30,90 8,100 5,86 30,84 70,100 105,90",)),
        (0.7, 0.65, ("45,38 8,26 35,2 80,4 94,30 60,66 8,92", "8,92 30,82 60,96 108,90")),
        (0.7, 0.60, ("30,35 12,18 45,0 88,14 80,48 35,85 5,98", "5,98 40,90 100,98")),
    ],
    "3": [
        (2.0, 0.60, ("5,12 40,0 85,10 85,32 45,46", "45,46 90,58 98,82 55,100 0,90")),
        (1.2, 0.60, ("5,3 50,2 90,3", "90,3 65,22 40,42", "40,42 90,55 95,85 50,100 0,92")),
        (1.2, 0.60, ("5,10 45,0 88,14 70,40 42,48 35,42 55,44 95,62 88,92 45,100 0,88",)),
        (0.6, 0.60, ("0,20 40,0 80,15 60,42 30,50 70,52 95,80 60,100 20,98 5,80",)),
    ],
    "4": [
        (1.5, 0.70, ("70,0 35,35 0,66", "0,66 50,64 100,62", "72,0 70,50 68,100")),
        (2.0, 0.65, ("15,0 5,55", "5,55 50,56 95,52", "80,15 75,60 70,100")),
        (1.5, 0.65, ("25,0 0,50", "0,50 40,50 80,48", "88,8 75,60 65,100")),
        (1.0, 0.65, ("30,5 5,60", "5,60 50,60 100,58", "70,30 67,70 65,100")),
        (1.0, 0.65, ("5,5 8,45 45,56 85,40", "95,0 85,50 60,100")),
        (1.0, 0.70, ("40,0 0,70", "0,70 60,68 105,66", "62,38 60,70 52,100")),
        (0.7, 0.65, ("80,0 20,50 5,62 40,64 85,58", "85,2 75,50 70,100")),
        (1.0, 0.60, ("30,0 0,60", "0,60 45,55 85,50", "78,38 60,70 50,100")),
        (0.7, 0.60, ("25,0 0,48 20,56 70,42", "78,30 62,70 52,100")),
    ],
    "5": [
        (1.5, 0.65, ("15,0 10,45", "10,45 55,35 98,62 75,95 35,100 0,90", "15,2 50,1 95,0")),
        (1.2, 0.70, ("20,10 12,48", "12,48 60,42 95,68 60,100 0,92", "30,5 70,0 115,-6")),
        (1.0, 0.65, ("95,5 30,3 10,28 50,45 92,65 75,96 30,100 0,88",)),
        (1.0, 0.70, ("20,12 10,50", "10,50 45,48 65,75 40,98 0,100", "20,10 65,4 115,0")),
        (0.8, 0.65, ("90,0 20,4", "20,4 12,42", "12,42 60,40 90,70 60,98 0,95")),
        (1.6, 0.65, ("18,20 8,55", "8,55 32,44 52,62 42,88 0,100", "18,18 70,8 135,2")),
        (0.6, 0.60, ("25,15 5,50", "5,50 45,50 60,78 20,100 0,94", "25,15 110,8")),
    ],
    "6": [
        (1.5, 0.60, ("75,0 25,30 0,70 25,98 70,98 95,75 70,52 30,58 5,75",)),
        (1.2, 0.55, ("60,0 15,45 5,80 35,100 80,90 85,65 45,55 15,75",)),
        (1.0, 0.65, ("90,12 60,0 20,25 0,65 20,97 65,100 95,78 75,55 35,55 8,72",)),
        (0.8, 0.60, ("65,0 15,45 5,85 45,100 90,82 72,58 45,62",)),
        (0.7, 0.60, ("80,5 30,25 2,65 20,98 70,100 92,75 60,52 20,70 30,90",)),
    ],
    "7": [
        (1.0, 0.65, ("0,8 50,5 95,3", "95,3 55,50 35,100")),
        (2.0, 0.65, ("0,8 50,4 95,3", "95,3 60,50 40,100", "22,54 85,48")),
        (1.5, 0.65, ("0,24 6,3", "6,3 50,6 95,4", "95,4 60,48 42,100", "22,55 88,48")),
        (1.0, 0.65, ("0,22 6,2", "6,2 50,5 95,5", "95,5 60,50 45,100")),
        (1.0, 0.65, ("0,18 20,2 55,12 98,0", "98,0 62,45 45,100", "25,55 90,46")),
        (0.8, 0.65, ("0,18 20,2 55,12 98,0", "98,0 62,45 45,100")),
        (0.6, 0.60, ("0,5 50,3 85,2", "85,2 75,40 72,100", "35,52 105,48")),
        (0.6, 0.60, ("15,10 55,4 75,0", "75,0 55,50 45,100", "0,48 50,46 100,42")),
        (0.6, 0.65, ("0,16 25,3 90,8", "90,8 60,50 40,100", "15,62 40,48 95,52")),
        (0.5, 0.65, ("5,20 15,2 60,8 100,2", "100,2 65,45 60,100", "25,50 95,50")),
    ],
    "8": [
        (1.5, 0.60, ("85,12 45,0 15,18 45,45 88,72 60,100 15,88 20,62 55,42 88,20 78,5",)),
        (1.0, 0.60, ("50,0 15,22 50,46 85,22 50,0", "50,46 5,75 50,100 95,75 50,46")),
        (1.0, 0.60, ("95,10 50,0 18,20 50,46 85,75 50,100 12,80 40,52 98,14",)),
        (0.8, 0.60, ("15,15 50,0 85,20 55,45 12,75 50,100 90,78 50,46 12,18",)),
        (0.6, 0.60, ("60,44 20,30 40,2 80,12 60,42 15,70 40,100 90,82 65,48",)),
    ],
    "9": [
        (1.5, 0.55, ("85,15 45,0 5,22 30,50 75,42 90,12", "90,12 88,55 80,100")),
        (1.2, 0.60, ("88,15 50,0 8,20 25,48 70,45 92,15 92,60 70,98 20,95",)),
        (1.5, 0.50, ("60,45 20,38 15,12 55,0 90,18 78,55 50,100",)),
        (1.0, 0.55, ("50,2 10,25 35,50 80,35 92,5 85,60 60,100",)),
        (0.8, 0.60, ("85,12 40,0 5,25 35,48 82,35 90,8 95,70 60,100 15,88 35,76",)),
        (1.0, 0.50, ("70,10 30,2 15,25 45,40 85,22 75,2", "80,15 65,60 40,100")),
        (2.0, 0.50, ("28,10 60,0 92,18 70,44 30,40 15,20 40,2 78,6", "58,44 50,70 38,100")),
        (0.8, 0.45, ("50,46 12,30 18,5 55,0 90,15 78,38 50,46 40,72 30,100",)),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Hand:
    """How a writer writes; for `drawn`.

    slant: of upright lines, x for a y. width: factor on every width. pen: stroke's width, of the height.
    shaky: how far points lie off, of the height. short: how far ends of strokes lie off along the line.
    """

    slant: float = 0.0
    width: float = 1.0
    pen: float = 0.1
    shaky: float = 0.035
    short: float = 0.04

    @staticmethod
    def any(rng: np.random.Generator) -> Hand:
        """Some writer's hand."""
        return Hand(
            float(np.clip(rng.normal(0.15, 0.22), -0.35, 0.75)),
            float(np.exp(rng.normal(0, 0.18))),
            float(np.exp(rng.uniform(np.log(0.04), np.log(0.17)))),
            float(rng.uniform(0.015, 0.05)),
            float(rng.uniform(0.0, 0.08)),
        )


def strokes(digit: str, hand: Hand, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """The lines of one drawing of a digit: (points, 2) of x and y each, in heights, y from 0 to 1 and down."""
    ways = ALLOGRAPHS[digit]
    often = np.array([way[0] for way in ways])
    _, width, lines = ways[rng.choice(len(ways), p=often / often.sum())]
    width *= hand.width * np.exp(rng.normal(0, 0.1))
    # A smooth field moves neighbouring points alike: proportions differ, joints stay joints.
    waves = rng.normal(0, 1, (2, 4))
    found = []
    for line in lines:
        points = np.array([[float(v) for v in point.split(",")] for point in line.split()]) / 100
        x, y = points.T
        basis = np.stack(
            [np.sin(np.pi * (x - 0.5)), np.sin(np.pi * (y - 0.5)), np.cos(np.pi * x), np.cos(2 * np.pi * y)]
        )
        moved = points + 0.05 * (waves @ basis).T + rng.normal(0, hand.shaky, points.shape)
        ends = rng.normal(0, hand.short, 2)
        moved[0] += ends[0] * (moved[0] - moved[1])
        moved[-1] += ends[1] * (moved[-1] - moved[-2])
        moved[:, 0] = (moved[:, 0] - 0.5) * width
        moved[:, 0] += hand.slant * (0.5 - moved[:, 1])
        found.append(_smooth(moved))
    return found


def drawn(digit: str, height: float, hand: Hand, rng: np.random.Generator) -> NDArray[np.float32]:
    """A digit of about `height` pixels, drawn: ink in 0 … 1, cut to its box."""
    from PIL import Image, ImageDraw

    zoom = 4 if height < 80 else 2
    unit = height * zoom
    lines = [line * unit for line in strokes(digit, hand, rng)]
    pen = max(hand.pen * unit * np.exp(rng.normal(0, 0.08)), zoom)
    low = np.min([line.min(0) for line in lines], 0) - pen
    size = np.ceil(np.max([line.max(0) for line in lines], 0) + pen - low).astype(int)
    size += -size % zoom
    canvas = Image.new("L", tuple(int(v) for v in size))
    brush = ImageDraw.Draw(canvas)
    r = pen / 2
    for line in lines:
        points = [tuple(point) for point in line - low]
        brush.line(points, fill=255, width=max(1, round(pen)), joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - r, y - r, x + r, y + r), fill=255)
    ink = np.asarray(canvas.reduce(zoom), np.float32) / 255
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _smooth(points: NDArray[np.float64], parts: int = 8) -> NDArray[np.float64]:
    """A line through the points, smooth where there are more than two (Catmull and Rom 1974)."""
    if len(points) == 2:
        return points
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.arange(parts)[None, :, None] / parts
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    line = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([line.reshape(-1, 2), points[-1:]])
