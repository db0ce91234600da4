"""Results as images: boxes and text drawn over a page, and a contact sheet of glyphs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .results import UNSURE, Character, Result

if TYPE_CHECKING:
    from PIL import Image

    from ..imaging.geometry import Box

__all__ = ["annotate", "contact_sheet", "encode_png"]

ACCEPTED, REJECTED, LINE, UNREAD = (0, 110, 190), (210, 60, 0), (150, 150, 150), (150, 60, 170)  # colours
LONGEST = 900  # pixels: an image whose longer side is shorter is enlarged before it is drawn on
ENLARGED = 8  # times, a glyph on a contact sheet


def annotate(image: NDArray[np.float32], results: Iterable[Result]) -> Image.Image:
    """Draw a box and its text for each character.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        results: boxes in pixels of the image.

    Returns:
        A PIL image. A rejected character has another colour, and its best guess after the `?`. Ink that was
        left out, such as a point, has a thin box of a third colour.
    """
    from PIL import Image, ImageDraw

    factor = max(1, round(LONGEST / max(image.shape[:2])))
    picture = Image.fromarray(np.uint8(np.rint(np.clip(image, 0, 1) * 255)))
    picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.BICUBIC)
    results = list(results)
    lines = [line for result in results for line in result.lines]
    characters = [character for line in lines for string in line.strings for character in string.characters]
    highest = max((character.box[3] * factor for character in characters), default=20)
    letter = int(np.clip(0.5 * highest, 10, 48))
    margin = letter + 4
    sheet = Image.new("RGB", (picture.width, picture.height + margin), (255, 255, 255))
    sheet.paste(picture, (0, margin))
    pen = ImageDraw.Draw(sheet)
    for line in lines:
        pen.rectangle(_edges(line.box, factor, margin, 3), outline=LINE)
    for corners in (corners for result in results for corners in _cells(result)):
        points = [(x * factor, y * factor + margin) for x, y in corners]
        pen.polygon(points, outline=LINE)
    for box in (box for line in lines for string in line.strings for box in string.unread):
        pen.rectangle(_edges(box, factor, margin, 1), outline=UNREAD, width=1)
    for character in characters:
        colour = REJECTED if character.text == UNSURE else ACCEPTED
        edges = _edges(character.box, factor, margin, 0)
        pen.rectangle(edges, outline=colour, width=2)
        at = edges[0], max(0, edges[1] - letter - 3)
        pen.text(at, _label(character), fill=colour, font_size=letter)
    return sheet


def contact_sheet(glyphs: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Glyphs side by side as the network sees them: 32×32, enlarged, black on white.

    Args:
        glyphs: (28, 28) uint8 each, 255 = ink.

    Returns:
        A PIL image.
    """
    from PIL import Image

    row = np.hstack([np.pad(255 - glyph, 2, constant_values=255) for glyph in glyphs])
    rows, columns = row.shape
    return Image.fromarray(row).resize((columns * ENLARGED, rows * ENLARGED), Image.Resampling.NEAREST)


def encode_png(picture: Image.Image) -> bytes:
    """A PIL image as the bytes of a PNG file."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def _cells(result: Result) -> list[tuple[tuple[int, int], ...]]:
    """The corners of every cell of a table or of boxes."""
    corners = []
    for cell in (cell for row in (result.table.rows if result.table else ()) for cell in row):
        left, top, wide, high = cell.box
        square = (left, top), (left + wide, top), (left + wide, top + high), (left, top + high)
        corners.append(cell.corners or square)
    return corners


def _label(character: Character) -> str:
    if character.text == UNSURE and character.alternatives:
        return character.text + character.alternatives[0].text
    return character.text


def _edges(box: Box, factor: int, down: int, margin: int) -> list[int]:
    """Left, top, right, bottom of a box on the enlarged image that begins so far down."""
    left, top, width, height = (edge * factor for edge in box)
    return [left - margin, top - margin + down, left + width + margin, top + height + margin + down]
