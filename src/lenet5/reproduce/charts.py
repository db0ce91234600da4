"""Charts of the report as SVG, drawn by Matplotlib: ours in colour, the paper's in black."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError
from .panel import Sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "GREEN",
    "INK",
    "ORANGE",
    "BarStyle",
    "above",
    "bars",
    "check",
    "figure",
    "paper_point",
    "svg",
    "tidy",
    "with_band",
]

INK = "#222222"  # text, axes and the paper's points; the page draws it light on a dark background (html_page.py)
BLUE, ORANGE, GREEN = "#2b7bba", "#d9601a", "#2a9d6f"  # to be told apart, on either background
QUIET = "#9a9a9a"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lenet5",  # the same figures make the same file
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": QUIET,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 9,
}


def check() -> None:
    """Raise MissingExtraError where there is no Matplotlib: before hours of training, not after them."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the report needs Matplotlib: pip install 'lenet5-1998[plots]'") from error


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (7, 4)) -> tuple[Figure, Any]:
    """A figure in this style, and its axes as `subplots` gives them."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        drawn = Figure(figsize=size, layout="constrained")
        return drawn, drawn.subplots(rows, columns)


def svg(drawn: Figure) -> bytes:
    """The figure as SVG, on no background; the same for the same figure."""
    from matplotlib import rc_context

    stream = io.BytesIO()
    with rc_context(STYLE):
        drawn.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return stream.getvalue()


def tidy(axes: Axes, **labels: Any) -> None:
    """Labels and limits, and a legend where there is something to tell apart."""
    axes.set(**labels)
    axes.set_axisbelow(True)  # the grid
    if axes.get_legend_handles_labels()[0]:
        axes.legend(labelcolor=INK, frameon=False)


def above(drawn: Figure, *axes: Axes) -> None:
    """One legend above the whole figure, a row, of what is drawn in its axes."""
    entries = {
        label: handle
        for each in axes
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True)
    }
    drawn.legend(
        entries.values(),
        entries.keys(),
        loc="outside upper left",
        ncols=4,
        labelcolor=INK,
        frameon=False,
        fontsize=9,
    )


def with_band(
    axes: Axes, x: Sequence[float], samples: Sequence[Sample], colour: str, label: str, **style: Any
) -> None:
    """A line of means, in per cent, in a band of one standard deviation to either side."""
    mean = 100 * np.array([sample.mean for sample in samples])
    spread = 100 * np.array([sample.spread for sample in samples])
    if spread.any():
        axes.fill_between(
            x, np.maximum(mean - spread, 0), mean + spread, color=colour, alpha=0.2, linewidth=0
        )
    axes.plot(
        x, mean, color=colour, label=label, **{"linewidth": 1.6, "marker": "o", "markersize": 3.5, **style}
    )


def paper_point(axes: Axes, x: float, y: float, label: str | None = None, spread: float = 0.0) -> None:
    """A published share as a diamond, with what the paper says it may be off by."""
    axes.errorbar(
        [x], [100 * y], yerr=[100 * spread] if spread else None, color=INK, marker="D", markersize=6,
        markerfacecolor="none", linestyle="none", capsize=3, label=label, zorder=5,
    )  # fmt: skip


@dataclass(frozen=True)
class BarStyle:
    """The axis of a bar chart.

    Args:
        size: of the figure, inches.
        factor: that values are multiplied by.
        digits: after the decimal point, at the end of each bar.
        unit: after them.
        scale: "linear" or "log".
        others: legend of the other methods.
    """

    size: tuple[float, float] = (7, 4.4)
    factor: float = 100.0
    digits: int = 2
    unit: str = "%"
    scale: str = "linear"
    others: str = "other methods, the paper, 1998"


def bars(
    rows: Mapping[str, float],
    ours: Mapping[str, Sample],
    paper: Mapping[str, float],
    label: str,
    style: BarStyle,
) -> bytes:
    """Horizontal bars, the longest above: other methods grey, LeNet-5 as published black, ours blue, as SVG.

    Args:
        rows: other methods' values by name.
        ours: samples by name.
        paper: LeNet-5's published values by name.
        label, style: of the axis.
    """
    entries = [(name, value, 0.0, QUIET, style.others) for name, value in rows.items()]
    entries += [(name, value, 0.0, INK, "LeNet-5, the paper, 1998") for name, value in paper.items()]
    entries += [(name, sample.mean, sample.spread, BLUE, "LeNet-5, here") for name, sample in ours.items()]
    entries.sort(key=lambda entry: entry[1])
    drawn, axes = figure(size=style.size)
    factor, digits, logarithmic = style.factor, style.digits, style.scale == "log"
    labelled: set[str] = set()
    longest = max(value + spread for _, value, spread, _, _ in entries)
    for place, (_, value, spread, colour, group) in enumerate(entries):
        axes.barh(
            place, factor * value, color=colour, height=0.66, xerr=factor * spread if spread else None,
            error_kw={"ecolor": INK, "capsize": 2.5, "linewidth": 1}, label=None if group in labelled else group,
        )  # fmt: skip
        labelled.add(group)
        end = factor * (value + spread)
        at = end * 1.08 if logarithmic else end + factor * longest * 0.012
        text = f"{factor * value:,.{digits}f}" + (f" ± {factor * spread:.{digits}f}" if spread else "")
        axes.text(at, place, text + style.unit, va="center", fontsize=9, color=INK)
    axes.set_yticks(range(len(entries)), [name for name, *_ in entries])
    axes.grid(visible=False, axis="y")
    axes.set_xscale(style.scale)
    axes.set(xlabel=label)
    axes.set_axisbelow(True)
    above(drawn, axes)
    axes.set_xlim(
        **{"right": factor * longest * 8} if logarithmic else {"left": 0, "right": factor * longest * 1.17}
    )
    return svg(drawn)
