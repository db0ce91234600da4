"""What is better not answered: a model's confidence calibrated, and non-characters taken for characters.

The constants are fitted (calibration.py) to patterns that the network was not trained on. One that is to learn
from all writers leaves none: a twin, trained by the same recipe without the writers kept aside, lends its
mistakes, and the constants go to the model that saw everything.
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
from ..model.calibration import Confidence, calibrate, knows_rubbish
from ..model.classifier import Classifier

__all__ = ["FalseAccepts", "calibrate_model", "check", "false_accepts"]


def calibrate_model(
    model: Classifier,
    patterns: Dataset,
    nothing: NDArray[np.uint8] | None = None,
    by: Classifier | None = None,
    threads: int | None = None,
) -> Confidence:
    """Fit the constants of a model's confidence, and write them into its metadata under "confidence".

    patterns: that were not trained on. nothing: (M, 28, 28) non-characters; they are left out, and counted
    as 0 in `data`, where the network takes most of them for characters (calibration.knows_rubbish). by: the
    network whose penalties of all of these are fitted: the model itself, or its twin. Raises DataError for
    classes that it does not know, ModelError for a network that was trained on these very patterns or a twin
    that is none, and InputError.
    """
    twin, labels = check(model, patterns, by), relabel(patterns, model.classes)
    j, scale = model.metadata["j"], model.metadata["scale"]
    left = None if nothing is None else twin.penalties(nothing, threads)
    if left is not None and not knows_rubbish(left, j, scale):
        left = None
    data = {
        "name": patterns.name,
        "sha256": patterns.fingerprint,
        "noncharacters": 0 if left is None else len(left),
        "by": None
        if by is None
        else "; ".join(one.metadata["training"].get("command", "another network") for one in by.networks),
    }
    found = calibrate(
        twin.penalties(patterns.images, threads),
        labels,
        j,
        scale,
        left,
        data,
    )
    model.metadata["confidence"] = found.metadata()
    return found


def check(model: Classifier, patterns: Dataset, by: Classifier | None = None) -> Classifier:
    """The network that `calibrate_model` would ask. Raises what that raises, before there is work to do."""
    twin = model if by is None else by
    if not len(patterns):
        raise DataError(f"{patterns.name} has no patterns to calibrate with")
    for network in twin.networks:
        check_untrained(network, patterns)
    if twin.classes != model.classes:
        raise ModelError("a model can only be calibrated by a network of the same classes")
    constants = [(each.metadata["j"], each.metadata["scale"]) for each in (model, twin)]
    if constants[0] != constants[1]:
        raise ModelError(
            "a model can only be calibrated by a network of the same recipe: the constants j and scale are "
            f"{constants[0]} and {constants[1]}"
        )
    relabel(patterns, model.classes)
    return twin


@dataclass(frozen=True)
class FalseAccepts:
    """Non-characters that a network gave an answer to. kinds: of rubbish.KINDS, share accepted of each."""

    threshold: float
    patterns: int
    accepted: int
    kinds: dict[str, float]

    @property
    def rate(self) -> float:
        """Share of the non-characters accepted."""
        return self.accepted / self.patterns

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        return {**vars(self), "rate": self.rate}

    def text(self) -> str:
        """For people."""
        worst = ", ".join(f"{kind} {share:.1%}" for kind, share in self.kinds.items() if share)
        return (
            f"non-characters taken for characters: {self.accepted:,} of {self.patterns:,}, {self.rate:.2%}, "
            f"at a confidence of {self.threshold:.1%} or more" + (f"\n  {worst}" if worst else "")
        )


def false_accepts(
    model: Classifier, nothing: NDArray[np.uint8], threshold: float | None = None, threads: int | None = None
) -> FalseAccepts:
    """How many of rubbish.noncharacters, (M, 28, 28) from number 0 on, reach the threshold of confidence.

    threshold: that of doubt (LeNet5.threshold_for) unless given. Raises InputError where there are none.
    """
    if not len(nothing):
        raise InputError("to count false accepts, at least one non-character is needed")
    threshold = model.threshold_for() if threshold is None else threshold
    taken = model.confidence_of(model.penalties(nothing, threads)).max(1) >= threshold
    kinds = {kind: float(taken[k :: len(KINDS)].mean()) for k, kind in enumerate(KINDS[: len(taken)])}
    return FalseAccepts(threshold, len(taken), int(taken.sum()), kinds)
