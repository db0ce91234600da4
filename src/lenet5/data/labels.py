"""The characters that labels, numbers and names of folders stand for."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

__all__ = ["DIGITS", "NO_CHARACTER", "ROWS", "class_of", "folder_of", "index_labels", "text"]

DIGITS = string.digits
LETTERS = string.ascii_uppercase
NO_CHARACTER = -1  # label of a non-character in training data: the rubbish class

# What numbers stand for where no classes are named: the shortest row that is long enough. The fourth and the
# fifth are those of EMNIST, the fourth with the letters merged whose two cases look alike.
ROWS = (
    DIGITS,
    LETTERS,
    DIGITS + LETTERS,
    DIGITS + LETTERS + "abdefghnqrt",
    DIGITS + LETTERS + string.ascii_lowercase,
)

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def class_of(folder: str) -> str | None:
    """The character that a folder's name stands for, or None.

    7, A, a, +: itself. seven: a digit by its name. Sample008: by its place in 0-9A-Za-z from 1, as Chars74K has it.
    upper_A, lower_a: where the system does not tell A from a. U+002F: any character by its number, for those that
    no folder can be called.
    """
    if len(folder) == 1:
        character = folder
    elif folder.lower() in NAMES:
        character = DIGITS[NAMES.index(folder.lower())]
    elif sample := re.fullmatch(r"[Ss]ample(0[0-6][0-9])", folder):
        place = int(sample[1])
        character = ROWS[-1][place - 1] if 1 <= place <= len(ROWS[-1]) else ""
    elif named := re.fullmatch(r"(upper|lower)_([A-Za-z])", folder):
        character = named[2].upper() if named[1] == "upper" else named[2].lower()
    elif numbered := re.fullmatch(r"[Uu]\+([0-9A-Fa-f]{4})", folder):
        character = chr(int(numbered[1], 16))
    else:
        return None
    return character if _printable(character) else None


def folder_of(character: str) -> str:
    """The name of the folder for a character's pictures, also where a system does not tell A from a."""
    if character.isascii() and (character.isdigit() or character.isupper()):
        return character
    if character.isascii() and character.islower():
        return f"lower_{character}"
    return f"U+{ord(character):04X}"


def text(array: NDArray[Any], name: str) -> NDArray[Any]:
    """An array of texts as such, from texts or ASCII bytes. Raises DataError for another type."""
    if array.dtype.kind not in "US":
        raise DataError(f"{name} are of type {array.dtype}: characters are needed")
    try:
        return array.astype(str)
    except UnicodeDecodeError as error:
        raise DataError(f"{name} are not all ASCII") from error


def index_labels(
    labels: NDArray[Any], classes: Sequence[str] | None, name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as indices, (N,) int64, and the classes they index.

    labels: (N,) characters or whole numbers, or (N, classes) one-hot rows of any type of number, N > 0. classes:
    their names; without them, the characters there are, in the order of ASCII, or for numbers a row of ROWS (up to
    26, from 1 on, are A to Z). name: of the data set, for errors. Raises DataError.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.reshape(-1)
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        return _one_hot(labels, classes, name)
    if labels.dtype == bool:
        labels = labels.astype(np.int64)
    if labels.ndim != 1 or labels.dtype.kind not in "iufUS":
        raise DataError(
            f"the labels of {name} have the type {labels.dtype} and the shape {labels.shape}: "
            "one number or character a pattern is needed"
        )
    row = None if classes is None else _checked(classes, name)
    if labels.dtype.kind in "US":
        characters = text(labels, f"the labels of {name}").tolist()
        row = row or _checked(sorted(set(characters)), name)
        index = {character: i for i, character in enumerate(row)}
        strange = sorted(set(characters) - set(index))
        if strange:
            raise DataError(
                f"{name} has the label {strange[0]!r:.60}, which is none of its classes {''.join(row)}"
            )
        return np.array([index[character] for character in characters], np.int64), row
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.rint(labels))).all():
        raise DataError(f"some labels of {name} are not whole numbers")
    return _numbered(labels, row, name)


def _one_hot(
    labels: NDArray[Any], classes: Sequence[str] | None, name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The places of the ones, and the classes that as many columns stand for. Raises DataError."""
    if not (((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all()):
        raise DataError(
            f"the labels of {name} have {labels.shape[1]} columns, but are not one-hot: a single 1 in each row, and 0 "
            "elsewhere, is needed, or one number a pattern"
        )
    columns = labels.shape[1]
    row = None if classes is None else _checked(classes, name)
    row = row or next((tuple(row) for row in ROWS if columns <= len(row)), None)
    if row is None or columns > len(row):
        raise DataError(
            f"the labels of {name} have {columns} columns, more than there are classes with names"
        )
    return labels.argmax(1), row


def _numbered(
    labels: NDArray[Any], row: tuple[str, ...] | None, name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    least, most = int(labels.min()), int(labels.max())
    # EMNIST counts its letters from 1; so may another set whose classes are named.
    if least >= 1 and most == (len(LETTERS) if row is None else len(row)):
        return labels.astype(np.int64) - 1, row or tuple(LETTERS)
    row = row or next((tuple(row) for row in ROWS if most < len(row)), None)
    if least < 0 or row is None or most >= len(row):
        need = f"from 0 to {len(row) - 1}, for there are {len(row)} classes" if row else "classes with names"
        raise DataError(f"the labels of {name} run from {least} to {most}: needed are {need}")
    return labels.astype(np.int64), row


def _printable(character: str) -> bool:
    return len(character) == 1 and " " <= character <= "~"


def _checked(classes: Sequence[str], name: str) -> tuple[str, ...]:
    for character in classes:
        if not _printable(character):
            raise DataError(
                f"{name} has the class {character!r:.60}: a class must be one character of printable ASCII, "
                "for its code is a drawing of it"
            )
    if len(set(classes)) < len(classes):
        raise DataError(f"{name} names a class twice: {''.join(classes)}")
    return tuple(classes)
