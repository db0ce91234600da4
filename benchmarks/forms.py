"""Forms read, reviewed and put right: what rules on the values and a person's answers leave of the errors.

    python benchmarks/forms.py                  # 2,000 scans, two hours of one core
    python benchmarks/forms.py --scans 20       # a look

A scan has a number with Luhn's check digit, an amount twice, net + tax = total, and a table of 10 rows × 20 columns: 19
marks of one digit, some of them empty, and their sum. Digits are MNIST's test patterns, each from another hand. The
command reads all scans twice, without rules and with them; then everything on the review page is answered as it was
written, and the answers are applied. The curve shows, for thresholds of confidence, the share of values that a person
looks at and the share of all values that stay wrong. Results are written after every BLOCK of scans, and are then of
as many: a run may be ended early. Needs MNIST (LENET5_DATA or the cache) and `lenet5` itself.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import common
from cells import digit
from lenet5.bench.machine import machine
from lenet5.bulk.review.answers import apply_answers, load_answers

SEED = 2217  # settings were chosen on scans of the seeds 22 and 2216
BLOCK = 40  # scans that one command reads
SIZE = 1400, 1000  # width, height of a scan in pixels
ROWS, COLUMNS = 10, 20
CELL = 64  # pixels
TABLE = 60, 300  # left, top
EMPTY = 0.1  # share of marks
FIELDS = {  # name -> left, top, width, height of its frame
    "number": (60, 60, 380, 76),
    "amount": (500, 60, 260, 76),
    "amount_again": (820, 60, 260, 76),
    "net": (60, 180, 260, 76),
    "tax": (380, 180, 260, 76),
    "total": (700, 180, 260, 76),
}
RULES = ("--check", "number=luhn", "--agree", "amount=amount_again", "--sum", "net+tax=total",
         "--sum", f"marks_1:marks_{COLUMNS - 1}=marks_{COLUMNS}")  # fmt: skip
THRESHOLDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
Rng = np.random.Generator
Truth = dict[tuple[int | None, str], str]  # row of the table or None, column -> what is written
Value = tuple[
    str, str, float, bool
]  # what is written, what was read, its confidence, whether it was accepted


# --- scans ---------------------------------------------------------------------------------------------------


def template() -> dict[str, Any]:
    """The form, as JSON holds it."""
    inset = 6
    fields: dict[str, Any] = {
        name: {"region": [left + inset, top + inset, wide - 2 * inset, high - 2 * inset], "pattern": r"\d+"}
        for name, (left, top, wide, high) in FIELDS.items()
    }
    fields["marks"] = {
        "region": [TABLE[0] - 10, TABLE[1] - 10, COLUMNS * CELL + 20, ROWS * CELL + 20],
        "mode": "table",
        "rows": ROWS,
        "columns": COLUMNS,
    }
    return {"size": list(SIZE), "fields": fields}


def texts(rng: Rng) -> Truth:
    """What is written on one scan."""
    body = "".join(map(str, rng.integers(0, 10, 7)))
    number = next(body + check for check in "0123456789" if luhn(body + check))
    amount, net, tax = (int(value) for value in rng.integers(100, 100_000, 3))
    truth: Truth = {
        (None, "number"): number,
        (None, "amount"): str(amount),
        (None, "amount_again"): str(amount),
        (None, "net"): str(net),
        (None, "tax"): str(tax),
        (None, "total"): str(net + tax),
    }
    for row in range(1, ROWS + 1):
        marks = [str(mark) if rng.random() >= EMPTY else "" for mark in rng.integers(0, 10, COLUMNS - 1)]
        marks.append(str(sum(int(mark or 0) for mark in marks)))
        truth |= {(row, f"marks_{column}"): mark for column, mark in enumerate(marks, 1)}
    return truth


def luhn(text: str) -> bool:
    """Luhn's check as it is done by hand."""
    total = 0
    for place, letter in enumerate(text[::-1]):
        value = int(letter) * (2 if place % 2 else 1)
        total += value if value < 10 else value - 9
    return total % 10 == 0


