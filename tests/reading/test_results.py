"""Results are a contract: what is written as JSON is read again, and is what the schema says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from lenet5.errors import PictureError
from lenet5.reading.document_reader import DocumentReader, PageResult
from lenet5.reading.forms import parse_form
from lenet5.reading.reader import Reader
from lenet5.reading.results import Alternative, Character, Line, Result, String, format_confidence

ROOT = Path(__file__).parents[2]
LINES = ROOT / "examples" / "lines" / "two-lines.png"
SCHEMA = json.loads((ROOT / "docs" / "result.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def character(text: str = "7", at: int = 0, reason: str = "") -> Character:
    others = (Alternative("1", 60.5, 0.125), Alternative("9", 70.0, 0.0625))
    return Character(text, (10 * at, 5, 8, 12), 30.25, 0.75, others, reason, np.zeros((28, 28), np.uint8))


def string(text: str, at: int = 0, reason: str = "") -> String:
    characters = tuple(character(one, at + i, "1 or 7" * (one == "?")) for i, one in enumerate(text))
    return String(text, 1.5, 0.5, characters, (Alternative("11", 2.5, 0.25),), reason)


RESULT = Result(
    (Line((string("7?"), string("1", 9))), Line((string("42", reason="too thick for a pen's strokes"),))),
    ("line 3 has nothing to read",),
)


def through_json(data):
    return json.loads(json.dumps(data))


def test_a_result_is_the_same_after_json():
    assert Result.from_dict(through_json(RESULT.to_dict())) == RESULT


def test_a_result_of_a_picture_is_the_same_after_json():
    result = Reader().read(LINES, best=3)
    assert Result.from_dict(through_json(result.to_dict())) == result


@pytest.mark.parametrize(
    "page",
    [
        PageResult("a.png", result=RESULT),
        PageResult("a.pdf", 2, 3, RESULT),
        PageResult("a.pdf", 2, 3, error="cannot read page 2 of a.pdf"),
        PageResult("form.png", fields={"amount": RESULT, "date": "nothing to read in form.png, field date"}),
    ],
)
def test_a_page_is_the_same_after_json_and_as_the_schema_says(page):
    data = through_json(page.to_dict())
    assert PageResult.from_dict(data) == page
    VALIDATOR.validate(data)


def test_what_is_read_is_as_the_schema_says(tmp_path):
    form = parse_form({"fields": {"all": "0%,0%,100%,100%", "corner": [0, 0, 4, 4]}})
    (tmp_path / "none.png").write_bytes(b"no picture")
    reader = Reader()
    pages = [
        *DocumentReader(reader).read(LINES),
        *DocumentReader(reader, form=form).read(LINES),
        *DocumentReader(reader).read(tmp_path / "none.png"),
    ]
    assert [bool(page.result) for page in pages] == [True, False, False]
    for page in pages:
        VALIDATOR.validate(through_json(page.to_dict()))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"picture": "a.png"},
        {"picture": "a.png", "error": "blank", "text": ""},
        {"picture": "a.png"} | RESULT.to_dict() | {"confidence": 1.5},
        {"picture": "a.png"} | RESULT.to_dict() | {"others": []},
        {"picture": "a.png", "fields": {"amount": {"lines": []}}},
    ],
)
def test_the_schema_refuses_what_is_no_page(wrong):
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(through_json(wrong))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_text_boxes_and_reasons_follow_from_the_characters():
    assert RESULT.text == "7? 1\n42"
    assert RESULT.lines[0].box == (0, 5, 98, 12) and RESULT.strings[2].box == (0, 5, 18, 12)
    assert RESULT.reasons == ("1 or 7",) and not RESULT.unreadable
    assert RESULT.confidence == 0.25 and RESULT.penalty == 3.0
    assert (
        RESULT.alternatives == () and Result(RESULT.lines[1:]).alternatives == RESULT.strings[2].alternatives
    )


def test_boxes_around_lines_are_those_of_their_characters():
    result = RESULT.map_boxes(lambda box: (box[0] + 100, *box[1:]))
    assert result.lines[0].box == (100, 5, 98, 12)
    assert result.scale(2).characters[1].box == (220, 10, 16, 24)
    assert result.scale(0.01).characters[1].box == (1, 0, 1, 1)  # never empty


def test_errors_of_a_page_are_all_that_was_not_read():
    page = PageResult("form.png", fields={"amount": RESULT, "date": "no date"})
    assert page.errors == ["line 3 has nothing to read", "no date"] and page.failed
    assert page.results == [("amount", RESULT)] and len(page.characters) == 5
    assert not PageResult("a.png", result=Result(RESULT.lines)).failed
    assert PageResult("a.png", result=Result((Line((string("??"),)),))).failed


def test_a_page_that_cannot_be_read_is_an_error_and_no_exception(tmp_path):
    (page,) = DocumentReader(Reader()).read(np.full((60, 200, 3), 200, np.uint8), "the wall")
    assert "the wall" in page.error and page.failed and page.results == []
    with pytest.raises(PictureError):
        Reader().read(np.full((60, 200, 3), 200, np.uint8), "the wall")


@pytest.mark.parametrize(
    ("confidence", "tenths", "whole"),
    [
        (1.0, "100.0%", "100%"),
        (0.9996, ">99.9%", ">99%"),
        (0.9994, "99.9%", ">99%"),
        (0.973, "97.3%", "97%"),
        (0.0004, "<0.1%", "<1%"),
        (0.0, "0.0%", "0%"),
    ],
)
def test_a_confidence_is_never_rounded_to_certainty(confidence, tenths, whole):
    assert format_confidence(confidence) == tenths and format_confidence(confidence, 0) == whole
