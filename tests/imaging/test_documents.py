"""Pages: of PDF and TIFF files and of pictures; whatever is no document is refused with a sentence."""

from __future__ import annotations

import builtins
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lenet5.errors import MissingExtraError, PictureError
from lenet5.imaging.documents import open_pages
from lenet5.imaging.load import LOAD, load_image


def sheet(number: int, size: tuple[int, int] = (300, 420)) -> Image.Image:
    """White, with as many black squares in a row as the number says."""
    page = Image.new("L", size, 255)
    for i in range(number):
        ImageDraw.Draw(page).rectangle((20 + 40 * i, 30, 49 + 40 * i, 59), fill=0)
    return page


def document(kind: str, pages: int, **more) -> bytes:
    file = io.BytesIO()
    first, *others = [sheet(i + 1) for i in range(pages)]
    first.save(file, kind, save_all=True, append_images=others, **more)
    return file.getvalue()


def squares(picture: np.ndarray) -> int:
    row = picture[round(picture.shape[0] * 45 / 420), :, 0] < 0.5
    return int((np.diff(row.astype(int)) == 1).sum())


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_every_page_comes_once_and_in_order(kind):
    if kind == "PDF":
        pytest.importorskip("pypdfium2")
    pages = list(open_pages(document(kind, 3), "scan"))
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.count for page in pages] == [3, 3, 3]
    assert [squares(page.image) for page in pages] == [1, 2, 3]
    assert pages[1].name == "scan, page 2"
    assert all(page.image.dtype == np.float32 and page.image.shape[2] == 3 for page in pages)


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_only_the_pages_asked_for(kind):
    if kind == "PDF":
        pytest.importorskip("pypdfium2")
    data = document(kind, 3)
    assert [squares(page.image) for page in open_pages(data, only={3, 1})] == [1, 3]
    with pytest.raises(PictureError, match=r"cannot read page 4 of scan: it has 3 pages"):
        list(open_pages(data, "scan", only=[4]))


def test_a_picture_is_one_page(tmp_path):
    path = tmp_path / "one.png"
    sheet(2).save(path)
    (page,) = open_pages(path)
    assert (page.number, page.count, page.name, page.pixels) == (1, 1, str(path), 1)
    assert (page.image == load_image(path)).all()
    (again,) = open_pages(page.image)
    assert (again.image == page.image).all()


def test_a_pdf_is_drawn_at_the_resolution_asked_for():
    pytest.importorskip("pypdfium2")
    data = document("PDF", 1, resolution=100)  # 3 inches wide
    (page,) = open_pages(data, dpi=200)
    assert page.image.shape[1] == pytest.approx(600, abs=2)
    (poster,) = open_pages(data, dpi=20_000)
    assert max(poster.image.shape) <= LOAD.longest + 1


def test_a_pdf_without_its_library_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "pypdfium2":
            raise ModuleNotFoundError("No module named 'pypdfium2'", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'lenet5-1998\[pdf\]'"):
        next(open_pages(b"%PDF-1.4\n", "letter.pdf"))


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4 this is none", b"%PDF-", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF"]
)
def test_a_broken_pdf_is_a_sentence(data):
    pytest.importorskip("pypdfium2")
    with pytest.raises(PictureError, match=r"cannot read letter\.pdf: the file is damaged") as met:
        list(open_pages(data, "letter.pdf"))
    assert "\n" not in str(met.value)


def test_a_locked_pdf_says_that_a_password_locks_it(monkeypatch):
    pdfium = pytest.importorskip("pypdfium2")

    def locked(data):
        raise pdfium.PdfiumError("Failed to load document (PDFium: Incorrect password error).", err_code=4)

    monkeypatch.setattr(pdfium, "PdfDocument", locked)
    with pytest.raises(PictureError, match="a password locks it"):
        next(open_pages(b"%PDF-1.4\n", "letter.pdf"))


def test_a_tiff_cut_short_gives_the_pages_before_and_then_a_sentence():
    data = document("TIFF", 3)
    pages = open_pages(data[: len(data) * 2 // 3], "scan.tif")
    with pytest.raises(PictureError, match=r"cannot read scan\.tif") as met:
        assert squares(next(pages).image) == 1
        list(pages)
    assert "\n" not in str(met.value)


@given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from(["TIFF", "PDF"]))
@settings(max_examples=60, deadline=None)
def test_a_damaged_document_is_pages_or_a_sentence(where, value, kind):
    if kind == "PDF":
        pytest.importorskip("pypdfium2")
    data = bytearray(document(kind, 2))
    data[where % len(data)] = value
    try:
        for page in open_pages(bytes(data), dpi=40):
            assert page.image.ndim == 3
    except PictureError as error:
        assert "\n" not in str(error)


# --- pictures ------------------------------------------------------------------------------------------
