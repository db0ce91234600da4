"""What images and labels may be; anything else is a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .architecture import FIELD, INPUT

__all__ = ["check_fields", "check_images", "target_weights"]


def check_images(images: ArrayLike) -> NDArray:
    """Images as the network takes them: N×28×28 or N×32×32, uint8 or float32.

    uint8 has 0 for paper and 255 for ink, floats lie in [0, 1]; anything else raises InputError.
    """
    images = np.asarray(images)
    if images.ndim != 3 or images.shape[1:] not in ((FIELD, FIELD), (INPUT, INPUT)):
        hint = "; for one image, give image[None]" if images.ndim == 2 else ""
        raise InputError(
            f"images of the shape {images.shape} cannot be read: "
            f"N×{FIELD}×{FIELD} or N×{INPUT}×{INPUT} is needed{hint}"
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise InputError(
            f"pixels of type {images.dtype} cannot be read: uint8 (255 = ink) or floats in [0, 1] are needed"
        )
    with np.errstate(over="ignore"):  # what is too large for a float32 is infinite then, and refused
        images = images.astype(np.float32, copy=False)
    if images.size:
        least, most = float(images.min()), float(images.max())
        if not (least >= 0 and most <= 1):  # in this form NaN is caught too
            raise InputError(
                f"float pixels from {least:g} to {most:g} cannot be read: "
                "they must lie in [0, 1], 0 paper and 1 ink"
            )
    return images


def check_fields(images: ArrayLike) -> NDArray[np.uint8]:
    """Images as training takes them: one or more of N×28×28 uint8, 255 = ink. Else raises InputError."""
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (FIELD, FIELD) or not len(images):
        raise InputError(
            f"training takes uint8 images of N×{FIELD}×{FIELD} (255 = ink), not {images.dtype} of "
            f"{'×'.join(map(str, images.shape))}"
        )
    return images


def target_weights(labels: ArrayLike, classes: Sequence[str], patterns: int) -> NDArray:
    """Labels as training takes them: int64 (N,) indices into `classes`, or float32 (N, classes) weights.

    Labels may be indices, characters of `classes`, or a row of weights a pattern (each in [0, 1], a row's sum
    at most 1; what is missing to 1 goes to the rubbish class of eq. 9). Raises InputError for anything else.
    """
    labels = np.asarray(labels)
    if len(labels.shape) == 0 or len(labels) != patterns:
        raise InputError(f"{patterns} images need {patterns} labels, but these have the shape {labels.shape}")
    if labels.ndim == 2 and labels.dtype.kind == "f":
        if labels.shape[1] != len(classes):
            raise InputError(
                f"target weights need a column for each of {len(classes)} classes, not {labels.shape[1]}"
            )
        if not (labels.min(initial=0) >= 0 and labels.sum(1).max(initial=0) <= 1 + 1e-4):
            raise InputError("target weights must not be negative, and no row's sum more than 1")
        return labels.astype(np.float32)
    if labels.ndim == 1 and labels.dtype.kind == "U":
        index = {name: i for i, name in enumerate(classes)}
        unknown = sorted(set(labels.tolist()) - set(index))
        if unknown:
            raise InputError(f"the label {unknown[0]!r} is none of the classes {' '.join(classes)}")
        return np.array([index[label] for label in labels.tolist()], np.int64)
    if labels.ndim == 1 and labels.dtype.kind in "iu":
        if patterns and not (labels.min() >= 0 and labels.max() < len(classes)):
            raise InputError(
                f"labels from {labels.min()} to {labels.max()} do not fit: "
                f"there are {len(classes)} classes, numbered from 0"
            )
        return labels.astype(np.int64)
    raise InputError(
        f"labels of the type {labels.dtype} and shape {labels.shape} cannot be used: "
        "give a whole number a pattern"
    )
