"""Printed lines are painted over, and strokes that look like them are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet5.imaging.line_detection import RuledLine
from lenet5.imaging.line_removal import (
    LineRemovalSettings,
    PrintedLines,
    _underline,
    find_printed_lines,
    remove_lines,
)
from lenet5.imaging.normalise import normalise_character
from lenet5.reading.reader import Reader

PAPER, LINE, PEN = 235, 150, 40
SIZE = 320, 180  # wide, high


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def sheet(*draw: Callable[[ImageDraw.ImageDraw], object], size: tuple[int, int] = SIZE) -> Image.Image:
    picture = Image.new("L", size, PAPER)
    for one in draw:
        one(ImageDraw.Draw(picture))
    return picture


def line(*points: float, fill: int = LINE, width: int = 3) -> Callable[[ImageDraw.ImageDraw], object]:
    return lambda pen: pen.line(points, fill=fill, width=width)


def colours(picture: Image.Image) -> np.ndarray:
    return np.repeat(np.float32(np.asarray(picture) / 255)[:, :, None], 3, 2)


def lines(kind: str) -> list[Callable]:
    """What is printed, by kind."""
    wide, high = SIZE
    if kind == "frame":
        return [lambda pen: pen.rectangle((60, 20, 260, 160), outline=LINE, width=3)]
    if kind == "rim":
        return [lambda pen: pen.rectangle((0, 0, wide - 1, high - 1), outline=LINE, width=3)]
    if kind == "underline":
        return [line(90, 150, 240, 152, width=3)]
    level = [line(0, y, wide, y + 9) for y in range(10, high, 38)]
    if kind == "ruled":
        return level
    return level + [line(x, 0, x - 5, high) for x in range(15, wide, 38)]


KINDS = ["frame", "rim", "underline", "ruled", "squared"]


def stroke(pen: ImageDraw.ImageDraw) -> None:
    """A 3 in the middle, which crosses lines."""
    pen.arc((125, 40, 185, 95), 180, 90, fill=PEN, width=9)
    pen.arc((125, 87, 185, 142), 270, 180, fill=PEN, width=9)


def written(picture: Image.Image, image: np.ndarray, times: float = 4.0) -> Image.Image:
    """A digit of MNIST with a pen in the middle of a picture."""
    size = [round(times * side) for side in image.shape[::-1]]
    ink = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    corner = [(whole - side) // 2 for whole, side in zip(picture.size, size, strict=True)]
    picture.paste(PEN, corner, ink)
    return picture


@pytest.mark.parametrize("kind", KINDS)
def test_lines_go_and_what_is_written_stays(kind):
    plain = colours(sheet(stroke))
    found = find_printed_lines(colours(sheet(*lines(kind), stroke)))
    assert found is not None and found.is_grid == (kind == "squared")
    left = found.remove_from(colours(sheet(*lines(kind), stroke)))
    assert left.shape == plain.shape and left.dtype == np.float32
    off = np.abs(left - plain)[:, :, 0]
    assert (off > 0.15).mean() < 0.007  # but for the rims of strokes that were crossed
    assert off.mean() < 0.004


@pytest.mark.parametrize("kind", KINDS)
def test_light_lines_on_a_dark_board_go_as_well(kind):
    board = colours(sheet(*lines(kind), stroke).point(lambda level: 255 - level))
    assert (
        np.abs(remove_lines(board) - colours(sheet(stroke).point(lambda level: 255 - level))).mean() < 0.004
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["auto", "character", "lines", "string"])
def test_digits_on_lines_and_in_frames_are_read(reader, mnist_test, kind, mode):
    images, labels = mnist_test
    for number in range(4):
        picture = written(sheet(*lines(kind)), images[number])
        assert reader.read(picture, mode=mode, threshold=0).text == str(labels[number])


def test_a_character_alone_is_normalised_without_them(mnist_test):
    images, _ = mnist_test
    plain = normalise_character(written(sheet(), images[0])).astype(float)
    for kind in KINDS:
        found = normalise_character(written(sheet(*lines(kind)), images[0])).astype(float)
        moved = [np.roll(found, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]  # centring rounds
        assert max(np.corrcoef(one.ravel(), plain.ravel())[0, 1] for one in moved) > 0.93, kind


def test_a_number_in_a_frame_is_a_number_and_boxes_are_of_the_whole_picture(reader, mnist_test):
    images, labels = mnist_test
    three = np.hstack([image[:, 4:24] for image in images[:3]])
    picture = written(sheet(lambda pen: pen.rectangle((40, 40, 280, 140), outline=LINE, width=2)), three, 3.0)
    found = reader.read(picture)
    assert found.text == "".join(map(str, labels[:3]))
    left, top, wide, high = found.strings[0].box
    assert 70 < left < left + wide < 260 and 45 < top < top + high < 135


def test_squared_paper_is_no_row_of_printed_boxes(reader, mnist_test):
    images, labels = mnist_test
    picture = written(sheet(*lines("squared")), images[1])
    assert reader.read(picture).text == str(labels[1])
    row = sheet(
        *[lambda pen, x=x: pen.rectangle((x, 60, x + 50, 120), outline=LINE) for x in range(10, 300, 60)]
    )
    found = find_printed_lines(colours(row))
    assert found is None or not found.is_grid


def close(draw: Callable[[ImageDraw.ImageDraw], object], size: tuple[int, int]) -> Image.Image:
    """A character cut close, in thin straight strokes."""
    return sheet(draw, size=size)


@pytest.mark.parametrize(
    ("size", "strokes"),
    [
        ((60, 90), [(0, 3, 59, 3), (59, 3, 20, 89)]),  # 7
        ((60, 90), [(0, 3, 59, 3), (59, 3, 0, 86), (0, 86, 59, 86)]),  # 2, like a Z
        ((60, 90), [(40, 0, 40, 89), (10, 0, 0, 50), (0, 50, 59, 50)]),  # an open 4
        ((60, 90), [(3, 0, 3, 89), (56, 0, 56, 89)]),  # 11
        ((60, 90), [(3, 3, 56, 3), (3, 45, 56, 45), (3, 86, 56, 86), (3, 3, 3, 86), (56, 3, 56, 86)]),  # 8
        ((60, 90), [(3, 3, 56, 3), (3, 86, 56, 86), (3, 3, 3, 86), (56, 3, 56, 86)]),  # 0
        ((160, 160), [(80, 30, 80, 130), (50, 130, 110, 130), (80, 30, 60, 50)]),  # 1 with a foot
        ((160, 160), [(40, 30, 120, 30), (120, 30, 40, 130), (40, 130, 120, 130)]),  # 2
        ((160, 160), [(100, 20, 100, 140), (100, 20, 30, 90), (30, 90, 130, 90)]),  # 4
    ],
)
def test_straight_strokes_of_a_character_are_no_printed_lines(size, strokes):
    picture = sheet(*[line(*points, fill=PEN, width=3) for points in strokes], size=size)
    assert find_printed_lines(colours(picture)) is None


def test_feet_of_characters_in_a_row_are_no_underline():
    feet = [line(x, 150, x + 22, 150, fill=PEN, width=4) for x in range(60, 260, 30)]
    stems = [line(x + 11, 90, x + 11, 150, fill=PEN, width=4) for x in range(60, 260, 30)]
    assert find_printed_lines(colours(sheet(*feet, *stems))) is None


@pytest.mark.parametrize("seed", [1, 3, 6, 7])
def test_feet_of_square_digits_side_by_side_are_no_underline_and_a_line_below_them_is(seed):
    rng = np.random.default_rng(seed)  # a hand's corners are not quite where they should be
    strokes = []
    for number, corners in enumerate(
        ((0, 1, 3, 2, 3, 5, 4), (1, 0, 4, 5, 3, 2), (0, 1, 3, 2, 3, 5, 4))
    ):  # 363
        x, y = 40 + 52 * number, 50 + int(rng.integers(-6, 7))
        points = [
            (x + 34 * (n % 2) + int(rng.integers(-2, 3)), y + 32 * (n // 2) + int(rng.integers(-2, 3)))
            for n in range(6)
        ]
        strokes.append(line(*[side for n in corners for side in points[n]], fill=PEN, width=5))
    assert find_printed_lines(colours(sheet(*strokes, size=(216, 160)))) is None
    below = find_printed_lines(colours(sheet(*strokes, line(20, 140, 200, 140, width=2), size=(216, 160))))
    assert [round(one.middle) for one in below.horizontal] == [140]


def test_what_is_blank_or_tiny_has_no_lines():
    assert find_printed_lines(colours(sheet())) is None
    assert find_printed_lines(colours(sheet(line(0, 10, 30, 10), size=(30, 20)))) is None


def test_lines_are_painted_over_in_a_large_photograph_too(reader, mnist_test):
    images, labels = mnist_test
    rules = [line(0, y, 1920, y + 54, width=12) for y in range(60, 1080, 228)]
    rules += [line(x, 0, x - 30, 1080, width=12) for x in range(90, 1920, 228)]
    picture = written(sheet(*rules, size=(1920, 1080)), images[2], 24.0)
    grain = np.random.default_rng(5).normal(0, 4, (1080, 1920))
    shade = np.linspace(1, 0.7, 1920)
    picture = Image.fromarray((np.asarray(picture) * shade + grain).clip(0, 255).astype(np.uint8))
    assert reader.read(picture).text == str(labels[2])


def test_a_stroke_that_goes_on_below_a_line_is_whole_where_the_line_leaves_by_the_lower_edge():
    picture = sheet(line(0, 176, 320, 150, width=3), line(240, 30, 240, 179, fill=LINE - 20, width=9))
    ruled = RuledLine(np.array([0.0, 319.0]), np.array([176.0, 150.0]), 3.0)
    plain = PrintedLines((ruled,), (), 1.0, False).remove_from(colours(picture))
    assert plain[:, 40].min() > 0.85  # the line is gone …
    assert plain[30:, 238:243].max() < 0.65  # … and the stroke is not


def test_a_stroke_that_ends_on_a_ruled_line_keeps_its_end():
    strokes = [line(x, 40, x, 131, fill=LINE - 20, width=9) for x in (100, 160, 220)]
    picture = sheet(line(0, 130, 320, 130, width=3), *strokes)
    plain = remove_lines(colours(picture))
    assert plain[128:133, 20].min() > 0.85
    assert all(plain[128:131, x].max() < 0.6 for x in (100, 160, 220))


def test_a_bent_underline_that_leaves_the_picture_below_is_followed_within_it():
    mask = np.zeros((84, 130), bool)
    mask[16:68, 50:80] = True  # writing of one character
    left = RuledLine(np.array([0.0, 40.0, 58.0]), np.array([81.0, 81.0, 77.0]), 3.8)
    right = RuledLine(np.array([85.0, 113.0, 124.0]), np.array([81.0, 81.0, 77.0]), 3.8)
    rising = RuledLine(np.array([60.0, 124.0]), np.array([91.0, 80.0]), 3.8)
    assert rising.row(np.array([0.0]))[0] > len(mask)
    lines = [left, right, rising]
    assert _underline(mask, lines, LineRemovalSettings()) == lines
