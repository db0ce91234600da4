"""Draws two-lines.png: two numbers in blue ink, on ruled paper with a shadow. Made up here, by nobody's hand."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT, PEN = 900, 520, 11
# Strokes of each digit: points from left to right and from top to bottom, in heights of a digit.
STROKES = {
    "0": [[(0.55, 0.02), (0.25, 0.12), (0.08, 0.5), (0.2, 0.9), (0.5, 0.98), (0.8, 0.8), (0.88, 0.4),
           (0.72, 0.08), (0.5, 0.03)]],
    "1": [[(0.55, 0.0), (0.5, 0.5), (0.44, 1.02)]],
    "2": [[(0.12, 0.25), (0.3, 0.03), (0.65, 0.02), (0.82, 0.25), (0.6, 0.55), (0.3, 0.82), (0.1, 0.97),
           (0.12, 0.98)], [(0.1, 0.97), (0.45, 0.93), (0.92, 0.99)]],
    "3": [[(0.15, 0.1), (0.45, 0.0), (0.75, 0.15), (0.6, 0.4), (0.38, 0.47), (0.7, 0.55), (0.82, 0.78),
           (0.55, 1.0), (0.15, 0.93)]],
    "4": [[(0.55, 0.0), (0.35, 0.3), (0.1, 0.62), (0.12, 0.66)], [(0.1, 0.66), (0.5, 0.64), (0.9, 0.6)],
          [(0.7, 0.35), (0.66, 0.7), (0.62, 1.02)]],
    "5": [[(0.82, 0.03), (0.5, 0.04), (0.25, 0.06)],
          [(0.25, 0.06), (0.2, 0.3), (0.17, 0.46), (0.4, 0.4), (0.7, 0.48), (0.82, 0.7), (0.65, 0.93),
           (0.35, 1.0), (0.12, 0.9)]],
    "6": [[(0.7, 0.02), (0.4, 0.2), (0.18, 0.55), (0.25, 0.9), (0.55, 1.0), (0.8, 0.82), (0.7, 0.58),
           (0.4, 0.58), (0.22, 0.75)]],
    "7": [[(0.08, 0.08), (0.5, 0.06), (0.9, 0.03), (0.65, 0.4), (0.45, 0.75), (0.35, 1.03)]],
    "8": [[(0.75, 0.15), (0.5, 0.02), (0.22, 0.15), (0.35, 0.42), (0.65, 0.6), (0.75, 0.82), (0.5, 1.0),
           (0.22, 0.85), (0.38, 0.58), (0.65, 0.4), (0.78, 0.2), (0.75, 0.14)]],
}  # fmt: skip


def smooth(points: list) -> list[tuple[float, float]]:
    """Points along the Catmull-Rom curve through some."""
    p = np.array([points[0], *points, points[-1]], float)
    curve = []
    for at in np.linspace(0, len(points) - 1 - 1e-9, 60 * len(points)):
        i, u = int(at), at % 1
        a, b, c, d = p[i : i + 4]
        step = 2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3
        curve.append(tuple(step / 2))
    return curve


def write(pen: ImageDraw.ImageDraw, text: str, x: float, y: float, high: float, rng: np.random.Generator):
    """Digits one after another, none quite like the last."""
    for digit in text:
        for stroke in STROKES[digit]:
            shaken = [
                (x + a * 0.62 * high + rng.normal(0, 0.6), y + b * high + rng.normal(0, 0.6))
                for a, b in stroke
            ]
            curve = smooth(shaken)
            pen.line(curve, fill=255, width=PEN, joint="curve")
            for a, b in (curve[0], curve[-1]):
                pen.ellipse([a - PEN / 2, b - PEN / 2, a + PEN / 2, b + PEN / 2], fill=255)
        x += high * (0.78 + 0.05 * rng.random()) * (0.6 if digit == "1" else 1)
        y += rng.normal(0, 2)


def main() -> None:
    rng = np.random.default_rng(4)
    canvas = Image.new("L", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(canvas)
    write(pen, "40725", 110, 80, 130, rng)
    write(pen, "1863", 150, 310, 120, rng)
    ink = 0.9 * np.asarray(canvas.filter(ImageFilter.GaussianBlur(1.2)), float)[:, :, None] / 255
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    paper = (0.93 - 0.25 * x / WIDTH - 0.1 * y / HEIGHT)[:, :, None] * (1, 0.985, 0.94)
    paper = paper - (y % 58 < 2)[:, :, None] * (0.09, 0.05, 0.01)
    page = paper * (1 - ink) + ink * (0.12, 0.16, 0.42) + rng.normal(0, 0.012, (HEIGHT, WIDTH, 1))
    picture = Image.fromarray(np.uint8(np.clip(page, 0, 1) * 255))
    picture.resize((600, 347), Image.Resampling.LANCZOS).save(Path(__file__).with_name("two-lines.png"))


if __name__ == "__main__":
    main()
