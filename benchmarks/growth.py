"""Time and memory of reading, against what is on a picture: do they grow with it, and no faster?

    python benchmarks/growth.py [--kinds table noise] [--largest 5000] [--runs 1] [--backend numpy] [--write]

Pictures of each kind and size are drawn from a seed with MNIST's test patterns, and read by a process of their own,
after one small picture: processor seconds of one core, and the most memory that the process held. The exponent is the
slope of seconds against size between the last two sizes, on logarithmic scales: 1 is linear. `answer` is how many
characters were read, or why none. BOUNDS are what the documents promise.
"""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import common
from lenet5.bench.machine import machine
from lenet5.data.mnist import load_mnist
from lenet5.errors import LeNet5Error
from lenet5.reading.reader import Reader

SEED = 1998
BOUNDS = {"seconds": 5.0, "MB": 700.0, "seconds_of_nothing": 1.5}
Picture = NDArray[np.uint8]
Rng = np.random.Generator


@cache
def _digits() -> NDArray[np.uint8]:
    return load_mnist("test")[0]


def _put(page: Picture, rng: Rng, top: int, left: int, high: int) -> int:
    """Write a digit of so many pixels' height, and return the column after it."""
    digit = _digits()[int(rng.integers(len(_digits())))]
    rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    wide = max(1, round(digit.shape[1] * high / len(digit)))
    digit = np.asarray(Image.fromarray(digit).resize((wide, high), Image.Resampling.BICUBIC))
    part = page[top : top + high, left : left + wide]
    np.minimum(part, 255 - digit[: part.shape[0], : part.shape[1]], out=part)
    return left + wide


def _paper(rng: Rng, rows: int, columns: int) -> Picture:
    """Paper with its grain."""
    return (246 + rng.integers(-3, 4, (rows, columns))).clip(0, 255).astype(np.uint8)


