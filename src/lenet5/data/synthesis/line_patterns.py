"""Patterns cut out of synthetic lines: characters, and non-characters for the rubbish class; not in the paper.

It is known whose each pixel of a line is. So every arc of its segmentation graph can be named: a character if it
holds most of one and little else, a non-character if it clearly holds a part of one, or more than one. So can
every window of the line, on which a network is displaced: a character if the middle of one is near its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...engine.interface import Backend
from ...imaging.components import LINE_SPECKS, LineSpeckSettings, remove_line_specks
from ...imaging.line_image import LineImage
from ...imaging.segmentation import Segments, over_segment
from ...imaging.threshold import MASK_LEVEL
from ..labels import NO_CHARACTER
from .text_lines import MARK, Line, Source, line

__all__ = ["PURE", "arcs", "label_of", "owned_pixels", "patterns", "windows"]

WHOLE, PURE = 0.8, 0.82  # least share of a digit's foreground in an arc, and of the arc's in the digit
PART, MIXED = 0.7, 0.75  # with less of either an arc is a non-character; between, it is left out
LEAST = 8  # pixels of foreground of an arc that is named
# Pixels between the middles of a window and of a digit: at most NEAR is that digit, at least FAR is none.
NEAR, FAR = 2.0, 4.5
KEPT = 0.5  # share of the non-characters that `patterns` keeps: there are three times as many as digits

Patterns = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (M, 28, 28), and a digit or NO_CHARACTER for each


def arcs(written: Line, backend: Backend | None = None, specks: LineSpeckSettings = LINE_SPECKS) -> Patterns:
    """The arcs of a line's segmentation graph that can be named.

    Args:
        written: a line, and whose each pixel is.
        backend: cuts the line; NumPy's loops, unless given.
        specks: what is removed before.

    Returns:
        Glyphs, (M, 28, 28) uint8, and a digit or NO_CHARACTER for each, (M,) int64.
    """
    foreground = remove_line_specks(written.foreground, specks)
    mask = foreground > MASK_LEVEL
    glyphs, labels = [], []
    if mask.any():
        segments = over_segment(foreground, seams=backend.seams) if backend else over_segment(foreground)
        total, owned = owned_pixels(written, segments, mask)
        for first, stop in segments.candidates():
            label = label_of(owned[first:stop].sum(0), total, written.digits)
            if label is not None:
                labels.append(label)
                glyphs.append(segments.glyph(first, stop))
    return np.array(glyphs, np.uint8).reshape(len(glyphs), 28, 28), np.array(labels, np.int64)


def owned_pixels(
    written: Line, segments: Segments, mask: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pixels of each digit, (digits,), and of each digit, and of marks, in each piece, (pieces, digits + 1)."""
    count, pieces = len(written.digits), len(segments.boxes)
    total = np.array([np.count_nonzero((written.owner == k) & mask) for k in range(count)])
    owned = np.zeros((pieces, count + 1))
    for k, owner in enumerate([*range(count), MARK]):
        theirs = (written.owner == owner) & mask & (segments.piece >= 0)
        owned[:, k] = np.bincount(segments.piece[theirs], minlength=pieces)
    return total, owned


def label_of(
    owned: NDArray[np.float64], total: NDArray[np.int64], digits: tuple[int, ...], least: int = LEAST
) -> int | None:
    """The digit of an arc, or NO_CHARACTER; None where neither is clear.

    Args:
        owned: (digits + 1,) its pixels of each digit, and of marks.
        total: (digits,) pixels of each digit.
        digits: of the line.
        least: pixels of an arc that is named.
    """
    amount = owned.sum()
    if amount < least:
        return None
    most = int(owned[:-1].argmax())
    whole, pure = owned[most] / max(total[most], 1), owned[most] / amount
    if whole > WHOLE and pure > PURE:
        return digits[most]
    return NO_CHARACTER if whole < PART or pure < MIXED else None


def windows(written: Line, backend: Backend | None = None) -> Patterns:
    """The windows of a line that can be named.

    Args:
        written: a line, and whose each pixel is.
        backend: of no use here; as for `arcs`.

    Returns:
        Glyphs, (M, 28, 28) uint8, and a digit or NO_CHARACTER for each, (M,) int64.
    """
    foreground = remove_line_specks(written.foreground)
    mask = foreground > MASK_LEVEL
    if not mask.any():
        return np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64)
    image = LineImage.of(foreground)
    x = np.arange(foreground.shape[1]) + 0.5
    mass = np.array([((written.owner == k) & mask).sum(0) for k in range(len(written.digits))])
    visible = mass.sum(1) > 0
    digits, mass = np.array(written.digits, np.int64)[visible], mass[visible]
    away = np.full((len(image.window_centres), 1 + len(digits)), np.inf)
    apart = np.abs(image.window_centres[:, None] - mass @ x / mass.sum(1))  # pixels of the foreground
    away[:, 1:] = apart / image.pixels[image.window_middles, None]
    nearest = away.argmin(1)
    least = away[np.arange(len(away)), nearest]
    labels = np.where(least < FAR, np.append(NO_CHARACTER, digits)[nearest], NO_CHARACTER)
    named = (least <= NEAR) | (least >= FAR)
    return image.glyphs[named], labels[named]


def patterns(
    source: Source,
    lines: int,
    seed: int = 0,
    cut: Callable[[Line, Backend | None], Patterns] = arcs,
    backend: Backend | None = None,
) -> Patterns:
    """Write lines and cut them; the same seed gives the same.

    Args:
        source: of the digits.
        lines: number of lines.
        seed: of all that is drawn.
        cut: `arcs` or `windows`.
        backend: cuts the lines; NumPy's loops, unless given.

    Returns:
        Glyphs, (M, 28, 28) uint8, and a digit or NO_CHARACTER for each, (M,) int64.
    """
    glyphs, labels = [], []
    for number in range(lines):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        images, digits = cut(line(source, rng), backend)
        kept = (digits != NO_CHARACTER) | (rng.random(len(digits)) < KEPT)
        glyphs.append(images[kept])
        labels.append(digits[kept])
    return np.concatenate(glyphs), np.concatenate(labels)
