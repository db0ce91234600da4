"""Digits on all sorts of paper: are they found there and read?

    python benchmarks/papers.py [--weights digits] [--count 100] [--kinds squared frame] [--json] [--write]

Digits of MNIST's test patterns, one or four in a row, are written into pictures of each kind, drawn from a seed, and
shown to `Reader.read` as whatever they look like. Told apart are what the best reading says (`right`), what is shown
at the weights' own threshold (`shown`), and what is shown and wrong (`wrong`).
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

import common
from lenet5.data.mnist import load_mnist
from lenet5.errors import PictureError
from lenet5.parallel import parallel_map
from lenet5.reading.reader import Reader
from nothing import smooth

SEED = 1998
DIGITS = (1, 4)  # in a picture
FIGURES = ("right", "shown", "wrong")
APART = 3, 8  # pixels of MNIST between digits in a row

Rng = np.random.Generator
Level = NDArray[np.float64]  # (rows, columns) 0 … 1: how much ink there is


# --- writing ----------------------------------------------------------------------------------------------


@cache
def _mnist() -> tuple[NDArray[np.uint8], NDArray]:
    return load_mnist("test")


def _cut(image: NDArray) -> NDArray:
    """Without the rows and columns at its edges that are empty."""
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def written(rng: Rng, count: int, high: float) -> tuple[Level, str]:
    """So many digits in a row, cut close, of which a high one has so many pixels; and what they say."""
    images, labels = _mnist()
    chosen = rng.integers(len(images), size=count)
    tiles = [_cut(image) for image in images[chosen]]
    row = np.zeros((20, sum(tile.shape[1] + APART[1] for tile in tiles)), np.uint8)
    left = 0
    for tile in tiles:
        top = (20 - len(tile)) // 2
        row[top : top + len(tile), left : left + tile.shape[1]] = tile
        left += tile.shape[1] + int(rng.integers(*APART))
    row = _cut(row)
    size = [max(1, round(side * high / 20)) for side in row.shape[::-1]]
    level = np.asarray(Image.fromarray(row).resize(size, Image.Resampling.BICUBIC), float) / 255
    sharper = min(max(high / 30, 1.0), 3.0)  # enlarged, a stroke's rim is no wider than it was
    return np.clip((level - 0.5) * sharper + 0.5, 0, 1), "".join(map(str, labels[chosen]))


def placed(rng: Rng, level: Level, least: float, most: float) -> Level:
    """With margins all around, each of so many heights of what is written."""
    high = len(level)
    above, below, left, right = (int(rng.uniform(least, most) * high) for _ in range(4))
    return np.pad(level, ((above, below), (left, right)))


# --- paper ------------------------------------------------------------------------------------------------


def sheet(rng: Rng, level: Level) -> Level:
    """Blank, (rows, columns, 3)."""
    return np.full((*level.shape, 3), rng.uniform(0.8, 1))


def lined(rng: Rng, level: Level, high: float, squared: bool) -> Level:
    """Ruled or squared: lines from 0.4 to 2.5 heights apart, faint, of some colour."""
    paper = sheet(rng, level)
    step = max(6, int(high * rng.uniform(0.4 if squared else 1.0, 2.5)))
    thick = max(1, int(high * rng.uniform(0.01, 0.04)))
    faint = 1 - rng.uniform(0.15, 0.5) * rng.uniform(0.2, 1, 3)
    for at in range(int(rng.integers(step)), len(paper), step):
        paper[at : at + thick] *= faint
    for at in range(int(rng.integers(step)), paper.shape[1] if squared else 0, step):
        paper[:, at : at + thick] *= faint
    return paper


def shaded(rng: Rng, paper: Level) -> Level:
    """Under the shadow of a hand or a telephone, with an edge."""
    rows, columns = paper.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    angle, off = rng.uniform(0, 2 * np.pi), rng.uniform(-0.6, 0.6)
    edge = (x * np.cos(angle) + y * np.sin(angle) - off) / rng.uniform(0.02, 0.2)
    return paper * (1 - rng.uniform(0.15, 0.5) / (1 + np.exp(-np.clip(edge, -40, 40))))[:, :, None]


def inked(paper: Level, level: Level, pen: NDArray | float) -> Level:
    """Paper with ink on it; pen: what share of the light it leaves."""
    return paper * (1 - level[:, :, None] * (1 - np.asarray(pen)))


def boxed(rng: Rng, picture: Level, level: Level, high: float, apart: float) -> Level:
    """With a printed frame around what is written, at least so many heights away; it is cut where apart is negative."""
    room = int(1.2 * high)
    picture = np.pad(picture, ((room, room), (room, room), (0, 0)), mode="edge")
    rows, columns = (np.flatnonzero((level > 0.3).any(axis)) for axis in (1, 0))
    aside = [int(high * (apart if apart < 0 else rng.uniform(apart, 0.6))) for _ in range(2)]
    aside += [int(high * rng.uniform(0.12, 0.8)) for _ in range(2)]
    top, bottom = rows[0] + room - aside[0], rows[-1] + room + aside[1]
    left, right = columns[0] + room - aside[2], columns[-1] + room + aside[3]
    corners = left, top, right, bottom
    return _drawn(
        picture, high, rng, lambda pen, fill, thick: pen.rectangle(corners, outline=fill, width=thick)
    )


def underlined(rng: Rng, picture: Level, level: Level, high: float) -> Level:
    rows, columns = (np.flatnonzero((level > 0.3).any(axis)) for axis in (1, 0))
    y = min(len(picture) - 4, rows[-1] + int(high * rng.uniform(0, 0.15)))
    ends = columns[0] - int(high * rng.uniform(0.05, 0.3)), columns[-1] + int(high * rng.uniform(0.05, 0.3))
    line = ends[0], y, ends[1], y
    return _drawn(picture, high, rng, lambda pen, fill, thick: pen.line(line, fill=fill, width=thick))


def _drawn(picture: Level, high: float, rng: Rng, draw: Callable) -> Level:
    thick, fill = max(1, int(high * rng.uniform(0.02, 0.06))), int(255 * rng.uniform(0.1, 0.6))
    image = Image.fromarray(np.uint8(picture.clip(0, 1) * 255))
    draw(ImageDraw.Draw(image), (fill, fill, fill), thick)
    return np.asarray(image, float) / 255


def turned(rng: Rng, picture: Level, most: float, bent: float = 0.0) -> Level:
    """Turned by so many degrees at most, and seen askew; cut so that no corner is bare."""
    image = Image.fromarray(np.uint8(picture.clip(0, 1) * 255))
    image = image.rotate(rng.uniform(-most, most), Image.Resampling.BICUBIC)
    wide, high = image.size
    if bent:
        a, b, c, d, e, f, g, h = (rng.uniform(-bent, bent) * high for _ in range(8))
        corners = (a, b, c, high + d, wide + e, high + f, wide + g, h)
        image = image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    cut = [round(0.16 * min(wide, high))] * 2
    return np.asarray(image.crop((*cut, wide - cut[0], high - cut[1])), float) / 255


# --- the kinds --------------------------------------------------------------------------------------------


def picture(kind: str, count: int, number: int) -> tuple[NDArray[np.uint8], str]:
    """Picture `number` of a kind with so many digits, (rows, columns, 3), and what it says; the same each time."""
    rng = np.random.Generator(np.random.PCG64([SEED, KINDS.index(kind), count, number]))
    usual = np.exp(rng.uniform(np.log(40), np.log(150)))
    high = float({"small": rng.uniform(12, 24), "large": rng.uniform(300, 700)}.get(kind, usual))
    level, says = written(rng, count, high)
    askew = kind in ("squared, turned", "squared, by telephone")
    margins = {"cut close": (0, 0.06), "far away": (1, 4)}.get(kind, (0.9, 1.6) if askew else (0.2, 1.2))
    level = placed(rng, level, *margins)
    pen = rng.uniform(0, 0.3) * np.ones(3)
    if kind == "faint":
        pen = rng.uniform(0.6, 0.9) * np.ones(3)
    elif kind in ("coloured pen", "squared, turned", "squared, by telephone"):
        pen = rng.uniform(0, 0.5) * rng.uniform(0.2, 1, 3)
    if kind.startswith(("ruled", "squared")):
        paper = lined(rng, level, high, kind.startswith("squared"))
    else:
        paper = sheet(rng, level)
    if kind == "coloured paper":
        paper = paper * rng.uniform(0.4, 1, 3)
    if kind in ("shadow", "squared, shadow"):
        paper = shaded(rng, paper)
    if kind == "uneven light":
        paper = paper * (1 - rng.uniform(0.1, 0.5) * smooth(rng, level.shape, 1))[:, :, None]
    seen = inked(paper, level, pen)
    match kind:
        case "light on dark":
            seen = 1 - seen
        case "frame":
            seen = boxed(rng, seen, level, high, 0.12)
        case "frame, touched":
            seen = boxed(rng, seen, level, high, -0.05)
        case "rim":
            rim = max(2, int(0.04 * high))
            seen[:rim] *= 0.3
            seen[-rim:] *= 0.3
            seen[:, :rim] *= 0.3
            seen[:, -rim:] *= 0.3
        case "underline":
            seen = underlined(rng, seen, level, high)
        case "noise":
            seen = seen + rng.normal(0, rng.uniform(0.02, 0.1), seen.shape)
        case "squared, turned":
            seen = turned(rng, seen, 6)
        case "squared, by telephone":
            seen = turned(rng, seen, 3, 0.05)
            seen *= (1 - rng.uniform(0.1, 0.4) * smooth(rng, seen.shape[:2], 1))[:, :, None]
            seen += rng.normal(0, 0.015, seen.shape)
    image = Image.fromarray(np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8))
    if kind == "blurred":
        image = image.filter(ImageFilter.GaussianBlur(high * rng.uniform(0.02, 0.06)))
    if kind == "JPEG" or askew:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(5, 40) if kind == "JPEG" else rng.integers(50, 90)))
        image = Image.open(file)
    return np.asarray(image.convert("RGB")), says


KINDS = [
    "plain", "cut close", "far away", "small", "large", "light on dark", "coloured pen", "coloured paper", "faint",
    "blurred", "noise", "JPEG", "uneven light", "shadow", "ruled", "squared", "squared, shadow", "squared, turned",
    "squared, by telephone", "frame", "frame, touched", "rim", "underline",
]  # fmt: skip


# --- measuring --------------------------------------------------------------------------------------------


def answers(reader: Reader, item: tuple[str, int, int]) -> tuple[str, str, str]:
    """What a picture says, its best reading, and what is shown of it: "" where nothing is read."""
    drawn, says = picture(*item)
    found = []
    for threshold in (0.0, None):
        try:
            found.append(reader.read(drawn, best=1, threshold=threshold).text)
        except PictureError:
            found.append("")
    return says, found[0], found[1]


def figures(read: list[tuple[str, str, str]]) -> dict[str, int]:
    return {
        "pictures": len(read),
        "right": sum(says == best for says, best, _ in read),
        "shown": sum(says == shown for says, _, shown in read),
        "wrong": sum(shown not in ("", says) and "?" not in shown for says, _, shown in read),
    }


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--count", type=int, default=100, help="pictures of each kind")
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, help="only these [default: all]")
    arguments.add_argument("--workers", type=int, help="processes")
    arguments.add_argument("--json", action="store_true", help="every mistake")
    options = arguments.parse_args()
    if options.write and options.kinds:
        arguments.error("--write and --kinds: the committed results are those of every kind")
    reader = Reader(options.weights)
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for kind in options.kinds or KINDS:
        rows[kind] = {}
        for count in DIGITS:
            items = [(kind, count, number) for number in range(options.count)]
            pictures = parallel_map(partial(answers, reader), items, options.workers)
            read = list(common.progress(pictures, f"{kind}, {count}", options.count))
            rows[kind][str(count)] = figures(read)
            if options.json:
                wrong = [(number, *row) for number, row in enumerate(read) if row[0] != row[1]]
                print(json.dumps({"kind": kind, "digits": count, "mistakes": wrong}))
        common.say(f"{kind}: done")
    if not options.json:
        print(_table(rows))
    report = {"weights": Path(options.weights).stem, "seed": SEED, "kinds": rows}
    report["python"] = platform.python_version()
    common.write_result(options, "papers.json", report)


def _table(rows: dict[str, dict[str, dict[str, int]]]) -> str:
    heads = [f"{count}: {name}" for count in DIGITS for name in FIGURES]
    cells = [
        (kind, *(f"{entry[name] / entry['pictures']:.1%}" for entry in row.values() for name in FIGURES))
        for kind, row in rows.items()
    ]
    return common.table(("paper", *heads), cells)


if __name__ == "__main__":
    common.main(main)
