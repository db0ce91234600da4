"""`lenet5 page`."""

import json
import re

import pytest


def test_the_page_is_written_and_its_size_is_said(call, tmp_path):
    status, out, _ = call("page")
    file = tmp_path / "index.html"
    assert status == 0 and f"{file.stat().st_size:,} bytes" in out
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_that_is_not_there_fails_in_one_sentence(call):
    status, _, err = call("page", "--out", "nowhere/index.html")
    assert status == 1 and len(err.splitlines()) == 1 and "nowhere" in err


def test_the_page_opens_with_the_weights_and_maps_that_are_named(call, tmp_path):
    status, _, _ = call("page", "--weights", "paper", "--off", "C3:4", "--off", "s2:0", "--off", "c3:9")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    opening = re.search(r'id="opening">(.*?)</script>', text)
    assert status == 0 and opening is not None
    assert json.loads(opening[1]) == {"glyph": "", "off": {"c3": [4, 9], "s2": [0]}, "network": 1}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--weights", "nope"], 1, "no weights called 'nope'"),
        (["--weights", "ensemble"], 1, "one is needed"),
        (["--off", "c3:99"], 1, "c3 has no map 99"),
        (["--off", "four"], 2, "as c3:4"),
    ],
)
def test_wrong_use_is_said_and_no_page_is_written(call, tmp_path, arguments, status, says):
    code, _, err = call("page", *arguments)
    assert code == status and says in err and not list(tmp_path.iterdir())
