"""What a line has besides its characters: points, commas, dashes and other signs that the network does not read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..imaging.components import component_edges, label_components
from ..imaging.geometry import Box
from ..imaging.threshold import MASK_LEVEL
from .results import String

__all__ = ["UNREAD", "UnreadSettings", "unread_boxes"]


@dataclass(frozen=True)
class UnreadSettings:
    """Which ink of a line was left unread. Chosen by eye on the cheque amounts."""

    covered: float = 0.5  # share of a component's pixels in the boxes of characters, from which on it is read
    mark: float = 0.5  # median heights of the characters: a sign's larger side is no more, …
    beside: float = (
        0.2  # … and a smaller share of its width than this lies above or below the character's ink
    )
    least: float = 0.08  # median heights of the characters: what is smaller is a speck


UNREAD = UnreadSettings()


def unread_boxes(
    string: String, foreground: NDArray[np.float32], settings: UnreadSettings = UNREAD
) -> tuple[Box, ...]:
    """Boxes of the ink that belongs to no character, from left to right.

    Args:
        string: a reading, its boxes in pixels of the foreground.
        foreground: (rows, columns) in 0 … 1, without specks.
        settings: which ink was left unread.
    """
    labels, count = label_components(foreground > MASK_LEVEL)
    edges = component_edges(labels)
    top, bottom, left, right = edges.T
    inside = np.zeros(
        (count + 1, len(string.characters)), np.intp
    )  # pixels of components in characters' boxes
    for number, character in enumerate(string.characters):
        x, y, width, height = character.box
        part = labels[max(0, y) : y + height, max(0, x) : x + width]
        inside[:, number] = np.bincount(part.ravel(), minlength=count + 1)
    pixels = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    inside = inside[1:]
    size = string.character_height
    larger = np.maximum(bottom - top, right - left)
    unread = inside.max(1) < settings.covered * pixels
    # A mark that stands beside a character's own ink, in its box, is no part of it either.
    body = inside.argmax(0)[inside.argmax(1)]  # the largest component in the box that holds each one
    shared = np.minimum(right, right[body]) - np.maximum(left, left[body])
    unread |= (larger <= settings.mark * size) & (shared < settings.beside * (right - left))
    unread &= larger >= settings.least * size
    boxes = [(int(x), int(y), int(x2 - x), int(y2 - y)) for y, y2, x, x2 in edges[unread]]
    return tuple(sorted(boxes))
