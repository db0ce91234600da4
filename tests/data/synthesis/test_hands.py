"""Real digits and signs by writer."""

import numpy as np
import pytest

from lenet5.data.synthesis.hands import Hands
from lenet5.data.synthesis.text_lines import MARK, NOBODY, Source, line
from lenet5.data.synthesis.training_set import (
    Supplement,
    build_training_set,
    characters,
    drawings,
    strangers_of,
)
from lenet5.data.trajectories.trajectories import Kind, Writing, from_writings
from lenet5.errors import InputError

DIGITS = list("0123456789")


def rng(seed=0):
    return np.random.default_rng(seed)


def stroke(slant, width):
    """A zigzag of three points, leaning and as wide as asked for."""
    return np.array([[slant, 0.0], [width, 0.4], [0.0, 1.0]]) * 100


@pytest.fixture(scope="module")
def hands():
    """Four writers: two upright, two slanted; the second and the fourth wrote no 7."""
    writings = []
    for number, slant in enumerate((0.0, 0.05, 0.8, 0.85)):
        for digit in DIGITS:
            if digit != "7" or number % 2 == 0:
                writings.append(Writing(digit, [stroke(slant, 0.5)], f"writer {number}"))
        writings += [
            Writing(sign, [np.array([[0.0, 0.0], [100.0, 9.0]])], f"writer {number}") for sign in ",.-=/~|*_:"
        ]
    writings.append(Writing("K", [stroke(0.2, 0.9)], "writer 0"))
    writings.append(Writing("1", [np.array([[0.0, 0.0], [100.0, 5.0]])], "writer 0"))  # a dash by its looks
    writings.append(Writing("E", [np.array([[0.0, 0.0], [5.0, 100.0]])], "writer 0"))  # a 1 by its looks
    return Hands(from_writings(writings, "made"))


def test_a_line_has_all_its_digits_from_one_writer(hands):
    for seed in range(12):
        hand = hands.hand(rng(seed))
        own = {int(hands.pens.writer[hand.index(digit, rng(seed))]) for digit in "01234568"}
        assert own == {int(hand.writers[0])}


def test_what_a_writer_never_wrote_comes_from_the_hand_most_like_it(hands):
    for seed in range(12):
        hand = hands.hand(rng(seed))
        other = int(hands.pens.writer[hand.index("7", rng(seed))])
        assert other == {0: 0, 1: 0, 2: 2, 3: 2}[int(hand.writers[0])]
    assert hands.hand(rng()).index("%", rng()) is None


def test_pieces_that_are_no_digit_by_their_shape_are_not_drawn(hands):
    drawn = {hands.digit(1, rng(seed)) for seed in range(60)}
    assert drawn == set(np.flatnonzero(hands.pens.labels == "1")[:-1].tolist())


def test_strangers_are_letters_that_nobody_takes_for_a_digit(hands):
    labels = {str(hands.pens.labels[hands.stranger(DIGITS, rng(seed))]) for seed in range(80)}
    assert "K" in labels and "E" not in labels and not labels & set("0123456789|/")
    alone = Hands(hands.pens.part(hands.pens.kind == Kind.DIGIT))
    assert alone.stranger(DIGITS, rng()) is None and strangers_of(alone, 5, DIGITS).shape == (0, 28, 28)


def test_a_line_by_a_hand_has_the_ink_of_every_digit_and_marks_of_its_own(hands):
    source = Source(np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), 1.0, hands, 1.0)
    marks = 0
    for seed in range(30):
        written = line(source, rng(seed))
        owners = set(np.unique(written.owner[written.foreground > 0.5])) - {MARK, NOBODY}
        assert owners <= set(range(len(written.digits))) and len(owners) >= len(written.digits) - 1
        marks += (written.owner == MARK).any()
        assert np.array_equal(line(source, rng(seed)).foreground, written.foreground)
    assert marks > 15


def test_a_share_of_drawings_is_real_and_the_rest_allographs(hands):
    plain, digits = drawings(40, 3)
    some, every = (drawings(40, 3, hands, share)[0] for share in (0.4, 1.0))
    # Without hands no chance is drawn for them: the allographs are others where a share of them is real.
    assert digits.tolist() == [k % 10 for k in range(40)]
    alike = (some == every).all((1, 2)).mean()
    assert 0.1 < alike < 0.8 and not (plain == every).all((1, 2)).any()


def test_negatives_are_as_many_with_real_letters_among_them(hands):
    own, labels = drawings(20)
    supplement = Supplement(drawn=10, lines=2, negatives=10, real=0.5, strangers=0.3)
    every, targets = build_training_set(own, labels, DIGITS, supplement, 0, pens=hands.pens)
    assert len(every) == len(targets) and np.all(targets[-10:] == 0)
    without, _ = build_training_set(own, labels, DIGITS, supplement, 0)
    assert np.array_equal(every[-10:-3], without[-10:-3]) and not np.array_equal(every[-3:], without[-3:])
    for setting in ("real", "strangers"):
        with pytest.raises(InputError, match=f"{setting} of a supplement must lie from 0 to 1"):
            Supplement(**{setting: 1.5})


def test_a_supplement_with_a_seed_of_its_own_is_the_same_in_every_training():
    own, labels = drawings(20)
    one, other = (
        build_training_set(own, labels, DIGITS, Supplement(drawn=10, seed=4), training)[0]
        for training in (0, 1)
    )
    assert np.array_equal(one, other) and np.array_equal(one[20:], drawings(10, 4)[0])
    with pytest.raises(InputError, match="whole number from 0, not -1"):
        Supplement(seed=-1)


def test_real_characters_of_other_classes_are_taken_in_either_case(hands):
    letters = ["k", "Z"]
    images, names = characters(hands, 6, letters, 0)
    assert images.shape == (6, 28, 28) and names.tolist() == [0] * 6  # K is written, and no Z
    assert len(hands.of_class("k", ["k", "K"])) == 0
    own, labels = drawings(20)
    supplement = Supplement(drawn=10, real=0.4)
    every, targets = build_training_set(own[:2], np.array([0, 1]), letters, supplement, 0, pens=hands.pens)
    assert np.array_equal(every[2:], characters(hands, 4, letters, 0)[0]) and targets.tolist() == [
        0,
        1,
        0,
        0,
        0,
        0,
    ]
    assert characters(hands, 3, ["x", "y"])[0].shape == (0, 28, 28) and len(labels) == 20
