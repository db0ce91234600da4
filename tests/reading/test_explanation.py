"""Why a picture was read so: shares, path, boxes and glyphs of what the interpretation graph was decided on."""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.imaging.load import load_image
from lenet5.imaging.trace import Trace
from lenet5.lattice.automaton import length
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.explanation import ExplanationSettings, explain
from lenet5.reading.reader import Reader

EXAMPLES = Path(__file__).parents[2] / "examples"
LINES = sorted((EXAMPLES / "lines").glob("*.png"))
EVERY = ExplanationSettings(least_share=0.0, most_arcs=10**9)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(backend="numpy")


def explained(reader, picture, settings=EVERY, **options):
    trace, image = Trace(), load_image(picture)
    result = reader.read_image(image, trace=trace, **options)
    size = image.shape[1], image.shape[0]
    return result, explain(trace, result, reader.model, size, settings=settings)


def between(line) -> list[float]:
    """For a cut after each node but the last: the sum of the shares of the arcs that lead across it."""
    last = max(arc["stop"] for arc in line["arcs"])
    return [
        sum(arc["share"] for arc in line["arcs"] if arc["start"] <= node < arc["stop"])
        for node in range(last)
    ]


@pytest.mark.parametrize("picture", LINES, ids=lambda path: path.stem)
@pytest.mark.parametrize("options", [{}, {"mode": "string"}], ids=["auto", "string"])
def test_shares_of_the_arcs_out_of_any_cut_add_to_one(reader, picture, options):
    result, data = explained(reader, picture, **options)
    assert len(data["lines"]) == len(result.lines)
    for line in data["lines"]:
        np.testing.assert_allclose(between(line), 1, atol=1e-6)


@pytest.mark.parametrize("picture", LINES, ids=lambda path: path.stem)
def test_the_path_leads_from_end_to_end_and_spells_the_text(reader, picture):
    result, data = explained(reader, picture, threshold=0.0)
    for line, read in zip(data["lines"], result.lines, strict=True):
        path = [line["arcs"][k] for k in line["path"]]
        assert path[0]["start"] == 0 and path[-1]["stop"] == len(line["nodes"]) - 1
        assert all(a["stop"] == b["start"] for a, b in itertools.pairwise(path))
        assert "".join(arc["label"] for arc in path) == read.text.replace(" ", "")
        # Boxes and glyphs are those of the characters that were read, in pixels of the picture.
        spoken = [arc for arc in path if arc["label"]]
        characters = [c for string in read.strings for c in string.characters]
        for arc, character in zip(spoken, characters, strict=True):
            assert arc["box"] == list(character.box)
            glyph = np.frombuffer(base64.b64decode(arc["glyph"]), np.uint8).reshape(28, 28)
            np.testing.assert_array_equal(glyph, character.glyph)


def test_with_a_grammar_the_path_spells_what_the_grammar_allows(reader):
    grammar = length(2, 2, reader.model.classes)
    result, data = explained(reader, LINES[0], grammar=grammar, mode="string", threshold=0.0)
    (line,) = data["lines"]
    assert len(result.text) == 2
    assert "".join(line["arcs"][k]["label"] for k in line["path"]) == result.text
    np.testing.assert_allclose(between(line), 1, atol=1e-6)


def test_one_character_is_one_arc_with_its_three_likeliest_classes(reader):
    result, data = explained(reader, EXAMPLES / "pencil-seven.png")
    (line,) = data["lines"]
    assert line["text"] == result.text == "7"
    (arc,) = line["arcs"]
    assert arc["penalties"][0][0] == "7" and len(arc["penalties"]) == 3
    assert arc["share"] == pytest.approx(1)
    assert arc["confidence"] == pytest.approx(result.characters[0].confidence)


def test_a_region_is_explained_in_pixels_of_the_whole_picture(reader):
    with Image.open(LINES[0]) as opened:
        picture = np.asarray(opened.convert("L"))
    page = np.full((picture.shape[0] + 100, picture.shape[1] + 200), 255, np.uint8)
    page[60 : 60 + picture.shape[0], 150 : 150 + picture.shape[1]] = picture
    area = f"150,60,{picture.shape[1]},{picture.shape[0]}"
    result, data = explained(reader, page, region=area, mode="string", threshold=0.0)
    (line,) = data["lines"]
    spoken = [line["arcs"][k] for k in line["path"] if line["arcs"][k]["label"]]
    assert [arc["box"] for arc in spoken] == [list(character.box) for character in result.characters]
    assert min(arc["box"][0] for arc in spoken) > 150 and min(line["nodes"]) >= 150


def test_rare_arcs_are_left_out_and_the_best_path_never(reader):
    few = ExplanationSettings(least_share=0.9, most_arcs=1)
    result, data = explained(reader, LINES[0], few, threshold=0.0)
    for line, read in zip(data["lines"], result.lines, strict=True):
        assert sorted(line["path"]) == list(range(len(line["arcs"])))
        assert "".join(line["arcs"][k]["label"] for k in line["path"]) == read.text.replace(" ", "")


@pytest.mark.parametrize("method", ["segmentation", "displacement"])
def test_a_document_is_explained_as_json_in_its_own_pixels(method):
    reader = Reader(method=method, backend="numpy")
    with Image.open(LINES[0]) as picture:
        size = picture.size
    (page,) = DocumentReader(reader, mode="lines", explain=True, threshold=0.0).read(LINES[0])
    data = json.loads(json.dumps(page.explanation, allow_nan=False))
    assert (data["width"], data["height"]) == size
    texts = ["".join(line["arcs"][k]["label"] for k in line["path"]) for line in data["lines"]]
    assert texts == [line.text.replace(" ", "") for line in page.result.lines]
    assert "explanation" not in page.to_dict()
