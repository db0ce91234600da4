"""From a picture to a character."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import ModelError, PictureError
from lenet5.model import LeNet5
from lenet5.reader import Reader

EXAMPLES = Path(__file__).parent.parent / "examples"
ANSWERS = {"pencil-seven.png": "7", "blue-three.png": "3", "white-five.png": "5"}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize(("name", "answer"), ANSWERS.items())
def test_the_examples_are_read(reader, name, answer):
    reading = reader.read(EXAMPLES / name)
    assert reading.text == answer
    assert reading.penalty == reading.penalties.min()
    assert 0.5 < reading.confidence <= 1


def test_a_path_bytes_a_file_an_image_and_an_array_are_read_alike(reader):
    path = EXAMPLES / "blue-three.png"
    with path.open("rb") as file, Image.open(path) as image:
        readings = [
            reader.read(source)
            for source in (path, str(path), path.read_bytes(), file, image, np.asarray(image))
        ]
    assert all((reading.penalties == readings[0].penalties).all() for reading in readings)


def test_confidence_is_the_posterior_of_what_the_network_saw(reader):
    reading = reader.read(EXAMPLES / "white-five.png")
    assert reading.confidence == pytest.approx(reader.model.posterior(reading.field[None])[0, 5], abs=1e-4)


def test_several_threads_may_read(reader):
    paths = [EXAMPLES / name for name in ANSWERS] * 8
    with ThreadPoolExecutor(4) as pool:
        assert [r.text for r in pool.map(reader.read, paths)] == list(ANSWERS.values()) * 8


def test_any_model_may_be_the_recogniser():
    model = LeNet5("XYZ", seed=3)
    assert Reader(model).read(EXAMPLES / "blue-three.png").text in "XYZ"


def test_unknown_weights_and_blank_pictures_are_sentences(reader):
    with pytest.raises(ModelError, match="digits"):
        Reader("hieroglyphs")
    with pytest.raises(PictureError, match="nothing to read in the wall"):
        reader.read(np.full((40, 40), 200, np.uint8), "the wall")
