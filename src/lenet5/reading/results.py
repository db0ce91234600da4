"""Readings as data: a result has lines, a line has strings, a string has characters, each with its box.

Boxes are left, top, width and height in pixels of the picture. The penalty of a character is that of eq. 7; the
penalty of a string, −log of a probability, is the sum along its path through the segmentation graph (Section V).
`to_dict` gives what JSON can hold, as `docs/result.schema.json` describes it, and `from_dict` reads that again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..imaging.geometry import Box, bounding_box, scale_box
from ..network.codes import SIGNS
from .tables import Cell, Spots, Table

__all__ = ["UNSURE", "Alternative", "Character", "Line", "Result", "String", "format_confidence"]

UNSURE = "?"  # the text of a rejected character


def format_confidence(confidence: float, places: int = 1) -> str:
    """A confidence in per cent for people: never rounded up to 100 %, nor down to 0 %.

    Args:
        confidence: 0 … 1.
        places: digits after the point.

    Returns:
        For example 97.3%; >99.9% for what is less than certain and would be rounded to 100.0%; <0.1% likewise.
    """
    text, step = f"{confidence:.{places}%}", 10.0**-places
    if confidence < 1 and float(text[:-1]) == 100:
        return f">{100 - step:.{places}f}%"
    if confidence > 0 and float(text[:-1]) == 0:
        return f"<{step:.{places}f}%"
    return text


@dataclass(frozen=True)
class Alternative:
    """Another reading of a character or a string.

    Args:
        text: one character, or a string.
        penalty: of the same kind as that of the character or string that it belongs to.
        confidence: 0 … 1, likewise.
    """

    text: str
    penalty: float
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        return {"text": self.text, "penalty": self.penalty, "confidence": self.confidence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alternative:
        """The alternative that `to_dict` wrote."""
        return cls(data["text"], data["penalty"], data["confidence"])


@dataclass(frozen=True)
class Character:
    """One character.

    Args:
        text: the character, or `?` where it was rejected; alternatives then begin with the best guess.
        box: left, top, width, height in pixels of the picture.
        penalty: Eq. 7.
        confidence: calibrated probability, 0 … 1, that this is a character, and this one.
        alternatives: the next likely classes, the likeliest first.
        reason: why it was rejected; empty where it was not.
        glyph: the image that the network classified, (28, 28) uint8, 255 = ink; not part of the data.
    """

    text: str
    box: Box
    penalty: float
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    reason: str = ""
    glyph: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    def map_boxes(self, place: Callable[[Box], Box]) -> Character:
        """The same character with its box brought to another place."""
        return replace(self, box=place(self.box))

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        data: dict[str, Any] = {
            "text": self.text, "box": list(self.box), "penalty": self.penalty, "confidence": self.confidence,
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }  # fmt: skip
        return data | ({"reason": self.reason} if self.reason else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Character:
        """The character that `to_dict` wrote."""
        return cls(
            data["text"],
            _box(data["box"]),
            data["penalty"],
            data["confidence"],
            tuple(map(Alternative.from_dict, data["alternatives"])),
            data.get("reason", ""),
        )


@dataclass(frozen=True)
class String:
    """Characters that belong together.

    Args:
        text: its characters, `?` for each that was rejected.
        penalty: −log of a probability: the sum along the path.
        confidence: share of all paths through the interpretation graph that read this text, 0 … 1.
        characters: from left to right.
        alternatives: the next best different readings, the best first.
        reason: why it hardly is writing; empty where nothing speaks against it.
        unread: boxes of ink that belongs to no character: points, commas, dashes and other signs.
    """

    text: str
    penalty: float
    confidence: float
    characters: tuple[Character, ...]
    alternatives: tuple[Alternative, ...] = ()
    reason: str = ""
    unread: tuple[Box, ...] = ()

    @property
    def box(self) -> Box:
        """The smallest box that holds all characters."""
        return bounding_box(character.box for character in self.characters)

    @property
    def character_height(self) -> float:
        """Median height of its characters in pixels, signs left out where there are others."""
        heights = [character.box[3] for character in self.characters]
        others = [
            height for height, one in zip(heights, self.characters, strict=True) if one.text not in SIGNS
        ]
        return float(np.median(others or heights))

    def map_boxes(self, place: Callable[[Box], Box]) -> String:
        """The same string with every box brought to another place."""
        characters = tuple(character.map_boxes(place) for character in self.characters)
        return replace(self, characters=characters, unread=tuple(place(box) for box in self.unread))

    def with_confidence(self, confidence: float) -> String:
        """The same string with another confidence; its alternatives share what is left, as before."""
        left = (1 - confidence) / max(1 - self.confidence, 1e-12)
        others = tuple(replace(one, confidence=min(1.0, one.confidence * left)) for one in self.alternatives)
        return replace(self, confidence=confidence, alternatives=others)

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        data: dict[str, Any] = {
            "text": self.text, "box": list(self.box), "penalty": self.penalty, "confidence": self.confidence,
            "characters": [character.to_dict() for character in self.characters],
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }  # fmt: skip
        if self.unread:
            data["unread"] = [list(box) for box in self.unread]
        return data | ({"reason": self.reason} if self.reason else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> String:
        """The string that `to_dict` wrote."""
        return cls(
            data["text"],
            data["penalty"],
            data["confidence"],
            tuple(map(Character.from_dict, data["characters"])),
            tuple(map(Alternative.from_dict, data["alternatives"])),
            data.get("reason", ""),
            tuple(map(_box, data.get("unread", ()))),
        )


@dataclass(frozen=True)
class Line:
    """The strings of one line of text, from left to right."""

    strings: tuple[String, ...]

    @property
    def text(self) -> str:
        """Its strings, with a space between them."""
        return " ".join(string.text for string in self.strings)

    @property
    def box(self) -> Box:
        """The smallest box that holds all strings."""
        return bounding_box(string.box for string in self.strings)

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        return {
            "text": self.text,
            "box": list(self.box),
            "strings": [string.to_dict() for string in self.strings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Line:
        """The line that `to_dict` wrote."""
        return cls(tuple(map(String.from_dict, data["strings"])))


@dataclass(frozen=True)
class Result:
    """All that was read in a picture.

    Args:
        lines: from top to bottom; one or more.
        errors: why a line or a row of boxes was not read, a sentence each.
        cells: which characters of the lines stand in which cell, of a table or of rows of boxes; see `table`.
        turned: degrees, clockwise, by which the picture had to be turned to be read: 0, 90, 180 or 270.
    """

    lines: tuple[Line, ...]
    errors: tuple[str, ...] = ()
    cells: Spots | None = None
    turned: int = 0

    @property
    def text(self) -> str:
        """Lines with a newline between them, strings that stand far apart in a line with a space.

        Cells of a table keep their places (Table.row_texts); lines of text beside it stand where they are.
        """
        return "\n".join(self.line_texts)

    @property
    def line_texts(self) -> tuple[str, ...]:
        """Text of every line and every row of cells, from top to bottom."""
        if self.cells is None or self.table is None:
            return tuple(line.text for line in self.lines)
        texts: list[str] = []
        following = 0  # the next line
        for row, text in zip(self.cells.rows, self.table.row_texts, strict=True):
            own = {spot.place[0] for spot in row if spot.place}
            if own:
                texts += [line.text for line in self.lines[following : min(own)]]
                following = max(own) + 1
            if own or text or self.cells.kind == "table":
                texts.append(text)
        return (*texts, *(line.text for line in self.lines[following:]))

    def to_csv(self) -> str:
        """As a spreadsheet reads it: a line for each row of cells; of what has no cells, a line for each line."""
        if self.table is not None:
            return self.table.to_csv()
        return Table("table", tuple((Cell(line.box, (), line.text),) for line in self.lines)).to_csv()

    @property
    def table(self) -> Table | None:
        """Rows and columns of cells, of a table or of rows of boxes; None where there are none."""
        return None if self.cells is None else self.cells.table(self.lines)

    @property
    def strings(self) -> tuple[String, ...]:
        """All strings in reading order."""
        return tuple(string for line in self.lines for string in line.strings)

    @property
    def characters(self) -> tuple[Character, ...]:
        """All characters in reading order."""
        return tuple(character for string in self.strings for character in string.characters)

    @property
    def confidence(self) -> float:
        """Probability that every line is right; lines are taken for independent."""
        return float(np.prod([string.confidence for string in self._independent]))

    @property
    def penalty(self) -> float:
        """Sum over all lines."""
        return float(sum(string.penalty for string in self._independent))

    @property
    def _independent(self) -> list[String]:
        """One string of every line, whose strings were read as one and share its confidence; every cell of a table."""
        if self.cells is not None and self.cells.kind == "table":
            return list(self.strings)
        return [line.strings[0] for line in self.lines]

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The next best readings of a picture of one string; of several, see those of each string."""
        return self.strings[0].alternatives if len(self.strings) == 1 else ()

    @property
    def unread(self) -> tuple[Box, ...]:
        """Boxes of ink that was left out: points, commas, dashes and other signs, in reading order."""
        return tuple(box for string in self.strings for box in string.unread)

    @property
    def unreadable(self) -> bool:
        """Whether every character was rejected."""
        return all(character.text == UNSURE for character in self.characters)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why characters were rejected, in reading order."""
        return tuple(character.reason for character in self.characters if character.reason)

    def map_strings(self, change: Callable[[String], String]) -> Result:
        """The same result with every string changed."""
        lines = tuple(replace(line, strings=tuple(map(change, line.strings))) for line in self.lines)
        return replace(self, lines=lines)

    def map_boxes(self, place: Callable[[Box], Box]) -> Result:
        """The same result with every box brought to another place."""
        moved = self.map_strings(lambda string: string.map_boxes(place))
        return replace(moved, cells=self.cells and self.cells.map_boxes(place))

    def scale(self, factor: float, size: tuple[int, int] | None = None) -> Result:
        """The same result with boxes in pixels of a picture that is enlarged by a factor.

        size: columns and rows of that picture, within which boxes stay; None: not known.
        """
        return self.map_boxes(lambda box: scale_box(box, factor, size))

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        data: dict[str, Any] = {
            "text": self.text, "confidence": self.confidence, "penalty": self.penalty,
            "lines": [line.to_dict() for line in self.lines],
        }  # fmt: skip
        if self.unread:
            data["unread"] = [list(box) for box in self.unread]
        if self.table:
            data["table"] = self.table.to_dict()
        if self.turned:
            data["turned"] = self.turned
        return data | ({"errors": list(self.errors)} if self.errors else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """The result that `to_dict` wrote."""
        return cls(
            tuple(map(Line.from_dict, data["lines"])),
            tuple(data.get("errors", ())),
            Spots.from_dict(data["table"]) if "table" in data else None,
            data.get("turned", 0),
        )


def _box(edges: list[int]) -> Box:
    left, top, width, height = edges
    return left, top, width, height
