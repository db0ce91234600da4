"""Numbered parts of a result beside it, and the manifest that says what they are parts of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import atomic
from ..errors import InputError, SaveError

__all__ = ["Parts"]


class Parts:
    """The folder of an unfinished result: RESULT.parts, with a file for each part that is done.

    A part is a fixed range of the input and is written whole or not at all, so that nothing is lost and nothing
    comes twice, however often a run is ended.

    Args:
        result: the file that is being made.
        manifest: what identifies the run: sources, weights, options.
        resume: whether parts that are there are kept.

    Raises:
        InputError: parts of another run, or of this one without `resume`, are there.
        SaveError: the folder cannot be written.
    """

    def __init__(self, result: Path, manifest: dict[str, Any], resume: bool) -> None:
        self.folder = result.with_name(f"{result.name}.parts")
        listing = self.folder / "manifest.json"
        if self.folder.exists():
            known = _read(listing)
            if not resume:
                raise InputError(
                    f"{self.folder} has parts of a run that did not end: add --resume to go on, or remove it"
                )
            if known != json.loads(json.dumps(manifest)):
                differs = [key for key in manifest if known.get(key) != json.loads(json.dumps(manifest[key]))]
                raise InputError(
                    f"{self.folder} has parts of another run ({', '.join(differs) or 'other'} differ): "
                    "go on with what that run was given, or remove the folder"
                )
            return
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise SaveError(f"cannot make the folder {self.folder}: {error.strerror}") from error
        atomic.write(listing, json.dumps(manifest, indent=1).encode())

    def path(self, number: int) -> Path:
        """The file of a part."""
        return self.folder / f"{number:06d}"

    def done(self, number: int) -> bool:
        """Whether a part is whole."""
        return self.path(number).is_file()

    def write(self, number: int, contents: bytes, errors: int = 0, items: bytes = b"") -> None:
        """Write a part, whole or not at all.

        Args:
            number: of the part.
            contents: its bytes.
            errors: how many of its rows have an error.
            items: what is to be reviewed of it, one item a line.

        Raises:
            SaveError: it cannot be written.
        """
        # What belongs to a part is written before it.
        if items:
            atomic.write(self.path(number).with_suffix(".items"), items)
        if errors:
            atomic.write(self.path(number).with_suffix(".errors"), str(errors).encode())
        atomic.write(self.path(number), contents)

    def errors(self, number: int) -> int:
        """Rows with an error in a part that is done."""
        try:
            return int(self.path(number).with_suffix(".errors").read_bytes())
        except (OSError, ValueError):
            return 0

    def items(self, count: int) -> Iterator[bytes]:
        """What is to be reviewed of the first `count` parts, one item a line."""
        for number in range(count):
            try:
                yield self.path(number).with_suffix(".items").read_bytes()
            except FileNotFoundError:
                continue

    def all(self, count: int) -> Iterator[Path]:
        """The files of the first `count` parts."""
        yield from (self.path(number) for number in range(count))

    def remove(self) -> None:
        """Remove the folder, when the result stands under its name."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(listing: Path) -> dict[str, Any]:
    try:
        known = json.loads(listing.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
