"""Regions and templates: in pixels of the page; mistakes are one sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.errors import InputError, PictureError
from lenet5.reading.forms import Area, Form, crop, load_form, parse_form, parse_region

PAGE = np.arange(80 * 100, dtype=np.float32).reshape(80, 100, 1).repeat(3, 2) / 8000


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("10,20,30,40", (10, 20, 30, 40)),
        (" 10 , 20 ,30, 40 ", (10, 20, 30, 40)),
        ("10%,25%,50%,50%", (10, 20, 50, 40)),
        ("0.1,0.25,0.5,0.5", (10, 20, 50, 40)),
        ("0,0,1,1", (0, 0, 1, 1)),  # a pixel
        ("0%,0%,100%,100%", (0, 0, 100, 80)),
        ("90,70,30,30", (90, 70, 10, 10)),  # cut to the page
    ],
)
def test_a_region_is_pixels_or_shares(text, box):
    assert parse_region(text).on((100, 80)) == box


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2,3", "3 of 4 numbers"), ("", "no number"), ("a,b,c,d", "no number"), ("nan,0,1,1", "no number"),
        ("1e3,0,1,1", "no number"), ("1_0,0,1,1", "no number"), ("0%,0%,4\x1f%,5%", "no number"),
        ("10%,1,1,1", "some have none"),
        ("0,0,0,5", "more than 0"), ("0,0,5,-5", "more than 0"), ("-1,0,5,5", "begins outside"),
        ("60%,0%,50%,10%", "ends outside"), ("1,2,3,4,5", "5 of 4 numbers"),
    ],
)  # fmt: skip
def test_a_region_that_is_none_says_why_and_how(text, reason):
    with pytest.raises(InputError, match=reason) as failure:
        parse_region(text)
    assert "write left,top,width,height" in str(failure.value)


def test_what_is_cut_out_knows_where_it_was():
    region = crop(PAGE, parse_region("10,20,30,40"))
    assert region.image.shape == (40, 30, 3)
    assert (region.image == PAGE[20:60, 10:40]).all()
    left, top, width, height = region.on_page((3, 5, 7, 9))
    assert (left, top, width, height) == (13, 25, 7, 9)
    assert (PAGE[top : top + height, left : left + width] == region.image[5:14, 3:10]).all()


def test_a_region_outside_the_page_names_page_and_field():
    with pytest.raises(PictureError, match=r"scan\.png, field total.*100×80 pixels"):
        crop(PAGE, Area(200, 0, 10, 10), "scan.png", field="total")


TEMPLATE = {
    "size": [1000, 800],
    "fields": {
        "amount": {"region": [100, 200, 300, 80], "digits": 5},
        "number": {"region": "50%,50%,25%,10%", "pattern": r"\d{4,6}", "mode": "boxes"},
        "kind": {"region": [0.0, 0.0, 0.1, 0.1], "choices": ["1", "2"], "mode": "character"},
        "rest": "0,400,1000,400",
    },
}
TOML = r"""
size = [1000, 800]
[fields]
rest = "0,400,1000,400"
[fields.amount]
region = [100, 200, 300, 80]
digits = 5
[fields.number]
region = "50%,50%,25%,10%"
pattern = '\d{4,6}'
mode = "boxes"
[fields.kind]
region = [0.0, 0.0, 0.1, 0.1]
choices = ["1", "2"]
mode = "character"
"""


def test_json_and_toml_say_the_same(tmp_path):
    (tmp_path / "form.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / "form.toml").write_text(TOML)
    a, b = load_form(tmp_path / "form.json"), load_form(tmp_path / "form.toml")
    assert {field.name: field for field in a.fields} == {field.name: field for field in b.fields}
    assert a.size == b.size == (1000, 800)
    amount, number, kind, rest = a.fields
    assert (amount.digits, amount.mode, number.pattern, kind.choices) == (5, "string", r"\d{4,6}", ("1", "2"))
    assert rest.area == Area(0, 400, 1000, 400)


def test_one_template_serves_scans_of_any_size():
    form = parse_form(TEMPLATE)
    for times in (0.1, 0.5, 2):
        page = np.zeros((round(800 * times), round(1000 * times), 3), np.float32)
        boxes = {field.name: region.box for field, region in form.regions(page)}
        assert boxes["amount"] == tuple(round(side * times) for side in (100, 200, 300, 80))
        assert boxes["number"] == tuple(round(side * times) for side in (500, 400, 250, 80))


def test_a_scan_of_another_shape_is_refused():
    with pytest.raises(PictureError, match=r"turned\.png has 800×1000 pixels, another shape"):
        parse_form(TEMPLATE).regions(np.zeros((1000, 800, 3), np.float32), "turned.png")
    without = parse_form({"fields": {"all": "0%,0%,100%,100%"}})
    assert len(without.regions(np.zeros((1000, 800, 3), np.float32))) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fields": {}}, "needs `fields`"), ({"fields": [1]}, "needs `fields`"), ({"size": [1]}, "`size` must be"),
        ({"size": [0, 5]}, "`size` must be"), ({"page": 1}, "none of fields, size"),
        ({"fields": {"a": {}}}, "field 'a' needs a region"), ({"fields": {"a": 5}}, "not four numbers"),
        ({"fields": {"a": {"region": [1, 2, 3, 4], "digit": 3}}}, "'digit', which is none of"),
        ({"fields": {"a": {"region": [1, 2, 3, 4], "digits": 0}}}, "whole number from 1"),
        ({"fields": {"a": {"region": [1, 2, 3, 4], "digits": True}}}, "whole number from 1"),
        ({"fields": {"a": {"region": [1, 2, 3, 4], "digits": 3, "pattern": "x"}}}, "one of digits"),
        ({"fields": {"a": {"region": [1, 2, 3, 4], "choices": []}}}, "list of strings"),
        ({"fields": {"a": {"region": [1, 2, 3, 4], "mode": "words"}}}, "mode must be one of"),
        ({"fields": {"a": [2000, 2, 3, 4]}}, "outside `size`"), ({"fields": {" ": [1, 2, 3, 4]}}, "needs a name"),
        ({"fields": {"a": [1, 2, 10**400, 4]}}, "not four numbers"),
    ],
)  # fmt: skip
def test_a_template_that_is_wrong_says_where(change, reason):
    with pytest.raises(InputError, match=reason) as failure:
        parse_form({**TEMPLATE, **change})
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(("name", "text"), [("a.json", "{"), ("a.toml", "= 3"), ("a.json", "[" * 100_000)])
def test_a_template_that_is_no_json_or_toml_names_the_file(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        load_form(path)
    with pytest.raises(InputError, match="No such file"):
        load_form(tmp_path / "none.toml")


@given(st.text(st.sampled_from("0123456789.,%- +e\n"), max_size=24))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_region_or_a_sentence(text):
    try:
        area = parse_region(text)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert area.width > 0
        assert area.height > 0


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["fields", "region", "size", "mode", "digits", "a"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(DATA)
@settings(max_examples=150, deadline=None)
def test_any_data_is_a_template_or_a_sentence(data):
    try:
        assert isinstance(parse_form(data), Form)
    except InputError as error:
        assert "\n" not in str(error)
