"""Lines of digits made of single ones, and what cutting them gives: characters, and what is none.

A line is written by one hand: one slant, one size and one pen, which vary a little from digit to digit. Digits
come from MNIST, or are drawn (allographs.py). They overlap and touch, zeros at the end are tied to each other,
points, commas, dashes and rules are set between and below. Since it is known whose ink each pixel is, every arc
of the segmentation graph (segment.py) can be named: a character if it holds most of one and little else, a
pattern of the rubbish class if it clearly holds a part of one, or more than one. So can every window of the line
as a strip (strip.py), on which a network is displaced: a character if the middle of one is near its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...engine.interface import Backend
from ...imaging.components import remove_line_specks
from ...imaging.line_image import LineImage
from ...imaging.segmentation import over_segment
from ...imaging.threshold import MASK_LEVEL
from ..labels import NO_CHARACTER
from .glyphs import WriterStyle, drawn

__all__ = ["NO_CHARACTER", "Line", "Source", "arcs", "line", "patterns", "windows"]

MARK = -2  # owner of the ink of points, commas, dashes and rules
NOBODY = -1  # owner of paper
WHOLE, PURE = 0.8, 0.82  # a character holds so much of its ink, and so much of an arc's ink is its
KEPT = 0.5  # share of what is no character that `patterns` keeps: there is three times as much as of digits
PART, MIXED = 0.7, 0.75  # with less of either an arc is no character; between, it is left out
# Pixels of a strip between a window's middle and a character's: no more is that character, no less is none.
NEAR, FAR = 2.0, 4.5

Patterns = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (M, 28, 28), and a digit or NO_CHARACTER for each


@dataclass(frozen=True, eq=False)
class Source:
    """Where digits come from.

    images: (N, 28, 28) uint8, 255 = ink. labels: (N,) digits. drawn: share of lines that are drawn instead.
    """

    images: NDArray[np.uint8]
    labels: NDArray
    drawn: float = 0.5

    def __post_init__(self) -> None:
        where = [np.flatnonzero(np.asarray(self.labels) == digit) for digit in range(10)]
        object.__setattr__(self, "_where", where)

    def glyph(
        self, digit: int, height: float, hand: WriterStyle, pen: bool, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """A digit about `height` pixels high, cut to its ink, in 0 … 1. pen: draw it."""
        where = self._where[digit]
        if pen or not len(where):
            return drawn(str(digit), height, hand, rng)
        return _resized(self.images[rng.choice(where)], height, hand)


@dataclass(frozen=True, eq=False)
class Line:
    """A line of digits: ink (rows, columns) float32 in 0 … 1, the owner of each pixel, and the digits."""

    ink: NDArray[np.float32]
    owner: NDArray[np.int16]
    digits: tuple[int, ...]

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(map(str, self.digits))


def line(source: Source, rng: np.random.Generator, digits: tuple[int, ...] | None = None) -> Line:
    """Write a line; of 1 to 7 digits of its own choice, where none are given."""
    pen = bool(rng.random() < source.drawn)
    tied = 0
    if digits is None:
        digits = tuple(int(d) for d in rng.integers(0, 10, rng.integers(1, 6)))
        if rng.random() < 0.4:  # amounts end in zeros
            tied = int(rng.integers(1, 4))
            digits += (0,) * tied
    height = float(rng.uniform(18, 42))
    hand = WriterStyle.any(rng)
    if not pen:  # MNIST's digits have a slant of their own
        hand = replace(hand, slant=float(rng.normal(0.10, 0.22)))
    gap, zero_gap = rng.normal(0.04, 0.14), rng.normal(-0.17, 0.12)
    zero_size, zero_width = rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.6)
    climb = rng.normal(0, 0.03)
    room = round(height * (len(digits) * 1.9 + 5))
    rows = round(height * 2.6)
    middle = rows / 2
    ink = np.zeros((rows, room), np.float32)
    owner = np.full(ink.shape, NOBODY, np.int16)
    x = height
    for index, digit in enumerate(digits):
        zero = index >= len(digits) - tied
        size = height * float(np.clip(rng.normal(1, 0.1), 0.7, 1.35)) * (zero_size if zero else 1)
        own = replace(
            hand,
            slant=hand.slant + rng.normal(0, 0.05),
            width=hand.width * rng.normal(1, 0.06) * (zero_width if zero else 1),
            pen=min(hand.pen * height / size, 0.3),
        )
        glyph = source.glyph(digit, size, own, pen, rng)
        off = rng.normal(0, 0.06) * height
        top = round(middle + off - glyph.shape[0] / 2 + climb * (x - height))
        left = round(x)
        if not _stamp(ink, owner, glyph, top, left, index):
            digits = digits[:index]
            break
        right = left + glyph.shape[1]
        if index and rng.random() < 0.10:  # the pen drags from one digit to the next
            y = middle + height * rng.choice([-0.45, -0.1, 0.4])
            start = (x - height * rng.uniform(0.1, 0.4), y + rng.normal(0, 0.05) * height)
            end = (x + height * rng.uniform(0.05, 0.35), y + rng.normal(0, 0.05) * height)
            _stroke(ink, owner, start, end, max(1.0, height * rng.uniform(0.05, 0.1)), index)
        x = right + height * ((zero_gap if zero else gap) + rng.normal(0, 0.05))
        if rng.random() < 0.15:  # a point or a comma
            x = max(x, right + 1)
            long = height * rng.uniform(0.03, 0.28)
            foot = (x + height * rng.uniform(0.03, 0.12), middle + height * rng.uniform(0.38, 0.6))
            tail = (foot[0] - long * rng.uniform(0, 0.7), foot[1] + long)
            _stroke(ink, owner, foot, tail, height * rng.uniform(0.07, 0.16), MARK)
            x = foot[0] + height * abs(rng.normal(0.05, 0.1))
    if rng.random() < 0.55:
        x = _flourish(ink, owner, x + 2, middle, height, rng)
    if rng.random() < 0.08:  # underlined
        y = middle + height * rng.uniform(0.55, 0.75)
        slope = height * rng.normal(0, 0.1)
        _stroke(ink, owner, (height * rng.uniform(0.5, 1.2), y), (x, y + slope), height * 0.07, MARK)
    if rng.random() < 0.25:  # remains of what the paper was printed with, and of its dirt
        for _ in range(int(rng.integers(1, 7))):
            start = np.array([rng.uniform(0.3 * height, x + 0.5 * height), rng.uniform(0.1, 0.95) * rows])
            end = start + height * rng.uniform(0, 0.3) * _towards(rng.uniform(0, np.pi))
            _stroke(ink, owner, tuple(start), tuple(end), height * rng.uniform(0.03, 0.1), MARK)
    return _inked(Line(ink, owner, digits), rng)


def arcs(written: Line, backend: Backend | None = None) -> Patterns:
    """The arcs of a line's segmentation graph that can be named: (M, 28, 28) uint8, and digit or NO_CHARACTER."""
    solid = remove_line_specks(written.ink)
    inked = solid > MASK_LEVEL
    fields, labels = [], []
    if inked.any():
        found = over_segment(solid, seams=backend.seams) if backend else over_segment(solid)
        count, pieces = len(written.digits), len(found.boxes)
        total = np.array([np.count_nonzero((written.owner == k) & inked) for k in range(count)])
        share = np.zeros((pieces, count + 1))
        for k, owner in enumerate([*range(count), MARK]):
            theirs = (written.owner == owner) & inked & (found.piece >= 0)
            share[:, k] = np.bincount(found.piece[theirs], minlength=pieces)
        for first, behind in found.candidates():
            held = share[first:behind].sum(0)
            amount = held.sum()
            if amount < 8:
                continue
            most = int(held[:-1].argmax())
            whole, pure = held[most] / max(total[most], 1), held[most] / amount
            if whole > WHOLE and pure > PURE:
                labels.append(written.digits[most])
            elif whole < PART or pure < MIXED:
                labels.append(NO_CHARACTER)
            else:
                continue
            fields.append(found.glyph(first, behind))
    shape = (len(fields), 28, 28)
    return np.array(fields, np.uint8).reshape(shape), np.array(labels, np.int64)


