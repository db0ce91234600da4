"""Pen digits of the UCI repository as rows of eight points (Alpaydin and Alimoglu 1998)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError
from .trajectories import Trajectories, Writing, from_writings

__all__ = ["is_pen_digits", "read_pen_digits"]

COLUMNS = 17  # x and y of eight points, and the digit
HIGHEST = 100  # coordinates run from 0 to it


def is_pen_digits(text: str) -> bool:
    """Whether a file's text begins with such a row: numbers with commas between."""
    first = text.lstrip().split("\n", 1)[0]
    return first.count(",") == COLUMNS - 1 and not first.startswith(".")


def read_pen_digits(text: str, path: Path) -> Trajectories:
    """Read rows of 16 coordinates, 0 … 100 with y up, and the digit; writers are not known.

    A row tells nothing of where the pen was lifted: each digit is one stroke.

    Raises:
        DataError: a row is damaged; the sentence names its line.
    """
    writings = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = [int(value) for value in line.split(",")]
        except ValueError:
            values = []
        if len(values) != COLUMNS or not 0 <= values[-1] <= 9:
            raise DataError(
                f"{path}, line {number}: 16 coordinates and a digit are needed, with commas between"
            )
        if min(values) < 0 or max(values[:-1]) > HIGHEST:
            raise DataError(f"{path}, line {number}: coordinates run from 0 to {HIGHEST}")
        points = np.array(values[:-1], np.float64).reshape(-1, 2) * (1, -1)
        writings.append(Writing(str(values[-1]), [points]))
    return from_writings(writings, path.name)
