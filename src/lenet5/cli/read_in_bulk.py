"""`lenet5 read … --out TABLE`: sources in, a progress bar, a table out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .frames import groups_of
from .progress import width

if TYPE_CHECKING:
    from ..bulk import CharacterReader
    from ..bulk.rules import Rule
    from ..reading.document_reader import DocumentReader

__all__ = ["into_table"]


def into_table(
    documents: DocumentReader,
    names: tuple[str, ...],
    out: Path,
    characters: CharacterReader,
    workers: int | None,
    resume: bool,
    column: str | None,
    review: Path | None = None,
    rules: Sequence[Rule] = (),
    ray: str | None = None,
    same: str | None = None,
) -> int:
    """Read all sources into one table, and say where it is.

    Args:
        documents: reads the pictures.
        names: of the sources; - is a list on standard input, one a line.
        out: the table.
        characters: reads arrays of characters.
        workers, resume: as for `bulk.read_in_bulk`.
        column: of Parquet files.
        review, rules: as for `bulk.read_in_bulk`.
        ray: address of the cluster that reads, or "local"; None: this machine reads.
        same: which pictures show one thing, as for `frames.groups_of`; None: each another.

    Returns:
        The exit status: 1 if something was not read.
    """
    from tqdm import tqdm

    from ..bulk import open_sources, read_in_bulk
    from ..bulk.cluster import read_on_ray
    from ..bulk.sources import FrameGroups, listed, paths_of

    given = [name for one in names for name in (listed(sys.stdin) if one == "-" else [one])]
    sources = open_sources(given, column)
    if same:
        sources = [FrameGroups(groups_of(paths_of(sources), same))]
    total = sum(source.count for source in sources)
    with tqdm(
        total=total, unit=" pictures", unit_scale=True, ncols=width(), leave=False, disable=None
    ) as bar:
        try:
            read = partial(read_on_ray, address=ray) if ray else partial(read_in_bulk, workers=workers)
            summary = read(
                sources, out, documents, characters=characters, resume=resume, rules=rules, review=review,
                progress=bar.update,
            )  # fmt: skip
        except KeyboardInterrupt:
            bar.close()
            click.echo(f"lenet5: what was read is kept in {out}.parts: --resume goes on", err=True)
            raise
    kept = f", {summary.kept:,} of them by the run before" if summary.kept else ""
    errors = "1 row has an error" if summary.errors == 1 else f"{summary.errors:,} rows have errors"
    wrong = f"; {errors}: see the column error" if summary.errors else ""
    click.echo(f"{out}: {summary.items:,} {'groups of ' if same else ''}pictures done{kept}{wrong}")
    if review and summary.doubtful is not None:
        values = "1 reading" if summary.doubtful == 1 else f"{summary.doubtful:,} readings"
        click.echo(f"{review / 'index.html'}: {values} to look at")
    return int(summary.errors > 0)
