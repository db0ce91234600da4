"""Size, place and form of a candidate on its line: with what the networks say of its glyph, whether it is a sign.

Every candidate is brought to one size before it is classified (Section V-A), so that to the network a point, a blot and
a full 0 are alike, and so are a slash and a slanted 1. A network of one hidden layer takes what was measured of the
candidate for the digits beside it, and the posteriors of its glyph, and gives each sign its probability.
# not in the paper. It is fitted to lines whose every pixel has a known owner (training/sign_shapes.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIGIT", "MARK", "MEASURES", "PIECE", "SignShapes", "features"]

# Of a candidate. Lengths are heights of the digits beside it, 0 their top and 1 their foot.
MEASURES = (
    "height",
    "width",
    "top",
    "foot",
    "ink",  # squared heights
    "gaps",  # without ink within it, a number
    "least",  # its height, in heights of the lowest of the digits beside it
    "lean",  # widths to the right for each height upwards
    "upright",  # the lean of the digits beside it
    "bow",  # twice the change of its lean from foot to top: negative of an opening parenthesis
    "spread",  # widths of the line's strokes: deviation of its ink from one bowed stroke
    "longer",  # its height, in heights of the lowest straight stroke of the line that is as high as a digit
    "turned",  # its lean beside that of the most upright of these
    "before",  # to the nearest digit on the left, or FAR
    "after",  # the same on the right
)
FAR = 3.0  # heights of a digit: no digit beside it
MARK, DIGIT, PIECE = -3, -2, -1  # outcomes after the signs
DIGITS = 10
LEAST = 1e-4  # posteriors are taken as no less
SMALLEST = 0.03  # heights of a digit: what is lower or narrower counts as this
MOST_LEAN, MOST_BOW = 1.5, 4.0  # what leans or bends more counts as this
FARTHEST = 4.0  # deviations from the mean to which a feature is cut


def features(
    measures: NDArray[np.float64], posterior: NDArray[np.float64], digits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the network on shapes sees of candidates.

    Args:
        measures: (N, len(MEASURES)).
        posterior: (N, signs) of the network for signs.
        digits: (N, digits) posterior of the classifier of digits, if the candidate is no sign.

    Returns:
        (N, features): measures, and the posteriors' logarithms, those of no sign and of no digit among them.
    """
    height, width, top, foot, ink, gaps, least, lean, upright, bow, spread, longer, turned, before, after = (
        measures.T
    )
    high, wide = np.log(np.maximum(height, SMALLEST)), np.log(np.maximum(width, SMALLEST))
    slope = np.clip(lean, -MOST_LEAN, MOST_LEAN)
    shape = [
        high,
        wide,
        high - wide,
        np.clip(foot - 1, -1.5, 1.5),
        np.clip(top, -1.5, 1.5),
        np.log(np.maximum(ink, SMALLEST**2)) - high - wide,
        np.minimum(gaps, 3),
        np.log(np.maximum(least, SMALLEST)),
        slope,
        slope - np.clip(upright, -MOST_LEAN, MOST_LEAN),
        np.clip(bow, -MOST_BOW, MOST_BOW),
        np.log(np.maximum(spread, SMALLEST)),
        np.log(np.clip(longer, 1, 2)),
        np.clip(turned, 0, MOST_LEAN),
        np.minimum(before, 1),
        np.minimum(after, 1),
        before >= FAR,
        after >= FAR,
    ]
    none = 1 - posterior.sum(1, keepdims=True)
    rubbish = 1 - digits.sum(1, keepdims=True)
    answers = np.log(np.maximum(np.concatenate([posterior, none, digits, rubbish], 1), LEAST))
    return np.concatenate([np.stack(shape, 1), answers], 1)


@dataclass(frozen=True, eq=False)
class SignShapes:
    """A fitted network on shapes.

    signs: the signs it knows. mean, deviation: (features,) by which features are brought to one scale. hidden:
    (features + 1, units), the constants last. weights: (units + features + 1, signs + 3), of the hidden units, the
    features and the constants; its last three outcomes are a mark that is no character, a digit, and a piece of a
    character or more than one.
    """

    signs: tuple[str, ...]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    hidden: NDArray[np.float64]
    weights: NDArray[np.float64]

    def probabilities(
        self, measures: NDArray[np.float64], posterior: NDArray[np.float64], digits: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of each sign, of a mark, a digit and a piece, (N, signs + 3). Arguments as for `features`."""
        x = self.scaled(features(measures, posterior, digits))
        odds = np.concatenate([np.tanh(x @ self.hidden), x], 1) @ self.weights
        odds -= odds.max(1, keepdims=True)
        share = np.exp(odds)
        result: NDArray[np.float64] = share / share.sum(1, keepdims=True)
        return result

    def scaled(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features brought to one scale, and a constant, (N, features + 1)."""
        inner = np.clip((x - self.mean) / self.deviation, -FARTHEST, FARTHEST)
        return np.concatenate([inner, np.ones((len(x), 1))], 1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; `from_dict` reads it again."""
        return {
            "signs": "".join(self.signs),
            "mean": np.round(self.mean, 5).tolist(),
            "deviation": np.round(self.deviation, 5).tolist(),
            "hidden": np.round(self.hidden, 4).tolist(),
            "weights": np.round(self.weights, 4).tolist(),
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> SignShapes:
        """The network that `to_dict` wrote.

        Raises:
            ValueError: a number is missing, not finite, or one too many.
        """
        signs = tuple(facts["signs"])
        arrays = [np.array(facts[key], float) for key in ("mean", "deviation", "hidden", "weights")]
        mean, deviation, hidden, weights = arrays
        count = features(
            np.zeros((1, len(MEASURES))), np.zeros((1, len(signs))), np.zeros((1, DIGITS))
        ).shape[1]
        if mean.shape != (count,) or deviation.shape != (count,):
            raise ValueError(f"the shapes of signs have {count} features")
        if hidden.ndim != 2 or len(hidden) != count + 1:
            raise ValueError("the hidden units of the shapes of signs do not fit")
        if weights.shape != (hidden.shape[1] + count + 1, len(signs) + 3) or not (deviation > 0).all():
            raise ValueError("the weights of the shapes of signs do not fit")
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("the shapes of signs are not all numbers")
        return cls(signs, mean, deviation, hidden, weights)

    def columns(self, classes: Sequence[str]) -> list[int]:
        """Where each of its signs stands among classes."""
        return [classes.index(sign) for sign in self.signs]
