"""Files that a reading writes: never one over another, and names that any system takes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import SaveError
from lenet5.reading.output_files import UNSORTED, DrawingFiles, file_stem, save_crops
from lenet5.reading.results import Alternative, Character


def character(text: str, shade: int, guess: str = "") -> Character:
    others = (Alternative(guess, 1.0, 0.4),) if guess else ()
    return Character(text, (0, 0, 1, 1), 1.0, 0.9, others, glyph=np.full((28, 28), shade, np.uint8))


def test_crops_lie_in_the_folders_of_their_classes(tmp_path):
    files = save_crops([character("7", 10), character("a", 20), character("?", 30, "4")], tmp_path, "page")
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "7/page-1.png", "lower_a/page-2.png", f"{UNSORTED}/page-3-4.png",
    ]  # fmt: skip
    for path, shade in zip(files, (10, 20, 30), strict=True):
        with Image.open(path) as glyph:
            assert glyph.size == (28, 28) and np.asarray(glyph).min() == shade


def test_a_crop_never_replaces_a_file(tmp_path):
    (first,) = save_crops([character("7", 10)], tmp_path, "page")
    (second,) = save_crops([character("7", 20)], tmp_path, "page")
    assert (first.name, second.name) == ("page-1.png", "page-1-2.png")
    with Image.open(first) as glyph:
        assert np.asarray(glyph).max() == 10


def test_a_character_without_a_glyph_is_left_out(tmp_path):
    assert save_crops([Character("7", (0, 0, 1, 1), 1.0, 0.9)], tmp_path, "page") == []


def test_one_drawing_is_the_file_and_several_are_a_folder(tmp_path):
    assert DrawingFiles(tmp_path / "one.png", several=False).save(b"1", "a") == tmp_path / "one.png"
    folder = DrawingFiles(tmp_path / "all", several=True)
    saved = [folder.save(b"1", stem) for stem in ("a", "b", "a")]
    assert [path.name for path in saved] == ["a.png", "b.png", "a-2.png"]
    assert DrawingFiles(tmp_path / "pages", several=False).save(b"1", "a-1", 2).parent.name == "pages"
    assert DrawingFiles(tmp_path / "all", several=False).save(b"2", "c").parent.name == "all"


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for save in (
        lambda: DrawingFiles(tmp_path / "file", several=True).save(b"1", "a"),
        lambda: save_crops([character("7", 1)], tmp_path / "file", "page"),
    ):
        with pytest.raises(SaveError, match="choose another"):
            save()


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a b.png", "a-b"), ("../x/y.tif", "y"), ("..", "picture"), ("Größe 1.png", "Größe-1"), ("a:b?", "a-b")],
)
def test_names_of_pictures_become_names_of_files(name, stem):
    assert file_stem(name) == stem
