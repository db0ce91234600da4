"""How well a network reads a data set: error, confusion, rejection (Section III-C, Fig. 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, relabel
from ..errors import DataError
from ..model.calibration import Bin, Confidence, reliability
from ..model.classifier import Classifier

__all__ = ["PAPER_ERROR", "Evaluation", "Rejection", "evaluate"]

PAPER_ERROR = 0.005  # Fig. 10: how many patterns must be rejected to leave an error of 0.5 % on the rest
PLAIN = Confidence(scale=1.0, j=np.inf)  # eq. 9 as printed, without its rubbish class


@dataclass(frozen=True)
class Rejection:
    """The effect of rejecting every pattern whose margin is below `margin`.

    Args:
        margin: difference of the two smallest penalties.
        rejected: share of all patterns.
        error: share of wrong answers among the other patterns.
    """

    margin: float
    rejected: float
    error: float


@dataclass(frozen=True)
class Evaluation:
    """Answers of a network to N patterns.

    Args:
        name: of the data set.
        classes: characters.
        labels: (N,) int64, indices into `classes`.
        penalties: (N, classes) float32; the smallest wins.
        images: (N, 28, 28) uint8.
        trained: constants of the confidence that the training used.
        calibrated: constants that were fitted; the training's, unless fitted.
    """

    name: str
    classes: list[str]
    labels: NDArray[np.int64]
    penalties: NDArray[np.float32]
    images: NDArray[np.uint8] = field(repr=False)
    trained: Confidence = PLAIN
    calibrated: Confidence = PLAIN

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """The class of least penalty, (N,) int64."""
        return np.asarray(self.penalties.argmin(1), np.int64)

    @cached_property
    def margins(self) -> NDArray[np.float32]:
        """Difference of the two smallest penalties, (N,) float32: a small one means doubt (Section III-C)."""
        two = np.partition(self.penalties, 1, axis=1)
        return np.asarray(two[:, 1] - two[:, 0], np.float32)

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """Indices of the patterns answered wrongly, in their order, int64."""
        return np.flatnonzero(self.answers != self.labels)

    @property
    def error(self) -> float:
        """Share of the patterns answered wrongly."""
        return len(self.mistakes) / len(self.labels)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Patterns of the row's class that were answered with the column's, (classes, classes) int64."""
        table = np.zeros((len(self.classes),) * 2, np.int64)
        np.add.at(table, (self.labels, self.answers), 1)
        return table

    def by_class(self) -> list[dict[str, Any]]:
        """Patterns, errors, recall (share found) and precision (share of its answers right) of each class.

        A share of nothing is None.
        """
        rows = []
        for i, name in enumerate(self.classes):
            patterns, answers = int(self.confusion[i].sum()), int(self.confusion[:, i].sum())
            right = int(self.confusion[i, i])
            rows.append(
                {
                    "class": name,
                    "patterns": patterns,
                    "errors": patterns - right,
                    "recall": right / patterns if patterns else None,
                    "precision": right / answers if answers else None,
                }
            )
        return rows

    def rejection(self) -> list[Rejection]:
        """The rejection curve: the fewest rejections for each number of errors left, all errors first.

        A threshold cannot part patterns of equal margin, so they are rejected together.
        """
        order = np.argsort(-self.margins, kind="stable")
        margins = self.margins[order]
        wrong = np.cumsum(self.answers[order] != self.labels[order])
        last = np.flatnonzero(np.append(margins[1:] != margins[:-1], True))  # the last of each equal margin
        curve, fewest = [], None
        for k in last[::-1].tolist():
            if wrong[k] != fewest:
                fewest = wrong[k]
                curve.append(
                    Rejection(float(margins[k]), 1 - (k + 1) / len(order), float(wrong[k] / (k + 1)))
                )
        return curve

    def rejected_for(self, error: float = PAPER_ERROR) -> Rejection | None:
        """The fewest rejections that leave at most this error on the rest; None if none short of all do."""
        return next((point for point in self.rejection() if point.error <= error), None)

    def reliability(self, constants: Confidence | None = None) -> tuple[list[Bin], float]:
        """Bins of the reliability plot, and the expected calibration error (model.calibration).

        Args:
            constants: of the confidence; the calibrated ones, unless given.
        """
        confidence = (constants or self.calibrated).posterior(self.penalties).max(1)
        return reliability(confidence, self.answers == self.labels)

    def rejected_below(self, threshold: float) -> tuple[float, float | None]:
        """Reject the patterns of less confidence than the threshold.

        Returns:
            The share of them, and the error of the rest: None where nothing is left.
        """
        kept = self.calibrated.posterior(self.penalties).max(1) >= threshold
        wrong = (self.answers != self.labels)[kept]
        return float(1 - kept.mean()), float(wrong.mean()) if len(wrong) else None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the images and penalties, as JSON values."""
        point = self.rejected_for()
        return {
            "data": self.name,
            "patterns": len(self.labels),
            "errors": len(self.mistakes),
            "error": self.error,
            "classes": self.classes,
            "by_class": self.by_class(),
            "confusion": self.confusion.tolist(),
            "rejected_for_half_a_percent": None if point is None else vars(point),
            "calibration_error": {
                "trained": self.reliability(self.trained)[1],
                "calibrated": self.reliability()[1] if self.calibrated.patterns else None,
            },
            "reliability": [vars(entry) for entry in self.reliability()[0]],
            "rejection": [vars(entry) for entry in self.rejection()],
            "mistakes": [
                {
                    "pattern": int(p),
                    "truth": self.classes[self.labels[p]],
                    "answer": self.classes[self.answers[p]],
                    "margin": float(self.margins[p]),
                }
                for p in self.mistakes
            ],
        }

    def format(self) -> str:
        """The same for people, without the curve and the list."""
        width = max(5, max(map(len, self.classes)), len(str(self.confusion.max(initial=0))))
        return "\n".join([*self._figures(), "", *self._class_table(width), "", *self._confusion_table(width)])

    def _figures(self) -> list[str]:
        point = self.rejected_for()
        calibration = f"expected calibration error of the confidence: {self.reliability(self.trained)[1]:.2%}"
        if self.calibrated.patterns:
            calibration += f", and {self.reliability()[1]:.2%} as calibrated"
        return [
            f"{self.name}: {len(self.mistakes):,} of {len(self.labels):,} patterns wrong, {self.error:.2%}",
            f"no rejection leaves {PAPER_ERROR:.1%} error"
            if point is None
            else f"to reach {PAPER_ERROR:.1%} error, reject {point.rejected:.2%}",
            calibration,
        ]

    def _class_table(self, width: int) -> list[str]:
        lines = [f"{'class':>{width}}  patterns  errors   recall  precision"]
        for row in self.by_class():
            recall, precision = (
                "–" if row[key] is None else f"{row[key]:.2%}" for key in ("recall", "precision")
            )
            lines.append(
                f"{row['class']:>{width}}  {row['patterns']:8,}  {row['errors']:6,}"
                f"  {recall:>7}  {precision:>9}"
            )
        return lines

    def _confusion_table(self, width: int) -> list[str]:
        lines = [
            f"{'':>{width}}  answer",
            f"{'truth':>{width}} " + "".join(f" {c:>{width}}" for c in self.classes),
        ]
        for name, counts in zip(self.classes, self.confusion.tolist(), strict=True):
            lines.append(f"{name:>{width}} " + "".join(f" {n or '.':>{width}}" for n in counts))
        return lines


def evaluate(model: Classifier, dataset: Dataset, threads: int | None = None) -> Evaluation:
    """Read every pattern of a data set.

    Args:
        model: a network, or an ensemble.
        dataset: patterns; classes are matched by name.
        threads: as many as this process may use, unless given.

    Raises:
        DataError: the data set is empty or has classes that the network does not know.
    """
    if not len(dataset.images):
        raise DataError(f"{dataset.name} has no patterns to evaluate")
    return Evaluation(
        name=dataset.name,
        classes=model.classes,
        labels=relabel(dataset, model.classes),
        penalties=model.penalties(dataset.images, threads),
        images=dataset.images,
        trained=Confidence(model.metadata["scale"], model.metadata["j"]),
        calibrated=model.confidence,
    )
