"""How the service bears what it should not be asked: fuzzed requests, hostile clients, workers that are killed.

    python benchmarks/serve_fuzz.py                        100,000 requests, then 10 minutes of hostile clients
    python benchmarks/serve_fuzz.py --requests 2000 --minutes 0.5

It starts `lenet5 serve` itself, asks with broken, half and oversized requests, kills a worker with SIGKILL every half
minute, and meanwhile asks what can be answered. It fails if an answer is not clean (no JSON sentence with a refusal, or
500), if a good request is answered wrongly or lost but in a killed worker's hands, or if memory grows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

SEVEN = (Path(__file__).parents[1] / "examples" / "pencil-seven.png").read_bytes()
PATHS = (
    "/v1/recognise", "/v1/layers", "/v1/read", "/ocr", "/v2/models/reading/infer", "/v2/models/reading",
    "/label-studio/predict", "/label-studio/setup", "/metrics", "/openapi.json", "/v2/health/ready", "/", "/nothing",
)  # fmt: skip
TYPES = (
    "application/json",
    "application/octet-stream",
    "multipart/form-data; boundary=b",
    "image/png",
    "",
    "x",
)


@dataclass
class Tally:
    """What was asked and how it was answered."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    good: int = 0
    lost: int = 0
    killed: int = 0
    slowest: float = 0.0


def body(rng: random.Random) -> bytes:
    """A body that is right, or nearly."""
    image = bytes(rng.randrange(256) for _ in range(28)) * 28
    tensor = {"name": "image", "shape": [1, 28, 28], "datatype": "UINT8", "data": list(image)}
    part = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        + SEVEN[:900]
        + b"\r\n--b--\r\n"
    )
    seeds = [
        image,
        image * 3,
        b"",
        json.dumps({"images": [list(image)]}).encode(),
        json.dumps({"inputs": [tensor]}).encode(),
        json.dumps({"image": "aGVsbG8="}).encode(),
        json.dumps({"tasks": [{"data": {"image": "http://x/y"}}]}).encode(),
        part,
        SEVEN[: rng.randrange(200)],
        b"\x93NUMPY\x01\x00v\x00" + image,
        b"[" * 300,
        b"{}",
        b"II*\x00" + image[:90],
        b"%PDF-1.7\n" + image[:200],
        b"GIF89a" + image[:50],
    ]
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((0, 0, 1, 3, 20))):
        if data:
            at = rng.randrange(len(data))
            change = rng.randrange(3)
            if change == 0:
                data[at] = rng.randrange(256)
            elif change == 1:
                del data[at : at + rng.randrange(1, 50)]
            else:
                data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 20)))
    return bytes(data)


def request(rng: random.Random) -> tuple[bytes, bool]:
    """A request, and whether its end can be told from its head."""
    path, data = rng.choice(PATHS), body(rng)
    if path in ("/v1/read", "/ocr") and rng.random() < 0.8:  # each takes a worker a while
        path = "/v1/recognise"
    queries = (
        "",
        "",
        "?explain=1",
        "?weights=letters",
        "?penalties=1",
        "?digits=x",
        "?%00=%ff",
        "?pattern=" + "(a*)*" * 9,
    )
    method = rng.choice(("POST", "POST", "POST", "GET", "PUT", "HEAD"))
    head = f"{method} {path}{rng.choice(queries)} HTTP/1.1\r\nHost: localhost\r\n"
    if kind := rng.choice(TYPES):
        head += f"Content-Type: {kind}\r\n"
    if rng.random() < 0.1:
        head += f"Inference-Header-Content-Length: {rng.choice(['5', '-1', 'x', '9' * 20])}\r\n"
    head += f"Content-Length: {len(data)}\r\n\r\n"
    raw = bytearray(head.encode() + data)
    broken = rng.random() < 0.1
    if broken:
        raw[rng.randrange(len(head))] = rng.randrange(256)
    return bytes(raw), not broken and method != "HEAD"


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes
) -> tuple[int, bytes]:
    """Ask and read the answer; (0, b"") where the connection was closed."""
    writer.write(raw)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return status, await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""


