"""Items of a review: a value that was not accepted, with its picture, its readings and its characters' glyphs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...imaging.geometry import Box, clip_box
from ...network.architecture import FIELD
from ...reading.document_reader import PageResult, Scan
from ...reading.overlay import encode_png
from ...reading.results import Character, format_confidence
from ..rows import TEXT, Row, Value
from ..tables import Characters

__all__ = ["CROPS", "CropSettings", "items_of_characters", "items_of_page", "unpack_glyphs"]

MOST_READINGS = 9  # a key each, 1 … 9


@dataclass(frozen=True)
class CropSettings:
    """How a value is cut out of its page for people to look at. Chosen by eye."""

    around: float = 0.4  # heights of the value: what stands around it is shown as well
    least: int = 6  # pixels around it, at least
    widest: int = 900  # pixels of the crop's width, …
    highest: int = 300  # … and of its height: larger ones are reduced
    quality: int = 85  # of JPEG


CROPS = CropSettings()


def items_of_page(page: PageResult, rows: Sequence[Row], settings: CropSettings = CROPS) -> list[str]:
    """What is to be looked at on a page, each item as one line of JSON.

    Args:
        page: with its scan.
        rows: of that page.
        settings: how values are cut out.

    Returns:
        An item for each value that was not accepted; a page on which nothing at all was read is one item.
    """
    if page.scan is None or not rows:
        return []
    about = {"source": page.picture, "page": page.page}
    # The page's own values stand in each of its rows.
    values: list[tuple[int | None, Value]] = [(None, value) for value in rows[0].own]
    values += [(row.line, value) for row in rows for value in row.values]
    if page.error:  # nothing at all was read
        values = [] if rows[0].own else [(None, Value(TEXT, reason=page.error, error=page.error))]
    return [_item(about, line, value, page.scan, settings) for line, value in values if not value.accepted]


def items_of_characters(characters: Characters, images: NDArray[np.uint8]) -> tuple[str, ...]:
    """The characters of an array that were not accepted, as items.

    Args:
        characters: what was read.
        images: (n, 28, 28) uint8, 255 = ink.
    """
    items = []
    for row in np.flatnonzero(~characters.accepted).tolist():
        readings = [
            (characters.classes[place], float(share))
            for place, share in zip(characters.order[row], characters.confidences[row], strict=True)
        ]
        items.append(
            json.dumps(
                {
                    "source": characters.source,
                    "page": 1,
                    "line": characters.first + row,
                    "column": TEXT,
                    "reading": "?",
                    "reason": f"confidence {format_confidence(readings[0][1], 0)}",
                    "readings": readings,
                    "crop": _uri(_png(255 - images[row]), "png"),
                    "glyphs": base64.b64encode(_png(images[row])).decode(),
                }
            )
        )
    return tuple(items)


def unpack_glyphs(glyphs: str) -> list[NDArray[np.uint8]]:
    """The glyphs of an item, each (28, 28) uint8, 255 = ink. Raises ValueError for what holds none."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(glyphs, validate=True)), formats=["PNG"]) as picture:
        strip = np.asarray(picture)
    if strip.ndim != 2 or strip.dtype != np.uint8 or len(strip) != FIELD or strip.shape[1] % FIELD:
        raise ValueError("this is no row of glyphs")
    return list(strip.reshape(FIELD, -1, FIELD).swapaxes(0, 1))


def _item(about: dict[str, Any], line: int | None, value: Value, scan: Scan, settings: CropSettings) -> str:
    crop, mark = _crop(scan, value.box, settings)
    item: dict[str, Any] = about | {"line": line, "column": value.column, "reading": value.text}
    item |= {"reason": value.reason, "readings": value.readings[:MOST_READINGS], "crop": crop}
    if mark:
        item["mark"] = mark
    if value.error:
        item["error"] = value.error
    if glyphs := _glyphs(value.characters):
        item["glyphs"] = glyphs
    return json.dumps(item, ensure_ascii=False)


def _glyphs(characters: Iterable[Character]) -> str:
    """The glyphs side by side as one picture; none where a character has none."""
    images = [character.glyph for character in characters]
    if not images or any(image is None for image in images):
        return ""
    return base64.b64encode(
        _png(np.concatenate([image for image in images if image is not None], 1))
    ).decode()


def _crop(scan: Scan, box: Box | None, settings: CropSettings) -> tuple[str, list[float]]:
    """The part of a page around a box as a data URI, and where in it the box is: left, top, width, height in 0 … 1."""
    from PIL import Image

    image = scan.image
    rows, columns = image.shape[:2]
    mark: list[float] = []
    if box is not None:
        left, top, wide, high = (side / scan.pixels for side in box)
        around = max(settings.around * high, settings.least)
        part = clip_box(
            (round(left - around), round(top - around), round(wide + 2 * around), round(high + 2 * around)),
            (columns, rows),
        )
        image = image[part[1] : part[1] + part[3], part[0] : part[0] + part[2]]
        sides = (left - part[0]) / part[2], (top - part[1]) / part[3], wide / part[2], high / part[3]
        mark = [round(min(max(side, 0.0), 1.0), 4) for side in sides]
    picture = Image.fromarray(np.uint8(np.rint(np.clip(image, 0, 1) * 255)))
    picture.thumbnail((settings.widest, settings.highest))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=settings.quality)
    return _uri(stream.getvalue(), "jpeg"), mark


def _png(image: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    return encode_png(Image.fromarray(image))


def _uri(contents: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(contents).decode()}"
