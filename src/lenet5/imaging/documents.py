"""Pages of documents: TIFF files of several pages, PDF files (extra `pdf`), and pictures, which have one."""

from __future__ import annotations

import struct
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, PictureError
from .load import (
    LOAD,
    LoadSettings,
    Picture,
    load_image_with_scale,
    open_picture,
    read_source,
    source_name,
)

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["DOCUMENTS", "DocumentSettings", "Page", "open_pages"]

INCH = 72  # points of a PDF
_PDFIUM = threading.Lock()  # PDFium may be used by one thread at a time

# PDFium's reasons not to open a file (fpdfview.h), for people.
_REASONS = {
    3: "the file is damaged, or no PDF",
    4: "a password locks it; save it without one",
    5: "it is locked",
}


@dataclass(frozen=True)
class DocumentSettings:
    """How documents are opened."""

    dpi: float = 300.0  # pixels an inch at which a PDF page is rendered: a digit 3 mm high is 35 pixels
    most_pages: int = 10_000  # of a TIFF file; a chain of pages in a damaged one may have no end
    load: LoadSettings = LOAD


DOCUMENTS = DocumentSettings()


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a document.

    number: from 1. count: pages of the document. name: what errors call it: the file, and the page where there are
    several. image: (rows, columns, 3) float32 in 0 … 1, as from load_image. pixels: of the file's own picture (of a
    PDF: at `dpi`), along a side, for one of `image`. size: columns and rows of that picture.
    """

    number: int
    count: int
    name: str
    image: NDArray[np.float32]
    pixels: float
    size: tuple[int, int]


def open_pages(
    source: Picture,
    name: str | None = None,
    *,
    dpi: float | None = None,
    only: Collection[int] | None = None,
    settings: DocumentSettings = DOCUMENTS,
) -> Iterator[Page]:
    """Each page in turn, rendered when it is asked for: of a PDF, a TIFF file of several pages, or a picture.

    Args:
        source: as for load_image.
        name: what errors call it.
        dpi: pixels an inch at which a PDF is rendered, settings.dpi unless given; fewer for longer pages.
        only: numbers of pages, from 1; all, if None.
        settings: how documents are opened.

    Raises:
        PictureError: a page cannot be read or does not exist, or a password locks the PDF.
        MissingExtraError: a PDF where pypdfium2 is not installed.
    """
    from PIL import Image

    name = name or source_name(source)
    if isinstance(source, np.ndarray | Image.Image):
        return _checked(_only_page(source, name, settings), 1, only, name)
    data = read_source(source, name)
    if b"%PDF-" in data[:1024]:
        return _pdf(data, name, settings if dpi is None else replace(settings, dpi=dpi), only)
    picture = open_picture(data, name, settings.load)
    if picture.format == "TIFF":
        return _tiff(picture, data, name, only, settings)
    return _checked(_only_page(data, name, settings), 1, only, name)


def _only_page(source: Picture, name: str, settings: DocumentSettings) -> Iterator[Page]:
    yield Page(1, 1, name, *load_image_with_scale(source, name, settings.load))


def _checked(pages: Iterator[Page], count: int, only: Collection[int] | None, name: str) -> Iterator[Page]:
    _page_numbers(count, only, name)
    yield from pages


def _page_numbers(count: int, only: Collection[int] | None, name: str) -> list[int]:
    """Numbers of the pages that are asked for, in their order. Raises PictureError for one that is not there."""
    if only is None:
        return list(range(1, count + 1))
    missing = sorted(number for number in only if not 1 <= number <= count)
    if missing:
        has = "1 page" if count == 1 else f"{count:,} pages"
        raise PictureError(f"cannot read page {missing[0]} of {name}: it has {has}")
    return sorted(set(only))


def _page_name(name: str, number: int, count: int) -> str:
    return name if count == 1 else f"{name}, page {number}"


def _tiff(
    picture: Image.Image,
    data: bytes,
    name: str,
    only: Collection[int] | None,
    settings: DocumentSettings,
) -> Iterator[Page]:
    try:
        count = getattr(picture, "n_frames", 1)
    except Exception:  # the list of pages is damaged after the first
        count = 1
    # Pillow passes in silence over a page that is not there.
    count = max(count, _announced_pages(data, settings.most_pages))
    for number in _page_numbers(count, only, name):
        called = _page_name(name, number, count)
        try:
            picture.seek(number - 1)
            page = picture.copy() if count > 1 else picture
        except Exception as error:  # decoders meet damage with any exception
            raise PictureError(f"cannot read {called}: the file is damaged ({error})") from error
        yield Page(number, count, called, *load_image_with_scale(page, called, settings.load))


def _announced_pages(data: bytes, most: int) -> int:
    """How many pages a TIFF file (specification 6.0, section 2) announces, its end cut off or not; `most` at most."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8 or struct.unpack_from(order + "H", data, 2)[0] != 42:
        return 1  # BigTIFF
    start, visited = int(struct.unpack_from(order + "I", data, 4)[0]), set[int]()
    while start and start not in visited and len(visited) < most:
        visited.add(start)
        stop = start + 2
        if stop <= len(data):
            stop += 12 * struct.unpack_from(order + "H", data, start)[0]
        if stop + 4 > len(data):
            break
        start = int(struct.unpack_from(order + "I", data, stop)[0])
    return len(visited)


@contextmanager
def _document(data: bytes, name: str) -> Iterator[Any]:
    try:
        import pypdfium2
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"cannot read {name}: PDF files need pypdfium2 ({error}): pip install 'lenet5-1998[pdf]' brings it"
        ) from error
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            reason = _REASONS.get(getattr(error, "err_code", None) or 3, _REASONS[3])
            raise PictureError(f"cannot read {name}: {reason}") from error
    try:
        yield document
    finally:
        with _PDFIUM, suppress(pypdfium2.PdfiumError):
            document.close()


def _pdf(data: bytes, name: str, settings: DocumentSettings, only: Collection[int] | None) -> Iterator[Page]:
    with _document(data, name) as document:
        with _PDFIUM:
            count = len(document)
        if not count:
            raise PictureError(f"cannot read {name}: it has no pages")
        for number in _page_numbers(count, only, name):
            called = _page_name(name, number, count)
            rendered = _render(document, number - 1, settings, called)
            yield Page(number, count, called, *load_image_with_scale(rendered, called, settings.load))


def _render(document: Any, index: int, settings: DocumentSettings, name: str) -> NDArray[np.uint8]:
    """A page as red, green and blue, (rows, columns, 3)."""
    import pypdfium2

    with _PDFIUM:
        try:
            page = document[index]
            try:
                longest = max(page.get_size())
                scale = min(settings.dpi / INCH, settings.load.longest / max(longest, 1))
                bitmap = page.render(scale=scale, rev_byteorder=True)
                # The bitmap's memory is PDFium's own, and goes with it.
                return np.array(bitmap.to_numpy())
            finally:
                page.close()
        except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
            raise PictureError(f"cannot read {name}: the page cannot be drawn ({error})") from error
