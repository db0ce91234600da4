"""Cells are read one by one, and much text beside them only where they are worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from lenet5.errors import PictureError
from lenet5.imaging.geometry import Region
from lenet5.imaging.page_layout import PageLayout
from lenet5.reading.cells import CELL_READING, CellReader, read_boxes
from lenet5.reading.results import UNSURE, Character, String


def string(text: str, confidence: float) -> String:
    characters = tuple(Character(one, (0, 0, 9, 9), confidence, 0.0, ()) for one in text)
    return String(text, 0.0, confidence, characters)


def page(beside: int) -> PageLayout:
    """Two boxes with a stroke each, and lines of text beside them."""
    image = np.ones((40, 40, 3), np.float32)
    image[8:32, 18:22] = 0
    boxes = tuple(Region((40 * i, 0, 40, 40), (40 * i, 0), image) for i in range(2))
    lines = tuple(Region((0, 50 * i + 50, 40, 40), (0, 50 * i + 50), image, line=i) for i in range(beside))
    return PageLayout("boxes", boxes, boxes[0], outside=lines)


@pytest.mark.parametrize(
    ("beside", "sure", "or_lines", "lines_read"),
    [(17, 0.1, True, 0), (17, 0.9, True, 17), (17, 0.1, False, 17), (16, 0.1, True, 16)],
)
def test_much_text_beside_cells_that_show_nothing_is_left_to_reading_as_lines(
    beside, sure, or_lines, lines_read
):
    lines = []

    def read(regions: Sequence[Region]) -> list[PictureError]:
        lines.extend(regions)
        return [PictureError("nothing to read") for _ in regions]

    reader = CellReader(
        isolated=lambda characters, name, grammar: string("1" * len(characters), sure),
        each=lambda characters, names: [string("1", sure) for _ in characters],
        lines=read,
        accepted=lambda one: string(one.text if one.confidence > 0.5 else UNSURE * 2, one.confidence),
        grammar=None,
        best=1,
        or_lines=or_lines,
    )
    assert read_boxes(page(beside), reader).text == "11"
    assert len(lines) == lines_read


@pytest.mark.parametrize(
    ("specks", "text"),
    [
        ([(8, 20), (17, 18), (26, 17), (32, 16)], "11"),  # a stroke that is broken into four
        ([(8, 20), (12, 30), (24, 8), (32, 16)], "1"),  # specks of dust
        ([(8, 20), (32, 16)], "1"),
    ],
)
def test_specks_one_above_the_other_are_a_broken_stroke_and_no_empty_box(specks, text):
    layout = page(0)
    image = np.ones((40, 40, 3), np.float32)
    for row, column in specks:
        image[row : row + 4, column : column + 3] = 0
    boxes = (layout.regions[0], Region((40, 0, 40, 40), (40, 0), image))
    reader = CellReader(
        isolated=lambda characters, name, grammar: string("1" * len(characters), 0.9),
        each=lambda characters, names: [string("1", 0.9) for _ in characters],
        lines=lambda regions: [string("", 0.0) for _ in regions],
        accepted=lambda one: one,
        grammar=None,
        best=1,
    )
    assert read_boxes(PageLayout("boxes", boxes, boxes[0]), reader).text == text


@pytest.mark.parametrize("first", [None, 0, 3], ids=["none is allowed", "the first is", "the fourth is"])
def test_rows_of_boxes_are_given_up_where_a_grammar_allows_none_of_the_first(first):
    """Oracle: rows are read one after the other until `refused` of them are not allowed, and all where one is."""
    image = page(0).page.image
    boxes = tuple(
        Region((40 * i, 50 * row, 40, 40), (40 * i, 50 * row), image, line=row)
        for row in range(9)
        for i in range(2)
    )
    asked = []

    def isolated(characters: Sequence[object], name: str, grammar: object) -> String:
        asked.append(name)
        if first != len(asked) - 1:
            raise PictureError(f"{name} is not allowed")
        return string("11", 0.9)

    reader = CellReader(
        isolated=isolated,
        each=lambda characters, names: [],
        lines=lambda regions: [string("7", 0.9) for _ in regions],
        accepted=lambda one: one,
        grammar=None,
        best=1,
        settings=replace(CELL_READING, refused=5),
    )
    beside = (Region((0, 999, 40, 40), (0, 999), image, line=0),)
    result = read_boxes(PageLayout("boxes", boxes, boxes[0], outside=beside), reader)
    assert len(asked) == (5 if first is None else 9)
    refused = [f"the picture, row {row + 1} is not allowed" for row in range(len(asked)) if row != first]
    left = "4 more rows of the picture were not read: none of the 5 before is what is allowed"
    assert list(result.errors) == [*refused, *([left] if first is None else [])]
    assert "7" in result.text
