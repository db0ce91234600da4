"""Lists of pictures and what they say (labels.csv, labels.csv.gz): a CSV table with the columns file and label."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from ..errors import DataError
from .idx import data_errors

__all__ = [
    "FILE_COLUMNS",
    "LABEL_COLUMNS",
    "TABLE",
    "find_column",
    "header",
    "open_table",
    "read_transcripts",
]

TABLE = "labels.csv"  # the name of the table in a folder of pictures
FILE_COLUMNS, LABEL_COLUMNS = ("file", "filename", "path", "image"), ("label", "class", "character")
DELIMITERS = ",;\t"
LONGEST = 1 << 20  # characters of the longest line; 784 values have some thousand
GZIP = b"\x1f\x8b"  # how a gzipped file begins, whatever its name


@contextlib.contextmanager
def open_table(path: Path) -> Iterator[TextIO]:
    """A CSV file open for reading, gzipped or not.

    Raises DataError, in the block too, where it cannot be read, is damaged, or no text in UTF-8.
    """
    try:
        with data_errors(path), path.open("rb") as file:
            packed = file.read(2) == GZIP
            file.seek(0)
            with (
                gzip.open(file) if packed else file as contents,
                io.TextIOWrapper(contents, encoding="utf-8-sig", newline="") as stream,
            ):
                yield stream
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8: save it as CSV in UTF-8") from error
    except EOFError as error:
        raise DataError(f"{path} is cut off: its gzip stream has no end; fetch it again") from error
    except zlib.error as error:
        raise DataError(
            f"{path} is damaged: its gzip stream is not valid ({error}); fetch it again"
        ) from error
    except csv.Error as error:
        raise DataError(f"{path} is not valid CSV: {error}") from error


def header(line: str) -> tuple[list[str], str]:
    """The names of the columns in a table's first line, in lower case, and its delimiter."""
    delimiter = max(DELIMITERS, key=line.count)
    return [name.strip().strip("\"'").lower() for name in line.split(delimiter)], delimiter


def find_column(names: Sequence[str], known: Iterable[str]) -> int | None:
    """The place of the first of the known names; None where there is none."""
    return next((names.index(name) for name in known if name in names), None)


def read_transcripts(source: str | os.PathLike[str], *, must_exist: bool = True) -> list[tuple[Path, str]]:
    """Read a list of pictures and the text of each.

    Columns are parted by commas, semicolons or tabs, and may stand in any order among others. Spaces around
    a name or a label, empty lines and a byte order mark are passed over.

    Args:
        source: a table, or a folder with the table labels.csv.
        must_exist: raise for a picture that is missing.

    Returns:
        A path and a text for each row. A picture lies beside the table, or in images/ there.

    Raises:
        DataError: the table is missing or damaged, a row is incomplete, or a picture is missing; the
            sentence names the line. Or a picture lies outside the table's folder, its links followed.
    """
    table = Path(source)
    table = _table_in(table) if table.is_dir() or not table.suffix else table
    with open_table(table) as stream:
        names, delimiter = header(stream.readline(LONGEST))
        columns = find_column(names, FILE_COLUMNS), find_column(names, LABEL_COLUMNS)
        if columns[0] is None or columns[1] is None:
            raise DataError(f"{table} must have a line of column names, file and label among them")
        reader = csv.reader(stream, delimiter=delimiter)
        rows = [(reader.line_num + 1, row) for row in reader if any(row)]
    if not rows:
        raise DataError(f"{table} lists no pictures")
    return [_transcript(table, number, row, (columns[0], columns[1]), must_exist) for number, row in rows]


def _table_in(folder: Path) -> Path:
    """The table in a folder: labels.csv, or labels.csv.gz where that alone is there."""
    packed = folder / f"{TABLE}.gz"
    return packed if packed.is_file() and not (folder / TABLE).exists() else folder / TABLE


def _transcript(
    table: Path, number: int, row: Sequence[str], columns: tuple[int, int], must_exist: bool
) -> tuple[Path, str]:
    """The picture and the text of one row."""
    name, label = (row[column].strip() if column < len(row) else "" for column in columns)
    if not name or not label:
        raise DataError(f"line {number} of {table} lacks the file or the label")
    if "\0" in name:
        raise DataError(f"line {number} of {table} has a zero byte in the name of its file")
    places = table.parent / name, table.parent / "images" / name
    try:
        path = next((place for place in places if place.is_file()), None)
        inside = all(_lies_in(table.parent, place) for place in (places if path is None else [path]))
    except OSError as error:  # a name that is too long, links that go round in a circle
        reason = error.strerror or error
        raise DataError(f"line {number} of {table} names a file that cannot be opened: {reason}") from error
    if not inside:
        # A table that a stranger made could otherwise have any file of this machine opened.
        raise DataError(
            f"line {number} of {table} names {name:.200}, which lies outside the table's folder: move or copy the "
            "picture into it"
        )
    if path is None and must_exist:
        raise DataError(f"{table} names {name:.200} in line {number}, but {places[0]!s:.400} is not there")
    return path or places[0], label


def _lies_in(folder: Path, path: Path) -> bool:
    """Whether a path, its links followed, lies in a folder."""
    return path.resolve().is_relative_to(folder.resolve())
