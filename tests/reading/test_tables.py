"""Tables and rows of boxes: cells keep their places, in the text, as data, as a spreadsheet, and in drawings."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet5.errors import PictureError
from lenet5.imaging.grids import find_grids
from lenet5.imaging.load import load_image
from lenet5.imaging.trace import Trace
from lenet5.lattice.regex import pattern
from lenet5.reading import cells as cells_module
from lenet5.reading.forms import parse_form
from lenet5.reading.overlay import annotate
from lenet5.reading.reader import Reader
from lenet5.reading.region_reader import RegionReader
from lenet5.reading.results import Character, Line, Result, String
from lenet5.reading.tables import Spot, Spots
from lenet5.reading.work_limit import WorkLimit

SIDE, MARGIN = 60, 24
BOX = (0, 0, 10, 10)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(backend="numpy")


def bars(rows: int, columns: int, filled: set[tuple[int, int]], turn: float = 0.0) -> np.ndarray:
    """A grid with a 1 in some cells, (rows, columns) uint8."""
    page = Image.new("L", (2 * MARGIN + columns * SIDE + 1, 2 * MARGIN + rows * SIDE + 1), 240)
    pen = ImageDraw.Draw(page)
    for row in range(rows + 1):
        y = MARGIN + row * SIDE
        pen.line([(MARGIN, y), (MARGIN + columns * SIDE, y)], 100, 2)
    for column in range(columns + 1):
        x = MARGIN + column * SIDE
        pen.line([(x, MARGIN), (x, MARGIN + rows * SIDE)], 100, 2)
    for row, column in filled:
        x, y = MARGIN + column * SIDE + SIDE // 2, MARGIN + row * SIDE + SIDE // 2
        pen.line([(x + 3, y - 17), (x - 3, y + 17)], 30, 5)
    page = page.rotate(turn, Image.Resampling.BICUBIC, fillcolor=240)
    return np.clip(
        np.asarray(page) + np.random.default_rng(1).normal(0, 1.5, page.size[::-1]), 0, 255
    ).astype(np.uint8)


@pytest.mark.parametrize("turn", [0, 3])
@pytest.mark.parametrize("mode", ["auto", "table"])
def test_empty_cells_of_a_table_keep_their_places(reader, turn, mode):
    filled = {(0, 0), (0, 2), (1, 1), (2, 0), (2, 1), (2, 2)}
    result = reader.read(bars(3, 3, filled, turn), mode=mode, threshold=0)
    assert result.table.kind == "table"
    texts = [[cell.text for cell in row] for row in result.table.rows]
    assert texts == [["1" if (row, column) in filled else "" for column in range(3)] for row in range(3)]
    assert result.text.split("\n") == ["1 1", " 1 ", "111"]
    for row, cells in enumerate(result.table.rows):
        for column, cell in enumerate(cells):
            left, top, wide, high = cell.box
            assert abs(left + wide / 2 - (MARGIN + SIDE * (column + 0.5))) < 8
            assert abs(top + high / 2 - (MARGIN + SIDE * (row + 0.5))) < 8
            assert bool(cell.corners) == bool(turn)


def test_an_empty_box_of_a_turned_row_keeps_its_place(reader):
    result = reader.read(bars(1, 6, {(0, 0), (0, 1), (0, 3), (0, 5)}, 2), threshold=0)
    assert result.text == "11 1 1"
    assert [cell.text for cell in result.table.rows[0]] == ["1", "1", "", "1", "", "1"]


def test_the_grain_of_an_empty_cell_is_no_writing(reader):
    image = bars(4, 4, {(row, 0) for row in range(4)}).astype(float)
    y, x = np.mgrid[: len(image), : len(image)]
    image -= 8 * np.sin(x / 9) * np.sin(y / 9)
    result = reader.read(image.clip(0, 255).astype(np.uint8), mode="table", threshold=0)
    assert [[cell.text for cell in row] for row in result.table.rows] == [["1", "", "", ""]] * 4


def test_a_table_is_classified_in_parts_that_give_what_the_whole_gives(reader, monkeypatch):
    lengths = []
    isolated = RegionReader.isolated

    def counted(self, characters, name, request):
        lengths.append(len(characters))
        return isolated(self, characters, name, request)

    monkeypatch.setattr(RegionReader, "isolated", counted)
    page = bars(9, 9, {(row, column) for row in range(9) for column in range(9)})
    parts = reader.read(page, mode="table", threshold=0)
    assert len(lengths) > 1 and sum(lengths) == 81  # one string of thousands takes a gigabyte
    cells = replace(reader.settings.cells, together=81)
    whole = Reader(backend="numpy", settings=replace(reader.settings, cells=cells)).read(
        page, mode="table", threshold=0
    )
    assert lengths[-1] == 81
    assert whole.to_dict() == parts.to_dict()


def test_a_cell_that_has_not_what_a_pattern_allows_is_doubtful_and_says_why(reader):
    page = bars(2, 2, {(0, 0), (0, 1), (1, 1)})
    allowed = reader.read(page, mode="table", grammar=pattern("1|7", reader.model.classes), threshold=0)
    assert [[cell.text for cell in row] for row in allowed.table.rows] == [["1", "1"], ["", "1"]]
    refused = reader.read(page, mode="table", grammar=pattern("2{9}", reader.model.classes), threshold=0)
    assert [[cell.text for cell in row] for row in refused.table.rows] == [["?", "?"], ["", "?"]]
    assert all("nothing that is allowed has one character" in one.reason for one in refused.characters)


def test_a_table_without_writing_is_an_error_that_says_so(reader):
    with pytest.raises(PictureError, match="9 cells of its table are empty"):
        reader.read(bars(3, 3, set()), mode="table")


@pytest.mark.parametrize("rows", [2, 3])
def test_an_empty_table_is_one_unasked_too(reader, rows):
    with pytest.raises(PictureError, match=f"{3 * rows} cells of its table are empty"):
        reader.read(bars(rows, 3, set()))


def test_digits_in_straight_strokes_side_by_side_are_no_empty_table(reader):
    page = Image.new("L", (270, 110), 255)
    pen = ImageDraw.Draw(page)
    strokes = {
        "5": [(36, 0, 0, 0), (0, 0, 0, 35), (0, 35, 36, 35), (36, 35, 36, 70), (36, 70, 0, 70)],
        "6": [(36, 0, 0, 0), (0, 0, 0, 70), (0, 70, 36, 70), (36, 70, 36, 35), (36, 35, 0, 35)],
        "8": [(0, 0, 36, 0), (0, 0, 0, 70), (0, 70, 36, 70), (36, 70, 36, 0), (36, 35, 0, 35)],
        "9": [(0, 0, 36, 0), (0, 0, 0, 35), (0, 35, 36, 35), (36, 0, 36, 70), (36, 70, 0, 70)],
    }
    for place, digit in enumerate("5689"):
        left = 20 + 60 * place
        for x0, y0, x1, y1 in strokes[digit]:
            pen.line([(left + x0, 20 + y0), (left + x1, 20 + y1)], 20, 5)
    assert [(grid.rows, grid.columns) for grid in find_grids(load_image(page))] == [(2, 7)]
    result = reader.read(page)
    assert result.cells is None
    assert result.characters


def test_a_field_of_a_form_may_be_a_table_of_known_counts(reader):
    page = bars(2, 4, {(0, 0), (1, 3)})
    form = parse_form(
        {"fields": {"marks": {"region": "0%,0%,100%,100%", "mode": "table", "rows": 2, "columns": 4}}}
    )
    result = reader.read_form(page, form)["marks"]
    assert [len(row) for row in result.table.rows] == [4, 4]
    assert result.table.rows[0][0].text and not result.table.rows[0][1].text


def character(text: str, left: int, reason: str = "") -> Character:
    return Character(text, (left, 0, 5, 8), 1.0, 0.9, (), reason)


def table() -> Result:
    """Two rows of three cells: 12, empty, 3 and empty, empty, 4."""
    first = String("12", 0.5, 0.8, (character("1", 0), character("2", 6)))
    lines = (
        Line((first, String("3", 0.1, 0.9, (character("3", 40),)))),
        Line((String("4", 0.1, 0.5, (character("4", 40),)),)),
    )
    rows = (
        (Spot(BOX, (), (0, 0, 0, 2)), Spot(BOX), Spot(BOX, (), (0, 1, 0, 1))),
        (Spot(BOX), Spot(BOX, (), None, "it is torn"), Spot(BOX, (), (1, 0, 0, 1))),
    )
    return Result(lines, (), Spots("table", rows))


def test_a_table_is_text_spreadsheet_and_data():
    result = table()
    assert result.text == "12||3\n|?|4"
    rows = list(csv.reader(io.StringIO(result.to_csv())))
    assert rows == [["12", "", "3"], ["", "?", "4"]]
    data = json.loads(json.dumps(result.to_dict()))
    assert (data["table"]["rows"], data["table"]["columns"]) == (2, 3)
    assert Result.from_dict(data) == result
    assert result.confidence == pytest.approx(0.8 * 0.9 * 0.5)  # cells are read one by one


def test_cells_go_with_their_picture():
    spot = Spot((10, 20, 30, 40), ((10, 20), (40, 21), (40, 60), (9, 60)), (0, 0, 0, 1))
    result = Result(table().lines, (), Spots("table", ((spot,),))).scale(2)
    assert result.table.rows[0][0].box == (20, 40, 60, 80)
    assert result.table.rows[0][0].corners[1] == (80, 42)


def test_a_drawing_shows_every_cell():
    image = np.ones((100, 100, 3), np.float32)
    spots = Spots("table", ((Spot((60, 60, 30, 30)), Spot(BOX, (), (0, 0, 0, 1))),))
    lines = (Line((String("1", 0.0, 1.0, (character("1", 0),)),)),)
    drawn = np.asarray(annotate(image, [Result(lines, (), spots)]))
    assert (
        drawn[drawn.shape[0] * 2 // 3 :, drawn.shape[1] // 2 :] < 200
    ).any()  # an empty cell, far from any text


def bars_from_cell_to_cell(rows: int, columns: int) -> np.ndarray:
    """A grid with bars across its walls."""
    image = bars(rows, columns, set())
    for row in range(rows):
        for column in range(columns):
            y, x = MARGIN + row * SIDE + 26, MARGIN + column * SIDE
            image[y : y + 7, x + 40 : x + 80] = 20
    return image


def test_strokes_across_rules_asked_for_as_a_table_are_one_error(reader):
    image = bars_from_cell_to_cell(3, 4)
    with pytest.raises(PictureError, match="no table was found"):
        reader.read(image, mode="table")


def test_two_tables_on_a_page_are_read_both(reader):
    upper, lower = {(0, 0), (1, 1), (2, 2)}, {(0, 1), (1, 0)}
    result = reader.read(np.concatenate([bars(3, 3, upper), bars(2, 3, lower)]), threshold=0)
    texts = [[cell.text for cell in row] for row in result.table.rows]
    assert texts == [
        ["1" if (row, column) in filled else "" for column in range(3)]
        for filled, rows in ((upper, 3), (lower, 2))
        for row in range(rows)
    ]


def test_a_table_of_too_many_cells_says_how_many_were_not_read(reader):
    cells = replace(reader.settings.cells, most=5)
    few = Reader(backend="numpy", settings=replace(reader.settings, cells=cells))
    page = bars(3, 3, {(row, column) for row in range(3) for column in range(3) if row != column})
    result = few.read(page, mode="table", threshold=0)
    assert [[cell.text for cell in row] for row in result.table.rows] == [
        ["", "1", "1"],
        ["1", "", "1"],
        ["1", "?", ""],
    ]
    (sentence,) = result.errors
    assert sentence == "one cell of the array was not read, but the 5 before: read it part by part"
    boxes = few.read(page, mode="boxes", threshold=0)
    assert [[cell.text for cell in row] for row in boxes.table.rows][2] == ["1", "?", ""]
    assert boxes.errors == result.errors


def test_a_large_table_is_read_as_far_as_it_goes_and_not_as_lines(reader):
    cells = replace(reader.settings.cells, most=8)
    few = Reader(backend="numpy", settings=replace(reader.settings, cells=cells))
    page = bars(6, 6, {(row, column) for row in range(6) for column in range(6)})
    result = few.read(page)
    assert [cell.text for cell in result.table.rows[0]] == ["1"] * 6
    assert [cell.text for cell in result.table.rows[5]] == ["?"] * 6
    assert result.errors[0].startswith("28 cells of the array were not read")


def test_cells_beyond_the_work_limit_are_not_read_and_never_taken_for_one_character(reader):
    page = two_bars(4, 4)
    whole = reader.read(page, mode="table", threshold=0)
    assert {cell.text for row in whole.table.rows for cell in row} == {"11"}
    settings = replace(
        reader.settings, work=WorkLimit(1, of_region=0), cells=replace(reader.settings.cells, together=4)
    )
    few = Reader(backend="numpy", settings=settings).read(page, mode="table", threshold=0)
    assert [[cell.text for cell in row] for row in few.table.rows] == [["11"] * 4] + 3 * [["?"] * 4]
    assert few.errors == ("12 cells of the array were not read, but the other 4: read it part by part",)
    traced = Reader(backend="numpy", settings=settings).read(page, mode="table", threshold=0, trace=Trace())
    assert (traced.text, traced.errors) == (few.text, few.errors)


def two_bars(rows: int, columns: int) -> np.ndarray:
    """A grid with two 1s in every cell."""
    page = bars(rows, columns, set())
    for row in range(rows):
        for column in range(columns):
            top, left = MARGIN + row * SIDE + 13, MARGIN + column * SIDE
            page[top : top + 34, left + 18 : left + 23] = page[top : top + 34, left + 38 : left + 43] = 30
    return page


def test_some_cells_of_a_large_table_are_read_first_and_change_nothing_where_they_show_enough(reader):
    page = bars(4, 4, {(row, column) for row in range(4) for column in range(4) if row != 1})
    cells = replace(reader.settings.cells, many=8, sample=3)
    sampled = Reader(backend="numpy", settings=replace(reader.settings, cells=cells))
    assert sampled.read(page).to_dict() == reader.read(page).to_dict()


def test_where_some_cells_show_nothing_the_page_is_read_as_lines_before_the_rest(reader, monkeypatch):
    page = bars(6, 6, set())
    for row in range(6):
        for column in range(6):  # a heap of crosses in each cell, which is no digit
            top, left = MARGIN + row * SIDE + 14, MARGIN + column * SIDE + 14
            page[top : top + 34 : 5, left : left + 34] = page[top : top + 34, left : left + 34 : 5] = 30
    cells = replace(reader.settings.cells, many=8, sample=6)
    sampled = Reader(backend="numpy", settings=replace(reader.settings, cells=cells))
    read: list[int] = []
    strings = RegionReader.strings
    monkeypatch.setattr(
        RegionReader,
        "strings",
        lambda self, regions, request: read.append(len(regions)) or strings(self, regions, request),
    )
    assert reader.read(page, mode="table", threshold=0).table.rows
    read.clear()
    result = sampled.read(page)
    assert not result.cells
    assert sum(read) <= 6


def test_of_cells_that_were_asked_for_and_show_nothing_only_some_are_read(reader, monkeypatch):
    page = bars_from_cell_to_cell(3, 4)
    cells = replace(reader.settings.cells, many_unsure=8, sample=6)
    sampled = Reader(backend="numpy", settings=replace(reader.settings, cells=cells))
    read: list[int] = []
    cells_of = cells_module._cells
    monkeypatch.setattr(
        cells_module, "_cells", lambda regions, given: read.append(len(regions)) or cells_of(regions, given)
    )
    refusals = []
    for one in (sampled, reader):
        with pytest.raises(PictureError, match="no table was found") as refusal:
            one.read(page, "a.png", mode="table")
        refusals.append(str(refusal.value))
    assert refusals[0] == refusals[1]
    assert read == [6, 12]


@pytest.mark.parametrize("mode", ["table", "boxes"])
def test_cells_of_one_character_count_too(reader, mode):
    page = bars(3, 3, {(row, column) for row in range(3) for column in range(3)})
    settings = replace(reader.settings, work=WorkLimit(4, of_page=0, of_isolated=1, of_region=0))
    few = Reader(backend="numpy", settings=settings).read(page, mode=mode, threshold=0)
    assert [cell.text for row in few.table.rows for cell in row] == 4 * ["1"] + 5 * ["?"]
    assert few.errors[0].startswith("5 cells of the array were not read")
