"""Timing: interleaved rounds, medians and spread, on a given number of cores.

`python -m lenet5.bench.measure CORES` prints one JSON object: run as a process of its own, since libraries
size their thread pools when they are loaded. Within a round every engine is called once at every batch size,
so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["machine", "main", "multiply_add_rate", "recognition", "training"]

BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
SLICE = 0.05  # seconds that one timing lasts at least


def machine() -> dict[str, Any]:
    """CPU model, cores, vector width and library versions, as far as this system tells."""
    import platform

    import numba

    model = platform.processor() or platform.machine()
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            model = next(
                (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
            )
    except OSError:
        pass
    from ..engine.numba_backend import L

    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "lanes": L,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def once(call: Callable[[], Any]) -> float:
    """Seconds of one call, as the mean of as many as fill SLICE."""
    start = time.perf_counter()
    call()
    elapsed = time.perf_counter() - start
    more = int(SLICE / max(elapsed, 1e-7))
    if more > 1:
        start = time.perf_counter()
        for _ in range(more):
            call()
        elapsed = (time.perf_counter() - start) / more
    return elapsed


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and largest of repeated figures."""
    return {"median": statistics.median(values), "least": min(values), "largest": max(values)}


def multiply_add_rate(rounds: int = 7, size: int = 1024) -> dict[str, float]:
    """Multiply–adds a second in a single-precision matrix product of NumPy: this machine's practical bound."""
    left = np.random.default_rng(0).random((size, size), np.float32)
    return spread([size**3 / once(lambda: left @ left) for _ in range(rounds)])


def recognition(
    threads: int, rounds: int, batches: tuple[int, ...] = BATCHES, only: tuple[str, ...] = ()
) -> dict:
    """Images a second of every engine at every batch size; their answers are compared first."""
    from ..model.lenet5 import LeNet5
    from .peers import normalised, peers

    model = LeNet5.pretrained("digits")
    raw = np.random.default_rng(0).integers(0, 256, (max(batches), 28, 28), np.uint8)
    ready = normalised(raw)
    engines = list(peers(model, threads, only))
    judge = engines[0].call(raw, ready)
    report: dict[str, Any] = {}
    for peer in engines:
        answer = peer.call(raw, ready)
        difference = float(np.abs(answer - judge).max())
        if difference > 1e-3 * float(np.abs(judge).max()):
            raise RuntimeError(f"{peer.name} answers differently by {difference:g}: not the same network")
        report[peer.name] = {
            "version": peer.version,
            "difference": difference,
            "rates": {b: [] for b in batches},
        }
    for _ in range(rounds):
        for batch in batches:
            some, some_ready = np.ascontiguousarray(raw[:batch]), np.ascontiguousarray(ready[:batch])
            for peer in engines:
                seconds = once(lambda p=peer, r=some, x=some_ready: p.call(r, x))
                report[peer.name]["rates"][batch].append(batch / seconds)
    for entry in report.values():
        entry["rates"] = {batch: spread(rates) for batch, rates in entry["rates"].items()}
        entry["best"] = max(rate["median"] for rate in entry["rates"].values())
    return report


def training(threads: int, rounds: int, batches: tuple[int, ...] = (16, 32, 64, 128, 256, 1024)) -> dict:
    """Patterns a second, forward + backward + update, of ours and of PyTorch eager, at each batch size."""
    from ..engine import numba_backend
    from ..model.lenet5 import LeNet5
    from ..network.distortion import PAPER

    rng = np.random.default_rng(0)
    raw = rng.integers(0, 256, (8192, 28, 28), np.uint8)
    labels = rng.integers(0, 10, 8192)
    calls: dict[str, dict[int, tuple[int, Callable[[], Any]]]] = {}

    def ours(batch: int, distortion: Any) -> tuple[int, Callable[[], Any]]:
        model = LeNet5(seed=0)
        trainer = numba_backend.Trainer(
            model.parameters, model.codes, raw, labels, batch=batch, distortion=distortion, threads=threads
        )
        order = np.arange(4096)
        rates = np.full(-(-4096 // batch), 1e-3, np.float32)
        return 4096, lambda: trainer.run(order, rates)

    calls["lenet5"] = {batch: ours(batch, None) for batch in batches}
    calls["lenet5, distorting"] = {batch: ours(batch, PAPER) for batch in batches}
    with contextlib.suppress(ImportError):
        calls["PyTorch eager"] = {batch: _torch_step(batch, threads, raw, labels) for batch in batches}
    rates: dict[str, dict[int, list[float]]] = {name: {b: [] for b in batches} for name in calls}
    for repeat in range(rounds + 1):  # the first warms everything up
        for batch in batches:
            for name, entry in calls.items():
                patterns, call = entry[batch]
                seconds = once(call)
                if repeat:
                    rates[name][batch].append(patterns / seconds)
    return {
        name: {
            "rates": {batch: spread(values) for batch, values in entry.items()},
            "best": max(statistics.median(values) for values in entry.values()),
        }
        for name, entry in rates.items()
    }


def _torch_step(
    batch: int, threads: int, raw: np.ndarray, labels: np.ndarray
) -> tuple[int, Callable[[], Any]]:
    """One mini-batch in PyTorch as most people write it: the same loss and optimiser as ours."""
    import torch

    from ..model.lenet5 import LeNet5
    from .peers import normalised, torch_network

    torch.set_num_threads(threads)
    network = torch_network(LeNet5(seed=0))
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    x = torch.from_numpy(normalised(raw[:batch]))
    wanted = torch.from_numpy(labels[:batch])
    rubbish = torch.full((batch, 1), -1.0)

    def step() -> None:
        scaled = 0.1 * network(x)
        right = scaled.gather(1, wanted[:, None]).squeeze(1)
        loss = (right + torch.logsumexp(torch.cat([-scaled, rubbish], 1), 1)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return batch, step


def main() -> None:
    """CORES [ROUNDS]: pin this process to that many cores, measure, print JSON."""
    cores, rounds = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    json.dump(
        {
            "cores": cores,
            "multiply_adds": multiply_add_rate(rounds),
            "recognition": recognition(cores, rounds),
            "training": training(cores, rounds),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
