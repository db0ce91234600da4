"""A pen: strokes drawn as ink, in any width, slant and size; of drawn allographs and of real trajectories.

To draw character `index` of Trajectories as somebody might: draw_character(trajectories, index, height,
WriterStyle.retraced(rng), rng). Its strokes alone are retrace(trajectories.strokes(index), style, rng).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..trajectories.trajectories import Trajectories

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["WriterStyle", "deform", "draw", "draw_character", "retrace", "smooth"]

Stroke = NDArray[np.float64]  # (points, 2), x right and y down, in heights

STEP = 0.01  # heights between the points of a trajectory while it is smoothed
AVERAGED = 2.0  # steps: deviation of the mean along a trajectory; a slow pen left more points within it
DRAWN = 4  # steps between the points that are drawn
MOST_STEPS = 1200  # of a stroke: a longer one has longer steps
SHAKE_EVERY = 0.3  # heights between places of a trajectory that are moved by themselves
EXTREME_WIDTHS = 0.5, 1.6  # of a stroke under pressure, as shares of the pen's


@dataclass(frozen=True)
class WriterStyle:
    """How a writer writes.

    slant: of upright lines, x for a y. width: factor on every width. pen: stroke's width, of the height.
    shaky: how far points lie off, of the height. short: how far ends of strokes lie off along the line.
    flowing: strokes that begin where the last one ended go on from it without a corner.
    pressure: how much a stroke's width changes along it; a fast pen draws thinner.
    """

    slant: float = 0.0
    width: float = 1.0
    pen: float = 0.1
    shaky: float = 0.035
    short: float = 0.04
    flowing: bool = False
    pressure: float = 0.0

    @staticmethod
    def any(rng: np.random.Generator) -> WriterStyle:
        """Some writer's style, for strokes without one (glyphs.ALLOGRAPHS)."""
        return WriterStyle(
            float(np.clip(rng.normal(0.15, 0.22), -0.35, 0.75)),
            float(np.exp(rng.normal(0, 0.18))),
            float(np.exp(rng.uniform(np.log(0.04), np.log(0.17)))),
            float(rng.uniform(0.015, 0.05)),
            float(rng.uniform(0.0, 0.08)),
            bool(rng.random() < 0.4),
        )

    @staticmethod
    def retraced(rng: np.random.Generator) -> WriterStyle:
        """A style for real trajectories, whose slant and width are added to their own."""
        return WriterStyle(
            float(np.clip(rng.normal(0.03, 0.15), -0.35, 0.5)),
            float(np.exp(rng.normal(0, 0.12))),
            float(np.exp(rng.uniform(np.log(0.04), np.log(0.17)))),
            float(rng.uniform(0.0, 0.015)),
            float(rng.uniform(0.0, 0.04)),
            pressure=float(rng.uniform(0, 0.3)) if rng.random() < 0.5 else 0.0,
        )


def deform(
    strokes: Sequence[Stroke], style: WriterStyle, rng: np.random.Generator, bend: float = 0.05
) -> list[Stroke]:
    """Strokes of one character as a writer might also have written them.

    A smooth field moves neighbouring points alike: proportions differ, joints stay joints.

    Args:
        strokes: their points, about 0 … 1 to the right and down.
        style: shaky and short are used.
        rng: of the draw.
        bend: deviation of the field, of the height.
    """
    waves = rng.normal(0, 1, (2, 4))
    deformed = []
    for points in strokes:
        x, y = points.T
        basis = np.stack(
            [np.sin(np.pi * (x - 0.5)), np.sin(np.pi * (y - 0.5)), np.cos(np.pi * x), np.cos(2 * np.pi * y)]
        )
        moved = points + bend * (waves @ basis).T + _shakes(points, style.shaky, rng)
        if len(moved) > 1:
            ends = rng.normal(0, style.short, 2)
            moved[0] += ends[0] * (moved[0] - moved[1])
            moved[-1] += ends[1] * (moved[-1] - moved[-2])
        deformed.append(moved)
    return deformed


def _shakes(points: Stroke, shaky: float, rng: np.random.Generator) -> Stroke:
    """How far the points are moved each by itself, (points, 2): close ones together, for a hand has a weight."""
    length = _along(points)
    if len(points) < 2 or length[-1] / (len(points) - 1) > SHAKE_EVERY / 2:
        return rng.normal(0, shaky, points.shape)
    places = np.linspace(0, length[-1], int(length[-1] / SHAKE_EVERY) + 2)
    off = rng.normal(0, shaky, (len(places), 2))
    return np.stack([np.interp(length, places, column) for column in off.T], 1)


