"""From a picture to a character: picture.py finds it, LeNet-5 names it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import LeNet5
from .picture import Picture, normalise_character

__all__ = ["Reader", "Reading"]


@dataclass(frozen=True)
class Reading:
    """What was read from one picture.

    text: the character. penalty: eq. 7 for it, the smallest. confidence: its posterior by eq. 9, in 0 … 1.
    penalties: of every class, (classes,). field: the 28×28 that was recognised, uint8, 255 = ink.
    """

    text: str
    penalty: float
    confidence: float
    penalties: NDArray[np.float32]
    field: NDArray[np.uint8]

    def data(self) -> dict[str, Any]:
        """The reading as data that JSON can hold."""
        return {"text": self.text, "penalty": self.penalty, "confidence": self.confidence}


class Reader:
    """Reads one character a picture. One Reader may be used by several threads at once.

    weights: a name of weights that come with the package, a model file, or a LeNet5.
    Raises ModelError for weights that cannot be had.
    """

    def __init__(self, weights: str | os.PathLike[str] | LeNet5 = "digits") -> None:
        self.model = weights if isinstance(weights, LeNet5) else LeNet5.find(weights)

    def read(self, picture: Picture, name: str | None = None) -> Reading:
        """Read one picture: a path, bytes, a binary file, a PIL image or an array (picture.open_picture).

        name: what errors call it. Raises PictureError where there is no picture, or nothing to read in it.
        """
        field = normalise_character(picture, name)
        penalties = self.model.penalties(field[None])[0]
        best = int(penalties.argmin())
        confidence = float(self.model.posterior_of(penalties[None])[0, best])
        return Reading(self.model.classes[best], float(penalties[best]), confidence, penalties, field)
