"""Rates of reading in bulk, beside the engine's bare speed and a bare decode loop.

    python benchmarks/bulk.py                                  # a million characters, 20,000 files: some minutes
    python benchmarks/bulk.py --characters 100000 --files 500  # a look

Characters are MNIST's test patterns, each shifted by up to two pixels, in a Parquet column of 784 bytes a row; files
are PNGs of such characters, in folders of a thousand and in a zip file. Every run is the command in a process of its
own, its start included; the engine's bare speed is that of one array of the same characters in memory. Each run is
also killed at random moments and resumed, and its table compared byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

import common
from lenet5 import LeNet5
from lenet5.bench.machine import machine
from lenet5.data import dataset

BLOCK = 50_000  # characters that are made at a time


def characters(count: int, seed: int) -> np.ndarray:
    """(count, 28, 28) uint8: test patterns drawn with replacement, each shifted."""
    test = dataset.load("mnist", split="test").images
    rng = np.random.default_rng(seed)
    chosen, shifts = test[rng.integers(0, len(test), count)], rng.integers(-2, 3, (count, 2))
    for way in range(-2, 3):
        for axis in (1, 2):
            these = shifts[:, axis - 1] == way
            chosen[these] = np.roll(chosen[these], way, axis)
    return chosen


def write_parquet(path: Path, count: int) -> None:
    schema = pa.schema([("pixels", pa.list_(pa.uint8(), 784))])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in common.progress(range(0, count, BLOCK), "characters"):
            pixels = characters(min(BLOCK, count - first), first).reshape(-1)
            column = pa.FixedSizeListArray.from_arrays(pa.array(pixels), 784)
            writer.write_table(pa.table([column], schema=schema))


def write_files(folder: Path, count: int) -> None:
    """PNGs, dark on light."""
    for number, image in enumerate(common.progress(characters(count, 1), "files", count)):
        place = folder / f"{number // 1000:04d}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image).save(place / f"{number:07d}.png", compress_level=1)


def command(source: Path, out: Path, *more: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "lenet5",
        "read",
        str(source),
        "--weights",
        "digits",
        "--out",
        str(out),
        *more,
    ]


def run(source: Path, out: Path, *more: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of the command and its processes' largest."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command(source, out, *more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.05)
    if process.returncode not in (0, 1):
        raise common.Absent(f"the command failed: {process.stderr.read() if process.stderr else ''}")
    return time.perf_counter() - began, peak


def _resident(pid: int) -> float:
    """Resident memory of a process and its children, MB; 0 where the system does not tell."""
    total = 0.0
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for one in (str(pid), *children):
            status = Path(f"/proc/{one}/status").read_text(encoding="ascii")
            total += (
                next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS")) / 1024
            )
    except (OSError, StopIteration):
        return total
    return total


def bare_engine(count: int) -> float:
    """Images a second of the engine alone, median of five calls."""
    images, model = characters(min(count, 100_000), 2), LeNet5.find("digits")
    model.penalties(images[:1000])
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        model.penalties(images)
        taken.append(time.perf_counter() - began)
    return len(images) / statistics.median(taken)


def bare_decoding(folder: Path, count: int) -> float:
    """Files a second of a loop that opens each and does nothing else, on one core."""
    files = sorted(folder.rglob("*.png"))[: min(count, 5000)]
    began = time.perf_counter()
    for file in files:
        np.asarray(Image.open(file).convert("L"))
    return len(files) / (time.perf_counter() - began)


def killed(source: Path, whole: Path, seconds: float, times: int, seed: int) -> int:
    """How many of so many runs, each killed at a random moment and resumed, end in the same bytes."""
    rng = random.Random(seed)
    expected = hashlib.sha256(whole.read_bytes()).digest()
    same = 0
    for number in common.progress(range(times), "kills", times):
        out = whole.with_name(f"killed-{number}{whole.suffix}")
        process = subprocess.Popen(command(source, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.05, 1.0) * seconds)
        process.send_signal(rng.choice((signal.SIGKILL, signal.SIGINT)))
        process.wait()
        if not out.exists():
            run(source, out, *(["--resume"] if out.with_name(f"{out.name}.parts").exists() else []))
        same += hashlib.sha256(out.read_bytes()).digest() == expected
        out.unlink()
    return same


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = {"machine": machine(), "characters": options.characters, "files": options.files}
    table, pictures = folder / "characters.parquet", folder / "files"
    write_parquet(table, options.characters)
    write_files(pictures, options.files)
    with zipfile.ZipFile(folder / "files.zip", "w") as archive:
        for file in sorted(pictures.rglob("*.png")):
            archive.write(file, file.relative_to(pictures))
    bare, decoding = bare_engine(options.characters), bare_decoding(pictures, options.files)
    report["bare_engine"], report["bare_decoding"] = bare, decoding
    rows = []
    for name, source, count, suffix in (
        ("Parquet to Parquet", table, options.characters, ".parquet"),
        ("Parquet to CSV", table, options.characters, ".csv"),
        ("files of a folder", pictures, options.files, ".parquet"),
        ("files of a zip", folder / "files.zip", options.files, ".parquet"),
    ):
        out = folder / f"{name.replace(' ', '-')}{suffix}"
        more = ("--mode", "character") if "files" in name else ()
        seconds, peak = run(source, out, *more)
        against = bare if "Parquet" in name else decoding
        rate = count / seconds
        report[name] = {"seconds": seconds, "rate": rate, "megabytes": peak, "share": rate / against}
        rows.append(
            (name, f"{count:,}", f"{seconds:.1f}", f"{rate:,.0f}", f"{peak:.0f}", f"{rate / against:.0%}")
        )
        common.say(f"{name}: {rate:,.0f} a second")
    if options.kills:
        seconds = report["Parquet to Parquet"]["seconds"]
        same = killed(table, folder / "Parquet-to-Parquet.parquet", seconds, options.kills, options.seed)
        report["kills"] = {"times": options.kills, "same_bytes": same}
    print(common.table(("", "items", "seconds", "a second", "peak MB", "of the bare loop"), rows))
    print(f"bare: engine {bare:,.0f} images/s, decoding {decoding:,.0f} files/s on one core")
    if options.kills:
        print(
            f"killed at {options.kills} random moments and resumed: {report['kills']['same_bytes']} with the same bytes"
        )
    return report


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--characters", type=int, default=1_000_000)
    options.add_argument("--files", type=int, default=20_000)
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="lenet5-") as folder:
        report = measure(chosen, Path(folder))
    common.write_result(chosen, "bulk.json", report)


if __name__ == "__main__":
    common.main(main)
