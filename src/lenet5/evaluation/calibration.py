"""Calibration of a model's confidence on patterns it was not trained on, and false accepts of non-characters.

The constants are fitted (model.calibration) to patterns that the network was not trained on. A network that is
to learn from all writers leaves none: a twin, trained by the same recipe without the held-out writers, lends its
mistakes, and the constants go to the model that was trained on all. # not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, relabel
from ..data.splits import check_untrained
from ..data.synthesis.negatives import KINDS
from ..errors import DataError, InputError, ModelError
from ..model.calibration import Confidence, knows_rubbish
from ..model.calibration import calibrate as fit_confidence
from ..model.classifier import Classifier

__all__ = ["FalseAccepts", "calibrate", "check_calibration", "false_accepts"]


def calibrate(
    model: Classifier,
    patterns: Dataset,
    negatives: NDArray[np.uint8] | None = None,
    twin: Classifier | None = None,
    threads: int | None = None,
) -> Confidence:
    """Fit the constants of a model's confidence, and write them into its metadata under "confidence".

    Args:
        model: a network or an ensemble; its weights stay as they are.
        patterns: that were not trained on.
        negatives: (M, 28, 28) uint8, non-characters. Where the network takes most of them for characters
            (model.calibration.knows_rubbish) they are left out, and counted as 0 in `Confidence.data`.
        twin: the network whose penalties are fitted; the model itself, unless given.
        threads: as many as this process may use, unless given.

    Returns:
        The constants and thresholds.

    Raises:
        DataError: no patterns, or classes that the model does not know.
        ModelError: a network was trained on these very patterns, or the twin does not fit the model.
        InputError: the patterns cannot be fitted to.
    """
    fitted, labels = check_calibration(model, patterns, twin), relabel(patterns, model.classes)
    j, scale = model.metadata["j"], model.metadata["scale"]
    rubbish = None if negatives is None else fitted.penalties(negatives, threads)
    if rubbish is not None and not knows_rubbish(rubbish, j, scale):
        rubbish = None
    commands = None
    if twin is not None:
        trained = (one.metadata["training"] for one in twin.networks)
        commands = "; ".join(training.get("command", "another network") for training in trained)
    data = {
        "name": patterns.name,
        "sha256": patterns.fingerprint,
        "noncharacters": 0 if rubbish is None else len(rubbish),
        "by": commands,
    }
    penalties = fitted.penalties(patterns.images, threads)
    confidence = fit_confidence(penalties, labels, j, scale, rubbish, data)
    model.metadata["confidence"] = confidence.to_dict()
    return confidence


def check_calibration(model: Classifier, patterns: Dataset, twin: Classifier | None = None) -> Classifier:
    """The network whose penalties `calibrate` would fit; raises what that raises, before there is work to do."""
    fitted = model if twin is None else twin
    if not len(patterns):
        raise DataError(f"{patterns.name} has no patterns to calibrate with")
    for network in fitted.networks:
        check_untrained(network, patterns)
    if fitted.classes != model.classes:
        raise ModelError("a model can only be calibrated by a network of the same classes")
    constants = [(each.metadata["j"], each.metadata["scale"]) for each in (model, fitted)]
    if constants[0] != constants[1]:
        raise ModelError(
            "a model can only be calibrated by a network of the same recipe: the constants j and scale are "
            f"{constants[0]} and {constants[1]}"
        )
    relabel(patterns, model.classes)
    return fitted


@dataclass(frozen=True)
class FalseAccepts:
    """Non-characters that a network took for characters.

    Args:
        threshold: confidence from which an answer counts.
        patterns: number of non-characters.
        accepted: number of them with an answer.
        kinds: share accepted of each kind (data.synthesis.negatives.KINDS).
    """

    threshold: float
    patterns: int
    accepted: int
    kinds: dict[str, float]

    @property
    def rate(self) -> float:
        """Share of the non-characters accepted."""
        return self.accepted / self.patterns

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**vars(self), "rate": self.rate}

    def format(self) -> str:
        """For people."""
        worst = ", ".join(f"{kind} {share:.1%}" for kind, share in self.kinds.items() if share)
        return (
            f"non-characters taken for characters: {self.accepted:,} of {self.patterns:,}, {self.rate:.2%}, "
            f"at a confidence of {self.threshold:.1%} or more" + (f"\n  {worst}" if worst else "")
        )


def false_accepts(
    model: Classifier,
    negatives: NDArray[np.uint8],
    threshold: float | None = None,
    threads: int | None = None,
) -> FalseAccepts:
    """Count the non-characters whose confidence reaches the threshold.

    Args:
        model: a network or an ensemble.
        negatives: (M, 28, 28) uint8 of data.synthesis.negatives.noncharacters, from number 0 on.
        threshold: of the confidence; the default threshold (Classifier.threshold_for), unless given.
        threads: as many as this process may use, unless given.

    Raises:
        InputError: there are no non-characters.
    """
    if not len(negatives):
        raise InputError("to count false accepts, at least one non-character is needed")
    threshold = model.threshold_for() if threshold is None else threshold
    accepted = model.confidence_of(model.penalties(negatives, threads)).max(1) >= threshold
    kinds = {kind: float(accepted[k :: len(KINDS)].mean()) for k, kind in enumerate(KINDS[: len(accepted)])}
    return FalseAccepts(threshold, len(accepted), int(accepted.sum()), kinds)
