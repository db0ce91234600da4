"""Timing: interleaved rounds, medians and spread, on a given number of cores.

Within a round every engine is called once at every batch size, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.backend import backend
from ..model.lenet5 import LeNet5
from ..network.distortion import PAPER, Distortion
from ..network.preprocessing import normalise
from .peers import inference_peers, training_peer

__all__ = ["multiply_add_rate", "once", "recognition", "spread", "training"]

BATCHES = (1, 4, 16, 64, 256, 1024, 4096)  # images of one call
TRAINING_BATCHES = (16, 32, 64, 128, 256, 1024)  # patterns of a mini-batch
PATTERNS = 4096  # of one timed call of our trainer
SLICE = 0.05  # seconds that one timing lasts at least
TOLERANCE = 1e-3  # of the largest penalty: two engines that differ by more are not the same network

Timed = tuple[int, Callable[[], object]]  # (patterns of a call, the call)


def once(call: Callable[[], object]) -> float:
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
    """This machine's practical bound: a single-precision matrix product of NumPy.

    Args:
        rounds: repeats.
        size: rows and columns of both matrices.

    Returns:
        Multiply–adds a second: median, least, largest.
    """
    left = np.random.default_rng(0).random((size, size), np.float32)
    return spread([size**3 / once(lambda: left @ left) for _ in range(rounds)])


def recognition(
    threads: int,
    rounds: int,
    batches: tuple[int, ...] = BATCHES,
    only: tuple[str, ...] = (),
    progress: Callable[[str], object] = str,
) -> dict[str, Any]:
    """Images a second of every installed engine at every batch size; their answers are compared first.

    Args:
        threads: of each engine's pool.
        rounds: interleaved repeats.
        batches: images of one call.
        only: parts of names of engines; all if empty.
        progress: called with a line for people before each round.

    Returns:
        Engine -> version, largest difference of a penalty from ours, rates (batch -> `spread`), best median.

    Raises:
        RuntimeError: an engine's answers differ, so that it is not the same network.
    """
    model = LeNet5.pretrained("digits")
    raw = np.random.default_rng(0).integers(0, 256, (max(batches), 28, 28), np.uint8)
    inputs = normalise(raw)[:, None]
    engines = list(inference_peers(model, threads, only))
    reference = engines[0].penalties(raw, inputs)
    report: dict[str, Any] = {}
    for engine in engines:
        difference = float(np.abs(engine.penalties(raw, inputs) - reference).max())
        if difference > TOLERANCE * float(np.abs(reference).max()):
            raise RuntimeError(f"{engine.name} answers differently by {difference:g}: not the same network")
        report[engine.name] = {"version": engine.version, "difference": difference}
    rates: dict[str, dict[int, list[float]]] = {name: {batch: [] for batch in batches} for name in report}
    shares = [(np.ascontiguousarray(raw[:batch]), np.ascontiguousarray(inputs[:batch])) for batch in batches]
    for some, ready in shares:
        for engine in engines:  # a compiler's time for each size of batch is no part of any round
            engine.penalties(some, ready)
    for number in range(rounds):
        progress(f"recognition, round {number + 1} of {rounds}")
        for batch, (some, ready) in zip(batches, shares, strict=True):
            for engine in engines:
                rates[engine.name][batch].append(batch / once(lambda e=engine: e.penalties(some, ready)))  # type: ignore[misc] # noqa: B023
    return {name: entry | _summary(rates[name]) for name, entry in report.items()}


def training(
    threads: int,
    rounds: int,
    batches: tuple[int, ...] = TRAINING_BATCHES,
    progress: Callable[[str], object] = str,
) -> dict[str, dict[str, Any]]:
    """Patterns a second, forward + backward + update, of ours and of PyTorch eager.

    Args:
        threads: of each engine's pool.
        rounds: interleaved repeats; one more is made before them, which warms everything up.
        batches: patterns of a mini-batch.
        progress: called with a line for people before each round.

    Returns:
        Engine -> rates (batch -> `spread`), best median.
    """
    rng = np.random.default_rng(0)
    raw = rng.integers(0, 256, (8192, 28, 28), np.uint8)
    labels = rng.integers(0, 10, 8192)
    calls: dict[str, dict[int, Timed]] = {
        "lenet5": {batch: _trainer(batch, None, raw, labels, threads) for batch in batches},
        "lenet5, distorting": {batch: _trainer(batch, PAPER, raw, labels, threads) for batch in batches},
    }
    peers = {batch: training_peer(LeNet5(seed=0), raw[:batch], labels[:batch], threads) for batch in batches}
    present: dict[int, Timed] = {batch: (batch, step) for batch, step in peers.items() if step is not None}
    if present:
        calls["PyTorch eager"] = present
    rates: dict[str, dict[int, list[float]]] = {name: {batch: [] for batch in batches} for name in calls}
    for repeat in range(rounds + 1):
        progress(f"training, round {repeat} of {rounds}" if repeat else "training, before the first round")
        for batch in batches:
            for name, entry in calls.items():
                patterns, call = entry[batch]
                seconds = once(call)
                if repeat:
                    rates[name][batch].append(patterns / seconds)
    return {name: _summary(entry) for name, entry in rates.items()}


def _trainer(
    batch: int,
    distortion: Distortion | None,
    raw: NDArray[np.uint8],
    labels: NDArray[np.int64],
    threads: int,
) -> Timed:
    """A call of our trainer that learns PATTERNS patterns."""
    model = LeNet5(seed=0)
    trainer = backend("numba").minibatch.Trainer(
        model.parameters, model.codes, raw, labels, batch=batch, distortion=distortion, threads=threads
    )
    order = np.arange(PATTERNS)
    rates = np.full(-(-PATTERNS // batch), 1e-3, np.float32)
    return PATTERNS, lambda: trainer.run(order, rates)


def _summary(rates: dict[int, list[float]]) -> dict[str, Any]:
    return {
        "rates": {batch: spread(values) for batch, values in rates.items()},
        "best": max(statistics.median(values) for values in rates.values()),
    }
