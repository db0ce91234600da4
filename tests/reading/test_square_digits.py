"""Digits in straight strokes are read by their segments, and round ones are left to the network."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet5.reading.reader import Reader
from lenet5.reading.square_digits import square_digit, with_square_digits

# The strokes of each digit between the six points of a display, 0 1 / 2 3 / 4 5.
STROKES = {
    "0": [(0, 1, 5, 4, 0)], "2": [(0, 1, 3, 2, 4, 5)], "3": [(0, 1, 5, 4), (2, 3)], "4": [(0, 2, 3), (1, 5)],
    "5": [(1, 0, 2, 3, 5, 4)], "6": [(1, 0, 4, 5, 3, 2)], "8": [(0, 1, 5, 4, 0), (2, 3)], "9": [(3, 2, 0, 1, 5, 4)],
}  # fmt: skip


def drawn(digit: str, size: int, left: float, top: float, wide: float, high: float, pen: int) -> Image.Image:
    """A square digit in dark ink on light paper."""
    picture = Image.new("L", (size, size), 240)
    points = [(left + wide * (n % 2), top + high * (n // 2) / 2) for n in range(6)]
    draw = ImageDraw.Draw(picture)
    for stroke in STROKES[digit]:
        draw.line([points[n] for n in stroke], fill=50, width=pen, joint="curve")
    return picture


def glyph(digit: str) -> np.ndarray:
    return 240 - np.asarray(drawn(digit, 28, 8, 4, 12, 19, 2))


@pytest.mark.parametrize("digit", STROKES)
def test_the_segments_say_which_square_digit_a_glyph_is(digit):
    assert square_digit(glyph(digit)) == digit


def test_round_strokes_and_strokes_that_make_no_digit_are_none():
    ring = Image.new("L", (28, 28))
    ImageDraw.Draw(ring).ellipse((7, 4, 20, 23), outline=255, width=2)
    assert square_digit(np.asarray(ring)) == ""
    frame_without_top = glyph("0").copy()
    frame_without_top[:7, 10:19] = 0
    assert square_digit(frame_without_top) == ""
    assert square_digit(np.zeros((28, 28), np.uint8)) == ""


def test_only_what_is_doubtful_is_changed_and_only_among_digits():
    doubtful, sure = np.full((1, 10), 0.01), np.full((1, 10), 0.001)
    doubtful[0, 5], sure[0, 5] = 0.9, 0.99
    six = glyph("6")[None]
    assert with_square_digits(doubtful, six, "0123456789").argmax() == 6
    np.testing.assert_array_equal(with_square_digits(sure, six, "0123456789"), sure)
    np.testing.assert_array_equal(with_square_digits(doubtful, six, "ABCDEFGHIJ"), doubtful)
    np.testing.assert_allclose(
        with_square_digits(doubtful, six, "0123456789").sum(), 0.1 * doubtful.sum() + 0.9
    )


def test_a_square_six_is_no_five():
    picture = drawn("6", 120, 36, 26, 40, 66, 6)
    result = Reader(backend="numpy").read(picture, mode="character")
    assert result.text == "6" and result.confidence >= 0.8


def test_square_digits_are_read_in_a_line_too():
    picture = Image.new("L", (330, 120), 240)
    for place, digit in enumerate("4289"):
        jitter = [0, 5, -4, 2][place]  # strokes of neighbours in one line would be a ruled line
        picture.paste(
            drawn(digit, 70, 12, 10, 34, 48, 5).crop((0, 0, 70, 70)), (20 + 70 * place, 24 + jitter)
        )
    result = Reader(backend="numpy").read(picture, mode="string")
    assert result.text == "4289"
    assert min(character.confidence for character in result.characters) >= 0.6
    assert result.characters[2].alternatives
