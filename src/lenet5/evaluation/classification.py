"""How well a network reads a data set: error, confusion, rejection (Fig. 10), the mistakes (Fig. 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, relabel
from ..errors import DataError, InputError
from ..model.calibration import Bin, Confidence, reliability
from ..model.classifier import Classifier

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["PAPER_ERROR", "Evaluation", "Rejection", "evaluate", "mistakes_picture"]

PAPER_ERROR = 0.005  # Fig. 10: how many patterns must be rejected to leave an error of 0.5 % on the rest
PLAIN = Confidence(scale=1.0, j=np.inf)  # eq. 9 as printed, without its rubbish class


@dataclass(frozen=True)
class Rejection:
    """Rejecting every pattern whose margin is below `margin`.

    rejected: their share of all patterns; error: share of wrong answers among the others.
    """

    margin: float
    rejected: float
    error: float


@dataclass(frozen=True)
class Evaluation:
    """Answers of a network to N patterns.

    name: of the data set. labels: (N,) int64, indices into `classes`. penalties: (N, classes) float32.
    images: (N, 28, 28) uint8. trained, calibrated: constants of the confidence; the same unless fitted.
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
        """The class of least penalty, (N,)."""
        return self.penalties.argmin(1).astype(np.int64)

    @cached_property
    def margins(self) -> NDArray[np.float32]:
        """Difference of the two smallest penalties, (N,): little means doubt (Section III-C, Fig. 10)."""
        two = np.partition(self.penalties, 1, axis=1)
        return two[:, 1] - two[:, 0]

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """Indices of the patterns answered wrongly, in their order."""
        return np.flatnonzero(self.answers != self.labels)

    @property
    def error(self) -> float:
        """Share of the patterns answered wrongly."""
        return len(self.mistakes) / len(self.labels)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes): patterns of the row's class that were answered with the column's."""
        table = np.zeros((len(self.classes),) * 2, np.int64)
        np.add.at(table, (self.labels, self.answers), 1)
        return table

    def by_class(self) -> list[dict[str, Any]]:
        """For each class: patterns, errors, recall (share found) and precision (share of its answers right).

        A share of nothing is None.
        """
        rows = []
        for i, name in enumerate(self.classes):
            there, answered = int(self.confusion[i].sum()), int(self.confusion[:, i].sum())
            right = int(self.confusion[i, i])
            rows.append(
                {
                    "class": name,
                    "patterns": there,
                    "errors": there - right,
                    "recall": right / there if there else None,
                    "precision": right / answered if answered else None,
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
        """Bins of the reliability plot, and the expected calibration error (calibration.reliability).

        constants: the calibrated ones unless given.
        """
        sure = (constants or self.calibrated).posterior(self.penalties).max(1)
        return reliability(sure, self.answers == self.labels)

    def rejected_below(self, threshold: float) -> tuple[float, float | None]:
        """Share of the patterns of less confidence than the threshold, and the error of the rest.

        None where nothing is left.
        """
        kept = self.calibrated.posterior(self.penalties).max(1) >= threshold
        wrong = (self.answers != self.labels)[kept]
        return float(1 - kept.mean()), float(wrong.mean()) if len(wrong) else None

    def data(self) -> dict[str, Any]:
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

    def text(self) -> str:
        """The same for people, without the curve and the list."""
        lines = [
            f"{self.name}: {len(self.mistakes):,} of {len(self.labels):,} patterns wrong, {self.error:.2%}"
        ]
        point = self.rejected_for()
        if point is None:
            lines.append(f"no rejection leaves {PAPER_ERROR:.1%} error")
        else:
            lines.append(
                f"rejected to leave {PAPER_ERROR:.1%} error: {point.rejected:.2%} "
                f"(margin below {point.margin:.2f})"
            )
        ece = f"expected calibration error of the confidence: {self.reliability(self.trained)[1]:.2%}"
        if self.calibrated.patterns:
            ece += f", and {self.reliability()[1]:.2%} as calibrated"
        lines.append(ece)
        width = max(5, max(map(len, self.classes)), len(str(self.confusion.max(initial=0))))
        lines += ["", f"{'class':>{width}}  patterns  errors   recall  precision"]
        for row in self.by_class():
            recall, precision = (
                "–" if row[key] is None else f"{row[key]:.2%}" for key in ("recall", "precision")
            )
            lines.append(
                f"{row['class']:>{width}}  {row['patterns']:8,}  {row['errors']:6,}"
                f"  {recall:>7}  {precision:>9}"
            )
        lines += [
            "",
            f"{'':>{width}}  answer",
            f"{'truth':>{width}} " + "".join(f" {c:>{width}}" for c in self.classes),
        ]
        for name, counts in zip(self.classes, self.confusion.tolist(), strict=True):
            lines.append(f"{name:>{width}} " + "".join(f" {n or '.':>{width}}" for n in counts))
        return "\n".join(lines)


def evaluate(model: Classifier, dataset: Dataset, threads: int | None = None) -> Evaluation:
    """Read every pattern of a data set.

    Raises DataError where it is empty or has classes that the network does not know.
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


def mistakes_picture(evaluation: Evaluation, columns: int | None = None, zoom: int = 2) -> Image:
    """The patterns answered wrongly, truth->answer under each, as in Fig. 8; ink black on white.

    columns: about the golden section unless given. zoom: screen pixels a pixel. Raises InputError when there
    is no mistake to show.
    """
    from PIL import Image, ImageDraw, ImageFont

    mistakes = evaluation.mistakes.tolist()
    if not mistakes:
        raise InputError(f"there are no mistakes on {evaluation.name} to show")
    columns = columns or max(1, round((1.6 * len(mistakes)) ** 0.5))
    names = [
        f"{evaluation.classes[evaluation.labels[p]]}->{evaluation.classes[evaluation.answers[p]]}"
        for p in mistakes
    ]
    font = ImageFont.load_default(size=6 * zoom)
    side = evaluation.images.shape[1] * zoom
    gap, text = 2 * zoom, 8 * zoom
    wide = max(side, *(int(font.getlength(name)) + 1 for name in names)) + gap
    high = side + text + gap
    rows = -(-len(mistakes) // columns)
    sheet = Image.new("L", (min(columns, len(mistakes)) * wide + gap, rows * high + gap), 255)
    draw = ImageDraw.Draw(sheet)
    for place, (p, name) in enumerate(zip(mistakes, names, strict=True)):
        x, y = gap + place % columns * wide, gap + place // columns * high
        ink = Image.fromarray(255 - evaluation.images[p]).resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(ink, (x + (wide - gap - side) // 2, y))
        draw.text((x + (wide - gap) / 2, y + side), name, fill=0, font=font, anchor="ma")
    return sheet
