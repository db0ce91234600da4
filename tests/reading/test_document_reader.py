"""Documents page by page: the same answers in any process, and no page that stops the others."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import InputError
from lenet5.parallel import parallel_map
from lenet5.reading.document_reader import DocumentReader, PageResult
from lenet5.reading.forms import parse_form, parse_region
from lenet5.reading.reader import Reader

EXAMPLES = Path(__file__).parents[2] / "examples"
SEVEN, THREE, LINES = (
    EXAMPLES / name for name in ("pencil-seven.png", "blue-three.png", "lines/two-lines.png")
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture
def pages(tmp_path) -> Path:
    """A TIFF file of three pages, of which the second is blank."""
    with Image.open(SEVEN) as first, Image.open(THREE) as third:
        blank = Image.new("L", first.size, 255)
        path = tmp_path / "pages.tif"
        first.convert("L").save(path, save_all=True, append_images=[blank, third.convert("L")])
    return path


class Pages:
    """`DocumentReader.read` as a list, which can be sent to another process."""

    def __init__(self, documents: DocumentReader) -> None:
        self.documents = documents

    def __call__(self, picture: str) -> list[PageResult]:
        return list(self.documents.read(picture))


def test_pages_come_one_by_one_and_a_blank_one_is_an_error(reader, pages):
    read = list(DocumentReader(reader).read(pages))
    assert [(page.page, page.pages, page.failed) for page in read] == [
        (1, 3, False), (2, 3, True), (3, 3, False),
    ]  # fmt: skip
    assert [page.result.text if page.result else page.error for page in read][::2] == ["7", "3"]
    assert f"{pages}, page 2" in read[1].error and read[1].name == f"{pages}, page 2"
    assert [page.stem for page in read] == ["pages-1", "pages-2", "pages-3"]


def test_a_document_reader_travels_to_other_processes(reader):
    documents = DocumentReader(reader, best=2, threshold=0.0)
    assert pickle.loads(pickle.dumps(documents)).threshold == 0.0  # our own bytes
    pictures = [str(SEVEN), str(THREE), "missing.png", str(LINES)]
    here, there = (list(parallel_map(Pages(documents), pictures, workers)) for workers in (1, 2))
    assert here == there
    assert "missing.png" in here[2][0].error


def test_wrong_use_is_an_exception_and_not_an_error_of_every_page(reader):
    with pytest.raises(InputError, match="mode"):
        list(DocumentReader(reader, mode="page").read(SEVEN))
    letters = parse_form({"fields": {"all": {"region": "0%,0%,100%,100%", "choices": ["AB"]}}})
    with pytest.raises(InputError):
        list(DocumentReader(reader, form=letters).read(SEVEN))


def test_a_large_picture_has_boxes_in_its_own_pixels(reader):
    with Image.open(LINES) as picture:
        large = picture.resize((picture.width * 8, picture.height * 8))
    assert max(large.size) > 4000  # is reduced before it is read
    (page,) = DocumentReader(reader).read(large)
    (small,) = DocumentReader(reader).read(LINES)
    assert page.result.text == small.result.text
    boxes, wanted = ([line.box for line in one.result.lines] for one in (page, small))
    np.testing.assert_allclose(boxes, 8 * np.array(wanted), atol=48)


def test_only_a_region_is_read_where_one_is_given(reader):
    (page,) = DocumentReader(reader, region=parse_region("0%,0%,100%,48%")).read(LINES)
    assert page.result.text == "40725"


def test_drawings_are_made_where_they_are_wanted(reader):
    (plain,) = DocumentReader(reader).read(SEVEN)
    (drawn,) = DocumentReader(reader, annotate=True, steps=True).read(SEVEN)
    assert plain.drawings == {} and plain.to_dict() == drawn.to_dict()
    assert sorted(drawn.drawings) == ["annotate", "steps"]
    for png in drawn.drawings.values():
        with Image.open(io.BytesIO(png)) as picture:
            assert picture.format == "PNG"


def test_crops_of_a_form_are_named_by_page_and_field(reader, tmp_path):
    form = parse_form({"fields": {"the top": "0%,0%,100%,48%"}})
    (page,) = DocumentReader(reader, form=form, threshold=0.0).read(LINES)
    files = page.save_crops(tmp_path)
    assert [path.name for path in files] == [f"two-lines-the-top-{number}.png" for number in range(1, 6)]
    assert [path.parent.name for path in files] == list("40725")
