"""Pictures: writing, patterns, degenerate arrays, damaged files, pages and huge sizes, read in every way there is."""

from __future__ import annotations

import io
import json
import math
import struct
import warnings
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lenet5.errors import LeNet5Error
from lenet5.imaging.documents import open_pages
from lenet5.imaging.page_layout import Mode
from lenet5.lattice.grammar import make_grammar
from lenet5.reading.document_reader import DocumentReader, PageResult
from lenet5.reading.forms import parse_region
from lenet5.reading.reader import Reader

from .mutation import mutate
from .trial import Bounds, Trial

Rng = np.random.Generator
MEGAPIXELS = 12.0  # of a picture, up to which PAGE holds: a damaged file may announce more
PAGE = Bounds(seconds=5, refused=1.5, megabytes=700)
HUGE = Bounds(seconds=15, refused=10, megabytes=1500)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "TGA", "PCX", "ICO", "SGI")
PATTERNS = (r"\d{4}", r"1?\d{1,3}", r"(12|34)+", r"\d*", r"[0-4]{2,}")


@cache
def reader(method: str = "segmentation") -> Reader:
    """The reader of a method; one a process."""
    return Reader(method=method)


def pictures(rng: Rng, folder: Path) -> Trial:
    """A picture of any family, and the way in which it is read."""
    families = tuple(FAMILIES)
    shares = np.array([FAMILIES[name][0] for name in families])
    family = families[rng.choice(len(families), p=shares / shares.sum())]
    _, make, bounds = FAMILIES[family]
    picture = make(rng)
    if _megapixels(picture) > MEGAPIXELS:
        bounds = HUGE
    return Trial(family, _reading(rng, picture), bounds)


def _megapixels(picture: Any) -> float:
    """Megapixels of an array or image, or those that a file announces; 0 where it is no picture."""
    if isinstance(picture, np.ndarray):
        return float(np.prod(picture.shape[:2]) / 1e6)
    if isinstance(picture, Image.Image):
        return picture.width * picture.height / 1e6
    if not isinstance(picture, bytes):
        return 0.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            width, height = Image.open(io.BytesIO(picture)).size
    except Exception:  # decoders meet damage with any exception
        return 0.0
    return float(width * height / 1e6)


def _reading(rng: Rng, picture: Any) -> Callable[[], None]:
    modes = get_args(Mode)
    mode = "auto" if rng.random() < 0.6 else modes[rng.integers(len(modes))]
    region = None
    if rng.random() < 0.15:
        left, top, right, bottom = rng.random(4) * [0.5, 0.5, 0.5, 0.5] + [0, 0, 0.01, 0.01]
        region = ",".join(f"{100 * side:.3f}%" for side in (left, top, right, bottom))
        if rng.random() < 0.3:
            region = ",".join(
                str(int(side)) for side in rng.integers(0, 100, 2).tolist() + rng.integers(1, 900, 2).tolist()
            )
    rule = rng.random()
    method = "displacement" if rng.random() < 0.05 else "segmentation"
    digits = int(rng.integers(1, 12)) if rule < 0.1 else None
    pattern = PATTERNS[rng.integers(len(PATTERNS))] if 0.1 <= rule < 0.2 else None
    best = int(rng.choice([1, 5, 30]))
    threshold = [None, 0.0, 0.7, 1.0][rng.integers(4)]
    annotate = rng.random() < 0.03

    def run() -> None:
        one = reader(method)
        documents = DocumentReader(
            one,
            mode=mode,
            region=parse_region(region) if region else None,
            grammar=make_grammar(one.model.classes, digits=digits, pattern=pattern),
            best=best,
            threshold=threshold,
            annotate=annotate,
        )
        pages = list(documents.read(picture, "the input"))
        assert pages, "no page came back, and no error"
        for page in pages:
            check_page(page, sizes(picture) if page.result else {})
        refusal = next((page.error for page in pages if page.error), "")
        if refusal and all(page.error for page in pages):
            raise LeNet5Error(refusal)

    return run


