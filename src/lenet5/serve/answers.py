"""Answers: what the network says of images, as columns, and bytes of JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.responses import Response

from ..model.calibration import Confidence
from ..model.classifier import Classifier

__all__ = ["Recognised", "ServedModel", "json_response"]


def json_response(data: Any, status: int = 200) -> Response:
    """Data as JSON; arrays of NumPy may be in it."""
    return Response(
        orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json"
    )


@dataclass(frozen=True, eq=False)
class Recognised:
    """What a network answers for images, a row an image.

    penalties: (N, classes) float32, eq. 7. label: (N,) int64, index of the class of least penalty. confidence: (N,)
    float32, calibrated probability of that class. rejected: (N,) bool, whether the answer is more likely wrong, or no
    character.
    """

    penalties: NDArray[np.float32]
    label: NDArray[np.int64]
    confidence: NDArray[np.float32]
    rejected: NDArray[np.bool_]

    def rows(self, start: int, stop: int) -> Recognised:
        """The answers for some of the images."""
        rows = slice(start, stop)
        return Recognised(self.penalties[rows], self.label[rows], self.confidence[rows], self.rejected[rows])


class ServedModel:
    """A network that the service answers with, its confidence at hand."""

    def __init__(self, name: str, classifier: Classifier) -> None:
        self.name, self.classifier = name, classifier
        self.classes = classifier.classes
        self.confidence: Confidence = classifier.confidence
        self.threshold = np.float32(classifier.threshold_for())

    def recognise(self, images: NDArray[Any], threads: int | None = None) -> Recognised:
        """The answers for checked images."""
        return self.answer(self.classifier.penalties(images, threads))

    def answer(self, penalties: NDArray[np.float32]) -> Recognised:
        """What follows from penalties, (N, classes)."""
        label = penalties.argmin(1)
        likely = self.confidence.posterior(penalties)
        confidence = likely[np.arange(len(likely)), label].astype(np.float32)
        return Recognised(penalties, label.astype(np.int64), confidence, confidence < self.threshold)

    def text(self, answer: Recognised) -> list[str]:
        """The characters of an answer."""
        return [self.classes[k] for k in answer.label.tolist()]
