"""Parts of one character that do not meet, joined where they are nearest by strokes of its own width.

Where a pen skips or ink is faint, a digit falls into two parts, which networks take for another or for none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .components import label_components
from .normalise import stroke_width

__all__ = ["PARTS", "PartSettings", "join_parts"]


@dataclass(frozen=True)
class PartSettings:
    """Which parts of a character are joined. Chosen on MNIST's digits, cut, against benchmarks/nothing.py."""

    level: float = 0.5  # of full ink: a pixel of more than this belongs to a part
    most: int = 4  # parts: more are specks
    gap: float = 0.22  # sides of the character, between two parts, at most
    rim: float = 1.0  # pixels by which the rims that are joined may be farther from one another elsewhere


PARTS = PartSettings()


def join_parts(foreground: NDArray[np.float32], settings: PartSettings = PARTS) -> NDArray[np.float32] | None:
    """The foreground of one character with its parts joined.

    Args:
        foreground: (rows, columns) in 0 … 1.
        settings: which parts are joined.

    Returns:
        A foreground of the same shape; None where there is one part, or parts are too many or too far apart.
    """
    mask = foreground > settings.level
    labels, count = label_components(mask)
    if not 2 <= count <= settings.most:
        return None
    longest = settings.gap * max(int(np.ptp(at)) + 1 for at in np.nonzero(mask))
    reach = stroke_width(mask) / 2 + 0.5
    joined = foreground.copy()
    body = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    for _ in range(count - 1):
        away, nearest = ndimage.distance_transform_edt(~body, return_indices=True)
        away[~mask | body] = np.inf
        least = away.min()
        if least > longest:
            return None
        number = labels[np.unravel_index(away.argmin(), mask.shape)]
        # Each place at which the two are nearest, from the middle of one rim to the middle of the other.
        places, several = label_components((away <= least + settings.rim) & (labels == number))
        for place in range(1, several + 1):
            rim = places == place
            joined = np.maximum(joined, _stroke(mask.shape, np.argwhere(rim), nearest[:, rim].T, reach))
        body |= labels == number
    return joined


def _stroke(
    shape: tuple[int, ...], ends: NDArray[np.intp], starts: NDArray[np.intp], reach: float
) -> NDArray[np.float32]:
    """A stroke between the middles of two rims, (pixels, 2) row, column each: (rows, columns) in 0 … 1."""
    y, x = np.indices(shape)
    (top, left), (bottom, right) = starts.mean(0), ends.mean(0)
    down, across = bottom - top, right - left
    along = np.clip(((y - top) * down + (x - left) * across) / max(down**2 + across**2, 1.0), 0, 1)
    distance = np.hypot(y - top - along * down, x - left - along * across)
    stroke: NDArray[np.float32] = np.clip(reach - distance, 0, 1).astype(np.float32)
    return stroke
