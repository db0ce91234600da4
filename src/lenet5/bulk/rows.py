"""Pages as rows of a table: a row a line of text; of a form a row a page, or a row for each row of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from ..imaging.geometry import Box, bounding_box
from ..reading.document_reader import PageResult
from ..reading.forms import Field, Form
from ..reading.results import UNSURE, Alternative, Character, Line, Result, String, format_confidence
from ..reading.tables import Cell
from .plausibility import Reading
from .rule_places import TEXT, place_rules, value_names
from .rules import Rule
from .settling import Value, settle_page, settle_row
from .tables import COLUMNS

__all__ = [
    "ACCEPTED",
    "CONFIDENCE",
    "TEXT",
    "Row",
    "RowReader",
    "Value",
    "check_form",
    "columns_of",
]

CONFIDENCE, ACCEPTED = "_confidence", "_accepted"  # ends of the names of a field's other columns
TAKEN = (*COLUMNS, "row", "reviewed")  # columns that are no fields


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Args:
        line: number of the line, or of the row of a form's tables, from 1; None: the row is the page's.
        values: what was read in this line, or in this row of the tables.
        others: columns that are no values: source, page, line or row, error …
        own: values of the page, which stand in each of its rows.
    """

    line: int | None
    values: tuple[Value, ...]
    others: Mapping[str, Any]
    own: tuple[Value, ...] = ()

    def to_dict(self, form: bool) -> dict[str, Any]:
        """The row's columns by name. form: every value has its confidence, and whether it is accepted, beside it."""
        row = dict(self.others)
        for value in (*self.own, *self.values):
            row[value.column] = value.text
            if form:
                row[f"{value.column}{CONFIDENCE}"] = value.confidence
                row[f"{value.column}{ACCEPTED}"] = value.accepted
            else:
                row["confidence"] = value.confidence
        return row


# --- columns -----------------------------------------------------------------------------------------------------


def columns_of(form: Form | None) -> tuple[str, ...]:
    """The columns of a result.

    Of a form they are source, page, each field with its confidence and whether it is accepted, error. A table field
    whose columns are counted has those of each of its columns, `marks_1` and so on, and makes a row of every row.
    """
    if form is None:
        return COLUMNS
    tables = any(area.mode == "table" for area in form.fields)
    names = [name for area in form.fields for name in value_names(area)]
    values = [name + end for name in names for end in ("", CONFIDENCE, ACCEPTED)]
    return ("source", "page", *(["row"] if tables else []), *values, "error")


def check_form(form: Form) -> None:
    """Raise InputError for a form of which two columns would have one name."""
    columns = columns_of(form)
    for name in (name for area in form.fields for name in value_names(area)):
        if name in TAKEN or name.endswith((CONFIDENCE, ACCEPTED)) or columns.count(name) > 1:
            raise InputError(
                f"the field {name!r:.100} would have the name of another column of the table: call it otherwise"
            )


