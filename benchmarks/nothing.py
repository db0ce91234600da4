"""Pictures with nothing to read: blank paper, photographs, print, scribbles, noise. Who still reads digits in them?

    python benchmarks/nothing.py [--weights digits] [--count 200] [--json]

Every picture is generated from a seed and shown to `Reader.read` in every mode; counted are those of which anything
but ? is shown at the weights' own threshold, as `lenet5 read` would. Photographs are parts of the two that come with
scikit-learn, where that is installed; the fonts are Pillow's, and Matplotlib's where that is. Printed digits are told
apart, since reading them is no mistake, and so are written letters (data/letters through LENET5_DATA).
The table goes to benchmarks/results/nothing.json, unless only some --kinds are asked for.
"""

from __future__ import annotations

import io
import json
import os
import platform
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import common
from lenet5.errors import PictureError
from lenet5.parallel import parallel_map
from lenet5.reading.reader import Reader

MODES = ("auto", "lines", "string", "character")
SEED = 1998
APART = ("printed digits", "letters")  # not counted as nothing to read
LATIN = """the quick brown fox jumps over a lazy dog and every evening people write letters about weather
Der schnelle braune Fuchs springt über den faulen Hund während Straße größer Mädchen Übung wird
le renard brun saute par dessus un chien paresseux déjà été garçon où naïve œuvre
el rápido zorro marrón salta sobre perro perezoso mañana niño corazón
amount payable bearer account signature date total street number Mr Mrs Dear Sir Invoice Remarks"""
FOREIGN = """быстрая коричневая лиса прыгает через ленивую собаку письмо улица подпись
η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί γράμμα δρόμος"""


# --- paper ------------------------------------------------------------------------------------------------


def smooth(rng: np.random.Generator, shape: tuple[int, int], detail: int) -> NDArray[np.float64]:
    """A level that changes slowly, from 0 to 1; detail: hills across it."""
    coarse = rng.random((detail + 2, detail + 2)).astype(np.float32)
    level = np.asarray(Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC), np.float64)
    return (level - level.min()) / max(np.ptp(level), 1e-6)


