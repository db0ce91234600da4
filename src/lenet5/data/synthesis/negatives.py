"""Non-characters: blanks, blots, scribbles, noise, print and photographs, (28, 28); not in the paper.

Eq. 9 has a rubbish class and no patterns for it (Section II-C). These are some, to train and to measure with.
They are drawn about 96 pixels high and brought to 28×28 as pictures are (normalise.glyph and fit_to_box), for that
is how a blot becomes the size of a digit. Handwritten pieces and pairs are in line_patterns.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, PictureError
from ...imaging.normalise import fit_to_box, glyph, normalise_character
from ...network.architecture import FIELD
from ...network.codes import DIGITS

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["CALIBRATED", "KINDS", "MEASURED", "noncharacters", "strangers"]

MEASURED = 19_980_000  # seed of those that are measured with, and of those that thresholds are chosen by:
CALIBRATED = 19_980_001  # train with any other
SIDE = 96  # pixels of the canvas
Draw = Callable[[np.random.Generator, str], NDArray[Any]]  # draws, given the strange characters
NARROWEST = (
    0.45  # width of the foreground for its height: what is thin and upright may be a 1, and is drawn anew
)
# Printed characters that a person would take for one of the classes too; "a" stands for "A" where it may.
LOOK_ALIKE = (
    "0OoQDUucC",
    "1Iil|!/\\'`,.][()jtJrT7fL",
    "2Zz",
    "3B",
    "4AyYh",
    "5Ss",
    "6bGC",
    "7TY>?F",
    "8B&",
    "9gqPp",
)


def noncharacters(
    seed: int,
    count: int,
    classes: Sequence[str] = DIGITS,
    progress: Callable[[int], object] = lambda patterns: None,
) -> NDArray[np.uint8]:
    """Patterns that are none of the classes; the same seed gives the same.

    Pattern i is of the kind KINDS[i % len(KINDS)] and depends on (seed, i) alone. Where a point is one of the classes
    no blots are drawn, which in the size of a character look like one.

    Args:
        seed: of the draw, from 0.
        count: number of patterns; some hundred are drawn a second.
        classes: the network's characters; a printed letter is a non-character for a network of digits.
        progress: called with the number of patterns that were just drawn.

    Returns:
        (count, 28, 28) uint8, 255 = ink.

    Raises:
        InputError: seed or count is negative.
    """
    if seed < 0 or count < 0:
        raise InputError(f"a seed and a count must be whole numbers from 0, not {seed} and {count}")
    kinds = [draw for draw in _DRAW.values() if draw is not _blot or "." not in classes]
    strange = strangers(classes)
    glyphs = np.zeros((count, FIELD, FIELD), np.uint8)
    for i in range(count):
        rng = np.random.Generator(np.random.PCG64([seed, i]))
        glyphs[i] = _normalised_drawing(kinds[i % len(kinds)], rng, strange)
        progress(1)
    return glyphs


def _normalised_drawing(draw: Draw, rng: np.random.Generator, strange: str) -> NDArray[np.uint8]:
    """A drawing as a glyph; drawn again where normalisation finds no character in it."""
    while True:
        drawn = draw(rng, strange)
        if drawn.dtype == np.uint8:
            return drawn
        try:
            if draw is _texture:  # a picture, whose foreground has to be separated
                character = normalise_character(drawn)
                wide, high = (np.ptp(np.flatnonzero(character.any(axis))) for axis in (0, 1))
                if wide < NARROWEST * high:
                    continue
                return character
            rows, columns = np.flatnonzero((drawn > 0.35).any(1)), np.flatnonzero((drawn > 0.35).any(0))
            if not len(rows):
                continue
            cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            if cut.shape[1] < NARROWEST * cut.shape[0]:
                continue
            return (
                glyph(cut) if rng.random() < 0.5 else fit_to_box(cut)
            )  # as single characters are, or those of lines
        except PictureError:
            continue


def strangers(classes: Sequence[str]) -> str:
    """Printable characters that nobody would take for one of the classes."""
    known = {form for name in classes for form in (name, name.lower(), name.upper())}
    known |= {form for alike in LOOK_ALIKE if known & set(alike) for form in alike}
    return "".join(c for c in map(chr, range(33, 127)) if c not in known and c not in "'`,.^_-~\"")


# --- drawings: (rng, strange characters) -> foreground in 0 … 1, or the glyph itself -----------------


def _blank(rng: np.random.Generator, strange: str) -> NDArray[np.uint8]:
    """Paper, grey or dark all over, a shadow, or dust: the glyph as it is."""
    out = np.zeros((FIELD, FIELD))
    match rng.integers(4):
        case 0:
            out[:] = rng.choice([0, 0, rng.uniform(1, 255)])
        case 1:
            y, x = np.mgrid[-1 : 1 : FIELD * 1j, -1 : 1 : FIELD * 1j]
            angle = rng.uniform(0, 2 * np.pi)
            out[:] = rng.uniform(20, 255) * (0.5 + 0.35 * (x * np.cos(angle) + y * np.sin(angle)))
        case 2:
            for y, x in rng.integers(0, FIELD, (rng.integers(1, 12), 2)):
                out[y, x] = rng.uniform(60, 255)
        case _:
            out[:] = np.abs(rng.normal(0, rng.uniform(2, 30), out.shape))
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _blot(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """Ink spilt: a few filled ellipses, or where smooth noise is high."""
    image, pen = _canvas()
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 8)):
            x, y = rng.normal(SIDE / 2, SIDE / 7, 2)
            wide = rng.uniform(5, 24)
            high = wide * rng.uniform(0.6, 1.4)
            pen.ellipse((x - wide, y - high, x + wide, y + high), fill=255)
        return _foreground(image)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    rough = _smooth_noise(rng, rng.uniform(5, 14)) - rng.uniform(1.0, 2.5) * (x**2 + y**2)
    return np.asarray(rough > np.quantile(rough, rng.uniform(0.65, 0.95)), np.float32)


def _scribble(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """A pen moved without a word in mind: tangles, coils, spirals, zigzags, hatching."""
    image, pen = _canvas()
    width = int(rng.integers(2, 9))
    t = np.linspace(0, 1, 240)
    match rng.integers(5):
        case 0:  # a tangle: a smooth way through many points
            turns = int(rng.integers(9, 26))
            knots = rng.uniform(0, SIDE, (2, turns))
            x, y = (np.interp(t * (turns - 1), np.arange(turns), row) for row in knots)
            box = np.ones(7) / 7
            x, y = (np.convolve(row, box, "valid") for row in (x, y))
        case 1:  # a coil, as in eeeee
            loops = rng.uniform(3.5, 9)
            x = SIDE * (0.1 + 0.8 * t) + rng.uniform(4, 14) * np.cos(2 * np.pi * loops * t)
            y = SIDE / 2 + rng.uniform(8, 30) * np.sin(2 * np.pi * loops * t) + rng.normal(0, 10) * t
        case 2:  # a spiral
            angle = 2 * np.pi * rng.uniform(2.6, 6) * t * rng.choice([-1, 1])
            x = SIDE / 2 + SIDE * 0.45 * t * np.cos(angle)
            y = SIDE / 2 + SIDE * rng.uniform(0.3, 0.45) * t * np.sin(angle)
        case 3:  # a zigzag
            teeth = int(rng.integers(7, 20))
            x = np.linspace(0, SIDE, teeth) + rng.normal(0, 3, teeth)
            y = SIDE / 2 + (np.arange(teeth) % 2 - 0.5) * rng.uniform(20, 80, teeth)
        case _:  # something crossed out, again and again
            strokes = int(rng.integers(5, 12))
            x = np.ravel([(rng.uniform(0, 25), rng.uniform(70, SIDE)) for _ in range(strokes)])
            y = np.ravel([(row + rng.normal(0, 8), row) for row in np.linspace(15, 80, strokes)])
    rotated = _rotated(np.stack([x, y], 1), rng.uniform(0, np.pi))
    pen.line([tuple(point) for point in rotated], fill=255, width=width, joint="curve")
    return _foreground(image)


def _noise(rng: np.random.Generator, strange: str) -> NDArray[Any]:
    """Pixels or grains at random; half of them in the glyph itself."""
    grain = rng.choice([0, 0, 0.6, 1.0, 1.6])
    if rng.random() < 0.5:
        rough: NDArray[Any] = _smooth_noise(rng, grain, FIELD)
        if rng.random() < 0.5:
            rough = rng.uniform(0, 1, rough.shape) if not grain else (rough > rng.uniform(0.3, 1.5)) * 1.0
        return np.asarray(np.clip(np.rint(rough / max(rough.max(), 1e-6) * 255), 0, 255), np.uint8)
    share = rng.uniform(0.03, 0.5)
    size = int(rng.integers(12, 40))
    points = (_smooth_noise(rng, grain, size) > 0) if grain else rng.uniform(0, 1, (size, size)) < share
    step = SIDE // size
    return np.kron(points, np.ones((step, step))).astype(np.float32)


def _lines(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """Dashes, parallels, crosses, stars and rules; never a single upright stroke, which is a 1."""
    image, pen = _canvas()
    width = int(rng.integers(2, 10))
    middle, reach = SIDE / 2, SIDE * rng.uniform(0.25, 0.48)
    match rng.integers(5):
        case 0:  # a dash, one or several
            angles, rows = rng.uniform(-0.35, 0.35, 1), np.linspace(-0.5, 0.5, rng.integers(1, 4)) * SIDE / 2
            lines = [(angles[0], reach, row) for row in rows] if len(rows) > 1 else [(angles[0], reach, 0)]
        case 1:  # parallels
            angle, many = rng.uniform(0, np.pi), int(rng.integers(2, 7))
            lines = [
                (angle, reach, far)
                for far in (np.arange(many) - (many - 1) / 2) * (width + rng.uniform(6, 16))
            ]
        case 2:  # a cross
            angle = rng.uniform(0, np.pi / 2)
            lines = [
                (angle, reach, 0),
                (angle + np.pi / 2 + rng.normal(0, 0.15), reach * rng.uniform(0.6, 1), 0),
            ]
        case 3:  # a star
            many = int(rng.integers(3, 7))
            start = rng.uniform(0, np.pi)
            lines = [(start + np.pi * k / many + rng.normal(0, 0.08), reach, 0) for k in range(many)]
        case _:  # at random
            count = int(rng.integers(4, 10))
            lines = [(rng.uniform(0, np.pi), reach, rng.uniform(-35, 35)) for _ in range(count)]
    for angle, half, off in lines:
        along = np.array([np.cos(angle), np.sin(angle)])
        foot = middle + off * np.array([-along[1], along[0]])
        pen.line([tuple(foot - half * along), tuple(foot + half * along)], fill=255, width=width)
    return _foreground(image)


def _dots(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """Points, colons, dotted rules, commas: in a row or anywhere."""
    image, pen = _canvas()
    count = int(rng.integers(1, 14))
    radius = rng.uniform(2, 9)
    if rng.random() < 0.4:
        along = np.linspace(8, SIDE - 8, count + 2)[1:-1]
        places = _rotated(
            np.stack([along, np.full(count, SIDE / 2)], 1), rng.choice([0.0, 0.0, np.pi / 2, 0.4])
        )
    else:
        places = rng.uniform(8, SIDE - 8, (count, 2))
    for x, y in places:
        r = radius * rng.uniform(0.7, 1.3)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
        if rng.random() < 0.15:
            pen.line((x, y, x - r, y + 3 * r), fill=255, width=round(r))
    return _foreground(image)


def _letter(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """A printed letter or sign that is none of the classes, upright or slanted; a word where there is none."""
    if not strange:
        return _text(rng, strange)
    image, pen = _canvas()
    pen.text(
        (SIDE / 2, SIDE / 2),
        rng.choice(list(strange)),
        255,
        _font(60),
        "mm",
        stroke_width=int(rng.integers(0, 3)),
    )
    slant = rng.normal(0, 0.15)
    return _foreground(_transformed(image, (1, slant, -slant * SIDE / 2, 0, 1, 0)))


def _text(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """A printed word, number or paragraph, or what a window cut out of one shows."""
    image, pen = _canvas()
    letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + "0123456789" * 2)
    size = int(rng.integers(14, 40))
    whole = rng.random() < 0.5
    rows = 1 if whole else SIDE // size + 2
    for row in range(rows):
        lengths = rng.integers(3, 8, 1 if whole else 5)
        words = " ".join("".join(rng.choice(letters, length)) for length in lengths)
        at = (SIDE / 2, SIDE / 2) if whole else (-rng.uniform(0, size), row * size * 1.15 - rng.uniform(0, 2))
        pen.text(at, words, 255, _font(size), "mm" if whole else "lt", stroke_width=int(rng.integers(0, 2)))
    return _foreground(image)


def _grid(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """Squared paper, tables, boxes in a row, chequers."""
    image, pen = _canvas()
    rows, columns = rng.integers(1, 7, 2)
    if rows * columns < 2:
        columns = 2  # one box alone could be a nought
    left, top = rng.uniform(2, 20, 2)
    x, y = np.linspace(left, SIDE - left, columns + 1), np.linspace(top, SIDE - top, rows + 1)
    width = int(rng.integers(1, 6))
    chequered = rng.random() < 0.25
    for r in range(rows):
        for c in range(columns):
            box = (x[c], y[r], x[c + 1], y[r + 1])
            pen.rectangle(box, outline=255, width=width, fill=255 if chequered and (r + c) % 2 else None)
    slant = rng.normal(0, 0.1)
    return _foreground(_transformed(image, (1, slant, -slant * SIDE / 2, slant, 1, -slant * SIDE / 2)))


def _texture(rng: np.random.Generator, strange: str) -> NDArray[np.float32]:
    """A photograph of no writing, grey in 0 … 1: noise of all sizes, edges between planes, ripples, light."""
    steps = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    steps[0, 0] = 1
    waves = np.fft.fft2(rng.normal(size=(SIDE, SIDE))) / steps ** rng.uniform(0.8, 1.8)
    scene = np.fft.ifft2(waves).real
    scene /= scene.std()
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    for _ in range(rng.integers(0, 4)):  # things, each with an edge
        angle, off = rng.uniform(0, 2 * np.pi), rng.uniform(-0.7, 0.7)
        scene += rng.normal(0, 1.5) * (x * np.cos(angle) + y * np.sin(angle) > off)
    if rng.random() < 0.3:
        angle = rng.uniform(0, np.pi)
        scene += rng.uniform(0.3, 2) * np.sin(rng.uniform(10, 60) * (x * np.cos(angle) + y * np.sin(angle)))
    scene += rng.normal(0, 1) * x + rng.normal(0, 1) * y
    low, high = np.quantile(scene, (0.01, 0.99))
    dark, light = np.sort(rng.uniform(0, 1, 2))
    return np.asarray(np.clip(dark + (light - dark) * (scene - low) / (high - low), 0, 1), np.float32)


_DRAW: dict[str, Draw] = {
    "blank": _blank, "blot": _blot, "scribble": _scribble, "noise": _noise, "lines": _lines, "dots": _dots,
    "letter": _letter, "text": _text, "grid": _grid, "texture": _texture,
}  # fmt: skip
KINDS = tuple(_DRAW)


# --- tools ------------------------------------------------------------------------------------------


def _canvas() -> tuple[Image, ImageDraw]:
    from PIL import Image, ImageDraw  # start-up time

    image = Image.new("L", (SIDE, SIDE))
    return image, ImageDraw.Draw(image)


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _foreground(image: Image) -> NDArray[np.float32]:
    """A drawing with edges as a pen's and a scanner's are."""
    from PIL import ImageFilter

    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.8)), np.float32) / np.float32(255)


def _transformed(image: Image, inverse: tuple[float, ...]) -> Image:
    """An image under an affine map, given by its inverse as Pillow takes it."""
    from PIL.Image import Resampling, Transform

    return image.transform(image.size, Transform.AFFINE, inverse, Resampling.BILINEAR)


def _rotated(points: NDArray[Any], angle: float) -> NDArray[Any]:
    """Points (N, 2) rotated about the middle of the canvas."""
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray((points - SIDE / 2) @ turn + SIDE / 2)


def _smooth_noise(rng: np.random.Generator, sigma: float, side: int = SIDE) -> NDArray[np.float64]:
    """Noise of mean 0 and deviation 1 without detail smaller than sigma."""
    from scipy import ndimage

    rough = rng.normal(size=(side, side))
    if sigma:
        rough = ndimage.gaussian_filter(rough, sigma, mode="wrap")
    return np.asarray((rough - rough.mean()) / rough.std(), np.float64)
