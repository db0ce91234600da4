"""Digits written over others, as people correct them: non-characters, drawn from real digits; not in the paper.

Two digits in one place look like a third, an 8 often. Which one counts cannot be seen, so that neither is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...imaging.normalise import fit_to_box, glyph
from ...imaging.resize import resize
from ..labels import DIGITS
from .glyphs import draw_digit
from .hands import Hands
from .pen import WriterStyle, draw_character

__all__ = ["OVERWRITTEN", "OverwritingSettings", "overwritten_digits", "write_over"]

INK = 0.5  # foreground that counts as ink


@dataclass(frozen=True)
class OverwritingSettings:
    """How a digit is written over another; chosen by eye."""

    drawn: float = (
        0.5  # share of the pairs that are drawn with a pen; the others are two of the data set's own
    )
    heights: tuple[float, float] = (36.0, 60.0)  # pixels, of the first digit
    sizes: tuple[float, float] = (0.85, 1.2)  # heights of the first digit, of the second
    shift: float = 0.12  # heights: how far the second lies off at most, to either side, up or down
    faintest: float = 0.7  # level of the first digit's ink at least, where that of the second is 1
    visible: float = 0.35  # share of each digit's ink that the other one leaves free, at least
    tries: int = 50  # pairs that are looked at before allographs are taken
    alike: tuple[str, ...] = ("01",)  # a slashed zero is a zero


OVERWRITTEN = OverwritingSettings()


def overwritten_digits(
    images: NDArray[np.uint8],
    digits: NDArray[np.integer],
    count: int,
    seed: int = 0,
    hands: Hands | None = None,
    real: float = 0.0,
    settings: OverwritingSettings = OVERWRITTEN,
) -> NDArray[np.uint8]:
    """Glyphs of two different digits in one place; the same seed gives the same.

    Args:
        images: (N, 28, 28) uint8, 255 = ink, of digits.
        digits: (N,) 0 … 9.
        count: number of glyphs.
        seed: of the draw.
        hands: writers of real digits, or None.
        real: share of the drawn pairs that one of these wrote; the others are allographs (glyphs.py).
        settings: how one is written over the other.

    Returns:
        (count, 28, 28) uint8, 255 = ink.
    """
    made = np.empty((count, 28, 28), np.uint8)
    for number in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, number, 4]))
        ink, tries = None, 0
        while ink is None:
            # Allographs are all unlike, whatever digits the data set and the hands have.
            allographs = tries >= settings.tries
            own = images[:0] if allographs else images
            ink = _pair(own, digits, None if allographs else hands, real, settings, rng)
            tries += 1
        made[number] = glyph(ink) if rng.random() < 0.7 else fit_to_box(ink)
    return made


def _pair(
    images: NDArray[np.uint8],
    digits: NDArray[np.integer],
    hands: Hands | None,
    real: float,
    settings: OverwritingSettings,
    rng: np.random.Generator,
) -> NDArray[np.float32] | None:
    """The ink of a pair, or None where a person would read one digit."""
    high = rng.uniform(*settings.heights)
    heights = high, high * rng.uniform(*settings.sizes)
    if rng.random() >= settings.drawn and len(images):
        chosen = rng.integers(len(images), size=2)
        names = digits[chosen].tolist()
        inks = [_enlarged(images[index], height) for index, height in zip(chosen, heights, strict=True)]
    else:
        names = rng.integers(10, size=2).tolist()
        inks = _drawn(names, heights, hands if rng.random() < real else None, rng)
    pair = "".join(sorted(DIGITS[name] for name in names))
    if names[0] == names[1] or pair in settings.alike:
        return None
    return write_over(inks[0], inks[1], settings, rng)


def _drawn(
    names: list[int], heights: tuple[float, float], hands: Hands | None, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Two digits by one writer and one pen."""
    if hands is None:
        style = WriterStyle.any(rng)
        return [
            draw_digit(DIGITS[name], height, style, rng) for name, height in zip(names, heights, strict=True)
        ]
    style, hand = WriterStyle.retraced(rng), hands.hand(rng)
    inks = []
    for name, height in zip(names, heights, strict=True):
        index = hand.index(DIGITS[name], rng)
        index = hands.digit(name, rng) if index is None else index
        inks.append(draw_character(hands.pens, index, height, style, rng))
    return inks


def _enlarged(image: NDArray[np.uint8], height: float) -> NDArray[np.float32]:
    """The ink of a pattern, so many pixels high, its rim as sharp as before."""
    rows, columns = np.flatnonzero((image > 127).any(1)), np.flatnonzero((image > 127).any(0))
    if not len(rows):
        return np.zeros((1, 1), np.float32)
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / np.float32(255)
    zoom = height / len(cut)
    large = resize(cut, (max(1, round(height)), max(1, round(zoom * cut.shape[1]))))
    sharp = (large - INK) * np.float32(max(zoom, 1)) + np.float32(INK)
    return np.asarray(np.clip(sharp, 0, 1), np.float32)


def write_over(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    settings: OverwritingSettings,
    rng: np.random.Generator,
) -> NDArray[np.float32] | None:
    """The ink of two characters, middle over middle but for a shift; None where one of them hides the other.

    Args:
        first: foreground in 0 … 1; its ink becomes fainter.
        second: foreground in 0 … 1.
        settings: shift, faintest and visible are used.
        rng: of the draw.

    Returns:
        Foreground in 0 … 1, float32.
    """
    shift = rng.uniform(-settings.shift, settings.shift, 2) * len(first)
    sizes = np.array([first.shape, second.shape], float)
    corners = np.rint(np.array([np.zeros(2), shift]) - sizes / 2).astype(int)
    corners -= corners.min(0)
    canvas = np.zeros((2, *(corners + sizes.astype(int)).max(0)), np.float32)
    for layer, ink, (top, left) in zip(canvas, (first, second), corners.tolist(), strict=True):
        layer[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    masks = canvas > INK
    free = masks & ~masks[::-1]
    if (free.sum((1, 2)) < settings.visible * masks.sum((1, 2))).any() or not masks.any((1, 2)).all():
        return None
    return np.asarray(
        np.maximum(canvas[0] * np.float32(rng.uniform(settings.faintest, 1)), canvas[1]), np.float32
    )
