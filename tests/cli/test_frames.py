"""`lenet5 read --same`: which pictures are one thing, and what is printed of it."""

import csv
import json
import shutil
from pathlib import Path

import click
import numpy as np
import pytest

from lenet5.cli.frames import groups_of

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ["m/a-1.png", "m/a-2.png", "n/b-1.png"]


@pytest.mark.parametrize(
    ("same", "groups"),
    [
        ("all", [NAMES]),
        ("folder", [NAMES[:2], NAMES[2:]]),
        ("numbered", [NAMES[:2], NAMES[2:]]),
        (r"/(\w)-", [NAMES[:2], NAMES[2:]]),
        (r"-\d", [["m/a-1.png", "n/b-1.png"], ["m/a-2.png"]]),
        ("nowhere", [[name] for name in NAMES]),
    ],
)
def test_pictures_are_grouped_by_folder_by_name_or_all(same, groups):
    assert groups_of(NAMES, same) == groups


def test_what_is_no_expression_is_wrong_use():
    with pytest.raises(click.UsageError, match="regular expression"):
        groups_of(NAMES, "(")


def test_two_frames_are_one_line_of_output(call):
    picture = str(EXAMPLES / "pencil-seven.png")
    status, out, _ = call("read", picture, picture, "--same", "all")
    assert status == 0 and out.startswith(f"{picture} and 1 more: 7 ")
    _, out, _ = call("read", picture, picture, "--same", "folder", "--json")
    assert json.loads(out)["frames"] == [picture, picture]


def test_names_are_numbered_at_their_end_alone():
    names = ["m/1.png", "m/2.png", "n/3.png", "m/a1b_1.png", "m/a1b.png", "m/a2b 2.png", "m/a1b-7.jpg"]
    assert groups_of(names, "numbered") == [names[:2], names[2:3], names[3:5], names[5:6], names[6:]]


def test_a_table_has_a_row_for_each_group_and_its_review_a_picture_of_it(call, tmp_path):
    for name, copies in (("pencil-seven.png", ("a-1", "a-2", "a-3")), ("blue-three.png", ("b-1", "b-2"))):
        for copy in copies:
            shutil.copy(EXAMPLES / name, tmp_path / f"{copy}.png")
    (tmp_path / "b-3.png").write_bytes(b"\x89PNG")
    out, review = tmp_path / "out.csv", tmp_path / "review"
    options = ("--same", "numbered", "--threshold", "1", "--out", str(out), "--review", str(review))
    status, text, _ = call("read", str(tmp_path), *options)
    assert (
        status == 1
        and "2 groups of pictures done; 1 row has an error" in text
        and "2 readings to look at" in text
    )
    with out.open(encoding="utf-8", newline="") as file:
        seven, three, damaged = csv.DictReader(file)
    assert Path(seven["source"]).stem in ("a-1", "a-2", "a-3") and Path(three["source"]).stem in (
        "b-1",
        "b-2",
    )
    assert seven["text"] == "?" and float(seven["confidence"]) < 1
    assert "b-3.png" in damaged["error"]
    assert (review / "index.html").read_text(encoding="utf-8").count("data:image/jpeg") == 2


def test_pictures_of_one_thing_are_files_and_no_form(call, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 28, 28), np.uint8))
    arguments = ("--same", "all", "--out", str(tmp_path / "x.csv"))
    status, _, error = call("read", str(tmp_path / "a.npy"), *arguments)
    assert status != 0 and "holds no picture files" in error
    status, _, error = call("read", "a.png", "b.png", "--form", "f.toml", *arguments)
    assert status == 2 and "--form or --same" in error
    status, _, error = call("read", "a.png", "b.png", "--annotate", "out", "--same", "all")
    assert status == 2 and "leave out --annotate" in error
