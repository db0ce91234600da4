"""Ways of writing that MNIST's writers hardly use and others do: a 1 with a flag or a foot, a crossed 7.

MNIST was written by Americans; elsewhere a 1 begins with an upstroke and a 7 is crossed, so that a network
that saw MNIST alone reads such 1s as 7. The strokes are drawn onto MNIST's own 1s and 7s, with the pen's
width, and the character is then normalised as MNIST's were (normalise.glyph).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...imaging.normalise import glyph, stroke_width

__all__ = ["variants"]

ZOOM = 4  # strokes are drawn on the character enlarged, then reduced with it


def variants(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    classes: tuple[str, ...],
    share: float = 0.5,
    seed: int = 0,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """New patterns made of some of the 1s and 7s; the same seed gives the same.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) indices into classes.
        classes: the characters.
        share: of the 1s and of the 7s, in 0 … 1.
        seed: of the draw.

    Returns:
        Images, (M, 28, 28) uint8, and their labels, (M,) int64.
    """
    made, names = [], []
    for name, draw in (("1", _with_flag), ("7", _crossed)):
        if name not in classes:
            continue
        label = classes.index(name)
        rng = np.random.Generator(np.random.PCG64([seed, label]))
        all_of_it = np.flatnonzero(np.asarray(labels) == label)
        for index in rng.permutation(all_of_it)[: round(share * len(all_of_it))]:
            drawn = draw(images[index], rng)
            if drawn is not None:
                made.append(drawn)
                names.append(label)
    shape = (len(made), *images.shape[1:])
    return np.array(made, np.uint8).reshape(shape), np.array(names, np.int64)


def _strokes(
    image: NDArray[np.uint8], lines: list[tuple[tuple[float, float], tuple[float, float]]], width: float
) -> NDArray[np.uint8]:
    """The image with lines drawn onto it: ((x, y), (x, y)) in its pixels, round at their ends."""
    from PIL import Image, ImageDraw, ImageFilter

    size = image.shape[1] * ZOOM, image.shape[0] * ZOOM
    canvas = Image.fromarray(np.zeros(size[::-1], np.uint8))
    pen = ImageDraw.Draw(canvas)
    for line in lines:
        points = [(ZOOM * (x + 0.5), ZOOM * (y + 0.5)) for x, y in line]
        pen.line(points, fill=255, width=max(1, round(width * ZOOM)))
        for x, y in points:
            r = width * ZOOM / 2
            pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    soft = canvas.filter(ImageFilter.GaussianBlur(ZOOM * 0.35))
    large = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    return glyph(np.maximum(np.asarray(large), np.asarray(soft)).astype(np.float32) / 255)


def _extent(image: NDArray[np.uint8]) -> tuple[int, int, float]:
    """First and last row with foreground, and the width of its strokes, in pixels."""
    rows = np.flatnonzero((image > 127).any(1))
    width = stroke_width(np.kron(image > 127, np.ones((ZOOM, ZOOM), bool))) / ZOOM
    return int(rows[0]), int(rows[-1]), float(np.clip(width, 1.2, 4.5))


def _middle(image: NDArray[np.uint8], row: int) -> float:
    """Centre of mass of a row, in pixels."""
    foreground = image[row].astype(float)
    return float((foreground * np.arange(len(foreground))).sum() / foreground.sum())


def _with_flag(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """A 1 with an upstroke, or a foot, or both; None where it is too small or lies too slanted for either."""
    if (image > 127).sum() < 12:
        return None
    top, bottom, width = _extent(image)
    height = bottom - top
    if height < 12:
        return None
    x_top, x_bottom = _middle(image, top), _middle(image, bottom)
    lines = []
    if rng.random() < 0.9:
        # Between a hook and a stroke half as high as the stem, falling to the left of it.
        angle = np.deg2rad(rng.uniform(22, 68))
        length = height * rng.uniform(0.18, 0.55)
        start = (x_top + 0.2, top + width / 2 - 0.5)
        lines.append((start, (start[0] - length * np.sin(angle), start[1] + length * np.cos(angle))))
    if not lines or rng.random() < 0.25:
        reach = height * rng.uniform(0.15, 0.32)
        level = bottom - width / 2 + 0.5
        tilt = rng.uniform(-0.6, 0.6)
        lines.append(((x_bottom - reach, level + tilt), (x_bottom + reach, level - tilt)))
    return _strokes(image, lines, width * rng.uniform(0.8, 1.05))


def _crossed(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """A 7 with a bar through its stem."""
    if (image > 127).sum() < 12:
        return None
    top, bottom, width = _extent(image)
    if bottom - top < 12:
        return None
    row = round(top + (bottom - top) * rng.uniform(0.42, 0.62))
    if not (image[row] > 60).any():
        return None
    x, reach, tilt = _middle(image, row), (bottom - top) * rng.uniform(0.14, 0.26), rng.uniform(-1.2, 0.8)
    return _strokes(
        image, [((x - reach, row + tilt), (x + reach, row - tilt))], width * rng.uniform(0.75, 1.0)
    )
