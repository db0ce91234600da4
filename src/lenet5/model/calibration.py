"""Calibrated confidence: eq. 9's posterior with constants fitted to held-out patterns.

The scale s and the rubbish constant j that serve the training best need not give calibrated probabilities.
With s and j fitted again to patterns that were not trained on,

    p_i = e^(−s·y_i) / ( e^(−j) + Σ_k e^(−s·y_k) )

answers of a confidence of 90 % are right nine times in ten. The class that wins stays the same. The fitted
constants stand in a model's metadata under "confidence", next to those of the training, by which strings are
read. # not in the paper: fitting them, and measuring how well they fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..network import losses

__all__ = [
    "DOUBT",
    "ERRORS",
    "Bin",
    "Confidence",
    "Threshold",
    "calibrate",
    "fit",
    "knows_rubbish",
    "log_loss",
    "reliability",
]

DOUBT = 0.5  # an answer less likely than all others together, no character included, is rejected
# Shares of wrong answers that have a threshold.
ERRORS = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05)
PASSING = 0.005  # share of the held-out non-characters that may reach the threshold `doubt`,
REFUSED = 0.01  # unless that rejects more than this share of the characters
NEGATIVE_WEIGHT = 1 / 3  # of all non-characters together; that of all characters is the rest
BINS = 15


@dataclass(frozen=True)
class Bin:
    """Answers with a confidence in (low, high].

    Attributes:
        low, high: bounds of the confidence.
        patterns: number of answers.
        confidence: their mean confidence.
        right: share of them that are right.
    """

    low: float
    high: float
    patterns: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Threshold:
    """A confidence that leaves at most so many errors among the answers that reach it, on held-out patterns.

    Attributes:
        error: largest share of these answers that is wrong.
        confidence: which they reach.
        rejected: share of all patterns that do not reach it.
    """

    error: float
    confidence: float
    rejected: float


@dataclass(frozen=True)
class Confidence:
    """The constants of the posterior, and what was measured with them: metadata "confidence" of a model.

    Attributes:
        scale, j: of the posterior.
        doubt: confidence below which an answer is rejected.
        thresholds: by rising error.
        patterns, error: number of held-out patterns, and the share of them answered wrongly.
        before, after: expected calibration error on them with the training's constants, and with these.
        data: what the held-out patterns were, as JSON values.
    """

    scale: float
    j: float
    doubt: float = DOUBT
    thresholds: tuple[Threshold, ...] = ()
    patterns: int = 0
    error: float = 0.0
    before: float | None = None
    after: float | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def posterior(self, penalties: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class, (N, classes), of penalties (N, classes)."""
        return losses.posterior(np.asarray(penalties, np.float64), self.j, self.scale)

    def threshold_for(self, error: float) -> float:
        """The confidence that an answer must reach for at most this share of the accepted answers to be wrong.

        Args:
            error: a share, 0.005 for 0.5 %.

        Returns:
            The confidence, never less than `doubt`. Between two errors that have a threshold it is the smaller one's.

        Raises:
            InputError: the error is no share, no threshold keeps it, or the model is not calibrated.
        """
        if not 0 < error < 1:
            raise InputError(
                f"a largest error must lie between 0 and 100 %, and is {error:.3%}: 0.5 % is written 0.5%"
            )
        if not self.patterns:
            raise InputError(
                "these weights have no table of thresholds: `lenet5 calibrate` finds it, from held-out patterns"
            )
        if error >= self.error and error * self.patterns >= 1:
            return self.doubt
        fitting = [each for each in self.thresholds if each.error <= error * (1 + 1e-9)]
        if fitting:
            return max(self.doubt, fitting[-1].confidence)
        least = self.thresholds[0].error if self.thresholds else max(self.error, 1 / self.patterns)
        raise InputError(
            f"an error of {error:.3%} cannot be promised: the least that the held-out patterns speak for "
            f"is {least:.2%}"
        )

    def format(self, j: float, scale: float) -> str:
        """A table for people; j and scale are the training's."""
        lines = [
            f"{self.data.get('name', 'held out')}: {self.patterns:,} patterns, {self.error:.2%} wrong",
            f"scale {scale:.4g} -> {self.scale:.4g}, j {j:.4g} -> {self.j:.4g}",
            f"expected calibration error {self.before or 0:.2%} -> {self.after or 0:.2%}",
            f"doubtful below a confidence of {self.doubt:.1%}",
            "",
            "error at most  confidence at least  rejected",
        ]
        needed = [each for each in self.thresholds if each.rejected]
        for each in needed:
            lines.append(f"{each.error:13.1%}  {each.confidence:19.2%}  {each.rejected:8.2%}")
        if not needed:
            lines.append("(no rejection is needed for an error that so many patterns speak for)")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "thresholds": [asdict(each) for each in self.thresholds]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Confidence:
        """The confidence of which `to_dict` gave these values. Raises ValueError, TypeError or KeyError for others."""
        if not isinstance(values, dict) or not all(isinstance(row, dict) for row in values["thresholds"]):
            raise ValueError("confidence")
        rows = tuple(Threshold(**{k: float(v) for k, v in row.items()}) for row in values["thresholds"])
        confidence = cls(**{**values, "thresholds": rows})
        numbers = (confidence.scale, confidence.j, confidence.doubt, confidence.error)
        if not (np.isfinite(numbers).all() and confidence.scale > 0 and 0 <= confidence.doubt <= 1):
            raise ValueError("confidence")
        return confidence