def scan(rng: Rng, truth: Truth) -> NDArray[np.uint8]:
    """A scan, (rows, columns), with its printed frames and the writing in them."""
    printed = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(printed)
    for left, top, wide, high in FIELDS.values():
        pen.rectangle((left, top, left + wide, top + high), outline=90, width=2)
    right, bottom = TABLE[0] + COLUMNS * CELL, TABLE[1] + ROWS * CELL
    for row in range(ROWS + 1):
        pen.line((TABLE[0], TABLE[1] + row * CELL, right, TABLE[1] + row * CELL), 90, 2)
    for column in range(COLUMNS + 1):
        pen.line((TABLE[0] + column * CELL, TABLE[1], TABLE[0] + column * CELL, bottom), 90, 2)
    level = np.asarray(printed, float) / 255 * rng.uniform(0.9, 1)
    for (row, column), text in truth.items():
        if row is None:
            left, top, wide, high = FIELDS[column]
            write(rng, level, text, (left + 14, top + 8, wide - 28, high - 16), 44)
        elif text:
            place = int(column.rpartition("_")[2]) - 1
            box = TABLE[0] + place * CELL + 6, TABLE[1] + (row - 1) * CELL + 6, CELL - 12, CELL - 12
            write(rng, level, text, box, 38 if len(text) == 1 else 24)
    level += rng.normal(0, 0.012, level.shape)
    return np.clip(np.rint(255 * level), 0, 255).astype(np.uint8)


