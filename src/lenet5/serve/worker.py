"""A worker process: takes a picture, reads it, and answers in bytes that the service passes on."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import signal
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from typing import Any

import numpy as np
import orjson

from ..errors import InputError, LeNet5Error, PictureError
from ..imaging.load import open_picture
from ..lattice.grammar import make_grammar
from ..reading.document_reader import DocumentReader, PageResult
from ..reading.forms import parse_region
from ..reading.reader import Reader
from ..reading.settings import SETTINGS as READING
from .log import library_messages, report
from .read_options import MODES, ReadOptions
from .settings import ServiceSettings

__all__ = ["COLUMNS", "Answer", "Task", "main"]

COLUMNS = (
    "picture", "page", "field", "line", "string", "text", "confidence", "left", "top", "width", "height", "errors",
)  # fmt: skip
PDF = b"%PDF-"


@dataclass(frozen=True)
class Task:
    """A picture to read. name: what results call it."""

    name: str
    data: bytes
    options: ReadOptions


@dataclass(frozen=True)
class Answer:
    """What was read.

    pages: each page as JSON (`PageResult.to_dict`, with `explanation` where that was asked for). csv: its rows. png:
    the first page with boxes and text. failed: how many pages were not read at all. blank: whether that is because
    there is nothing on them. status, sentence, limit: where the task is refused as a whole.
    """

    pages: tuple[bytes, ...] = ()
    csv: bytes = b""
    png: bytes = b""
    failed: int = 0
    blank: bool = False
    status: int = 200
    sentence: str = ""
    limit: str = ""


def main(connection: Connection, weights: str, settings: ServiceSettings, first: Lock) -> None:
    """Read pictures until the service closes its end.

    Args:
        connection: to the service: tasks come, answers go. The first message says that the worker is ready.
        weights: that are read with unless a task names others; they are loaded at once.
        settings: the limits.
        first: of `library_messages`.
    """
    # The service ends its workers: a signal to all of them, from a terminal or from systemd, must not.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit_memory(settings.worker_bytes)
    with library_messages(first), contextlib.suppress(EOFError, OSError):
        _limit_pixels(settings.pixels)
        worker = _Worker(weights, settings)
        worker.warm()
        connection.send(os.getpid())
        while True:
            connection.send(worker.answer(connection.recv()))


def _limit_memory(size: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _limit_pixels(pixels: int) -> None:
    """Pages after the first of a TIFF file are larger than announced only to Pillow: it refuses them too."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)


