"""Deadlines: a picture that takes too long is one sentence, and the rest goes on."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from lenet5.deadline import NEVER, Deadline
from lenet5.errors import InputError, LeNet5Error, TimeLimitError
from lenet5.lattice.graph import Graph
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import METHODS, MODES, Reader


def ones(count: int, lines: int = 2) -> np.ndarray:
    """A picture of so many lines of `count` strokes each."""
    image = np.full((80 * lines + 10, 60 * count + 40), 240, np.uint8)
    for line in range(30, 80 * lines, 80):
        for number in range(count):
            image[line : line + 40, 30 + 60 * number : 36 + 60 * number] = 20
    return image


def ticking(seconds: float) -> Deadline:
    """A deadline so many checks from now, by a clock that moves on by a second whenever it is looked at."""
    return Deadline.of(seconds, "a.png", itertools.count().__next__)


def test_a_deadline_passes_after_its_seconds_and_says_what_was_allowed():
    deadline = ticking(2.5)
    deadline.check()
    deadline.check()
    with pytest.raises(TimeLimitError, match=r"cannot read a.png within 2.5 s") as failure:
        deadline.check()
    assert isinstance(failure.value, TimeoutError)
    assert isinstance(failure.value, LeNet5Error)


@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_a_timeout_that_is_no_time_is_refused(seconds):
    with pytest.raises(InputError, match="above 0"):
        Deadline.of(seconds)


def test_without_a_timeout_no_clock_is_looked_at():
    def broken() -> float:
        raise AssertionError("the clock was looked at")

    assert Deadline.of(None) is NEVER
    dataclasses.replace(NEVER, clock=broken).check()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", MODES)
def test_every_way_of_reading_checks_its_deadline_and_answers_the_same_within_it(mode, method):
    reader = Reader(method=method, backend="numpy")
    free = _outcome(lambda: reader.read(ones(3), "a.png", mode=mode))
    assert _outcome(lambda: reader.read(ones(3), "a.png", mode=mode, timeout=ticking(10_000))) == free
    with pytest.raises(TimeLimitError, match=r"within 0\.5 s"):
        reader.read(ones(3), "a.png", mode=mode, timeout=ticking(0.5))


def _outcome(read):
    try:
        return read().to_dict()
    except LeNet5Error as error:
        return str(error)


def test_the_deadline_is_checked_more_often_where_there_is_more_to_read():
    reader = Reader(backend="numpy")
    checks = []
    for lines in (2, 5):
        clock = itertools.count()
        reader.read(ones(4, lines), timeout=Deadline.of(10**6, "a.png", clock.__next__))
        checks.append(next(clock))
    assert checks[1] >= checks[0] + 9  # three a line


def test_a_search_of_many_steps_is_given_up_in_its_midst():
    start = np.repeat(np.arange(9000), 2)
    graph = Graph(9001, start, start + 1, np.tile([1, 2], 9000), np.full(18000, 0.5))
    assert len(graph.readings(100)) == 100
    with pytest.raises(TimeLimitError):
        graph.readings(100, deadline=ticking(0.5))


def test_a_page_beyond_its_time_is_an_error_of_its_own_and_the_next_document_is_read():
    documents = DocumentReader(Reader(backend="numpy"), timeout=1e-6)
    (page,) = documents.read(ones(3), "a.png")
    assert page.result is None
    assert page.error.startswith("cannot read a.png within 1e-06 s")
    assert page.failed
    (page,) = dataclasses.replace(documents, timeout=600).read(ones(3), "a.png")
    assert page.result is not None
