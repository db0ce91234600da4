"""Lines of digits written by one writer; not in the paper.

A line has one slant, one size and one pen, which vary a little from digit to digit. Digits come from MNIST, are
drawn (glyphs.py), or are one writer's real trajectories (hands.py). They overlap and touch, a pen that is not lifted
joins them, zeros at the end are tied to each other, and points, commas, dashes and lines stand between and below.
Whose each pixel is, is kept (line_patterns.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...imaging.threshold import MASK_LEVEL
from .glyphs import draw_digit
from .hands import Hand, Hands
from .pen import WriterStyle, draw, retrace

__all__ = ["MARK", "NOBODY", "Line", "Source", "add_dirt", "as_scanned", "line", "stamp"]

MARK = -2  # owner of points, commas, dashes and lines
NOBODY = -1  # owner of the background


@dataclass(frozen=True, eq=False)
class Source:
    """Where digits come from.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) digits.
        drawn: share of lines that are drawn with a pen instead (glyphs.py).
        hands: writers of real digits, or None.
        real: share of the drawn lines that one of these writes.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]
    drawn: float = 0.5
    hands: Hands | None = None
    real: float = 0.0

    @cached_property
    def _of_digit(self) -> list[NDArray[np.int64]]:
        """The images of each digit, as indices."""
        return [np.flatnonzero(np.asarray(self.labels) == digit) for digit in range(10)]

    def glyph(
        self, digit: int, height: float, style: WriterStyle, pen: Pen, rng: np.random.Generator
    ) -> _Glyph:
        """A digit, cropped to its foreground.

        Args:
            digit: 0 … 9.
            height: about, in pixels.
            style: of the writer.
            pen: draws it, instead of taking an image.
            rng: of the draw.
        """
        of_digit = self._of_digit[digit]
        if isinstance(pen, Hand):
            index = pen.index(str(digit), rng)
            if index is not None:
                return _traced(pen, index, height, style, rng)
        if pen or not len(of_digit):
            return _Glyph(draw_digit(str(digit), height, style, rng))
        return _Glyph(_resized(self.images[rng.choice(of_digit)], height, style))


Pen = Hand | bool  # a writer's real digits; or drawn allographs, or images


@dataclass(frozen=True, eq=False)
class _Glyph:
    """A character's foreground, (rows, columns) float32 in 0 … 1, and where the pen came and went.

    entry, exit: x and y as shares of its box, or None where it is not known.
    """

    foreground: NDArray[np.float32]
    entry: tuple[float, float] | None = None
    exit: tuple[float, float] | None = None


def _traced(hand: Hand, index: int, height: float, style: WriterStyle, rng: np.random.Generator) -> _Glyph:
    """A real character."""
    strokes = retrace(hand.hands.pens.strokes(index), style, rng)
    every = np.concatenate(strokes)
    low, size = every.min(0), np.maximum(np.ptp(every, axis=0), 1e-6)
    entry, leave = ((point - low) / size for point in (strokes[0][0], strokes[-1][-1]))
    return _Glyph(
        draw(strokes, height, style, rng),
        (float(entry[0]), float(entry[1])),
        (float(leave[0]), float(leave[1])),
    )


@dataclass(frozen=True, eq=False)
class Line:
    """A line of digits.

    Args:
        foreground: (rows, columns) float32 in 0 … 1.
        owner: whose each pixel is, (rows, columns) int16: the place of a digit, MARK or NOBODY.
        digits: of the line.
    """

    foreground: NDArray[np.float32]
    owner: NDArray[np.int16]
    digits: tuple[int, ...]

    @property
    def text(self) -> str:
        """The digits as text."""
        return "".join(map(str, self.digits))


@dataclass(frozen=True)
class _Layout:
    """How the digits of a line are set. Lengths are shares of its height.

    tied: how many zeros at the end are tied to each other. gap, zero_gap: between digits, and between those
    zeros. zero_size, zero_width: factors on them. climb: rows a column. joined: how often the pen is not lifted
    between two digits, if they are real.
    """

    style: WriterStyle
    height: float  # of a digit, in pixels
    tied: int
    gap: float
    zero_gap: float
    zero_size: float
    zero_width: float
    climb: float
    joined: float


