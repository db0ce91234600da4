"""Fig. 2 made of one character: every layer's maps, F6 and the codes as a still SVG, for slides and paper."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from ..network.architecture import BACKGROUND, BITMAP, FOREGROUND
from ..network.reference import AMPLITUDE

__all__ = ["network_figure"]

WIDTH, HEIGHT = 1560, 560  # of the figure, in its own units
TOP, BOTTOM = 60, 520  # between which the maps stand
ACCENT = "#b8400b"

# Layer -> left edge, maps side by side, side of a map and gap between maps, and what is written below it.
COLUMNS: dict[str, tuple[int, int, float, float, str]] = {
    "input": (20, 1, 170, 0, "input 32×32"),
    "c1": (225, 2, 100, 8, "C1 6@28×28"),
    "s2": (470, 2, 64, 8, "S2 6@14×14"),
    "c3": (640, 4, 50, 6, "C3 16@10×10"),
    "s4": (895, 4, 30, 6, "S4 16@5×5"),
    "c5": (1070, 6, 15, 3, "C5 120"),
}
F6 = (1215, 15)  # left edge, and side of a unit
SHOWN = 10  # codes, those of least penalty
CODES = (1370, 6, 8)  # left edge, side of a code's pixel, and gap between codes


def network_figure(
    states: Mapping[str, NDArray[Any]],
    codes: NDArray[np.float32],
    penalties: Sequence[float],
    classes: Sequence[str],
    *,
    off: Mapping[str, Iterable[int]] | None = None,
    captions: tuple[str, str] = ("LeNet-5", ""),
) -> str:
    """The whole network on one character, as SVG.

    Args:
        states: "input", "c1" … "f6": (maps, rows, columns).
        codes: (classes, 84) of ±1.
        penalties: (classes,), eq. 7.
        classes: their names; the codes of the ten nearest are drawn.
        off: maps, from 0, that are switched off, by layer: they are crossed out.
        captions: what stands above, left and right.

    Returns:
        SVG that needs no other file.
    """
    best = int(np.argmin(penalties))
    title, note = captions
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="Georgia, serif" font-size="17"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="20" y="34" font-size="22">{escape(title)}, penalty {penalties[best]:.1f}</text>',
        f'<text x="{WIDTH - 20}" y="34" text-anchor="end" fill="#555555">{escape(note)}</text>',
    ]
    for layer, (left, across, side, gap, caption) in COLUMNS.items():
        range_ = (BACKGROUND, FOREGROUND) if layer == "input" else (-AMPLITUDE, AMPLITUDE)
        maps = states[layer]
        rows = -(-len(maps) // across)
        top = (TOP + BOTTOM - rows * (side + gap)) / 2
        for m, one in enumerate(maps):
            x, y = left + m % across * (side + gap), top + m // across * (side + gap)
            parts.append(_image(one, x, y, side, side, *range_))
            if m in set((off or {}).get(layer, ())):
                parts.append(f'<path d="M{x} {y}l{side} {side}" stroke="{ACCENT}" stroke-width="3"/>')
        middle = left + across * (side + gap) / 2
        parts.append(f'<text x="{middle:g}" y="{BOTTOM + 24}" text-anchor="middle">{caption}</text>')
    return "\n".join([*parts, *_output(states["f6"], codes, penalties, classes, best), "</svg>"])


def _output(
    f6: NDArray[Any],
    codes: NDArray[np.float32],
    penalties: Sequence[float],
    classes: Sequence[str],
    best: int,
) -> list[str]:
    """F6 as the bitmap that it is, and the codes with their penalties."""
    rows, columns = BITMAP
    left, side = F6
    top = (TOP + BOTTOM - rows * side) / 2
    parts = [
        _image(f6.reshape(BITMAP), left, top, columns * side, rows * side, -AMPLITUDE, AMPLITUDE),
        f'<text x="{left + columns * side / 2}" y="{BOTTOM + 24}" text-anchor="middle">F6 84</text>',
    ]
    left, side, gap = CODES
    nearest = np.sort(np.argsort(penalties, kind="stable")[:SHOWN])
    step = (columns * side + 50, rows * side + gap)
    top = (TOP + BOTTOM - -(-len(nearest) // 2) * step[1]) / 2
    for place, k in enumerate(nearest.tolist()):
        x, y = left + place % 2 * step[0], top + place // 2 * step[1]
        parts.append(
            _image(codes[k].reshape(BITMAP), x, y, columns * side, rows * side, -AMPLITUDE, AMPLITUDE)
        )
        colour, weight = (ACCENT, "bold") if k == best else ("#333333", "normal")
        parts.append(
            f'<text x="{x + columns * side + 5}" y="{y + rows * side / 2 + 5:g}" font-size="13" fill="{colour}" '
            f'font-weight="{weight}">{penalties[k]:.1f}</text>'
        )
    parts.append(f'<text x="{left + step[0] - 4}" y="{BOTTOM + 24}" text-anchor="middle">penalties</text>')
    return parts


def _image(
    values: NDArray[Any], x: float, y: float, width: float, height: float, least: float, most: float
) -> str:
    """Values (rows, columns) as pixels, the largest black."""
    from PIL import Image

    grey = np.rint(255 * (1 - np.clip((values - least) / (most - least), 0, 1))).astype(np.uint8)
    times = max(1, 160 // max(grey.shape))  # large pixels: programs that show slides smooth small ones
    file = io.BytesIO()
    Image.fromarray(grey.repeat(times, 0).repeat(times, 1)).save(file, "png", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="none" stroke="#bbbbbb"/>'
    )
