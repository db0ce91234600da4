"""Contact sheets of characters, maps and kernels as PNG, ink black on white."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..network.architecture import BACKGROUND, FOREGROUND, INPUT

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["characters", "distorted", "levels", "png", "tiles"]

ZOOM = 2
GAP = 4  # pixels between fields
WRONG = (196, 30, 30)


def png(picture: Image.Image) -> bytes:
    """A Pillow image as the bytes of a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def levels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images as grey levels.

    Args:
        images: (N, 28, 28) or (N, 32, 32), uint8 (255 = ink), float 0 … 1, or normalised (−0.1 … 1.175).

    Returns:
        (N, 32, 32) uint8, 0 = ink.
    """
    if images.dtype == np.uint8:
        ink = images.astype(np.float32) / 255
    elif images.min(initial=0) < -0.01:
        ink = (images - BACKGROUND) / (FOREGROUND - BACKGROUND)
    else:
        ink = images
    edge = (INPUT - images.shape[1]) // 2
    ink = np.pad(ink, ((0, 0), (edge, edge), (edge, edge)))
    return np.round(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8)


def _paste(sheet: Image.Image, image: NDArray[np.uint8], x: int, y: int, zoom: int) -> None:
    from PIL import Image

    side = INPUT * zoom
    sheet.paste(Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST), (x, y))


def distorted(originals: NDArray[np.uint8], rows: Sequence[NDArray[Any]]) -> bytes:
    """A row for each original: itself, a line, and its distortions, as PNG.

    Args:
        originals: (N, 28, 28) uint8.
        rows: for each, its distortions as for `levels`.
    """
    from PIL import Image, ImageDraw

    step = INPUT * ZOOM + GAP
    columns = len(rows[0])
    margin = 12  # pixels for the line
    sheet = Image.new("RGB", (step * (columns + 1) + margin + GAP, step * len(rows) + GAP), "white")
    for r, (original, images) in enumerate(zip(levels(originals), rows, strict=True)):
        _paste(sheet, original, GAP, GAP + r * step, ZOOM)
        for c, image in enumerate(levels(images)):
            _paste(sheet, image, GAP + margin + (c + 1) * step, GAP + r * step, ZOOM)
    x = GAP + step + margin // 2 - GAP // 2
    ImageDraw.Draw(sheet).line((x, GAP, x, sheet.height - GAP), fill=(150, 150, 150), width=1)
    return png(sheet)


def characters(
    rows: Sequence[tuple[str, NDArray[Any], Sequence[str], Sequence[bool]]], zoom: int = ZOOM
) -> bytes:
    """Rows of characters, above each row its name, under each character the answer, red where it is wrong, as PNG.

    Args:
        rows: (name, images as for `levels`, answers, whether each is right).
        zoom: pixels of the sheet for one of an image.
    """
    from PIL import Image, ImageDraw, ImageFont

    large, small = ImageFont.load_default(size=15), ImageFont.load_default(size=14)
    step, head, foot = INPUT * zoom + GAP, 22, 20
    columns = max(len(answers) for _, _, answers, _ in rows)
    high = head + INPUT * zoom + foot
    sheet = Image.new("RGB", (columns * step + GAP, len(rows) * high + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for r, (name, images, answers, right) in enumerate(rows):
        y = GAP + r * high
        pen.text((GAP, y), name, fill=(90, 90, 90), font=large)
        for c, image in enumerate(levels(np.asarray(images))):
            x = GAP + c * step
            _paste(sheet, image, x, y + head, zoom)
            fill = (0, 0, 0) if right[c] else WRONG
            middle = x + INPUT * zoom / 2
            pen.text((middle, y + head + INPUT * zoom), answers[c], fill=fill, font=small, anchor="ma")
    return png(sheet)


def tiles(
    images: ArrayLike, columns: int, zoom: int, limit: float | None = None, gap: int = 2
) -> NDArray[np.uint8]:
    """Maps or kernels side by side.

    Args:
        images: (N, rows, columns); NaN is white.
        columns: maps in a row of the sheet.
        zoom: pixels of the sheet for one of a map.
        limit: the value that is black, its negative white; the largest magnitude unless given.
        gap: pixels of white between maps.

    Returns:
        Grey levels, (rows, columns) uint8.
    """
    values = np.asarray(images, np.float32)
    limit = limit or float(np.nanmax(np.abs(values))) or 1.0
    values = np.nan_to_num(values, nan=-limit)
    grey = np.round(127.5 * (1 - np.clip(values / limit, -1, 1))).astype(np.uint8)
    grey = grey.repeat(zoom, 1).repeat(zoom, 2)
    count, high, wide = grey.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (high + gap) - gap, min(columns, count) * (wide + gap) - gap), 255, np.uint8)
    for i, tile in enumerate(grey):
        y, x = i // columns * (high + gap), i % columns * (wide + gap)
        sheet[y : y + high, x : x + wide] = tile
    return sheet
