"""`lenet5 read --same`: which pictures are one thing, and what is printed of it."""

import json
from pathlib import Path

import click
import pytest

from lenet5.cli.frames import groups_of

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ["m/a-1.png", "m/a-2.png", "n/b-1.png"]


@pytest.mark.parametrize(
    ("same", "groups"),
    [
        ("all", [NAMES]),
        ("folder", [NAMES[:2], NAMES[2:]]),
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


def test_same_goes_with_no_table_and_no_form(call):
    status, _, error = call("read", "a.png", "b.png", "--same", "all", "--out", "x.csv")
    assert status == 2 and "--same" in error
