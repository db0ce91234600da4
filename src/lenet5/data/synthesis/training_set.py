"""Synthetic patterns that supplement a data set of digits; not in the paper.

MNIST holds single digits by American writers. Reading needs 1s with an upstroke and crossed 7s
(style_transfer.py), other allographs of each digit (glyphs.py), other people's digits (hands.py), the candidates of
lines (line_patterns.py), and non-characters (negatives.py, overwritten.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...engine.interface import Backend
from ...errors import InputError
from ...network.codes import SIGNS
from ..labels import DIGITS, NO_CHARACTER
from ..trajectories.trajectories import Trajectories
from .glyphs import draw_digit
from .hands import Hands
from .pen import WriterStyle, draw_character

if TYPE_CHECKING:
    from .text_lines import Source

__all__ = [
    "NOTHING_ADDED",
    "Supplement",
    "build_training_set",
    "characters",
    "drawings",
    "line_source",
    "strangers_of",
]

IN_LINES = 0.6  # variants made for lines, as a share of the 1s and 7s


@dataclass(frozen=True)
class Supplement:
    """Patterns that are added to a data set; nothing by default."""

    repeats: int = 1  # times that the data set's own patterns come in a pass
    variants: float = 0.0  # share of the 1s and 7s, once more in other writing styles
    drawn: int = 0  # digits drawn with a pen
    lines: int = 0  # lines of digits, cut into characters and non-characters
    windows: int = 0  # lines of digits, as a network that is displaced along them sees them
    # Lines of digits and signs by real pens, cut likewise: the network then knows SIGNS as well.
    sign_lines: int = 0
    negatives: int = 0  # other non-characters
    overwritten: float = 0.0  # share of the negatives that are digits written over others (overwritten.py)
    # Where trajectories are at hand (trajectories.load.find_pens), and else nothing:
    real: float = 0.0  # share of the digits and lines drawn with a pen that are real trajectories
    strangers: float = 0.0  # share of the negatives that are real letters and signs
    seed: int | None = None  # of all that is drawn for it; None: the training's own

    def __post_init__(self) -> None:
        bounds = {
            "repeats": (1, 1_000),
            "variants": (0, 1),
            "drawn": (0, 10_000_000),
            "lines": (0, 1_000_000),
            "windows": (0, 1_000_000),
            "sign_lines": (0, 1_000_000),
            "negatives": (0, 10_000_000),
            "real": (0, 1),
            "strangers": (0, 1),
            "overwritten": (0, 1),
        }
        for key, (least, most) in bounds.items():
            if not least <= getattr(self, key) <= most:
                raise InputError(
                    f"{key} of a supplement must lie from {least} to {most:,}, not be {getattr(self, key)}"
                )
        if self.strangers + self.overwritten > 1:
            raise InputError(
                "strangers and overwritten are shares of the negatives of a supplement: together at most 1"
            )
        if self.seed is not None and not self.seed >= 0:
            raise InputError(f"the seed of a supplement must be a whole number from 0, not {self.seed}")

    @property
    def adds(self) -> bool:
        """Whether it adds patterns to the data set."""
        return self != NOTHING_ADDED

    @property
    def classes(self) -> str:
        """The characters that it adds to those of the data set."""
        return SIGNS if self.sign_lines else ""

    @property
    def traces(self) -> bool:
        """Whether it draws real trajectories, where they are at hand."""
        return bool(self.real or self.strangers or self.sign_lines)


NOTHING_ADDED = Supplement()


def build_training_set(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    classes: Sequence[str],
    supplement: Supplement,
    seed: int,
    backend: Backend | None = None,
    pens: Trajectories | None = None,
) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Add a supplement to patterns; the same seed gives the same.

    Drawings and lines are added where all ten digits are among the classes; of other classes, real characters alone.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) indices into classes.
        classes: of the network.
        supplement: what is added.
        seed: of all that is drawn, if the supplement has none of its own.
        backend: cuts the lines; NumPy's loops, unless given.
        pens: real trajectories, which some of the drawings are; allographs alone, unless given.

    Returns:
        Images, (M, 28, 28) uint8, and targets, (M,) indices; or rows of weights, (M, classes) (network.losses),
        where some of the patterns are non-characters. These come last.
    """
    from .style_transfer import variants  # start-up time: this loads SciPy and Pillow

    seed = seed if supplement.seed is None else supplement.seed
    hands = Hands(pens) if pens is not None and (supplement.real or supplement.strangers) else None
    parts = [(images, np.asarray(labels, np.int64))] * supplement.repeats
    if supplement.variants:
        parts.append(variants(images, labels, tuple(classes), supplement.variants, seed))
    if set(DIGITS) <= set(classes):
        digit = np.array([list(classes).index(name) for name in DIGITS])
        if supplement.drawn:
            made, digits = drawings(supplement.drawn, seed, hands, supplement.real)
            parts.append((made, digit[digits]))
        if supplement.lines or supplement.windows:
            parts += _line_patterns(images, labels, digit, len(classes), supplement, seed, backend, hands)
        if supplement.sign_lines:
            parts.append(_sign_patterns(images, labels, classes, supplement.sign_lines, seed, backend, pens))
    elif supplement.drawn and supplement.real and hands is not None:
        parts.append(characters(hands, round(supplement.real * supplement.drawn), classes, seed))
    if supplement.negatives:
        rubbish = np.full(supplement.negatives, NO_CHARACTER)
        parts.append((_negatives(images, labels, classes, supplement, seed, hands), rubbish))
    every, indices = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not (indices == NO_CHARACTER).any():
        return every, indices
    weights = np.concatenate([np.eye(len(classes)), np.zeros((1, len(classes)))]).astype(np.float32)
    return every, weights[indices]  # the last row is that of NO_CHARACTER, −1


