"""Several pictures of one thing: probabilities multiplied over all paths of their graphs, and one reading of them."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import InputError, PictureError
from lenet5.lattice.automaton import length
from lenet5.lattice.graph import Graph
from lenet5.reading.document_reader import DocumentReader, PageResult
from lenet5.reading.explanation import DecodedLine
from lenet5.reading.frames import FrameSettings, probabilities
from lenet5.reading.interpretation_graph import InterpretationGraph
from lenet5.reading.reader import Reader

EXAMPLES = Path(__file__).parents[2] / "examples"
LINE = (0, 0, 600, 200)  # of the first line, 40725, of two
CLASSES = "0123456789"
SETTINGS = FrameSettings(floor=1e-3, weight=0.5)


@pytest.fixture(scope="module")
def reader():
    return Reader("reading", backend="numpy")


@pytest.fixture(scope="module")
def page():
    return np.asarray(Image.open(EXAMPLES / "lines" / "two-lines.png").convert("L"))


@pytest.fixture(scope="module")
def line(page):
    left, top, width, height = LINE
    return page[top : top + height, left : left + width].copy()


def covered(line, character):
    """The line with a blot of its background's grey over most of a character."""
    left, top, width, height = character.box
    spoilt = line.copy()
    spoilt[top - 4 : top + height // 2 + 4, left - 4 : left + width + 4] = np.median(line)
    return spoilt


def decoded(rng, nodes=4, labels=3):
    """A small line: one arc or two, of random labels and penalties, between any two nodes at most two apart."""
    arcs = [
        (a, b, int(rng.integers(labels)), float(rng.exponential(2)))
        for a, b in product(range(nodes), repeat=2)
        for _ in range(2)
        if 0 < b - a <= 2
    ]
    start, end, label, penalty = zip(*arcs, strict=True)
    graph = Graph(nodes, start, end, label, penalty)
    count = len(arcs)
    whole = InterpretationGraph(
        graph, np.arange(count), np.zeros((count, 28, 28), np.uint8), np.zeros((count, 10), np.float32),
        lambda candidate: (candidate, 0, 1, 1), np.arange(nodes, dtype=float),
    )  # fmt: skip
    return DecodedLine(whole, None, None), arcs


def shares_by_hand(arcs, last, texts):
    """Share of the probability of all paths that spell each text; every path is walked."""
    paths = []

    def walk(node, text, penalty):
        if node == last:
            paths.append((text, np.exp(-penalty)))
        for start, end, label, cost in arcs:
            if start == node:
                walk(end, text + CLASSES[label], penalty + cost)

    walk(0, "", 0.0)
    total = sum(weight for _, weight in paths)
    return np.array([sum(weight for text, weight in paths if text == one) / total for one in texts])


def test_the_probability_of_a_reading_is_the_product_over_all_paths_of_all_frames():
    rng = np.random.default_rng(1)
    lines, arcs = zip(*(decoded(rng) for _ in range(3)), strict=True)
    texts = ["".join(text) for text in product("012", repeat=2)]
    shares = np.stack([shares_by_hand(one, 3, texts) for one in arcs])
    rest = 1 - shares.sum(1)
    by_hand = [np.prod(np.maximum(shares[:, k], 1e-3) ** 0.5) for k in range(len(texts))]
    by_hand.append(np.prod(np.maximum(rest, 1e-3) ** 0.5))
    expected = np.array(by_hand) / sum(by_hand)
    np.testing.assert_allclose(probabilities(lines, texts, CLASSES, SETTINGS), expected, rtol=1e-9)


def test_with_weight_one_and_no_floor_frames_count_as_independent():
    rng = np.random.default_rng(2)
    lines, arcs = zip(*(decoded(rng) for _ in range(2)), strict=True)
    every = ["".join(text) for count in (2, 3) for text in product("012", repeat=count)]
    by_hand = np.prod([shares_by_hand(one, 3, every) for one in arcs], 0)
    possible = np.flatnonzero(by_hand > 0)
    assert len(possible) > 2
    texts = [every[k] for k in possible]
    got = probabilities(lines, texts, CLASSES, FrameSettings(floor=1e-30, weight=1.0))[:-1]
    np.testing.assert_allclose(got / got[0], by_hand[possible] / by_hand[possible[0]], rtol=1e-9)


def test_frames_that_err_in_different_ways_are_outvoted_by_fewer_that_agree(reader, line):
    characters = reader.read(line, "line", mode="string").characters
    pictures = [covered(line, characters[k]) for k in (0, 2, 4)]
    alone = [reader.read(picture, "frame", mode="string", threshold=0.0).text for picture in pictures]
    together = reader.read_frames([*pictures, line, line], list("abcde"), mode="string")
    assert all(text != "40725" for text in alone) and len(set(alone)) == 3
    assert together.result.text == "40725" and together.voters == (0, 1, 2, 3, 4) and not together.errors
    assert together.frame in (3, 4) and len(together.result.characters) == 5


def test_a_frame_in_which_nothing_can_be_read_has_no_vote_and_says_so(reader, line):
    blank = np.full_like(line, 230)
    together = reader.read_frames([blank, line, line], ["blank", "one", "two"], mode="string")
    assert together.result.text == "40725" and together.voters == (1, 2)
    assert "blank" in together.errors[0]


def test_frames_of_another_number_of_lines_have_no_vote(reader, page, line):
    together = reader.read_frames([line, page, page], ["line", "page", "page"], mode="lines")
    assert together.result.text.splitlines() == ["40725", "1863"] and together.voters == (1, 2)


def test_one_frame_is_read_as_a_picture_is(reader, line):
    assert reader.read_frames([line], ["line"]).result == reader.read(line, "line")


def test_a_grammar_holds_for_all_frames(reader, line):
    three = reader.read_frames([line, line], ["a", "b"], mode="string", grammar=length(3, 3, CLASSES))
    assert len(three.result.characters) == 3


def test_a_threshold_holds_for_the_common_confidence(reader, line):
    text = reader.read_frames([line, line], ["a", "b"], mode="string", threshold=1.0).result.text
    assert set(text) == {"?"} and len(text) == 5


def test_boxes_lie_in_the_picture_that_is_named(reader, line):
    wide = np.pad(line, ((0, 0), (300, 0)), mode="edge")
    together = reader.read_frames([line, wide], ["a", "b"], mode="string")
    own = reader.read([line, wide][together.frame], "own", mode="string")
    assert [c.box for c in together.result.characters] == [c.box for c in own.characters]


def test_no_frames_and_nothing_but_blank_ones_are_refused(reader, line):
    with pytest.raises(InputError, match="no frames"):
        reader.read_frames([])
    with pytest.raises(PictureError, match="first"):
        reader.read_frames([np.full_like(line, 230)] * 2, ["first", "second"])


def test_a_document_reader_names_the_frames_and_keeps_them_as_data(reader, line):
    documents = DocumentReader(reader, mode="string")
    blank = np.full_like(line, 230)
    page, failed = documents.read_frames([line, line, blank], ["a", "b", "blank"])
    assert page.frames == ("a", "b") and page.result.text == "40725" and "blank" in failed.error
    assert PageResult.from_dict(page.to_dict()).frames == ("a", "b")
    (nothing,) = documents.read_frames([blank], ["blank"])
    assert nothing.error and "frames" not in nothing.to_dict()
