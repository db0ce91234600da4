"""Patterns turned, scaled, moved or inverted by a known amount (Section III-E, Fig. 13), not a random one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from ..network.architecture import FIELD, INPUT
from .runs import inverted

__all__ = ["CHANGES", "Change", "changed"]

NOISE_SEED = 0


@dataclass(frozen=True)
class Change:
    """A kind of change: amounts that are measured, the one that changes nothing, and how an axis names it."""

    name: str
    amounts: tuple[float, ...]
    nothing: float
    label: str


CHANGES = {
    change.name: change
    for change in (
        Change("rotation", tuple(range(-60, 61, 10)), 0, "turned by, degrees"),
        Change("scale", (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0), 1.0, "sides times"),
        Change("shift", tuple(range(-12, 13, 2)), 0, "moved up (−) or down (+), pixels"),
        Change("noise", (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3), 0.0, "probability that a pixel is inverted"),
    )
}  # fmt: skip


def changed(images: NDArray[np.uint8], name: str, amount: float) -> NDArray:
    """Images (N, 28, 28) uint8 changed: (N, 32, 32) float32 in 0 … 1, or for "noise" again 28×28 uint8.

    rotation: degrees, clockwise; scale: factor on both sides; shift: pixels down. What leaves the input of
    32×32 is lost, and what is smaller has paper around it.
    """
    if name == "noise":
        return inverted(images, amount, NOISE_SEED)
    if name == "rotation":
        turn = radians(amount)
        # From a pixel of the input back to the field: the inverse of the turn; y runs down.
        back = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
        return warped(images, back, 0.0)
    if name == "scale":
        return warped(images, np.eye(2) / amount, 0.0, ceil(1 / amount))
    return warped(images, np.eye(2), amount)


def warped(images: NDArray[np.uint8], back: NDArray, down: float, parts: int = 1) -> NDArray[np.float32]:
    """Each pixel of a 32×32 input from where `back` (rows and columns of y, x) leads, about the middle.

    parts: looks so many times along each side of a pixel and takes the mean, for what becomes smaller.
    Bilinear; beyond the field is paper.
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
    return np.clip(np.ascontiguousarray((matrix @ flat.T).T), 0, 1).reshape(-1, INPUT, INPUT)
