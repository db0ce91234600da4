"""One report from measurements on one core and on all: JSON for programs, a table for people, a plot."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import LeNet5Error, MissingExtraError
from ..network.architecture import LAYERS
from .machine import machine
from .process import PROGRESS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FORWARD", "TRAINING", "measure", "plot", "ratio", "table"]

FORWARD = sum(layer.multiply_adds for layer in LAYERS)
# Training: forward; a gradient to every weight (as many again); slopes to the inputs of C3, C5 and F6.
TRAINING = 2 * FORWARD + sum(layer.multiply_adds for layer in LAYERS if layer.name in ("C3", "C5", "F6"))

TASKS = (  # task, multiply–adds of a pattern, its title
    ("recognition", FORWARD, "recognition"),
    ("training", TRAINING, "training: forward, backward, update"),
)
HEADS = ("images/s", "best batch", "spread", "share of bound", "one image")
# Thread pools of libraries that read these when they are loaded; the process binds itself to its cores besides.
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def measure(
    cores: Sequence[int], rounds: int, notice: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Measure in a process of its own for each number of cores.

    Args:
        cores: numbers of cores.
        rounds: interleaved repeats.
        notice: called with a sentence before each measurement.

    Returns:
        machine, rounds, and runs: number of cores -> what process.py prints.

    Raises:
        LeNet5Error: a measurement failed; the text has the last line that its process printed.
    """
    runs = {}
    for count in cores:
        notice(f"measuring on {_cores(count)}: every installed engine, rounds: {rounds}")
        runs[str(count)] = _measured(count, rounds, notice)
    return {"machine": machine(), "rounds": rounds, "runs": runs}


def _measured(count: int, rounds: int, notice: Callable[[str], None]) -> dict[str, Any]:
    """What the process on so many cores prints. Raises LeNet5Error."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as results,
        subprocess.Popen(
            [sys.executable, "-m", "lenet5.bench.process", str(count), str(rounds)],
            env=os.environ | dict.fromkeys(THREAD_LIMITS, str(count)),
            stdout=results, stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        last = "no reason given"
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(PROGRESS):
                notice("    " + line.removeprefix(PROGRESS).rstrip())
            elif line.strip():
                last = line.strip()
        if process.wait():
            raise LeNet5Error(f"the measurement on {_cores(count)} failed: {last}")
        results.seek(0)
        measured: dict[str, Any] = json.loads(results.read().splitlines()[-1])
        return measured


def ratio(run: dict[str, Any], task: str) -> float:
    """Our best rate divided by the best of the peers'; NaN without one."""
    peers = [entry["best"] for name, entry in run[task].items() if not name.startswith("lenet5")]
    return float(run[task]["lenet5"]["best"]) / max(peers) if peers else float("nan")


def table(report: dict[str, Any]) -> str:
    """The report as aligned text, a block for each number of cores and task."""
    host = report["machine"]
    lines = [
        f"{host['cpu']}, {host['cores']} cores, {host['lanes']} lanes; Python {host['python']}, "
        f"Numba {host['numba']}; medians of {report['rounds']} rounds"
    ]
    for count, run in report["runs"].items():
        rate = run["multiply_adds"]["median"]
        lines += ["", f"{_cores(int(count))} (a matrix product: {rate / 1e9:.0f} G multiply–adds/s)"]
        if any(run[task]["lenet5"]["best"] * work > rate for task, work, _ in TASKS):
            lines.append(
                "busy: other programs had the processor while its bound was measured, so there is no share"
            )
        for task, work, title in TASKS:
            lines += ["", *_aligned([(title, *HEADS), *_rows(run, task, work, report["rounds"] > 1)])]
            if (times := ratio(run, task)) == times:
                lines.append(f"speed-up over the fastest peer: {times:.1f} ×")
            else:
                lines.append("no other engine is installed")
    return "\n".join(lines)


def _cores(count: int) -> str:
    return f"{count} core{'s' if count != 1 else ''}"


def _rows(run: dict[str, Any], task: str, work: int, several: bool) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, entry in run[task].items():
        rates = entry["rates"]
        best = max(rates, key=lambda batch: rates[batch]["median"])
        spread = (rates[best]["largest"] - rates[best]["least"]) / rates[best]["median"]
        share = entry["best"] * work / run["multiply_adds"]["median"]
        # Above 1 the bound was measured while other programs had the processor: it says nothing.
        bound = f"{share:.2f}" if share <= 1 else "busy"
        one = f"{1e6 / rates['1']['median']:,.0f} µs" if "1" in rates else ""
        rows.append(
            (
                name,
                f"{entry['best']:,.0f}",
                best,
                f"± {spread / 2:.0%}" if several else "one round",
                bound,
                one,
            )
        )
    return rows


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"{row[0]:{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]


def plot(report: dict[str, Any]) -> bytes:
    """Images a second against batch size, a panel for each number of cores, as SVG.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a plot needs Matplotlib: pip install 'lenet5-1998[plots]'") from error
    runs = report["runs"]
    figure = Figure(figsize=(5 * len(runs), 4.2), layout="constrained")
    axes = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
    for axis, (count, run) in zip(axes, runs.items(), strict=True):
        _panel(axis, run["recognition"], _cores(int(count)))
    axes[0].set_ylabel("images recognised a second")
    axes[-1].legend(fontsize=8)
    stream = io.BytesIO()
    figure.savefig(stream, format="svg")
    return stream.getvalue()


def _panel(axis: Axes, engines: dict[str, Any], title: str) -> None:
    for name, entry in engines.items():
        batches = [int(batch) for batch in entry["rates"]]
        rates = [value["median"] for value in entry["rates"].values()]
        width = 2.5 if name == "lenet5" else 1.2
        axis.plot(batches, rates, marker="o", markersize=3, linewidth=width, label=name)
    axis.set(xscale="log", yscale="log", xlabel="batch size", title=title)
    axis.grid(alpha=0.3, which="both")
