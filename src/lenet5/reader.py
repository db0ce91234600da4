"""From a picture to a character, or a string: picture.py and writing.py find it, LeNet-5 names it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .model import LeNet5
from .picture import Picture, normalise_character, open_picture

if TYPE_CHECKING:
    from .grammar import Grammar
    from .strings import StringReading

__all__ = ["Reader", "Reading"]


@dataclass(frozen=True)
class Reading:
    """What was read from one picture.

    text: the character. penalty: eq. 7 for it, the smallest. confidence: LeNet5.confidence_of, in 0 … 1.
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
        confidence = float(self.model.confidence_of(penalties[None])[0, best])
        return Reading(self.model.classes[best], float(penalties[best]), confidence, penalties, field)

    def read_string(
        self, picture: Picture, name: str | None = None, *, grammar: Grammar | None = None, best: int = 5
    ) -> StringReading:
        """Read one line of several characters by over-segmentation (strings.read_string).

        grammar: what may be read (grammar.length, choices, pattern). best: different readings wanted. Boxes
        are in pixels of the picture. Raises PictureError where nothing is read.
        """
        from .strings import read_string
        from .writing import line_of

        name = name or (str(picture) if isinstance(picture, str | os.PathLike) else "the picture")
        ink, pixels = line_of(open_picture(picture, name), name)
        reading = read_string(ink, self.model, grammar, best=best, name=name)
        characters = tuple(
            replace(c, box=tuple(round(edge * pixels) for edge in c.box)) for c in reading.characters
        )
        return replace(reading, characters=characters)