def check(tally: Tally, status: int, answer: bytes, raw: bytes) -> None:
    """Count an answer; a fault is one that is not clean."""
    tally.statuses[str(status)] += 1
    if status == 500 or status < 200:
        tally.faults.append(f"{status}: {raw[:120]!r} -> {answer[:120]!r}")
    elif status >= 400:
        try:
            clean = isinstance(json.loads(answer)["error"], str) or "results" in json.loads(answer)
        except (ValueError, KeyError, TypeError):
            clean = answer.count(b"\n") > 0 and b'"error"' in answer  # pages, one a line
        if not clean:
            tally.faults.append(f"{status} without a sentence: {raw[:120]!r} -> {answer[:120]!r}")


async def fuzz(address: tuple[str, int], count: int, seed: int, tally: Tally) -> None:
    """Send so many fuzzed requests over one connection after another."""
    rng, writer = random.Random(seed), None
    for _ in range(count):
        raw, whole = request(rng)
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(*address)
            if not whole:
                writer.write(raw)
                writer.write_eof()
                answer = await asyncio.wait_for(reader.read(), 60)
                tally.statuses["broken: " + (answer[9:12].decode("latin-1") if answer else "closed")] += 1
                writer.close()
                writer = None
                continue
            status, answer = await asyncio.wait_for(exchange(reader, writer, raw), 90)
            check(tally, status, answer, raw)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            tally.statuses[type(error).__name__] += 1
            writer = None
        except TimeoutError:
            tally.faults.append(f"no answer: {raw[:200]!r}")
            writer = None


def bomb() -> bytes:
    """A PNG of ten thousand million pixels in a few hundred bytes."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(100_000), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


async def hostile(address: tuple[str, int], until: float, seed: int, tally: Tally) -> None:
    """A client that does harm in one way after another."""
    rng = random.Random(seed)
    while time.monotonic() < until:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await asyncio.open_connection(*address)
            way = rng.randrange(7)
            if way == 0:  # headers that never end
                for _ in range(30):
                    writer.write(b"X" if rng.random() < 0.5 else b"GET / HTTP/1.1\r\nA: b\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.5)
            elif way == 1:  # half a body, and silence
                writer.write(
                    b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
                    + bytes(100_000)
                )
                await asyncio.sleep(rng.uniform(0, 5))
            elif way == 2:  # a body a byte at a time
                writer.write(b"POST /v1/recognise HTTP/1.1\r\nHost: localhost\r\nContent-Length: 784\r\n\r\n")
                for _ in range(40):
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.2)
            elif way == 3:  # a bomb
                data = bomb()
                raw = (
                    b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(data)
                    + data
                )
                check(tally, *await asyncio.wait_for(exchange(reader, writer, raw), 60), raw)
            elif way == 4:  # too much of everything, in chunks
                writer.write(
                    b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for _ in range(400):
                    writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
                    await writer.drain()
            elif way == 5:  # asks much, reads nothing
                writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
                await asyncio.sleep(rng.uniform(0, 3))
            else:  # goes away in the middle
                writer.write(
                    b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(SEVEN)
                )
                writer.write(SEVEN)
            writer.transport.abort()
        await asyncio.sleep(rng.uniform(0, 0.3))


async def good(address: tuple[str, int], until: float, tally: Tally) -> None:
    """A client that asks what can be answered, and looks at the answers."""
    raw = b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(SEVEN) + SEVEN
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection(*address)
            status, answer = await asyncio.wait_for(exchange(reader, writer, raw), 120)
            writer.close()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            tally.faults.append(f"a good request got {type(error).__name__}")
            continue
        tally.slowest = max(tally.slowest, time.monotonic() - began)
        if status == 200:
            tally.good += 1
            if json.loads(answer)["text"] != "7":
                tally.faults.append(f"a good request was read as {answer[:80]!r}")
        elif status == 503 and b"ended: try again" in answer:
            tally.lost += 1
        elif status == 503:
            tally.statuses["503 of a good request"] += 1
        else:
            tally.faults.append(f"a good request got {status}: {answer[:100]!r}")
        await asyncio.sleep(0.2)


def workers(pid: int) -> list[int]:
    """Worker processes of a service."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")  # each is started by a thread of its own
    names = [name for one in lists for name in one.read_text().split()]
    return [int(name) for name in names if b"spawn_main" in Path(f"/proc/{name}/cmdline").read_bytes()]


