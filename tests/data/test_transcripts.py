"""Lists of pictures and their labels."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.data.transcripts import read_transcripts
from lenet5.errors import DataError


def folder(tmp_path: Path, table: str) -> Path:
    (tmp_path / "images").mkdir()
    for place in ("one.png", "images/two.png"):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / place)
    (tmp_path / "labels.csv").write_text(table)
    return tmp_path


def test_pictures_lie_in_the_folder_or_in_images(tmp_path):
    found = read_transcripts(folder(tmp_path, "file,writer,label\none.png,x,12\ntwo.png,y,007\n"))
    assert found == [(tmp_path / "one.png", "12"), (tmp_path / "images" / "two.png", "007")]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("file,text\none.png,1\n", "file and label among them"),
        ("", "file and label among them"),
        ("file,label\nthree.png,1\n", "names three.png in line 2"),
        ("file,label\none.png,1\ntwo.png,\n", "line 3 of .* lacks the file or the label"),
        ("file,label\n\none.png\n", "line 3 of .* lacks the file or the label"),
        ("file,label\n", "lists no pictures"),
        ('file,label\n"one.png,' + "1" * 200_000, "not valid CSV"),
        ("file,label\none.png\n", "line 2 of .* lacks the file or the label"),
    ],
)
def test_a_table_that_cannot_be_used_is_a_sentence(tmp_path, table, said):
    with pytest.raises(DataError, match=said):
        read_transcripts(folder(tmp_path, table))


def test_a_missing_table_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*labels\.csv: there is no such file"):
        read_transcripts(tmp_path)


@pytest.mark.parametrize(
    "table",
    [
        "\ufefffile,label\none.png,12\n\n",
        " label ;writer;FileName\n12;x; one.png \n",
        "path\tclass\none.png\t12\n",
        '"image","character"\n"one.png","12"\n',
    ],
)
def test_spreadsheets_may_write_the_table_their_own_way(tmp_path, table):
    place = folder(tmp_path, table)
    assert read_transcripts(place) == read_transcripts(place / "labels.csv") == [(place / "one.png", "12")]


def test_a_missing_picture_may_be_left_to_the_caller(tmp_path):
    place = folder(tmp_path, "file,label\nthree.png,1\n")
    assert read_transcripts(place, must_exist=False) == [(place / "three.png", "1")]


def test_a_row_names_no_file_outside_the_folder(tmp_path):
    outside = tmp_path / "outside.png"
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(outside)
    inner = tmp_path / "inner"
    inner.mkdir()
    here = folder(inner, "")
    (here / "link.png").symlink_to(outside)
    (here / "own.png").symlink_to(here / "one.png")
    for name in (
        "../outside.png",
        str(outside),
        "link.png",
        "images/../../outside.png",
        "/etc/passwd",
        "../none.png",
    ):
        (here / "labels.csv").write_text(f"file,label\n{name},1\n")
        with pytest.raises(DataError, match=r"line 2 of .*labels\.csv names .* outside the table's folder"):
            read_transcripts(here)
        with pytest.raises(DataError, match="outside the table's folder"):
            read_transcripts(here, must_exist=False)
    for name in ("own.png", "images/../one.png", str(here / "one.png")):
        (here / "labels.csv").write_text(f"file,label\n{name},1\n")
        assert len(read_transcripts(here)) == 1


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_a_sentence(tmp_path, name):
    with pytest.raises(DataError, match="line 2"):
        read_transcripts(folder(tmp_path, f"file,label\n{name},1\n"))


def test_a_list_may_be_gzipped(tmp_path):
    here = folder(tmp_path, "")
    (here / "labels.csv").unlink()
    (here / "labels.csv.gz").write_bytes(gzip.compress(b"file,label\none.png,12\n"))
    assert read_transcripts(here) == [(here / "one.png", "12")] == read_transcripts(here / "labels.csv.gz")
