"""Results as images: boxes where the characters are, and glyphs as the network sees them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lenet5.reading.overlay import ACCEPTED, REJECTED, annotate, contact_sheet, encode_png
from lenet5.reading.results import Alternative, Character, Line, Result, String


def result(*characters: Character) -> Result:
    text = "".join(character.text for character in characters)
    return Result((Line((String(text, 1.0, 0.9, characters),)),))


def drawn(colour: tuple[int, int, int], picture: Image.Image) -> np.ndarray:
    """Rows and columns of the pixels of a colour, (pixels, 2)."""
    return np.argwhere((np.asarray(picture) == colour).all(2))


def test_boxes_are_drawn_where_the_characters_are():
    image = np.ones((900, 600, 3), np.float32)  # large enough to be drawn as it is
    shown = Character("7", (100, 200, 80, 120), 1.0, 0.9)
    doubtful = Character("?", (300, 250, 60, 100), 1.0, 0.2, (Alternative("4", 1.0, 0.2),), "4 20%")
    picture = annotate(image, [result(shown, doubtful)])
    margin = picture.height - 900
    assert picture.width == 600 and margin > 0
    for colour, (left, top, width, height) in ((ACCEPTED, shown.box), (REJECTED, doubtful.box)):
        rows, columns = drawn(colour, picture).T
        assert (columns.min(), columns.max()) == (left, left + width)
        assert rows.max() == top + height + margin


def test_small_images_are_enlarged_by_a_whole_number():
    picture = annotate(np.ones((40, 100, 3), np.float32), [])
    assert picture.width == 900


def test_a_contact_sheet_shows_glyphs_side_by_side_with_their_edge():
    glyphs = [np.full((28, 28), level, np.uint8) for level in (0, 255)]
    levels = np.asarray(contact_sheet(glyphs))
    assert levels.shape == (256, 512)
    assert levels[:, :256].min() == 255  # no ink
    assert levels[16:240, 272:496].max() == 0 and levels[:16].min() == 255


def test_a_png_is_the_picture_again():
    import io

    picture = contact_sheet([np.arange(784).reshape(28, 28).astype(np.uint8)])
    with Image.open(io.BytesIO(encode_png(picture))) as again:
        assert np.array_equal(np.asarray(again), np.asarray(picture))