def _line_patterns(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    digit: NDArray[np.int64],
    classes: int,
    supplement: Supplement,
    seed: int,
    backend: Backend | None,
    hands: Hands | None,
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Candidates and windows of lines of digits, and indices into the classes. digit: (10,), the digits' indices."""
    from .line_patterns import arcs, patterns, windows

    value = np.full(classes, NO_CHARACTER)
    value[digit] = np.arange(10)
    known = value[labels] >= 0
    source = line_source(images[known], value[labels][known], hands, supplement.real, seed)
    parts = []
    for count, cut in ((supplement.lines, arcs), (supplement.windows, windows)):
        if count:
            made, digits = patterns(source, count, seed, cut, backend)
            parts.append((made, np.where(digits == NO_CHARACTER, NO_CHARACTER, digit[digits])))
    return parts


def line_source(
    images: NDArray[np.uint8],
    digits: NDArray[np.integer],
    hands: Hands | None,
    real: float,
    seed: int = 0,
) -> Source:
    """Where the digits of lines come from: images and variants of them, allographs, and real digits.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        digits: (N,) 0 … 9.
        hands: writers of real digits, or None.
        real: share of the drawn lines that one of these writes.
        seed: of the variants.
    """
    from .style_transfer import variants  # start-up time: this loads SciPy and Pillow
    from .text_lines import Source

    extra, their = variants(images, digits, tuple(DIGITS), IN_LINES, seed)
    return Source(np.concatenate([images, extra]), np.concatenate([digits, their]), hands=hands, real=real)


def _sign_patterns(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    classes: Sequence[str],
    lines: int,
    seed: int,
    backend: Backend | None,
    pens: Trajectories | None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Candidates of lines with signs, and indices into the classes. Raises DataError where pens are not at hand."""
    from ..trajectories.load import load_trajectories
    from .sign_lines import CLASSES, Writers, sign_patterns

    value = np.array([DIGITS.find(name) for name in classes])[labels]
    known = value >= 0
    pens = load_trajectories().split()[0] if pens is None else pens
    made, names = sign_patterns(Writers(pens, images[known], value[known]), lines, seed, backend)
    index = np.array([*(list(classes).index(name) for name in CLASSES), NO_CHARACTER])
    return made, index[names]  # the last is that of NO_CHARACTER, −1


def _negatives(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    classes: Sequence[str],
    supplement: Supplement,
    seed: int,
    hands: Hands | None,
) -> NDArray[np.uint8]:
    """Generated non-characters, then digits written over others, then real letters and signs."""
    from .negatives import noncharacters  # start-up time: these load SciPy and Pillow
    from .overwritten import overwritten_digits

    written = round(supplement.strangers * supplement.negatives) if hands is not None else 0
    digits = set(DIGITS) <= set(classes)
    over = round(supplement.overwritten * supplement.negatives) if digits else 0
    parts = [noncharacters(seed, supplement.negatives - written - over, classes)]
    if over:
        value = np.array([DIGITS.find(name) for name in classes])[labels]
        known = value >= 0
        parts.append(overwritten_digits(images[known], value[known], over, seed, hands, supplement.real))
    if hands is not None and written:
        parts.append(strangers_of(hands, written, classes, seed))
    return np.concatenate(parts)


def strangers_of(hands: Hands, count: int, classes: Sequence[str], seed: int = 0) -> NDArray[np.uint8]:
    """Real letters and signs that nobody takes for one of the classes, (at most count, 28, 28) uint8."""
    made = []
    for number in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, number, 2]))
        index = hands.stranger(classes, rng)
        if index is not None:
            ink = draw_character(hands.pens, index, rng.uniform(30, 60), WriterStyle.retraced(rng), rng)
            made.append(_glyph(ink, rng))
    return np.array(made, np.uint8).reshape(len(made), 28, 28)


def characters(
    hands: Hands, count: int, classes: Sequence[str], seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Real characters of any classes, each class as often as another; the same seed gives the same.

    Returns:
        Images, (count, 28, 28) uint8, and indices into the classes that somebody wrote, (count,) int64.
    """
    of_class = [(index, hands.of_class(name, classes)) for index, name in enumerate(classes)]
    written = [(index, chosen) for index, chosen in of_class if len(chosen)]
    count = count if written else 0
    made, names = np.empty((count, 28, 28), np.uint8), np.empty(count, np.int64)
    for number in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, number, 3]))
        names[number], chosen = written[number % len(written)]
        style, height = WriterStyle.retraced(rng), rng.uniform(30, 60)
        made[number] = _glyph(draw_character(hands.pens, int(rng.choice(chosen)), height, style, rng), rng)
    return made, names


def drawings(
    count: int, seed: int = 0, hands: Hands | None = None, real: float = 0.0
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Digits drawn with a pen, each in another style; the same seed gives the same.

    Args:
        count: number of digits.
        seed: of all that is drawn.
        hands: writers of real digits, or None.
        real: share of the digits that these wrote; the others are allographs (glyphs.py).

    Returns:
        Images, (count, 28, 28) uint8, and which digits, (count,) int64.
    """
    made = np.empty((count, 28, 28), np.uint8)
    for number in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        height, digit = rng.uniform(30, 60), number % 10
        if hands is not None and rng.random() < real:
            index = hands.digit(digit, rng)
            ink = draw_character(hands.pens, index, height, WriterStyle.retraced(rng), rng)
        else:
            ink = draw_digit(DIGITS[digit], height, WriterStyle.any(rng), rng)
        made[number] = _glyph(ink, rng)
    return made, np.arange(count, dtype=np.int64) % 10


def _glyph(ink: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A drawing as a glyph: as single characters are brought to size, stroke and all, or as those in lines are."""
    from ...imaging.normalise import fit_to_box, glyph

    return glyph(ink) if rng.random() < 0.7 else fit_to_box(ink)
