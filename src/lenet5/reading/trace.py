"""Every step from a picture to what the network sees, drawn on one sheet: `lenet5 read --show-steps`.

What went wrong where: the paper taken for ink, a line taken for a rule, a cut through the wrong place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError

if TYPE_CHECKING:
    from PIL import Image

    from ..imaging.line_removal import PrintedLines
    from ..model.classifier import Classifier

__all__ = ["character_steps", "string_steps"]

WIDE = 900  # pixels of the sheet
HIGH = 320  # of a step, at most
LABEL = 18  # pixels above each step for its name
PLACE = 64  # pixels of a field
MOST_FIELDS = 130  # that are drawn
COLOURS = np.array([(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (120, 120, 120)])


def character_steps(
    colours: NDArray[np.float32], name: str = "the picture", model: Classifier | None = None
) -> Image.Image:
    """The steps of reading one character (picture.normalise_character), on one sheet.

    colours: (rows, columns, 3) in 0 … 1. model: says under the field what it reads. A picture in which nothing
    is found ends with that sentence; nothing is raised.
    """
    from ..imaging.normalise import WORKING, cleaned, field, ink, reduced

    colours, ruling, steps = _opened(colours, name)
    colours = _plain(colours, ruling, steps)
    try:
        small = reduced(colours, WORKING)
        map_ = ink(small, name)
        steps.append(("ink: how far it differs from the paper, and to which side", _ink(map_)))
        clean = cleaned(map_, name)
        steps.append(("without specks and rims", _ink(clean)))
        seen = field(clean, name)
        steps.append(("what the network sees: 28 by 28, centred by mass", _fields([seen], model)))
    except PictureError as error:
        steps.append((str(error), None))
    return _sheet(steps)


def string_steps(
    colours: NDArray[np.float32], name: str = "the picture", model: Classifier | None = None
) -> Image.Image:
    """The steps of reading lines of several characters (pages, writing, segment, strings), on one sheet.

    colours: (rows, columns, 3) in 0 … 1. model: says under each field what it reads. A picture in which nothing
    is found ends with that sentence; nothing is raised.
    """
    from ..imaging.character_boxes import BOXES, find_character_boxes
    from ..imaging.page_layout import find_text_lines

    colours, ruling, steps = _opened(colours, name)
    try:
        boxes = [] if ruling and ruling.squared else find_character_boxes(colours, name)
        if len(boxes) >= BOXES:
            drawn = _outlined(colours, [box.box for box in boxes])
            return _sheet([*steps, (f"{len(boxes)} printed boxes", drawn)])
        colours = _plain(colours, ruling, steps)
        lines = find_text_lines(colours, name)
        where = _outlined(colours, [line.box for line in lines])
        steps.append((f"lines found: {len(lines)}", where))
        for number, line in enumerate(lines, 1):
            before = f"line {number}: " if len(lines) > 1 else ""
            try:
                steps += [(before + label, step) for label, step in _line(line.image, line.name, model)]
            except PictureError as error:
                steps.append((before + str(error), None))
    except PictureError as error:
        steps.append((str(error), None))
    return _sheet(steps)


_Steps = list[tuple[str, "Image.Image | None"]]


def _opened(
    colours: NDArray[np.float32], name: str
) -> tuple[NDArray[np.float32], PrintedLines | None, _Steps]:
    """What is read of a picture, the lines printed there, and the steps up to it."""
    from ..imaging.line_removal import find_printed_lines
    from ..imaging.page_detection import detect_page

    steps: _Steps = [("as it was opened", _picture(colours))]
    if sheet := detect_page(colours, name):
        colours = sheet.image
        steps.append(("the sheet of paper alone", _picture(colours)))
    return colours, find_printed_lines(colours), steps


def _plain(colours: NDArray[np.float32], ruling: PrintedLines | None, steps: _Steps) -> NDArray[np.float32]:
    """The picture without the lines that are printed there: one more step."""
    if ruling:
        colours = ruling.painted(colours)
        steps.append(("without printed lines", _picture(colours)))
    return colours


def _line(colours: NDArray[np.float32], name: str, model: Classifier | None) -> list[tuple[str, Image.Image]]:
    from ..imaging.foreground import (
        INKED,
        line_foreground,
        remove_crossing_lines,
        remove_specks,
        resized,
        written,
    )
    from ..imaging.segmentation import segments
    from .over_segmentation import parts_of

    ink, pixels = line_foreground(colours, name)
    small = resized(colours, pixels)
    strength = written(small, name)
    ruled = remove_crossing_lines(strength)
    found = segments(ink)
    pieces = np.full((*ink.shape, 3), 255, np.uint8)
    inked = (ink > INKED) & (found.piece >= 0)
    pieces[inked] = COLOURS[found.piece[inked] % len(COLOURS)]
    fields = parts_of(found, model).fields if model else found.fields(found.arcs())
    return [
        ("ink: how far it differs from the paper in the pen's colour", _ink(strength)),
        ("without lines right across", _ink(ruled)),
        ("without specks", _ink(remove_specks(ruled))),
        (f"cut into {len(found.boxes)} pieces", _picture(pieces)),
        (f"what the network sees: {len(fields)} parts", _fields(list(fields[:MOST_FIELDS]), model)),
    ]


def _picture(pixels: NDArray) -> Image.Image:
    """Colours, as floats 0 … 1 or uint8, as wide as the sheet at most."""
    from PIL import Image

    levels = pixels if pixels.dtype == np.uint8 else np.uint8(np.round(np.clip(pixels, 0, 1) * 255))
    picture = Image.fromarray(levels)
    times = min(WIDE / picture.width, HIGH / picture.height, 4.0)
    size = max(1, round(picture.width * times)), max(1, round(picture.height * times))
    return picture.resize(size, Image.Resampling.BOX if times < 1 else Image.Resampling.NEAREST)


def _ink(map_: NDArray[np.float32]) -> Image.Image:
    return _picture(np.repeat(1 - map_[:, :, None], 3, 2))


def _outlined(colours: NDArray[np.float32], boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    """A picture with boxes (left, top, width, height) drawn on it."""
    from PIL import ImageDraw

    picture = _picture(colours)
    times = picture.width / colours.shape[1]
    pen = ImageDraw.Draw(picture)
    for number, (left, top, width, height) in enumerate(boxes):
        edges = [left * times - 1, top * times - 1, (left + width) * times, (top + height) * times]
        pen.rectangle(edges, outline=tuple(int(c) for c in COLOURS[number % len(COLOURS)]), width=2)
    return picture


def _fields(fields: list[NDArray[np.uint8]], model: Classifier | None) -> Image.Image:
    """Fields side by side, enlarged; under each what the model reads in it, and with what confidence."""
    from PIL import Image, ImageDraw

    row = WIDE // PLACE
    high = PLACE + (14 if model else 2)
    sheet = Image.new("RGB", (WIDE, high * -(-len(fields) // row)), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    posterior = model.posterior(np.stack(fields)) if model and fields else None
    for at, field in enumerate(fields):
        x, y = at % row * PLACE, at // row * high
        side = PLACE - 4
        sheet.paste(Image.fromarray(255 - field).resize((side, side), Image.Resampling.NEAREST), (x, y))
        if model and posterior is not None:
            best = int(posterior[at].argmax())
            pen.text((x + 2, y + side), f"{model.classes[best]} {posterior[at, best]:.0%}", fill=(0, 0, 0))
    return sheet


def _sheet(steps: list[tuple[str, Image.Image | None]]) -> Image.Image:
    from PIL import Image, ImageDraw

    heights = [LABEL + 6 + (picture.height if picture else 0) for _, picture in steps]
    sheet = Image.new("RGB", (WIDE + 16, sum(heights) + 8), (238, 238, 234))
    pen = ImageDraw.Draw(sheet)
    y = 4
    for (label, picture), height in zip(steps, heights, strict=True):
        pen.text((8, y + 2), label, fill=(0, 0, 0))
        if picture:
            sheet.paste(picture, (8, y + LABEL))
        y += height
    return sheet
