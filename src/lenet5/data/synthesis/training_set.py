"""What a recipe adds to a data set of digits, so that a network reads what people write elsewhere too.

MNIST holds single digits by Americans. Reading needs 1s with an upstroke and crossed 7s (variants.py), other
ways of writing each digit (allographs.py), digits cut out of lines with what else such cuts give (synthetic.py),
and what is no character at all (rubbish.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .glyphs import WriterStyle, drawn
from ...network.codes import DIGITS
from ...imaging.normalise import field
from .negatives import noncharacters
from ...imaging.segmentation import fit
from .text_lines import NO_CHARACTER, Source, arcs, patterns, windows
from .style_transfer import variants

if TYPE_CHECKING:
    from ...training.recipes import Recipe

__all__ = ["drawings", "build_training_set"]

IN_LINES = 0.6  # variants made for lines, as a share of the 1s and 7s


def build_training_set(
    images: NDArray[np.uint8], labels: NDArray, classes: list[str], recipe: Recipe, seed: int
) -> tuple[NDArray[np.uint8], NDArray]:
    """The patterns and what the recipe adds to them: (N, 28, 28) uint8, and targets.

    labels: (N,) indices into classes. Targets are indices too, or rows of weights (losses.py) where some of
    the patterns are no character. Drawings and lines are added where all ten digits are among the classes. The
    same seed gives the same.
    """
    parts = [(images, np.asarray(labels, np.int64))] * recipe.repeats
    if recipe.variants:
        parts.append(variants(images, labels, tuple(classes), recipe.variants, seed))
    if set(DIGITS) <= set(classes):
        digit = np.array([classes.index(name) for name in DIGITS])
        if recipe.drawn:
            more, names = drawings(recipe.drawn, seed)
            parts.append((more, digit[names]))
        if recipe.lines or recipe.windows:
            value = np.full(len(classes), NO_CHARACTER)
            value[digit] = np.arange(10)
            known = value[labels] >= 0
            own, values = images[known], value[labels][known]
            extra, their = variants(own, values, tuple(DIGITS), IN_LINES, seed)
            source = Source(np.concatenate([own, extra]), np.concatenate([values, their]))
            for count, cut in ((recipe.lines, arcs), (recipe.windows, windows)):
                if count:
                    more, names = patterns(source, count, seed, cut)
                    parts.append((more, np.where(names == NO_CHARACTER, NO_CHARACTER, digit[names])))
    if recipe.nothing:
        parts.append((noncharacters(seed, recipe.nothing, classes), np.full(recipe.nothing, NO_CHARACTER)))
    every, names = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not (names == NO_CHARACTER).any():
        return every, names
    weights = np.concatenate([np.eye(len(classes)), np.zeros((1, len(classes)))]).astype(np.float32)
    return every, weights[names]  # the last row is that of NO_CHARACTER, −1


def drawings(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Digits drawn with a pen, each by another hand: (count, 28, 28) uint8, and which. Same seed, same digits."""
    made = np.empty((count, 28, 28), np.uint8)
    for number in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        ink = drawn(DIGITS[number % 10], rng.uniform(30, 60), WriterStyle.any(rng), rng)
        # As single characters are brought to size, stroke and all, or as those in lines are.
        made[number] = field(ink) if rng.random() < 0.7 else fit(ink)
    return made, np.arange(count, dtype=np.int64) % 10
