"""Size and place of a candidate on its line: with what the network says of its glyph, whether it is a sign, and which.

Every candidate is brought to one size before it is classified (Section V-A), so that to the network a point, a blot and
a full 0 are alike, and so are a slash and a slanted 1. Multinomial logistic regression on the height, width and place
of a candidate for the digits beside it, and on the network's own posterior, gives each sign its probability.
# not in the paper. It is fitted to lines whose every pixel has a known owner (training/sign_shapes.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIGIT", "MARK", "MEASURES", "PIECE", "SignShapes", "features"]

# Of a candidate, in heights of the digits beside it: 0 is their top, 1 their foot; ink in such heights squared; gaps
# without ink within it, a number.
MEASURES = ("height", "width", "top", "foot", "ink", "gaps")
MARK, DIGIT, PIECE = -3, -2, -1  # outcomes after the signs
DIGITS = 10
LEAST = 1e-4  # posteriors are taken as no less
SMALLEST = 0.03  # heights of a digit: what is lower or narrower counts as this
FARTHEST = 4.0  # deviations from the mean to which a feature is cut


def features(
    measures: NDArray[np.float64], posterior: NDArray[np.float64], digits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the regression sees of candidates.

    Args:
        measures: (N, len(MEASURES)).
        posterior: (N, signs) of the network for signs.
        digits: (N, digits) posterior of the classifier of digits, if the candidate is no sign.

    Returns:
        (N, features): the posteriors' logarithms, those of no sign and of no digit among them; measures and their
        products.
    """
    height, width, top, foot, ink, gaps = measures.T
    high, wide = np.log(np.maximum(height, SMALLEST)), np.log(np.maximum(width, SMALLEST))
    filled = np.log(np.maximum(ink, SMALLEST**2)) - high - wide
    below, above = np.clip(foot - 1, -1.5, 1.5), np.clip(top, -1.5, 1.5)
    first = np.stack([high, wide, above, below, filled, np.minimum(gaps, 3)])
    pairs = [first[i] * first[j] for i in range(5) for j in range(i, 5)]
    none = 1 - posterior.sum(1, keepdims=True)
    rubbish = 1 - digits.sum(1, keepdims=True)
    answers = np.log(np.maximum(np.concatenate([posterior, none, digits, rubbish], 1), LEAST))
    return np.concatenate([first.T, np.stack(pairs, 1), answers], 1)


@dataclass(frozen=True, eq=False)
class SignShapes:
    """A fitted regression.

    signs: the signs it knows. mean, deviation: (features,) by which features are brought to one scale. weights:
    (features + 1, signs + 3), the constants last; its last three outcomes are a mark that is no character, a digit, and
    a piece of a character or more than one.
    """

    signs: tuple[str, ...]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    weights: NDArray[np.float64]

    def probabilities(
        self, measures: NDArray[np.float64], posterior: NDArray[np.float64], digits: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of each sign, of a mark, a digit and a piece, (N, signs + 3). Arguments as for `features`."""
        scaled = np.clip(
            (features(measures, posterior, digits) - self.mean) / self.deviation, -FARTHEST, FARTHEST
        )
        odds = scaled @ self.weights[:-1] + self.weights[-1]
        odds -= odds.max(1, keepdims=True)
        share = np.exp(odds)
        result: NDArray[np.float64] = share / share.sum(1, keepdims=True)
        return result

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; `from_dict` reads it again."""
        return {
            "signs": "".join(self.signs),
            "mean": np.round(self.mean, 5).tolist(),
            "deviation": np.round(self.deviation, 5).tolist(),
            "weights": np.round(self.weights, 4).tolist(),
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> SignShapes:
        """A regression that `to_dict` wrote.

        Raises:
            ValueError: a number is missing, not finite, or one too many.
        """
        signs = tuple(facts["signs"])
        mean, deviation, weights = (np.array(facts[key], float) for key in ("mean", "deviation", "weights"))
        count = features(
            np.zeros((1, len(MEASURES))), np.zeros((1, len(signs))), np.zeros((1, DIGITS))
        ).shape[1]
        if mean.shape != (count,) or deviation.shape != (count,):
            raise ValueError(f"the shapes of signs have {count} features")
        if weights.shape != (count + 1, len(signs) + 3) or not (deviation > 0).all():
            raise ValueError("the weights of the shapes of signs do not fit")
        if not all(np.isfinite(array).all() for array in (mean, deviation, weights)):
            raise ValueError("the shapes of signs are not all numbers")
        return cls(signs, mean, deviation, weights)

    def columns(self, classes: Sequence[str]) -> list[int]:
        """Where each of its signs stands among classes."""
        return [classes.index(sign) for sign in self.signs]
