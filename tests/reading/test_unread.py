"""Ink that belongs to no character has its box in the result."""

from __future__ import annotations

import numpy as np

from lenet5.reading.results import Character, Line, Result, String
from lenet5.reading.unread import unread_boxes


def line(*characters: tuple[str, tuple[int, int, int, int]]) -> String:
    read = tuple(Character(text, box, 1.0, 0.9) for text, box in characters)
    return String("".join(text for text, _ in characters), 1.0, 0.9, read)


def with_ink(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    foreground = np.zeros((60, 160), np.float32)
    for left, top, width, height in boxes:
        foreground[top : top + height, left : left + width] = 1
    return foreground


def test_a_point_and_a_dash_between_digits_are_named_and_the_digits_are_not():
    digits = (10, 10, 20, 40), (60, 10, 20, 40), (120, 10, 20, 40)
    point, dash = (40, 44, 6, 6), (90, 28, 18, 5)
    read = line(*(("8", box) for box in digits))
    assert unread_boxes(read, with_ink(*digits, point, dash)) == (point, dash)
    assert unread_boxes(read, with_ink(*digits)) == ()


def test_a_comma_in_the_box_of_the_digit_beside_it_is_named():
    comma = (36, 42, 5, 12)
    read = line(("8", (10, 10, 31, 44)), ("3", (60, 10, 20, 40)))
    assert unread_boxes(read, with_ink((10, 10, 20, 40), (60, 10, 20, 40), comma)) == (comma,)


def test_the_bar_of_a_5_above_its_body_belongs_to_it():
    read = line(("5", (10, 10, 24, 40)), ("3", (60, 10, 20, 40)))
    assert unread_boxes(read, with_ink((10, 18, 20, 32), (16, 10, 18, 4), (60, 10, 20, 40))) == ()


def test_unread_ink_goes_with_the_boxes_and_through_json():
    read = String("7", 1.0, 0.9, (Character("7", (10, 10, 20, 40), 1.0, 0.9),), unread=((4, 6, 2, 2),))
    result = Result((Line((read,)),)).scale(2)
    assert result.unread == ((8, 12, 4, 4),)
    assert result.to_dict()["unread"] == [[8, 12, 4, 4]]
    assert Result.from_dict(result.to_dict()) == result
