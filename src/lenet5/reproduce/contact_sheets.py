"""Contact sheets as PNG: characters black on white, maps and kernels in colours from negative to positive."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..network.architecture import BACKGROUND, FOREGROUND, INPUT
from .charts import INK
from .panel import Cell

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["cells", "characters", "distorted", "diverging", "glyph_png", "levels", "png", "scale", "tiles"]

ZOOM = 2
GAP = 4  # pixels between fields
WRONG = (196, 30, 30)
NEGATIVE, POSITIVE = (33, 102, 172), (217, 96, 26)  # blue and orange, told apart by the colour-blind as well
FRAME = (140, 140, 140)
MAP_GAP = 4  # pixels between framed maps


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


def glyph_png(image: NDArray[Any]) -> bytes:
    """One image, (28, 28) or (32, 32) as for `levels`, enlarged, as PNG."""
    from PIL import Image

    side = INPUT * ZOOM
    return png(Image.fromarray(levels(image[None])[0]).resize((side, side), Image.Resampling.NEAREST))


def cells(images: NDArray[Any], texts: Sequence[str], right: Sequence[bool]) -> list[Cell]:
    """Images, each with its text below.

    Args:
        images: (N, 28, 28) or (N, 32, 32) as for `levels`.
        texts: below each.
        right: whether each was read right.
    """
    parts = zip(np.asarray(images), texts, right, strict=True)
    return [Cell(glyph_png(image), text, not well) for image, text, well in parts]


def tiles(images: ArrayLike, columns: int, zoom: int, gap: int = 2) -> NDArray[np.uint8]:
    """Bitmaps of ±1 side by side, +1 black, −1 and the gaps white.

    Args:
        images: (N, rows, columns).
        columns: bitmaps in a row of the sheet.
        zoom: pixels of the sheet for one of a bitmap.
        gap: pixels between bitmaps.

    Returns:
        Grey levels, (rows, columns) uint8.
    """
    values = np.asarray(images, np.float32)
    grey = np.round(127.5 * (1 - np.clip(values, -1, 1))).astype(np.uint8)
    return _sheet(grey.repeat(zoom, 1).repeat(zoom, 2)[..., None], columns, gap, (255,))[..., 0]


def _colours(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colours, (…, 3) uint8, of values in −1 … 1: from NEGATIVE by white to POSITIVE."""
    share = np.clip(values, -1, 1)[..., None]
    ends = np.where(share < 0, np.array(NEGATIVE), np.array(POSITIVE)).astype(np.float32)
    return np.round(255 + (ends - 255) * np.abs(share)).astype(np.uint8)


def diverging(images: ArrayLike, columns: int, zoom: int, limit: float | None = None) -> NDArray[np.uint8]:
    """Maps or kernels side by side in colours, each in a grey frame, nothing where there is none.

    Args:
        images: (N, rows, columns); all NaN: there is none.
        columns: maps in a row of the sheet.
        zoom: pixels of the sheet for one of a map.
        limit: the value of the full colour, either way; the largest magnitude unless given.

    Returns:
        Colours with opacity, (rows, columns, 4) uint8.
    """
    values = np.asarray(images, np.float32)
    limit = limit or float(np.nanmax(np.abs(values))) or 1.0
    absent = np.isnan(values).all((1, 2))
    colours = _colours(np.nan_to_num(values) / limit).repeat(zoom, 1).repeat(zoom, 2)
    framed = np.full((len(colours), colours.shape[1] + 2, colours.shape[2] + 2, 4), (*FRAME, 255), np.uint8)
    framed[:, 1:-1, 1:-1, :3] = colours
    framed[absent] = 0
    return _sheet(framed, columns, MAP_GAP, (0, 0, 0, 0))


def _sheet(pictures: NDArray[np.uint8], columns: int, gap: int, ground: tuple[int, ...]) -> NDArray[np.uint8]:
    """Pictures (N, rows, columns, channels) side by side on a ground: (rows, columns, channels)."""
    count, high, wide, channels = pictures.shape
    rows = -(-count // columns)
    shape = rows * (high + gap) - gap, min(columns, count) * (wide + gap) - gap, channels
    sheet = np.full(shape, ground, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = i // columns * (high + gap), i % columns * (wide + gap)
        sheet[y : y + high, x : x + wide] = picture
    return sheet


def scale(least: str, most: str) -> bytes:
    """The colours of `diverging` from −1 to 1 with their ends named, as SVG."""
    stops = "".join(
        f'<stop offset="{share}" stop-color="rgb{colour}"/>'
        for share, colour in ((0, NEGATIVE), (0.5, (255, 255, 255)), (1, POSITIVE))
    )
    texts = "".join(
        f'<text x="{x}" y="30" text-anchor="{anchor}" font-size="12" fill="{INK}">{text}</text>'
        for x, anchor, text in ((1, "start", least), (120, "middle", "0"), (239, "end", most))
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 34" width="240" height="34" '
        'font-family="sans-serif">'
        f'<defs><linearGradient id="scale">{stops}</linearGradient></defs>'
        f'<rect x="0.5" y="0.5" width="239" height="14" fill="url(#scale)" stroke="rgb{FRAME}"/>{texts}</svg>'
    ).encode()