def line(source: Source, rng: np.random.Generator, digits: tuple[int, ...] | None = None) -> Line:
    """Write a line.

    Args:
        source: of the digits.
        rng: of the draw.
        digits: of the line; 1 to 8 of its own choice, unless given.
    """
    pen: Pen = bool(rng.random() < source.drawn)
    if pen and source.hands is not None and rng.random() < source.real:
        pen = source.hands.hand(rng)
    tied = 0
    if digits is None:
        digits = tuple(int(d) for d in rng.integers(0, 10, rng.integers(1, 6)))
        if rng.random() < 0.4:  # amounts end in zeros
            tied = int(rng.integers(1, 4))
            digits += (0,) * tied
    layout = _layout(pen, tied, rng)
    height = layout.height
    rows = round(height * 2.6)
    foreground = np.zeros((rows, round(height * (len(digits) * 1.9 + 5))), np.float32)
    owner = np.full(foreground.shape, NOBODY, np.int16)
    x = height
    before: tuple[float, float] | None = None  # where the pen left the last digit
    for index, digit in enumerate(digits):
        zero = index >= len(digits) - tied
        glyph, offset = _glyph(source, digit, zero, pen, layout, rng)
        high, wide = glyph.foreground.shape
        top = round(rows / 2 + offset - high / 2 + layout.climb * (x - height))
        left = round(x)
        if not stamp(foreground, owner, glyph.foreground, top, left, index):
            digits = digits[:index]
            break
        right = left + wide
        if index and before and glyph.entry and rng.random() < layout.joined:
            entry = (left + glyph.entry[0] * wide, top + glyph.entry[1] * high)
            _join(foreground, owner, before, entry, height * min(layout.style.pen, 0.12), index, rng)
        elif index and rng.random() < 0.10:  # the pen drags from one digit to the next
            _drag(foreground, owner, x, height, index, rng)
        before = (left + glyph.exit[0] * wide, top + glyph.exit[1] * high) if glyph.exit else None
        x = right + height * ((layout.zero_gap if zero else layout.gap) + rng.normal(0, 0.05))
        if rng.random() < 0.15:
            x = _point(foreground, owner, max(x, right + 1), height, pen, layout.style, rng)
            before = None
    _decorate(foreground, owner, x, height, pen, layout.style, rng)
    return as_scanned(Line(foreground, owner, digits), rng)


def _layout(pen: Pen, tied: int, rng: np.random.Generator) -> _Layout:
    """Draw how a line is set."""
    height = float(rng.uniform(18, 42))
    style = WriterStyle.any(rng)
    if isinstance(pen, Hand):
        style = WriterStyle.retraced(rng)
    elif not pen:  # MNIST's digits have a slant of their own
        style = replace(style, slant=float(rng.normal(0.10, 0.22)))
    gap, zero_gap = rng.normal(0.04, 0.14), rng.normal(-0.17, 0.12)
    zero_size, zero_width = rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.6)
    climb = rng.normal(0, 0.03)
    joined = float(rng.choice([0.0, 0.1, 0.4], p=[0.6, 0.25, 0.15]))
    return _Layout(style, height, tied, gap, zero_gap, zero_size, zero_width, climb, joined)


def _glyph(
    source: Source, digit: int, zero: bool, pen: Pen, layout: _Layout, rng: np.random.Generator
) -> tuple[_Glyph, float]:
    """A digit of a line, and how far below the middle it lies, in pixels. zero: one of those at the end."""
    style, height = layout.style, layout.height
    size = height * float(np.clip(rng.normal(1, 0.1), 0.7, 1.35)) * (layout.zero_size if zero else 1)
    own = replace(
        style,
        slant=style.slant + rng.normal(0, 0.05),
        width=style.width * rng.normal(1, 0.06) * (layout.zero_width if zero else 1),
        pen=min(style.pen * height / size, 0.3),
    )
    return source.glyph(digit, size, own, pen, rng), rng.normal(0, 0.06) * height


def _drag(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    x: float,
    height: float,
    index: int,
    rng: np.random.Generator,
) -> None:
    """Draw the stroke of a pen that is not lifted between two digits, before the one at x."""
    y = len(foreground) / 2 + height * rng.choice([-0.45, -0.1, 0.4])
    start = (x - height * rng.uniform(0.1, 0.4), y + rng.normal(0, 0.05) * height)
    end = (x + height * rng.uniform(0.05, 0.35), y + rng.normal(0, 0.05) * height)
    _stroke(foreground, owner, start, end, max(1.0, height * rng.uniform(0.05, 0.1)), index)


