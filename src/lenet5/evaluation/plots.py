"""Figures of an evaluation: the mistakes (Fig. 8), and the reliability of the confidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import atomic
from ..errors import InputError, MissingExtraError
from .classification import Evaluation

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["mistakes_picture", "reliability_plot"]

SUFFIXES = (".png", ".svg")
FEW = 50  # answers of a bin; a share of fewer is off by ± 7 points by chance alone
NOTE = (
    f"Hollow: fewer than {FEW} answers, whose share chance moves. Above the line answers are right more\n"
    "often than they claim: calibration counts non-characters, and a set without them has none of\n"
    "the images that low confidences are for."
)
GOLDEN = 1.6  # columns for a row, unless given


def mistakes_picture(evaluation: Evaluation, columns: int | None = None, zoom: int = 2) -> Image:
    """The patterns answered wrongly, truth->answer under each (Fig. 8); foreground black on white.

    Args:
        evaluation: of a network on a data set.
        columns: about the golden section, unless given.
        zoom: screen pixels a pixel.

    Raises:
        InputError: there are no mistakes.
    """
    from PIL import Image, ImageDraw, ImageFont  # start-up time

    mistakes = evaluation.mistakes.tolist()
    if not mistakes:
        raise InputError(f"there are no mistakes on {evaluation.name} to show")
    columns = columns or max(1, round((GOLDEN * len(mistakes)) ** 0.5))
    captions = [
        f"{evaluation.classes[evaluation.labels[p]]}->{evaluation.classes[evaluation.answers[p]]}"
        for p in mistakes
    ]
    font = ImageFont.load_default(size=6 * zoom)
    side = evaluation.images.shape[1] * zoom
    gap, text = 2 * zoom, 8 * zoom
    width = max(side, *(int(font.getlength(caption)) + 1 for caption in captions)) + gap
    height = side + text + gap
    rows = -(-len(mistakes) // columns)
    sheet = Image.new("L", (min(columns, len(mistakes)) * width + gap, rows * height + gap), 255)
    draw = ImageDraw.Draw(sheet)
    for place, (p, caption) in enumerate(zip(mistakes, captions, strict=True)):
        x, y = gap + place % columns * width, gap + place // columns * height
        glyph = Image.fromarray(np.asarray(255 - evaluation.images[p]))
        enlarged = glyph.resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(enlarged, (x + (width - gap - side) // 2, y))
        draw.text((x + (width - gap) / 2, y + side), caption, fill=0, font=font, anchor="ma")
    return sheet


def reliability_plot(evaluation: Evaluation, path: str | os.PathLike[str]) -> None:
    """Plot the share of right answers over their confidence, before and after calibration, and their number.

    Args:
        evaluation: of a network on a data set.
        path: the file to write, .png or .svg.

    Raises:
        InputError: another kind of file.
        MissingExtraError: Matplotlib is not installed.
        SaveError: the file cannot be written.
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
    curves = [(evaluation.trained, "as trained", "C1", "s")]
    if evaluation.calibrated.patterns:
        curves.append((evaluation.calibrated, "calibrated", "C0", "o"))
    for constants, label, color, marker in curves:
        bins, calibration_error = evaluation.reliability(constants)
        style: dict[str, Any] = {"color": color, "marker": marker, "markersize": 4, "linewidth": 1}
        confidence = [entry.confidence for entry in bins]
        right = [entry.right for entry in bins]
        upper.plot(confidence, right, label=f"{label}: error {calibration_error:.2%}", **style)
        few = [(x, y) for x, y, entry in zip(confidence, right, bins, strict=True) if entry.patterns < FEW]
        if few:
            upper.plot(
                *zip(*few, strict=True),
                linestyle="none",
                **style | {"color": "white", "markeredgecolor": color},
            )
        lower.plot(confidence, [entry.patterns for entry in bins], **style)
    upper.set(ylabel="share of right answers", ylim=(-0.02, 1.02), xlim=(0, 1.02), title=evaluation.name)
    upper.legend(loc="lower right", frameon=False)
    lower.set(xlabel="confidence", ylabel="answers", yscale="log")
    figure.text(0.02, -0.005, NOTE, fontsize=7.5, va="top")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    kind = path.suffix.lower()[1:]
    # No date: the same figures make the same file.
    metadata = {"Date": None} if kind == "svg" else None
    with atomic.replacing(path) as stream:
        figure.savefig(stream, format=kind, dpi=150, metadata=metadata, bbox_inches="tight")
