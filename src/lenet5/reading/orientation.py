"""A line that is upside down, or turned by a quarter: read again in the other directions where it reads badly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..imaging.geometry import Box
from .results import UNSURE, Result

__all__ = ["ORIENTATION", "OrientationSettings", "read_in_other_directions"]


LOW_SIGNS = (".", ",")


@dataclass(frozen=True)
class OrientationSettings:
    """When other directions are tried, and which reading is taken. Chosen on drawn numbers of four digits.

    The demands are high, because what is no writing is read three times more. `glance` was chosen on every fifth cheque
    amount of both halves: upside down those that are read so reach 0.77, upright ones 0.57 at most.
    """

    doubtful: float = 0.5  # confidence of a reading with a `?` from which on no other direction is tried
    characters: tuple[int, int] = (3, 30)  # of a reading in another direction that is taken, least and most
    confidence: float = 0.75  # of such a reading, at least
    each: float = 0.85  # of each of its characters, at least
    lines: int = 1  # of such a reading, at most
    glance: float = 0.65  # confidence of a line upside down at a glance, from which on it is read so
    widest: float = (
        2.0  # width over height of an image from which on no quarter is tried: a line stands upright in it
    )


ORIENTATION = OrientationSettings()


def read_in_other_directions(
    image: NDArray[np.float32],
    result: Result,
    read: Callable[[NDArray[np.float32]], Result],
    settings: OrientationSettings = ORIENTATION,
    glance: Callable[[], float] = lambda: 1.0,
) -> Result:
    """The result, or where it is doubtful a surer one of the image upside down or turned by a quarter.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        result: its reading as it stands.
        read: reads an image; raises PictureError where there is nothing to read.
        settings: what is doubtful, and what is surer.
        glance: the confidence, 0 … 1, of a quick reading upside down; a low one spares the whole reading.

    Returns:
        The result that is taken: `turned` says by how many degrees, clockwise, the image had to be turned for it; boxes
        are in pixels of the image as it stands.
    """
    if not _is_doubtful(result, settings):
        return result
    best = result
    wide = image.shape[1] > settings.widest * image.shape[0]
    for quarters in (2,) if wide else (2, 1, 3):  # counter-clockwise
        if quarters == 2 and glance() < settings.glance:
            continue
        try:
            other = read(np.ascontiguousarray(np.rot90(image, quarters)))
        except PictureError:
            continue
        if quarters == 2 and _low_signs(other) < _low_signs(result):
            continue  # they stand at the foot of the digits, and would stand at their head
        if not _is_sure(other, settings) or (best.turned and best.confidence >= other.confidence):
            continue
        placed = other.map_boxes(partial(_turned_back, quarters, *image.shape[:2]))
        best = replace(placed, turned=(-90 * quarters) % 360)
    return best


def _is_doubtful(result: Result, settings: OrientationSettings) -> bool:
    count = len(result.characters)
    return (
        UNSURE in result.text
        and result.confidence < settings.doubtful
        and 1 < count <= settings.characters[1]
    )


def _is_sure(result: Result, settings: OrientationSettings) -> bool:
    characters = result.characters
    least, most = settings.characters
    return (
        UNSURE not in result.text
        and len(result.lines) <= settings.lines
        and least <= len(characters) <= most
        and result.confidence >= settings.confidence
        and min(character.confidence for character in characters) >= settings.each
    )


def _low_signs(result: Result) -> int:
    """Number of points and commas that were read, shown or not."""
    return sum(
        (c.alternatives[0].text if c.text == UNSURE and c.alternatives else c.text) in LOW_SIGNS
        for c in result.characters
    )


def _turned_back(quarters: int, rows: int, columns: int, box: Box) -> Box:
    """A box of an image that was turned counter-clockwise by quarters, in the image of (rows, columns) before."""
    left, top, width, height = box
    if quarters == 2:
        return columns - left - width, rows - top - height, width, height
    if quarters == 1:  # row r, column c of the turned image is row c, column columns − 1 − r
        return columns - top - height, left, height, width
    return top, rows - left - width, height, width
