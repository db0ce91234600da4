"""Rotation, scale, shift and noise by a given amount (Section III-E, Fig. 13)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network.architecture import FIELD, INPUT
from .runs import inverted

__all__ = ["CHANGES", "Change", "change"]

NOISE_SEED = 0


@dataclass(frozen=True)
class Change:
    """A kind of change.

    Args:
        name: key of CHANGES.
        amounts: those that are measured.
        neutral: the amount that changes nothing.
        label: of an axis.
    """

    name: str
    amounts: tuple[float, ...]
    neutral: float
    label: str


CHANGES = {
    entry.name: entry
    for entry in (
        Change("rotation", tuple(range(-60, 61, 10)), 0, "turned by, degrees"),
        Change("scale", (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0), 1.0, "sides times"),
        Change("shift", tuple(range(-12, 13, 2)), 0, "moved up (−) or down (+), pixels"),
        Change("noise", (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3), 0.0, "probability that a pixel is inverted"),
    )
}  # fmt: skip


def change(images: NDArray[np.uint8], name: str, amount: float) -> NDArray[Any]:
    """Images after a change. What leaves the input of 32×32 is lost; what is smaller has background around it.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        name: of CHANGES.
        amount: rotation in degrees, clockwise; scale as a factor on both sides; shift in pixels, down; noise as the
            probability that a pixel is inverted.

    Returns:
        (N, 32, 32) float32 in 0 … 1; for noise (N, 28, 28) uint8.
    """
    if name == "noise":
        return inverted(images, amount, NOISE_SEED)
    if name == "rotation":
        turn = radians(amount)
        # From a pixel of the input back to the field: the inverse of the turn; y runs down.
        back = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
        return warp(images, back, 0.0)
    if name == "scale":
        return warp(images, np.eye(2) / amount, 0.0, ceil(1 / amount))
    return warp(images, np.eye(2), amount)


def warp(
    images: NDArray[np.uint8], back: NDArray[np.float64], down: float, parts: int = 1
) -> NDArray[np.float32]:
    """A linear map about the middle; bilinear, with background beyond the field.

    Args:
        images: (N, 28, 28) uint8.
        back: (2, 2), from (y, x) in the result to (y, x) in the image.
        down: pixels by which the result is shifted.
        parts: samples along each side of a pixel, of which the mean is taken: for maps that make smaller.

    Returns:
        (N, 32, 32) float32 in 0 … 1.
    """
    from scipy.sparse import csr_array

    offsets = (np.arange(parts) + 0.5) / parts - 0.5
    y, x, dy, dx = np.meshgrid(np.arange(INPUT), np.arange(INPUT), offsets, offsets, indexing="ij")
    at = np.stack([y + dy - down, x + dx]).reshape(2, -1) - (INPUT - 1) / 2
    at = back @ at + (FIELD - 1) / 2
    to = (y * INPUT + x).ravel()
    low = np.floor(at).astype(np.int64)
    entries = []
    for ky in (0, 1):
        for kx in (0, 1):
            corner = low + np.array([[ky], [kx]])
            weight = np.prod(1 - np.abs(at - corner), 0) / parts**2
            inside = ((corner >= 0) & (corner < FIELD)).all(0)
            entries.append((weight[inside], to[inside], (corner[0] * FIELD + corner[1])[inside]))
    weight, rows, columns = (np.concatenate(column) for column in zip(*entries, strict=True))
    matrix = csr_array((weight.astype(np.float32), (rows, columns)), shape=(INPUT**2, FIELD**2))
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    result: NDArray[np.float32] = np.clip(np.ascontiguousarray((matrix @ flat.T).T), 0, 1)
    return result.reshape(-1, INPUT, INPUT)
