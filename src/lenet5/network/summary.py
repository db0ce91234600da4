"""The network as a table, Table I and the codes drawn: what `lenet5 summary` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .architecture import TABLE_I, Layer, layers
from .codes import DIGITS, check_classes, codes, draw

__all__ = ["format_table", "to_dict"]

HEADS = ("layer", "kind", "maps", "size", "kernel", "parameters", "connections", "multiply–adds")

NOTES = """\
Connections count biases; a unit of S2 or S4 has four inputs and a bias. The sum of the layers is also the
preprint's figure; the printed article says 345,308. Fig. 11 gives about 401,000 multiply–accumulates for one
character; here a subsampling window is summed and multiplied once, and biases are not counted."""


def _row(layer: Layer) -> tuple[str, ...]:
    kernel = f"{layer.kernel}×{layer.kernel}" if layer.kernel > 1 else ""
    counts = (layer.parameters, layer.connections, layer.multiply_adds)
    return (
        layer.name, layer.kind, str(layer.maps), f"{layer.side}×{layer.side}", kernel,
        *(f"{count:,}" if count or layer.kind != "input" else "" for count in counts),
    )  # fmt: skip


def format_table(classes: Sequence[str] = DIGITS) -> str:
    """The table with its totals, Table I, and the codes of the classes, as lines of text.

    Raises InputError for a class without a code, or named twice.
    """
    all_layers = layers(len(check_classes(classes)))
    totals = [
        f"{sum(getattr(layer, name) for layer in all_layers):,}"
        for name in ("parameters", "connections", "multiply_adds")
    ]
    rows = [HEADS, *map(_row, all_layers), ("total", "", "", "", "", *totals)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(-1, "-" * len(lines[1]))
    lines.insert(1, "-" * len(lines[0]))
    table = ["Table I: the S2 maps (rows) that each C3 map (columns) reads", ""]
    table.append("    " + " ".join(f"{m:2}" for m in range(len(TABLE_I[0]))))
    table += [f"{s:2}  " + " ".join(f" {mark}" for mark in row) for s, row in enumerate(TABLE_I)]
    drawn = ["The codes of the classes (# = +1, . = −1)", "", draw(classes)]
    return "\n".join([*lines, "", NOTES, "", *table, "", *drawn])


def to_dict(classes: Sequence[str] = DIGITS) -> dict[str, Any]:
    """The same as data that JSON can hold. Raises InputError for a class without a code, or named twice."""
    described = [
        {
            "layer": layer.name,
            "kind": layer.kind,
            "maps": layer.maps,
            "size": [layer.side, layer.side],
            "kernel": layer.kernel or None,
            "parameters": layer.parameters,
            "connections": layer.connections,
            "multiply_adds": layer.multiply_adds,
            "reads": [list(maps) for maps in layer.reads],
        }
        for layer in layers(len(check_classes(classes)))
    ]
    return {
        "layers": described,
        "totals": {
            name: sum(layer[name] for layer in described)
            for name in ("parameters", "connections", "multiply_adds")
        },
        "table_i": list(TABLE_I),
        "codes": dict(zip(classes, codes(classes).astype(int).tolist(), strict=True)),
    }