def windows(written: Line, backend: Backend | None = None) -> Patterns:
    """The windows of a line's strip that can be named: (M, 28, 28) uint8, and digit or NO_CHARACTER."""
    solid = remove_line_specks(written.ink)
    inked = solid > MASK_LEVEL
    if not inked.any():
        return np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64)
    strip = LineImage.of(solid)
    x = np.arange(solid.shape[1]) + 0.5
    mass = np.array([((written.owner == k) & inked).sum(0) for k in range(len(written.digits))])
    there = mass.sum(1) > 0
    digits, mass = np.array(written.digits, np.int64)[there], mass[there]
    away = np.full((len(strip.window_centres), 1 + len(digits)), np.inf)
    away[:, 1:] = np.abs(strip.window_centres[:, None] - mass @ x / mass.sum(1)) / strip.pixels
    nearest = away.argmin(1)
    least = away[np.arange(len(away)), nearest]
    labels = np.where(least < FAR, np.append(NO_CHARACTER, digits)[nearest], NO_CHARACTER)
    named = (least <= NEAR) | (least >= FAR)
    return strip.glyphs[named], labels[named]


def patterns(
    source: Source,
    lines: int,
    seed: int = 0,
    parts: Callable[[Line, Backend | None], Patterns] = arcs,
    backend: Backend | None = None,
) -> Patterns:
    """Parts of so many lines, (M, 28, 28) uint8, and digit or NO_CHARACTER; the same seed gives the same.

    parts: arcs, or windows.
    """
    fields, labels = [], []
    for number in range(lines):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        found, names = parts(line(source, rng), backend)
        kept = (names != NO_CHARACTER) | (rng.random(len(names)) < KEPT)
        fields.append(found[kept])
        labels.append(names[kept])
    return np.concatenate(fields), np.concatenate(labels)