def sizes(picture: Any) -> dict[int, tuple[int, int]]:
    """Width and height of every page in pixels of the file, as another opening gives them."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for page in open_pages(picture):
            rows, columns = page.image.shape[:2]
            found[page.number] = (math.ceil(columns * page.pixels), math.ceil(rows * page.pixels))
    return found


def check_page(page: PageResult, pages: dict[int, tuple[int, int]]) -> None:
    """Raise AssertionError where a result is none: boxes outside, shares beyond 0 … 1, what JSON cannot hold."""
    data = page.to_dict()
    text = json.dumps(data, allow_nan=False)
    assert PageResult.from_dict(json.loads(text)).to_dict() == data, "JSON does not give the result back"
    if page.result is None:
        assert page.error, "neither a result nor an error"
        return
    width, height = pages[page.page]
    assert page.result.lines, "a result without a line"
    for what in (*page.result.lines, *page.result.strings, *page.result.characters):
        left, top, across, down = what.box
        inside = left >= 0 and top >= 0 and left + across <= width and top + down <= height
        assert inside, f"the box {list(what.box)} lies outside {width}×{height}"
        # An empty place of a table or a row of boxes may have no extent.
        assert across >= 0 and down >= 0, f"the box {list(what.box)} has no extent"
    for part in (*page.result.strings, *page.result.characters):
        for share in (part.confidence, *(other.confidence for other in part.alternatives)):
            assert -1e-9 <= share <= 1 + 1e-6, f"a confidence of {share}"
        assert math.isfinite(part.penalty), f"a penalty of {part.penalty}"


# --- families -----------------------------------------------------------------------------------------------


def _canvas(rng: Rng, low: int, high: int) -> tuple[int, int]:
    """Width and height, each drawn evenly on a logarithmic scale."""
    width, height = np.exp(rng.uniform(np.log(low), np.log(high), 2)).astype(int).tolist()
    return max(1, width), max(1, height)


def _finish(rng: Rng, picture: Image.Image) -> Any:
    """Ink on paper as it comes: turned, noisy, uneven, coloured, inverted; as an array, a PIL image or a file."""
    if rng.random() < 0.25:
        picture = picture.rotate(float(rng.normal(0, 4)), fillcolor=255, expand=bool(rng.integers(2)))
    if rng.random() < 0.03:
        picture = picture.rotate(90 * int(rng.integers(1, 4)), expand=True)
    grey = np.asarray(picture, np.float32)
    if rng.random() < 0.5:
        grey = grey + rng.normal(0, rng.choice([2, 8, 25]), grey.shape)
    if rng.random() < 0.2:
        grey = grey * np.linspace(rng.uniform(0.3, 1), 1, grey.shape[1])
    if rng.random() < 0.3:
        low, high = sorted(rng.uniform(0, 255, 2))
        grey = low + (high - low) * grey / 255
    if rng.random() < 0.25:
        grey = 255 - grey
    array = grey.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        array = np.stack([(array * rng.uniform(0.5, 1)).astype(np.uint8) for _ in range(3)], 2)
    kind = rng.random()
    if kind < 0.3:
        return array
    image = Image.fromarray(array)
    return image if kind < 0.4 else _encode(rng, image)


def _encode(rng: Rng, image: Image.Image) -> bytes:
    file, kind = io.BytesIO(), str(rng.choice(FORMATS, p=np.array([8, 6, 2, 2, 2, 3, 2, 1, 1, 1, 1]) / 29))
    options: dict[str, Any] = {"quality": int(rng.integers(5, 95))} if kind in ("JPEG", "WEBP") else {}
    if kind in ("JPEG", "PNG", "WEBP") and rng.random() < 0.1:
        exif = Image.Exif()
        exif[0x0112] = int(rng.integers(0, 10))  # orientation, 1 … 8 are known
        options["exif"] = exif
    try:
        image.save(file, kind, **options)
    except (OSError, ValueError):  # not every format takes every size and mode
        file = io.BytesIO()
        image.save(file, "PNG")
    return file.getvalue()


def _writing(rng: Rng) -> Any:
    """Strokes and digits of a printed face, in a line, on paper."""
    width, height = _canvas(rng, 12, 420)
    picture = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 12))):
        x, y, size = (
            rng.uniform(0, width),
            rng.uniform(0, height * 0.7),
            max(4, int(rng.uniform(0.2, 0.9) * height)),
        )
        if rng.random() < 0.6:
            draw.text((x, y), str(rng.integers(10)), fill=int(rng.integers(120)), font=_font(size))
        else:
            steps = rng.normal(0, size / 4, (int(rng.integers(2, 9)), 2))
            points = np.cumsum(steps, 0) + np.array([x, y + size / 2])
            draw.line(
                [tuple(p) for p in points.tolist()], fill=int(rng.integers(150)), width=max(1, size // 8)
            )
    if rng.random() < 0.2:
        draw.rectangle([0, 0, width - 1, height - 1], outline=0, width=int(rng.integers(1, 5)))
    return _finish(rng, picture)


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def _pattern(rng: Rng, low: int = 8, high: int = 500) -> Any:
    """Marks that repeat: bars, dashes, dots, grids, boards, rings, waves, noise of some grain."""
    width, height = _canvas(rng, low, high)
    y, x = np.mgrid[:height, :width]
    period, share = rng.uniform(2, max(3, min(width, height))), rng.uniform(0.1, 0.9)
    across, down = (x % period) / period < share, (y % (period * rng.uniform(0.3, 3))) / period < share
    middle = abs(y - height / 2) < height * rng.uniform(0.01, 0.45)
    discs = np.hypot(x % period - period / 2, y % period - period / 2) < period * share / 2
    coarse = np.kron(rng.random((-(-height // 5), -(-width // 5))) < share**2, np.ones((5, 5), bool))
    kinds = (
        lambda: across,
        lambda: down,
        lambda: across & middle,
        lambda: across & down,
        lambda: across | down,
        lambda: across ^ down,
        lambda: (x + y * rng.uniform(-2, 2)) % period < period * share,
        lambda: np.hypot(x - width / 2, y - height / 2) % period < period * share,
        lambda: discs & (middle | (share > 0.5)),
        lambda: rng.random((height, width)) < share**4,
        lambda: coarse[:height, :width],
        lambda: abs(y - height * (0.5 + 0.4 * np.sin(x / period))) < 1 + 4 * share,
        lambda: (x == int(share * width)) | (y == int(share * height)),
        lambda: (x / max(1, width) + 0 * y) > rng.random((height, width)),
    )  # fmt: skip
    mask = kinds[rng.integers(len(kinds))]()
    return _finish(rng, Image.fromarray(np.where(mask, 0, 255).astype(np.uint8)))


DTYPES = ("?", "u1", "i1", "u2", "i2", "u4", "i8", "f2", "f4", "f8", ">f4", "c8", "O", "U1", "M8[s]")


def _degenerate(rng: Rng) -> Any:
    """Arrays and images at the edge of what is one: no size, one row, one value, other types, no numbers."""
    sides = (0, 1, 2, 3, 5, 19, 28, 32, 64, 300)
    rows, columns = (int(sides[rng.integers(len(sides))]) for _ in range(2))
    kind = rng.random()
    if kind < 0.2:
        modes = ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "I;16")
        mode = modes[rng.integers(len(modes))]
        image = Image.new(mode, (max(1, columns), max(1, rows)))
        if mode in ("1", "L", "RGB", "RGBA", "LA") and rng.random() < 0.6:
            image.putdata(
                [
                    tuple(p) if len(image.getbands()) > 1 else p[0]
                    for p in rng.integers(
                        0, 256, (image.width * image.height, len(image.getbands()))
                    ).tolist()
                ]
            )
        return image
    if kind < 0.35:
        image = Image.new("L", (columns + 1, rows + 1), int(rng.integers(256)))
        return _encode(rng, image)
    if kind < 0.45:
        return (
            b"",
            b"\0",
            b"GIF89a",
            b"%PDF-1.7",
            b"II*\0",
            b"\x89PNG\r\n\x1a\n",
            rng.bytes(300),
            7,
            None,
            "no such file",
            "\0",
        )[rng.integers(11)]
    dimensions = (rows, columns, *((int(rng.choice([1, 2, 3, 4, 5])),) if rng.random() < 0.3 else ()))
    shape = dimensions[: int(rng.integers(0, 4))] if rng.random() < 0.1 else dimensions
    values = rng.random(shape)
    value = rng.random()
    if value < 0.2:
        values = values * 0 + rng.random()
    elif value < 0.35:
        values = values * 1e-9 + 0.5  # constant but for rounding
    elif value < 0.5 and values.size:
        values.flat[rng.integers(values.size)] = rng.choice([np.nan, np.inf, -np.inf, -1, 2, 300, 1e300])
    elif value < 0.7:
        values = np.rint(values)
    kind = str(rng.choice(DTYPES)) if rng.random() < 0.5 else "f4"
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind in ("M8[s]",):
            array = np.zeros(shape, kind)
        else:
            factor = 255 if kind[0] in "iuUO" else 1
            array = np.asarray(np.nan_to_num(values * factor) if kind[0] in "iu" else values * factor).astype(
                kind
            )
    turn = rng.random()
    if turn < 0.1:
        return array[..., ::-1] if array.ndim else array
    if turn < 0.2:
        return array.T
    if turn < 0.25:
        return np.broadcast_to(array, (2, *array.shape))
    return array


def _damaged(rng: Rng) -> bytes:
    """A picture file of any kind, damaged."""
    make = _writing if rng.random() < 0.7 else _degenerate
    picture = make(rng)
    if not isinstance(picture, bytes):
        picture = _encode(rng, Image.fromarray(rng.integers(0, 256, (20, 30), np.uint8)))
    return mutate(rng, picture)


def _page(rng: Rng) -> Any:
    """A page of up to 1.5 megapixels: lists, tables, dense writing, noise, a strip."""
    if rng.random() < 0.3:
        return _pattern(rng, 200, 1200)
    width, height = (int(side) for side in rng.integers(300, 1300, 2))
    if rng.random() < 0.15:
        width, height = int(rng.integers(3000, 16000)), int(rng.integers(30, 90))
    return _finish(rng, _filled(rng, width, height))


def _large(rng: Rng) -> Any:
    """A page of 2 to 12 megapixels."""
    width = int(rng.integers(1400, 4001))
    height = int(min(rng.integers(1400, 4001), 12_000_000 // width))
    if rng.random() < 0.3:
        tile = np.asarray(_filled(rng, 500, 500))
        whole = np.tile(tile, (-(-height // 500), -(-width // 500)))[:height, :width]
        return Image.fromarray(np.ascontiguousarray(whole))
    return _filled(rng, width, height)


def _filled(rng: Rng, width: int, height: int) -> Image.Image:
    """A page with rows of writing, or a table."""
    picture = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(picture)
    size = int(rng.integers(14, 60))
    row, column = size * rng.uniform(1.0, 3), size * rng.uniform(0.5, 4)
    dense, ruled = rng.uniform(0.1, 1), rng.random() < 0.5
    y = row / 2
    while y < height:
        if ruled:
            draw.line([(0, y - row * 0.1), (width, y - row * 0.1)], fill=60, width=int(rng.integers(1, 4)))
        for x in np.arange(column / 2, width, column):
            if rng.random() < dense:
                draw.text((x, y), str(rng.integers(10)), fill=int(rng.integers(110)), font=_font(size))
        y += row
    if ruled and rng.random() < 0.7:
        for x in np.arange(column * 0.3, width, column):
            draw.line([(x, 0), (x, height)], fill=60, width=2)
    return picture


def _huge(rng: Rng) -> bytes:
    """A PNG that announces many pixels, and keeps its word, or does not."""
    side = float(np.exp(rng.uniform(np.log(4e3), np.log(4e5))))
    width, height = max(1, int(side * rng.uniform(0.2, 1))), max(1, int(side * rng.uniform(0.2, 1)))
    if rng.random() < 0.3:
        width, height = (1, width * 50) if rng.random() < 0.5 else (width * 50, 1)
    depth, colour = ((8, 0), (8, 2), (1, 0), (16, 0), (8, 6))[rng.integers(5)]
    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = bytes([0]) + bytes([int(rng.choice([0, 255]))]) * -(-width * depth * channels // 8)
    # As many rows as 40 MB hold; a file that ends early is one that lies.
    rows = min(height, 40_000_000 // len(row))
    packed = zlib.compress(row * rows, 1)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


FAMILIES: dict[str, tuple[float, Callable[[Rng], Any], Bounds]] = {  # share, generator, bounds
    "writing": (34, _writing, PAGE),
    "patterns": (28, _pattern, PAGE),
    "degenerate": (18, _degenerate, PAGE),
    "damaged files": (18, _damaged, PAGE),
    "pages": (1.6, _page, PAGE),
    "large pages": (0.2, _large, PAGE),
    "huge sizes": (0.2, _huge, HUGE),
}
