"""What the measuring scripts share: options, where results go, progress, tables, sentences for what is missing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from lenet5.errors import LeNet5Error

__all__ = ["RESULTS", "Absent", "main", "parser", "progress", "read_result", "say", "table", "write_result"]

Item = TypeVar("Item")
RESULTS = Path(__file__).parent / "results"  # committed: the documents' figures come from here


class Absent(Exception):
    """A tool, package or data set that is not installed; its message says which."""


def parser(text: str | None, results: bool = True) -> argparse.ArgumentParser:
    """Options of a script: --help with its first lines, --out and --write where it has results."""
    options = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    if results:
        options.add_argument("--out", type=Path, help="folder for the results [default: a temporary folder]")
        options.add_argument(
            "--write", action="store_true", help="write the committed results, benchmarks/results, instead"
        )
    return options


def write_result(options: argparse.Namespace, name: str, report: dict[str, Any]) -> Path:
    """Write a report as JSON to --out, a temporary folder, or with --write to the committed results."""
    folder = RESULTS if options.write else options.out or Path(tempfile.mkdtemp(prefix="lenet5-"))
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / name
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    say(f"results: {path}")
    return path


def read_result(name: str) -> Any:
    """A committed report, from its JSON."""
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


def say(text: str) -> None:
    """A line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """The items, with a bar on standard error where that is a terminal."""
    yield from tqdm(items, desc=label, total=total, leave=False, disable=None)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Aligned text: the first column to the left, the others to the right."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        f"{row[0]:{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in cells
    )


def main(function: Callable[[], None]) -> None:
    """Run a script: a sentence and the exit status 1 for what is missing or cannot be used."""
    try:
        function()
    except (Absent, LeNet5Error, ImportError) as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