def log_loss(
    penalties: NDArray[Any], targets: ArrayLike, j: float, scale: float, weights: ArrayLike | None = None
) -> float:
    """Mean of −log p of what is true, in nats.

    Args:
        penalties: (N, classes).
        targets: (N,) labels, or (N, classes) weights (network.losses); what a row lacks to 1 is rubbish.
        j, scale: of the posterior.
        weights: (N,), of the patterns; equal, unless given.
    """
    p = losses.posterior(np.asarray(penalties, np.float64), j, scale)
    t = losses.weights(targets, p)
    whole = np.column_stack([p, 1 - p.sum(1)]).clip(1e-300)
    each = -(np.column_stack([t, 1 - t.sum(1)]) * np.log(whole)).sum(1)
    return float(np.average(each, weights=None if weights is None else np.asarray(weights, np.float64)))


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> tuple[list[Bin], float]:
    """Bins of a reliability plot, and the expected calibration error.

    M. P. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.

    Args:
        confidence: (N,) in 0 … 1, of the answers.
        right: (N,), whether each answer is right.
        bins: number of bins, of equal width.

    Returns:
        The bins that have answers; and the mean over the answers of |share right − mean confidence| of their bin.

    Raises:
        InputError: there is no answer.
    """
    confidence, right = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if not len(confidence):
        raise InputError("there is no reliability of no answers: give at least one")
    where = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    filled, error = [], 0.0
    for i in np.unique(where).tolist():
        here = where == i
        mean, share = float(confidence[here].mean()), float(right[here].mean())
        filled.append(Bin(i / bins, (i + 1) / bins, int(here.sum()), mean, share))
        error += here.mean() * abs(share - mean)
    return filled, float(error)


def fit(
    penalties: NDArray[Any],
    labels: NDArray[np.int64],
    j: float,
    scale: float,
    negatives: NDArray[Any] | None = None,
) -> tuple[float, float]:
    """The scale and j of least log loss.

    One pattern in N + 2 counts as a mistake, so that patterns without mistakes do not make certain. Without
    non-characters the penalty j/s at which rubbish is as likely as a class stays what it is, and s alone is fitted.

    Args:
        penalties: (N, classes), of characters.
        labels: (N,) indices.
        j, scale: the training's.
        negatives: (M, classes), penalties of non-characters; or None.

    Returns:
        (scale, j).

    Raises:
        InputError: there are fewer than two patterns, or no more right answers than by chance.
    """
    count, classes = penalties.shape
    if count < 2 or len(labels) != count:
        raise InputError(
            f"to fit a confidence, penalties and labels of two patterns or more are needed, not {count}"
        )
    if np.mean(np.argmin(penalties, 1) == labels) <= 1 / classes:
        raise InputError(
            "the network knows these patterns no better than chance would: are their labels right?"
        )
    blank = np.zeros((0, classes)) if negatives is None else np.asarray(negatives, np.float64)
    y = np.concatenate([np.asarray(penalties, np.float64), blank])
    rubbish = np.full(len(y), classes)  # the column of the rubbish class
    truth = np.concatenate([labels, rubbish[count:]])
    weight = np.full(len(y), 1 / count)
    if len(blank):
        weight = np.concatenate(
            [np.full(count, (1 - NEGATIVE_WEIGHT) / count), np.full(len(blank), NEGATIVE_WEIGHT / len(blank))]
        )
    # The exponents are −θ·φ: θ = (s, j) with φ = (y_i, 0) of a class and (0, 1) of rubbish; or s alone.
    features = np.zeros((len(y), classes + 1, 2 if len(blank) else 1))
    features[:, :classes, 0] = y
    features[:, classes, -1] = 1 if len(blank) else j / scale
    rows = np.arange(len(y))
    other = np.where(
        np.arange(classes + 1) == truth[:, None], np.inf, np.pad(y, ((0, 0), (0, 1)), constant_values=np.inf)
    )
    doubt = 1 / (count + 2)
    target = (1 - doubt) * features[rows, truth] + doubt * features[rows, other.argmin(1)]
    theta = _newton(features, target, weight, np.array([scale, j][: features.shape[2]], np.float64))
    return float(theta[0]), float(theta[1] if len(blank) else theta[0] * j / scale)