def _resized(image: NDArray[np.uint8], height: float, hand: WriterStyle) -> NDArray[np.float32]:
    """A digit of MNIST brought to its height, slant and width, cut to its ink."""
    from PIL import Image

    rows, columns = np.flatnonzero((image > 64).any(1)), np.flatnonzero((image > 64).any(0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high = max(4, round(height * (cut.shape[0] / 20) ** 0.5))
    factor = high / cut.shape[0]
    wide = max(2, round(cut.shape[1] * factor * hand.width))
    reach = abs(hand.slant) * high
    whole = wide + int(np.ceil(reach)) + 2
    a, e = cut.shape[1] / wide, cut.shape[0] / high
    before = a * (hand.slant * high + 1) if hand.slant > 0 else a
    sheared = Image.fromarray(cut).transform(
        (whole, high), Image.Transform.AFFINE, (a, a * hand.slant, -before, 0, e, 0), Image.Resampling.BICUBIC
    )
    ink = np.asarray(sheared, np.float32) / 255
    columns = np.flatnonzero((ink > 0.3).any(0))
    return ink[:, columns[0] : columns[-1] + 1] if len(columns) else ink


def _stamp(
    ink: NDArray[np.float32],
    owner: NDArray[np.int16],
    glyph: NDArray[np.float32],
    top: int,
    left: int,
    who: int,
) -> bool:
    """Set a glyph on the line; False where it does not fit."""
    top = max(top, 0)
    high, wide = glyph.shape
    if top + high > ink.shape[0] or left < 0 or left + wide > ink.shape[1]:
        return False
    here, theirs = ink[top : top + high, left : left + wide], owner[top : top + high, left : left + wide]
    theirs[glyph > np.maximum(here, MASK_LEVEL)] = who
    np.maximum(here, glyph, out=here)
    return True


def _stroke(
    ink: NDArray[np.float32],
    owner: NDArray[np.int16],
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    who: int,
) -> None:
    """Draw a straight stroke with round ends."""
    pad = int(width) + 2
    low = np.floor(np.minimum(start, end)).astype(int) - pad
    high = np.ceil(np.maximum(start, end)).astype(int) + pad + 1
    low, high = np.maximum(low, 0), np.minimum(high, ink.shape[::-1])
    if (high <= low).any():
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
    far = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
    drawn_ = np.clip(width / 2 + 0.5 - far, 0, 1).astype(np.float32)
    _stamp(ink, owner, drawn_, int(low[1]), int(low[0]), who)


def _towards(angle: float) -> NDArray[np.float64]:
    return np.array([np.cos(angle), np.sin(angle)])


def _flourish(
    ink: NDArray[np.float32],
    owner: NDArray[np.int16],
    x: float,
    middle: float,
    height: float,
    rng: np.random.Generator,
) -> float:
    """What fills the rest of a line so that nothing is added: dashes, strokes aslant, a wave; where it ends."""
    pen = height * rng.uniform(0.05, 0.12)
    kinds = ["dash", "dashes", "aslant", "dash aslant", "wave", "points"]
    kind = rng.choice(kinds, p=[0.25, 0.4, 0.1, 0.1, 0.1, 0.05])
    wide = height * rng.uniform(0.4, 1.2)
    lines = []
    if "dash" in kind:
        y, tilt = middle + height * rng.normal(0, 0.18), height * rng.normal(0, 0.08)
        for _ in range(2 if kind == "dashes" else 1):
            lines.append([(x, y), (x + wide, y + tilt + height * rng.normal(0, 0.04))])
            y += height * rng.uniform(0.12, 0.4)
    if kind == "points":
        pen = height * rng.uniform(0.08, 0.16)
        for y in (middle - height * rng.uniform(0.05, 0.3), middle + height * rng.uniform(0.05, 0.4)):
            lines.append([(x, y), (x + height * rng.uniform(0.01, 0.2), y + height * rng.normal(0, 0.04))])
    if "aslant" in kind:
        lean = height * rng.uniform(0.5, 0.9)
        for k in range(int(rng.integers(1, 3)) if "dash" in kind else 2):
            foot = x + wide * 0.4 + k * height * rng.uniform(0.12, 0.3)
            high = height * rng.uniform(0.35, 0.6)
            lines.append([(foot, middle + high), (foot + lean, middle - high)])
    if kind == "wave":
        along = np.linspace(0, 1, 25)
        turns, swing = rng.uniform(1, 3.5), height * rng.uniform(0.05, 0.2)
        y = middle + swing * np.sin(2 * np.pi * turns * along) + height * rng.normal(0, 0.1)
        lines.append(list(zip(x + along * wide * 1.3, y, strict=True)))
    for points in lines:
        for start, end in pairwise(points):
            _stroke(ink, owner, start, end, pen, MARK)
    return x + wide * 1.3 + height * 0.3


def _inked(written: Line, rng: np.random.Generator) -> Line:
    """The line as a scan has it: strokes a little thicker or not, soft edges; cut to its ink."""
    from scipy import ndimage

    ink = written.ink
    for _ in range(int(rng.integers(0, 2))):
        ink = np.maximum(ink, ndimage.grey_dilation(ink, size=(2, 2)))
    ink = np.clip(ndimage.gaussian_filter(ink, rng.uniform(0.3, 0.8)) * 1.3, 0, 1).astype(np.float32)
    rows, columns = np.flatnonzero((ink > MASK_LEVEL).any(1)), np.flatnonzero((ink > MASK_LEVEL).any(0))
    if not len(rows):
        return replace(written, ink=ink)
    rough = ndimage.maximum_filter(written.owner, 3)  # soft edges belong to the nearest ink
    owner = np.where(written.owner == NOBODY, rough, written.owner)
    y = slice(max(rows[0] - 4, 0), rows[-1] + 5)
    x = slice(max(columns[0] - 4, 0), columns[-1] + 5)
    return Line(ink[y, x], owner[y, x], written.digits)
