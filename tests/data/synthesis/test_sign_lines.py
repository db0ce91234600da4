"""Lines of digits and signs: who wrote each pixel, where signs stand, and what their candidates are called."""

import string

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes

from lenet5.data.labels import NO_CHARACTER
from lenet5.data.synthesis.sign_lines import (
    CLASSES,
    PLACES,
    Writers,
    random_expression,
    random_text,
    sign_line,
    sign_patterns,
    whole,
)
from lenet5.data.synthesis.text_lines import MARK
from lenet5.data.trajectories.trajectories import Trajectories, Writing, from_writings
from lenet5.errors import DataError
from lenet5.network.codes import DIGITS, SIGNS


def upright(left: float = 0.0) -> np.ndarray:
    return np.array([[left, 0.0], [left, 50.0], [left, 100.0]])


def flat(top: float = 0.0) -> np.ndarray:
    return np.array([[0.0, top], [50.0, top], [100.0, top]])


RING = np.stack([50 + 40 * np.cos(np.linspace(0, 6.3, 30)), 50 + 50 * np.sin(np.linspace(0, 6.3, 30))], 1)
NARROW = RING * (0.22, 1.0)
ZIGZAG = np.array([[0.0, 0.0], [60.0, 0.0], [0.0, 100.0], [60.0, 100.0]])
# As many strokes as a sign has at least.
SHAPES = {
    "-": [flat()],
    "=": [flat(), flat(40.0)],
    ":": [upright()[:1], upright()[2:]],
    "+": [flat(50.0), upright(50.0)],
}
SHAPES |= {
    "*": [*SHAPES["+"], upright(50.0)],
    "$": [RING, upright()],
    "%": [upright(), RING],
    ".": [upright()[:2] / 50],
}


def two_writers(missing: str = "") -> Trajectories:
    """Two writers: one of rings and the other of zigzags, and the signs of both."""
    writings = []
    for writer, digit in (("a", RING), ("b", ZIGZAG)):
        for name in set(CLASSES) - set(missing):
            strokes = SHAPES.get(name, [upright()]) if name in SIGNS else [digit]
            writings.append(Writing(name, strokes, writer))
    writings += [Writing(name, [RING, upright()], "a") for name in "ABW"]
    return from_writings(writings, "two writers")


@pytest.fixture(scope="module")
def writers() -> Writers:
    return Writers(two_writers())


def draws(count: int):
    return (np.random.Generator(np.random.PCG64([3, number])) for number in range(count))


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_stands_where_its_place_says(writers, sign):
    for rng in draws(6):
        line = sign_line(f"0{sign}0", writers, rng)
        assert line.digits == (0, CLASSES.index(sign), 0)
        rows = [np.flatnonzero((line.owner == index).any(1)) for index in range(3)]
        top = np.mean([rows[0][0], rows[2][0]])
        height = np.mean([np.ptp(rows[0]), np.ptp(rows[2])]) + 1
        middle = ((rows[1][0] + rows[1][-1] + 1) / 2 - top) / height
        least, most = PLACES[sign].middle
        assert least - 0.45 < middle < most + 0.45, sign  # sizes and places of digits vary, too


def test_all_digits_of_a_line_are_of_one_writer(writers):
    for rng in draws(10):
        line = sign_line("8888", writers, rng)
        own = [line.owner == index for index in range(4)]
        ring = [binary_fill_holes(one).sum() > 1.3 * one.sum() for one in own]
        assert len(set(ring)) == 1


def test_what_nobody_writes_is_an_error_and_a_sign_needs_its_strokes():
    with pytest.raises(DataError, match="nobody writes %"):
        Writers(two_writers("%"))
    trajectories = two_writers("=")
    half = from_writings([Writing("=", [flat()], "c")], "half")
    assert len(half) == 1
    with pytest.raises(DataError, match="nobody writes ="):
        Writers(trajectories)


def test_a_stroke_of_a_digit_is_no_digit_and_a_sign_has_its_strokes():
    leaning = np.array([[60.0, 0.0], [0.0, 100.0]])
    kept = {
        "1": [[upright()], [leaning], [upright(), flat(100.0)]],
        "4": [[upright(), flat(60.0), leaning]],
        "0": [[RING], [NARROW]],
        "/": [[leaning]],
        "=": [[flat(), flat(40.0)]],
    }
    parts = {
        "1": [[flat()], [flat()[:1]]],
        "4": [[upright()], [leaning], [flat()]],
        "0": [[leaning], [RING, np.add(RING, (130.0, 0.0))]],
        "=": [[flat()]],
    }
    for forms, expected in ((kept, True), (parts, False)):
        for name, several in forms.items():
            for strokes in several:
                one = from_writings([Writing(name, strokes, "a")], "one")
                assert whole(one).tolist() == [expected], (name, strokes)


