"""Lines of digits and signs written by one hand: amounts, dates, times and sums; not in the paper.

Digits and signs are real trajectories of one writer, or of the one most alike where this one never wrote them, or the
digits are MNIST's, in one slant, size and pen. Trajectories have lost their size and place on the line, so signs are
set where people set them, alike all along a line: `PLACES`. What a file cut off a character is left out (`whole`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...imaging.components import SIGN_SPECKS
from ...imaging.normalise import fit_to_box, glyph
from ...network.codes import DIGITS, SIGNS
from ..labels import NO_CHARACTER
from ..trajectories.trajectories import Trajectories
from .hands import Hand, Hands
from .pen import WriterStyle, draw, retrace
from .text_lines import MARK, NOBODY, Line, Source, add_dirt, as_scanned, stamp

if TYPE_CHECKING:
    from ...engine.interface import Backend

__all__ = ["CLASSES", "Writers", "random_expression", "random_text", "sign_line", "sign_patterns", "whole"]

CLASSES = DIGITS + SIGNS  # `Line.digits` of a line with signs, and labels of its patterns, index them
# Letters and signs that nobody takes for a digit or one of SIGNS: non-characters.
OTHERS = "ABEFGHKMNPQRWXabdefhkmnprwxy@&#?<>~^"
MNIST_SHARE = 0.4  # of lines whose digits are MNIST's
SINGLE = 0.5  # signs by themselves, and as many non-characters, for each line
DIRTY = 0.3  # share of the lines to train with that have dirt
UNEVEN = 0.3  # share of those to fit shapes to with digits of uneven heights, and share with small digits at the end
SPREAD = (0.08, 0.14)  # deviation of digits' heights, even and uneven, as a share of them
SMALL = (0.55, 0.9)  # heights of small digits at the end, as a share of the others'
MISPLACED = 0.08  # of the characters of a line to fit shapes to: a mark out of any sign's place follows
# Such marks, and where their middle lies: an underscore, a double one, an apostrophe, a speck above. As PLACES.
MARKS = (("-", (1.25, 1.7)), ("=", (1.3, 1.7)), (",", (-0.3, 0.25)), (".", (-0.3, 0.3)))
NEGATIVES_KEPT = 0.2  # share of the non-characters in lines that are kept: there are more than characters


@dataclass(frozen=True)
class Place:
    """Where a sign stands, in heights of a digit: 0 is a digit's top, 1 its foot.

    side: which side `size` is of: "height", "width" or "larger". size, middle: least and most, the middle being that
    of its height. strokes: fewer than these are no such sign, but a part of one under its label.
    """

    side: str
    size: tuple[float, float]
    middle: tuple[float, float]
    strokes: int = 1


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        ".": Place("larger", (0.02, 0.09), (0.94, 1.04)),
        ",": Place("height", (0.14, 0.38), (0.95, 1.12)),
        "/": Place("height", (1.1, 1.7), (0.42, 0.62)),
        "-": Place("width", (0.25, 0.75), (0.42, 0.66)),
        "+": Place("larger", (0.4, 0.8), (0.48, 0.66), strokes=2),
        "=": Place("larger", (0.35, 0.75), (0.46, 0.66), strokes=2),
        ":": Place("height", (0.35, 0.7), (0.5, 0.72), strokes=2),
        "%": Place("height", (0.7, 1.1), (0.42, 0.58), strokes=2),
        "$": Place("height", (0.95, 1.35), (0.45, 0.55), strokes=2),
        "*": Place("larger", (0.35, 0.75), (0.2, 0.55), strokes=3),
        "(": Place("height", (1.0, 1.5), (0.45, 0.58)),
        ")": Place("height", (1.0, 1.5), (0.45, 0.58)),
    }
)
PAIRS = {")": "("}  # signs that are as large as another
WIDEST = 1.4  # heights of a digit that a sign is wide at most
LEAST_APART = 2.4  # pens: the height of = and : at least, so that their two parts stay two
PEN = (0.045, 0.13)  # heights of a digit: width of the line's pen
APART = (0.12, 0.05)  # the same: ink between a sign and its neighbours, mean and deviation …
LEAST_GAP = 0.04  # … and least
POINT = (0.07, 0.16)  # heights of a digit: width of the pen that makes a point, at least
# A digit's extents along its longest direction and across it: what is narrower, for its length, is a straight stroke,
# and of the digits only a 1 is one, unless it lies. A digit that is wider, for its height, is a dash or several digits.
STRAIGHT, LYING, WIDE = 0.15, 1.7, 2.0
HABIT = 0.25  # a line's signs of a kind differ in size and place by this share of what signs may differ by


class Writers:
    """Writers, each with the trajectories of its digits and signs.

    Args:
        trajectories: of many writers.
        images: (N, 28, 28) uint8, digits to take for some lines; None: all digits are trajectories.
        labels: (N,) which digits.

    Raises:
        DataError: a digit or a sign is written by nobody.
    """

    def __init__(
        self,
        trajectories: Trajectories,
        images: NDArray[np.uint8] | None = None,
        labels: NDArray[np.integer] | None = None,
    ) -> None:
        self.trajectories = trajectories.part(whole(trajectories))
        self.images = None if images is None or labels is None else Source(images, labels, drawn=0.0)
        missing = sorted(set(CLASSES) - set(self.trajectories.labels.tolist()))
        if missing:
            raise DataError(
                f"nobody writes {missing[0]} in {trajectories.name}: digits and {SIGNS} are needed"
            )
        self.hands = Hands(self.trajectories)
        if not len(self.hands.writers):
            raise DataError(f"nobody writes enough digits for a line in {trajectories.name}")
        self.names: list[int] = self.hands.writers.tolist()
        self.others = np.flatnonzero(np.isin(self.trajectories.labels, list(OTHERS)))
        self._hands: dict[int, Hand] = {}

    def strokes(self, name: str, writer: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
        """A digit or a sign by a writer, or by the one most alike where this one never wrote it."""
        if writer not in self._hands:
            self._hands[writer] = self.hands.hand_of(writer)
        index = self._hands[writer].index(name, rng)
        assert index is not None  # somebody writes each
        return self.trajectories.strokes(index)


def whole(trajectories: Trajectories) -> NDArray[np.bool_]:
    """Which characters are what their label says, by their form alone, (C,): no stroke of one that its file cut up.

    A bar is no 4, a dash no 1, and two zeros are not one; signs have a least number of strokes.
    """
    strokes = np.diff(trajectories.character_ends, prepend=0)
    least = np.array([PLACES[name].strokes if name in PLACES else 1 for name in trajectories.labels])
    kept = strokes >= least
    for index in np.flatnonzero(np.isin(trajectories.labels, list(DIGITS))):
        kept[index] = _is_digit(str(trajectories.labels[index]), trajectories.strokes(int(index)))
    return kept


def _is_digit(name: str, strokes: Sequence[NDArray[np.float64]]) -> bool:
    """Whether strokes have a form that a digit may have."""
    points = np.concatenate(strokes)
    wide, high = np.ptp(points, axis=0)
    _, axes = np.linalg.eigh(np.cov(points.T)) if len(points) > 1 else (None, np.eye(2))
    across, along = np.ptp((points - points.mean(0)) @ axes, axis=0)
    straight = across < STRAIGHT * along
    if name == "1":
        return bool(high > 0 and wide < (LYING if straight else WIDE) * high)
    return bool(wide < WIDE * high and not straight)


def random_expression(rng: np.random.Generator) -> str:
    """An amount, a date, a time, a share or a sum, as people write them."""

    def number(least: int, most: int) -> str:
        digits = rng.integers(0, 10, rng.integers(least, most + 1))
        digits[0] = rng.integers(1, 10)
        return "".join(map(str, digits))

    def pad(count: int) -> str:
        return "".join(map(str, rng.integers(0, 10, count)))

    def one_of(signs: str) -> str:
        return signs[int(rng.integers(len(signs)))]

    forms: Sequence[Callable[[], str]] = (
        lambda: f"{number(1, 3)}.{pad(3)},{pad(2)}",
        lambda: f"{number(1, 3)},{pad(3)}.{pad(2)}",
        lambda: f"{number(1, 4)}.{pad(2)}",
        lambda: f"{number(1, 4)},{pad(2)}",
        lambda: f"{number(1, 4)}{one_of(',.')}-",
        lambda: f"${number(1, 4)}.{pad(2)}",
        lambda: f"{one_of('+-')}{number(1, 3)},{pad(1)}",
        lambda: f"{number(1, 3)}/{number(1, 3)}",
        lambda: f"{pad(2)}-{pad(2)}-{number(4, 4)}",
        lambda: f"{pad(2)}.{pad(2)}.{number(4, 4)}",
        lambda: f"{pad(2)}/{pad(2)}/{pad(2)}",
        lambda: f"{pad(2)}:{pad(2)}",
        lambda: f"{number(1, 2)}{one_of('+-*/')}{number(1, 2)}={number(1, 3)}",
        lambda: f"{number(1, 2)}{('', ',5', '.5')[int(rng.integers(3))]}%",
        lambda: f"({number(1, 3)})",
        lambda: f"*{number(2, 4)},{pad(2)}*",
        lambda: f"{number(2, 4)}=",
    )
    return forms[int(rng.integers(len(forms)))]()


def random_text(rng: np.random.Generator) -> str:
    """Digits and signs in any order, two to seven."""
    signs = rng.random(int(rng.integers(2, 8))) < 0.4
    return "".join(str(rng.choice(list(SIGNS if sign else DIGITS))) for sign in signs)


def sign_line(
    text: str,
    writers: Writers,
    rng: np.random.Generator,
    mnist: float = MNIST_SHARE,
    dirty: float = 0.0,
    uneven: float = 0.0,
) -> Line:
    """Write a text of digits and signs.

    Args:
        text: of CLASSES.
        writers: one of its writers writes the line.
        rng: of the draw.
        mnist: share of lines whose digits are the images of `writers`, where it has any.
        dirty: share of lines with specks of dirt.
        uneven: share of lines whose digits are of uneven heights, and of those whose digits after the last sign are
            small, as cents are. If not 0, marks that are no signs stand between them.

    Returns:
        The line; its `digits` index CLASSES.
    """
    printed = writers.images is not None and rng.random() < mnist
    writer = int(rng.choice(writers.names))
    pen = float(np.exp(rng.uniform(*np.log(PEN))))
    style = replace(WriterStyle.retraced(rng), pressure=0.0, pen=pen)
    height = float(rng.uniform(18, 42))
    rows = round(height * 3)
    foreground = np.zeros((rows, round(height * (len(text) * (1.9 + bool(uneven)) + 5))), np.float32)
    owner = np.full(foreground.shape, NOBODY, np.int16)
    gap, climb = rng.normal(0.08, 0.08), rng.normal(0, 0.02)
    x, slash = height, False
    spread = SPREAD[bool(uneven and rng.random() < uneven)]
    cents, raised = 1.0, 0.0
    if uneven and rng.random() < uneven:
        cents = rng.uniform(*SMALL)
        raised = rng.choice([-0.5, 0.0, 0.5]) * (1 - cents)  # of the middle, in heights of a digit
    last = max((index for index, name in enumerate(text) if name in SIGNS), default=len(text))
    habits: dict[str, tuple[float, float]] = {}
    for index, name in enumerate(text):
        below = rng.normal(0, 0.03) * height + climb * (x - height)  # of the middle of the rows
        if name in SIGNS:
            habit = habits.setdefault(PAIRS.get(name, name), (rng.random(), rng.random()))
            size_share, middle_share = np.clip(habit + HABIT * (rng.random(2) - 0.5), 0, 1)
            ink = _sign(writers.strokes(name, writer, rng), name, height, style, rng, size_share)
            below += height * (_between(PLACES[name].middle, middle_share) - 0.5)
        else:
            size = height * float(np.clip(rng.normal(1, spread), 0.75, 1.3))
            if index > last:
                size, below = size * cents, below + height * raised
            own = replace(style, pen=style.pen * height / size, slant=style.slant + rng.normal(0, 0.03))
            if printed and writers.images is not None:
                ink = writers.images.glyph(int(name), size, own, False, rng).foreground
            else:
                ink = draw(retrace(writers.strokes(name, writer, rng), own, rng), size, own, rng)
        if index:
            space = gap + rng.normal(0, 0.04)
            if name in SIGNS or text[index - 1] in SIGNS:
                space = max(space + rng.normal(*APART), LEAST_GAP)
            if slash or name == "/":  # neighbours stand in its corners
                space -= max(0.0, rng.normal(0.05, 0.08))
            x += height * space
        stamp(foreground, owner, ink, round(rows / 2 + below - ink.shape[0] / 2), round(x), index)
        x, slash = round(x) + ink.shape[1], name == "/"
        if uneven and rng.random() < MISPLACED:
            mark, middle = MARKS[int(rng.integers(len(MARKS)))]
            ink = _sign(writers.strokes(mark, writer, rng), mark, height, style, rng, rng.random())
            at = rows / 2 + height * (rng.uniform(*middle) - 0.5) - ink.shape[0] / 2
            stamp(foreground, owner, ink, round(at), round(x + height * 0.1), MARK)
            x = round(x + height * 0.1) + ink.shape[1]
    if dirty and rng.random() < dirty:
        add_dirt(foreground, owner, x, height, rng)
    return as_scanned(Line(foreground, owner, tuple(CLASSES.index(name) for name in text)), rng)


def _sign(
    strokes: Sequence[NDArray[np.float64]],
    name: str,
    height: float,
    style: WriterStyle,
    rng: np.random.Generator,
    size: float,
) -> NDArray[np.float32]:
    """A sign in the size that it has beside digits of so many pixels; size: 0 the least, 1 the most."""
    place = PLACES[name]
    own = replace(style, pen=max(style.pen, float(rng.uniform(*POINT)))) if name in ".:" else style
    lines = retrace(strokes, own, rng)
    across, down = np.maximum(np.ptp(np.concatenate(lines), axis=0), 0.02)
    side = {"height": down, "width": across, "larger": max(across, down)}[place.side]
    factor = min(_between(place.size, size) / side, WIDEST / across)
    if name in "=:":
        factor = max(factor, LEAST_APART * own.pen / down)
    return draw([points * factor for points in lines], height, own, rng)


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + share * (ends[1] - ends[0])


def sign_patterns(
    writers: Writers, lines: int, seed: int = 0, backend: Backend | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Candidates of lines, signs by themselves, and other characters as non-characters; the same seed gives the same.

    Args:
        writers: who writes.
        lines: number of lines.
        seed: of all that is drawn.
        backend: cuts the lines; NumPy's loops, unless given.

    Returns:
        Glyphs, (M, 28, 28) uint8, and an index into CLASSES or NO_CHARACTER for each, (M,) int64.
    """
    from .line_patterns import arcs

    glyphs, labels = [], []
    for number in range(lines):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        text = random_expression(rng) if rng.random() < 0.3 else random_text(rng)
        images, names = arcs(sign_line(text, writers, rng, dirty=DIRTY), backend, SIGN_SPECKS)
        kept = (names != NO_CHARACTER) | (rng.random(len(names)) < NEGATIVES_KEPT)
        glyphs.append(images[kept])
        labels.append(names[kept])
    for number in range(round(SINGLE * lines)):
        rng = np.random.Generator(np.random.PCG64([seed, lines + number]))
        name = SIGNS[number % len(SIGNS)]
        style, height = replace(WriterStyle.retraced(rng), pressure=0.0), rng.uniform(30, 60)
        strokes = writers.strokes(name, int(rng.choice(writers.names)), rng)
        sign = _sign(strokes, name, height, style, rng, rng.random())
        other = retrace(writers.trajectories.strokes(int(rng.choice(writers.others))), style, rng)
        # As single characters are brought to size, stroke and all, or as those in lines are.
        fit = glyph if rng.random() < 0.5 else fit_to_box
        glyphs.append(np.stack([fit(sign), fit(draw(other, height, style, rng))]))
        labels.append(np.array([CLASSES.index(name), NO_CHARACTER]))
    return np.concatenate(glyphs), np.concatenate(labels).astype(np.int64)
