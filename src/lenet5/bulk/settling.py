"""Values as rules leave them: row by row, then among the fields of a page and the cells of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..imaging.geometry import Box
from ..reading.results import Character
from .plausibility import Reading, Settled, settle
from .rule_places import cell_name
from .rules import Rule

__all__ = ["Value", "settle_page", "settle_row"]

LONGEST_RULE = 50  # characters of a rule in the reason why a value is not accepted


@dataclass(frozen=True)
class Value:
    """What was read for one column of a row.

    Args:
        column: its name.
        text: what it says, `?` for each character that was rejected; None: it was not read.
        confidence: probability that the text is right, 0 … 1; None: it was not read.
        accepted: whether nobody need look at it.
        readings: different texts and their probabilities, the best first, without `?`.
        reason: why it is not accepted; empty where it is.
        box: left, top, width, height in pixels of the picture; None: not known.
        characters: from left to right.
        writing: whether it looks like writing: rules accept nothing that does not.
        error: the sentence why it was not read.
    """

    column: str
    text: str | None = None
    confidence: float | None = None
    accepted: bool = False
    readings: tuple[Reading, ...] = ()
    reason: str = ""
    box: Box | None = None
    characters: tuple[Character, ...] = field(default=(), repr=False)
    writing: bool = True
    error: str = ""


Rows = list[list[Value]]  # of a table


def settle_row(values: Sequence[Value], rules: Sequence[Rule], threshold: float) -> list[Value]:
    """The values of a row as rules leave them.

    Args:
        values: of different columns.
        rules: those about other columns are passed over.
        threshold: confidence, 0 … 1, from which on a value is accepted.
    """
    readings = {value.column: value.readings for value in values if value.text is not None}
    settled = settle(readings, rules) if rules else {}
    return [
        _ruled(value, settled[value.column], threshold) if value.column in settled else value
        for value in values
    ]


def settle_page(
    own: Sequence[Value],
    tables: Sequence[Rows],
    of_rows: Sequence[Rule],
    of_pages: Sequence[Rule],
    threshold: float,
) -> tuple[list[Value], list[Rows]]:
    """The values of a page as rules leave them.

    The rules of the page choose among what those of each row have left. Where they take a cell for something else, its
    row is asked again with that.

    Args:
        own: values of the page.
        tables: of each its rows.
        of_rows, of_pages: the rules (`rule_places.place_rules`).
        threshold: as for `settle_row`.
    """
    own = settle_row(own, of_rows, threshold)
    settled = [[settle_row(row, of_rows, threshold) for row in table] for table in tables]
    if not of_pages:
        return own, settled
    joined = {name for rule in of_pages for name in rule.columns}
    cells = [cell for table in settled for number, row in enumerate(table, 1) for cell in _cells(row, number)]
    ruled = {value.column: value for value in settle_row([*own, *cells], of_pages, threshold)}

    def again(first: Sequence[Value], row: Sequence[Value], number: int) -> list[Value]:
        fixed = {
            value.column: replace(ruled[cell.column], column=value.column)
            for value, cell in zip(row, _cells(row, number), strict=True)
            if cell.column in joined
        }
        if any(value.column in fixed and fixed[value.column].text != value.text for value in row):
            sure = [
                replace(now, readings=((now.text, now.confidence),))
                if (now := fixed.get(value.column)) and now.text is not None and now.confidence is not None
                else value
                for value in first
            ]
            row = settle_row(sure, of_rows, threshold)
        return [fixed.get(value.column, value) for value in row]

    return [ruled[value.column] for value in own], [
        [again(first, row, number) for number, (first, row) in enumerate(zip(table, rows, strict=True), 1)]
        for table, rows in zip(tables, settled, strict=True)
    ]


def _cells(row: Sequence[Value], number: int) -> list[Value]:
    """The values of a table's row under the names that rules of a page know them by."""
    return [replace(value, column=cell_name(value.column, number)) for value in row]


def _ruled(value: Value, settled: Settled, threshold: float) -> Value:
    """A value that rules speak of: the text that keeps them, if that is sure enough; else someone looks at it."""
    rules = " and ".join(_shortened(rule) for rule in settled.rules)
    if settled.text is None:
        return replace(value, accepted=False, reason=f"{rules}: no reading fits")
    if not value.writing:
        return value
    others = [reading for reading in value.readings if reading[0] != settled.text]
    # What the rules leave to others is shared among these as before.
    scale = min(1.0, (1 - settled.confidence) / max(sum(share for _, share in others), 1e-9))
    readings = (settled.text, settled.confidence), *((text, share * scale) for text, share in others)
    value = replace(value, readings=readings)
    if settled.confidence >= threshold:
        return replace(value, text=settled.text, confidence=settled.confidence, accepted=True, reason="")
    leaves = f"{rules} leaves {settled.confidence:.0%} for {settled.text or 'nothing'}"
    reason = leaves if settled.text != value.text else value.reason or leaves
    return replace(value, accepted=False, reason=reason)


def _shortened(rule: str) -> str:
    """A rule without its middle, where it is too long to be read."""
    return rule if len(rule) <= LONGEST_RULE else f"{rule[: LONGEST_RULE // 2]}…{rule[-LONGEST_RULE // 2 :]}"
