"""How many requests the service answers, and how soon: one image, one picture, 256 images; 1, 16 and 128 clients.

    python benchmarks/serve.py                 5 seconds each; needs wrk (Debian: apt-get install wrk)
    python benchmarks/serve.py --seconds 20 --write

The load generator runs on the same machine, and takes its share of the cores. How often the machine lets the service
run is told apart from what the service costs: beside rates and times stands the processor time of a request, all
processes of the service together, and which share of it is the bare work, the same calls of engine or reader alone,
measured just before and just after. Pictures that are in hand when a measurement ends are waited for and counted.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import common
from lenet5.bench.machine import machine
from lenet5.model.lenet5 import LeNet5
from lenet5.reading.reader import Reader
from serve_fuzz import SEVEN, start, workers

CLIENTS = (1, 16, 128)
SCRIPT = """
local file = io.open("{body}", "rb"); wrk.body = file:read("*a"); file:close()
wrk.method = "POST"; wrk.headers["Content-Type"] = "{kind}"{more}
"""
BINARY = "application/octet-stream"
DRAIN = 3.0  # seconds in which the pictures in hand are read to the end


def bodies() -> dict[str, tuple[str, bytes, str, int]]:
    """What is sent: name -> path, body, further headers in Lua, images (0: a picture)."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (256, 28, 28), np.uint8)
    text = (
        b'{"inputs":[{"name":"image","shape":[256,28,28],"datatype":"UINT8","parameters":{"binary_data_size":200704}}],'
        b'"outputs":[{"name":"class","parameters":{"binary_data":true}}]}'
    )
    header = f'; wrk.headers["Inference-Header-Content-Length"] = "{len(text)}"'
    return {
        "one image": ("/v1/recognise", images[0].tobytes(), "", 1),
        "256 images": ("/v1/recognise", images.tobytes(), "", 256),
        "256 images, v2 binary": ("/v2/models/reading/infer", text + images.tobytes(), header, 256),
        "one picture": ("/v1/read", SEVEN, "", 0),
    }


def load(address: str, path: str, script: Path, clients: int, seconds: int) -> dict[str, Any]:
    """Requests/s, p50 and p99 in ms, and answers that were refused, by wrk."""
    command = [
        "wrk",
        "-t1",
        f"-c{clients}",
        f"-d{seconds}s",
        "--timeout",
        "60s",
        "--latency",
        "-s",
        str(script),
    ]
    text = subprocess.run([*command, address + path], capture_output=True, text=True, check=True).stdout
    found = {name: re.search(rf"{name}\s+([\d.]+)(us|ms|s)", text) for name in ("50%", "99%")}
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    times = {name: float(match[1]) * scale[match[2]] if match else None for name, match in found.items()}
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    return {
        "clients": clients,
        "requests_s": float(rate[1]) if rate else 0.0,
        "p50_ms": times["50%"],
        "p99_ms": times["99%"],
        "refused": int(refused[1]) if refused else 0,
    }


def processor_seconds(pid: int) -> float:
    """Seconds of processor time that a process and its workers have taken."""
    ticks = 0
    for one in (pid, *workers(pid)):
        ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def pictures_read(address: str) -> int:
    """Pictures that the service has read, as it says, once none is in hand."""
    time.sleep(DRAIN)
    text = urllib.request.urlopen(f"{address}/metrics").read().decode()
    return int(float(re.findall(r"^lenet5_pictures_total (\S+)$", text, re.MULTILINE)[0]))


def bare_seconds(images: int) -> float:
    """Processor time that the engine alone takes for so many images, or for 0 a reader alone for the picture."""
    if images:
        model, batch = _network(), np.zeros((images, 28, 28), np.uint8)
        return _seconds_of(lambda: model.penalties(batch, threads=1), 1.0)
    reader = _reader()
    return _seconds_of(lambda: reader.read(SEVEN), 2.0)


def _seconds_of(call: Callable[[], object], seconds: float) -> float:
    """Processor time of a call, repeated for some seconds."""
    call()
    began, count = time.process_time(), 0
    while time.process_time() - began < seconds:
        call()
        count += 1
    return (time.process_time() - began) / count


@cache
def _network() -> LeNet5:
    return LeNet5.pretrained("reading")


@cache
def _reader() -> Reader:
    return Reader()


def run() -> None:
    """Measure, print the table, keep the results."""
    options = common.parser(__doc__)
    options.add_argument("--seconds", type=int, default=5, help="of each measurement [default: 5]")
    chosen: argparse.Namespace = options.parse_args()
    if not shutil.which("wrk"):
        raise common.Absent("wrk is not installed: apt-get install wrk")
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    process, (host, port) = start()
    rows: list[dict[str, Any]] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number, (name, (path, body, more, images)) in enumerate(bodies().items()):
                contents, script = Path(folder) / f"{number}.bin", Path(folder) / f"{number}.lua"
                contents.write_bytes(body)
                script.write_text(SCRIPT.format(body=contents, kind=BINARY, more=more))
                address = f"http://{host}:{port}"
                load(address, path, script, 4, 1)
                for clients in CLIENTS:
                    bare, read = bare_seconds(images), 0 if images else pictures_read(address)
                    before = processor_seconds(process.pid)
                    row = load(address, path, script, clients, chosen.seconds)
                    count = row["requests_s"] * chosen.seconds if images else pictures_read(address) - read
                    cost = (processor_seconds(process.pid) - before) / max(count, 1)
                    bare = (bare + bare_seconds(images)) / 2
                    row |= {
                        "what": name,
                        "images_s": row["requests_s"] * images,
                        "cpu_ms": 1000 * cost,
                        "bare_share": bare / cost,
                    }
                    rows.append(row)
                    common.say(f"{name}, {clients} clients: {row['requests_s']:.0f} requests/s")
    finally:
        process.terminate()
        process.wait()
    report = {"rows": rows, "seconds": chosen.seconds, "machine": machine(), "load_before": os.getloadavg()}
    common.write_result(chosen, "serve.json", report)
    print(
        common.table(
            (
                "what",
                "clients",
                "requests/s",
                "images/s",
                "p50 ms",
                "p99 ms",
                "processor ms a request",
                "bare work",
                "refused",
            ),
            [
                (
                    row["what"],
                    row["clients"],
                    f"{row['requests_s']:,.0f}",
                    f"{row['images_s']:,.0f}" if row["images_s"] else "",
                    "" if row["p50_ms"] is None else f"{row['p50_ms']:.2f}",
                    "" if row["p99_ms"] is None else f"{row['p99_ms']:.2f}",
                    f"{row['cpu_ms']:.3f}",
                    f"{row['bare_share']:.0%}",
                    row["refused"],
                )
                for row in rows
            ],
        )
    )


if __name__ == "__main__":
    common.main(run)
