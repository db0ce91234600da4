"""One report from measurements on one core and on all: JSON for programs, a table for people, a plot."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from ..errors import LeNet5Error, MissingExtraError
from ..network.architecture import LAYERS

__all__ = ["measure", "plot", "table"]

FORWARD = sum(layer.multiply_adds for layer in LAYERS)
# Training: forward; a gradient to every weight (as many again); slopes to the inputs of C3, C5 and F6.
TRAINING = 2 * FORWARD + sum(layer.multiply_adds for layer in LAYERS if layer.name in ("C3", "C5", "F6"))


def measure(
    cores: list[int], rounds: int, notice: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Measure in a process of its own for each number of cores; see measure.py for what is in the result.

    Raises LeNet5Error with the process's last line where one fails.
    """
    from .measure import machine

    runs = {}
    for count in cores:
        notice(
            f"measuring on {count} core{'s' if count > 1 else ''}: every installed engine, {rounds} rounds"
        )
        # Thread pools of libraries that read these when they are loaded; the process pins itself besides.
        limits = {name: str(count) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        done = subprocess.run(
            [sys.executable, "-m", "lenet5.bench.measure", str(count), str(rounds)],
            env=os.environ | limits, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise LeNet5Error(f"the measurement on {count} cores failed: {last}")
        runs[str(count)] = json.loads(done.stdout.splitlines()[-1])
    return {"machine": machine(), "rounds": rounds, "runs": runs}


def ratio(run: dict[str, Any], task: str) -> float:
    """Our best rate by the best of the peers'; NaN without one."""
    ours = run[task]["lenet5"]["best"]
    peers = [entry["best"] for name, entry in run[task].items() if not name.startswith("lenet5")]
    return ours / max(peers) if peers else float("nan")


def _rows(run: dict[str, Any], task: str, work: int) -> list[tuple[str, ...]]:
    rows = []
    for name, entry in run[task].items():
        rates = entry["rates"]
        best = max(rates, key=lambda batch: rates[batch]["median"])
        spread = (rates[best]["largest"] - rates[best]["least"]) / rates[best]["median"]
        share = entry["best"] * work / run["multiply_adds"]["median"]
        one = f"{1e6 / rates['1']['median']:,.0f} µs" if "1" in rates else ""
        rows.append((name, f"{entry['best']:,.0f}", best, f"± {spread / 2:.0%}", f"{share:.2f}", one))
    return rows


def table(report: dict[str, Any]) -> str:
    """The report in Markdown, which reads well in a terminal too."""
    host = report["machine"]
    lines = [
        f"{host['cpu']}, {host['cores']} cores, {host['lanes']} lanes; Python {host['python']}, "
        f"Numba {host['numba']}; medians of {report['rounds']} rounds"
    ]
    for count, run in report["runs"].items():
        rate = run["multiply_adds"]["median"]
        lines += [
            "",
            f"**{count} core{'s' if count != '1' else ''}** (a matrix product: {rate / 1e9:.0f} G multiply–adds/s)",
        ]
        for task, work, title in (
            ("recognition", FORWARD, "recognition"),
            ("training", TRAINING, "training: forward, backward, update"),
        ):
            lines += [
                "",
                f"| {title} | images/s | best batch | spread | share of bound | one image |",
                "|---|---:|---:|---:|---:|---:|",
            ]
            lines += ["| " + " | ".join(row) + " |" for row in _rows(run, task, work)]
            lines.append(f"\nlenet5 by the fastest peer: {ratio(run, task):.1f} ×")
    return "\n".join(lines)


def plot(report: dict[str, Any]) -> bytes:
    """Images a second against batch size, a panel for each number of cores, as SVG. Raises MissingExtraError."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a plot needs Matplotlib: pip install 'lenet5[plots]'") from error
    runs = report["runs"]
    figure = Figure(figsize=(5 * len(runs), 4.2), layout="constrained")
    axes = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
    for axis, (count, run) in zip(axes, runs.items(), strict=True):
        for name, entry in run["recognition"].items():
            rates = [value["median"] for value in entry["rates"].values()]
            width = 2.5 if name == "lenet5" else 1.2
            axis.plot(
                [int(b) for b in entry["rates"]], rates, marker="o", markersize=3, linewidth=width, label=name
            )
        axis.set(
            xscale="log",
            yscale="log",
            xlabel="batch size",
            title=f"{count} core{'s' if count != '1' else ''}",
        )
        axis.grid(alpha=0.3, which="both")
    axes[0].set_ylabel("images recognised a second")
    axes[-1].legend(fontsize=8)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg")
    return drawn.getvalue()
