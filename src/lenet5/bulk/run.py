"""A run in bulk: sources in, numbered parts on the way, one table at the end."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .. import atomic
from .._version import __version__
from ..errors import LeNet5Error
from ..parallel import become_worker, thread_count
from ..reading.document_reader import DocumentReader
from .batch_reader import ITEMS, BatchReader, CharacterReader
from .parts import Parts
from .review.page import make_folder, write_review
from .rows import check_form, columns_of
from .rule_places import place_rules
from .rules import Rule
from .sources import Chunk, Pictures, Source
from .tables import Characters, Columns, encode, format_of, join

__all__ = ["ReadPart", "Summary", "encode_part", "finish", "prepare", "read_in_bulk"]

SLICE = 16  # pictures that a worker process takes at a time
AHEAD = 2  # parts that are decoded or read before the one that is written

_reader: BatchReader | None = None  # of a worker process


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Args:
        items: pictures and characters of all sources.
        kept: of them, those of parts that an earlier run had written.
        errors: rows with an error, those of the kept parts among them.
        doubtful: values that are to be reviewed; None: no review was asked for.
    """

    items: int
    kept: int
    errors: int
    doubtful: int | None = None


@dataclass(frozen=True)
class ReadPart:
    """A part that was read: its bytes, its rows with an error, and what is to be reviewed of it."""

    contents: bytes
    errors: int = 0
    items: bytes = b""


