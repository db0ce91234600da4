"""What is cut out of forms and tables: digits of MNIST beside printed rules, in rows of boxes, and in grids.

A table's cell shows the rules at its rim; each kind is one way in which they lie. A picture is the same each time it
is drawn. It prints how many are read right, refused (`?`, or nothing read) and wrong, and how many of the wrong ones
are sure. Needs MNIST (LENET5_DATA or the cache).
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import common
from lenet5.data.mnist import load_mnist
from lenet5.errors import PictureError
from lenet5.parallel import parallel_map
from lenet5.reading.reader import Reader

SEED = 1998
SURE = 0.95  # confidence from which on a wrong answer is sure
CELL = (84, 130)  # rows, columns
HIGH = 52  # pixels of a digit
FIGURES = ("right", "refused", "wrong", "sure")

Rng = np.random.Generator
Image3 = NDArray[np.float64]  # (rows, columns, 3) in 0 … 1


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture, (rows, columns, 3) in 0 … 1; what it says, lines parted by |; and what it is read as."""

    image: Image3
    label: str
    mode: str = "auto"


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

# --- the kinds --------------------------------------------------------------------------------------------

Generator = Callable[[Rng], Drawn]
GROUPS: dict[str, dict[str, Generator]] = {
    "rims": {name: partial(ruled_cell, rules) for name, rules in RIMS.items()},
}


def picture(group: str, kind: str, number: int) -> Drawn:
    """Picture `number` of a kind, the same each time."""
    place = [ord(letter) for letter in f"{group}/{kind}"]
    return GROUPS[group][kind](np.random.Generator(np.random.PCG64([SEED, number, *place])))


# --- measuring --------------------------------------------------------------------------------------------


def answer(reader: Reader, item: tuple[str, str, int]) -> tuple[str, str, float]:
    """What a picture says, what is shown of it ("" where nothing is read), and the confidence."""
    drawn = picture(*item)
    try:
        result = reader.read(np.uint8(np.rint(drawn.image * 255)), best=1, mode=drawn.mode)
    except PictureError:
        return drawn.label, "", 0.0
    return drawn.label, result.text.replace("\n", "|"), result.confidence


def figures(answers: list[tuple[str, str, float]]) -> dict[str, int]:
    """How many are right, refused, wrong, and wrong with a confidence of SURE."""
    refused = [shown == "" or ("?" in shown and "?" not in says) for says, shown, _ in answers]
    wrong = [
        says != shown and not no and confidence
        for (says, shown, confidence), no in zip(answers, refused, strict=True)
    ]
    return {
        "pictures": len(answers),
        "right": sum(says == shown for says, shown, _ in answers),
        "refused": sum(refused),
        "wrong": sum(bool(one) for one in wrong),
        "sure": sum(one >= SURE for one in wrong if one),
    }


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--count", type=int, default=40, help="pictures of each kind")
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
            image = Image.fromarray(np.uint8(np.rint(picture(group, kind, 0).image * 255)))
            image.save(options.draw / f"{group}-{kind}.png".replace(" ", "_"))
        return
    reader = Reader(options.weights)
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for group, kind in chosen:
        items = [(group, kind, number) for number in range(options.count)]
        answers = parallel_map(partial(answer, reader), items, options.workers)
        read = list(common.progress(answers, f"{group}, {kind}", options.count))
        rows.setdefault(group, {})[kind] = figures(read)
        if options.mistakes:
            for number, (says, shown, confidence) in enumerate(read):
                if says != shown:
                    print(f"{group}, {kind}, {number}: {says} -> {shown or 'nothing'}  {confidence:.2f}")
    print(_table(rows))
    report = {"weights": Path(options.weights).stem, "seed": SEED, "sure": SURE, "groups": rows}
    common.write_result(options, "cells.json", report | {"python": platform.python_version()})


def _table(rows: dict[str, dict[str, dict[str, int]]]) -> str:
    cells: list[tuple[object, ...]] = []
    for group, kinds in rows.items():
        cells += [(f"{group}: {kind}", *(row[name] for name in FIGURES)) for kind, row in kinds.items()]
        total = [sum(row[name] for row in kinds.values()) for name in ("pictures", *FIGURES)]
        cells.append((f"{group}, of {total[0]}", *(f"{part / total[0]:.1%}" for part in total[1:])))
    return common.table(("kind", *FIGURES), cells)


if __name__ == "__main__":
    common.main(main)