def retrace(strokes: Sequence[Stroke], style: WriterStyle, rng: np.random.Generator) -> list[Stroke]:
    """The strokes of a real trajectory in a style: smoothed, bent a little, wider or narrower, slanted.

    Args:
        strokes: as Trajectories.strokes has them, the larger side 1.
        style: WriterStyle.retraced, or another; slant and width are added to the trajectory's own.
        rng: of the draw.

    Returns:
        (points, 2) each in heights, of which the character is 1 high, or 1.2 wide if that is less; y from 0 on.
    """
    steady = [_steady(points) for points in strokes]
    every = np.concatenate(steady)
    low, size = every.min(0), np.maximum(np.ptp(every, axis=0), 1e-6)
    scale = min(1 / size[1], 1.2 / size[0])
    middle = size[0] * scale / 2
    retraced = deform([(points - low) * scale for points in steady], style, rng, bend=0.025)
    for points in retraced:
        points[:, 0] = (points[:, 0] - middle) * style.width + style.slant * (0.5 - points[:, 1])
    return retraced


def _along(points: Stroke) -> NDArray[np.float64]:
    """The way from the first point to each."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def _steady(points: Stroke) -> Stroke:
    """A trajectory without its tablet's steps: averaged along the way, so most where the pen was slow."""
    length = _along(points)
    fresh = np.diff(length, prepend=-1.0) > 0
    points, length = points[fresh], length[fresh]
    if len(points) < 3:
        return points
    curve = smooth(points, 4)
    length = _along(curve)
    places = np.linspace(0, length[-1], DRAWN * (min(int(length[-1] / STEP), MOST_STEPS) // DRAWN + 2) + 1)
    even = np.stack([np.interp(places, length, column) for column in curve.T], 1)
    reach = round(2 * AVERAGED)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / AVERAGED) ** 2)
    # Mirrored in its ends, which stay where they are.
    padded = np.concatenate([2 * even[0] - even[reach:0:-1], even, 2 * even[-1] - even[-2 : -reach - 2 : -1]])
    return np.stack([np.convolve(column, weights / weights.sum(), "valid") for column in padded.T], 1)[
        ::DRAWN
    ]


def draw(
    strokes: Sequence[Stroke], height: float, style: WriterStyle, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw strokes with a pen.

    Args:
        strokes: (points, 2) each, in heights.
        height: in pixels.
        style: pen and pressure are used.
        rng: of the draw.

    Returns:
        Foreground in 0 … 1, float32, cropped to its box.
    """
    from PIL import Image, ImageDraw  # start-up time

    zoom = 4 if height < 80 else 2
    unit = height * zoom
    lines = [points * unit for points in strokes]
    pen = max(style.pen * unit * np.exp(rng.normal(0, 0.08)), zoom)
    low = np.min([line.min(0) for line in lines], 0) - pen
    size = np.ceil(np.max([line.max(0) for line in lines], 0) + pen - low).astype(int)
    size += -size % zoom
    canvas = Image.new("L", (int(size[0]), int(size[1])))
    brush = ImageDraw.Draw(canvas)
    for line in lines:
        if style.pressure and len(line) > 2:
            _draw_pressed(brush, line - low, pen, style.pressure, rng)
            continue
        points = [(float(x), float(y)) for x, y in line - low]
        if len(points) > 1:
            brush.line(points, fill=255, width=max(1, round(pen)), joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    ink = np.asarray(canvas.reduce(zoom), np.float32) / np.float32(255)
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    if not len(rows):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _draw_pressed(
    brush: ImageDraw, line: Stroke, pen: float, pressure: float, rng: np.random.Generator
) -> None:
    """Draw a stroke whose width changes along it, as a smooth chance has it and less at its ends."""
    length = _along(line)
    share = length / max(length[-1], 1e-9)
    knots = rng.normal(0, 1, 5)
    widths = pen * np.exp(
        pressure * (np.interp(share, np.linspace(0, 1, 5), knots) - 0.6 * (2 * share - 1) ** 4)
    )
    widths = np.clip(widths, EXTREME_WIDTHS[0] * pen, EXTREME_WIDTHS[1] * pen)
    for (x0, y0), (x1, y1), width in zip(line[:-1], line[1:], widths[1:], strict=True):
        r = width / 2
        brush.line((x0, y0, x1, y1), fill=255, width=max(1, round(width)))
        brush.ellipse((x1 - r, y1 - r, x1 + r, y1 + r), fill=255)
    (x, y), r = line[0], widths[0] / 2
    brush.ellipse((x - r, y - r, x + r, y + r), fill=255)


def draw_character(
    trajectories: Trajectories, index: int, height: float, style: WriterStyle, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw a character of a collection.

    Args:
        trajectories: the collection.
        index: of the character.
        height: of the character in pixels, about; one that is wide is lower (`retrace`).
        style: of the pen, and what is added to the character's own (WriterStyle.retraced).
        rng: of the draw.

    Returns:
        Foreground in 0 … 1, float32, cropped to its box.
    """
    return draw(retrace(trajectories.strokes(index), style, rng), height, style, rng)


def smooth(points: Stroke, parts: int = 8) -> Stroke:
    """A line through the points, smooth where there are more than two (Catmull and Rom 1974)."""
    if len(points) < 3:
        return points
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.arange(parts)[None, :, None] / parts
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    line = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([line.reshape(-1, 2), points[-1:]])
