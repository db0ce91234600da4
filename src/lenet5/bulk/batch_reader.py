"""One reader for a batch of pictures or characters: loaded once a process, columns out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DataError
from ..reading.document_reader import DocumentReader, PageResult
from ..reading.results import Alternative, String
from .sources import Arrays, Chunk, Pictures
from .tables import COLUMNS, Characters, Columns

__all__ = ["BatchReader", "columns_of"]

BEST = 3  # characters of an array: the next likely classes that are kept


def columns_of(reader: DocumentReader) -> tuple[str, ...]:
    """The columns of a result: one row a line; of a form one row a page, two columns a field."""
    if reader.form is None:
        return COLUMNS
    fields = [column for area in reader.form.fields for column in (area.name, f"{area.name}_confidence")]
    return ("source", "page", *fields, "error")


@dataclass(frozen=True)
class BatchReader:
    """Reads chunks of pictures or characters. It can be sent to other processes.

    Args:
        documents: reads the pictures.
        threads: of the engine, for arrays of characters; None: all cores.
    """

    documents: DocumentReader
    threads: int | None = None

    def __call__(self, chunk: Chunk) -> Columns | Characters:
        """The rows of a chunk."""
        return self._characters(chunk) if isinstance(chunk, Arrays) else self._pictures(chunk)

    def single_threaded(self) -> BatchReader:
        """The same reader for one process of several."""
        return replace(self, threads=1)

    # --- pictures --------------------------------------------------------------------------------------------

    def _pictures(self, chunk: Pictures) -> Columns:
        names = columns_of(self.documents)
        columns: Columns = {name: [] for name in names}
        for name, content in zip(chunk.names, chunk.contents, strict=True):
            if isinstance(content, DataError):
                pages = [PageResult(name, error=str(content))]
            else:
                pages = list(self.documents.read(content, name))
            for page in pages:
                rows = self._form_row(page) if self.documents.form else self._rows(page)
                for row in rows:
                    for column in names:
                        columns[column].append(row.get(column))
        return columns

    def _rows(self, page: PageResult) -> list[dict[str, Any]]:
        """A row for each line, and one for each sentence of what was not read."""
        about = {"source": page.picture, "page": page.page}
        rows = []
        for _, result in page.results:
            for number, line in enumerate(result.lines, 1):
                characters = [character for string in line.strings for character in string.characters]
                rows.append(
                    about
                    | {
                        "line": number,
                        "text": line.text,
                        "confidence": line.strings[0].confidence,
                        "alternatives": _alternatives(line.strings),
                        "boxes": [list(map(int, character.box)) for character in characters],
                        "error": None,
                    }
                )
        return rows + [about | {"error": sentence} for sentence in page.errors]

    def _form_row(self, page: PageResult) -> list[dict[str, Any]]:
        """One row: what was read in each field."""
        row: dict[str, Any] = {"source": page.picture, "page": page.page}
        for name, result in page.results:
            row[name], row[f"{name}_confidence"] = result.text, result.confidence
        row["error"] = "; ".join(page.errors) or None
        return [row]

    # --- arrays of characters --------------------------------------------------------------------------------

    def _characters(self, chunk: Arrays) -> Characters:
        """The answers to characters, at the engine's speed."""
        model = self.documents.reader.model
        confidences = model.confidence_of(model.penalties(chunk.images, self.threads))
        # The likeliest first; equal ones in the order of the classes.
        order = np.argsort(-confidences, axis=1, kind="stable")[:, : BEST + 1]
        best = np.take_along_axis(confidences, order, 1)
        threshold = self.documents.threshold
        accepted = best[:, 0] >= (model.threshold_for() if threshold is None else threshold)
        return Characters(chunk.name, chunk.first, tuple(model.classes), order, best, accepted)


def _alternatives(strings: tuple[String, ...]) -> list[dict[str, Any]]:
    """The next best readings of a line that is one string; of several each has its own, which are left out."""
    others: tuple[Alternative, ...] = strings[0].alternatives if len(strings) == 1 else ()
    return [{"text": other.text, "confidence": other.confidence} for other in others]
