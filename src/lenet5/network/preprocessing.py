"""Images and labels as the network takes them: checked once, and normalised (Section II-B)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import InputError
from .architecture import BACKGROUND, FIELD, FOREGROUND, INPUT

__all__ = ["check_images", "check_training_images", "normalise", "target_weights"]


# Floats up to here are of neither scale: images in 0 … 1 after resampling that overshoots, or standardised ones.
LEAST_GREY = 16.0


def check_images(images: ArrayLike) -> NDArray[Any]:
    """Images for the network.

    Args:
        images: (N, 28, 28), (N, 32, 32) or (N, 784), also with an axis of one channel, 0 = background: uint8 or
            any other whole numbers, 0 … 255; bool; floats, 0 … 1, or 0 … 255 where the largest is 16 or more.

    Returns:
        (N, 28, 28) or (N, 32, 32), uint8 0 … 255 or float32 0 … 1.

    Raises:
        InputError: the shape, type or range is another.
    """
    images = _squares(_array(images, "images"))
    if images.dtype == np.uint8:
        return images
    if images.dtype == bool:
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind not in "iuf":
        raise InputError(
            f"pixels of type {images.dtype} cannot be read: whole numbers from 0 to 255 (255 = ink), or floats in "
            "[0, 1], are needed"
        )
    whole = images.dtype.kind in "iu"
    if not whole:
        with np.errstate(over="ignore"):  # what is too large for a float32 is infinite then, and refused
            images = images.astype(np.float32, copy=False)
    if not images.size:
        return images.astype(np.uint8) if whole else images
    least, most = images.min(), images.max()
    if whole:
        if least < 0 or most > 255:
            raise InputError(
                f"pixels from {least} to {most} cannot be read: they must lie in 0 to 255, 255 = ink"
            )
        return images.astype(np.uint8)
    if least >= 0 and LEAST_GREY <= most <= 255:
        return images / np.float32(255)
    if not (least >= 0 and most <= 1):  # in this form NaN is caught too
        raise InputError(
            f"float pixels from {least:g} to {most:g} cannot be read: "
            "they must lie in [0, 1] or in [0, 255], 0 paper, the largest ink, before any standardisation"
        )
    return images


def _array(values: ArrayLike, what: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except Exception as error:  # rows of different lengths, or objects that will be no array
        raise InputError(f"the {what} are no array of numbers: {error!s:.200}") from error


def _squares(images: NDArray[Any]) -> NDArray[Any]:
    """(N, rows, columns) from the shapes that `check_images` takes."""
    shape = images.shape
    if images.ndim == 4 and 1 in (shape[1], shape[3]):  # one channel, first (PyTorch) or last (Keras)
        shape = (shape[0], *(shape[2:] if shape[1] == 1 else shape[1:3]))
    elif shape[1:] == (FIELD * FIELD,):
        shape = (shape[0], FIELD, FIELD)
    if len(shape) != 3 or shape[1:] not in ((FIELD, FIELD), (INPUT, INPUT)):
        hint = "; for one image, give image[None]" if images.ndim == 2 else ""
        raise InputError(
            f"images of the shape {images.shape} cannot be read: "
            f"N×{FIELD}×{FIELD}, N×{FIELD * FIELD} or N×{INPUT}×{INPUT} is needed{hint}"
        )
    return images.reshape(shape)


def normalise(images: ArrayLike, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Inputs of the network: paper −0.1 and ink 1.175, so that the mean is about 0 and the variance 1.

    Args:
        images: as for `check_images`; those of 28×28 get an edge of paper.
        dtype: a float type.

    Returns:
        (N, 32, 32) of that type.

    Raises:
        InputError: the images cannot be read, or the type is no float.
    """
    images = check_images(images)
    number = np.dtype(dtype).type
    if not issubclass(number, np.floating):
        raise InputError(f"inputs of the network are floats: {np.dtype(dtype)} cannot hold them")
    ink = 255 if images.dtype == np.uint8 else 1
    x = images.astype(dtype) * number((FOREGROUND - BACKGROUND) / ink) + number(BACKGROUND)
    edge = (INPUT - images.shape[1]) // 2
    return np.pad(x, ((0, 0), (edge, edge), (edge, edge)), constant_values=BACKGROUND) if edge else x


def check_training_images(images: ArrayLike) -> NDArray[np.uint8]:
    """Images to train with, (N, 28, 28) uint8, 255 = ink.

    Args:
        images: one or more, as for `check_images`, but not (N, 32, 32); floats are rounded to 256 levels.

    Raises:
        InputError: they are others.
    """
    images = check_images(images)
    if images.shape[1:] != (FIELD, FIELD) or not len(images):
        raise InputError(
            f"training takes one or more images of {FIELD}×{FIELD}, not {'×'.join(map(str, images.shape))}"
        )
    return images if images.dtype == np.uint8 else np.rint(images * np.float32(255)).astype(np.uint8)


def target_weights(labels: ArrayLike, classes: Sequence[str], patterns: int) -> NDArray[Any]:
    """Labels to train with.

    Args:
        labels: (N,) indices into `classes`, or (N,) characters of `classes`, or (N, classes) one-hot rows, or floats
            in [0, 1] whose rows sum to at most 1: weights; what a row lacks to 1 goes to the rubbish class of eq. 9.
        classes: the characters.
        patterns: N.

    Returns:
        (N,) int64 indices, or (N, classes) float32 weights.

    Raises:
        InputError: they are something else, or unknown, or too many or too few.
    """
    labels = _array(labels, "labels")
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.flat):
        labels = labels.astype(str)  # as pandas keeps them
    if len(labels.shape) == 0 or len(labels) != patterns:
        raise InputError(f"{patterns} images need {patterns} labels, but these have the shape {labels.shape}")
    if labels.ndim == 2 and labels.dtype.kind in "iub" and labels.shape[1] == len(classes) > 1:
        if not (((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all()):
            raise InputError("one-hot labels need a single 1 in each row, and 0 elsewhere")
        return np.asarray(labels.argmax(1), np.int64)
    if labels.ndim == 2 and labels.dtype.kind == "f":
        return _weights(labels, len(classes))
    if labels.ndim == 1 and labels.dtype.kind == "U":
        index = {name: i for i, name in enumerate(classes)}
        unknown = sorted(set(labels.tolist()) - set(index))
        if unknown:
            raise InputError(f"the label {unknown[0]!r:.60} is none of the classes {' '.join(classes)}")
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
        "give a whole number or a character a pattern, or one-hot rows"
    )


def _weights(weights: NDArray[Any], classes: int) -> NDArray[np.float32]:
    """Target weights, (N, classes), checked."""
    if weights.shape[1] != classes:
        raise InputError(
            f"target weights need a column for each of {classes} classes, not {weights.shape[1]}"
        )
    if not (weights.min(initial=0) >= 0 and weights.sum(1).max(initial=0) <= 1 + 1e-4):
        raise InputError("target weights must not be negative, and no row's sum more than 1")
    return weights.astype(np.float32)
