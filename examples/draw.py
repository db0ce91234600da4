"""Draws the example pictures beside this file, in this project's own hand: `python examples/draw.py`.

Pen strokes are splines of a few points each; paper, light and noise are made up. No data set is involved.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent

# Points of each stroke in a 100×100 square, in the order of the pen.
SEVEN = [[(22, 24), (40, 20), (60, 21), (80, 18), (70, 36), (58, 58), (50, 78), (46, 92)]]
THREE = [
    [
        (26, 24),
        (40, 12),
        (62, 14),
        (68, 30),
        (56, 44),
        (42, 48),
        (60, 50),
        (74, 64),
        (68, 84),
        (46, 92),
        (24, 82),
    ]
]
FIVE = [
    [
        (72, 14),
        (52, 15),
        (36, 14),
        (33, 30),
        (30, 45),
        (46, 40),
        (64, 46),
        (72, 62),
        (64, 82),
        (44, 90),
        (26, 82),
    ]
]


def curve(points: list[tuple[float, float]], steps: int = 24) -> np.ndarray:
    """A Catmull–Rom spline through the points."""
    p = np.array([points[0], *points, points[-1]], float)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        pieces.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.concatenate([*pieces, p[-1:]])


def ink(strokes: list, size: tuple[int, int], where: tuple[float, float, float], pen: float) -> np.ndarray:
    """How much ink lies where, 0 … 1: strokes scaled and moved by `where` (x, y, side), with a round pen."""
    x0, y0, side = where
    canvas = Image.new("L", (size[0] * 3, size[1] * 3))
    draw = ImageDraw.Draw(canvas)
    for stroke in strokes:
        points = curve(stroke) * side / 100 + (x0, y0)
        for i, (x, y) in enumerate(points * 3):
            r = 1.5 * pen * (0.85 + 0.25 * np.sin(i / 17))  # a hand does not press evenly
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(canvas.resize(size, Image.Resampling.BOX), float) / 255


def save(name: str, colours: np.ndarray, blur: float = 0.6) -> None:
    picture = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
    picture.filter(ImageFilter.GaussianBlur(blur)).save(HERE / name, optimize=True)


def main() -> None:
    rng = np.random.default_rng(1998)

    # A pencil on cream paper, the light falling off to one corner.
    size = 220, 300
    y, x = np.mgrid[: size[1], : size[0]]
    light = 1 - 0.32 * (x / size[0]) * (y / size[1]) - 0.08 * (y / size[1])
    paper = np.array([246, 238, 214]) * light[..., None] + rng.normal(0, 2.2, (size[1], size[0], 1))
    lead = ink(SEVEN, size, (38, 70, 150), 3.6) * rng.uniform(0.55, 1, (size[1], size[0]))
    save("pencil-seven.png", paper - lead[..., None] * np.array([108, 106, 96]))

    # A blue ballpoint on ruled paper.
    size = 180, 200
    paper = np.full((200, 180, 3), 251.0)
    paper[40::38] -= (38, 22, 6)
    blue = ink(THREE, size, (42, 52, 98), 5.0)[..., None]
    save("blue-three.png", paper * (1 - blue) + blue * np.array([28, 52, 150]))

    # Chalk on a blackboard: light on dark.
    size = 160, 160
    board = np.full((160, 160, 3), 34.0) + rng.normal(0, 3, (160, 160, 1))
    chalk = ink(FIVE, size, (28, 26, 108), 8.5)[..., None] * rng.uniform(0.75, 1, (160, 160, 1))
    save("white-five.png", board * (1 - chalk) + chalk * 232)


if __name__ == "__main__":
    main()
