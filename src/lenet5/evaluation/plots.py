"""Figures that Matplotlib draws (lenet5-1998[plots]): how far a network's confidence comes true."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .. import atomic
from ..errors import InputError, MissingExtraError
from .classification import Evaluation

__all__ = ["reliability_plot"]

SUFFIXES = (".png", ".svg")


def reliability_plot(evaluation: Evaluation, path: str | os.PathLike[str]) -> None:
    """Share of right answers over their confidence, before and after calibration, and how many there are.

    path: .png or .svg. Raises InputError for another, MissingExtraError without Matplotlib, SaveError.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"a plot is written as {' or '.join(SUFFIXES)}, not as {path.suffix or path.name!r}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a plot needs Matplotlib: pip install 'lenet5-1998[plots]'") from error
    figure = Figure(figsize=(5, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    upper.plot((0, 1), (0, 1), color="0.7", linewidth=1, label="as it should be")
    kinds = [(evaluation.trained, "as trained", "C1", "s")]
    if evaluation.calibrated.patterns:
        kinds.append((evaluation.calibrated, "calibrated", "C0", "o"))
    for constants, what, colour, marker in kinds:
        bins, error = evaluation.reliability(constants)
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4, "linewidth": 1}
        sure = [entry.confidence for entry in bins]
        upper.plot(sure, [entry.right for entry in bins], label=f"{what}: error {error:.2%}", **style)
        lower.plot(sure, [entry.patterns for entry in bins], **style)
    upper.set(ylabel="share of right answers", ylim=(-0.02, 1.02), xlim=(0, 1.02), title=evaluation.name)
    upper.legend(loc="lower right", frameon=False)
    lower.set(xlabel="confidence", ylabel="answers", yscale="log")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    with atomic.replacing(path) as stream:
        # No date in it: the same figures make the same file.
        kind = path.suffix.lower()[1:]
        figure.savefig(stream, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