def _newton(
    features: NDArray[Any], target: NDArray[Any], weight: NDArray[Any], theta: NDArray[Any]
) -> NDArray[Any]:
    """θ of least Σ weight·[θ·target + log Σ e^(−θ·φ)], a convex sum: Newton's steps, halved as needed."""

    def energy(theta: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        exponent = -features @ theta
        most = exponent.max(1, keepdims=True)
        p = np.exp(exponent - most)
        total = p.sum(1, keepdims=True)
        return float(weight @ (target @ theta + most[:, 0] + np.log(total[:, 0]))), p / total

    value, p = energy(theta)
    for _ in range(100):
        mean = np.einsum("nc,ncf->nf", p, features)
        slope = weight @ (target - mean)
        apart = features - mean[:, None]
        second = np.einsum("n,nc,ncf,ncg->fg", weight, p, apart, apart, optimize=True)
        step = np.linalg.solve(second + 1e-12 * np.eye(len(theta)), slope)
        # Where it is flat Newton's step is far too long: s is halved or doubled at most, j goes by 5.
        step /= max(1.0, 2 * abs(step[0]) / theta[0], np.abs(step[1:]).max(initial=0) / 5)
        size = 1.0
        while size > 1e-9:
            new = theta - size * step
            if new[0] > 0:
                lower, after = energy(new)
                if lower <= value:
                    break
            size /= 2
        else:
            return theta
        done = value - lower < 1e-12 * max(abs(value), 1e-3)
        theta, value, p = new, lower, after
        if done:
            return theta
    return theta


def thresholds(
    confidence: NDArray[Any], right: NDArray[Any], errors: Sequence[float] = ERRORS
) -> tuple[Threshold, ...]:
    """For each error the threshold that rejects the fewest answers, where the patterns support one.

    Args:
        confidence: (N,), of the answers.
        right: (N,), whether each answer is right.
        errors: largest shares of wrong answers. One of 1 in 1000 needs a thousand accepted answers.
    """
    order = np.argsort(-confidence, kind="stable")
    level = confidence[order]
    wrong = np.cumsum(~np.asarray(right, bool)[order])
    last = np.flatnonzero(np.append(level[1:] != level[:-1], True))  # the last of each equal confidence
    share = wrong[last] / (last + 1)
    believable = []
    for error in errors:
        fine = last[(share <= error) & ((last + 1) * error >= 1 - 1e-9)]
        if len(fine):
            k = int(fine[-1])
            believable.append(
                Threshold(error, 0.0 if k + 1 == len(order) else float(level[k]), 1 - (k + 1) / len(order))
            )
    return tuple(believable)


def calibrate(
    penalties: NDArray[Any],
    labels: NDArray[np.int64],
    j: float,
    scale: float,
    negatives: NDArray[Any] | None = None,
    data: dict[str, Any] | None = None,
) -> Confidence:
    """Fit the constants and find the thresholds, on patterns that were not trained on.

    Args:
        penalties: (N, classes).
        labels: (N,) indices.
        j, scale: the training's.
        negatives: (M, classes), penalties of non-characters; see `knows_rubbish`.
        data: what the patterns are, to be kept.

    Raises:
        InputError: as `fit`.
    """
    labels = np.asarray(labels, np.int64)
    s, rubbish = fit(penalties, labels, j, scale, negatives)
    right = penalties.argmin(1) == labels
    before = losses.posterior(np.asarray(penalties, np.float64), j, scale).max(1)
    fitted = Confidence(s, rubbish)
    after = fitted.posterior(penalties).max(1)
    return Confidence(
        scale=s,
        j=rubbish,
        doubt=_doubt(after, None if negatives is None else fitted.posterior(negatives).max(1)),
        thresholds=thresholds(after, right),
        patterns=len(labels),
        error=float(np.mean(~right)),
        before=reliability(before, right)[1],
        after=reliability(after, right)[1],
        data=data or {},
    )


def knows_rubbish(negatives: NDArray[Any], j: float, scale: float) -> bool:
    """Whether most non-characters are taken for none.

    A network that takes them for characters has not learnt the rubbish class, and no constants replace that: fitted to
    them too, it would reject its characters.

    Args:
        negatives: (M, classes), penalties of non-characters.
        j, scale: the training's.
    """
    answers = losses.posterior(np.asarray(negatives, np.float64), j, scale).max(1, initial=0)
    return bool(np.mean(answers >= DOUBT) < 0.5) if len(answers) else False


def _doubt(characters: NDArray[Any], negatives: NDArray[Any] | None) -> float:
    """DOUBT, or a higher confidence where more than PASSING of the non-characters would reach it."""
    if negatives is None or not len(negatives):
        return DOUBT
    keeps_out = float(np.quantile(negatives, 1 - PASSING, method="higher"))
    return max(DOUBT, min(keeps_out, float(np.quantile(characters, REFUSED, method="lower"))))
