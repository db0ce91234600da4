"""Rates of reading in bulk, beside the engine's bare speed and a bare decode loop.

    python benchmarks/bulk.py --only characters --write        # a million characters
    python benchmarks/bulk.py --only files --files 20000 --write  # zip: of the zip file alone
    python benchmarks/bulk.py --only kills --write              # 30 kills
    python benchmarks/bulk.py --only clusters --write           # Ray, Spark, Dask and Daft on this machine

Characters are MNIST's test patterns, each shifted by up to two pixels, in a Parquet column of 784 bytes a row, and in
one of lists; files are PNGs of such characters, in folders of a thousand and in a zip file. Every run is the command
in a process of its own, its start included. Beside seconds of the clock there is processor time, of all processes: on a
machine that others use too, only that can be compared. The bare loops are timed before and after each run: `penalties`
of one array of the same characters in memory; opening each file, and nothing else. Kills come at random moments; each
run is resumed, and its table compared byte for byte. Of the engines that hand batches to a function (Spark, Dask, Daft:
examples/cluster) and of Ray there is the time of the clock beside that of the command alone, one after the other, as
their processes are not this one's children. Parts that are measured later are added to the same results.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
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
RECIPES = common.RESULTS.parents[1] / "examples" / "cluster"
ENGINES = {"Ray": "ray", "Spark": "pyspark", "Dask": "dask", "Daft": "daft"}  # and the module of each


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


def write_parquet(path: Path, count: int, lists: bool = False) -> None:
    """A column of 784 bytes a row, or of lists of 784 numbers."""
    kind = pa.list_(pa.uint8(), 784) if lists else pa.binary(784)
    schema = pa.schema([("pixels", kind)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in common.progress(range(0, count, BLOCK), "characters"):
            images = characters(min(BLOCK, count - first), first)
            buffers = [None, pa.py_buffer(images.tobytes())]
            column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(784), len(images), buffers)
            if lists:
                column = pa.FixedSizeListArray.from_arrays(pa.array(images.reshape(-1)), 784)
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


def run(source: Path, out: Path, *more: str) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak memory in MB of the command, its worker processes among it."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command(source, out, *more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.1)
    if process.returncode not in (0, 1):
        raise common.Absent(f"the command failed: {process.stderr.read() if process.stderr else ''}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used, peak


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
    """Images a second of processor time of the engine alone."""
    images, model = characters(min(count, 50_000), 2), LeNet5.find("digits")
    model.penalties(images[:1000])
    began = time.process_time()
    for _ in range(3):
        model.penalties(images)
    return 3 * len(images) / (time.process_time() - began)


def bare_decoding(folder: Path, count: int) -> float:
    """Files a second of processor time of a loop that opens each and does nothing else."""
    files = sorted(folder.rglob("*.png"))[: min(count, 5000)]
    began = time.process_time()
    for file in files:
        np.asarray(Image.open(file).convert("L"))
    return len(files) / (time.process_time() - began)


def killed(source: Path, whole: Path, seconds: float, times: int, seed: int) -> int:
    """How many of so many runs, each killed at a random moment and resumed, end in the same bytes."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it, and so its children
    rng = random.Random(seed)
    expected = hashlib.sha256(whole.read_bytes()).digest()
    same = 0
    for number in common.progress(range(times), "kills", times):
        out = whole.with_name(f"killed-{number}{whole.suffix}")
        process = subprocess.Popen(command(source, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.3, 1.0) * seconds)  # its start takes the first third
        process.send_signal(rng.choice((signal.SIGKILL, signal.SIGINT)))
        process.wait()
        if not out.exists():
            run(source, out, *(["--resume"] if out.with_name(f"{out.name}.parts").exists() else []))
        same += hashlib.sha256(out.read_bytes()).digest() == expected
        out.unlink()
    return same


def measured(
    name: str, source: Path, count: int, suffix: str, bare: Callable[[], float], *more: str
) -> dict[str, Any]:
    """One run, with the bare loop before and after it."""
    rates = [bare()]
    seconds, used, peak = run(source, source.with_name(f"{name.replace(' ', '-')}{suffix}"), *more)
    rates.append(bare())
    mean = statistics.mean(rates)
    common.say(f"{name}: {count / used:,.0f} a second of processor time")
    return {
        "items": count,
        "seconds": seconds,
        "processor_seconds": used,
        "rate": count / seconds,
        "processor_rate": count / used,
        "megabytes": peak,
        "bare": mean,
        "share": count / used / mean,
        "load": os.getloadavg()[0],
    }


