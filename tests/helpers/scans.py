"""Pages as a reader would give them, without a reader: texts, confidences and alternatives as they are named."""

from __future__ import annotations

import numpy as np

from lenet5.reading.document_reader import PageResult, Scan
from lenet5.reading.forms import Form, parse_form
from lenet5.reading.results import UNSURE, Alternative, Character, Line, Result, String
from lenet5.reading.tables import Spot, Spots

SIDE = 40  # pixels of a cell


def form(**fields) -> Form:
    """A form of these fields; a number and a table of two rows and three columns unless given."""
    table = {"region": [0, 100, 120, 80], "mode": "table", "rows": 2, "columns": 3}
    return parse_form({"fields": fields or {"number": [0, 0, 200, 40], "marks": table}})


def string(text, confidence=0.99, others=(), left=0, top=0, reason="", glyphs=True) -> String:
    """A string of characters side by side; of a `?` the first of `others` says what is likely."""
    characters = []
    for place, letter in enumerate(text):
        guesses = [
            Alternative(other[place], 0.0, share) for other, share in others if len(other) == len(text)
        ]
        glyph = np.full((28, 28), 10 * place + 5, np.uint8) if glyphs else None
        box = (left + 12 * place, top, 10, 20)
        unsure = "5 or 6" if letter == UNSURE else ""
        characters.append(Character(letter, box, 1.0, confidence, tuple(guesses), unsure, glyph))
    alternatives = tuple(Alternative(other, 0.0, share) for other, share in others)
    return String(text, 1.0, confidence, tuple(characters), alternatives, reason)


def line(*args, **more) -> Result:
    """A result of one line of one string."""
    return Result((Line((string(*args, **more),)),))


def table(rows) -> Result:
    """A table of cells: "" is empty, a text is read surely, (text, confidence, others) is what `string` takes."""
    lines, spots = [], []
    for y, row in enumerate(rows):
        strings, places = [], []
        for x, cell in enumerate(row):
            text, *more = (cell,) if isinstance(cell, str) else cell
            box = (SIDE * x, 100 + SIDE * y, SIDE, SIDE)
            if not text:
                places.append(Spot(box))
                continue
            places.append(Spot(box, (), (len(lines), len(strings), 0, len(text))))
            strings.append(string(text, *more, left=box[0], top=box[1]))
        if strings:
            lines.append(Line(tuple(strings)))
        spots.append(tuple(places))
    return Result(tuple(lines), (), Spots("table", tuple(spots)))


def page(name="a.png", error="", **fields) -> PageResult:
    """A page of a form with the results of its fields, or why they were not read; and an image to cut crops from."""
    areas = dict.fromkeys(fields, (0, 0, 200, 40))
    image = np.linspace(0, 1, 400 * 300 * 3, dtype=np.float32).reshape(400, 300, 3)
    return PageResult(name, fields=fields, error=error, scan=Scan(image, 1.0, areas))


def plain(name="a.png", *lines, error="") -> PageResult:
    """A page of lines of text, each what `string` takes."""
    result = (
        Result(tuple(Line((string(*one, top=40 * n),)) for n, one in enumerate(lines))) if lines else None
    )
    image = np.ones((200, 300, 3), np.float32)
    return PageResult(name, result=result, error=error, scan=Scan(image, 1.0))
