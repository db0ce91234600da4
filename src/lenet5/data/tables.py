"""CSV files as training patterns: a label and 784 pixels a line, or a list of pictures and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..network.architecture import FIELD
from .idx import data_errors
from .image_folder import read_pictures
from .labels import index_labels
from .transcripts import FILE_COLUMNS, LABEL_COLUMNS, find_column, header, read_transcripts

__all__ = ["read_table"]

_PIXELS = FIELD * FIELD
_LINES = 4096  # parsed at a time


def read_table(path: Path) -> tuple[NDArray[Any], list[str]]:
    """Read a CSV file, its columns separated by commas, semicolons or tabs.

    Either the label comes first and 784 values follow, with or without a line of names; or the names file and label
    head two of the columns, and each picture is looked for beside the CSV file, or in images/ there.

    Args:
        path: the file.

    Returns:
        Pixels, (N, 784) float32 with the file's values, or images, (N, 28, 28) uint8; and N labels.

    Raises:
        DataError: the file or a picture cannot be read, or a line is wrong; the text has its number.
    """
    try:
        with data_errors(path), path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            if not first.strip():
                raise DataError(f"{path} is empty, or begins with an empty line")
            names, delimiter = header(first)
            if find_column(names, FILE_COLUMNS) is not None and find_column(names, LABEL_COLUMNS) is not None:
                return _pictures(path)
            headed = not _is_number(names[-1])
            if headed and names[0] not in LABEL_COLUMNS and names[-1] in LABEL_COLUMNS:
                raise DataError(f"{path} has its labels in the last column: put them into the first")
            if not headed:
                stream.seek(0)
            return _pixels(path, enumerate(stream, 2 if headed else 1), delimiter)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8: save it as CSV in UTF-8") from error


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip("\"'"))
    except ValueError:
        return False
    return True


def _pixels(path: Path, lines: Iterable[tuple[int, str]], delimiter: str) -> tuple[NDArray[Any], list[str]]:
    labels: list[str] = []
    parts = []
    for block in _blocks(path, lines, delimiter):
        labels += [label for _, label, _ in block]
        rests = [rest for _, _, rest in block]
        try:
            part = np.loadtxt(rests, np.float32, delimiter=delimiter, comments=None, quotechar='"', ndmin=2)
        except ValueError as error:
            raise _blame(path, block, delimiter) from error
        parts.append(part)
    if not parts:
        raise DataError(f"{path} has no patterns: a label and {_PIXELS} values are needed on each line")
    return np.concatenate(parts), labels


def _blocks(
    path: Path, lines: Iterable[tuple[int, str]], delimiter: str
) -> Iterator[list[tuple[int, str, str]]]:
    """(number, label, the rest) of the lines that are not empty, some at a time."""
    block = []
    for number, line in lines:
        line = line.strip("\r\n")
        if not line.strip():
            continue
        label, _, rest = line.partition(delimiter)
        label = label.strip()
        values = rest.count(delimiter) + 1 if rest else 0
        if values != _PIXELS:
            raise DataError(
                f"line {number} of {path} has {values} values after its label, where {_PIXELS} "
                f"({FIELD}×{FIELD}) are needed; a list of pictures needs the names file,label above it"
            )
        quoted = len(label) > 2 and label[0] == label[-1] and label[0] in "\"'"
        block.append((number, label[1:-1] if quoted else label, rest))
        if len(block) == _LINES:
            yield block
            block = []
    if block:
        yield block


def _blame(path: Path, block: list[tuple[int, str, str]], delimiter: str) -> DataError:
    """The error that names the value at fault."""
    for number, _, rest in block:
        for column, value in enumerate(rest.split(delimiter), 2):
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
