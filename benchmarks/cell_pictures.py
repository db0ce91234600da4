"""Pictures of rows of boxes and of grids, drawn from a seed, with digits of MNIST's test patterns in their cells.

    python benchmarks/cell_pictures.py FOLDER        (three pictures of each kind, and labels.csv)

`BOXES` and `GRIDS` name the kinds; `cells.py` reads them. A picture's truth is its rows, each a list of cells: a
digit or a few, "" for an empty cell, "X" for one that is crossed out.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import common
from papers import written

__all__ = ["BOXES", "GRIDS", "Layout", "Rows", "drawn", "picture"]

SEED = 1919
SCALE = 4  # times, at which rules are drawn, so that their rims are grey
Rows = list[list[str]]
Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """What is drawn. Sides, margin and gap are pixels of the picture; shares are 0 … 1.

    rules: "thin", "thick", "grey", "broken", or "newsprint": every third one heavy, the others thin and faint. walls:
    "shared", "apart" or "comb". turn: degrees. perspective: share of the picture's sides by which its corners move at
    most. digits: in a cell, least and most.
    """

    rows: int = 1
    columns: int = 9
    side: float = 60.0
    margin: float = 20.0
    walls: str = "shared"
    gap: float = 0.0
    rules: str = "thin"
    turn: float = 0.0
    perspective: float = 0.0
    empty: float = 0.0
    crossed: float = 0.0
    digits: tuple[int, int] = (1, 1)


BOX = Layout()
GRID = Layout(rows=3, columns=3, side=70.0, margin=30.0)
BOXES = {
    **{f"margin {margin}": replace(BOX, margin=margin) for margin in (0, 3, 6, 10, 20)},
    **{f"turned {turn}°": replace(BOX, margin=6, turn=turn) for turn in (1, 2, 3, 5)},
    "apart": replace(BOX, columns=6, walls="apart", gap=12),
    "apart, turned 3°": replace(BOX, columns=6, walls="apart", gap=12, turn=3, margin=6),
    "two that share a wall": replace(BOX, columns=2),
    "some empty": replace(BOX, empty=0.3),
    "some empty, turned 3°": replace(BOX, empty=0.3, turn=3),
    "comb": replace(BOX, walls="comb"),
    "comb, turned 2°": replace(BOX, walls="comb", turn=2),
    "crossed out": replace(BOX, columns=3, side=40, walls="apart", gap=8, crossed=0.34),
    "small": replace(BOX, side=26, margin=4),
    **{f"{rules} rules": replace(BOX, rules=rules, margin=10) for rules in ("grey", "thick", "broken")},
}
GRIDS = {
    "straight": GRID,
    **{f"turned {turn}°": replace(GRID, turn=turn) for turn in (2, 4, 6)},
    **{f"perspective {share} %": replace(GRID, perspective=share / 100) for share in (3, 8, 10)},
    "some empty": replace(GRID, rows=4, columns=5, empty=0.3, turn=1),
    "margin 0": replace(GRID, rows=4, columns=3, margin=0),
    "numbers": replace(GRID, rows=5, columns=3, side=80, digits=(1, 3), empty=0.1),
    "numbers, perspective 3 %": replace(GRID, rows=5, columns=3, side=80, digits=(1, 3), perspective=0.03),
    "sudoku": replace(GRID, rows=9, columns=9, side=40, empty=0.4, perspective=0.03),
    **{
        f"{rules} rules": replace(GRID, rows=4, columns=4, rules=rules, turn=1)
        for rules in ("grey", "thick", "broken")
    },
    "newsprint": replace(GRID, rows=9, columns=9, side=28, rules="newsprint", margin=4, perspective=0.02),
}


def picture(kind: str, number: int) -> tuple[NDArray[np.uint8], Rows]:
    """Picture `number` of a kind, "boxes: …" or "grid: …", (rows, columns, 3), and its truth; the same each time."""
    family, name = kind.split(": ")
    layouts = BOXES if family == "boxes" else GRIDS
    place = list(layouts).index(name)
    rng = np.random.Generator(np.random.PCG64([SEED, family == "grid", place, number]))
    return drawn(rng, layouts[name])


def drawn(rng: np.random.Generator, layout: Layout) -> tuple[NDArray[np.uint8], Rows]:
    """A layout with digits in its cells, on paper with a little noise."""
    step = layout.side + layout.gap
    wide = 2 * layout.margin + layout.columns * step - layout.gap
    high = 2 * layout.margin + layout.rows * step - layout.gap
    lefts = [layout.margin + step * column for column in range(layout.columns)]
    tops = [layout.margin + step * row for row in range(layout.rows)]
    ink = np.zeros((round(high), round(wide)))
    truth: Rows = []
    for top in tops:
        truth.append([])
        for left in lefts:
            text, cell = _cell(rng, layout)
            truth[-1].append(text)
            if text:
                _put(rng, ink, cell, (left, top), layout.side)
    rules = _rules(rng, layout, (lefts, tops), ink.shape)
    pen, paper = rng.uniform(0, 0.3), rng.uniform(0.85, 1)
    printed = {"grey": rng.uniform(0.55, 0.75)}.get(layout.rules, rng.uniform(0.1, 0.5))
    level = paper * (1 - rules * (1 - printed))
    level *= 1 - ink * (1 - pen)
    level = _askew(rng, level, paper, layout)
    level += rng.normal(0, rng.uniform(0.004, 0.015), level.shape)
    grey = np.clip(np.rint(255 * level), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, 2), truth


def _cell(rng: np.random.Generator, layout: Layout) -> tuple[str, NDArray[np.float64]]:
    """What stands in a cell, and its ink."""
    chance = rng.random()
    if chance < layout.empty:
        return "", np.zeros((1, 1))
    if chance < layout.empty + layout.crossed:
        side = round(SCALE * layout.side * rng.uniform(0.6, 0.8))
        cross = Image.new("L", (side, side))
        pen, thick = ImageDraw.Draw(cross), max(SCALE, round(0.07 * side))
        a, b, c, d = (float(rng.uniform(0, 0.12)) * side for _ in range(4))
        pen.line([(a, b), (side - b, side - a)], 255, thick)
        pen.line([(side - c, d), (d, side - c)], 255, thick)
        small = cross.resize((side // SCALE, side // SCALE), Image.Resampling.BOX)
        return "X", np.asarray(small, float) / 255
    count = int(rng.integers(layout.digits[0], layout.digits[1] + 1))
    share = rng.uniform(0.5, 0.7) if count == 1 else rng.uniform(0.32, 0.42)
    level, text = written(rng, count, share * layout.side)
    if level.shape[1] > 0.8 * layout.side:
        scale = 0.8 * layout.side / level.shape[1]
        size = round(level.shape[1] * scale), max(1, round(level.shape[0] * scale))
        level = np.asarray(Image.fromarray(np.uint8(255 * level)).resize(size), float) / 255
    return text, level


def _put(
    rng: np.random.Generator, ink: NDArray[np.float64], cell: NDArray[np.float64], corner: Point, side: float
) -> None:
    """Write into a cell, not quite in its middle."""
    room = [side - extent for extent in cell.shape[::-1]]
    left, top = (round(at + free * rng.uniform(0.35, 0.65)) for at, free in zip(corner, room, strict=True))
    left, top = max(left, 0), max(top, 0)
    here = ink[top : top + cell.shape[0], left : left + cell.shape[1]]
    np.maximum(here, cell[: here.shape[0], : here.shape[1]], out=here)


def _rules(
    rng: np.random.Generator, layout: Layout, cells: tuple[list[float], list[float]], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """The printed rules, 0 … 1."""
    rows, columns = shape
    image = Image.new("L", (columns * SCALE, rows * SCALE))
    pen = ImageDraw.Draw(image)
    thick = {"thick": 0.08, "thin": 0.025}.get(layout.rules, 0.035) * layout.side
    usual = max(SCALE, round(SCALE * thick))
    faint = round(255 * rng.uniform(0.25, 0.45)) if layout.rules == "newsprint" else 255
    lefts, tops = cells
    side = layout.side

    def rule(start: Point, end: Point) -> None:
        parts, level, width = [(0.0, 1.0)], 255, usual
        if layout.rules == "newsprint":
            heavy = any(
                start[axis] == end[axis] and round((start[axis] - layout.margin) / side) % 3 == 0
                for axis in (0, 1)
            )
            level, width = (255, round(1.6 * SCALE)) if heavy else (faint, round(0.8 * SCALE))
        if layout.rules == "broken":
            edges = np.sort(rng.uniform(0.1, 0.9, 2))
            middle, half = edges.mean(), 0.04
            parts = [(0.0, middle - half), (middle + half, 1.0)]
        for first, last in parts:
            points = [
                tuple(SCALE * (a + (b - a) * part) for a, b in zip(start, end, strict=True))
                for part in (first, last)
            ]
            pen.line(points, level, width)

    rules = set()  # a wall in common is one rule
    for top in tops:
        for left in lefts:
            right, bottom = left + side, top + side
            ticked = top + 0.7 * side if layout.walls == "comb" else top
            rules |= {((left, ticked), (left, bottom)), ((right, ticked), (right, bottom))}
            rules.add(((left, bottom), (right, bottom)))
            if layout.walls != "comb":
                rules.add(((left, top), (right, top)))
    for ends in sorted(rules):
        rule(*ends)
    small = image.resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(small, float) / 255


def _askew(
    rng: np.random.Generator, level: NDArray[np.float64], paper: float, layout: Layout
) -> NDArray[np.float64]:
    """Turned to either side, or seen in perspective; the picture grows so that nothing is cut off."""
    if not layout.turn and not layout.perspective:
        return level
    image = Image.fromarray(level.astype(np.float32))
    if layout.turn:
        turn = layout.turn * (1 if rng.random() < 0.5 else -1)
        image = image.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
    if layout.perspective:
        wide, high = image.size
        room = round(layout.perspective * max(wide, high))
        grown = Image.new("F", (wide + 2 * room, high + 2 * room), paper)
        grown.paste(image, (room, room))
        corners = [(0, 0), (0, grown.height), (grown.width, grown.height), (grown.width, 0)]
        moved = [
            side + float(rng.uniform(-1, 1)) * layout.perspective * extent
            for x, y in corners
            for side, extent in ((x, wide), (y, high))
        ]
        image = grown.transform(
            grown.size, Image.Transform.QUAD, moved, Image.Resampling.BICUBIC, fillcolor=paper
        )
    return np.asarray(image, float)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("--count", type=int, default=3, help="pictures of each kind")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with (chosen.folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "label", "mode"))
        for family, layouts in (("boxes", BOXES), ("grid", GRIDS)):
            for name in layouts:
                for number in range(chosen.count):
                    image, truth = picture(f"{family}: {name}", number)
                    path = f"{family}-{name.replace(' ', '_').replace(',', '')}-{number}.png"
                    Image.fromarray(image).save(chosen.folder / path)
                    between = "" if family == "boxes" else "|"
                    table.writerow((path, "\n".join(between.join(row) for row in truth), family))


if __name__ == "__main__":
    common.main(main)
