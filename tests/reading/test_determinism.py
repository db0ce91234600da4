"""The same picture gives the same bytes: first or 500th, alone or among threads, here or in another process."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from lenet5.engine.backend import NAMES
from lenet5.reading.reader import Reader
from lenet5.reading.results import Result

EXAMPLES = Path(__file__).parents[2] / "examples"
PICTURES = ("white-five.png", "blue-three.png", "lines/two-lines.png")
OFTEN = 500  # readings

FRESH = """
import json, sys
from lenet5.reading.reader import Reader
print(json.dumps(Reader(backend=sys.argv[1]).read(sys.argv[2]).to_dict()))
"""


def contents(result: Result) -> str:
    """All that a result says, to the last bit."""
    return json.dumps(result.to_dict())


@pytest.fixture(scope="module", params=NAMES)
def reader(request) -> Reader:
    return Reader(backend=request.param)


@pytest.fixture(scope="module")
def first(reader) -> dict[str, str]:
    """The first reading of each picture by this reader."""
    return {name: contents(reader.read(EXAMPLES / name)) for name in PICTURES}


@pytest.mark.parametrize("name", NAMES)
def test_the_500th_reading_is_the_first(name):
    small = Image.open(EXAMPLES / "white-five.png").resize((64, 64))  # a small picture is read soon
    reader = Reader("reading", backend=name)
    readings = {contents(reader.read(small, mode="character")) for _ in range(OFTEN)}
    assert len(readings) == 1


def test_other_pictures_and_threads_change_nothing(reader, first):
    names = [PICTURES[number % len(PICTURES)] for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda name: contents(reader.read(EXAMPLES / name)), names))
    assert answers == [first[name] for name in names]


def test_a_fresh_process_reads_the_same(reader, first):
    environment = {key: value for key, value in os.environ.items() if key != "LENET5_BACKEND"}
    name = PICTURES[-1]
    command = [sys.executable, "-c", FRESH, reader.model.backend.name, str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    assert done.stdout.strip() == first[name]
