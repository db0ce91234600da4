"""Where rules hold: in every row by itself, or among the fields of a page and the cells of its tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import InputError
from ..reading.forms import Field, Form
from .rules import Rule, Sum

__all__ = ["TEXT", "cell_name", "place_rules", "value_names"]

TEXT = "text"  # the column of what a line says


def value_names(area: Field) -> list[str]:
    """The columns of a field's values: of a table whose columns are counted `marks_1` and so on."""
    if area.mode == "table" and area.counts:
        return [f"{area.name}_{number}" for number in range(1, area.counts[1] + 1)]
    return [area.name]


def cell_name(column: str, row: int) -> str:
    """What rules call the value of a table's column in one row, from 1."""
    return f"{column}[{row}]"


def place_rules(rules: Sequence[Rule], form: Form | None) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Rules by where they hold.

    Args:
        rules: as they were written. A sum of table columns that is a field of the page adds whole columns.
        form: whose columns they name; None: there is the column TEXT alone.

    Returns:
        The rules that hold in every row (of a table, or of the page's own fields), and those among the fields of a
        page and single cells (`cell_name`).

    Raises:
        InputError: a rule is about a column or a cell that is not there, or joins what belongs to no one place.
    """
    tables: dict[str, Field | None] = {TEXT: None}
    if form is not None:
        tables = {
            name: area if area.mode == "table" else None for area in form.fields for name in value_names(area)
        }
    of_rows: list[Rule] = []
    of_pages: list[Rule] = []
    for rule in rules:
        if any(name.endswith("]") for name in rule.columns) or _adds_columns(rule, tables):
            of_pages.append(_of_page(rule, tables))
            continue
        for name in rule.columns:
            _table(rule, name, tables)
        if len({area and area.name for area in map(tables.get, rule.columns)}) > 1:
            raise InputError(
                f"the rule {rule} joins columns of a table with others: a rule holds in every row of one table, or for "
                "the fields of the page; a sum of whole columns is a field of the page, as marks_3=total"
            )
        of_rows.append(rule)
    return tuple(of_rows), tuple(of_pages)


def _adds_columns(rule: Rule, tables: Mapping[str, Field | None]) -> bool:
    """Whether a rule is a sum of a table's columns, among others, that is a field of the page."""
    if not isinstance(rule, Sum) or tables.get(rule.total, ()) is not None:
        return False
    return any(tables.get(name) for name, _ in rule.parts)


def _of_page(rule: Rule, tables: Mapping[str, Field | None]) -> Rule:
    """A rule about fields and cells, with a part for each cell of a column. Raises InputError."""
    for name in rule.columns:
        cell = re.fullmatch(r"(.+)\[(\d+)\]", name, re.ASCII)
        area = _table(rule, cell[1] if cell else name, tables)
        if cell and (area is None or not area.counts):
            raise InputError(
                f"the rule {rule} names a row of {cell[1]!r:.100}, which is no table of counted rows"
            )
        if cell and area and area.counts and not 1 <= int(cell[2]) <= area.counts[0]:
            raise InputError(f"the rule {rule} names {name!r:.100}, but the table has {area.counts[0]} rows")
        if not cell and area and not (isinstance(rule, Sum) and name != rule.total and area.counts):
            raise InputError(
                f"the rule {rule} joins the whole column {name!r:.100} with single values: name a row, as {name}[1]"
            )
    if not isinstance(rule, Sum):
        return rule
    parts: list[tuple[str, int]] = []
    for name, sign in rule.parts:
        area = tables.get(name)
        rows = area.counts[0] if area and area.counts else 0
        parts += [(cell_name(name, row), sign) for row in range(1, rows + 1)] or [(name, sign)]
    return replace(rule, parts=tuple(parts), written=str(rule))


def _table(rule: Rule, name: str, tables: Mapping[str, Field | None]) -> Field | None:
    """The table that a column belongs to; None: it is the page's. Raises InputError for no column."""
    if name not in tables:
        raise InputError(
            f"the rule {rule} names {name!r:.100}, which is none of the columns {', '.join(tables)}"
        )
    return tables[name]
