"""Pictures over HTTP: the answer is that of the reader, in every form of body and of answer."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

ROOT = Path(__file__).parents[2]
SEVEN = ROOT / "examples" / "pencil-seven.png"
LINES = ROOT / "examples" / "lines" / "two-lines.png"
SCHEMA = json.loads((ROOT / "docs" / "result.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def expected() -> dict:
    (page,) = DocumentReader(Reader(), best=5).read(LINES.read_bytes(), "the picture")
    return page.to_dict()


def encode(picture: Path) -> str:
    return base64.b64encode(picture.read_bytes()).decode()


def same(read: dict, expected: dict) -> None:
    assert read["text"] == expected["text"]
    assert [line["box"] for line in read["lines"]] == [line["box"] for line in expected["lines"]]
    assert read["confidence"] == pytest.approx(expected["confidence"], abs=1e-4)


@pytest.mark.parametrize(
    "body",
    [
        {"content": LINES.read_bytes()},
        {"content": LINES.read_bytes(), "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": LINES.read_bytes(), "headers": {"content-type": "image/png"}},
        {"json": {"image": encode(LINES)}},
        {"json": {"image": f"data:image/png;base64,{encode(LINES)}"}},
    ],
    ids=["raw", "curl", "image", "json", "data-url"],
)
def test_every_form_of_body_gives_the_answer_of_the_reader(served, expected, body):
    answer = served.client.post("/v1/read", **body)
    assert answer.status_code == 200
    jsonschema.validate(answer.json(), SCHEMA)
    same(answer.json(), expected)


def test_a_form_has_the_picture_and_options(served, expected):
    with LINES.open("rb") as picture:
        answer = served.client.post(
            "/v1/read", files={"file": ("../../a\tb.png", picture)}, data={"best": "1"}
        )
    assert answer.json()["picture"] == "a%09b.png"
    same(answer.json(), expected)
    assert all(not string["alternatives"] for line in answer.json()["lines"] for string in line["strings"])


def test_several_pictures_are_read_in_their_order_and_a_bad_one_harms_no_other(served):
    files = [("file", (name, data)) for name, data in
             (("a.png", SEVEN.read_bytes()), ("b.png", b"no picture"), ("c.png", LINES.read_bytes()))]  # fmt: skip
    answer = served.client.post("/v1/read", files=files)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [page["picture"] for page in results] == ["a.png", "b.png", "c.png"]
    assert results[0]["text"] == "7" and "not a picture" in results[1]["error"]
    assert len(results[2]["lines"]) == 2
    rows = list(csv.reader(io.StringIO(served.client.post("/v1/read?format=csv", files=files).text)))
    assert [row[0] for row in rows] == ["picture", "a.png", "b.png", "c.png", "c.png"]
    assert {len(row) for row in rows} == {12}
    lines = served.client.post("/v1/read?format=ndjson", files=files).text.splitlines()
    assert [json.loads(line)["picture"] for line in lines] == ["a.png", "b.png", "c.png"]


def test_pages_of_a_document_are_a_list(served):
    stream = io.BytesIO()
    with Image.open(SEVEN) as seven, Image.open(LINES) as lines:
        seven.convert("L").save(stream, "TIFF", save_all=True, append_images=[lines.convert("L")])
    results = served.client.post("/v1/read", content=stream.getvalue()).json()["results"]
    assert [(page["page"], page["pages"]) for page in results] == [(1, 2), (2, 2)]
    assert results[0]["text"] == "7"


def test_options_are_those_of_the_command(served):
    def text(query: str) -> str:
        answer = served.client.post(f"/v1/read?{query}", content=LINES.read_bytes())
        assert answer.status_code == 200, answer.text
        return answer.json()["text"]

    assert text("mode=lines&threshold=0").replace("?", "").count("\n") == 1
    assert len(text("digits=2&region=0%25,0%25,100%25,50%25&threshold=0")) == 2
    assert text("mode=string&choices=12&choices=34&region=0,0,480,150&threshold=0") in ("12", "34")
    assert all(letter in "1234567890?\n" for letter in text("method=displacement&mode=lines"))


def test_a_form_template_names_the_fields(served):
    template = {"fields": {"first": {"region": "0%,0%,100%,50%"}, "second": {"region": "0%,50%,100%,50%"}}}
    answer = served.client.post("/v1/read", json={"image": encode(LINES), "form": template})
    assert answer.status_code == 200 and list(answer.json()["fields"]) == ["first", "second"]


def test_explanations_spell_the_text(served):
    answer = served.client.post("/v1/read?explain=1&threshold=0", content=LINES.read_bytes()).json()
    explanation = answer["explanation"]
    with Image.open(LINES) as picture:
        assert (explanation["width"], explanation["height"]) == picture.size
    for line, read in zip(explanation["lines"], answer["lines"], strict=True):
        spelt = "".join(line["arcs"][k]["label"] for k in line["path"])
        assert spelt == read["text"].replace(" ", "")
        assert all(len(base64.b64decode(arc["glyph"])) in (0, 784) for arc in line["arcs"])


def test_a_drawn_picture_has_the_size_of_the_picture(served):
    answer = served.client.post("/v1/read?format=png", content=LINES.read_bytes())
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as drawn, Image.open(LINES) as picture:
        assert drawn.width % picture.width == 0  # small pictures are enlarged


def blank() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((60, 200), 255, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("query", "content", "status", "part"),
    [
        ("", b"", 400, "no picture"),
        ("", b"GIF89a", 422, "cannot read"),
        ("", blank(), 422, "nothing to read"),
        ("?colour=1", LINES.read_bytes(), 400, "no option"),
        ("?mode=poem", LINES.read_bytes(), 400, "none of"),
        ("?weights=/etc/passwd", LINES.read_bytes(), 400, "none of"),
        ("?digits=0", LINES.read_bytes(), 400, "whole number"),
        ("?digits=2&pattern=1", LINES.read_bytes(), 400, "exclude"),
        ("?pattern=(", LINES.read_bytes(), 400, "pattern"),
        ("?threshold=nan", LINES.read_bytes(), 400, "0 to 1"),
        ("?region=1,2", LINES.read_bytes(), 400, "region"),
        ("?form=%7B%7D", LINES.read_bytes(), 400, "template"),
        ("?explain=1&format=csv", LINES.read_bytes(), 400, "explain"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(served, query, content, status, part):
    answer = served.client.post(f"/v1/read{query}", content=content)
    assert (answer.status_code, part in answer.json()["error"]) == (status, True), answer.text


@pytest.mark.parametrize(
    "body",
    [{}, {"image": 5}, {"image": "%%"}, {"images": "x"}, {"image": "data:text/html,hello"},
     {"image": "http://127.0.0.1/secret.png"}, {"image": "file:///etc/passwd"}],
)  # fmt: skip
def test_an_address_in_json_is_never_fetched(served, body):
    answer = served.client.post("/v1/read", json=body)
    assert answer.status_code == 400


def test_ocr_answers_in_the_shape_of_liteparse(served, expected):
    answer = served.client.post("/ocr", files={"file": ("scan.png", LINES.read_bytes(), "image/png")},
                                data={"language": "en"})  # fmt: skip
    results = answer.json()["results"]
    strings = [string for line in expected["lines"] for string in line["strings"]]
    assert [one["text"] for one in results] == [string["text"] for string in strings]
    for one, string in zip(results, strings, strict=True):
        left, top, width, height = string["box"]
        assert one["bbox"] == [left, top, left + width, top + height]
        assert 0 <= one["confidence"] <= 1
    assert served.client.post("/ocr", files={"file": ("blank.png", blank())}).json() == {"results": []}
    assert served.client.post("/ocr", files={"file": ("x.png", b"nothing")}).status_code == 422