def resident(pid: int) -> float:
    """Memory of a process, MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def kill_now_and_then(pid: int, until: float, period: float, tally: Tally) -> None:
    """Kill a worker with SIGKILL every `period` seconds."""
    while time.monotonic() + period < until:
        await asyncio.sleep(period)
        with contextlib.suppress(OSError, IndexError):
            os.kill(workers(pid)[0], signal.SIGKILL)
            tally.killed += 1


async def watch(pid: int, until: float, memory: list[float]) -> None:
    """Note the memory of the service's own process now and then."""
    while time.monotonic() < until:
        memory.append(resident(pid))
        await asyncio.sleep(2)


def start() -> tuple[subprocess.Popen[bytes], tuple[str, int]]:
    """The service, ready; and its address."""
    command = [sys.executable, "-m", "lenet5", "serve", "--port", "0", "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr
    while not (line := process.stderr.readline()).startswith(b"{"):
        pass
    threading.Thread(target=process.stderr.read, daemon=True).start()  # the log goes on
    host, _, port = json.loads(line)["address"].removeprefix("http://").rpartition(":")
    while True:
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(f"http://{host}:{port}/v2/health/ready")
            return process, (host, int(port))
        time.sleep(0.2)


async def run(requests: int, minutes: float, pid: int, address: tuple[str, int]) -> dict[str, object]:
    """Both parts; what there is to report."""
    fuzzed, hostiles = Tally(), Tally()
    await fuzz(address, min(2000, requests), 99, Tally())  # so that memory is compared with a service at work
    before = resident(pid)
    began = time.monotonic()
    await asyncio.gather(*(fuzz(address, requests // 20, seed, fuzzed) for seed in range(20)))
    fuzz_seconds, after_fuzz = time.monotonic() - began, resident(pid)
    until = time.monotonic() + 60 * minutes
    memory: list[float] = []
    await asyncio.gather(
        *(hostile(address, until, seed, hostiles) for seed in range(24)),
        *(good(address, until, hostiles) for _ in range(3)),
        kill_now_and_then(pid, until, 30.0, hostiles),
        watch(pid, until, memory),
    )
    third = max(1, len(memory) // 3)
    return {
        "fuzzed": {
            "requests": requests,
            "seconds": round(fuzz_seconds, 1),
            "statuses": dict(fuzzed.statuses.most_common()),
            "faults": fuzzed.faults[:10],
            "memory_mib": {"before": round(before, 1), "after": round(after_fuzz, 1)},
        },
        "hostile": {
            "minutes": minutes,
            "good": hostiles.good,
            "slowest_s": round(hostiles.slowest, 2),
            "workers_killed": hostiles.killed,
            "lost_in_their_hands": hostiles.lost,
            "statuses": dict(hostiles.statuses),
            "faults": hostiles.faults[:10],
            "memory_mib": {
                "first_third": round(sum(memory[:third]) / third, 1),
                "last_third": round(sum(memory[-third:]) / third, 1),
                "most": round(max(memory, default=0.0), 1),
            },
        },
    }


def main() -> int:
    """Run, print, and fail where something was not clean."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    process, address = start()
    try:
        report = asyncio.run(run(options.requests, options.minutes, process.pid, address))
        print(json.dumps(report, indent=1), flush=True)
    finally:
        process.terminate()
        process.wait(90)
    faults = report["fuzzed"]["faults"] + report["hostile"]["faults"]  # type: ignore[index]
    return int(bool(faults) or process.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
