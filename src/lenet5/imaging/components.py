"""Connected components of a mask or a foreground: their boxes, the share that large ones hold, and specks removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .broken_strokes import BROKEN_STROKES, BrokenStrokeSettings, broken_strokes, join_stroke
from .order_statistics import median
from .threshold import MASK_LEVEL

__all__ = [
    "CHARACTER_SPECKS",
    "LINE_SPECKS",
    "SIGN_SPECKS",
    "CharacterSpeckSettings",
    "LineSpeckSettings",
    "component_edges",
    "concentration",
    "count_pixels",
    "keep_components",
    "label_columns",
    "label_components",
    "largest_height",
    "remove_character_specks",
    "remove_line_specks",
]

CONNECTIVITY = np.ones((3, 3))  # pixels that touch at a corner are connected
COLUMN = np.array([[0, 1, 0]] * 3)  # pixels of one column only
COUNTED = 2**18  # labels that are counted at once: NumPy copies them to integers twice as large


@dataclass(frozen=True)
class CharacterSpeckSettings:
    """What of a character's foreground is no part of it; chosen by eye on the development pictures."""

    level: float = 0.35  # of a foreground in 0 … 1, above which pixels are connected
    line_thickness: float = 0.12  # share of the image's side: a line at the border is no thicker
    line_length: float = 0.5  # share of the image's side: a line at the border is no shorter
    border: float = 0.15  # share of the image's side: what touches the border within is a neighbour's
    least: float = 0.06  # weight of a component, as a share of the heaviest


@dataclass(frozen=True)
class LineSpeckSettings:
    """What of a line's foreground is a speck; heights and areas in sizes of a character. Chosen by eye on amounts."""

    tall: float = 0.5  # heights of the highest component, from which on one gives a character's size
    area: float = 0.012  # squared sizes: a smaller component is a speck
    mark_height: float = 0.12  # sizes: lower, …
    mark_width: float = 0.25  # … narrower, …
    mark_area: float = 0.03  # … and smaller than this together is a speck as well
    border: float = 0.25  # sizes: a lower component at the upper or lower border is a neighbour's
    broken: BrokenStrokeSettings = BROKEN_STROKES


CHARACTER_SPECKS = CharacterSpeckSettings()
LINE_SPECKS = LineSpeckSettings()
# Where signs are read, points are: a pen's point beside large digits is small. Chosen on drawn lines of signs.
SIGN_SPECKS = LineSpeckSettings(area=0.004, mark_height=0.07, mark_area=0.008)


def label_components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    """Labels of the connected components of a mask, from 1, 0 elsewhere; and how many there are."""
    labels, count = ndimage.label(mask, CONNECTIVITY)
    return labels, int(count)


def label_columns(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Labels of the vertical runs of a mask, from 1, 0 elsewhere; and the length of each, that of 0 first."""
    runs, count = ndimage.label(mask, COLUMN)
    return runs, count_pixels(runs, count)


def count_pixels(labels: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """How many pixels of an array have each label, (1 + count,), from label 0 on."""
    pixels = np.zeros(count + 1, np.intp)
    every = labels.ravel()
    for first in range(0, every.size, COUNTED):
        part = np.bincount(every[first : first + COUNTED])
        pixels[: part.size] += part
    return pixels


def component_edges(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Top, bottom, left, right of each label from 1: (labels, 4); bottom and right are the first pixel after."""
    edges = [(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(labels)]
    return np.array(edges, np.intp).reshape(-1, 4)


def largest_height(mask: NDArray[np.bool_]) -> int:
    """Height of the highest connected component, in pixels; 0 of an empty mask."""
    labels, _ = label_components(mask)
    top, bottom = component_edges(labels)[:, :2].T
    return int((bottom - top).max(initial=0))


def concentration(foreground: NDArray[np.float32], components: int) -> float:
    """Share of a foreground in its heaviest connected components: 1 for writing, little for noise.

    Args:
        foreground: (rows, columns) in 0 … 1.
        components: how many of the heaviest are counted.
    """
    labels, count = label_components(foreground > MASK_LEVEL)
    if count <= components:
        return 1.0
    weight = np.sort(ndimage.sum_labels(foreground, labels, np.arange(1, count + 1)))
    return float(weight[-components:].sum() / weight.sum())


def keep_components(
    foreground: NDArray[np.float32], labels: NDArray[np.intp], keep: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """A foreground of some components alone; the grey rim of a component belongs to it.

    Args:
        foreground: (rows, columns) in 0 … 1.
        labels: (rows, columns) from `label_components`.
        keep: (1 + components,) by label; False first.
    """
    near = ndimage.maximum_filter(keep[labels], 3)
    return np.where(near, foreground, 0).astype(np.float32)


def remove_character_specks(
    foreground: NDArray[np.float32], settings: CharacterSpeckSettings = CHARACTER_SPECKS
) -> NDArray[np.float32]:
    """The components that belong to one character: large enough, and no line along the image's border.

    Args:
        foreground: (rows, columns) in 0 … 1, of an image that holds one character.
        settings: what counts as a speck.
    """
    labels, count = label_components(foreground > settings.level)
    if count <= 1:
        return foreground
    weight = ndimage.sum_labels(foreground, labels, np.arange(1, count + 1))
    rows, columns = foreground.shape
    top, bottom, left, right = component_edges(labels).T
    high, wide = bottom - top, right - left
    touches = (top == 0) | (left == 0) | (bottom == rows) | (right == columns)
    thin, long = settings.line_thickness, settings.line_length
    line = ((high < thin * rows) & (wide > long * columns)) | ((wide < thin * columns) & (high > long * rows))
    neighbour = (high < settings.border * rows) | (wide < settings.border * columns)
    inner = ~(touches & (line | neighbour))
    if not inner.any():
        inner[:] = True
    keep = inner & (weight >= settings.least * weight[inner].max())
    return keep_components(foreground, labels, np.append(False, keep))


def remove_line_specks(
    foreground: NDArray[np.float32], settings: LineSpeckSettings = LINE_SPECKS
) -> NDArray[np.float32]:
    """A line's foreground without components too small for a point, and low ones at the upper or lower border.

    Pieces of a broken stroke are no specks: they are joined.

    Args:
        foreground: (rows, columns) in 0 … 1, of a line of text.
        settings: what counts as a speck.
    """
    labels, count = label_components(foreground > MASK_LEVEL)
    if not count:
        return foreground
    top, bottom, left, right = component_edges(labels).T
    area = count_pixels(labels, count)[1:]
    high, wide = bottom - top, right - left
    size = median(high[high >= settings.tall * high.max()])  # of a character
    small = (
        (high < settings.mark_height * size)
        & (wide < settings.mark_width * size)
        & (area < settings.mark_area * size**2)
    )
    speck = (area < settings.area * size**2) | small
    border = ((top == 0) | (bottom == foreground.shape[0])) & (high < settings.border * size)
    keep = ~(speck | border)
    edges = np.stack([top, bottom, left, right], 1)
    strokes = broken_strokes(edges, float(size), settings.broken)
    for pieces in strokes:
        keep[pieces] = True
    kept = keep_components(foreground, labels, np.append(False, keep))
    for pieces in strokes:
        join_stroke(kept, edges[pieces])
    return kept