def test_what_a_writer_never_wrote_is_of_the_writer_most_alike():
    slanted = np.add(RING, RING[:, 1:] * (-0.6, 0.0))
    writings = [Writing(digit, [RING], writer) for writer in "ab" for digit in DIGITS]
    writings += [Writing(digit, [slanted], "c") for digit in DIGITS]
    # What b writes is told from what c writes by its strokes; a wrote no sign, and writes as b does.
    for writer, count in (("b", 4), ("c", 5)):
        writings += [Writing(sign, [upright(left) for left in range(count)], writer) for sign in SIGNS]
    writers = Writers(from_writings(writings, "three"))
    for rng in draws(5):
        assert [len(writers.strokes("/", writer, rng)) for writer in (0, 1, 2)] == [4, 4, 5]


def test_too_few_digits_for_lines_are_an_error():
    alone = [Writing(name, SHAPES.get(name, [RING]), f"writer {name}") for name in CLASSES]
    with pytest.raises(DataError, match="nobody writes enough digits"):
        Writers(from_writings(alone, "single characters"))


def test_signs_of_a_kind_are_alike_along_a_line(writers):
    ratios, heights = [], []
    for rng in draws(25):
        line = sign_line("0/0/0", writers, rng)
        first, second = (np.ptp(np.flatnonzero((line.owner == index).any(1))) for index in (1, 3))
        digit = np.ptp(np.flatnonzero((line.owner == 2).any(1)))
        ratios.append(np.log(first / second))
        heights.append(np.log(first / digit))
    assert np.std(ratios) < 0.8 * np.std(heights)


def test_expressions_are_amounts_dates_times_and_sums():
    texts = [random_expression(rng) for rng in draws(200)]
    assert set("".join(texts)) == set(CLASSES)
    assert all(set(text) & set(SIGNS) and set(text) & set(string.digits) for text in texts)
    assert {len(text) for text in map(random_text, draws(100))} == set(range(2, 8))


def test_candidates_of_lines_are_characters_and_non_characters(writers):
    glyphs, labels = sign_patterns(writers, 24, seed=1)
    assert glyphs.shape == (len(labels), 28, 28)
    assert glyphs.dtype == np.uint8
    assert set(labels) == {NO_CHARACTER, *range(len(CLASSES))}
    again = sign_patterns(writers, 24, seed=1)
    np.testing.assert_array_equal(again[0], glyphs)
    np.testing.assert_array_equal(again[1], labels)
    dash = glyphs[labels == CLASSES.index("-")] > 128
    wide, high = (np.mean([np.ptp(np.flatnonzero(one.any(axis))) for one in dash]) for axis in (0, 1))
    assert wide > 2 * high  # a dash stays one, whatever its size


def test_digits_can_be_images(writers):
    images = np.zeros((10, 28, 28), np.uint8)
    images[:, 4:24, 6:22] = 255  # full squares
    both = Writers(two_writers(), images, np.arange(10))
    (rng,) = draws(1)
    line = sign_line("5", both, rng, mnist=1.0)
    own = line.owner == 0
    box = np.ptp(np.flatnonzero(own.any(0))) * np.ptp(np.flatnonzero(own.any(1)))
    assert own.sum() > 0.7 * box
    assert CLASSES[:10] == DIGITS


def test_dirt_and_misplaced_marks_belong_to_no_character(writers):
    clean, dirty, marked = [], [], []
    for rng in draws(30):
        clean.append((sign_line("88-888", writers, rng).owner == MARK).any())
    for rng in draws(30):
        dirty.append((sign_line("88-888", writers, rng, dirty=1.0).owner == MARK).any())
    for rng in draws(30):
        line = sign_line("88-888", writers, rng, uneven=1.0)
        marked.append((line.owner == MARK).any())
        assert all((line.owner == index).any() for index in range(6))
    assert not any(clean)
    assert all(dirty)
    assert 5 < sum(marked) < 25  # about one character in twelve has a mark after it


def test_digits_after_the_last_sign_may_be_small(writers):
    def ratio(uneven: float) -> float:
        ratios = []
        for rng in draws(20):
            line = sign_line("888-888", writers, rng, uneven=uneven)
            heights = [np.ptp(np.flatnonzero((line.owner == index).any(1))) for index in (0, 1, 2, 4, 5, 6)]
            ratios.append(np.mean(heights[3:]) / np.mean(heights[:3]))
        return float(np.mean(ratios))

    assert ratio(0.0) == pytest.approx(1, abs=0.06)
    assert ratio(1.0) < 0.9
