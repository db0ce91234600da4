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
    "WIDTH",
    "DotStyle",
    "above",
    "check",
    "dots",
    "figure",
    "paper_point",
    "svg",
    "with_band",
]

INK = "#222222"  # text, axes and the paper's points; the page draws it light on a dark background (html_page.py)
BLUE, ORANGE, GREEN = "#2b7bba", "#d9601a", "#2a9d6f"  # to be told apart, on either background
QUIET = "#9a9a9a"
WIDTH = 5.0  # inches: 360 points, so that text is to be read where a telephone shows 360 pixels
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lenet5",  # the same figures make the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
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
    "legend.fontsize": 8.5,
}


def check() -> None:
    """Raise MissingExtraError where there is no Matplotlib: before hours of training, not after them."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the report needs Matplotlib: pip install 'lenet5-1998[plots]'") from error


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (WIDTH, 3.2)) -> tuple[Figure, Any]:
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


def above(drawn: Figure, *axes: Axes, columns: int = 2) -> None:
    """One legend above the whole figure, in columns, of what is drawn in its axes."""
    entries = {
        label: handle
        for each in axes
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True)
    }
    drawn.legend(
        entries.values(),
        entries.keys(),
        loc="outside upper left",
        ncols=columns,
        labelcolor=INK,
        frameon=False,
        columnspacing=1.2,
        handlelength=1.4,
    )


def with_band(
    axes: Axes, x: Sequence[float], samples: Sequence[Sample], colour: str, label: str, **style: Any
) -> None:
    """A line of means, in per cent, in a band of one standard deviation; of two seeds, a dot each."""
    mean = 100 * np.array([sample.mean for sample in samples])
    spread = 100 * np.array([sample.spread for sample in samples])
    if not all(sample.has_spread for sample in samples):
        if len(samples[0].values) > 1:
            for values in zip(*(sample.values for sample in samples), strict=True):
                axes.plot(x, 100 * np.array(values), color=colour, linestyle="none", marker=".", markersize=3)
    elif spread.any():
        axes.fill_between(
            x, np.maximum(mean - spread, 0), mean + spread, color=colour, alpha=0.2, linewidth=0
        )
    axes.plot(
        x, mean, color=colour, label=label, **{"linewidth": 1.6, "marker": "o", "markersize": 3.5, **style}
    )


def paper_point(
    axes: Axes, x: float, y: float, label: str | None = None, spread: float = 0.0, marker: str = "D"
) -> None:
    """A published share as an open mark, with what the paper says it may be off by."""
    axes.errorbar(
        [x], [100 * y], yerr=[100 * spread] if spread else None, color=INK, marker=marker, markersize=6,
        markerfacecolor="none", linestyle="none", capsize=3, label=label, zorder=5,
    )  # fmt: skip


@dataclass(frozen=True)
class DotStyle:
    """The axis of a chart of dots.

    Args:
        height: of the figure, inches.
        factor: that values are multiplied by.
        digits: after the decimal point, beside each dot.
        unit: after them.
        others: legend of the other methods.
        ticks: on the axis; its own choice unless given.
    """

    height: float = 4.0
    factor: float = 100.0
    digits: int = 2
    unit: str = "%"
    others: str = "other methods, the paper, 1998"
    ticks: Sequence[float] = ()


def dots(
    rows: Mapping[str, float],
    ours: Mapping[str, Sample],
    paper: Mapping[str, float],
    label: str,
    style: DotStyle,
) -> bytes:
    """A dot for each value on a logarithmic axis, the largest above, as SVG.

    Dots, for a bar's length means nothing on such an axis. Other methods are grey, LeNet-5 as published is a black
    diamond, ours are blue.

    Args:
        rows: other methods' values by name.
        ours: samples by name.
        paper: LeNet-5's published values by name.
        label, style: of the axis.
    """
    entries = [(name, value, 0.0, QUIET, "o", style.others) for name, value in rows.items()]
    entries += [(name, value, 0.0, INK, "D", "LeNet-5, the paper, 1998") for name, value in paper.items()]
    entries += [
        (name, sample.mean, sample.spread if sample.has_spread else 0.0, BLUE, "o", "LeNet-5, here")
        for name, sample in ours.items()
    ]
    entries.sort(key=lambda entry: entry[1])
    drawn, axes = figure(size=(WIDTH, style.height))
    factor, digits = style.factor, style.digits
    labelled: set[str] = set()
    # A logarithmic axis has no 0: such a dot stands at half the least value, with its true one beside it.
    floor = min((entry[1] for entry in entries if entry[1] > 0), default=1 / factor) / 2
    for place, (_, value, spread, colour, marker, group) in enumerate(entries):
        axes.errorbar(
            [factor * max(value, floor)], [place], xerr=[factor * spread] if spread else None,
            color=colour, marker=marker, markersize=6, capsize=2.5, linewidth=1, linestyle="none",
            label=None if group in labelled else group,
        )  # fmt: skip
        labelled.add(group)
        text = f"{factor * value:,.{digits}f}" + (f" ± {factor * spread:.{digits}f}" if spread else "")
        end = factor * (max(value, floor) + spread)
        axes.annotate(
            text + style.unit,
            (end, place),
            (7, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=8.5,
        )
    axes.set_yticks(range(len(entries)), [name for name, *_ in entries])
    axes.set_xscale("log")
    if style.ticks:
        axes.set_xticks(style.ticks, [f"{tick:g}" for tick in style.ticks])
        axes.minorticks_off()
    values = [factor * max(entry[1], floor) for entry in entries]
    span = max(values) / min(values)
    axes.set_xlim(min(values) / span**0.06, max(values) * span**0.35)  # room for the text of the largest
    axes.set(xlabel=label)
    axes.set_axisbelow(True)
    above(drawn, axes, columns=1)
    return svg(drawn)
