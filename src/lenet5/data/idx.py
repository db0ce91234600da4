"""IDX, the format of MNIST: a header that says type and sizes, then the values, all big-endian.

    0x00 0x00 TYPE DIMENSIONS   then a 4-byte size for each dimension, then the values, the last index fastest

The whole is often gzipped. Everything the header promises is checked, and nothing more may follow.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import math
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .. import atomic
from ..errors import DataError, InputError

__all__ = ["TYPES", "data_errors", "read_idx", "write_idx"]

# The third byte of the magic number -> the type of the values.
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_CODES = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
_MOST_DIMENSIONS = 32  # what NumPy 1 can hold; MNIST has 3
_CHUNK = 1 << 24
_REASONS = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "there is no permission to read it",
    errno.EPERM: "there is no permission to read it",
}


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


@contextlib.contextmanager
def data_errors(path: object) -> Iterator[None]:
    """Turn an error of the system into a sentence.

    Args:
        path: the file or folder that is read.

    Raises:
        DataError: it cannot be read.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise DataError(f"cannot read {path}: {reason}") from error


def read_idx(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    dimensions: int | None = None,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """Read an IDX file, gzipped or not, whatever its name.

    Args:
        source: a path, or a file open for reading bytes.
        dimensions: number that the array must have, if given.
        dtype: type that its values must have, if given.

    Returns:
        The array, in this machine's byte order.

    Raises:
        DataError: the file is missing, not IDX, damaged, too short or too long, or another array is in it.
    """
    if not isinstance(source, str | os.PathLike):
        name = getattr(source, "name", None)
        return _parse(str(name) if isinstance(name, str) else "the IDX data", source, dimensions, dtype)
    with data_errors(source), Path(source).open("rb") as stream:
        return _parse(str(source), stream, dimensions, dtype)


def _parse(name: str, stream: _Readable, dimensions: int | None, dtype: DTypeLike | None) -> NDArray[Any]:
    head = bytes(_take(stream, 2))
    # A file of two or more chained readers would need seek; joining the two bytes back works for pipes too.
    whole = _Rejoined(head, stream)
    if head == b"\x1f\x8b":
        try:
            return _values(name, gzip.GzipFile(fileobj=cast(BinaryIO, whole), mode="rb"), dimensions, dtype)
        except EOFError as error:
            raise DataError(f"{name} is cut off: its gzip stream has no end; fetch it again") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{name} is damaged: its gzip stream is not valid ({error})") from error
    return _values(name, whole, dimensions, dtype)


class _Rejoined:
    """A stream of which the first bytes have been read already."""

    def __init__(self, head: bytes, rest: _Readable) -> None:
        self.head, self.rest = head, rest

    def read(self, size: int = -1) -> bytes:
        if not self.head:
            return self.rest.read(size) or b""
        if size < 0:
            taken, self.head = self.head + self.rest.read(), b""
        else:
            taken, self.head = self.head[:size], self.head[size:]
        return taken


def _values(name: str, stream: _Readable, dimensions: int | None, dtype: DTypeLike | None) -> NDArray[Any]:
    magic = _take(stream, 4)
    if not magic:
        raise DataError(f"{name} is empty; fetch it again")
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(f"{name} is not an IDX file: it begins with {magic.hex(' ')} and not with 00 00")
    code, count = magic[2:]
    if code not in TYPES:
        known = ", ".join(f"{code:02x}" for code in TYPES)
        raise DataError(f"{name} is not an IDX file: its type of values is {code:02x} and none of {known}")
    if not 1 <= count <= _MOST_DIMENSIONS:
        raise DataError(f"{name} is not an IDX file that can be used: it has {count} dimensions")
    kind = np.dtype(TYPES[code])
    if dimensions is not None and count != dimensions:
        raise DataError(f"{name} has {count} dimensions where {dimensions} are needed: is it another file?")
    if dtype is not None and kind.newbyteorder("=") != np.dtype(dtype):
        raise DataError(f"{name} holds values of type {kind.name} where {np.dtype(dtype).name} is needed")
    sizes = _take(stream, 4 * count)
    if len(sizes) < 4 * count:
        raise DataError(f"{name} is cut off in its header; fetch it again")
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    size = math.prod(shape) * kind.itemsize
    body = _take(stream, size + 1)  # one more byte, to see that nothing follows
    shape_text = "×".join(map(str, shape))
    if len(body) < size:
        raise DataError(
            f"{name} is cut off: its header promises {shape_text} values of type {kind.name}, {size:,} bytes, "
            f"but {len(body):,} follow; fetch it again"
        )
    if len(body) > size:
        raise DataError(f"{name} is damaged: there is more in it than the {shape_text} values of its header")
    try:
        values = np.frombuffer(body, kind).reshape(shape)
    except ValueError as error:  # sizes of which one is 0 and the others overflow
        raise DataError(f"{name} is not an IDX file that can be used: its sizes are {shape_text}") from error
    # A bytearray can be written to: where the byte order fits there is nothing to copy.
    return values.astype(kind.newbyteorder("="), copy=False)


def _take(stream: _Readable, size: int) -> bytearray:
    """Up to `size` bytes. In chunks, for a damaged header may ask for more than any memory holds."""
    taken = bytearray()
    while len(taken) < size:
        chunk = stream.read(min(size - len(taken), _CHUNK))
        if not chunk:
            break
        taken += chunk
    return taken


def write_idx(path: str | os.PathLike[str], array: ArrayLike) -> None:
    """Write an array as IDX, whole or not at all. The same array gives the same bytes, whenever it is written.

    Args:
        path: the file; gzipped if its name ends in .gz.
        array: of one of TYPES, in any byte order; values are never converted.

    Raises:
        InputError: IDX does not have this type, or this number of dimensions.
        SaveError: the file cannot be written.
    """
    array = np.asarray(array)
    kind = array.dtype.newbyteorder("=")
    if kind not in _CODES:
        known = ", ".join(known.name for known in _CODES)
        raise InputError(f"IDX has no values of type {array.dtype}: convert them to one of {known}")
    if not 1 <= array.ndim <= _MOST_DIMENSIONS or max(array.shape) >= 2**32:
        raise InputError(f"an array of the shape {array.shape} does not fit into IDX")
    head = bytes([0, 0, _CODES[kind], array.ndim]) + np.array(array.shape, ">u4").tobytes()
    values = np.ascontiguousarray(array, kind.newbyteorder(">"))
    with atomic.replacing(path) as stream:
        if Path(path).suffix == ".gz":
            with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as packed:
                packed.write(head)
                packed.write(values.tobytes())
        else:
            stream.write(head)
            stream.write(values.tobytes())
