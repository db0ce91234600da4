"""Pictures of characters, a folder for each class, as training patterns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, PictureError
from ..network.architecture import FIELD
from .idx import data_errors
from .labels import class_of

__all__ = ["class_folders", "ink_is_light", "pictures_in", "read_pictures"]

# Files among pictures that are none; so is all that begins with a dot or two underscores.
_NO_PICTURES = {".txt", ".md", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".html", ".db", ".ini"}


def class_folders(folder: Path) -> tuple[NDArray[np.uint8], list[str]]:
    """Every picture under the class folders of a folder, in the order of names.

    Args:
        folder: that holds the class folders.

    Returns:
        Images, (N, 28, 28) uint8, 255 = ink, and N characters.

    Raises:
        DataError: there is no class folder, one's name is no class, one is empty, or a picture cannot be read.
    """
    with data_errors(folder):
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not _hidden(path.name))
    if not inside:
        raise DataError(
            f"{folder} has no class folders: put the pictures of each character into a folder called by it, "
            f"such as {folder / '7'}"
        )
    labelled = []
    for path in inside:
        character = class_of(path.name)
        if character is None:
            raise DataError(
                f"the folder {path} names no class: call it by the character itself (7, A), seven, upper_A or "
                "lower_a where the system takes A and a for the same, or by its number, as U+002F"
            )
        pictures = pictures_in(path)
        if not pictures:
            raise DataError(f"the folder {path} is empty: put pictures of {character!r} there, or remove it")
        labelled += [(picture, character) for picture in pictures]
    return read_pictures([picture for picture, _ in labelled]), [character for _, character in labelled]


def _hidden(name: str) -> bool:
    return name.startswith((".", "__")) or name == "Thumbs.db"


def pictures_in(folder: Path) -> list[Path]:
    """The files in a folder and the folders within it that may be pictures, in the order of names.

    Raises:
        DataError: it cannot be read.
    """
    with data_errors(folder):
        return sorted(
            path
            for path in folder.rglob("*")
            if path.suffix.lower() not in _NO_PICTURES
            and not any(map(_hidden, path.relative_to(folder).parts))
            and path.is_file()
        )


def read_pictures(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """Pictures of one character each as patterns.

    A grey picture of 28×28 is taken as it is, or as its negative if it is dark on light. All others are normalised as
    MNIST's were (imaging.normalise.normalise_character).

    Args:
        paths: of N pictures.

    Returns:
        (N, 28, 28) uint8, 255 = ink.

    Raises:
        DataError: a picture cannot be read, or has no character.
    """
    from ..imaging.load import load_image
    from ..imaging.normalise import normalise_character

    images = np.empty((len(paths), FIELD, FIELD), np.uint8)
    for image, path in zip(images, paths, strict=True):
        try:
            picture = load_image(path)
            if picture.shape[:2] == (FIELD, FIELD) and (picture == picture[:, :, :1]).all():
                grey = np.rint(picture[:, :, 0] * 255).astype(np.uint8)
                image[...] = grey if ink_is_light(grey[None]) else 255 - grey
            else:
                image[...] = normalise_character(picture, str(path))
        except PictureError as error:
            raise DataError(f"{error}; mend it, or take it out of the data set") from error
    return images


def ink_is_light(images: NDArray[Any]) -> bool:
    """Whether the foreground is lighter than the background: whether most of the frame is dark.

    Args:
        images: (N, rows, columns).

    Returns:
        True for light on dark, as MNIST's are.
    """
    frame = np.ones(images.shape[1:], bool)
    frame[1:-1, 1:-1] = False
    least, most = int(images.min()), int(images.max())
    middle = (least + most) / 2 if most > least else 127
    return bool(np.median(images[:, frame]) <= middle)
