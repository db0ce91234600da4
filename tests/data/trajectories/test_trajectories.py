"""Trajectories: strokes of characters, parts of a collection, and writers held out."""

import numpy as np
import pytest

from lenet5.data.trajectories.trajectories import Kind, Writing, from_writings
from lenet5.errors import DataError, InputError


def collection(writers=6, seed=0):
    """Characters of one to three strokes, and the strokes as they were given."""
    rng = np.random.default_rng(seed)
    given, writings = [], []
    for number in range(40):
        strokes = [rng.uniform(-5, 900, (rng.integers(1, 9), 2)) for _ in range(rng.integers(1, 4))]
        strokes[0] = np.concatenate([strokes[0], [[1000.0, 0.0]]])
        given.append(strokes)
        writings.append(Writing("07Aq,"[number % 5], strokes, f"writer {number % writers}", "art"))
    return from_writings(writings, "made"), given


def test_strokes_are_those_given_with_their_larger_side_one():
    found, given = collection()
    assert len(found) == 40 and found.kind[:5].tolist() == [0, 0, Kind.CAPITAL, Kind.SMALL, Kind.SIGN]
    for index, strokes in enumerate(given):
        every = np.concatenate(strokes)
        low, side = every.min(0), np.ptp(every, axis=0).max()
        assert len(found.strokes(index)) == len(strokes)
        for stroke, points in zip(found.strokes(index), strokes, strict=True):
            np.testing.assert_allclose(stroke, (points - low) / side, atol=6e-4)


def test_a_part_has_the_same_strokes_in_the_order_asked_for():
    found, _ = collection()
    for chosen in ([7, 3, 3, 39], found.labels == "7", []):
        part = found.part(chosen)
        numbers = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else chosen
        assert part.labels.tolist() == found.labels[np.asarray(numbers, int)].tolist()
        for index, number in enumerate(numbers):
            for one, other in zip(part.strokes(index), found.strokes(number), strict=True):
                assert np.array_equal(one, other)


def test_nobody_writes_in_both_parts_of_a_split():
    found, _ = collection()
    kept, held = found.split()
    assert len(kept) + len(held) == len(found) and len(np.unique(held.writer)) == 1
    assert not set(kept.writer) & set(held.writer)


def test_a_split_needs_writers_and_a_collection_needs_characters():
    nameless = from_writings([Writing("1", [np.zeros((2, 2))])] * 3, "nameless")
    assert np.all(nameless.points == 0)  # a point has no size
    with pytest.raises(InputError, match="nameless cannot be split by writer"):
        nameless.split()
    with pytest.raises(DataError, match="nothing has no characters"):
        from_writings([Writing("1", [np.zeros((0, 2))])], "nothing")
