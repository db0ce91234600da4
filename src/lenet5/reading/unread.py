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
    largest: float = (
        0.08  # median heights of the characters: a component whose larger side is less is a speck
    )


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
    inside = np.zeros(labels.shape, bool)
    for character in string.characters:
        left, top, width, height = character.box
        inside[max(0, top) : top + height, max(0, left) : left + width] = True
    pixels = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    read = np.bincount(labels[inside], minlength=count + 1)[1:]
    size = float(np.median([character.box[3] for character in string.characters]))
    boxes: list[Box] = []
    for edges, share in zip(component_edges(labels).tolist(), read / np.maximum(pixels, 1), strict=True):
        top, bottom, left, right = edges
        if share < settings.covered and max(bottom - top, right - left) >= settings.largest * size:
            boxes.append((left, top, right - left, bottom - top))
    return tuple(sorted(boxes))