class _Worker:
    """Holds readers, each loaded when it is first asked for."""

    def __init__(self, weights: str, settings: ServiceSettings) -> None:
        self.weights, self.settings = weights, settings
        load = replace(READING.documents.load, most_pixels=settings.pixels)
        # One page more than is allowed is enough to know that there are too many.
        documents = replace(READING.documents, load=load, most_pages=settings.pages + 1)
        self.reading = replace(READING, documents=documents)
        self.readers: dict[tuple[str, str, bool], Reader] = {}

    def reader(self, weights: str, method: str, signs: bool = False) -> Reader:
        """The reader of these weights."""
        key = weights or self.weights, method, signs
        if key not in self.readers:
            self.readers[key] = Reader(key[0], method=method, signs=signs, settings=self.reading)
        return self.readers[key]

    def warm(self) -> None:
        """Read a drawn line: weights and compiled code are loaded before the first request."""
        image = np.ones((64, 220, 3), np.float32)
        for left in (20, 70, 84, 120, 160):  # strokes, two of which touch, so that every loop is run
            image[12:52, left : left + 6] = 0
            image[30:36, left : left + 24] = 0
        for mode in MODES:
            with contextlib.suppress(PictureError):
                self.reader(self.weights, "segmentation").read_image(image, mode=mode)

    def answer(self, task: Task) -> Answer:
        """Read a picture; whatever happens is an answer."""
        try:
            if refused := self._too_large(task):
                return refused
            return self._read(task)
        except InputError as error:
            return Answer(status=400, sentence=str(error), limit="options")
        except LeNet5Error as error:
            return Answer(status=422, sentence=str(error), limit="picture")
        except MemoryError:
            return Answer(
                status=413, sentence=f"{task.name} takes too much memory: reduce it", limit="memory"
            )
        except Exception as error:  # a fault of ours: what failed where, and nothing of the picture
            where = traceback.format_tb(error.__traceback__)[-4:]
            report("error", error=type(error).__name__, trace=where)
            sentence = f"reading {task.name} failed ({type(error).__name__}): this is the service's fault"
            return Answer(status=500, sentence=sentence, limit="fault")

    def _too_large(self, task: Task) -> Answer | None:
        if PDF in task.data[:1024]:
            return None  # drawn at a size that is bounded
        everything = replace(self.reading.documents.load, most_pixels=1 << 62)
        try:
            width, height = open_picture(task.data, task.name, everything).size
        except PictureError as error:
            large = "too many pixels" in str(error)
            return Answer(
                status=413 if large else 422, sentence=str(error), limit="pixels" if large else "picture"
            )
        if width * height <= self.settings.pixels:
            return None
        sentence = (
            f"{task.name} has {width:,}×{height:,} pixels: {self.settings.pixels:,} are allowed, so reduce it"
        )
        return Answer(status=413, sentence=sentence, limit="pixels")

    def _read(self, task: Task) -> Answer:
        options = task.options
        reader = self.reader(options.weights, options.method, options.signs)
        threshold = options.threshold
        if options.max_error is not None:
            threshold = reader.model.threshold_for(options.max_error)
        documents = DocumentReader(
            reader,
            mode=options.mode,  # type: ignore[arg-type]  # one of MODES: it was checked
            region=parse_region(options.region) if options.region else None,
            grammar=make_grammar(
                reader.model.classes,
                digits=options.digits,
                pattern=options.pattern,
                choices=options.choices,
            ),
            form=options.form,
            best=options.best,
            threshold=threshold,
            explain=options.explain,
            annotate=options.format == "png",
        )
        pages: list[PageResult] = []
        for page in documents.read(task.data, task.name):
            if page.pages > self.settings.pages:
                sentence = f"{task.name} has more than {self.settings.pages} pages: send it in parts"
                return Answer(status=413, sentence=sentence, limit="pages")
            pages.append(page)
        return _answer(pages, options)


def _answer(pages: Sequence[PageResult], options: ReadOptions) -> Answer:
    errors = [page.error for page in pages if page.error]
    return Answer(
        pages=tuple(map(_page_json, pages)),
        csv=_rows(pages) if options.format == "csv" else b"",
        png=pages[0].drawings.get("annotate", b"") if pages else b"",
        failed=len(errors),
        # The sentence of errors.nothing_to_read.
        blank=bool(errors) and all(error.startswith("nothing to read in") for error in errors),
    )


def _page_json(page: PageResult) -> bytes:
    data = page.to_dict()
    if page.explanation is not None:
        data["explanation"] = page.explanation
    return orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)


def _rows(pages: Sequence[PageResult]) -> bytes:
    """A row for each string, in the order of COLUMNS; one for a page that was not read."""
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\r\n")
    for page in pages:
        errors = "; ".join(page.errors)
        has_strings = False
        for field, result in page.results:
            for number, line in enumerate(result.lines, 1):
                for place, string in enumerate(line.strings, 1):
                    facts: list[Any] = [_cell(page.picture), page.page, _cell(field), number, place]
                    rows.writerow([*facts, string.text, f"{string.confidence:.6f}", *string.box, errors])
                    has_strings = True
        if not has_strings:
            rows.writerow([_cell(page.picture), page.page, *[""] * 9, errors])
    return stream.getvalue().encode()


def _cell(text: str) -> str:
    """A client's text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
