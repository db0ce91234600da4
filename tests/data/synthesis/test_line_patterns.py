"""Patterns cut out of lines of digits: characters and non-characters."""

import numpy as np
import pytest

from lenet5.data.labels import NO_CHARACTER
from lenet5.data.synthesis.line_patterns import arcs, patterns, windows
from lenet5.data.synthesis.text_lines import MARK, NOBODY, Line, Source, line

NONE = np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64)


def rng(seed):
    return np.random.default_rng(seed)


@pytest.fixture(params=["drawn", "mnist"])
def source(request):
    if request.param == "drawn":
        return Source(*NONE, drawn=1.0)
    images, labels = request.getfixturevalue("mnist_train")
    return Source(images[:2000], labels[:2000], drawn=0.0)


def test_the_same_seed_gives_the_same_patterns_whatever_the_number_of_lines(source):
    few, many = patterns(source, 2, seed=5), patterns(source, 4, seed=5)
    assert np.array_equal(few[0], many[0][: len(few[0])]) and np.array_equal(few[1], many[1][: len(few[1])])
    assert not np.array_equal(patterns(source, 2, seed=6)[1], few[1])


def test_lone_digits_are_characters_and_their_halves_and_pairs_are_not():
    def ring(x):
        y, columns = np.mgrid[:40, :80]
        return (np.abs(np.hypot((y - 20) / 1.3, columns - x) - 9) < 2).astype(np.float32)

    ink = ring(20) + ring(50)
    owner = np.where(ring(20) > 0, 0, np.where(ring(50) > 0, 1, NOBODY)).astype(np.int16)
    fields, labels = arcs(Line(ink, owner, (0, 0)))
    found = {}
    for field, label in zip(fields, labels, strict=True):
        found.setdefault(int(label), []).append(field)
    # A ring whole, or nearly, is a zero; its halves, and both rings at once, are nothing.
    assert len(found[0]) >= 2 and len(found[NO_CHARACTER]) >= 3
    for field in found[0]:
        assert field[14, 14] == 0 and field[14].max() == 255


def test_windows_are_named_after_the_character_in_their_middle():
    """Each ring is met by a window or two, those half-way to another are nothing, and no window is a half."""
    y, x = np.mgrid[:60, :300]
    ink, owner = np.zeros((60, 300), np.float32), np.full((60, 300), NOBODY, np.int16)
    digits = (0, 6, 9, 0)
    for k, middle in enumerate((40, 95, 160, 250)):
        ring = np.abs(np.hypot((y - 30) / 1.3, x - middle) - 15) < 2.5
        ink[ring], owner[ring] = 1, k
    fields, labels = windows(Line(ink, owner, digits))
    named = labels[labels != NO_CHARACTER].tolist()
    assert [label for k, label in enumerate(named) if not k or named[k - 1] != label] == [0, 6, 9, 0]
    assert len(named) <= 2 * len(digits) and (labels == NO_CHARACTER).sum() >= 8
    for field in fields[labels != NO_CHARACTER]:
        assert abs(np.average(np.arange(28), weights=field[:, 6:22].any(1) * 1.0) - 13.5) < 1.5
        assert field[14, 12:16].max() < 60  # the middle of a ring
    assert windows(Line(np.zeros((9, 9), np.float32), owner[:9, :9], ()))[0].shape == (0, 28, 28)


def test_marks_are_no_characters(source):
    for seed in range(30):
        written = line(source, rng(seed))
        only = Line(np.where(written.owner == MARK, written.foreground, 0), written.owner, written.digits)
        if (only.foreground > 0.5).sum() > 30:
            assert set(arcs(only)[1]) <= {NO_CHARACTER} and set(windows(only)[1]) <= {NO_CHARACTER}


@pytest.mark.parametrize("cut", [arcs, windows])
def test_both_kinds_come_out(source, cut):
    fields, labels = patterns(source, 10, 1, cut)
    assert fields.shape == (len(labels), 28, 28) and fields.dtype == np.uint8
    assert (labels == NO_CHARACTER).sum() > 30 and (labels != NO_CHARACTER).sum() > 20
    assert (fields[labels != NO_CHARACTER].reshape(-1, 784).max(1) > 200).all()
