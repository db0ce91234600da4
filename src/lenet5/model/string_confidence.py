"""Calibrated confidence of strings: from the share of all paths that read a string to the probability that it is right.

The shares of paths order strings well, and are too low or too high as probabilities, since arcs are no independent
evidence. Logistic regression on the logit of the share (Platt 1999, Probabilistic outputs for support vector machines)
gives the probability. # not in the paper
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["StringConfidence", "calibrate_strings", "calibration_error"]

LEAST = 1e-6  # shares are taken as no less, and as no nearer to 1
FEWEST = 20  # strings to calibrate on, right and wrong ones among them
BINS = 10  # of the confidence
DECAY = (
    1e-3  # weight of the squared distance of slope and constant from 1 and 0, for strings that part cleanly
)


@dataclass(frozen=True)
class StringConfidence:
    """The logit of a string's probability is slope · logit(share) + constant.

    strings: number that it was fitted to. before, after: calibration error of these, by BINS.
    """

    slope: float = 1.0
    constant: float = 0.0
    strings: int = 0
    before: float = 0.0
    after: float = 0.0

    def probability(self, share: float) -> float:
        """Probability that a string is right, of its share of all paths, 0 … 1."""
        if share <= 0 or share >= 1:
            return min(max(share, 0.0), 1.0)
        return float(1 / (1 + np.exp(-self.slope * _logit(np.array(share)) - self.constant)))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; `from_dict` reads it again."""
        return {
            "slope": round(self.slope, 5),
            "constant": round(self.constant, 5),
            "strings": self.strings,
            "before": round(self.before, 5),
            "after": round(self.after, 5),
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> StringConfidence:
        """The confidence that `to_dict` wrote.

        Raises:
            ValueError: a number is missing or none, or the surer of two strings would be the less probable.
        """
        slope, constant, before, after = (
            float(facts[key]) for key in ("slope", "constant", "before", "after")
        )
        if not np.isfinite([slope, constant, before, after]).all() or slope <= 0:
            raise ValueError("the confidence of strings has no positive slope, or not all numbers")
        return cls(slope, constant, int(facts["strings"]), before, after)


def calibrate_strings(shares: Sequence[float], right: Sequence[bool]) -> StringConfidence:
    """Fit the confidence of strings.

    Args:
        shares: of all paths, of the first reading of each string, 0 … 1.
        right: whether that reading is right.

    Raises:
        InputError: there are too few strings, or all are right, or all wrong.
    """
    if len(shares) < FEWEST or len(set(right)) < 2:
        raise InputError(
            f"the confidence of strings is calibrated on {FEWEST} strings or more, right and wrong ones among them"
        )
    from scipy.optimize import minimize  # start-up time

    x, sign = _logit(np.array(shares, float)), np.where(right, 1.0, -1.0)

    def loss(both: NDArray[np.float64]) -> float:
        odds = sign * (both[0] * x + both[1])
        return float(np.logaddexp(0, -odds).mean() + DECAY * ((both[0] - 1) ** 2 + both[1] ** 2))

    best = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.01, None), (None, None)])
    fitted = StringConfidence(float(best.x[0]), float(best.x[1]))
    after = [fitted.probability(share) for share in shares]
    return StringConfidence(
        fitted.slope,
        fitted.constant,
        len(shares),
        calibration_error(shares, right),
        calibration_error(after, right),
    )


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Mean distance of confidence and share of right strings, over BINS of the confidence."""
    sure, correct = np.array(confidences, float), np.array(right, float)
    number = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(sum(abs((correct - sure)[number == k].sum()) for k in range(BINS)) / len(sure))


def _logit(share: NDArray[np.float64]) -> NDArray[np.float64]:
    cut = np.clip(share, LEAST, 1 - LEAST)
    logit: NDArray[np.float64] = np.log(cut / (1 - cut))
    return logit
