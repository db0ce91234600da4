"""Readings as rows of a table, and the three formats that they are written in: Parquet, CSV, JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..reading.results import UNSURE
from .parquet_columns import pyarrow_parquet

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMNS", "FORMATS", "Characters", "Columns", "encode", "format_of", "join", "to_arrow"]

COLUMNS = ("source", "page", "line", "text", "confidence", "alternatives", "boxes", "error")
FORMATS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl"}

Columns = dict[str, list[Any]]  # as many values in each; the names and their order are the result's


@dataclass(frozen=True, eq=False)
class Characters:
    """Answers to an array of characters: `line` is the index in the source, from 0.

    Args:
        source: name of the source.
        first: index of the first character.
        classes: the characters that `order` indexes.
        order: (n, k), the likeliest classes, the best first.
        confidences: (n, k), theirs.
        accepted: (n,), whether the best is confident enough; it is shown as ? if not.
        items: of those that are not, where they are to be reviewed (review.items).
    """

    source: str
    first: int
    classes: tuple[str, ...]
    order: NDArray[np.int64]
    confidences: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    items: tuple[str, ...] = ()

    def columns(self) -> Columns:
        """The rows as lists."""
        count = len(self.order)
        names = np.array(self.classes)[self.order].tolist()
        shares = self.confidences.tolist()
        sure = self.accepted.tolist()
        # Of a rejected character its best guess is the first alternative.
        others = [
            [
                {"text": t, "confidence": c}
                for t, c in list(zip(row, part, strict=True))[ok : ok + len(row) - 1]
            ]
            for row, part, ok in zip(names, shares, map(int, sure), strict=True)
        ]
        return {
            "source": [self.source] * count,
            "page": [1] * count,
            "line": list(range(self.first, self.first + count)),
            "text": [row[0] if ok else UNSURE for row, ok in zip(names, sure, strict=True)],
            "confidence": [part[0] for part in shares],
            "alternatives": others,
            "boxes": [None] * count,
            "error": [None] * count,
        }

    def to_arrow(self) -> pa.Table:
        """The same rows, made without a Python object for each."""
        import pyarrow as pa

        count, kept = len(self.order), self.order.shape[1] - 1
        texts = _texts((*self.classes, UNSURE))
        first = np.where(self.accepted, self.order[:, 0], len(self.classes))
        places = self.accepted.astype(np.int64)[:, None] + np.arange(kept)
        others = pa.StructArray.from_arrays(
            [
                texts.take(_numbers(np.take_along_axis(self.order, places, 1), pa.int64())),
                _numbers(np.take_along_axis(self.confidences, places, 1), pa.float64()),
            ],
            fields=list(_alternative()),
        )
        offsets = _numbers(np.arange(count + 1, dtype=np.int32) * np.int32(kept), pa.int32())
        schema = _schema(COLUMNS)
        return pa.table(
            [
                pa.repeat(_texts((self.source,))[0], count),
                _numbers(np.ones(count), pa.int32()),
                _numbers(np.arange(self.first, self.first + count), pa.int64()),
                texts.take(_numbers(first, pa.int64())),
                _numbers(self.confidences[:, 0], pa.float64()),
                pa.ListArray.from_arrays(offsets, others, type=schema.field("alternatives").type),
                pa.nulls(count, schema.field("boxes").type),
                pa.nulls(count, pa.string()),
            ],
            schema=schema,
        )


def _numbers(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """All values, one after another, as an Arrow array. pa.array would load pandas: a quarter of the start."""
    import pyarrow as pa

    flat = np.ascontiguousarray(values.reshape(-1), kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)])


def _texts(texts: Sequence[str]) -> pa.Array:
    """Texts as an Arrow array, without pa.array for the same reason."""
    import pyarrow as pa

    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def format_of(path: Path) -> str:
    """The format that a result's name asks for. Raises InputError for another ending."""
    if (kind := FORMATS.get(path.suffix.lower())) is None:
        raise InputError(f"{path} ends in none of {', '.join(FORMATS)}: these are what a table is written as")
    if kind == "parquet":
        pyarrow_parquet()  # before the work, not after it
    return kind


def encode(rows: Columns | Characters, kind: str, columns: Sequence[str]) -> bytes:
    """One part of a result, as the bytes of a file.

    Args:
        rows: what was read.
        kind: of the result: "parquet", "csv" or "jsonl".
        columns: names, in their order.

    Returns:
        The file's bytes; the same rows give the same. A part of a Parquet file is an Arrow stream: `join` compresses
        columns, once.
    """
    if kind == "parquet":
        import pyarrow as pa

        table = rows.to_arrow() if isinstance(rows, Characters) else to_arrow(rows, columns)
        stream = io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(stream, table.schema, options=options) as arrow:
            arrow.write_table(table)
        return stream.getvalue()
    if isinstance(rows, Characters):
        rows = rows.columns()
    values = zip(*(rows[name] for name in columns), strict=True)
    text = io.StringIO(newline="")
    if kind == "csv":
        csv.writer(text).writerows([_cell(value) for value in row] for row in values)
    else:
        for row in values:
            text.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")
    return text.getvalue().encode()


def join(parts: Iterable[Path], stream: BinaryIO, kind: str, columns: Sequence[str]) -> None:
    """Write the parts of a result into one file.

    Args:
        parts: their files, in order.
        stream: where the result goes.
        kind, columns: as for `encode`.
    """
    if kind != "parquet":
        if kind == "csv":
            text = io.StringIO(newline="")
            csv.writer(text).writerow(columns)
            stream.write(text.getvalue().encode())
        for part in parts:
            stream.write(part.read_bytes())
        return
    import pyarrow as pa

    schema = _schema(columns)
    # Numbers hardly repeat: a dictionary of them takes twice the time and gains nothing.
    words = [field.name for field in schema if pa.types.is_string(field.type)]
    with pyarrow_parquet().ParquetWriter(
        stream, schema, compression="zstd", use_dictionary=[*words, "alternatives.list.element.text"]
    ) as writer:
        for part in parts:
            with pa.OSFile(str(part)) as file, pa.ipc.open_stream(file) as arrow:
                writer.write_table(arrow.read_all())


def _cell(value: Any) -> Any:
    """A value as a cell of a CSV file: lists as JSON, nothing as an empty cell."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


# --- Parquet -------------------------------------------------------------------------------------------------


def _alternative() -> pa.StructType:
    import pyarrow as pa

    return pa.struct([("text", pa.string()), ("confidence", pa.float64())])


def _schema(columns: Sequence[str]) -> pa.Schema:
    """The types of the columns; those of a form's fields go by their names."""
    import pyarrow as pa

    own = {
        "page": pa.int32(),
        "line": pa.int64(),
        "row": pa.int64(),
        "confidence": pa.float64(),
        "alternatives": pa.list_(_alternative()),
        "boxes": pa.list_(pa.list_(pa.int32())),
    }
    ends = {"confidence": pa.float64(), "accepted": pa.bool_()}
    return pa.schema(
        [
            (name, own.get(name) or ends.get(name.rpartition("_")[2] if "_" in name else "", pa.string()))
            for name in columns
        ]
    )


def to_arrow(rows: Columns, columns: Sequence[str]) -> pa.Table:
    """Rows as a table of these columns, in their order."""
    import pyarrow as pa

    return pa.Table.from_pydict({name: rows[name] for name in columns}, schema=_schema(columns))
