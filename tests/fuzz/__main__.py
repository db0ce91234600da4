"""`python -m tests.fuzz`: random and damaged inputs until the time or the number is reached; a table of what came."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .kinds import KINDS
from .pool import Task, run
from .trial import Outcome

EPILOG = """A crash, an exception that is none of the library's, a warning of Python or NumPy, a hang, more time or
memory than the bound, or a box outside its picture is a failure. It is printed with its kind and seed, and made again
by `python -m tests.fuzz --kinds KIND --seed SEED --count 1`. Exit status 1 where there was one."""


@dataclass
class Row:
    """What came of the inputs of one family."""

    inputs: int = 0
    refused: int = 0
    failures: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.inputs += 1
        self.refused += outcome.refused
        self.failures += bool(outcome.failure)
        self.seconds = max(self.seconds, outcome.seconds)
        self.megabytes = max(self.megabytes, outcome.megabytes)


def main() -> int:
    options = _options()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    kinds = options.kinds.split(",")
    print(f"seed {seed}, {options.workers} worker(s), kinds {', '.join(kinds)}", flush=True)
    table: dict[str, Row] = {}
    began = shown = time.monotonic()
    try:
        for task, outcome in run(_tasks(kinds, seed, options), options.workers, options.patience):
            table.setdefault(f"{task.kind}: {outcome.family or 'unknown'}", Row()).add(outcome)
            if outcome.failure:
                print(
                    f"FAILED --kinds {task.kind} --seed {task.seed} --count 1 ({outcome.family}): {outcome.failure}",
                    flush=True,
                )
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                done, bad = (
                    sum(getattr(row, name) for row in table.values()) for name in ("inputs", "failures")
                )
                print(f"{shown - began:.0f} s: {done:,} inputs, {bad} failures", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    failures = _report(table, time.monotonic() - began)
    if options.write:
        _write(options.write, table, seed, options.patience)
    return int(failures > 0 or not table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, help="stop after so much time  [default: 5, unless --count is given]"
    )
    parser.add_argument("--count", type=int, help="stop after so many inputs of each kind")
    parser.add_argument(
        "--seed", type=int, help="of the first input; the next has the next number  [default: drawn]"
    )
    parser.add_argument(
        "--kinds",
        default=",".join(KINDS),
        help=f"kinds with a comma between  [default: all: {', '.join(KINDS)}]",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes  [default: 1; 0: all cores]")
    parser.add_argument(
        "--patience", type=float, default=1.0, help="multiplies the bounds of time, for a busy machine"
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write the table as JSON; rows of other kinds in it are kept",
    )
    options = parser.parse_args()
    unknown = set(options.kinds.split(",")) - set(KINDS)
    if unknown:
        parser.error(f"there is no kind {', '.join(sorted(unknown))}: choose from {', '.join(KINDS)}")
    if options.minutes is None and options.count is None:
        options.minutes = 5.0
    options.workers = options.workers or os.cpu_count() or 1
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # in the workers: the processes are what runs side by side
    return options


def _tasks(kinds: list[str], seed: int, options: argparse.Namespace) -> Iterator[Task]:
    """The kinds in turn, until the time or the number is reached."""
    stop = time.monotonic() + 60 * options.minutes if options.minutes is not None else float("inf")
    number = 0
    while time.monotonic() < stop and (options.count is None or number < options.count):
        for kind in kinds:
            yield Task(kind, seed + number)
        number += 1


def _report(table: dict[str, Row], seconds: float) -> int:
    """Print the table; the number of failures."""
    print(f"\n{'inputs of':36}{'number':>9}{'refused':>9}{'failures':>10}{'worst s':>9}{'worst MB':>10}")
    total = Row()
    for name, row in sorted(table.items()):
        print(
            f"{name:36}{row.inputs:9,}{row.refused:9,}{row.failures:10,}{row.seconds:9.2f}{row.megabytes:10,.0f}"
        )
        total.inputs += row.inputs
        total.refused += row.refused
        total.failures += row.failures
        total.seconds, total.megabytes = max(total.seconds, row.seconds), max(total.megabytes, row.megabytes)
    print(
        f"{'all':36}{total.inputs:9,}{total.refused:9,}{total.failures:10,}{total.seconds:9.2f}{total.megabytes:10,.0f}"
    )
    print(f"in {seconds:.0f} s", flush=True)
    return total.failures


def _write(file: Path, table: dict[str, Row], seed: int, patience: float) -> None:
    """Put the rows of a table into a file of such rows, by family."""
    rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    rows |= {name: {**asdict(row), "seed": seed, "patience": patience} for name, row in table.items()}
    file.write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
