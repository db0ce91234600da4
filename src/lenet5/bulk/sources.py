"""What is read in bulk: pictures by path or as bytes, and arrays of characters, some at a time in a fixed order."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.archives import read_npz
from ..data.idx import data_errors, read_idx
from ..errors import DataError, InputError
from ..network.architecture import FIELD
from .parquet_columns import column_fields, holds_files, image_column, pyarrow_parquet, rebatched

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = [
    "ARRAYS",
    "PICTURES",
    "Arrays",
    "Chunk",
    "FrameGroups",
    "Pictures",
    "Source",
    "open_sources",
    "paths_of",
]

PICTURES = 256  # pictures of a part, at most: what a kill can cost is seconds
ARRAYS = 16_384  # characters of a part, at most: 13 MB, a handful of which are held at a time
_DECODED = 4096  # rows of a column of lists that are decoded at a time: 13 MB, as 32-bit numbers
_KINDS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".pbm", ".pdf",
          ".heic", ".heif", ".avif")  # fmt: skip
_NPZ_IMAGES = ("images", "x", "x_test", "x_train")  # arrays of an npz, the first that is there


@dataclass(frozen=True)
class Pictures:
    """Some pictures of a source.

    Args:
        names: what the results call them.
        contents: of each, a path or the bytes of a file; the paths of several pictures of one thing; or a sentence why
            it cannot be had.
    """

    names: Sequence[str]
    contents: Sequence[Path | bytes | tuple[Path, ...] | DataError]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Arrays:
    """Some characters of a source.

    Args:
        name: of the source.
        first: index of the first of them in the source, from 0.
        images: (n, 28, 28) uint8, 255 = ink.
    """

    name: str
    first: int
    images: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images)


Chunk = Pictures | Arrays


class Source(ABC):
    """Something that holds pictures or arrays of characters.

    Attributes:
        name: as it was given.
        count: of pictures or characters in it.
        part: how many of them make a part.
    """

    name: str
    count: int
    part: int

    @abstractmethod
    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """The contents in a fixed order, `part` at a time; the first `skip` chunks are left out."""

    def identity(self) -> list[Any]:
        """What a run that goes on compares: the name, the count, and the file's size and time."""
        try:
            state = Path(self.name).stat()
        except OSError:
            return [self.name, self.count]
        return [self.name, self.count, state.st_size, state.st_mtime_ns]


class PathList(Source):
    """Pictures by path: those named, or every picture under a folder."""

    def __init__(self, name: str, paths: Sequence[str]) -> None:
        self.name, self.paths, self.count, self.part = name, paths, len(paths), PICTURES

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Paths; each is opened where it is read."""
        for first in range(skip * self.part, self.count, self.part):
            some = self.paths[first : first + self.part]
            yield Pictures(some, [Path(path) for path in some])

    def identity(self) -> list[Any]:
        """The digest of the paths, in their order."""
        return [self.name, self.count, hashlib.sha256("\0".join(self.paths).encode()).hexdigest()]


class FrameGroups(Source):
    """Pictures by path, several of one thing: each group is read as one."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self.name, self.groups, self.count, self.part = "groups of pictures", groups, len(groups), PICTURES

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """The paths of groups; a group has the name of its first picture."""
        for first in range(skip * self.part, self.count, self.part):
            some = self.groups[first : first + self.part]
            yield Pictures([group[0] for group in some], [tuple(map(Path, group)) for group in some])

    def identity(self) -> list[Any]:
        """The digest of the groups, in their order."""
        text = "\0\0".join("\0".join(group) for group in self.groups)
        return [self.name, self.count, hashlib.sha256(text.encode()).hexdigest()]