# --- rows --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RowReader:
    """Makes rows of pages.

    Args:
        form: whose fields were read; None: lines.
        threshold: confidence, 0 … 1, below which a value is not accepted.
        rules: what the values of a row keep together.
    """

    form: Form | None
    threshold: float
    rules: tuple[Rule, ...] = ()

    def rows(self, page: PageResult) -> list[Row]:
        """The rows of a page; the last ones of lines are sentences of what was not read."""
        if self.form is None:
            return self._lines(page)
        return self._form(page, self.form)

    def _lines(self, page: PageResult) -> list[Row]:
        about = {"source": page.picture, "page": page.page}
        rows = []
        for number, line in enumerate((line for _, result in page.results for line in result.lines), 1):
            (value,) = settle_row([self._line(TEXT, line)], self.rules, self.threshold)
            others = about | {
                "line": number,
                "alternatives": _alternatives(line.strings),
                "boxes": [list(map(int, character.box)) for character in value.characters],
            }
            rows.append(Row(number, (value,), others))
        return rows + [Row(None, (), about | {"error": sentence}) for sentence in page.errors]

    def _form(self, page: PageResult, form: Form) -> list[Row]:
        """One row, or as many as the highest table has: the page's own fields stand in each of them."""
        own: list[Value] = []
        tables: list[list[list[Value]]] = []
        for area in form.fields:
            part = page.fields.get(area.name)
            if area.mode == "table" and isinstance(part, Result):
                tables.append(self._table(area, part))
            elif isinstance(part, Result):
                own.append(self._field(area.name, part))
            else:
                box = page.scan.areas.get(area.name) if page.scan else None
                if area.mode != "table":
                    own.append(Value(area.name, error=part or "", reason=part or "", box=box))
                elif part is not None:
                    tables.append(_unread_table(area, part, box))
        of_rows, of_pages = place_rules(self.rules, form)
        own, tables = settle_page(own, tables, of_rows, of_pages, self.threshold)
        about: dict[str, Any] = {
            "source": page.picture,
            "page": page.page,
            "error": "; ".join(page.errors) or None,
        }
        if not any(area.mode == "table" for area in form.fields):
            return [Row(None, (), about, tuple(own))]
        rows = []
        for number in range(max((len(table) for table in tables), default=1)):
            values = tuple(value for table in tables for row in table[number : number + 1] for value in row)
            rows.append(Row(number + 1, values, about | {"row": number + 1}, tuple(own)))
        return rows

    # --- values --------------------------------------------------------------------------------------------------

    def _table(self, area: Field, result: Result) -> list[list[Value]]:
        """The values of each row: its cells, or where its columns are not counted all of them as one text."""
        table = result.table
        if table is None:
            return [[self._field(name, result)] for name in value_names(area)[:1]]
        if not area.counts:
            return [[self._row_of_cells(area.name, row, text)]
                    for row, text in zip(table.rows, table.row_texts, strict=True)]  # fmt: skip
        names = value_names(area)
        return [
            [self._cell(name, cell, result) for name, cell in zip(names, row, strict=False)]
            for row in table.rows
        ]

    def _row_of_cells(self, column: str, row: Sequence[Cell], text: str) -> Value:
        confidence = 1.0
        for cell in row:
            confidence *= cell.confidence
        characters = tuple(character for cell in row for character in cell.characters)
        box = bounding_box(cell.box for cell in row)
        return self._judged(Value(column, text, confidence, readings=_readings(text, confidence, characters),
                                  box=box, characters=characters))  # fmt: skip

    def _cell(self, column: str, cell: Cell, result: Result) -> Value:
        writing = True
        if cell.place:
            line, string, *_ = cell.place
            writing = not result.lines[line].strings[string].reason
        readings = _readings(cell.text, cell.confidence, cell.characters, cell.alternatives)
        return self._judged(Value(column, cell.text, cell.confidence, readings=readings, reason=cell.reason,
                                  box=cell.box, characters=cell.characters, writing=writing))  # fmt: skip

    def _line(self, column: str, line: Line) -> Value:
        characters = tuple(character for string in line.strings for character in string.characters)
        confidence = line.strings[0].confidence
        others = line.strings[0].alternatives if len(line.strings) == 1 else ()
        writing = not any(string.reason for string in line.strings)
        readings = _readings(line.text, confidence, characters, others)
        return self._judged(Value(column, line.text, confidence, readings=readings, box=line.box,
                                  characters=characters, writing=writing))  # fmt: skip

    def _field(self, column: str, result: Result) -> Value:
        if len(result.lines) == 1 and result.table is None:
            value = self._line(column, result.lines[0])
        elif len(result.strings) == 1:  # a row of boxes, whose empty boxes keep their places
            value = replace(self._line(column, result.lines[0]), text=result.text)
        else:
            characters, confidence = result.characters, result.confidence
            box = bounding_box(character.box for character in characters)
            readings = _readings(result.text, confidence, characters)
            value = self._judged(Value(column, result.text, confidence, readings=readings, box=box,
                                       characters=characters))  # fmt: skip
        if result.errors and value.accepted:
            value = replace(value, accepted=False, reason=result.errors[0])
        return value

    def _judged(self, value: Value) -> Value:
        """A value with whether it is accepted, and why not."""
        reason = value.reason or next((one.reason for one in value.characters if one.reason), "")
        sure = value.confidence is not None and value.confidence >= self.threshold
        accepted = sure and UNSURE not in (value.text or "")
        if not accepted and not reason and value.confidence is not None:
            reason = f"confidence {format_confidence(value.confidence, 0)}"
        return replace(value, accepted=accepted, reason="" if accepted else reason)


def _unread_table(area: Field, error: str, box: Box | None) -> list[list[Value]]:
    """The rows of a table of which nothing was read, each a value that a person may type: its cells, parted by |."""
    if not area.counts:
        return [[Value(area.name, error=error, reason=error, box=box)]]
    rows, columns = area.counts
    values = []
    for row in range(rows):
        # Its own share of the region, as far as that can be known.
        part = box and (box[0], box[1] + row * box[3] // rows, box[2], box[3] // rows)
        reason = f"{error}; row {row + 1}: type its {columns} cells, with | between them"
        values.append([Value(area.name, error=error, reason=reason, box=part)])
    return values


def _readings(
    text: str,
    confidence: float,
    characters: Sequence[Character],
    alternatives: Sequence[Alternative] = (),
) -> tuple[Reading, ...]:
    """Different texts and their probabilities: the best guess, with the guess for each `?`, and the alternatives."""
    guesses = iter(
        character.alternatives[0].text
        if character.text == UNSURE and character.alternatives
        else character.text
        for character in characters
    )
    # A text has more than its characters: blanks between strings, | between cells.
    guess = "".join(
        next(guesses, UNSURE) if letter == UNSURE or letter not in " |\n" else letter for letter in text
    )
    readings: dict[str, float] = {} if UNSURE in guess else {guess: confidence}
    for other in alternatives:
        readings.setdefault(other.text, other.confidence)
    return tuple(readings.items())


def _alternatives(strings: tuple[String, ...]) -> list[dict[str, Any]]:
    """The next best readings of a line that is one string; of several each has its own, which are left out."""
    others: tuple[Alternative, ...] = strings[0].alternatives if len(strings) == 1 else ()
    return [{"text": other.text, "confidence": other.confidence} for other in others]
