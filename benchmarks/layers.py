"""Where each microsecond goes: every kernel of the engine alone, on one core, beside its own bound.

    python benchmarks/layers.py

The bound of a kernel is its multiply–adds at the rate that this processor's multiply–add units reach on
registers alone, measured first. Least of many repeats: the question here is what the kernel costs, not
what else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import common
from lenet5 import LeNet5
from lenet5.engine.numba_backend import batch_backward, batch_forward, simd
from lenet5.engine.numba_backend.batch_forward import C5_B, C5_W, F6_B, F6_W, L
from lenet5.engine.numba_backend.jit import compiled
from lenet5.engine.numba_backend.workspace import aligned

TIMES = 50


def seconds(function: Callable, *arguments: object) -> float:
    """Least time of one call of a compiled function, called in a compiled loop."""

    @compiled
    def repeat(times, *arguments):
        for _ in range(times):
            function(*arguments)

    repeat(1, *arguments)
    least = np.inf
    for _ in range(25):
        start = time.perf_counter()
        repeat(TIMES, *arguments)
        least = min(least, time.perf_counter() - start)
    return least / TIMES


@compiled
def only_multiply(numbers, times):
    """12 independent sums kept in registers: nothing but multiply–adds."""
    row = simd.row_of(12, np.float32(0))
    factor = simd.row_load(12, numbers, 0)
    for _ in range(times):
        row = simd.row_fma(row, np.float32(0.999), factor)
    simd.row_store(row, numbers, 0)


def main() -> None:
    common.parser(__doc__, results=False).parse_args()
    numbers = aligned(12 * L)
    least = min(seconds(only_multiply, numbers, 10_000) for _ in range(3))
    rate = 12 * L * 10_000 / least
    print(f"multiply–adds on registers: {rate / 1e9:.1f} G/s with {L} lanes\n")

    model = LeNet5(seed=0)
    flat, codes = model.parameters, model.codes
    room = {name: aligned(size) for name, size in batch_backward.SIZES.items()}
    r = room
    r["x"][:] = np.random.default_rng(0).uniform(-0.1, 1.175, 1024 * L)
    levels, y = aligned(L, 1024), aligned(10 * L)
    images = np.random.default_rng(0).integers(0, 256, (L, 28, 28), dtype=np.uint8)
    targets = np.eye(10, dtype=np.float32)[np.arange(L) % 10]
    patterns, gradient = np.arange(L), aligned(60000)
    small = np.float32(0.005), np.float32(-0.1)

    kernels: list[tuple[str, int, Callable, tuple]] = [
        ("pixels, interleaved", 0, batch_forward.fill, (images, 0, *small, levels, aligned(1024 * L))),
        ("C1 and S2", 118_776, batch_forward.c1_s2, (r["x"], flat, r["s2"])),
        ("C3 and S4", 150_400, batch_forward.c3_s4, (r["s2"], flat, r["s4"])),
        ("C5", 48_000, batch_forward.full, (r["s4"], flat, C5_W, C5_B, 120, 400, r["c5"])),
        ("F6", 10_080, batch_forward.full, (r["c5"], flat, F6_W, F6_B, 84, 120, r["f6"])),
        ("penalties", 840, batch_forward.rbf, (r["f6"], codes, y)),
        ("forward, states kept", 328_096, batch_backward.forward,
         (r["x"], flat, *(r[k] for k in ("c1", "s2", "c3", "s4", "c5", "f6")))),
        ("loss", 1_680, batch_backward.loss, (r["f6"], codes, targets, patterns, L, 20.0, 0.1, y, r["d6"])),
        ("F6 back", 10_080, batch_backward.full_back, (flat, F6_W, 84, 120, r["d6"], r["c5"], r["d5"])),
        ("C5 back", 48_000, batch_backward.full_back, (flat, C5_W, 120, 400, r["d5"], r["s4"], r["d4"])),
        ("C5 and F6 gradient", 58_080, batch_backward.c5_f6_gradient,
         (r["turned"], r["d5"], r["d6"], r["s4"], r["c5"], r["by_lane"], r["g6"], gradient)),
        ("S4 back", 800, batch_backward.s4_back, (r["c3"], r["s4"], r["d4"], flat, r["d3"], r["by_lane"])),
        ("C3 gradient", 150_000, batch_backward.c3_gradient, (r["s2"], r["d3"], r["by_lane"])),
        ("C3 back, S2 back, C1 gradient", 269_952, batch_backward.s2_back,
         (r["x"], r["c1"], r["s2"], r["d3"], flat, r["d1"], r["by_lane"])),
    ]  # fmt: skip
    rows = []
    for name, work, function, arguments in common.progress(kernels, "kernels"):
        took = seconds(function, *arguments) / L * 1e6
        bound = work / rate * 1e6
        rows.append((name, f"{took:.2f}", f"{bound:.2f}", f"{bound / took:.2f}"))
    print(common.table(("kernel", "µs an image", "bound", "share"), rows))


if __name__ == "__main__":
    common.main(main)