class ZipSource(Source):
    """Pictures in a zip file, in the order of its directory."""

    def __init__(self, path: Path) -> None:
        self.name, self.part = str(path), PICTURES
        with self._open() as archive:
            self.members = [info for info in archive.infolist() if _is_picture(info.filename)]
        self.count = len(self.members)

    @contextlib.contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        try:
            with data_errors(self.name), zipfile.ZipFile(self.name) as archive:
                yield archive
        except zipfile.BadZipFile as error:
            raise DataError(f"{self.name} is no zip file that can be read: {error}") from error

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """The bytes of the members."""
        with self._open() as archive:
            for first in range(skip * self.part, self.count, self.part):
                some = self.members[first : first + self.part]
                names = [f"{self.name}:{info.filename}" for info in some]
                yield Pictures(names, [self._member(archive, info) for info in some])

    def _member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | DataError:
        try:
            return archive.read(info)
        except Exception as error:  # zlib, zipfile and encryption have a dozen ways to say it
            return DataError(f"{self.name}:{info.filename} cannot be unpacked: {error}")


class TarSource(Source):
    """Pictures in a tar file, compressed or not, in its order: one pass for the names, one for the contents."""

    def __init__(self, path: Path) -> None:
        self.name, self.part = str(path), PICTURES
        with self._open() as archive:
            self.count = sum(1 for member in archive if self._wanted(member))

    @contextlib.contextmanager
    def _open(self) -> Iterator[tarfile.TarFile]:
        try:
            with data_errors(self.name), tarfile.open(self.name) as archive:
                yield archive
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{self.name} is no tar file that can be read: {error}") from error

    @staticmethod
    def _wanted(member: tarfile.TarInfo) -> bool:
        return member.isfile() and _is_picture(member.name)

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """The bytes of the members."""
        names: list[str] = []
        contents: list[Path | bytes | DataError] = []
        index = -1
        with self._open() as archive:
            for member in archive:
                if not self._wanted(member):
                    continue
                index += 1
                if index < skip * self.part:
                    continue
                stream = archive.extractfile(member)
                names.append(f"{self.name}:{member.name}")
                contents.append(stream.read() if stream else DataError(f"{member.name} holds no file"))
                if len(names) == self.part:
                    yield Pictures(names, contents)
                    names, contents = [], []
        if names:
            yield Pictures(names, contents)


class ArraySource(Source):
    """Characters in an array on disk (IDX, npy, npz)."""

    def __init__(self, path: Path, images: NDArray[Any]) -> None:
        self.name, self.part, self.count = str(path), ARRAYS, len(images)
        self.images = _fields(images, self.name)

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Slices of the array."""
        for first in range(skip * self.part, self.count, self.part):
            yield Arrays(self.name, first, np.ascontiguousarray(self.images[first : first + self.part]))


class ParquetSource(Source):
    """A column of a Parquet file: the bytes of image files, or 784 values a row.

    Args:
        path: the file.
        column: its name; None: the only one that can be read.
    """

    def __init__(self, path: Path, column: str | None = None) -> None:
        self.name = str(path)
        with self._open() as table:
            self.column = image_column(table.schema_arrow, self.name, column)
            self.count = table.metadata.num_rows
            kind = table.schema_arrow.field(self.column).type
        self.encoded = holds_files(kind)
        self.part = PICTURES if self.encoded else ARRAYS

    @contextlib.contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        parquet = pyarrow_parquet()
        import pyarrow

        try:
            with data_errors(self.name), parquet.ParquetFile(self.name) as table:
                yield table
        except pyarrow.ArrowException as error:
            raise DataError(f"{self.name} is no Parquet file that can be read: {error}") from error

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Rows of the column; row groups before the first chunk are not decoded."""
        with self._open() as table:
            wanted, group, first = skip * self.part, 0, 0  # first: row at which the row group begins
            while group + 1 < table.num_row_groups:
                rows = table.metadata.row_group(group).num_rows
                if first + rows > wanted:
                    break
                first, group = first + rows, group + 1
            batches = table.iter_batches(
                min(self.part, _DECODED), list(range(group, table.num_row_groups)), columns=[self.column]
            )
            for column in rebatched(batches, self.part, wanted - first):
                yield self._chunk(column, wanted)
                wanted += len(column)

    def _chunk(self, column: pa.Array, first: int) -> Chunk:
        if not self.encoded:
            return Arrays(self.name, first, column_fields(column, self.name))
        import pyarrow.types as types

        if types.is_struct(column.type):
            column = column.field("bytes")
        names = [f"{self.name}:{first + row}" for row in range(len(column))]
        contents = [
            value if value is not None else DataError(f"{name} is empty")
            for name, value in zip(names, column.to_pylist(), strict=True)
        ]
        return Pictures(names, contents)


