"""A page is read as far as its work limit goes, and says what was not read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet5.imaging.geometry import Region
from lenet5.imaging.trace import Trace
from lenet5.reading.reader import Reader
from lenet5.reading.region_reader import ReadingRequest, RegionReader
from lenet5.reading.work_limit import Work, WorkLimit


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(backend="numpy")


def lines_of_bars(lines: int, bars: int) -> np.ndarray:
    """A page with so many lines of upright bars, each of which reads as a 1."""
    page = np.full((60 * lines + 20, 24 * bars + 20), 245, np.uint8)
    for line in range(lines):
        for bar in range(bars):
            page[60 * line + 18 : 60 * line + 46, 24 * bar + 20 : 24 * bar + 24] = 20
    return page


def limited(reader: Reader, candidates: float) -> Reader:
    """The same reader with another limit."""
    settings = replace(reader.settings, work=WorkLimit(candidates))
    return Reader(reader.model, method=reader.method, settings=settings)


def test_candidates_pixels_and_lines_are_counted_as_the_limit_weighs_them():
    work = Work(
        WorkLimit(most=1000, of_megapixel=100, of_line=10, of_cell=1, of_allowed_cell=2, of_displaced_cell=3)
    )
    work.add(500, 2_000_000)
    work.add_line()
    assert work.candidates == 500 + 200 + 10
    work.add_cells(4)
    work.add_cells(5, displaced=True)
    work.add_cells(6, allowed=True)
    assert work.candidates == 710 + 4 + 15 + 12
    assert not work.is_enough
    work.add(259, 0)
    assert work.candidates == 1000
    assert work.is_enough


def test_cells_count_by_their_colours_and_their_number_and_never_for_all_of_the_limit():
    work = Work(WorkLimit(most=1000, of_isolated=7, of_coloured=11, of_region=2))
    work.add_isolated(coloured=False)
    work.add_isolated(coloured=True)
    work.add_regions(6)
    assert work.candidates == 7 + 11 + 12
    work.add_regions(10_000)
    assert work.candidates == 30 + 500
    assert not work.is_enough


def test_a_page_counts_by_its_pixels_and_never_for_more_than_a_quarter_of_the_limit():
    work = Work(WorkLimit(most=1000, of_page=50))
    work.add_page(3_000_000)
    assert work.candidates == 150
    work.add_page(100_000_000)
    assert work.candidates == 150 + 250


def test_lines_beyond_the_limit_are_not_read_and_a_sentence_says_how_many(reader):
    page = lines_of_bars(4, 3)
    assert limited(reader, 1e6).read(page, mode="lines").errors == ()
    first = limited(reader, 1).read(page, "a.png", mode="lines", threshold=0)
    assert [line.text for line in first.lines] == ["111"]
    assert first.errors == ("only the 1 first of the 4 lines of a.png were read: read it part by part",)


def test_the_limit_is_of_a_page_and_not_of_a_reader(reader):
    few = limited(reader, 1)
    answers = [few.read(lines_of_bars(1, 3), mode="lines", threshold=0).text for _ in range(3)]
    assert answers == ["111"] * 3


@pytest.mark.parametrize("method", ["segmentation", "displacement"])
def test_both_methods_count(method):
    one = Reader(method=method, backend="numpy")
    result = limited(one, 1).read(lines_of_bars(3, 3), "a.png", mode="lines", threshold=0)
    assert len(result.lines) == 1
    assert "only the 1 first of the 3 lines of a.png were read" in result.errors[0]


def test_steps_that_are_recorded_change_nothing_of_what_is_read(reader):
    page = lines_of_bars(4, 3)
    few = limited(reader, 200)
    assert few.read(page, trace=Trace()).to_dict() == few.read(page).to_dict()


@pytest.mark.parametrize(
    ("sides", "parts"), [([1] * 9, [4, 4, 1]), ([3, 1, 1, 9, 1], [2, 1, 1, 1]), ([], [])]
)
def test_cells_are_read_together_up_to_a_number_and_a_size(reader, monkeypatch, sides, parts):
    cells = replace(reader.settings.cells, together=4, together_pixels=10)
    regions = [Region((0, 0, side, side), (0, 0), np.ones((side, side, 3), np.float32), "") for side in sides]
    read: list[int] = []
    monkeypatch.setattr(
        RegionReader, "_together", lambda self, part, request: read.append(len(part)) or [*part]
    )
    few = RegionReader(reader.model, "segmentation", replace(reader.settings, cells=cells), reader.policy)
    assert few.strings(regions, ReadingRequest("a.png", None, 1, None)) == regions
    assert read == parts
