"""What was read, as pictures: boxes and text drawn over the page, and the characters' fields in folders."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import write
from ..data.labels import folder_of
from ..errors import SaveError
from .results import UNSURE, Character, Result

__all__ = ["DOUBTFUL", "annotate", "save_crops", "save_picture", "sheet_of"]

DOUBTFUL = "__unsure"  # two underscores: `lenet5 train --data` passes it over, until someone has sorted it
SURE, UNSURE_COLOUR, LINE = (0, 110, 190), (210, 60, 0), (150, 150, 150)
LEAST = 900  # pixels of the longer side: smaller pictures are enlarged before they are drawn on


def annotate(colours: NDArray[np.float32], results: Iterable[Result]):
    """A PIL image: the picture, (rows, columns, 3) in 0 … 1, with a box and its text for each character.

    Boxes of the results are in the picture's pixels. What is `?` has another colour, and the best guess.
    """
    from PIL import Image, ImageDraw

    times = max(1, round(LEAST / max(colours.shape[:2])))
    picture = Image.fromarray(np.uint8(np.rint(np.clip(colours, 0, 1) * 255)))
    picture = picture.resize((picture.width * times, picture.height * times), Image.Resampling.BICUBIC)
    found = list(results)
    highest = max((c.box[3] * times for result in found for c in result.characters), default=20)
    letter = int(np.clip(0.5 * highest, 10, 48))
    margin = letter + 4
    sheet = Image.new("RGB", (picture.width, picture.height + margin), (255, 255, 255))
    sheet.paste(picture, (0, margin))
    pen = ImageDraw.Draw(sheet)
    for result in found:
        for line in result.lines:
            pen.rectangle(_edges(line.box, times, margin, 3), outline=LINE)
            for character in line.strings and [c for string in line.strings for c in string.characters]:
                colour = UNSURE_COLOUR if character.text == UNSURE else SURE
                edges = _edges(character.box, times, margin, 0)
                pen.rectangle(edges, outline=colour, width=2)
                text = character.text
                if text == UNSURE and character.others:
                    text += character.others[0].text
                pen.text((edges[0], max(0, edges[1] - letter - 3)), text, fill=colour, font_size=letter)
    return sheet


def _edges(box: Sequence[int], times: int, down: int, aside: int) -> list[int]:
    left, top, wide, high = (edge * times for edge in box)
    return [left - aside, top - aside + down, left + wide + aside, top + high + aside + down]


def sheet_of(fields: Sequence[NDArray[np.uint8]]):
    """A PIL image: 28×28 fields as the network sees them, 32×32, eight times enlarged, black on white."""
    from PIL import Image

    seen = np.hstack([np.pad(255 - field, 2, constant_values=255) for field in fields])
    return Image.fromarray(seen).resize((seen.shape[1] * 8, seen.shape[0] * 8), Image.Resampling.NEAREST)


def save_picture(picture, path: str | os.PathLike[str]) -> None:
    """A PIL image as a PNG, whole or not at all. Raises SaveError."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    write(path, data.getvalue())


def save_crops(characters: Iterable[Character], folder: str | os.PathLike[str], stem: str) -> list[Path]:
    """Each character's field as a PNG of 28×28, 255 = ink, in the folder of its class: what training reads.

    A character that was rejected goes to the folder DOUBTFUL, its best guess in its name; sort those by hand
    into the folders of their classes. stem: how names begin; a file that is there already is never written
    over. Returns the files. Raises SaveError.
    """
    from PIL import Image

    written = []
    for number, character in enumerate(characters, 1):
        if character.field is None:
            continue
        unsure = character.text == UNSURE
        guess = character.others[0].text if unsure and character.others else character.text
        where = Path(folder) / (DOUBTFUL if unsure else folder_of(character.text))
        try:
            where.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(
                f"cannot make the folder {where}: {error.strerror}; choose another place"
            ) from error
        name = f"{safe(stem)}-{number}" + (f"-{folder_of(guess)}" if unsure else "")
        path = where / f"{name}.png"
        again = 1
        while path.exists():
            again += 1
            path = where / f"{name}-{again}.png"
        save_picture(Image.fromarray(character.field), path)
        written.append(path)
    return written


def safe(name: str) -> str:
    """A picture's name as a part of a file's name, on any system."""
    return re.sub(r"[^\w.-]+", "-", Path(name).stem if Path(name).suffix else name).strip("-.") or "picture"
