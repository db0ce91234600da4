"""What is cut out of forms and tables: digits of MNIST beside printed rules, in rows of boxes, in grids; and others.

A table's cell shows the rules at its rim; each kind is one way in which they lie. Rows of boxes and grids are those
of `cell_pictures.py`, drawn from another seed than its own; the others are faint numbers, digits written over, in
parts, and in straight strokes. A picture is the same each time it is drawn. It prints how many are read right,
refused (`?`, or nothing read) and wrong, and how many of the wrong ones are sure: of pictures, and of rows of boxes
and grids cell by cell. Needs MNIST (LENET5_DATA or the cache).
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

import cell_pictures
import common
from lenet5.data.mnist import load_mnist
from lenet5.errors import PictureError
from lenet5.parallel import parallel_map
from lenet5.reading.reader import Reader

SEED = 1998
SURE = 0.95  # confidence from which on a wrong answer is sure
CELL = (84, 130)  # rows, columns
HIGH = 52  # pixels of a digit
UNREAD = "??"  # stands for the answer where nothing is read, or other cells than those that are printed
FIGURES = ("right", "refused", "wrong", "sure")

Rng = np.random.Generator
Image3 = NDArray[np.float64]  # (rows, columns, 3) in 0 … 1


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture, (rows, columns, 3) in 0 … 1; what it says, lines parted by |; and what it is read as.

    cells: what each cell says, row by row, where the picture is read cell by cell; "X" is one crossed out.
    """

    image: Image3
    label: str
    mode: str = "auto"
    cells: cell_pictures.Rows | None = None


Generator = Callable[[Rng], Drawn]


# --- writing ----------------------------------------------------------------------------------------------


@cache
def _mnist() -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    return load_mnist("test")


def digit(rng: Rng, high: int, label: int | None = None) -> tuple[NDArray[np.float64], str]:
    """A digit so many pixels high, cut close, (rows, columns) in 0 … 1, and what it says."""
    images, labels = _mnist()
    among = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    chosen = int(rng.choice(among))
    image = images[chosen]
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = max(1, round(image.shape[1] * high / len(image))), high
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC), float) / 255, str(
        labels[chosen]
    )


def paper(rng: Rng, rows: int, columns: int) -> Image3:
    """Blank paper, (rows, columns, 3)."""
    return np.full((rows, columns, 3), rng.uniform(0.85, 1))


def put(image: Image3, level: NDArray[np.float64], left: int, top: int, pen: float) -> None:
    """Draw ink on an image, in place. pen: the share of the light that full ink leaves."""
    part = image[top : top + len(level), left : left + level.shape[1]]
    part *= 1 - level[: len(part), : part.shape[1], None] * (1 - pen)


def noisy(rng: Rng, image: Image3) -> Image3:
    """With a little noise, as of a camera."""
    return np.clip(image + rng.normal(0, 0.015, image.shape[:2])[:, :, None], 0, 1)


# --- kind 1: a printed rule at the rim of a cell ------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """The rules at a cell's rim. sides: of "l", "r", "t", "b". thick: pixels. inset: pixels of paper outside a rule."""

    sides: str = ""
    thick: tuple[int, int] = (2, 5)
    colour: tuple[float, float, float] = (0.15, 0.15, 0.15)
    inset: int = 0
    broken: bool = False
    turned: float = 0.0  # degrees, at most
    touching: bool = False  # form dashes that touch the first digit
    count: int = 2  # digits
    first: int | None = None  # what the first digit is
    near: bool = False  # the first digit stands near the rim
    mode: str = "auto"


