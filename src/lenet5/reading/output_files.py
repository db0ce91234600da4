"""Files that a reading writes: characters cut out to train with, and drawings of pages."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ..atomic import write
from ..data.labels import folder_of
from ..errors import SaveError
from .overlay import encode_png
from .results import UNSURE, Character

__all__ = ["UNSORTED", "DrawingFiles", "file_stem", "save_crops"]

UNSORTED = "__unsure"  # two underscores: training passes the folder over, until someone has sorted it


def save_crops(characters: Iterable[Character], folder: str | os.PathLike[str], stem: str) -> list[Path]:
    """Save each character's glyph as a PNG of 28×28, 255 = ink, in the folder of its class, to train with.

    Args:
        characters: those without a glyph are left out.
        folder: a rejected character goes to the folder UNSORTED there, its best guess in its file's name.
        stem: how file names begin; a file that exists is never overwritten.

    Returns:
        The files.

    Raises:
        SaveError: a file or folder cannot be written.
    """
    from PIL import Image

    files = []
    for number, character in enumerate(characters, 1):
        if character.glyph is None:
            continue
        unsure = character.text == UNSURE
        guess = character.alternatives[0].text if unsure and character.alternatives else character.text
        place = Path(folder) / (UNSORTED if unsure else folder_of(character.text))
        _make_folder(place)
        name = f"{file_stem(stem)}-{number}" + (f"-{folder_of(guess)}" if unsure else "")
        path = _unused(place, name, Path.exists)
        write(path, encode_png(Image.fromarray(character.glyph)))
        files.append(path)
    return files


class DrawingFiles:
    """Where the drawings of pages go: the PNG that was named, or for several pages a file each in that folder.

    Args:
        place: a PNG file, or a folder.
        several: more than one picture is read, so that `place` is a folder.
    """

    def __init__(self, place: Path, several: bool) -> None:
        self.place = place
        self.several = several
        self._taken: set[Path] = set()

    def save(self, png: bytes, stem: str, pages: int = 1) -> Path:
        """Write the drawing of a page.

        Args:
            png: the drawing.
            stem: the page's part of the file's name; a stem of two pages is numbered.
            pages: pages of the page's document.

        Returns:
            The file.

        Raises:
            SaveError: the file or its folder cannot be written.
        """
        path = self.place
        if self.several or pages > 1 or path.is_dir():
            _make_folder(self.place)
            path = _unused(self.place, stem, self._taken.__contains__)
            self._taken.add(path)
        write(path, png)
        return path


def file_stem(name: str) -> str:
    """A picture's name as a part of a file's name, on any system."""
    return re.sub(r"[^\w.-]+", "-", Path(name).stem if Path(name).suffix else name).strip("-.") or "picture"


def _unused(folder: Path, stem: str, used: Callable[[Path], bool]) -> Path:
    """A PNG file's name that is not used: with a number, if need be."""
    path, number = folder / f"{stem}.png", 1
    while used(path):
        number += 1
        path = folder / f"{stem}-{number}.png"
    return path


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"cannot make the folder {folder}: {error.strerror}; choose another place") from error
