"""Reading in bulk on a Ray cluster: parts of the result as tasks, written here as they come, in any order.

Ray Data runs one BatchReader an actor, on a table of parts: its paths, or its range of a file that every node can
open. A part that was on a node that died is read again elsewhere. The parts are those of `run.read_in_bulk`, and so is
the table that they are joined to, byte for byte.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import LOCAL, connect_ray
from ..reading.document_reader import DocumentReader
from .batch_reader import BatchReader, CharacterReader
from .rules import Rule
from .run import ReadPart, Summary, encode_part, finish, prepare
from .sources import Chunk, PathList, Pictures, Source, TarSource

__all__ = ["PartReader", "read_on_ray"]


class PartReader:
    """Reads parts: what each actor of the cluster runs. The weights are loaded once an actor.

    Each source stays open where its last part ended: an actor's tasks mostly come in the order of their parts, and a
    tar file can only be read onwards.

    Args:
        reader: reads their contents, with one thread of the engine.
        sources: by the number that tasks have; lists of paths travel with the tasks instead.
        kind, columns: of the result.
    """

    def __init__(
        self, reader: BatchReader, sources: Sequence[Source | None], kind: str, columns: Sequence[str]
    ) -> None:
        self._reader, self._sources = reader.single_threaded(), sources
        self._kind, self._columns = kind, columns
        self._open: dict[
            int, tuple[int, Iterator[Chunk]]
        ] = {}  # by source: the next part, and the parts from it on

    def __call__(self, tasks: dict[str, NDArray[Any]]) -> dict[str, Any]:
        """Read tasks: columns `number`, `source`, `chunk`, `paths` in; `number`, `contents`, `errors`, `items` out."""
        parts: list[ReadPart] = []
        for place, chunk, paths in zip(tasks["source"], tasks["chunk"], tasks["paths"], strict=True):
            source = self._sources[int(place)]
            if source is None:
                names = [str(path) for path in paths]
                some: Chunk = Pictures(names, [Path(name) for name in names])
            else:
                some = self._part(int(place), source, int(chunk))
            parts.append(encode_part([self._reader(some)], self._kind, self._columns))
        return {
            "number": tasks["number"],
            "contents": [part.contents for part in parts],
            "errors": np.array([part.errors for part in parts], np.int64),
            "items": [part.items for part in parts],
        }

    def _part(self, place: int, source: Source, number: int) -> Chunk:
        """A part of a source; in a tar file those between it and the last one are passed over."""
        following, chunks = self._open.pop(place, (-1, iter(())))
        if following < 0 or number < following or (number > following and not isinstance(source, TarSource)):
            following, chunks = number, source.chunks(number)
        chunk = next(itertools.islice(chunks, number - following, None))
        self._open[place] = number + 1, chunks
        return chunk


def read_on_ray(
    sources: Sequence[Source],
    out: Path,
    documents: DocumentReader,
    *,
    address: str = LOCAL,
    characters: CharacterReader | None = None,
    rules: Sequence[Rule] = (),
    review: Path | None = None,
    resume: bool = False,
    progress: Callable[[int], object] = lambda items: None,
) -> Summary:
    """Read everything on a Ray cluster and write one table here.

    Args:
        sources: from `sources.open_sources`. Every node must see them under the same names.
        out, documents, characters, rules, review, resume, progress: as for `run.read_in_bulk`, whose table this makes.
        address: of the cluster, "auto" for the one that this machine is part of; "local": one process a core, here.

    Returns:
        What was done.

    Raises:
        MissingExtraError: Ray is not installed.
        LeNet5Error: there is no such cluster, or it failed; the parts that are done are kept.
        InputError, DataError, SaveError: as for `run.read_in_bulk`.
    """
    reader = BatchReader(documents, characters, rules=tuple(rules), review=review is not None)
    kind, columns, parts = prepare(sources, out, reader, resume, review)
    tasks, items = _tasks(sources)
    missing = [task for task in tasks if not parts.done(task["number"])]
    kept = sum(items) - sum(items[task["number"]] for task in missing)
    progress(kept)
    actor = {"reader": reader, "sources": _openable(sources), "kind": kind, "columns": columns}
    if missing:
        with connect_ray(address) as ray:
            for number, part in _read(ray, missing, actor):
                parts.write(number, part.contents, part.errors, part.items)
                progress(items[number])
    errors = sum(parts.errors(task["number"]) for task in tasks)
    doubtful = finish(parts, len(tasks), out, kind, columns, review)
    return Summary(sum(items), kept, errors, doubtful)


def _tasks(sources: Sequence[Source]) -> tuple[list[dict[str, Any]], list[int]]:
    """A task for each part, and how many items each part has."""
    tasks: list[dict[str, Any]] = []
    items: list[int] = []
    for place, source in enumerate(sources):
        for chunk, first in enumerate(range(0, source.count, source.part)):
            last = min(first + source.part, source.count)
            paths = list(source.paths[first:last]) if isinstance(source, PathList) else []
            tasks.append({"number": len(tasks), "source": place, "chunk": chunk, "paths": paths})
            items.append(last - first)
    return tasks, items


def _openable(sources: Sequence[Source]) -> list[Source | None]:
    """The sources that actors open themselves; None for lists of paths."""
    return [None if isinstance(source, PathList) else source for source in sources]


def _read(ray: Any, tasks: list[dict[str, Any]], actor: dict[str, Any]) -> Iterator[tuple[int, ReadPart]]:
    """Each part by its number, as the cluster has read it."""
    ray.data.DataContext.get_current().enable_progress_bars = False
    most = max(1, min(len(tasks), int(ray.cluster_resources().get("CPU", 1))))
    table = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map_batches(
        PartReader,
        fn_constructor_kwargs=actor,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
        num_cpus=1,
        batch_size=1,
    )
    for row in table.iter_rows():
        yield int(row["number"]), ReadPart(row["contents"], int(row["errors"]), row["items"])