def ruled_cell(rules: Rules, rng: Rng) -> Drawn:
    """A cell with digits in its middle and rules at its rim."""
    pen = rng.uniform(0, 0.3)
    tiles = [digit(rng, HIGH, rules.first if number == 0 else None) for number in range(rules.count)]
    gap = int(rng.integers(4, 12))
    wide = sum(level.shape[1] for level, _ in tiles) + gap * (len(tiles) - 1)
    rows, columns = CELL[0], max(CELL[1], wide + 30)
    image = paper(rng, rows, columns)
    left = int(rng.integers(5, 9)) if rules.near else max(9, (columns - wide) // 2 + int(rng.integers(-5, 6)))
    start = left
    for level, _ in tiles:
        put(image, level, left, (rows - HIGH) // 2 + int(rng.integers(-4, 5)), pen)
        left += level.shape[1] + gap
    if rules.touching:
        y = rows // 2 + int(rng.integers(-3, 4))
        image[y : y + 3, : start + 3] = np.minimum(image[y : y + 3, : start + 3], rules.colour)
    return Drawn(noisy(rng, _with_rules(image, rules, rng)), "".join(text for _, text in tiles), rules.mode)


def _with_rules(image: Image3, rules: Rules, rng: Rng) -> Image3:
    rows, columns = image.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(float)
    for side in rules.sides:
        thick = int(rng.integers(rules.thick[0], rules.thick[1] + 1))
        along, across, length = (y, x, columns) if side in "lr" else (x, y, rows)
        slope = np.tan(np.radians(rng.uniform(-rules.turned, rules.turned)))
        depth = across if side in "lt" else length - 1 - across
        at = depth - rules.inset - slope * (along - along.max() / 2)
        level = np.clip(at + 1, 0, 1) * np.clip(thick - at, 0, 1)
        if rules.broken:
            step, phase = rng.uniform(9, 20), rng.uniform(0, 20)
            level = level * ((along + phase) % step < 0.7 * step)
        image = image * (1 - level[:, :, None]) + level[:, :, None] * np.asarray(rules.colour)
    return image


GREY, RED = (0.6, 0.6, 0.6), (0.85, 0.35, 0.35)
RIMS = {
    "no rule": Rules(),
    "left 5 px": Rules("l", (5, 5)),
    "right 3 px": Rules("r", (3, 3)),
    "left and bottom": Rules("lb", (3, 3)),
    "left 2 px grey": Rules("l", (2, 2), GREY),
    "two walls": Rules("lr"),
    "corner": Rules("tr"),
    "three sides": Rules("lbr"),
    "frame": Rules("ltrb"),
    "thick": Rules("lt", (7, 9)),
    "broken": Rules("l", broken=True),
    "turned": Rules("lb", turned=2.0),
    "inset": Rules("r", inset=3),
    "red margin": Rules("l", (2, 4), RED, inset=1),
    "dash touches": Rules("l", touching=True),
    "one, string": Rules("l", count=1, mode="string"),
    "one, character": Rules("lb", count=1, mode="character"),
    "one, auto": Rules("rb", count=1),
    "a 1 near the rim": Rules(first=1, near=True),
    "a 1 near a rule": Rules("r", first=1, near=True),
    "three digits": Rules("lr", count=3),
}

# --- kinds 2 and 3: rows of boxes, and grids ----------------------------------------------------------------


def celled(layout: cell_pictures.Layout, rng: Rng) -> Drawn:
    """A row of boxes or a grid with digits in its cells."""
    image, rows = cell_pictures.drawn(rng, layout)
    return Drawn(image / 255, "|".join("".join(row) for row in rows), cells=rows)


# --- kind 7: faint, written over, broken, and in straight strokes ------------------------------------------


def faint(rng: Rng, contrast: tuple[float, float], grain: tuple[float, float]) -> Drawn:
    """Three digits in ink that is hardly darker than the paper, under noise. contrast, grain: shares of the range."""
    tiles = [digit(rng, HIGH) for _ in range(3)]
    gap = int(rng.integers(4, 12))
    wide = sum(level.shape[1] for level, _ in tiles) + 2 * gap
    image, left = paper(rng, 2 * HIGH, wide + 60), 30
    pen = 1 - rng.uniform(*contrast)
    for level, _ in tiles:
        put(image, level, left, HIGH // 2 + int(rng.integers(-4, 5)), pen)
        left += level.shape[1] + gap
    grey = rng.normal(0, rng.uniform(*grain), image.shape[:2])[:, :, None]
    return Drawn(np.clip(image + grey, 0, 1), "".join(text for _, text in tiles))


def overwritten(rng: Rng) -> Drawn:
    """A digit written over another with the same pen, pressed harder; the last one counts."""
    image, pen = paper(rng, 84, 110), rng.uniform(0, 0.3)
    light, first = image.max(), ""
    while True:
        level, text = digit(rng, HIGH)
        if text == first:
            continue
        top, left = 16 + int(rng.integers(-4, 5)), (110 - level.shape[1]) // 2 + int(rng.integers(-4, 5))
        part = image[top : top + HIGH, max(left, 1) : left + level.shape[1]]
        ink = light * (1 - level[:, : part.shape[1], None] * (1 - pen))
        np.minimum(part, ink, out=part)
        if first:
            return Drawn(noisy(rng, image), text, "character")
        first, pen = text, pen * rng.uniform(0.6, 1)


def apart(rng: Rng) -> Drawn:
    """A digit whose stroke was cut by a gap of a twelfth to a sixth of its height."""
    field, side = (106, 106), 78
    y, x = np.mgrid[:side, :side]
    while True:
        images, labels = _mnist()
        chosen = int(rng.integers(len(labels)))
        glyph = Image.fromarray(images[chosen][1:27, 1:27]).resize((side, side), Image.Resampling.BICUBIC)
        level = np.asarray(glyph, float) / 255
        inked = np.argwhere(level > 0.5)
        row, column = inked[int(rng.integers(len(inked)))]
        turn, gap = rng.uniform(0, np.pi), rng.uniform(5, 10)
        from_cut = np.abs((y - row) * np.cos(turn) + (x - column) * np.sin(turn))
        near = np.hypot(y - row, x - column) < 15
        level = np.where(near, level * np.clip(from_cut - gap / 2 + 0.5, 0, 1), level)
        parts, count = ndimage.label(level > 0.4, np.ones((3, 3)))
        if count == 2 and np.bincount(parts.ravel())[1:].min() >= 100:
            image = paper(rng, *field)
            put(image, level, 14, 14, rng.uniform(0, 0.3))
            return Drawn(noisy(rng, image), str(labels[chosen]), "character")


def pieces(rng: Rng) -> Drawn:
    """Two digits and, before, between or behind them, a 1 in three to six pieces."""
    tiles = [digit(rng, HIGH) for _ in range(2)]
    image = paper(rng, 2 * HIGH, sum(level.shape[1] for level, _ in tiles) + 120)
    pen, place = rng.uniform(0, 0.3), int(rng.integers(3))
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    left, text = 26, ""
    for number in range(3):
        if number != place:
            level, one = tiles.pop(0)
            put(image, level, left, HIGH // 2 + int(rng.integers(-2, 3)), pen)
            left, text = left + level.shape[1] + 12, text + one
            continue
        count, lean = int(rng.integers(3, 7)), rng.uniform(-0.2, 0.3)
        step, half = HIGH / count, rng.uniform(1.5, 3)
        for top in HIGH / 2 + step * np.arange(count):
            middle = left + 6 - lean * (top - HIGH)
            piece = (y >= top) & (y < top + step * rng.uniform(0.4, 0.7)) & (np.abs(x - middle) < half)
            image[piece] *= pen
        left, text = left + 24, text + "1"
    return Drawn(noisy(rng, image), text)


# The strokes of square digits between the six points of a display, 0 1 / 2 3 / 4 5.
SQUARE = {
    "0": (0, 1, 5, 4, 0), "2": (0, 1, 3, 2, 4, 5), "3": (0, 1, 3, 2, 3, 5, 4), "4": (0, 2, 3, 1, 5),
    "5": (1, 0, 2, 3, 5, 4), "6": (1, 0, 4, 5, 3, 2), "8": (0, 1, 5, 4, 0, 2, 3), "9": (3, 2, 0, 1, 5, 4),
}  # fmt: skip


def square(rng: Rng, count: int) -> Drawn:
    """Digits in straight strokes, as a hand draws them: no two corners of a digit quite where they should be."""
    text = "".join(rng.choice([*SQUARE], count))
    wide, high, gap = int(rng.integers(28, 40)), int(rng.integers(56, 72)), int(rng.integers(14, 30))
    canvas = Image.new("L", (count * (wide + gap) + 50, high + 60))
    draw = ImageDraw.Draw(canvas)
    for number, one in enumerate(text):
        left, top = 32 + number * (wide + gap), 30 + int(rng.integers(-6, 7))
        points = [
            (
                left + wide * (n % 2) + int(rng.integers(-2, 3)),
                top + high * (n // 2) / 2 + int(rng.integers(-2, 3)),
            )
            for n in range(6)
        ]
        draw.line([points[n] for n in SQUARE[one]], 255, int(rng.integers(4, 7)), joint="curve")
    image = paper(rng, canvas.height, canvas.width)
    put(image, np.asarray(canvas, float) / 255, 0, 0, rng.uniform(0, 0.3))
    return Drawn(noisy(rng, image), text, "character" if count == 1 else "auto")


OTHERS: dict[str, Generator] = {
    "faint": partial(faint, contrast=(0.05, 0.15), grain=(0.01, 0.03)),
    "written over": overwritten,
    "in two parts": apart,
    "beside a 1 in pieces": pieces,
    "in straight strokes": partial(square, count=1),
    "in straight strokes, three": partial(square, count=3),
}

# --- the kinds --------------------------------------------------------------------------------------------

GROUPS: dict[str, dict[str, Generator]] = {
    "rims": {name: partial(ruled_cell, rules) for name, rules in RIMS.items()},
    "boxes": {name: partial(celled, layout) for name, layout in cell_pictures.BOXES.items()},
    "grids": {name: partial(celled, layout) for name, layout in cell_pictures.GRIDS.items()},
    "others": OTHERS,
}


def picture(group: str, kind: str, number: int, seed: int = SEED) -> Drawn:
    """Picture `number` of a kind, the same each time."""
    place = [ord(letter) for letter in f"{group}/{kind}"]
    return GROUPS[group][kind](np.random.Generator(np.random.PCG64([seed, number, *place])))


# --- measuring --------------------------------------------------------------------------------------------


Answer = tuple[str, str, float]  # what it says, what is shown of it, the confidence


def answers(reader: Reader, item: tuple[str, str, int, int]) -> list[Answer]:
    """The answer of a picture (group, kind, number, seed), or those of its cells."""
    drawn = picture(*item)
    says = [cell.replace("X", "?") for row in drawn.cells for cell in row] if drawn.cells else [drawn.label]
    try:
        result = reader.read(np.uint8(np.rint(drawn.image * 255)), best=1, mode=drawn.mode)
    except PictureError:
        return [(one, UNREAD, 0.0) for one in says]
    if not drawn.cells:
        return [(drawn.label, result.text.replace("\n", "|"), result.confidence)]
    rows = result.table.rows if result.table else ()
    if [*map(len, rows)] == [*map(len, drawn.cells)]:
        shown = [(cell.text, cell.confidence) for row in rows for cell in row]
    else:
        shown = [(UNREAD if "?" in result.text else result.text, result.confidence)] * len(says)
    return [(one, *answer) for one, answer in zip(says, shown, strict=True)]


def figures(read: list[Answer]) -> dict[str, int]:
    """How many are right, refused, wrong, and wrong with a confidence of SURE."""
    missed = [one for one in read if one[0] != one[1]]
    refused = [shown == UNREAD or ("?" in shown and "?" not in says) for says, shown, _ in missed]
    wrong = [confidence for (_, _, confidence), no in zip(missed, refused, strict=True) if not no]
    return {
        "answers": len(read),
        "right": len(read) - len(missed),
        "refused": sum(refused),
        "wrong": len(wrong),
        "sure": sum(confidence >= SURE for confidence in wrong),
    }


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--count", type=int, default=40, help="pictures of each kind")
    arguments.add_argument("--seed", type=int, default=SEED, help="another one to choose settings on")
    arguments.add_argument("--groups", nargs="+", choices=[*GROUPS], help="only these [default: all]")
    arguments.add_argument("--kinds", nargs="+", help="only these [default: all]")
    arguments.add_argument("--workers", type=int, help="processes")
    arguments.add_argument("--mistakes", action="store_true", help="print what is not read right")
    arguments.add_argument(
        "--draw", type=Path, help="only draw the first picture of each kind into this folder"
    )
    options = arguments.parse_args()
    if options.write and (options.groups or options.kinds):
        arguments.error("--write: the committed results are those of every kind")
    chosen = [
        (group, kind)
        for group in options.groups or GROUPS
        for kind in GROUPS[group]
        if not options.kinds or kind in options.kinds
    ]
    if options.draw:
        options.draw.mkdir(parents=True, exist_ok=True)
        for group, kind in chosen:
            image = Image.fromarray(np.uint8(np.rint(picture(group, kind, 0, options.seed).image * 255)))
            image.save(options.draw / f"{group}-{kind}.png".replace(" ", "_"))
        return
    reader = Reader(options.weights)
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for group, kind in chosen:
        items = [(group, kind, number, options.seed) for number in range(options.count)]
        found = parallel_map(partial(answers, reader), items, options.workers)
        read = list(common.progress(found, f"{group}, {kind}", options.count))
        rows.setdefault(group, {})[kind] = figures([one for several in read for one in several])
        if options.mistakes:
            for number, several in enumerate(read):
                for says, shown, confidence in several:
                    if says != shown:
                        print(f"{group}, {kind}, {number}: {says!r} -> {shown!r}  {confidence:.2f}")
    print(_table(rows))
    report = {"weights": Path(options.weights).stem, "seed": options.seed, "sure": SURE, "groups": rows}
    common.write_result(options, "cells.json", report | {"python": platform.python_version()})


def _table(rows: dict[str, dict[str, dict[str, int]]]) -> str:
    cells: list[tuple[object, ...]] = []
    for group, kinds in rows.items():
        cells += [(f"{group}: {kind}", *(row[name] for name in FIGURES)) for kind, row in kinds.items()]
        total = [sum(row[name] for row in kinds.values()) for name in ("answers", *FIGURES)]
        cells.append((f"{group}, of {total[0]}", *(f"{part / total[0]:.1%}" for part in total[1:])))
    return common.table(("kind", *FIGURES), cells)


if __name__ == "__main__":
    common.main(main)