def _join(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    index: int,
    rng: np.random.Generator,
) -> None:
    """Draw the way of a pen that is not lifted, from where it left the last digit to where it began this one."""
    (x0, y0), (x1, y1) = start, end
    sag = rng.normal(0, 0.15) * np.hypot(x1 - x0, y1 - y0)
    middle = ((x0 + x1) / 2, (y0 + y1) / 2 + sag)
    for who, first, last in ((index - 1, start, middle), (index, middle, end)):
        _stroke(foreground, owner, first, last, max(1.0, width), who)


# Signs that stand between and after the digits of an amount: their larger side, and where the middle of their box
# lies below the middle of the line, both in heights of a digit.
SIGN_PLACES = {
    ".": (0.13, 0.45), ",": (0.32, 0.5), "-": (0.55, 0.0), "=": (0.6, 0.0), "/": (1.15, 0.0), "~": (0.7, 0.0),
    "|": (1.1, 0.0), "*": (0.5, -0.1), "_": (0.7, 0.5), ":": (0.45, 0.15),
}  # fmt: skip
FLOURISHES = {
    "-": 0.3,
    "=": 0.3,
    "/": 0.12,
    "~": 0.1,
    "|": 0.06,
    "*": 0.04,
    "_": 0.04,
    ":": 0.04,
}  # how often


def _sign(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    sign: str,
    x: float,
    height: float,
    hand: Hand,
    style: WriterStyle,
    rng: np.random.Generator,
) -> float | None:
    """Draw a real sign of this hand at x; returns where it ends, or None where nobody wrote one."""
    index = hand.index(sign, rng)
    if index is None:
        return None
    side, below = SIGN_PLACES[sign]
    side *= height * float(np.exp(rng.normal(0, 0.2)))
    own = replace(style, pen=float(np.clip(style.pen * height / side, 0.05, 0.9)))
    ink = _traced(hand, index, side, own, rng).foreground
    middle = len(foreground) / 2 + height * (below + rng.normal(0, 0.06))
    stamp(foreground, owner, ink, round(middle - ink.shape[0] / 2), round(x), MARK)
    return float(x + ink.shape[1])


def _point(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    x: float,
    height: float,
    pen: Pen,
    style: WriterStyle,
    rng: np.random.Generator,
) -> float:
    """Draw a point or a comma at x; returns where the next digit begins."""
    if isinstance(pen, Hand) and rng.random() < 0.6:
        end = _sign(foreground, owner, str(rng.choice([".", ","])), x, height, pen, style, rng)
        if end is not None:
            return end + height * abs(rng.normal(0.05, 0.1))
    length = height * rng.uniform(0.03, 0.28)
    foot = (x + height * rng.uniform(0.03, 0.12), len(foreground) / 2 + height * rng.uniform(0.38, 0.6))
    tail = (foot[0] - length * rng.uniform(0, 0.7), foot[1] + length)
    _stroke(foreground, owner, foot, tail, height * rng.uniform(0.07, 0.16), MARK)
    return foot[0] + height * abs(rng.normal(0.05, 0.1))


def _decorate(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    x: float,
    height: float,
    pen: Pen,
    style: WriterStyle,
    rng: np.random.Generator,
) -> None:
    """Draw what belongs to no digit: a flourish after the last, which ends at x; an underline; dirt."""
    middle = len(foreground) / 2
    if rng.random() < 0.55:
        if isinstance(pen, Hand) and rng.random() < 0.6:
            x += 2
            sign = str(rng.choice(list(FLOURISHES), p=list(FLOURISHES.values())))
            for _ in range(int(rng.integers(1, 3))):
                x = _sign(foreground, owner, sign, x, height, pen, style, rng) or x
        else:
            x = _flourish(foreground, owner, x + 2, middle, height, rng)
    if rng.random() < 0.08:  # underlined
        y = middle + height * rng.uniform(0.55, 0.75)
        slope = height * rng.normal(0, 0.1)
        _stroke(foreground, owner, (height * rng.uniform(0.5, 1.2), y), (x, y + slope), height * 0.07, MARK)
    if rng.random() < 0.25:
        add_dirt(foreground, owner, x, height, rng)


