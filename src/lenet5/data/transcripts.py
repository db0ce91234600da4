"""Lists of pictures and what they say (labels.csv): a CSV table with the columns file and label."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import DataError
from .idx import data_errors

__all__ = ["FILE_COLUMNS", "LABEL_COLUMNS", "TABLE", "find_column", "header", "read_transcripts"]

TABLE = "labels.csv"  # the name of the table in a folder of pictures
FILE_COLUMNS, LABEL_COLUMNS = ("file", "filename", "path", "image"), ("label", "class", "character")
DELIMITERS = ",;\t"


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
            sentence names the line.
    """
    table = Path(source)
    table = table / TABLE if table.is_dir() or not table.suffix else table
    try:
        with data_errors(table), table.open(encoding="utf-8-sig", newline="") as stream:
            names, delimiter = header(stream.readline())
            columns = find_column(names, FILE_COLUMNS), find_column(names, LABEL_COLUMNS)
            if columns[0] is None or columns[1] is None:
                raise DataError(f"{table} must have a line of column names, file and label among them")
            reader = csv.reader(stream, delimiter=delimiter)
            rows = [(reader.line_num + 1, row) for row in reader if any(row)]
    except UnicodeDecodeError as error:
        raise DataError(f"{table} is not text in UTF-8: save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{table} is not valid CSV: {error}") from error
    if not rows:
        raise DataError(f"{table} lists no pictures")
    return [_transcript(table, number, row, (columns[0], columns[1]), must_exist) for number, row in rows]


def _transcript(
    table: Path, number: int, row: Sequence[str], columns: tuple[int, int], must_exist: bool
) -> tuple[Path, str]:
    """The picture and the text of one row."""
    name, label = (row[column].strip() if column < len(row) else "" for column in columns)
    if not name or not label:
        raise DataError(f"line {number} of {table} lacks the file or the label")
    places = table.parent / name, table.parent / "images" / name
    path = next((place for place in places if place.is_file()), None)
    if path is None and must_exist:
        raise DataError(f"{table} names {name} in line {number}, but {places[0]} is not there")
    return path or places[0], label