def write(rng: Rng, level: NDArray[np.float64], text: str, box: tuple[int, int, int, int], high: int) -> None:
    """Write digits into a box, in place."""
    tiles = [digit(rng, round(high * rng.uniform(0.9, 1.1)), int(letter))[0] for letter in text]
    gaps = [int(rng.integers(2, 7)) for _ in tiles]
    room = box[2] - sum(tile.shape[1] for tile in tiles) - sum(gaps[1:])
    left = box[0] + (max(room, 0) // 2 if len(text) < 4 else int(max(room, 0) * rng.uniform(0, 0.5)))
    darkness = rng.uniform(0.7, 0.95)
    for tile, gap in zip(tiles, gaps, strict=True):
        top = box[1] + (box[3] - len(tile)) // 2 + int(rng.integers(-2, 3))
        part = level[top : top + len(tile), left : left + tile.shape[1]]
        part *= 1 - darkness * tile[: len(part), : part.shape[1]]
        left += tile.shape[1] + gap


# --- reading and review --------------------------------------------------------------------------------------


def read(folder: Path, out: Path, *rules: str) -> tuple[float, float]:
    """Seconds of the clock and of processors that the command takes for all scans of a folder."""
    command = [
        sys.executable,
        "-m",
        "lenet5",
        "read",
        str(folder / "scans"),
        "--form",
        str(folder / "form.json"),
    ]
    command += ["--out", str(out), "--review", str(out.with_suffix(".review")), *rules]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not out.exists():
        raise common.Absent(f"the command failed: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def values(out: Path, truths: Mapping[int, Truth]) -> list[Value]:
    """What is written, what was read, its confidence and whether it was accepted, of every value of a result."""
    found = []
    with out.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            truth = truths[int(Path(row["source"]).stem)]
            own = row["row"] == "1"
            for (number, column), text in truth.items():
                if (number is None and own) or str(number) == row["row"]:
                    confidence = float(row[f"{column}_confidence"] or 0)
                    found.append((text, row[column], confidence, row[f"{column}_accepted"] == "True"))
    return found


def error(found: Sequence[Value]) -> float:
    """Share of values that are not what is written."""
    return float(np.mean([text.lstrip("0") != read.lstrip("0") for text, read, *_ in found]))


def curve(found: Sequence[Value]) -> list[dict[str, float]]:
    """For each threshold the share of values under it, which a person looks at, and the share that stays wrong."""
    points = []
    for threshold in THRESHOLDS:
        looked = np.array(["?" in read or confidence < threshold for _, read, confidence, _ in found])
        wrong = np.array([text.lstrip("0") != read.lstrip("0") for text, read, *_ in found])
        points.append(
            {
                "threshold": threshold,
                "looked_at": float(looked.mean()),
                "error": float((wrong & ~looked).mean()),
            }
        )
    return points


def answered(out: Path, truths: Mapping[int, Truth]) -> tuple[int, Path]:
    """How many items the review page has, and the file of a person's answers to all of them."""
    page = (out.with_suffix(".review") / "index.html").read_text(encoding="utf-8")
    match = re.search(r'id="items">(.*?)</script>', page, re.DOTALL)
    items: list[dict[str, Any]] = json.loads(match[1]) if match else []
    answers = []
    for item in items:
        truth, line, column = truths[int(Path(item["source"]).stem)], item["line"], item["column"]
        cells = [truth.get((line, f"{column}_{number}"), "") for number in range(1, COLUMNS + 1)]
        text = truth.get((line, column), "|".join(cells))  # cells: of a table of which nothing was read
        kept = {name: item.get(name) for name in ("source", "page", "line", "column", "reading")}
        answers.append(
            {**kept, "text": text, "error": item.get("error", ""), "glyphs": item.get("glyphs", "")}
        )
    path = out.with_suffix(".answers.json")
    path.write_text(
        json.dumps({"kind": "lenet5 answers", "version": 1, "answers": answers}), encoding="utf-8"
    )
    return len(items), path


@dataclass
class Kind:
    """What was measured so far, of all blocks, with the same rules."""

    rules: tuple[str, ...]
    before: list[Value] = field(default_factory=list)
    after: list[Value] = field(default_factory=list)
    items: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0

    def add(self, folder: Path, name: str, truths: Mapping[int, Truth]) -> None:
        """Read the scans of a folder, look at what is doubtful, and put it right."""
        out = folder / f"{name.replace(' ', '-')}.csv"
        seconds, used = read(folder, out, *self.rules)
        self.seconds, self.processor_seconds = self.seconds + seconds, self.processor_seconds + used
        self.before += values(out, truths)
        count, answers = answered(out, truths)
        self.items += count
        apply_answers(out, load_answers(answers))
        self.after += values(out, truths)

    def to_dict(self, scans: int) -> dict[str, Any]:
        return {
            "values": len(self.before),
            "scans_per_second": scans / self.seconds,
            "processor_seconds_per_scan": self.processor_seconds / scans,
            "error_before": error(self.before),
            "looked_at": self.items / len(self.before),
            "error_after": error(self.after),
            "curve": curve(self.before),
        }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    kinds = {"without rules": Kind(()), "with rules": Kind(RULES)}
    report: dict[str, Any] = {}
    for first in common.progress(range(0, options.scans, BLOCK), "blocks of scans"):
        last = min(first + BLOCK, options.scans)
        block = folder / f"{first:05d}"
        (block / "scans").mkdir(parents=True)
        (block / "form.json").write_text(json.dumps(template()), encoding="utf-8")
        truths = {}
        for number in range(first, last):
            rng = np.random.Generator(np.random.PCG64([options.seed, number]))
            truths[number] = texts(rng)
            Image.fromarray(scan(rng, truths[number])).save(block / "scans" / f"{number:05d}.png")
        for name, kind in kinds.items():
            kind.add(block, name, truths)
        report = {"machine": machine(), "scans": last, "seed": options.seed}
        report["kinds"] = {name: kind.to_dict(last) for name, kind in kinds.items()}
        common.write_result(options, "forms.json", report)
    return report


def show(report: dict[str, Any]) -> None:
    rows = [
        (name, f"{kind['processor_seconds_per_scan']:.2f}",
         *(f"{kind[figure]:.3%}" for figure in ("error_before", "looked_at", "error_after")))
        for name, kind in report["kinds"].items()
    ]  # fmt: skip
    heads = ("", "s of a core a scan", "error read", "looked at", "error after review")
    print(common.table(heads, rows))
    print(common.table(("threshold", *report["kinds"]), _curves(report["kinds"])))


def _curves(kinds: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row a threshold: share looked at and error of each kind."""
    points = zip(*(kind["curve"] for kind in kinds.values()), strict=True)
    return [
        (
            f"{row[0]['threshold']:g}",
            *(f"{p['looked_at']:.2%} looked at, {p['error']:.3%} wrong" for p in row),
        )
        for row in points
    ]


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--scans", type=int, default=2000)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--keep", type=Path, help="folder in which scans, results and review pages stay")
    chosen = options.parse_args()
    if chosen.keep:
        chosen.keep.mkdir(parents=True)
        show(measure(chosen, chosen.keep))
    else:
        with tempfile.TemporaryDirectory(prefix="lenet5-") as folder:
            show(measure(chosen, Path(folder)))


if __name__ == "__main__":
    common.main(main)
