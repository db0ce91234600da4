"""Isolated characters: one glyph each, in several views, and no segmentation that competes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lenet5.errors import PictureError
from lenet5.imaging.geometry import Region
from lenet5.imaging.load import load_image
from lenet5.imaging.normalise import normalise_character
from lenet5.imaging.shear import shear_images
from lenet5.lattice.automaton import choices
from lenet5.reading.isolated_characters import IsolationSettings, isolate, read_each, read_isolated
from lenet5.reading.reader import Reader

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def region(name: str, origin: tuple[int, int] = (0, 0)) -> Region:
    image = load_image(EXAMPLES / name)
    return Region((*origin, image.shape[1], image.shape[0]), origin, image, name)


def test_confidence_is_that_of_what_the_network_saw(reader):
    (character,) = reader.read(EXAMPLES / "white-five.png").characters
    glyph = character.glyph[None]
    views = [shear_images(glyph, slant) if slant else glyph for slant in (0, *IsolationSettings().shears)]
    likely = [reader.model.confidence_of(reader.model.penalties(view))[0, 5] for view in views]
    assert character.confidence == pytest.approx(np.mean(likely), abs=1e-4)


def test_the_glyph_is_what_training_would_make_of_the_picture():
    for name in ("pencil-seven.png", "blue-three.png", "white-five.png"):
        assert np.array_equal(isolate(region(name)).glyph, normalise_character(EXAMPLES / name))


def test_a_region_elsewhere_on_the_page_has_its_box_there():
    here, there = isolate(region("blue-three.png")), isolate(region("blue-three.png", (300, 40)))
    left, top, *size = here.placed
    assert there.placed == (left + 300, top + 40, *size)


def test_characters_side_by_side_are_one_string_whose_probabilities_multiply(reader):
    characters = [isolate(region(name)) for name in ("pencil-seven.png", "blue-three.png")]
    string = read_isolated(characters, reader.model)
    alone = [read_isolated([character], reader.model).confidence for character in characters]
    assert string.text == "73" and string.confidence == pytest.approx(np.prod(alone))
    assert [character.box for character in string.characters] == [one.placed for one in characters]
    assert string.alternatives[0].confidence == pytest.approx(np.exp(-string.alternatives[0].penalty))


def test_a_grammar_without_so_many_characters_is_a_sentence(reader):
    with pytest.raises(PictureError, match="nothing that is allowed has"):
        read_isolated([isolate(region("blue-three.png"))], reader.model, choices(["12"], "0123456789"))


@pytest.mark.parametrize("grammar", [None, choices(["7", "4"], "0123456789"), choices(["12"], "0123456789")])
def test_characters_classified_together_read_as_each_does_alone(reader, grammar):
    names = ["pencil-seven.png", "blue-three.png", "pencil-seven.png"]
    characters = [isolate(region(name)) for name in names]
    together = read_each(characters, reader.model, grammar, names=names)
    for character, name, string in zip(characters, names, together, strict=True):
        try:
            alone = read_isolated([character], reader.model, grammar, name=name)
        except PictureError as error:
            assert str(string) == str(error)
        else:
            assert string.to_dict() == alone.to_dict()


def test_blank_regions_are_a_sentence():
    with pytest.raises(PictureError, match="nothing to read in the wall"):
        isolate(Region((0, 0, 60, 60), (0, 0), np.full((60, 60, 3), 0.8, np.float32), "the wall"))


def test_a_digit_whose_parts_do_not_meet_is_read_with_these_joined(reader):
    page = np.ones((110, 110, 3), np.float32)
    page[14:50, 52:58] = page[62:96, 52:58] = 0.1  # a 1, and where the pen skipped
    character = isolate(Region((0, 0, 110, 110), (0, 0), page))
    apart = read_isolated([character], reader.model, settings=IsolationSettings(doubtful=0.0))
    joined = read_isolated([character], reader.model)
    assert apart.confidence < 0.6
    assert joined.text == "1" and joined.confidence > 0.7
    page[50:62, 52:58] = 0.1
    character = isolate(Region((0, 0, 110, 110), (0, 0), page))
    apart = read_isolated([character], reader.model, settings=IsolationSettings(doubtful=0.0))
    assert read_isolated([character], reader.model) == apart