def open_sources(sources: Iterable[str], column: str | None = None) -> list[Source]:
    """What is to be read, in the order given; neighbouring pictures are one source.

    Args:
        sources: pictures, folders, zip and tar files, Parquet, IDX, npy and npz files.
        column: of Parquet files.

    Returns:
        The sources.

    Raises:
        DataError: a file is missing or damaged.
        InputError: there is nothing to read.
    """
    opened: list[Source] = []
    pictures: list[str] = []
    for name in sources:
        source = None if _is_plain(name) else _open_source(Path(name), column)
        if source is None:
            pictures.append(name)
            continue
        if pictures:
            opened.append(PathList("pictures", pictures))
            pictures = []
        opened.append(source)
    if pictures:
        opened.append(PathList("pictures", pictures))
    if not sum(source.count for source in opened):
        raise InputError("there is nothing to read: no picture and no array in what was named")
    return opened


def paths_of(sources: Iterable[Source]) -> list[str]:
    """The paths of pictures and folders. Raises InputError for what is in no file of its own."""
    paths: list[str] = []
    for source in sources:
        if not isinstance(source, PathList):
            raise InputError(
                f"{source.name} holds no picture files: pictures of one thing are named, or in a folder"
            )
        paths += source.paths
    return paths


def _open_source(path: Path, column: str | None) -> Source | None:
    """The source that a path names; None for a picture."""
    if path.is_dir():
        return PathList(str(path), _under(path))
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = suffixes[-1] if suffixes else ""
    if last == ".zip":
        return ZipSource(path)
    if ".tar" in suffixes[-2:] or last in (".tgz", ".tbz2", ".txz"):
        return TarSource(path)
    if last in (".parquet", ".pq"):
        return ParquetSource(path, column)
    if last == ".npy":
        return ArraySource(path, _read_npy(path))
    if last == ".npz":
        arrays, held = read_npz(path, _NPZ_IMAGES)
        if not arrays:
            raise DataError(
                f"{path} has the arrays {', '.join(held)} and none called {' or '.join(_NPZ_IMAGES)}"
            )
        return ArraySource(path, next(arrays[name] for name in _NPZ_IMAGES if name in arrays))
    if "idx" in path.name or "ubyte" in path.name:
        return ArraySource(path, read_idx(path))
    return None


def _is_plain(name: str) -> bool:
    return name.lower().endswith(_KINDS) and not Path(name).is_dir()


def _is_picture(name: str) -> bool:
    parts = Path(name).parts
    return name.lower().endswith(_KINDS) and not any(part.startswith((".", "__")) for part in parts)


def _under(folder: Path) -> list[str]:
    """Every picture under a folder, in the order of names, folder by folder; links to folders are not followed."""
    paths: list[str] = []
    with data_errors(folder):
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir(follow_symlinks=False):
            paths += _under(Path(entry.path))
        elif _is_picture(entry.name) and entry.is_file():
            paths.append(entry.path)
    return paths


def _read_npy(path: Path) -> NDArray[Any]:
    """An array in a .npy file, left on disk until it is asked for."""
    try:
        with data_errors(path):
            array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path} is no .npy file of numbers: {error}") from error
    return array


def _fields(images: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Check that an array holds characters of 28×28, as uint8."""
    size = FIELD * FIELD
    if images.ndim == 2 and images.shape[1] == size:
        images = images.reshape(-1, FIELD, FIELD)
    if images.ndim != 3 or images.shape[1:] != (FIELD, FIELD) or images.dtype != np.uint8:
        raise DataError(
            f"{name} holds an array of shape {images.shape} and type {images.dtype}: reading in bulk takes "
            f"N×{FIELD}×{FIELD} or N×{size} uint8, 255 = ink"
        )
    return images


def listed(stream: IO[str]) -> list[str]:
    """The sources named on standard input, one a line."""
    return [line for raw in stream if (line := raw.rstrip("\r\n"))]
