"""A recorded trace, drawn: every step from the picture to its text on one sheet (`lenet5 read --show-steps`).

Nothing is computed again: each image, label and confidence is the one that the reading used. The sheet shows what went
wrong where: background taken for foreground, a stroke taken for a printed line, a cut in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..imaging.geometry import Box
from ..imaging.trace import Step, Trace
from ..model.classifier import Classifier
from .interpretation_graph import InterpretationGraph
from .results import Result, format_confidence

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_trace", "record_candidates", "record_result"]

TITLES = {
    "image": "image as it was opened",
    "page": "the page alone",
    "without_rims": "without rules at its rim",
    "without_printed_lines": "without printed lines",
    "character_boxes": "character boxes: {count}",
    "text_lines": "lines of text: {count}",
    "contrast": "contrast with the background, in the pen's colour",
    "without_crossing_lines": "without lines right across",
    "without_specks": "without specks",
    "pieces": "pieces of over-segmentation: {count}",
    "candidates": "candidates: {count}, each with its likeliest class",
    "result": "result: {text}",
    "error": "{text}",
}
WIDTH, HEIGHT = 900, 320  # pixels that a step has at most
LETTER, MARGIN = 14, 8  # pixels
SIDES = {"candidates": 60, "result": 140}  # pixels of a glyph
MOST_GLYPHS = 130  # that are drawn of one step
COLOURS = np.array([(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (120, 120, 120)])
BLACK, WHITE, GREY = (0, 0, 0), (255, 255, 255), (238, 238, 234)


def record_candidates(trace: Trace, graph: InterpretationGraph, model: Classifier) -> None:
    """Record the candidates of a line, each with its likeliest class and that class's confidence."""
    confidences = model.confidence_of(graph.penalties)
    best = confidences.argmax(1) if confidences.size else np.empty(0, np.intp)
    labels = [
        f"{model.classes[k]} {format_confidence(row[k], 0)}" for k, row in zip(best, confidences, strict=True)
    ]
    trace.record("candidates", glyphs=graph.glyphs, labels=labels)


def record_result(trace: Trace, result: Result) -> None:
    """Record the characters of a result with their confidences, and the reasons of those that were rejected."""
    for line in result.lines:
        characters = [character for string in line.strings for character in string.characters]
        glyphs = [character.glyph for character in characters if character.glyph is not None]
        labels = [f"{character.text}  {format_confidence(character.confidence)}" for character in characters]
        reasons = list(dict.fromkeys(character.reason for character in characters if character.reason))
        text = "; ".join([line.text, *(f"?: {reason}" for reason in reasons)])
        trace.record("result", glyphs=np.stack(glyphs), labels=labels, text=text)


def draw_trace(trace: Trace) -> Image.Image:
    """Draw the steps of a reading below one another.

    Args:
        trace: recorded by `Reader.read`.

    Returns:
        A PIL image as wide as its widest step.
    """
    from PIL import Image, ImageDraw

    drawings = [(_title(step), _draw(step)) for step in trace.steps]
    title_height = LETTER + MARGIN
    heights = [title_height + (drawing.height + MARGIN if drawing else 0) for _, drawing in drawings]
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    widths = [pen.textlength(title, font_size=LETTER) for title, _ in drawings]
    widths += [drawing.width for _, drawing in drawings if drawing]
    sheet = Image.new("RGB", (int(max(widths, default=0)) + 2 * MARGIN, sum(heights) + MARGIN), GREY)
    pen = ImageDraw.Draw(sheet)
    y = MARGIN
    for (title, drawing), height in zip(drawings, heights, strict=True):
        pen.text((MARGIN, y), title, fill=BLACK, font_size=LETTER)
        if drawing:
            sheet.paste(drawing, (MARGIN, y + title_height - 2))
        y += height
    return sheet


def _title(step: Step) -> str:
    if step.glyphs is not None:
        count = len(step.glyphs)
    elif step.name == "pieces" and step.image is not None:
        count = int(step.image.max(initial=-1)) + 1
    else:
        count = len(step.boxes)
    title = TITLES.get(step.name, step.name).format(count=count, text=step.text)
    return f"{step.region}: {title}" if step.region and step.name != "error" else title


def _draw(step: Step) -> Image.Image | None:
    """The drawing of a step; None for an error, which is a sentence alone."""
    if step.glyphs is not None:
        return _draw_glyphs(step.glyphs[:MOST_GLYPHS], step.labels, SIDES.get(step.name, SIDES["result"]))
    if step.image is None:
        return None
    image = step.image
    if image.dtype.kind == "i":
        colours = np.full((*image.shape, 3), 255, np.uint8)
        colours[image >= 0] = COLOURS[image[image >= 0] % len(COLOURS)]
        image = colours
    elif image.ndim == 2:  # a foreground or a mask, drawn dark on light
        image = np.repeat(1 - image.astype(np.float32)[:, :, None], 3, 2)
    return _draw_boxes(_fit(image), step.boxes, image.shape[1])


def _fit(image: NDArray[np.floating] | NDArray[np.uint8]) -> Image.Image:
    """An image (rows, columns, 3), float in 0 … 1 or uint8, scaled to the room that a step has."""
    from PIL import Image

    levels = image if image.dtype == np.uint8 else np.uint8(np.round(np.clip(image, 0, 1) * 255))
    picture = Image.fromarray(levels)
    factor = min(WIDTH / picture.width, HEIGHT / picture.height, 4.0)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return picture.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.NEAREST)


def _draw_boxes(picture: Image.Image, boxes: Sequence[Box], columns: int) -> Image.Image:
    """Draw boxes, in pixels of an image of so many columns, on the picture of that image."""
    from PIL import ImageDraw

    factor = picture.width / columns
    pen = ImageDraw.Draw(picture)
    for number, (left, top, width, height) in enumerate(boxes):
        edges = [left * factor - 1, top * factor - 1, (left + width) * factor, (top + height) * factor]
        colour = tuple(int(level) for level in COLOURS[number % len(COLOURS)])
        pen.rectangle(edges, outline=colour, width=2)
    return picture


def _draw_glyphs(glyphs: NDArray[np.uint8], labels: Sequence[str], side: int) -> Image.Image:
    """Draw glyphs in rows, black on white, each with its label below."""
    from PIL import Image, ImageDraw

    pitch, height = side + 4, side + 4 + (LETTER + 4 if labels else 0)
    row = max(1, WIDTH // pitch)
    count = max(1, len(glyphs))
    sheet = Image.new("RGB", (min(count, row) * pitch, height * -(-count // row)), WHITE)
    pen = ImageDraw.Draw(sheet)
    for at, glyph in enumerate(glyphs):
        x, y = at % row * pitch, at // row * height
        sheet.paste(Image.fromarray(255 - glyph).resize((side, side), Image.Resampling.NEAREST), (x, y))
        if labels:
            pen.text((x + 2, y + side + 1), labels[at], fill=BLACK, font_size=LETTER)
    return sheet
