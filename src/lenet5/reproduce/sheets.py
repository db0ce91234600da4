"""Sheets of characters as PNG, ink black on white, drawn by Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..network.architecture import BACKGROUND, FOREGROUND, INPUT

__all__ = ["characters", "distorted", "levels", "png"]

ZOOM = 2
GAP = 4  # pixels between fields
WRONG = (196, 30, 30)


def png(picture: object) -> bytes:
    """A picture of Pillow as a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def levels(images: NDArray) -> NDArray[np.uint8]:
    """Fields as grey levels, (N, 32, 32) uint8, 0 = ink.

    images: uint8 28×28 or 32×32 (255 = ink); float 0 … 1, or as the network takes them (−0.1 … 1.175).
    """
    if images.dtype == np.uint8:
        ink = images.astype(np.float32) / 255
    elif images.min(initial=0) < -0.01:
        ink = (images - BACKGROUND) / (FOREGROUND - BACKGROUND)
    else:
        ink = images
    edge = (INPUT - images.shape[1]) // 2
    ink = np.pad(ink, ((0, 0), (edge, edge), (edge, edge)))
    return np.uint8(np.round(255 * (1 - np.clip(ink, 0, 1))))


def _paste(sheet: object, image: NDArray[np.uint8], x: int, y: int, zoom: int) -> None:
    from PIL import Image

    side = INPUT * zoom
    sheet.paste(Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST), (x, y))


def distorted(originals: NDArray[np.uint8], rows: Sequence[NDArray]) -> bytes:
    """A row for each original: itself, a line, and its distortions."""
    from PIL import Image, ImageDraw

    step = INPUT * ZOOM + GAP
    columns = len(rows[0])
    rule = 12
    sheet = Image.new("RGB", (step * (columns + 1) + rule + GAP, step * len(rows) + GAP), "white")
    for r, (original, images) in enumerate(zip(levels(originals), rows, strict=True)):
        _paste(sheet, original, GAP, GAP + r * step, ZOOM)
        for c, image in enumerate(levels(images)):
            _paste(sheet, image, GAP + rule + (c + 1) * step, GAP + r * step, ZOOM)
    x = GAP + step + rule // 2 - GAP // 2
    ImageDraw.Draw(sheet).line((x, GAP, x, sheet.height - GAP), fill=(150, 150, 150), width=1)
    return png(sheet)


def characters(rows: Sequence[tuple[str, NDArray, Sequence[str], Sequence[bool]]], zoom: int = ZOOM) -> bytes:
    """A row of fields each, its name above them, and under each field an answer, red where it is wrong.

    rows: (name, images as for `levels`, answers, whether each is right).
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
            colour = (0, 0, 0) if right[c] else WRONG
            middle = x + INPUT * zoom / 2
            pen.text((middle, y + head + INPUT * zoom), answers[c], fill=colour, font=small, anchor="ma")
    return png(sheet)


def tiles(
    images: ArrayLike, columns: int, zoom: int, limit: float | None = None, gap: int = 2
) -> NDArray[np.uint8]:
    """Maps or kernels (N, rows, columns) side by side, `gap` pixels of white between, in grey levels.

    limit: the value that is black, its negative white; the largest there is unless given. NaN is white.
    """
    images = np.asarray(images, np.float32)
    limit = limit or float(np.nanmax(np.abs(images))) or 1.0
    images = np.nan_to_num(images, nan=-limit)
    grey = np.uint8(np.round(127.5 * (1 - np.clip(images / limit, -1, 1)))).repeat(zoom, 1).repeat(zoom, 2)
    count, high, wide = grey.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (high + gap) - gap, min(columns, count) * (wide + gap) - gap), 255, np.uint8)
    for i, tile in enumerate(grey):
        y, x = i // columns * (high + gap), i % columns * (wide + gap)
        sheet[y : y + high, x : x + wide] = tile
    return sheet
