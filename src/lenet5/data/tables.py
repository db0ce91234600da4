"""CSV files as training patterns: a label and the pixels of a pattern a line, or a list of pictures and labels."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..network.architecture import FIELD
from .image_folder import read_pictures
from .labels import index_labels
from .shapes import SIZES
from .transcripts import (
    FILE_COLUMNS,
    LABEL_COLUMNS,
    LONGEST,
    find_column,
    header,
    open_table,
    read_transcripts,
)

__all__ = ["read_table"]

_LINES = 4096  # parsed at a time


@dataclass(frozen=True)
class _Columns:
    """How a table's lines are laid out: the delimiter, and whether the label ends a line or begins it."""

    delimiter: str
    label_last: bool = False

    def split(self, line: str) -> tuple[str, str]:
        """The label and the values of a line."""
        if self.label_last:
            values, _, label = line.rpartition(self.delimiter)
        else:
            label, _, values = line.partition(self.delimiter)
        label = label.strip()
        quoted = len(label) > 2 and label[0] == label[-1] and label[0] in "\"'"
        return label[1:-1] if quoted else label, values


def read_table(path: Path) -> tuple[NDArray[Any], list[str]]:
    """Read a CSV file, gzipped or not, its columns separated by commas, semicolons or tabs.

    Either each line has a label and 784 values (or 400, of 20×20), with or without a line of names; or the names file
    and label head two of the columns, and each picture is looked for beside the CSV file, or in images/ there. The
    label comes first; or last, where the names say so, or where only the last column can hold labels (a warning then).

    Args:
        path: the file.

    Returns:
        Pixels, (N, values) float32 with the file's values, or images, (N, 28, 28) uint8; and N labels.

    Raises:
        DataError: the file or a picture cannot be read, or a line is wrong; the text has its number.
    """
    with open_table(path) as stream:
        first = stream.readline(LONGEST)
        if not first.strip():
            raise DataError(f"{path} is empty, or begins with an empty line")
        names, delimiter = header(first)
        if find_column(names, FILE_COLUMNS) is not None and find_column(names, LABEL_COLUMNS) is not None:
            return _pictures(path)
        headed = not _is_number(names[-1]) and not _is_number(names[len(names) // 2])
        lines = _lines(path, stream, [] if headed else [first], 2 if headed else 1)
        begin = list(itertools.islice(lines, _LINES))
        label_last = headed and names[0] not in LABEL_COLUMNS and names[-1] in LABEL_COLUMNS
        if not headed and _ends_in_labels([line for _, line in begin], delimiter):
            label_last = True
            warnings.warn(
                f"{path} is taken to have its labels in the last column: the first is the same in every line",
                stacklevel=2,
            )
        return _pixels(path, itertools.chain(begin, lines), _Columns(delimiter, label_last))


def _lines(path: Path, stream: Any, begin: list[str], number: int) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers."""
    rest = iter(lambda: stream.readline(LONGEST), "")
    for count, line in enumerate(itertools.chain(begin, rest), number):
        if len(line) >= LONGEST:
            raise DataError(
                f"line {count} of {path} has more than {LONGEST:,} characters: it is no table of patterns"
            )
        if line.strip():
            yield count, line.strip("\r\n")


def _ends_in_labels(lines: list[str], delimiter: str) -> bool:
    """Whether labels can only stand in the last column: the first, a corner of the picture, never changes."""
    firsts = {line.partition(delimiter)[0].strip() for line in lines}
    lasts = {line.rpartition(delimiter)[2].strip() for line in lines}
    return len(firsts) == 1 and len(lasts) > 1


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip("\"'"))
    except ValueError:
        return False
    return True


def _pixels(
    path: Path, lines: Iterable[tuple[int, str]], columns: _Columns
) -> tuple[NDArray[Any], list[str]]:
    labels: list[str] = []
    parts: list[NDArray[np.float32]] = []
    lines = iter(lines)
    while block := list(itertools.islice(lines, _LINES)):
        split = [(number, *columns.split(line)) for number, line in block]
        _check_widths(path, split, columns, parts[0].shape[1] if parts else None)
        labels += [label for _, label, _ in split]
        rests = [rest for _, _, rest in split]
        try:
            parts.append(
                np.loadtxt(
                    rests, np.float32, delimiter=columns.delimiter, comments=None, quotechar='"', ndmin=2
                )
            )
        except ValueError as error:
            raise _blame(path, split, columns) from error
    if not parts:
        raise DataError(f"{path} has no patterns: a label and {FIELD * FIELD} values are needed on each line")
    return np.concatenate(parts), labels


def _check_widths(
    path: Path, block: list[tuple[int, str, str]], columns: _Columns, width: int | None
) -> None:
    """Raise DataError for a line that has not as many values as a pattern, or as the lines before."""
    for number, _, rest in block:
        values = rest.count(columns.delimiter) + 1 if rest else 0
        if values not in ([side**2 for side in SIZES] if width is None else [width]):
            raise DataError(
                f"line {number} of {path} has {values} values beside its label, where {width or FIELD * FIELD} "
                f"({FIELD}×{FIELD}) are needed; a list of pictures needs the names file,label above it"
                if width in (None, FIELD * FIELD)
                else f"line {number} of {path} has {values} values beside its label, and the lines before have {width}"
            )
        width = values


def _blame(path: Path, block: list[tuple[int, str, str]], columns: _Columns) -> DataError:
    """The error that names the value at fault."""
    for number, _, rest in block:
        for column, value in enumerate(rest.split(columns.delimiter), 1 if columns.label_last else 2):
            if not _is_number(value):
                return DataError(
                    f"line {number}, column {column} of {path} is {value!r:.40} and not a number"
                )
    return DataError(f"lines {block[0][0]} to {block[-1][0]} of {path} hold something that is not a number")


def _pictures(path: Path) -> tuple[NDArray[np.uint8], list[str]]:
    """The pictures of a list, (N, 28, 28), and their labels."""
    listed = read_transcripts(path, must_exist=False)
    labels = [label for _, label in listed]
    index_labels(np.array(labels), None, str(path))  # a label that names no class shows before the long work
    return read_pictures([picture for picture, _ in listed]), labels