def add_dirt(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    x: float,
    height: float,
    rng: np.random.Generator,
) -> None:
    """Draw remains of the form's print, and dirt, on a line whose last character ends at x."""
    rows = len(foreground)
    for _ in range(int(rng.integers(1, 7))):
        foot = np.array([rng.uniform(0.3 * height, x + 0.5 * height), rng.uniform(0.1, 0.95) * rows])
        tip = foot + height * rng.uniform(0, 0.3) * _towards(rng.uniform(0, np.pi))
        ends = [(float(point[0]), float(point[1])) for point in (foot, tip)]
        _stroke(foreground, owner, ends[0], ends[1], height * rng.uniform(0.03, 0.1), MARK)


def _resized(image: NDArray[np.uint8], height: float, style: WriterStyle) -> NDArray[np.float32]:
    """A digit of MNIST brought to its height, slant and width, cropped to its foreground."""
    from PIL import Image

    rows, columns = np.flatnonzero((image > 64).any(1)), np.flatnonzero((image > 64).any(0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high = max(4, round(height * (cut.shape[0] / 20) ** 0.5))
    factor = high / cut.shape[0]
    wide = max(2, round(cut.shape[1] * factor * style.width))
    reach = abs(style.slant) * high
    whole = wide + int(np.ceil(reach)) + 2
    a, e = cut.shape[1] / wide, cut.shape[0] / high
    before = a * (style.slant * high + 1) if style.slant > 0 else a
    sheared = Image.fromarray(cut).transform(
        (whole, high),
        Image.Transform.AFFINE,
        (a, a * style.slant, -before, 0, e, 0),
        Image.Resampling.BICUBIC,
    )
    foreground = np.asarray(sheared, np.float32) / np.float32(255)
    columns = np.flatnonzero((foreground > 0.3).any(0))
    return foreground[:, columns[0] : columns[-1] + 1] if len(columns) else foreground


def stamp(
    foreground: NDArray[np.float32],
    owner: NDArray[np.int16],
    glyph: NDArray[np.float32],
    top: int,
    left: int,
    who: int,
) -> bool:
    """Set a glyph on the line; False where it does not fit."""
    top = max(top, 0)
    high, wide = glyph.shape
    if top + high > foreground.shape[0] or left < 0 or left + wide > foreground.shape[1]:
        return False
    here, theirs = (
        foreground[top : top + high, left : left + wide],
        owner[top : top + high, left : left + wide],
    )
    theirs[glyph > np.maximum(here, MASK_LEVEL)] = who
    np.maximum(here, glyph, out=here)
    return True


def _stroke(
    foreground: NDArray[np.float32],
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
    low, high = np.maximum(low, 0), np.minimum(high, foreground.shape[::-1])
    if (high <= low).any():
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
    far = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
    stroke = np.clip(width / 2 + 0.5 - far, 0, 1).astype(np.float32)
    stamp(foreground, owner, stroke, int(low[1]), int(low[0]), who)


def _towards(angle: float) -> NDArray[np.float64]:
    return np.array([np.cos(angle), np.sin(angle)])


def _flourish(
    foreground: NDArray[np.float32],
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
        wave = middle + swing * np.sin(2 * np.pi * turns * along) + height * rng.normal(0, 0.1)
        lines.append(list(zip((x + along * wide * 1.3).tolist(), wave.tolist(), strict=True)))
    for points in lines:
        for start, end in pairwise(points):
            _stroke(foreground, owner, start, end, pen, MARK)
    return x + wide * 1.3 + height * 0.3


def as_scanned(written: Line, rng: np.random.Generator) -> Line:
    """The line as a scan has it: strokes a little thicker or not, soft edges; cropped to its foreground."""
    from scipy import ndimage

    foreground = written.foreground
    for _ in range(int(rng.integers(0, 2))):
        foreground = np.maximum(foreground, ndimage.grey_dilation(foreground, size=(2, 2)))
    foreground = np.clip(ndimage.gaussian_filter(foreground, rng.uniform(0.3, 0.8)) * 1.3, 0, 1).astype(
        np.float32
    )
    rows, columns = (
        np.flatnonzero((foreground > MASK_LEVEL).any(1)),
        np.flatnonzero((foreground > MASK_LEVEL).any(0)),
    )
    if not len(rows):
        return replace(written, foreground=foreground)
    rough = ndimage.maximum_filter(written.owner, 3)  # soft edges belong to the nearest foreground
    owner = np.where(written.owner == NOBODY, rough, written.owner)
    y = slice(max(rows[0] - 4, 0), rows[-1] + 5)
    x = slice(max(columns[0] - 4, 0), columns[-1] + 5)
    return Line(foreground[y, x], owner[y, x], written.digits)
