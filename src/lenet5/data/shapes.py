"""Arrays of pixels as patterns of 28×28: their shapes, their range, which is ink, and whether rows are columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..network.architecture import FIELD
from ..network.preprocessing import LEAST_GREY
from .image_folder import ink_is_light

__all__ = ["SIZES", "are_transposed", "pixels"]

BOX = 20  # side of the box that MNIST's characters were fitted into before they were centred (Section III-A)
SIZES = (FIELD, BOX)  # sides of the patterns that arrays and tables may hold
JUDGED = 300  # patterns that are looked at to find whether a set is transposed
FEWEST = 20  # of them; with fewer the set is taken as it is
MORE = 0.2  # share of patterns that must be read right more often once transposed


def pixels(values: ArrayLike, name: str) -> NDArray[np.uint8]:
    """Patterns from an array of any type of number.

    Args:
        values: N×28×28 or N×784, or N×20×20 or N×400, which are centred by mass; axes of length 1 are passed over.
            0 to 1, or 0 to 255 if any value is larger than 1; dark on light, as a whole, is inverted.
        name: of the data set, for errors.

    Returns:
        (N, 28, 28) uint8, 255 = ink.

    Raises:
        DataError: shape, type or range are others.
    """
    values = np.asarray(values)
    shape = tuple(size for i, size in enumerate(values.shape) if size != 1 or i == 0)
    side = next((side for side in SIZES if shape[1:] in ((side, side), (side * side,))), None)
    if side is None:
        sizes = "×".join(map(str, values.shape)) or "none"
        raise DataError(
            f"the images of {name} have the shape {sizes}: N×28×28 or N×784, or N×20×20 or N×400, is needed"
        )
    if values.dtype.kind not in "buif":
        raise DataError(f"the pixels of {name} are of type {values.dtype}: numbers are needed")
    values = values.reshape(-1, side, side)
    if not len(values):
        return np.zeros((0, FIELD, FIELD), np.uint8)
    if values.dtype.kind == "f" and not (finite := np.isfinite(values).all((1, 2))).all():
        wrong = int((~finite).argmax())
        raise DataError(f"{name} has pixels that are no numbers (NaN), first in pattern {wrong} (from 0)")
    least, most = float(values.min()), float(values.max())
    unclear = values.dtype.kind == "f" and 1 < most < LEAST_GREY
    if least < 0 or most > 255 or unclear:
        raise DataError(
            f"the pixels of {name} run from {least:g} to {most:g}: 0 to 255, or 0 to 1, are needed, "
            "0 for paper, before any normalisation"
        )
    if not most:
        raise DataError(f"there is no ink in {name}: all its pixels are 0")
    if most <= 1:
        values = values * np.float32(255)
    images: NDArray[np.uint8] = values if values.dtype == np.uint8 else np.rint(values).astype(np.uint8)
    images = images if ink_is_light(images) else 255 - images
    return images if side == FIELD else _centred(images)


def _centred(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 28, 28) from (N, 20, 20): the centre of mass in the middle of the field, as MNIST has it."""
    count, side = images.shape[:2]
    mass = np.maximum(images.sum((1, 2), dtype=np.float64), 1)
    places = np.arange(side)
    offsets = [
        np.rint((FIELD - 1) / 2 - (images.sum(axis, dtype=np.float64) * places).sum(1) / mass)
        .clip(0, FIELD - side)
        .astype(int)
        for axis in (2, 1)
    ]
    fields = np.zeros((count, FIELD, FIELD), np.uint8)
    rows, columns = (offset[:, None] + places for offset in offsets)
    fields[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]] = images
    return fields


def are_transposed(
    images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str]
) -> tuple[float, float] | None:
    """Whether rows and columns of the patterns are exchanged, as in EMNIST's files.

    Patterns of known characters are read by the package's own networks as they are and transposed: writing is
    recognised in one of the two only.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) indices into `classes`.
        classes: the characters; letters are taken as capitals.

    Returns:
        The shares that are read right as they are and transposed, where the latter is much larger; else None, also
        where there are too few patterns that the networks know.
    """
    from ..model.lenet5 import LeNet5

    chosen = np.linspace(0, len(images) - 1, min(len(images), 2 * JUDGED)).astype(int)
    characters = np.array([classes[label].upper() for label in labels[chosen]])
    right, turned, judged = 0, 0, 0
    for weights in ("digits", "letters"):
        network = LeNet5.pretrained(
            weights, backend="numpy"
        )  # for so few, compiled code would take longer to load
        known = np.isin(characters, network.classes)
        if not known.any():
            continue
        some, named = images[chosen[known]][:JUDGED], characters[known][:JUDGED]
        answers = np.array(network.classes)
        right += int((answers[network.penalties(some).argmin(1)] == named).sum())
        turned += int((answers[network.penalties(some.swapaxes(1, 2)).argmin(1)] == named).sum())
        judged += len(some)
    if judged < FEWEST or turned - right < MORE * judged:
        return None
    return right / judged, turned / judged
