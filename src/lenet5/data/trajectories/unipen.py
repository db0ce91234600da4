"""UNIPEN 1.0 files (Guyon, Schomaker, Plamondon, Liberman and Janet 1994): keywords, and points between them.

A keyword begins with a point at the start of a line. Between .PEN_DOWN and the next keyword stand the points of a
component; .PEN_UP begins a component as well, of points above the paper. .SEGMENT names a character, the
components that it is made of (its delineation) and its label. .INCLUDE reads another file in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..idx import data_errors
from .trajectories import Trajectories, Writing, from_writings

__all__ = ["read_unipen"]

CHARACTERS = ("CHARACTER", "DIGIT")  # levels of the hierarchy whose segments are characters
DEEPEST = 8  # files that include one another; more go round in a circle
_SEGMENT = re.compile(r'(\S+)\s+(\S+)\s+(\S+)\s+"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PART = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")


@dataclass(frozen=True)
class _Segment:
    """A character: its label, its delineation or None, the components before it, and who wrote it."""

    label: str
    delineation: str | None
    first: int
    writer: str
    donor: str


@dataclass
class _Page:
    """What was read so far."""

    components: list[tuple[bool, NDArray[np.float64]]] = field(default_factory=list)  # pen down?, points
    segments: list[_Segment] = field(default_factory=list)
    columns: tuple[str, ...] = ("X", "Y")
    writer: str = ""
    donor: str = ""


def read_unipen(text: str, path: Path) -> Trajectories:
    """The characters of a UNIPEN file and the files that it includes.

    A segment without a delineation ("?") is made of the components that follow it. Segments of bad quality, and
    those of labels that are not one printable character of ASCII, are left out.

    Args:
        text: of the file.
        path: of the file; included files lie in its folder, in folders there, or in include/ beside it or above.

    Raises:
        DataError: the file is damaged or holds no characters.
    """
    page = _Page()
    _read(text, path, page, 1)
    if not page.components:
        raise DataError(
            f"{path} holds no trajectories: it has no .PEN_DOWN, .npz arrays or rows of eight points"
        )
    starts = [segment.first for segment in page.segments if segment.delineation is None]
    writings = []
    for segment in page.segments:
        if segment.delineation is None:
            later = [first for first in starts if first > segment.first]
            chosen = page.components[segment.first : min(later, default=len(page.components))]
            strokes = [points for down, points in chosen if down]
        else:
            strokes = list(_delineated(segment.delineation, page, path))
        writings.append(Writing(segment.label, strokes, segment.writer, segment.donor))
    return from_writings(writings, path.name)


def _read(text: str, path: Path, page: _Page, depth: int) -> None:
    """Read a file's keywords into the page."""
    for keyword, argument, line in _statements(text):
        where = f"{path}, line {line}"
        match keyword:
            case ".INCLUDE":
                if depth == DEEPEST:
                    raise DataError(
                        f"{where}: more than {DEEPEST} files include one another: do they in a circle?"
                    )
                other = _included(argument.strip(), path, where)
                with data_errors(other):
                    _read(other.read_bytes().decode("latin-1"), other, page, depth + 1)
            case ".COORD":
                page.columns = tuple(argument.upper().split())
                if not {"X", "Y"} <= set(page.columns):
                    raise DataError(f"{where}: .COORD must name X and Y")
            case ".PEN_DOWN" | ".PEN_UP":
                page.components.append((keyword == ".PEN_DOWN", _points(argument, page.columns, where)))
            case ".WRITER_ID":
                page.writer = argument.strip()
            case ".DATA_SOURCE":
                page.donor = argument.strip()
            case ".SEGMENT":
                _add_segment(argument, page)


def _statements(text: str) -> Iterator[tuple[str, str, int]]:
    """Each keyword, what follows it up to the next, and its line, from 1."""
    keyword, argument, at = "", list[str](), 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("."):
            if keyword:
                yield keyword, "\n".join(argument), at
            keyword, *rest = line.split(maxsplit=1)
            argument, at = rest, number
        else:
            argument.append(line)
    if keyword:
        yield keyword, "\n".join(argument), at


def _included(name: str, path: Path, where: str) -> Path:
    """The file that is included. Raises DataError for one that leads out of the folders beside the file."""
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise DataError(f"{where}: {name or 'nothing'!r} is no file in this folder or in include/")
    folder = path.parent
    for place in (folder, folder / "include", *(above / "include" for above in list(folder.parents)[:6])):
        if (place / name).is_file():
            return place / name
    raise DataError(
        f"{where}: the file {name} that is included is neither in {folder} nor in an include/ above"
    )


def _points(argument: str, columns: tuple[str, ...], where: str) -> NDArray[np.float64]:
    """The points of a component, (N, 2), y down, for UNIPEN's runs upwards."""
    try:
        values = np.array(argument.split(), np.float64)
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all() or len(values) % len(columns):
        raise DataError(f"{where}: the points of this component are not rows of {' '.join(columns)}")
    rows = values.reshape(-1, len(columns))
    return np.stack([rows[:, columns.index("X")], -rows[:, columns.index("Y")]], 1)


def _add_segment(argument: str, page: _Page) -> None:
    match = _SEGMENT.search(argument)
    if match is None:
        return  # of a page, line or word whose text is not given
    level, delineation, quality, label = match.groups()
    label = re.sub(r"\\(.)", r"\1", label)
    good = quality.upper() != "BAD" and len(label) == 1 and "!" <= label <= "~"
    if level.upper() in CHARACTERS and good:
        parts = None if delineation == "?" else delineation
        page.segments.append(_Segment(label, parts, len(page.components), page.writer, page.donor))


def _delineated(delineation: str, page: _Page, path: Path) -> Iterator[NDArray[np.float64]]:
    """The strokes of a delineation: "4", "3-5", "3:10-5:2" (from point 10 of component 3), with commas between."""
    for part in delineation.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise DataError(f"{path}: the delineation {delineation!r} of a segment cannot be read")
        first, begin, last, end = (None if value is None else int(value) for value in match.groups())
        assert first is not None
        if last is None:
            last, end = first, begin
        if not first <= last < len(page.components):
            raise DataError(
                f"{path}: a segment is made of the components {part}, and there are {len(page.components):,}"
            )
        for number in range(first, last + 1):
            down, points = page.components[number]
            start = begin or 0 if number == first else 0
            stop = end + 1 if number == last and end is not None else len(points)
            if down and len(points[start:stop]):
                yield points[start:stop]
