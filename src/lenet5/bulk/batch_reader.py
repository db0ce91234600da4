"""One reader for a batch of pictures or characters: loaded once a process, columns out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError
from ..model.classifier import Classifier
from ..reading.document_reader import DocumentReader, PageResult
from .parquet_columns import pyarrow_parquet
from .review.items import items_of_characters, items_of_page
from .rows import RowReader, columns_of
from .rules import Rule
from .sources import Arrays, Chunk, Pictures
from .tables import Characters, Columns, to_arrow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ITEMS", "BatchReader", "CharacterReader"]

BEST = 3  # characters of an array: the next likely classes that are kept
ITEMS = (
    "items"  # a column that is no part of the result: what is to be reviewed of a row's page, one item a line
)


@dataclass(frozen=True)
class CharacterReader:
    """Reads arrays of characters, 28×28 each, as data sets hold them: no picture to prepare, no line to cut.

    Args:
        model: recognises them; one network goes at the engine's speed, an ensemble of eleven at a tenth of it.
        threshold: confidence, 0 … 1, below which a character is shown as ?; None: the model's own.
    """

    model: Classifier
    threshold: float | None = None

    @property
    def least(self) -> float:
        """The threshold as a number."""
        return self.model.threshold_for() if self.threshold is None else self.threshold


@dataclass(frozen=True)
class BatchReader:
    """Reads chunks of pictures or characters. It can be sent to other processes.

    Args:
        documents: reads the pictures.
        characters: reads arrays of characters; None: the weights and the threshold of `documents`.
        threads: of the engine, for arrays of characters; None: all cores.
        rules: what the values of a row keep together (plausibility).
        review: whether items of what is not accepted are made; they come in the column ITEMS, at a page's first row.
    """

    documents: DocumentReader
    characters: CharacterReader | None = None
    threads: int | None = None
    rules: tuple[Rule, ...] = ()
    review: bool = False

    @property
    def of_characters(self) -> CharacterReader:
        """What reads arrays of characters."""
        return self.characters or CharacterReader(self.documents.reader.model, self.documents.threshold)

    def __call__(self, chunk: Chunk) -> Columns | Characters:
        """The rows of a chunk."""
        return self._characters(chunk) if isinstance(chunk, Arrays) else self._pictures(chunk)

    def read_paths(self, paths: Sequence[str]) -> pa.Table:
        """Pictures by path, as the rows of a result: for engines that hand batches to a function (docs/scale.md).

        Args:
            paths: of pictures, that this process can open.

        Returns:
            The rows, in the order of the paths; no path gives no row, with the same columns.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        pyarrow_parquet()
        rows = self._pictures(Pictures(list(paths), [Path(path) for path in paths]))
        return to_arrow(rows, columns_of(self.documents.form))

    def single_threaded(self) -> BatchReader:
        """The same reader for one process of several."""
        return replace(self, threads=1)

    # --- pictures --------------------------------------------------------------------------------------------

    def _pictures(self, chunk: Pictures) -> Columns:
        form = self.documents.form
        names = columns_of(form)
        columns: Columns = {name: [] for name in (*names, *([ITEMS] if self.review else []))}
        reader = RowReader(form, self._threshold, self.rules)
        documents = replace(self.documents, keep_scans=True) if self.review else self.documents
        for name, content in zip(chunk.names, chunk.contents, strict=True):
            pages: Iterable[PageResult]
            if isinstance(content, DataError):
                pages = [PageResult(name, error=str(content))]
            elif isinstance(content, tuple):
                pages = documents.read_frames(content, [str(path) for path in content])
            else:
                pages = documents.read(content, name)
            for page in pages:
                rows = reader.rows(page)
                items = iter(["\n".join(items_of_page(page, rows))] if self.review else [])
                for row in rows:
                    values = row.to_dict(form is not None)
                    for column in names:
                        columns[column].append(values.get(column))
                    if self.review:
                        columns[ITEMS].append(next(items, ""))
        return columns

    @property
    def _threshold(self) -> float:
        """The confidence below which nothing is accepted."""
        threshold = self.documents.threshold
        return self.documents.reader.model.threshold_for() if threshold is None else threshold

    # --- arrays of characters --------------------------------------------------------------------------------

    def _characters(self, chunk: Arrays) -> Characters:
        """The answers to characters, at the engine's speed."""
        reader = self.of_characters
        model = reader.model
        confidences = model.confidence_of(model.penalties(chunk.images, self.threads))
        # The likeliest first; equal ones in the order of the classes.
        order = np.argsort(-confidences, axis=1, kind="stable")[:, : BEST + 1]
        best = np.take_along_axis(confidences, order, 1)
        answers = Characters(
            chunk.name, chunk.first, tuple(model.classes), order, best, best[:, 0] >= reader.least
        )
        return replace(answers, items=items_of_characters(answers, chunk.images)) if self.review else answers