def paper(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """A sheet, (rows, columns, 3) in 0 … 1: white, tinted, ruled, squared, with shadows, noise, JPEG's traces."""
    tint = 1 - rng.uniform(0, 0.25) * rng.random(3) if rng.random() < 0.7 else np.ones(3)
    sheet = np.ones((rows, columns, 3)) * tint
    kind = rng.integers(5)
    if kind in (1, 2):  # ruled or squared
        step, thick = int(rng.integers(18, 60)), int(rng.integers(1, 3))
        faint = 1 - rng.uniform(0.1, 0.5) * rng.uniform(0.2, 1, 3)
        for at in range(int(rng.integers(step)), rows, step):
            sheet[at : at + thick] *= faint
        for at in range(int(rng.integers(step)), columns if kind == 2 else 0, step):
            sheet[:, at : at + thick] *= faint
    if rng.random() < 0.5:  # uneven light
        sheet *= 1 - rng.uniform(0.1, 0.6) * smooth(rng, (rows, columns), int(rng.integers(1, 4)))[:, :, None]
    if rng.random() < 0.3:  # the shadow of a hand
        y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
        angle, off = rng.uniform(0, 2 * np.pi), rng.uniform(-0.6, 0.6)
        edge = (x * np.cos(angle) + y * np.sin(angle) - off) / rng.uniform(0.01, 0.2)
        sheet *= 1 - (rng.uniform(0.1, 0.4) / (1 + np.exp(-np.clip(edge, -40, 40))))[:, :, None]
    if rng.random() < 0.6:
        sheet += rng.normal(0, rng.uniform(0.003, 0.05), (rows, columns, 3 if rng.random() < 0.5 else 1))
    return sheet


def taken(rng: np.random.Generator, sheet: NDArray[np.float64]) -> NDArray[np.uint8]:
    """As a camera or a scanner gives it: sometimes turned a little, blurred, squeezed as a JPEG."""
    picture = Image.fromarray(np.clip(np.rint(sheet * 255), 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        bounding_box = tuple(int(level) for level in np.median(np.asarray(picture).reshape(-1, 3), 0))
        picture = picture.rotate(rng.uniform(-5, 5), Image.Resampling.BICUBIC, fillcolor=bounding_box)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    if rng.random() < 0.5:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(30, 95)))
        picture = Image.open(file)
    return np.asarray(picture)


def size(rng: np.random.Generator, least: int = 60, most: int = 900) -> tuple[int, int]:
    """Rows and columns: from a snippet to a page, from a strip to upright."""
    rows = int(np.exp(rng.uniform(np.log(least), np.log(most))))
    return rows, int(np.clip(rows * np.exp(rng.uniform(-0.5, 1.5)), least, 1.5 * most))


def on_paper(rng: np.random.Generator, ink: Image.Image) -> NDArray[np.uint8]:
    """Ink (L, 255 = full) on a sheet of its size; now and then light on dark."""
    sheet = paper(rng, ink.height, ink.width)
    level = np.asarray(ink, np.float64)[:, :, None] / 255
    pen = rng.uniform(0, 0.5) * rng.uniform(0.2, 1, 3)
    sheet = sheet * (1 - level) + pen * level
    return taken(rng, 1 - sheet if rng.random() < 0.1 else sheet)


# --- what is not to be read -------------------------------------------------------------------------------


def blank(rng: np.random.Generator) -> NDArray[np.uint8]:
    return taken(rng, paper(rng, *size(rng)))


def noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    """White, coloured, salt and pepper, grains, clouds."""
    rows, columns = size(rng, most=500)
    match rng.integers(5):
        case 0:
            level = rng.random((rows, columns, 1))
        case 1:
            level = rng.random((rows, columns, 3))
        case 2:
            level = np.where(rng.random((rows, columns, 1)) < rng.uniform(0.002, 0.3), 0.0, 1.0)
            level = np.where(rng.random((rows, columns, 1)) < rng.uniform(0, 0.1), 0.5, level)
        case 3:
            grain = int(rng.integers(2, 12))
            coarse = rng.random((-(-rows // grain), -(-columns // grain), 1))
            level = coarse.repeat(grain, 0).repeat(grain, 1)[:rows, :columns]
        case _:
            level = sum(smooth(rng, (rows, columns), 2**octave) / 1.6**octave for octave in range(1, 7))
            level = (level / level.max())[:, :, None]
    low, high = np.sort(rng.random(2))
    return taken(rng, np.broadcast_to(low + (high - low) * level, (rows, columns, 3)))


def photograph(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Part of a photograph, from a twentieth of its side to all of it, shown at any size."""
    photographs = _photographs()
    whole = photographs[rng.integers(len(photographs))]
    share = np.exp(rng.uniform(np.log(0.06), 0))
    rows, columns = (
        max(16, int(side * min(1.0, share * np.exp(rng.uniform(-0.4, 0.4))))) for side in whole.shape[:2]
    )
    top, left = rng.integers(whole.shape[0] - rows + 1), rng.integers(whole.shape[1] - columns + 1)
    part = Image.fromarray(whole[top : top + rows, left : left + columns])
    longest = np.exp(rng.uniform(np.log(60), np.log(1000))) / max(part.size)
    part = part.resize([max(12, round(side * longest)) for side in part.size], Image.Resampling.BICUBIC)
    return np.asarray(part.convert("L") if rng.random() < 0.3 else part)


@cache
def _photographs() -> list[NDArray[np.uint8]]:
    from sklearn.datasets import load_sample_images

    return load_sample_images().images


@cache
def _fonts() -> list[str | None]:
    """Fonts with Latin, Greek and Cyrillic letters; None is Pillow's own, which has Latin ones."""
    if find_spec("matplotlib") is None:
        return [None]
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    names = ("Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "Serif", "Serif-Bold", "Serif-Italic")
    return [None, *(str(folder / f"DejaVu{name}.ttf") for name in names)]


def _font(rng: np.random.Generator, high: int, foreign: bool):
    fonts = _fonts()[1:]
    if not fonts or (not foreign and rng.random() < 0.2):
        return ImageFont.load_default(high)
    return ImageFont.truetype(fonts[rng.integers(len(fonts))], high)


def printed(rng: np.random.Generator, digits: bool = False) -> NDArray[np.uint8]:
    """Print: a word, a line, a paragraph, columns; words of five languages and three scripts, or only numbers."""
    foreign = rng.random() < 0.15 and len(_fonts()) > 1
    high = int(np.exp(rng.uniform(np.log(12), np.log(60))))
    font = _font(rng, high, foreign)
    words = (FOREIGN if foreign else LATIN).split()

    def line(count: int) -> str:
        if digits:
            return " ".join(str(rng.integers(10 ** rng.integers(1, 6))) for _ in range(count))
        text = " ".join(rng.choice(words, count))
        return text.upper() if rng.random() < 0.15 else text

    layout = rng.integers(4)  # a word, a line, a paragraph, two columns
    each_line = int(rng.integers(3, 9))
    texts = [[line(1 if layout == 0 else each_line) for _ in range(1 if layout < 2 else rng.integers(2, 14))]]
    if layout == 3:
        texts.append([line(each_line) for _ in texts[0]])
    wide = [int(max(font.getlength(text) for text in column)) for column in texts]
    step, margin = int(high * rng.uniform(1.2, 1.8)), int(high * rng.uniform(0.4, 2))
    ink = Image.new("L", (sum(wide) + margin * (len(wide) + 1), 2 * margin + step * len(texts[0])))
    pen = ImageDraw.Draw(ink)
    for at, column in enumerate(texts):
        for row, text in enumerate(column):
            pen.text((margin + at * (wide[0] + margin), margin + row * step), text, 255, font)
    return on_paper(rng, ink)


def curve(
    rng: np.random.Generator, knots: int, box: tuple[float, float, float, float]
) -> list[tuple[float, float]]:
    """A smooth way through random points in a box (left, top, right, bottom)."""
    from scipy.interpolate import CubicSpline

    points = np.stack([rng.uniform(box[0], box[2], knots), rng.uniform(box[1], box[3], knots)], 1)
    return [
        tuple(point) for point in CubicSpline(np.arange(knots), points)(np.linspace(0, knots - 1, 24 * knots))
    ]


def scribble(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A pen moved without a figure in mind: tangles, something crossed out, hatching, coils, names, doodles."""
    rows, columns = size(rng, 120, 500)
    ink = Image.new("L", (columns, rows))
    pen = ImageDraw.Draw(ink)
    thick = max(2, int(min(rows, columns) * rng.uniform(0.01, 0.04)))

    def draw(points: list[tuple[float, float]]) -> None:
        pen.line(points, fill=255, width=thick, joint="curve")

    for _ in range(rng.integers(1, 4)):
        left, top = rng.uniform(0.05, 0.45) * columns, rng.uniform(0.05, 0.45) * rows
        wide, high = rng.uniform(0.3, 0.5) * columns, rng.uniform(0.3, 0.5) * rows
        t = np.linspace(0, 1, 400)
        match rng.integers(6):
            case 0:  # a tangle
                draw(curve(rng, int(rng.integers(8, 24)), (left, top, left + wide, top + high)))
            case 1:  # crossed out, to and fro
                many = int(rng.integers(6, 20))
                x = left + wide * (np.arange(many) % 2 + rng.normal(0, 0.06, many))
                draw(list(zip(x, top + high * np.linspace(0.2, 0.8, many), strict=True)))
            case 2:  # hatching
                for x in np.linspace(left, left + wide, int(rng.integers(6, 16))):
                    draw([(x, top + high), (x + 0.3 * wide + rng.normal(0, 3), top)])
            case 3:  # a coil
                turns, lean = rng.uniform(5, 14), rng.uniform(0.05, 0.15)
                x = left + wide * t + lean * wide * np.cos(2 * np.pi * turns * t)
                draw(list(zip(x, top + high * (0.5 + 0.4 * np.sin(2 * np.pi * turns * t)), strict=True)))
            case 4:  # like a name: waves that fade, and a flourish
                waves = curve(rng, int(rng.integers(10, 20)), (0, 0, 1, 1))
                x = (
                    left
                    + wide * np.linspace(0, 1, len(waves))
                    + 0.08 * wide * np.array([p[0] for p in waves])
                )
                y = top + high * (
                    0.5 + (np.array([p[1] for p in waves]) - 0.5) * np.linspace(0.9, 0.3, len(waves))
                )
                draw(list(zip(x, y, strict=True)))
                draw(curve(rng, 5, (left, top + 0.7 * high, left + wide, top + high)))
            case _:  # a doodle: a star, a house, a face, an arrow
                _doodle(rng, draw, left, top, min(wide, high))
    return on_paper(rng, ink.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.0))))


def _doodle(rng: np.random.Generator, draw: Callable, left: float, top: float, side: float) -> None:
    def ring(x: float, y: float, radius: float) -> list[tuple[float, float]]:
        angle = np.linspace(0, 2 * np.pi, 60)
        return list(zip(x + radius * np.cos(angle), y + radius * np.sin(angle), strict=True))

    match rng.integers(4):
        case 0:
            angle = np.pi * (0.8 * np.arange(6) + rng.uniform(0, 1))
            star = np.stack([np.cos(angle), np.sin(angle)], 1) * side / 2 + (left + side / 2, top + side / 2)
            draw([tuple(point) for point in star])
        case 1:
            house = [(0, 1), (0, 0.4), (1, 0.4), (0, 1), (1, 1), (0, 0.4), (0.5, 0), (1, 0.4), (1, 1)]
            draw([(left + x * side, top + y * side) for x, y in house])
        case 2:
            middle = left + side / 2, top + side / 2
            draw(ring(*middle, side / 2))
            for x in (-0.2, 0.2):
                draw(ring(middle[0] + x * side, middle[1] - 0.15 * side, 0.05 * side))
            angle = np.linspace(0.2 * np.pi, 0.8 * np.pi, 20)
            smile = np.stack([np.cos(angle), np.sin(angle)], 1) * 0.3 * side + middle
            draw([tuple(point) for point in smile])
        case _:
            draw([(left, top + side / 2), (left + 2 * side, top + side / 2)])
            draw([(left + 1.7 * side, top + 0.3 * side), (left + 2 * side, top + side / 2),
                  (left + 1.7 * side, top + 0.7 * side)])  # fmt: skip


def letters(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A word of letters by many hands, in a line."""
    images = _letters()
    tiles = [images[rng.integers(len(images))] for _ in range(rng.integers(3, 10))]
    row = np.zeros((40, 10 + 26 * len(tiles)), np.uint8)
    x = 8
    for tile in tiles:
        columns = np.flatnonzero(tile.max(0) > 60)
        tile = tile[:, columns[0] : columns[-1] + 1]
        row[6:34, x : x + tile.shape[1]] = tile
        x += tile.shape[1] + int(rng.integers(1, 6))
    row = row[:, : x + 6]
    times = rng.uniform(1, 4)
    ink = Image.fromarray(row).resize(
        (round(row.shape[1] * times), round(40 * times)), Image.Resampling.BICUBIC
    )
    return on_paper(rng, ink)


@cache
def _letters() -> NDArray[np.uint8]:
    with np.load(
        Path(os.environ["LENET5_DATA"]) / "letters" / "letters-test.npz", allow_pickle=False
    ) as file:
        return file["images"]


KINDS: dict[str, Callable[[np.random.Generator], NDArray[np.uint8]]] = {
    "blank paper": blank, "photograph": photograph, "print": printed, "scribble": scribble, "noise": noise,
    "printed digits": partial(printed, digits=True), "letters": letters,
}  # fmt: skip


def picture(kind: str, number: int) -> NDArray[np.uint8]:
    """Picture `number` of a kind, the same each time."""
    return KINDS[kind](np.random.Generator(np.random.PCG64([SEED, list(KINDS).index(kind), number])))


# --- measuring --------------------------------------------------------------------------------------------


def shown(reader: Reader, modes: tuple[str, ...], item: tuple[str, int]) -> dict[str, str]:
    """What is read in a picture, by mode: "" where nothing is."""
    drawn, found = picture(*item), {}
    for mode in modes:
        try:
            found[mode] = reader.read(drawn, mode=mode, best=1).text
        except PictureError:
            found[mode] = ""
    return found


def missing(kind: str) -> str:
    """What a kind needs that is not there; "" if it can be drawn."""
    if kind == "photograph" and find_spec("sklearn") is None:
        return "scikit-learn, which has the photographs, is not installed"
    if kind == "letters" and not (Path(os.environ.get("LENET5_DATA", "-")) / "letters").is_dir():
        return "LENET5_DATA names no folder with letters"
    return ""


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--count", type=int, default=200, help="pictures of each kind")
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, help="only these [default: all]")
    arguments.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    arguments.add_argument("--workers", type=int, help="processes")
    arguments.add_argument("--json", action="store_true", help="every reading")
    options = arguments.parse_args()
    lacking = {kind: reason for kind in options.kinds or KINDS if (reason := missing(kind))}
    for kind, reason in lacking.items():
        common.say(f"{kind} is left out: {reason}")
    if options.write and (options.kinds or lacking or len(options.modes) < len(MODES)):
        arguments.error("--write: the committed results are those of every kind and mode")
    reader, modes = Reader(options.weights), tuple(options.modes)
    rows: dict[str, dict[str, Any]] = {}
    for kind in options.kinds or KINDS:
        if kind in lacking:
            continue
        items = [(kind, number) for number in range(options.count)]
        pictures = parallel_map(partial(shown, reader, modes), items, options.workers)
        read = list(common.progress(pictures, kind, options.count))
        rows[kind] = {"pictures": len(read), "read": {}, "digits": {}}
        for mode in modes:
            digits = [sum(c not in "? \n" for c in texts[mode]) for texts in read]
            rows[kind]["read"][mode] = sum(map(bool, digits))
            rows[kind]["digits"][mode] = sum(digits)
        if options.json:
            print(
                json.dumps(
                    {"kind": kind, "read": [entry for entry in enumerate(read) if any(entry[1].values())]}
                )
            )
        common.say(f"{kind}: done")
    counted = [row for kind, row in rows.items() if kind not in APART]
    total = {
        "pictures": sum(row["pictures"] for row in counted),
        "read": {mode: sum(row["read"][mode] for row in counted) for mode in modes},
    }
    if not options.json:
        shares = [
            (kind, row["pictures"], *(f"{row['read'][mode] / row['pictures']:.1%}" for mode in modes))
            for kind, row in {**rows, **({"nothing to read": total} if counted else {})}.items()
        ]
        print(common.table(("digits are shown", "pictures", *modes), shares))
    report = {"weights": Path(options.weights).stem, "threshold": reader.model.threshold_for(), "seed": SEED,
              "modes": list(modes), "kinds": rows, "total": total,
              "python": platform.python_version()}  # fmt: skip
    common.write_result(options, "nothing.json", report)


if __name__ == "__main__":
    common.main(main)
