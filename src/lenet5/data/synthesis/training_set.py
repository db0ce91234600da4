"""What a recipe adds to a data set of digits, so that a network reads what people write elsewhere too.

MNIST holds single digits by Americans. Reading needs 1s with an upstroke and crossed 7s (variants.py), other
ways of writing each digit (allographs.py), digits cut out of lines with what else such cuts give (synthetic.py),
and what is no character at all (rubbish.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...network.codes import DIGITS
from .glyphs import WriterStyle, drawn

__all__ = ["NOTHING_ADDED", "Supplement", "build_training_set", "drawings"]

IN_LINES = 0.6  # variants made for lines, as a share of the 1s and 7s


@dataclass(frozen=True)
class Supplement:
    """Patterns that are added to a data set; nothing by default."""

    repeats: int = 1  # times that the data set's own patterns come in a pass
    variants: float = 0.0  # share of the 1s and 7s, once more in other writing styles
    drawn: int = 0  # digits drawn with a pen
    lines: int = 0  # lines of digits, cut into characters and non-characters
    windows: int = 0  # lines of digits, as a network that is displaced along them sees them
    negatives: int = 0  # other non-characters

    def __post_init__(self) -> None:
        bounds = {
            "repeats": (1, 1_000),
            "variants": (0, 1),
            "drawn": (0, 10_000_000),
            "lines": (0, 1_000_000),
            "windows": (0, 1_000_000),
            "negatives": (0, 10_000_000),
        }
        for key, (least, most) in bounds.items():
            if not least <= getattr(self, key) <= most:
                raise InputError(
                    f"{key} of a supplement must lie from {least} to {most:,}, not be {getattr(self, key)}"
                )

    @property
    def adds(self) -> bool:
        """Whether it adds patterns to the data set."""
        return self != NOTHING_ADDED


NOTHING_ADDED = Supplement()


def build_training_set(
    images: NDArray[np.uint8], labels: NDArray, classes: list[str], supplement: Supplement, seed: int
) -> tuple[NDArray[np.uint8], NDArray]:
    """The patterns and what the recipe adds to them: (N, 28, 28) uint8, and targets.

    labels: (N,) indices into classes. Targets are indices too, or rows of weights (losses.py) where some of
    the patterns are no character. Drawings and lines are added where all ten digits are among the classes. The
    same seed gives the same.
    """
    # Here, not at the top: training without a supplement starts without SciPy (tests/test_imports.py).
    from .negatives import noncharacters
    from .style_transfer import variants
    from .text_lines import NO_CHARACTER, Source, arcs, patterns, windows

    parts = [(images, np.asarray(labels, np.int64))] * supplement.repeats
    if supplement.variants:
        parts.append(variants(images, labels, tuple(classes), supplement.variants, seed))
    if set(DIGITS) <= set(classes):
        digit = np.array([classes.index(name) for name in DIGITS])
        if supplement.drawn:
            more, names = drawings(supplement.drawn, seed)
            parts.append((more, digit[names]))
        if supplement.lines or supplement.windows:
            value = np.full(len(classes), NO_CHARACTER)
            value[digit] = np.arange(10)
            known = value[labels] >= 0
            own, values = images[known], value[labels][known]
            extra, their = variants(own, values, tuple(DIGITS), IN_LINES, seed)
            source = Source(np.concatenate([own, extra]), np.concatenate([values, their]))
            for count, cut in ((supplement.lines, arcs), (supplement.windows, windows)):
                if count:
                    more, names = patterns(source, count, seed, cut)
                    parts.append((more, np.where(names == NO_CHARACTER, NO_CHARACTER, digit[names])))
    if supplement.negatives:
        parts.append(
            (noncharacters(seed, supplement.negatives, classes), np.full(supplement.negatives, NO_CHARACTER))
        )
    every, names = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not (names == NO_CHARACTER).any():
        return every, names
    weights = np.concatenate([np.eye(len(classes)), np.zeros((1, len(classes)))]).astype(np.float32)
    return every, weights[names]  # the last row is that of NO_CHARACTER, −1


def drawings(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Digits drawn with a pen, each by another hand: (count, 28, 28) uint8, and which. Same seed, same digits."""
    from ...imaging.normalise import fit_to_box, glyph

    made = np.empty((count, 28, 28), np.uint8)
    for number in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        ink = drawn(DIGITS[number % 10], rng.uniform(30, 60), WriterStyle.any(rng), rng)
        # As single characters are brought to size, stroke and all, or as those in lines are.
        made[number] = glyph(ink) if rng.random() < 0.7 else fit_to_box(ink)
    return made, np.arange(count, dtype=np.int64) % 10
