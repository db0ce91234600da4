"""Work shared by several processes: the same answers in the same order, and what goes wrong is told."""

import os
import subprocess
import sys
import time
from pathlib import Path

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


def note_and_wait(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(0.2)


@pytest.mark.skipif(os.name != "posix", reason="processes are looked up as POSIX has them")
def test_workers_end_with_a_process_that_is_killed(tmp_path):
    script = (
        "from lenet5.parallel import parallel_map\n"
        "from tests.test_parallel import note_and_wait\n"
        f"if __name__ == '__main__': list(parallel_map(note_and_wait, [{str(tmp_path)!r}] * 1000, 3))\n"
    )
    program = tmp_path / "program.py"
    program.write_text(script)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
    process = subprocess.Popen([sys.executable, str(program)], env=environment)
    try:
        assert soon(lambda: len(noted(tmp_path)) == 3)
    finally:
        process.kill()
        process.wait()
    workers = noted(tmp_path) - {process.pid}
    assert soon(lambda: not any(map(lives, workers)))


def noted(folder: Path) -> set[int]:
    return {int(file.name) for file in folder.iterdir() if file.name.isdecimal()}


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def soon(happens, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
