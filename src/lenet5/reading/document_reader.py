"""Documents: every page of a file, read as a whole, in one region, or field by field of a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..deadline import Deadline
from ..errors import MissingExtraError, PictureError, TimeLimitError
from ..imaging.documents import Page, open_pages
from ..imaging.geometry import Box, scale_box
from ..imaging.load import Picture, load_image_with_scale, source_name
from ..imaging.page_layout import Mode
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from .explanation import explain
from .forms import Area, Form
from .output_files import file_stem, save_crops
from .overlay import annotate, encode_png
from .reader import Reader
from .results import Character, Result
from .trace import draw_trace

__all__ = ["DocumentReader", "PageResult", "Scan"]


@dataclass(frozen=True, eq=False)
class Scan:
    """The image that a page was read from.

    Args:
        image: (rows, columns, 3) float32 in 0 … 1.
        pixels: of the file's picture, along a side, for one of `image`.
        areas: where each field of a form is, in pixels of the file's picture.
    """

    image: NDArray[np.float32]
    pixels: float
    areas: Mapping[str, Box] = field(default_factory=dict)


@dataclass(frozen=True)
class PageResult:
    """What was read on one page.

    Args:
        picture: name of the document.
        page: number of the page, from 1.
        pages: pages of the document.
        result: of the page, or of the region that was asked for; None for a form, and where there is an error.
        fields: of a form: the result of each field by name, or why it was not read.
        error: why the page was not read at all.
        frames: names of all pictures that were read as one thing; () for one picture. Boxes are in pixels of `picture`.
        explanation: why it was read so (explanation.explain), where that was asked for; not part of the data.
        drawings: PNG files of the page by what they show: "annotate", "steps"; not part of the data.
        scan: the page's image, where that was asked for; not part of the data.
    """

    picture: str
    page: int = 1
    pages: int = 1
    result: Result | None = None
    fields: Mapping[str, Result | str] = field(default_factory=dict)
    error: str = ""
    frames: tuple[str, ...] = ()
    explanation: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    drawings: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    scan: Scan | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The document, and the page where there are several."""
        return f"{self.picture}, page {self.page}" if self.pages > 1 else self.picture

    @property
    def stem(self) -> str:
        """The page's part of the names of files."""
        stem = file_stem(Path(self.picture).name)
        return f"{stem}-{self.page}" if self.pages > 1 else stem

    @property
    def results(self) -> list[tuple[str, Result]]:
        """What was read: name of the field, "" for the page itself, and its result."""
        page = [] if self.result is None else [("", self.result)]
        return page + [(name, part) for name, part in self.fields.items() if isinstance(part, Result)]

    @property
    def characters(self) -> list[Character]:
        """All characters in reading order."""
        return [character for _, result in self.results for character in result.characters]

    @property
    def errors(self) -> list[str]:
        """Why the page, a field, a line or a row of boxes was not read, a sentence each."""
        sentences = [self.error] if self.error else []
        parts = [*self.fields.values()] if self.result is None else [self.result]
        for part in parts:
            sentences += [part] if isinstance(part, str) else part.errors
        return sentences

    @property
    def failed(self) -> bool:
        """Whether something was not read, or only characters that were rejected."""
        return bool(self.errors) or any(result.unreadable for _, result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """As data that JSON can hold (`docs/result.schema.json`)."""
        data: dict[str, Any] = {"picture": self.picture}
        if self.pages > 1:
            data |= {"page": self.page, "pages": self.pages}
        if self.error:
            return data | {"error": self.error}
        if self.frames:
            data["frames"] = list(self.frames)
        if self.result is not None:
            return data | self.result.to_dict()
        fields = {
            name: {"error": part} if isinstance(part, str) else part.to_dict()
            for name, part in self.fields.items()
        }
        return data | {"fields": fields}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PageResult:
        """The page that `to_dict` wrote."""
        fields = {
            name: part["error"] if "error" in part else Result.from_dict(part)
            for name, part in data.get("fields", {}).items()
        }
        return cls(
            data["picture"],
            data.get("page", 1),
            data.get("pages", 1),
            Result.from_dict(data) if "lines" in data else None,
            fields,
            data.get("error", ""),
            tuple(data.get("frames", ())),
        )

    def save_crops(self, folder: Path) -> list[Path]:
        """Save every character's glyph to train with (`output_files.save_crops`). Raises SaveError."""
        files = []
        for name, result in self.results:
            stem = f"{self.stem}-{file_stem(name)}" if name else self.stem
            files += save_crops(result.characters, folder, stem)
        return files


@dataclass(frozen=True)
class DocumentReader:
    """Reads every page of a document in the same way. It can be sent to other processes.

    Args:
        reader: reads the pictures.
        mode, region, grammar: as for `Reader.read`; not used with a form, whose fields have their own.
        form: fields to read on every page; None: the whole page.
        best, threshold: as for `Reader.read`.
        explain: whether pages say why they were read so; not the fields of a form.
        annotate: whether boxes and text are drawn over every page.
        steps: whether every step of reading a page is drawn; of a form, of every field.
        timeout: seconds for a page, opening it included, after which it is given up; None: no limit.
        keep_scans: whether pages keep the image that they were read from.
    """

    reader: Reader
    mode: Mode = "auto"
    region: Area | None = None
    grammar: Grammar | None = None
    form: Form | None = None
    best: int = 5
    threshold: float | None = None
    explain: bool = False
    annotate: bool = False
    steps: bool = False
    timeout: float | None = None
    keep_scans: bool = False

    def read(self, source: Picture, name: str | None = None) -> Iterator[PageResult]:
        """Read every page of a document.

        Args:
            source: a path, bytes, a binary file, a PIL image or an array.
            name: what the results call it; None: the file's name.

        Returns:
            The pages one by one. What cannot be read is an error of its page, never an exception.

        Raises:
            InputError: the grammar, form or region cannot be used with these weights.
        """
        name = name or source_name(source)
        try:
            pages = open_pages(source, name, settings=self.reader.settings.documents)
            while True:
                deadline = Deadline.of(self.timeout, name)
                if (page := next(pages, None)) is None:
                    break
                yield self._read_page(page, name, replace(deadline, name=page.name))
        except (PictureError, MissingExtraError) as error:
            yield PageResult(name, error=str(error))

    def read_frames(self, sources: Sequence[Picture], names: Sequence[str] | None = None) -> list[PageResult]:
        """Read pictures of one thing as one (`Reader.read_frames`).

        Args:
            sources: as for `Reader.read_frames`: pictures, not documents of several pages.
            names: what the results call them; None: the files' names.

        Returns:
            What all of them say, under the name of the picture whose boxes are shown; and a page with an error for
            each that could not be read.

        Raises:
            InputError: there is no picture, or the grammar or region cannot be used with these weights.
        """
        names = names or [source_name(source) for source in sources]
        try:
            together = self.reader.read_frames(
                sources, names, mode=self.mode, region=self.region, grammar=self.grammar, best=self.best,
                threshold=self.threshold, timeout=self.timeout,
            )  # fmt: skip
        except (PictureError, MissingExtraError, TimeLimitError) as error:
            return [PageResult(names[0], error=str(error))]
        voters = tuple(names[index] for index in together.voters)
        shown = names[together.frame]
        scan = None
        if self.keep_scans:
            image, pixels, _ = load_image_with_scale(
                sources[together.frame], shown, self.reader.settings.documents.load
            )
            scan = Scan(image, pixels)
        page = PageResult(shown, result=together.result, frames=voters, scan=scan)
        return [page, *(PageResult(names[index], error=error) for index, error in together.errors.items())]

    def _read_page(self, page: Page, picture: str, deadline: Deadline) -> PageResult:
        """One page; drawn where it is read, so that no image travels between processes."""
        trace = Trace() if self.steps or self.explain else None
        result: Result | None = None
        fields: dict[str, Result | str] = {}
        error = ""
        try:
            if self.form is None:
                result = self._read_image(page.image, page.name, trace, deadline)
            else:
                fields = self._read_fields(page.image, page.name, self.form, trace, deadline)
        except (PictureError, TimeLimitError) as failure:
            error = str(failure)
        drawings = {}
        if self.annotate:
            results = [result] if result else [one for one in fields.values() if isinstance(one, Result)]
            drawings["annotate"] = encode_png(annotate(page.image, results))
        if trace and self.steps:
            drawings["steps"] = encode_png(draw_trace(trace))
        result = result and result.scale(page.pixels, page.size)
        explanation = None
        if self.explain and trace and result:
            explanation = explain(trace, result, self.reader.model, page.size, scale=page.pixels)
        return PageResult(
            picture,
            page.number,
            page.count,
            result,
            {
                n: part if isinstance(part, str) else part.scale(page.pixels, page.size)
                for n, part in fields.items()
            },
            error,
            explanation=explanation,
            drawings=drawings,
            scan=self._scan(page) if self.keep_scans else None,
        )

    def _scan(self, page: Page) -> Scan:
        areas = {}
        if self.form:
            for part in self.form.fields:
                with suppress(PictureError):
                    box = part.area.on((page.image.shape[1], page.image.shape[0]), self.form.size)
                    areas[part.name] = scale_box(box, page.pixels, page.size)
        return Scan(page.image, page.pixels, areas)

    def _read_image(
        self, image: NDArray[np.float32], name: str, trace: Trace | None, deadline: Deadline
    ) -> Result:
        return self.reader.read_image(
            image,
            name,
            mode=self.mode,
            region=self.region,
            grammar=self.grammar,
            best=self.best,
            threshold=self.threshold,
            trace=trace,
            timeout=deadline,
        )

    def _read_fields(
        self, image: NDArray[np.float32], name: str, form: Form, trace: Trace | None, deadline: Deadline
    ) -> dict[str, Result | str]:
        fields = self.reader.read_form(
            image, form, name, best=self.best, threshold=self.threshold, trace=trace, timeout=deadline
        )
        return {name: str(part) if isinstance(part, PictureError) else part for name, part in fields.items()}
