"""A picture that reads badly as it stands is read upside down and turned by a quarter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet5.reading.orientation import read_in_other_directions
from lenet5.reading.results import Alternative, Character, Line, Result, String

PAGE = np.zeros((60, 100, 3), np.float32)
PAGE[5, 90] = 1  # one white pixel: it says how the page is turned


def result(text: str, confidence: float, box: tuple[int, int, int, int] = (0, 0, 1, 1)) -> Result:
    characters = tuple(Character(one, box, 1.0, confidence) for one in text)
    return Result((Line((String(text, 1.0, confidence, characters),)),))


def at_white_pixel(image: np.ndarray) -> tuple[int, int, int, int]:
    row, column = np.argwhere(image[:, :, 0] == 1)[0]
    return int(column), int(row), 1, 1


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_the_sure_direction_is_read_and_named_and_its_boxes_lie_on_the_page_as_it_stands(turned):
    upright = np.rot90(PAGE, -turned // 90)  # clockwise

    def read(image: np.ndarray) -> Result:
        same = image.shape == upright.shape and (image == upright).all()
        return result("1998" if same else "????", 0.95 if same else 0.2, at_white_pixel(image))

    answer = read_in_other_directions(PAGE, result("??7?", 0.1), read)
    assert (answer.text, answer.turned) == ("1998", turned)
    assert answer.characters[0].box == at_white_pixel(PAGE)
    assert Result.from_dict(answer.to_dict()) == answer


def test_a_sure_reading_is_not_questioned_and_a_doubtful_one_stays_where_no_other_is_sure():
    def fails(_: np.ndarray) -> Result:
        raise AssertionError("read again")

    sure, doubtful = result("61", 0.9), result("?1", 0.2)
    assert read_in_other_directions(PAGE, sure, fails) is sure
    assert read_in_other_directions(PAGE, doubtful, lambda _: result("1998", 0.6)) is doubtful


def test_a_wide_image_is_read_upside_down_but_not_on_its_side():
    shapes = []

    def read(image: np.ndarray) -> Result:
        shapes.append(image.shape[:2])
        return result("????", 0.2)

    read_in_other_directions(np.zeros((30, 100, 3), np.float32), result("?1", 0.2), read)
    assert shapes == [(30, 100)]


def test_a_line_that_promises_nothing_at_a_glance_is_not_read_upside_down_but_on_its_side():
    turns = []

    def read(image: np.ndarray) -> Result:
        turns.append(image.shape[:2])
        return result("????", 0.2)

    read_in_other_directions(PAGE, result("?1", 0.2), read, glance=lambda: 0.3)
    assert turns == [(100, 60), (100, 60)]


def test_a_point_at_the_foot_of_digits_speaks_against_upside_down():
    upright, hidden = result("?6,", 0.2), result("??", 0.2)
    comma = Character("?", (0, 0, 1, 1), 1.0, 0.2, (Alternative(",", 1.0, 0.2),))
    string = replace(hidden.lines[0].strings[0], characters=(*hidden.characters, comma))
    hidden = Result((Line((string,)),))
    wide = np.zeros((30, 100, 3), np.float32)
    for doubtful in (upright, hidden):
        assert read_in_other_directions(wide, doubtful, lambda _: result("998", 0.95)) is doubtful
        turned = read_in_other_directions(wide, doubtful, lambda _: result("9.8", 0.95))
        assert turned.text == "9.8"