def measure_characters(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    count, few = options.characters, options.characters // 5
    write_parquet(folder / "bytes.parquet", count)
    write_parquet(folder / "lists.parquet", few, lists=True)
    bare = partial(bare_engine, count)
    for name, source, items, suffix in (
        ("bytes to Parquet", "bytes", count, ".parquet"),
        ("lists to Parquet", "lists", few, ".parquet"),
        ("bytes to CSV", "bytes", count, ".csv"),
    ):
        yield name, measured(name, folder / f"{source}.parquet", items, suffix, bare)


def measure_files(
    options: argparse.Namespace, folder: Path, *, plain: bool = True
) -> Iterator[tuple[str, dict[str, Any]]]:
    pictures, packed = folder / "files", folder / "files.zip"
    write_files(pictures, options.files)
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(pictures.rglob("*.png")):
            archive.write(file, file.relative_to(pictures))
    bare = partial(bare_decoding, pictures, options.files)
    one = ("--mode", "character")
    sources = {"files of a folder": pictures} if plain else {}
    for name, source in (sources | {"files of a zip": packed}).items():
        yield name, measured(name, source, options.files, ".parquet", bare, *one)


def measure_kills(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    table, whole = folder / "killed.parquet", folder / "whole.parquet"
    write_parquet(table, options.killed)
    seconds, _, _ = run(table, whole)
    same = killed(table, whole, seconds, options.kills, options.seed)
    yield "kills", {"times": options.kills, "characters": options.killed, "same_bytes": same}


def measure_clusters(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    pictures, seconds = folder / "files", {}
    write_files(pictures, options.clusters)
    commands = {"the command": command(pictures, folder / "first.parquet")}
    for name, module in ENGINES.items():
        if find_spec(module) is None:
            raise common.Absent(f"{name} is not installed: pip install 'lenet5-1998[ray]' pyspark dask daft")
        script = str(RECIPES / f"with_{name.lower()}.py")
        commands[name] = [sys.executable, script, str(pictures), str(folder / name)]
    commands["Ray"] = command(pictures, folder / "ray.parquet", "--ray", "local")
    commands["the command again"] = command(pictures, folder / "last.parquet")
    for name, one in commands.items():
        began = time.perf_counter()
        done = subprocess.run(one, capture_output=True, text=True, check=False)
        if done.returncode:
            raise common.Absent(f"{name} failed: {done.stderr[-1000:]}")
        seconds[name] = time.perf_counter() - began
        common.say(f"{name}: {seconds[name]:.0f} s")
    # First and last: beside the mean of both a load that rises or falls favours nobody.
    seconds["the command"] = statistics.mean((seconds["the command"], seconds.pop("the command again")))
    yield "clusters", {"pictures": options.clusters, "seconds": seconds, "load": os.getloadavg()[0]}


MEASURES = {
    "characters": measure_characters,
    "files": measure_files,
    "zip": partial(measure_files, plain=False),  # the zip file alone
    "kills": measure_kills,
    "clusters": measure_clusters,
}


def show(report: dict[str, Any]) -> None:
    rows = [
        (name, f"{one['items']:,}", f"{one['seconds']:.0f}", f"{one['rate']:,.0f}", f"{one['processor_rate']:,.0f}",
         f"{one['share']:.0%}", f"{one['megabytes']:.0f}", f"{one['load']:.1f}")
        for name, one in report.items()
        if isinstance(one, dict) and "share" in one
    ]  # fmt: skip
    heads = ("", "items", "seconds", "a second", "… of processor", "of the bare loop", "peak MB", "load")
    print(common.table(heads, rows))
    if kills := report.get("kills"):
        print(f"killed {kills['times']} times and resumed: {kills['same_bytes']} with the same bytes")
    if clusters := report.get("clusters"):
        seconds = ", ".join(f"{name} {value:.0f} s" for name, value in clusters["seconds"].items())
        print(f"{clusters['pictures']:,} pictures: {seconds}")


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--only", choices=list(MEASURES), action="append", help="[default: all]")
    options.add_argument("--characters", type=int, default=1_000_000)
    options.add_argument("--files", type=int, default=20_000)
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--killed", type=int, default=300_000, help="characters of a run that is killed")
    options.add_argument("--clusters", type=int, default=500, help="pictures that each engine reads")
    options.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    chosen = options.parse_args()
    known = (common.RESULTS if chosen.write else chosen.out or Path()) / "bulk.json"
    report = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    report["machine"] = machine()
    for name in chosen.only or [name for name in MEASURES if name != "zip"]:
        with tempfile.TemporaryDirectory(prefix="lenet5-") as folder:
            for part, figures in MEASURES[name](chosen, Path(folder)):
                report[part] = figures
                common.write_result(chosen, "bulk.json", report)
    show(report)


if __name__ == "__main__":
    common.main(main)