def read_in_bulk(
    sources: Sequence[Source],
    out: Path,
    documents: DocumentReader,
    *,
    characters: CharacterReader | None = None,
    workers: int | None = None,
    resume: bool = False,
    rules: Sequence[Rule] = (),
    review: Path | None = None,
    progress: Callable[[int], object] = lambda items: None,
) -> Summary:
    """Read everything and write one table.

    Arrays of characters are recognised in this process by all cores, pictures in worker processes. The table appears
    under its name when it is whole; until then its parts lie in a folder beside it.

    Args:
        sources: from `sources.open_sources`.
        out: NAME.parquet, NAME.csv or NAME.jsonl.
        documents: how pictures are read.
        characters: how arrays of characters are read; None: with the weights and the threshold of `documents`.
        workers: processes that read pictures; None: one a core; 1: this one.
        resume: whether a run that was ended goes on.
        rules: what the values of a row keep together (plausibility).
        review: a folder for the page on which a person looks at what was not accepted; None: none is made.
        progress: called with the number of items that were just finished.

    Returns:
        What was done.

    Raises:
        InputError: the name's ending, parts of another run beside it, or a rule about what is not there.
        DataError: a source is damaged as a whole. A damaged picture is a row with its error.
        SaveError: the result cannot be written.
    """
    reader = BatchReader(documents, characters, rules=tuple(rules), review=review is not None)
    kind, columns, parts = prepare(sources, out, reader, resume, review)
    kept = count = errors = 0
    with _Work(reader, workers or thread_count(), kind, columns) as work:
        for source in sources:
            whole = -(-source.count // source.part)
            # Parts are written in order: those that are there come first.
            there = next((i for i in range(whole) if not parts.done(count + i)), whole)
            done = min(there * source.part, source.count)
            kept += done
            errors += sum(parts.errors(count + i) for i in range(there))
            progress(done)
            begun: deque[tuple[int, int, Future[ReadPart]]] = deque()
            for number, chunk in enumerate(source.chunks(there), count + there):
                begun.append((number, len(chunk), work.begin(chunk)))
                if len(begun) > AHEAD:
                    errors += _finish(parts, *begun.popleft(), progress)
            while begun:
                errors += _finish(parts, *begun.popleft(), progress)
            count += whole
    doubtful = finish(parts, count, out, kind, columns, review)
    return Summary(sum(source.count for source in sources), kept, errors, doubtful)


def prepare(
    sources: Sequence[Source], out: Path, reader: BatchReader, resume: bool, review: Path | None = None
) -> tuple[str, tuple[str, ...], Parts]:
    """The result's format, its columns and its parts. Arguments and errors as for `read_in_bulk`."""
    form = reader.documents.form
    if form:
        check_form(form)
    place_rules(reader.rules, form)
    kind = format_of(out)
    if review is not None:
        make_folder(review)
    return kind, columns_of(form), Parts(out, _manifest(sources, reader, kind), resume)


def finish(
    parts: Parts, count: int, out: Path, kind: str, columns: Sequence[str], review: Path | None
) -> int | None:
    """Make the result of its first `count` parts, and the page of what is to be reviewed; returns how much that is."""
    with atomic.replacing(out) as stream:
        join(parts.all(count), stream, kind, columns)
    doubtful = None if review is None else write_review(review, parts.items(count), out.name)
    parts.remove()
    return doubtful


def encode_part(answers: Sequence[Columns | Characters], kind: str, columns: Sequence[str]) -> ReadPart:
    """A part as it is written.

    Args:
        answers: what was read of it, in order: characters at once, or rows of pictures.
        kind, columns: of the result, as for `tables.encode`.
    """
    if isinstance(answers[0], Characters):
        return ReadPart(encode(answers[0], kind, columns), 0, _lines(answers[0].items))
    rows: Columns = {}
    for some in answers:
        assert not isinstance(some, Characters)
        for name, values in some.items():
            rows.setdefault(name, []).extend(values)
    errors = sum(error is not None for error in rows["error"])
    return ReadPart(encode(rows, kind, columns), errors, _lines(rows.get(ITEMS, ())))


def _finish(
    parts: Parts, number: int, items: int, part: Future[ReadPart], progress: Callable[[int], object]
) -> int:
    """Write a part when it is read; returns its rows with an error."""
    try:
        read = part.result()
    except BrokenProcessPool as error:
        raise LeNet5Error(
            f"a process that read pictures was killed, perhaps for want of memory; the parts in {parts.folder} "
            "are kept: the same command with --resume goes on"
        ) from error
    parts.write(number, read.contents, read.errors, read.items)
    progress(items)
    return read.errors


def _manifest(sources: Sequence[Source], reader: BatchReader, kind: str) -> dict[str, Any]:
    """What must be the same for a run to go on: all that its rows depend on."""
    documents, characters = reader.documents, reader.of_characters
    networks = [*documents.reader.model.networks, *characters.model.networks]
    weights = hashlib.sha256(b"".join(network.parameters.tobytes() for network in networks))
    settings = repr((documents.mode, documents.region, documents.grammar, documents.form, documents.best,
                     documents.threshold, documents.reader.method, reader.rules, reader.review,
                     characters.threshold))  # fmt: skip
    return {
        "version": __version__,
        "sources": [source.identity() for source in sources],
        "parts": [source.part for source in sources],
        "weights": weights.hexdigest(),
        "options": hashlib.sha256(settings.encode()).hexdigest(),
        "format": kind,
    }


class _Work:
    """The threads and processes of a run: pictures are read in processes, arrays in a thread, rows made in another.

    Args:
        reader: reads chunks.
        workers: processes for pictures; 1: none, this process reads them.
        kind, columns: of the result.
    """

    def __init__(self, reader: BatchReader, workers: int, kind: str, columns: Sequence[str]) -> None:
        self._reader, self._workers, self._kind, self._columns = reader, workers, kind, columns
        self._recognition, self._encoding = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._processes, self._recognition, self._encoding):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, chunk: Chunk) -> Future[ReadPart]:
        """Read a chunk; the future has the part's bytes and its rows with an error."""
        answers: list[Future[Columns | Characters]]
        if isinstance(chunk, Pictures) and self._workers > 1:
            if self._processes is None:
                # A fork would copy locks that this process's threads may hold.
                self._processes = ProcessPoolExecutor(
                    self._workers, get_context("spawn"), _begin, (self._reader.single_threaded(),)
                )
            slices = [
                Pictures(chunk.names[i : i + SLICE], chunk.contents[i : i + SLICE])
                for i in range(0, len(chunk), SLICE)
            ]
            answers = [self._processes.submit(_read, some) for some in slices]
        else:
            answers = [self._recognition.submit(self._reader, chunk)]
        return self._encoding.submit(self._encode, answers)

    def _encode(self, answers: Sequence[Future[Columns | Characters]]) -> ReadPart:
        return encode_part([answer.result() for answer in answers], self._kind, self._columns)


def _lines(items: Iterable[str]) -> bytes:
    """Items, one a line."""
    return "".join(f"{item}\n" for item in items if item).encode()


def _begin(reader: BatchReader) -> None:
    global _reader
    _reader = reader
    become_worker()


def _read(chunk: Pictures) -> Columns | Characters:
    assert _reader is not None
    return _reader(chunk)
