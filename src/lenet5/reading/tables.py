"""Cells of a table, or of a row of boxes: rows and columns, an empty cell an empty place, an unread one `?`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..imaging.geometry import Box

if TYPE_CHECKING:
    from .results import Alternative, Character, Line

__all__ = ["Cell", "Place", "Spot", "Spots", "Table", "TableKind"]

TableKind = Literal["boxes", "table"]
Place = tuple[int, int, int, int]  # line, string, first character, stop
Corners = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        box: left, top, width, height in pixels of the picture.
        corners: x, y of its upper left, upper right, lower right and lower left corner, where it is turned; else none.
        text: what stands in it; empty where nothing does, `?` for each character that was rejected.
        confidence: 0 … 1, that of its string; of one box, that of its character. 1 of an empty cell.
        characters: from left to right.
        alternatives: the next best readings.
        reason: why it was not read; empty where it was, or is empty.
        place: of its characters in the result: line, string, first character, the one after its last; None: none.
    """

    box: Box
    corners: Corners = ()
    text: str = ""
    confidence: float = 1.0
    characters: tuple[Character, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    reason: str = ""
    place: Place | None = None

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        data: dict[str, Any] = {"text": self.text, "confidence": self.confidence, "box": list(self.box)}
        if self.place:
            data["place"] = list(self.place)
        if self.corners:
            data["corners"] = [list(corner) for corner in self.corners]
        data["alternatives"] = [other.to_dict() for other in self.alternatives]
        return data | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Args:
        kind: "boxes" of one character each, whose row is one string; or a "table".
        rows: from top to bottom, each from left to right; those of a table are equally long.
    """

    kind: TableKind
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def row_texts(self) -> tuple[str, ...]:
        """The text of each row: characters side by side with a blank for an empty cell, or cells with | between them.

        Blanks at a row's ends are left out. Cells stand side by side where none holds more than one character.
        """
        single = self.kind == "boxes" or all(len(cell.text) <= 1 for row in self.rows for cell in row)
        if single:
            texts = tuple("".join(cell.text or " " for cell in row) for row in self.rows)
            return tuple(text.strip() for text in texts) if self.kind == "boxes" else texts
        return tuple("|".join(cell.text for cell in row) for row in self.rows)

    def to_csv(self) -> str:
        """As a spreadsheet reads it: a line for each row, a comma between cells."""
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows([cell.text for cell in row] for row in self.rows)
        return file.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        return {
            "kind": self.kind,
            "rows": len(self.rows),
            "columns": max(map(len, self.rows)),
            "cells": [[cell.to_dict() for cell in row] for row in self.rows],
        }


@dataclass(frozen=True)
class Spot:
    """A cell in a result: where it is, and which characters of the result's lines stand in it."""

    box: Box
    corners: Corners = ()
    place: Place | None = None
    reason: str = ""

    def map_boxes(self, move: Callable[[Box], Box]) -> Spot:
        """The same cell with its box and corners brought to another place."""
        corners = tuple(move((x, y, 1, 1))[:2] for x, y in self.corners)
        return replace(self, box=move(self.box), corners=corners)

    def cell(self, kind: TableKind, lines: Sequence[Line]) -> Cell:
        """The cell with what the lines say in it."""
        if self.place is None:
            text, confidence = ("?", 0.0) if self.reason else ("", 1.0)
            return Cell(self.box, self.corners, text, confidence, reason=self.reason)
        line, string_number, first, stop = self.place
        string = lines[line].strings[string_number]
        characters = string.characters[first:stop]
        text = "".join(character.text for character in characters)
        if kind == "boxes" or len(characters) == 1:
            (one,) = characters
            alternatives, confidence, reason = one.alternatives, one.confidence, one.reason
        else:
            alternatives, confidence = string.alternatives, string.confidence
            reason = next((character.reason for character in characters if character.reason), "")
        return Cell(self.box, self.corners, text, confidence, characters, alternatives, reason, self.place)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spot:
        """The cell that `Cell.to_dict` wrote."""
        left, top, wide, high = data["box"]
        corners = tuple((x, y) for x, y in data.get("corners", ()))
        if "place" not in data:
            return cls((left, top, wide, high), corners, None, data.get("reason", ""))
        line, string, first, stop = data["place"]
        return cls((left, top, wide, high), corners, (line, string, first, stop))


@dataclass(frozen=True)
class Spots:
    """The cells of a result: what `Result.table` is made from."""

    kind: TableKind
    rows: tuple[tuple[Spot, ...], ...]

    def map_boxes(self, move: Callable[[Box], Box]) -> Spots:
        """The same cells brought to another place."""
        return replace(self, rows=tuple(tuple(spot.map_boxes(move) for spot in row) for row in self.rows))

    def table(self, lines: Sequence[Line]) -> Table:
        """The table, with what the lines say in its cells."""
        return Table(
            self.kind, tuple(tuple(spot.cell(self.kind, lines) for spot in row) for row in self.rows)
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spots:
        """The cells of a table that `Table.to_dict` wrote."""
        rows = tuple(tuple(map(Spot.from_dict, row)) for row in data["cells"])
        return cls(data["kind"], rows)
