"""Photographs of a sheet of paper that lies on something else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from lenet5.errors import PictureError
from lenet5.imaging.normalise import normalise_character
from lenet5.imaging.page_detection import detect_page
from lenet5.reading.reader import MODES, Reader

# Levels of the paper, of what it lies on, and of the pen.
LEVELS = [(250, 190, 30), (60, 220, 235), (120, 240, 20), (245, 60, 40)]
WIDE, HIGH = 300, 220  # of the sheet


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def photograph(
    levels: tuple[int, int, int], angle: float = 0.0, ink: np.ndarray | None = None, light: float = 0.0
) -> np.ndarray:
    """A sheet in the middle of 480×400 pixels, turned by degrees, with uint8 ink in its middle; (rows, columns) uint8.

    light: by how much less there is at the right edge.
    """
    paper, table, pen = levels
    sheet = Image.new("L", (480, 400), 0)
    corner = (480 - WIDE) // 2, (400 - HIGH) // 2
    ImageDraw.Draw(sheet).rectangle([*corner, corner[0] + WIDE, corner[1] + HIGH], fill=255)
    drawn = np.zeros((400, 480), np.uint8)
    if ink is not None:
        ink = np.asarray(
            Image.fromarray(ink).resize((4 * ink.shape[1], 4 * ink.shape[0]), Image.Resampling.BICUBIC)
        )
        top, left = (400 - ink.shape[0]) // 2, (480 - ink.shape[1]) // 2
        drawn[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    on, inked = (
        np.asarray(plane.rotate(angle, Image.Resampling.BICUBIC), float) / 255
        for plane in (sheet, Image.fromarray(drawn))
    )
    picture = table + on * (paper - table)
    picture += inked * (pen - picture)
    picture *= 1 - light * np.linspace(0, 1, 480)
    noise = np.random.default_rng(3).normal(0, 3, picture.shape)
    return (ndimage.gaussian_filter(picture, 1) + noise).clip(0, 255).astype(np.uint8)


def colours(picture: np.ndarray) -> np.ndarray:
    return np.repeat(np.float32(picture / 255)[:, :, None], 3, 2)


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("angle", [0, -7, 20])
def test_a_sheet_is_found_and_nothing_but_its_paper_is_left(levels, angle):
    found = detect_page(colours(photograph(levels, angle)))
    left, top, wide, high = found.box
    slope = np.radians(abs(angle))
    across = WIDE * np.cos(slope) + HIGH * np.sin(slope)
    down = HIGH * np.cos(slope) + WIDE * np.sin(slope)
    assert 0.9 * across < wide < across and 0.9 * down < high < down
    assert abs(left + wide / 2 - 240) < 4 and abs(top + high / 2 - 200) < 4
    assert found.image.shape == (high, wide, 3) and found.image.dtype == np.float32
    assert np.abs(ndimage.uniform_filter(found.image[:, :, 0], 9) - levels[0] / 255).max() < 0.02


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("mode", MODES)
def test_an_empty_sheet_has_nothing_to_read(reader, levels, mode):
    try:
        found = reader.read(photograph(levels, 5), mode=mode)
    except PictureError as error:
        assert "nothing to read" in str(error)
    else:
        assert not any(sign.isdigit() for sign in found.text)


@pytest.mark.parametrize("light", [0.0, 0.4])
def test_what_is_written_on_a_sheet_is_read_and_its_boxes_are_of_the_whole_picture(reader, mnist_test, light):
    images, labels = mnist_test
    for number, (levels, angle) in enumerate(zip(LEVELS, (0, 6, -4, 12), strict=True)):
        picture = photograph(levels, angle, images[number], light)
        found = reader.read(picture)
        assert found.text == str(labels[number])
        left, top, wide, high = found.characters[0].box
        assert abs(left + wide / 2 - 240) < 20 and abs(top + high / 2 - 200) < 20 and 40 < high < 110
        assert reader.model.predict(normalise_character(picture)[None])[0] == labels[number]


def test_lines_are_read_on_a_sheet(reader, mnist_test):
    images, labels = mnist_test
    picture = photograph(LEVELS[0], 3, np.hstack([image[:, 4:24] for image in images[:3]]))
    assert reader.read(picture).text == "".join(map(str, labels[:3]))


def test_what_is_no_sheet_is_left_as_it_is():
    plain = np.full((300, 400), 230, np.uint8)
    assert detect_page(colours(plain)) is None

    def none(draw) -> bool:
        picture = Image.fromarray(plain.copy())
        draw(ImageDraw.Draw(picture))
        return detect_page(colours(np.asarray(picture))) is None

    assert none(lambda pen: pen.ellipse([100, 50, 300, 250], fill=30))  # a blot
    assert none(lambda pen: pen.ellipse([130, 50, 270, 250], outline=30, width=25))  # a zero
    assert none(lambda pen: pen.rectangle([120, 50, 280, 250], outline=30, width=25))  # with corners
    assert none(lambda pen: pen.rectangle([180, 20, 230, 280], fill=30))  # a one
    assert none(lambda pen: pen.rectangle([0, 0, 400, 150], fill=120))  # half a page in the shade
    assert none(lambda pen: pen.rectangle([50, 50, 350, 200], outline=30, width=3))  # a printed box
    assert not none(lambda pen: pen.rectangle([50, 50, 350, 200], fill=120))

    def panel(pen) -> None:
        pen.rectangle([50, 50, 350, 200], fill=180)
        pen.line([100, 230, 140, 280, 180, 230], fill=30, width=7)

    assert none(panel)  # writing beside it would be lost
    assert detect_page(colours(photograph(LEVELS[0])[::5, ::5])) is None  # no photograph is so small
