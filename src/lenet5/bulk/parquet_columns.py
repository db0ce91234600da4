"""Columns of Parquet files as pictures: which can be read, and their rows some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, InputError, MissingExtraError
from ..network.architecture import FIELD

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_fields", "holds_files", "image_column", "pyarrow_parquet", "rebatched"]


def pyarrow_parquet() -> Any:
    """The module pyarrow.parquet.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "Parquet needs pyarrow, which is not installed: pip install 'lenet5-1998[bulk]' brings it"
        ) from error
    return pyarrow.parquet


def holds_files(kind: pa.DataType) -> bool:
    """Whether a column's values are files: bytes, or the struct of bytes and path that data sets use."""
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(
            kind.field(i).name == "bytes" and holds_files(kind.field(i).type) for i in range(kind.num_fields)
        )
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _holds_pixels(kind: pa.DataType) -> bool:
    """Whether a column's values are lists of uint8, nested or not."""
    import pyarrow.types as types

    while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        kind = kind.value_type
        if types.is_uint8(kind):
            return True
    return bool(types.is_fixed_size_binary(kind) and kind.byte_width == FIELD * FIELD)


def image_column(schema: pa.Schema, name: str, wanted: str | None) -> str:
    """The column to read: the one that is wanted, else the only one of pictures. Raises InputError."""
    usable = [field.name for field in schema if holds_files(field.type) or _holds_pixels(field.type)]
    if wanted is not None:
        if wanted not in schema.names:
            raise InputError(f"{name} has no column {wanted!r}, but {', '.join(schema.names)}")
        if wanted not in usable:
            raise InputError(
                f"the column {wanted!r} of {name} holds neither files of pictures nor 784 bytes a row"
            )
        return wanted
    if len(usable) != 1:
        what = "none of its columns" if not usable else f"more than one of its columns ({', '.join(usable)})"
        raise InputError(f"{name}: {what} can be read as pictures; name one with --column")
    return str(usable[0])


def rebatched(batches: Iterable[pa.RecordBatch], size: int, skip: int = 0) -> Iterator[pa.Array]:
    """Arrays of exactly `size` rows after the first `skip`, the last shorter, whatever the row groups are."""
    import pyarrow as pa

    held: list[pa.Array] = []
    rows = 0
    for batch in batches:
        column = batch.column(0).slice(skip)  # beyond the end: of no rows
        skip = max(0, skip - batch.num_rows)
        while rows + len(column) >= size:
            held.append(column.slice(0, size - rows))
            yield pa.concat_arrays(held)
            column, held, rows = column.slice(size - rows), [], 0
        if len(column):
            held.append(column)
            rows += len(column)
    if held:
        yield pa.concat_arrays(held)


def column_fields(column: pa.Array, name: str) -> NDArray[np.uint8]:
    """The pixels of a column, (n, 28, 28)."""
    if column.null_count:
        raise DataError(f"{name} has rows without pixels: leave them out before")
    count = len(column)
    import pyarrow.types as types

    if types.is_fixed_size_binary(column.type):
        pixels = np.frombuffer(column.buffers()[1], np.uint8)[column.offset * FIELD**2 :][: count * FIELD**2]
    else:
        while not types.is_uint8(column.type):
            column = column.flatten()
        pixels = column.to_numpy(zero_copy_only=False)
    if len(pixels) != count * FIELD * FIELD:
        raise DataError(f"{name} has rows that are not of {FIELD}×{FIELD} = {FIELD * FIELD} pixels")
    return np.asarray(pixels, np.uint8).reshape(count, FIELD, FIELD)
