"""Strings of digits as people wrote them: how many are read, before and after adapting to half of them.

    python benchmarks/strings.py FOLDER [--weights digits] [--signs] [--adapt] [--write]

The folder is as `lenet5 eval-strings` takes it. It is split in two by the CRC-32 of the files' names: the
settings of lenet5.reading were chosen on the first half, the second is only reported on. With --adapt the weights
go on with either half (`lenet5 train --fine-tune`), and the other is read. With --signs the strings are read with
signs as well; since no label has signs, only the digits of such a reading are compared. Times are those of this
machine, warm: of one string after the other, and of all by as many processes as there are cores.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from statistics import median
from typing import Any

import common
from lenet5.bench.machine import machine
from lenet5.data.transcripts import read_transcripts
from lenet5.evaluation.strings import StringEvaluation, evaluate_strings
from lenet5.network.codes import SIGNS
from lenet5.reading.reader import FOR_READING, Reader

Pictures = list[tuple[Path, str]]


def halves(folder: Path) -> tuple[Pictures, Pictures]:
    """The pictures of a folder, in two."""
    both: tuple[Pictures, Pictures] = ([], [])
    for path, label in read_transcripts(folder):
        both[zlib.crc32(path.name.encode()) & 1].append((path.resolve(), label))
    return both


def figures(
    weights: str,
    pictures: Pictures,
    mode: str = "string",
    method: str = "segmentation",
    signs: bool = False,
) -> dict[str, float]:
    """Exact strings, wrong characters, and what must be rejected for 5 % of error; signs that are read are left out."""
    reader = Reader(weights, method=method, signs=signs)
    result = evaluate_strings(reader, pictures, mode=mode, workers=None)
    if signs:
        rows = ((file, label, digits_of(text), sure) for file, label, text, sure in result.read)
        result = StringEvaluation(tuple(rows))
    return {
        "strings": len(pictures),
        "exact": result.exact,
        "character_error": result.character_error,
        "rejected_for_5_percent": result.rejected_for(0.05),
    }


def digits_of(text: str) -> str:
    """The digits of a text alone."""
    return "".join(c for c in text if c not in SIGNS)


def times(weights: str, pictures: Pictures) -> dict[str, float]:
    """Milliseconds a string, one after the other; strings a second by all cores."""
    reader = Reader(weights)
    found = {}
    for mode in ("string", "auto"):
        took = []
        for path, _ in pictures[:100]:
            begin = time.perf_counter()
            reader.read(path, mode=mode, threshold=0.0)
            took.append(time.perf_counter() - begin)
        found[f"{mode}_ms"] = 1000 * median(took[5:])
    begin = time.perf_counter()
    evaluate_strings(reader, pictures, workers=os.cpu_count())
    found["bulk_per_second"] = len(pictures) / (time.perf_counter() - begin)
    return found


def adapted(weights: str, pictures: Pictures, seed: int) -> str:
    """A model file: the weights gone on with these strings."""
    folder = Path(tempfile.mkdtemp())
    for path, _ in pictures:  # a table names only what lies beside it
        shutil.copy(path, folder)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label"), *((path.name, label) for path, label in pictures)])
    out = folder / "adapted.safetensors"
    weights = FOR_READING["segmentation"].get(weights, weights)  # those that read under this name
    command = ["train", "--fine-tune", weights, "--data", folder, "--seed", seed, "--out", out]
    subprocess.run([sys.executable, "-m", "lenet5", *map(str, command)], check=True, stdout=sys.stderr)
    return str(out)


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument(
        "--adapt", action="store_true", help="also adapt to either half, and read the other"
    )
    arguments.add_argument(
        "--signs", action="store_true", help="also read with signs, and compare the digits"
    )
    arguments.add_argument("--seeds", type=int, default=1, help="of the adaptation")
    options = arguments.parse_args()
    if options.write and not options.adapt:
        arguments.error("--write without --adapt: the committed results have the adapted weights too")
    both = halves(options.folder)
    results: dict[str, Any] = {"weights": options.weights, "machine": machine()}
    for name, half in zip(("first", "second"), both, strict=True):
        ways: list[tuple[str, str, dict[str, Any]]] = [
            (name, options.weights, {}),
            (f"{name}_auto", options.weights, {"mode": "auto"}),
            (f"{name}_displacement", "displacement", {"method": "displacement"}),
        ]
        if options.signs:
            ways.append((f"{name}_signs", options.weights, {"signs": True}))
        for key, weights, how in ways:
            common.say(f"reading: {key.replace('_', ', ')}")
            results[key] = figures(weights, half, **how)
    common.say("timing")
    results["times"] = times(options.weights, both[0] + both[1])
    if options.adapt:
        for name, half, other in (("second", *both), ("first", *reversed(both))):
            runs = []
            for seed in range(options.seeds):
                common.say(f"adapting to the other half: {name}, seed {seed}")
                runs.append(figures(adapted(options.weights, half, seed), other))
            results[f"{name}_adapted"] = runs
    rows = []
    for key, value in results.items():
        if key not in ("weights", "machine", "times"):
            for entry in value if isinstance(value, list) else [value]:
                rejected = entry["rejected_for_5_percent"]
                shares = (entry["exact"], entry["character_error"], rejected)
                cells = ("" if share is None else f"{share:.1%}" for share in shares)
                rows.append((key.replace("_", ", "), entry["strings"], *cells))
    print(common.table(("half", "strings", "exact", "character error", "rejected for 5 %"), rows))
    print("; ".join(f"{name} {value:.1f}" for name, value in results["times"].items()))
    common.write_result(options, "strings.json", results)


if __name__ == "__main__":
    common.main(main)
