"""The drawn codes: exactly Fig. 3's digits, and one drawing for all of printable ASCII."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.network.codes import DIGITS, PRINTABLE, code, codes, draw, parse

# The ten digits of Fig. 3 as they are transcribed, a row of all ten at a time.
FIG_3 = """
.#####.  ...##..  .#####.  #######  .#####.  .#####.  ..####.  #######  .#####.  .#####.
.......  ..###..  .......  .....##  .......  .......  .##....  .....##  ##...##  ##..###
..###..  .####..  .#####.  ....##.  .......  #######  ##.....  .....##  ##...##  ##...##
.##.##.  ...##..  ##...##  ...##..  .##..##  ##.....  ##.....  ....##.  ##...##  ##...##
##...##  ...##..  #....##  ..####.  .##..##  ##.....  ######.  ...##..  .#####.  ##..###
##...##  ...##..  ....##.  .....##  ###..##  .####..  ###..##  ...##..  ##...##  .######
##...##  ...##..  ..###..  .....##  ##...##  ..####.  ##...##  ..##...  ##...##  .....##
##...##  ...##..  .##....  .....##  ##...##  .....##  ##...##  ..##...  ##...##  .....##
.##.##.  ...##..  ##.....  ##...##  ##..###  ##...##  ###..##  ..##...  ##...##  ....##.
..###..  .######  #######  .#####.  .######  .#####.  .#####.  ..##...  .#####.  .####..
.......  .......  .......  .......  .....##  .......  .......  .......  .......  .......
.......  .......  .......  .......  .....##  .......  .......  .......  .......  .......
"""


def distances(classes: str) -> np.ndarray:
    drawn = codes(classes)
    return ((drawn[:, None] - drawn) ** 2).sum(2)


def test_the_digits_are_those_of_figure_3():
    rows = [line.split() for line in FIG_3.strip().splitlines()]
    for digit in range(10):
        marks = "".join(row[digit] for row in rows)
        assert code(str(digit)).tolist() == [1 if mark == "#" else -1 for mark in marks]


def test_two_digits_are_48_apart_or_more():
    assert distances(DIGITS)[~np.eye(10, dtype=bool)].min() == 48


def test_all_of_printable_ascii_is_drawn_with_plus_and_minus_one():
    assert "".join(chr(i) for i in range(0x20, 0x7F)) == PRINTABLE
    drawn = codes(PRINTABLE)
    assert drawn.shape == (95, 84)
    assert drawn.dtype == np.float32
    assert set(np.unique(drawn)) == {-1, 1}


def test_no_two_codes_are_the_same_and_capitals_are_well_apart():
    assert distances(PRINTABLE)[~np.eye(95, dtype=bool)].min() >= 16
    assert distances("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[~np.eye(26, dtype=bool)].min() >= 20


@pytest.mark.parametrize(
    "pair",
    ["0O", "Oo", "1l", "1I", "Il", "l|", "5S", "Ss", "2Z", "8B", "cC", "UV", "gq", "uv", ".,", ":;"],
)
def test_characters_that_look_alike_have_codes_alike(pair):
    all_pairs = distances(PRINTABLE)[np.triu_indices(95, 1)]
    assert distances(pair)[0, 1] < np.median(all_pairs)


def test_a_code_is_the_bitmap_row_by_row():
    bitmap = code("L").reshape(12, 7)
    assert (bitmap[:10, :2] == 1).all()
    assert (bitmap[9] == 1).all()
    assert (bitmap[10:] == -1).all()


@pytest.mark.parametrize("character", ["é", "", "ab", "\n", 3, None])
def test_a_character_without_a_code_is_refused(character):
    with pytest.raises(InputError, match="has no code"):
        code(character)


def test_what_is_drawn_is_read_again():
    again = parse(draw(PRINTABLE.strip()))
    assert all((again[name].ravel() == code(name)).all() for name in PRINTABLE.strip())


def picture(width: int = 7, height: int = 12, mark: str = "#") -> str:
    return "A\n" + "\n".join([mark * width] * height)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (picture(width=6), "line 2: 1 pieces of 7 marks"),
        (picture(height=11), "12 lines of bitmaps must follow, not 11"),
        (picture(mark="x"), "line 2: only # and ."),
        (picture() + "\n" + picture(), "line 14: 'A' is not one character, or is drawn twice"),
    ],
)
def test_a_drawing_that_is_wrong_is_named_by_its_line(text, said):
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        parse(text)
