"""`lenet5 explain`."""

import io
from pathlib import Path

import pytest

SEVEN = Path(__file__).parents[2] / "examples" / "pencil-seven.png"


def test_a_picture_becomes_a_page_and_a_still_picture(call, tmp_path):
    status, out, _ = call("explain", SEVEN)
    assert status == 0 and out.startswith("7 ")
    last = out.splitlines()[-1]
    assert last.startswith("wrote explain.html (") and last.endswith("bytes): open them in a browser")
    assert "<!doctype html>" in (tmp_path / "explain.html").read_text(encoding="utf-8")
    assert (tmp_path / "explain.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_name_in_svg_gives_the_still_picture_alone_with_maps_off_crossed_out(call, tmp_path):
    status, _, _ = call("explain", SEVEN, "--out", "seven.svg", "--off", "c3:4", "--weights", "paper")
    assert status == 0 and [file.name for file in tmp_path.iterdir()] == ["seven.svg"]
    assert (tmp_path / "seven.svg").read_text(encoding="utf-8").count("<path") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["nothing.png"], 1, "there is no such file"),
        ([SEVEN, "--off", "c9:1"], 1, "no layer 'c9'"),
        ([SEVEN, "--off", "c3:99"], 1, "c3 has no map 99"),
        ([SEVEN, "--off", "c3"], 2, "as c3:4"),
        ([SEVEN, "--weights", "ensemble"], 1, "one is needed"),
        ([SEVEN, "--out", "seven.pdf"], 2, "none of .html, .svg"),
    ],
)
def test_wrong_use_is_said_and_nothing_is_written(call, tmp_path, arguments, status, says):
    code, _, err = call("explain", *arguments)
    assert code == status and says in err
    assert not list(tmp_path.iterdir())


def test_standard_input_is_explained(call, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SEVEN.read_bytes())))
    status, out, _ = call("explain", "-", "--out", "seven.svg")
    assert status == 0 and out.startswith("7 ")


def test_what_is_not_believed_is_a_question_mark(call):
    status, out, _ = call("explain", SEVEN.parent / "lines" / "two-lines.png", "--out", "lines.svg")
    assert status == 0 and out.startswith("?   the likeliest is ") and "ask for 50.0%" in out
