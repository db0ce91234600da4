"""Answers in bytes: JSON, and the answers of networks as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.responses import Response

from ..model.classifier import Classifier

__all__ = ["Recognised", "json_response"]


def json_response(data: Any, status: int = 200) -> Response:
    """Data as JSON; arrays of NumPy may be in it."""
    return Response(
        orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json"
    )


@dataclass(frozen=True, eq=False)
class Recognised:
    """Penalties of images, and what follows from them, a row an image.

    Args:
        model: whose penalties they are.
        penalties: (N, classes) float32, eq. 7.
    """

    model: Classifier
    penalties: NDArray[np.float32]

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """Index of the class of least penalty, (N,)."""
        label: NDArray[np.int64] = self.penalties.argmin(1).astype(np.int64)
        return label

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Calibrated probability of that class, (N,)."""
        likely = self.model.confidence_of(self.penalties)
        return likely[np.arange(len(likely)), self.label].astype(np.float32)

    @cached_property
    def rejected(self) -> NDArray[np.bool_]:
        """Whether the answer is more likely wrong, or no character, (N,)."""
        return self.confidence < np.float32(self.model.threshold_for())

    @property
    def text(self) -> list[str]:
        """The characters."""
        return [self.model.classes[k] for k in self.label.tolist()]
