"""Figures of strings, by hand."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lenet5.cli import group
from lenet5.errors import DataError, InputError, PictureError
from lenet5.evaluation.strings import StringEvaluation, edit_distance, evaluate_strings

WORDS = st.text("01", max_size=4)


@given(WORDS, WORDS)
def test_the_distance_is_the_fewest_edits(a, b):
    """By trying every pairing of characters that keeps their order: the rest is inserted or left out."""
    best = len(a) + len(b)
    for n in range(min(len(a), len(b)) + 1):
        for left in itertools.combinations(range(len(a)), n):
            for right in itertools.combinations(range(len(b)), n):
                changed = sum(a[i] != b[j] for i, j in zip(left, right, strict=True))
                best = min(best, changed + len(a) - n + len(b) - n)
    assert edit_distance(a, b) == best


RESULT = StringEvaluation(
    (("a", "123", "123", 0.9), ("b", "45", "46", 0.2), ("c", "7", "", 0.0), ("d", "8000", "800", 0.9))
)


def test_the_figures_are_those_counted_by_hand():
    assert RESULT.exact == 0.25
    assert RESULT.character_error == pytest.approx(3 / 10)
    assert RESULT.rejection() == [(0.0, 0.75), (0.25, pytest.approx(2 / 3)), (0.5, 0.5)]
    assert RESULT.rejected_for(0.6) == 0.5
    assert RESULT.rejected_for(0.1) is None
    assert "4 strings: 25.0% right, 30.00% of their characters wrong" in RESULT.format()
    assert RESULT.to_dict()["read"][1] == {"file": "b", "label": "45", "text": "46", "confidence": 0.2}


def folder(tmp_path: Path, table: str) -> Path:
    (tmp_path / "images").mkdir()
    for place in ("one.png", "images/two.png"):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / place)
    (tmp_path / "labels.csv").write_text(table)
    return tmp_path


class Reads:
    """A reader whose answers are its pictures' names, and which cannot read one of them."""

    def read(self, path, *, mode, grammar, best, threshold):
        if path.name == "none":
            raise PictureError("nothing to read")
        assert (mode, threshold) == ("string", 0)
        return type("Result", (), {"text": path.name, "confidence": 0.5})


def test_what_cannot_be_read_counts_as_wrong():
    seen = []
    pictures = [(Path("12"), "12"), (Path("none"), "3")]
    result = evaluate_strings(Reads(), pictures, progress=lambda done, total: seen.append((done, total)))
    assert result.read == (("12", "12", "12", 0.5), ("none", "3", "", 0.0))
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(DataError, match="no strings"):
        evaluate_strings(Reads(), [])


def test_wrong_use_is_no_wrong_reading():
    class Refuses:
        def read(self, path, **options):
            raise InputError("there is no such mode")

    with pytest.raises(InputError, match="no such mode"):
        evaluate_strings(Refuses(), [(Path("12"), "12")], mode="prose")


def test_the_command_says_how_many_are_right(tmp_path):
    place = str(folder(tmp_path, "file,label\none.png,12\n"))
    done = CliRunner().invoke(group, ["eval-strings", place, "--digits", "2"])
    assert done.exit_code == 0
    assert "1 strings: 0.0% right" in done.output
    done = CliRunner().invoke(group, ["eval-strings", place, "--json"])
    assert json.loads(done.output)["read"] == [
        {"file": "one.png", "label": "12", "text": "", "confidence": 0}
    ]
    done = CliRunner().invoke(group, ["eval-strings", place, "--digits", "2", "--pattern", "12"])
    assert done.exit_code == 2
    assert "exclude one another" in done.output