def table(rng: Rng, characters: int) -> Picture:
    """A ruled table, three digits a cell."""
    cells = -(-characters // 3)
    across = max(1, round(math.sqrt(cells / 2.5)))
    down = -(-cells // across)
    page = _paper(rng, 60 + 44 * down, 60 + 110 * across)
    for row in range(down + 1):
        page[30 + 44 * row : 32 + 44 * row, 30 : 32 + 110 * across] = 90
    for column in range(across + 1):
        page[30 : 32 + 44 * down, 30 + 110 * column : 32 + 110 * column] = 90
    for number in range(characters):
        cell, place = divmod(number, 3)
        row, column = divmod(cell, across)
        _put(page, rng, 40 + 44 * row, 44 + 110 * column + 30 * place, 26)
    return page


def numbers(rng: Rng, characters: int) -> Picture:
    """A list without rules: numbers of five digits, in columns."""
    count = -(-characters // 5)
    across = max(1, round(math.sqrt(count / 5)))
    page = _paper(rng, 60 + 50 * -(-count // across), 60 + 300 * across)
    for number in range(characters):
        one, place = divmod(number, 5)
        row, column = divmod(one, across)
        _put(page, rng, 40 + 50 * row, 40 + 300 * column + 33 * place, 28)
    return page


def dense(rng: Rng, characters: int) -> Picture:
    """Digits close together, line upon line, as in a notebook written full."""
    across = max(5, round(math.sqrt(1.6 * characters)))
    page = _paper(rng, 40 + 38 * -(-characters // across), 40 + 27 * across)
    left = 20
    for number in range(characters):
        row, place = divmod(number, across)
        left = 20 if place == 0 else left
        left = _put(page, rng, 20 + 38 * row + int(rng.integers(-2, 3)), left, 26) + int(rng.integers(-1, 6))
    return page


def strip(rng: Rng, columns: int) -> Picture:
    """One line of digits, so many pixels long."""
    page = _paper(rng, 64, columns)
    left = 10
    while left < columns - 50:
        left = _put(page, rng, 12, left, 38) + int(rng.integers(4, 12))
    return page


def bars(rng: Rng, marks: int) -> Picture:
    """A row of equal bars."""
    page = np.full((80, 20 + 12 * marks), 255, np.uint8)
    for number in range(marks):
        page[20:60, 12 + 12 * number : 16 + 12 * number] = 0
    return page


def dots(rng: Rng, marks: int) -> Picture:
    """Equal dots in rows, as on a form."""
    across = max(10, round(math.sqrt(marks)))
    page = np.full((20 + 14 * -(-marks // across), 20 + 14 * across), 255, np.uint8)
    for number in range(marks):
        row, column = divmod(number, across)
        page[10 + 14 * row : 15 + 14 * row, 10 + 14 * column : 15 + 14 * column] = 0
    return page


def noise(rng: Rng, kilopixels: int) -> Picture:
    """Grey noise."""
    side = round(math.sqrt(1000 * kilopixels))
    return rng.integers(0, 256, (side, side)).astype(np.uint8)


def specks(rng: Rng, kilopixels: int) -> Picture:
    """White paper with one speck of two or three pixels for every 400."""
    side = round(math.sqrt(1000 * kilopixels))
    page = np.full((side, side), 255, np.uint8)
    for _ in range(side * side // 400):
        y, x = rng.integers(0, side - 3, 2)
        page[y : y + 2 + int(rng.integers(2)), x : x + 2] = 40
    return page


def blank(rng: Rng, kilopixels: int) -> Picture:
    """Paper without writing."""
    side = round(math.sqrt(1000 * kilopixels))
    return _paper(rng, side, side)


CHARACTERS = (50, 200, 450, 800, 1000, 2000, 5000)
MARKS = (50, 200, 800, 3000)
KILOPIXELS = (300, 1000, 3000, 12000)
KINDS: dict[str, tuple[str, Callable[[Rng, int], Picture], tuple[int, ...]]] = {
    "table": ("characters", table, CHARACTERS),
    "list": ("characters", numbers, CHARACTERS),
    "dense": ("characters", dense, CHARACTERS),
    "strip": ("pixels", strip, (1000, 4000, 8000, 16000)),
    "bars": ("marks", bars, MARKS),
    "dots": ("marks", dots, MARKS),
    "noise": ("kilopixels", noise, KILOPIXELS),
    "specks": ("kilopixels", specks, KILOPIXELS),
    "blank": ("kilopixels", blank, KILOPIXELS),
}  # fmt: skip


def picture(kind: str, size: int) -> Picture:
    """The picture of a kind and size, (rows, columns), the same each time."""
    return KINDS[kind][1](np.random.Generator(np.random.PCG64([SEED, list(KINDS).index(kind), size])), size)


def measure(kind: str, size: int, backend: str | None) -> dict[str, Any]:
    """Read one picture in this process: seconds, megabytes, and what came of it."""
    reader = Reader(backend=backend)
    reader.read(strip(np.random.default_rng(0), 300))  # loads what is compiled
    drawn = picture(kind, size)
    before = time.process_time()
    try:
        answer = str(len(reader.read(drawn, kind).characters))
    except LeNet5Error as error:
        answer = str(error)
    seconds = time.process_time() - before
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"pixels": list(drawn.shape), "seconds": round(seconds, 3), "MB": round(most), "answer": answer}


def _in_a_process(kind: str, size: int, backend: str, limit: float) -> dict[str, Any]:
    """`measure` by a new process, which ends after so many seconds."""
    command = [sys.executable, __file__, "--one", kind, str(size), "--backend", backend]
    environment = os.environ | {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=limit, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"seconds": math.inf, "MB": math.nan, "answer": f"not done after {limit:.0f} s"}
    except subprocess.CalledProcessError as error:
        return {"seconds": math.nan, "MB": math.nan, "answer": error.stderr.strip()[-200:]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, help="only these [default: all]")
    arguments.add_argument("--largest", type=int, default=10**9, help="largest size")
    arguments.add_argument("--runs", type=int, default=1, help="of each picture; the fastest counts")
    arguments.add_argument("--limit", type=float, default=120, help="seconds for a picture")
    arguments.add_argument("--backend", choices=["numba", "numpy"], default="numba")
    arguments.add_argument("--one", nargs=2, metavar=("KIND", "SIZE"), help="read one picture, print JSON")
    options = arguments.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]), options.backend)))
        return
    rows = []
    for kind in options.kinds or KINDS:
        last: dict[str, Any] = {}
        for size in (size for size in KINDS[kind][2] if size <= options.largest):
            runs = [_in_a_process(kind, size, options.backend, options.limit) for _ in range(options.runs)]
            row = {
                "kind": kind,
                "size": size,
                "unit": KINDS[kind][0],
                **min(runs, key=lambda r: r["seconds"]),
            }
            if last and 0 < row["seconds"] < math.inf:
                slope = math.log(row["seconds"] / last["seconds"]) / math.log(size / last["size"])
                row["exponent"] = round(slope, 2)
            rows.append(row)
            common.say(f"{kind} {size}: {row['seconds']:.2f} s, {row['MB']} MB: {row['answer'][:90]}")
            if row["seconds"] == math.inf:
                break
            last = row
    heads = ("kind", "size", "", "s", "MB", "exponent", "answer")
    print(common.table(heads, [
        (r["kind"], r["size"], r["unit"], f"{r['seconds']:.2f}", r["MB"], r.get("exponent", ""), r["answer"][:60])
        for r in rows
    ]))  # fmt: skip
    report = {"seed": SEED, "backend": options.backend, "machine": machine(), "rows": rows}
    report["python"] = platform.python_version()
    common.write_result(options, "growth.json", report)


if __name__ == "__main__":
    common.main(main)
