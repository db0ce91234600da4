"""Work shared by several processes: the same answers in the same order, and what goes wrong is told."""

import os

import pytest

from lenet5.parallel import WORTH, parallel_map, worth


def square(number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError(f"{number} is less than nothing")
    return number * number, os.getpid()


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 50])
def test_answers_come_in_the_order_of_the_items(workers, count):
    assert [found for found, _ in parallel_map(square, range(count), workers)] == [
        n * n for n in range(count)
    ]


def test_this_process_works_too_and_so_does_another():
    processes = {process for _, process in parallel_map(square, range(50_000), 2)}
    assert os.getpid() in processes and len(processes) == 2


@pytest.mark.parametrize("bad", [0, 20, 399])
def test_what_is_raised_anywhere_is_raised(bad):
    items = [-1 if number == bad else number for number in range(400)]
    with pytest.raises(ValueError, match="less than nothing"):
        list(parallel_map(square, items, 2))


def test_few_items_are_not_worth_a_process():
    assert worth(WORTH - 1) == 1 <= worth(WORTH)
