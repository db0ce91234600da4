"""The steps of a reading, drawn: what was recorded is what was read, and nothing is computed for the drawing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import PictureError
from lenet5.imaging.load import load_image
from lenet5.imaging.trace import STEPS, Trace
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.forms import parse_form
from lenet5.reading.reader import Reader
from lenet5.reading.trace import TITLES, draw_trace

EXAMPLES = Path(__file__).parents[2] / "examples"
SEVEN, LINES = EXAMPLES / "pencil-seven.png", EXAMPLES / "lines" / "two-lines.png"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def steps_of(reader: Reader, picture, **how) -> Trace:
    trace = Trace()
    reader.read(picture, trace=trace, **how)
    return trace


def test_a_reading_is_the_same_with_a_trace(reader):
    for picture in (SEVEN, LINES):
        assert reader.read(picture, trace=Trace()) == reader.read(picture)


def test_the_confidence_drawn_is_that_of_the_result(reader):
    trace = steps_of(reader, SEVEN)
    (character,) = reader.read(SEVEN).characters
    (step,) = [step for step in trace.steps if step.name == "result"]
    assert step.labels == (f"7  {character.confidence:.1%}",) and step.text == "7"
    assert np.array_equal(step.glyphs[0], character.glyph)


def test_why_a_character_was_rejected_is_drawn_once(reader):
    trace = steps_of(reader, LINES, threshold=1)
    results = [step for step in trace.steps if step.name == "result"]
    reasons = reader.read(LINES, threshold=1).lines[0].strings[0].characters[0].reason
    assert len(results) == 2 and results[0].text.startswith("?????; ?: ")
    assert results[0].text.count(reasons) == 1


def test_what_cannot_be_read_ends_with_the_sentence(reader):
    trace = Trace()
    with pytest.raises(PictureError) as failure:
        reader.read(np.full((60, 80), 200, np.uint8), "the wall", trace=trace)
    assert trace.steps[-1].name == "error" and trace.steps[-1].text == str(failure.value)
    assert draw_trace(trace).height > 60


def test_drawing_asks_no_network(reader, monkeypatch):
    trace = steps_of(reader, LINES)
    monkeypatch.setattr(type(reader.model), "penalties", None)
    for one in reader.model.networks:
        monkeypatch.setattr(type(one), "penalties", None, raising=False)
    assert draw_trace(trace).height > 600


def test_each_line_has_steps_of_its_own(reader):
    trace = steps_of(reader, LINES)
    for region in ("line 1", "line 2"):
        names = [step.name for step in trace.steps if step.region == region]
        assert names[-3:] == ["without_specks", "pieces", "candidates"]
    pieces = next(step.image for step in trace.steps if step.name == "pieces")
    assert pieces.max() + 1 >= 5  # digits of the first line


def test_every_step_has_a_title():
    assert set(TITLES) == set(STEPS)


def test_each_further_step_makes_the_sheet_higher(reader):
    image = load_image(SEVEN)
    on_a_table = np.full((image.shape[0] + 300, image.shape[1] + 300, 3), 0.2, np.float32)
    on_a_table[150:-150, 150:-150] = image
    ruled = image.copy()
    ruled[40::60] = 0.5
    heights = [draw_trace(steps_of(reader, np.uint8(255 * one))).height for one in (image, on_a_table, ruled)]
    assert heights[1] > heights[0] < heights[2]


def test_the_fields_of_a_form_are_drawn_by_name(reader):
    form = parse_form({"fields": {"top": "0%,0%,100%,50%", "corner": [0, 0, 4, 4]}})
    trace = Trace()
    reader.read_form(LINES, form, trace=trace)
    regions = {step.region for step in trace.steps}
    assert {"top", "corner"} <= regions
    assert [step.region for step in trace.steps if step.name == "error"] == ["corner"]


def test_glyphs_that_were_read_are_drawn_large(reader):
    (page,) = DocumentReader(reader, steps=True).read(SEVEN)
    with Image.open(io.BytesIO(page.drawings["steps"])) as sheet:
        levels = np.asarray(sheet.convert("L"))
    white = (levels[-120:] == 255).any(0).sum()
    assert white < 200 <= levels.shape[0]  # no wide strip around one glyph
