"""Strings by over-segmentation, with a classifier whose answers are known: it compares with printed digits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from lenet5.engine.backend import backend
from lenet5.errors import PictureError
from lenet5.imaging.normalise import fit_to_box
from lenet5.imaging.segmentation import Segments, over_segment
from lenet5.lattice.automaton import choices, length
from lenet5.lattice.regex import pattern
from lenet5.model.classifier import Classifier
from lenet5.reading.over_segmentation import OverSegmentationSettings, read_string, read_strings
from lenet5.reading.reader import Reader
from lenet5.reading.work_limit import Work, WorkLimit

FONT = ImageFont.load_default(36)
DIGITS = "0123456789"


def written(text: str, apart: int = 5) -> np.ndarray:
    """A line of printed characters as ink in 0 … 1, `apart` pixels from one another."""
    canvas = Image.new("L", (40 + 32 * len(text), 60))
    pen, x = ImageDraw.Draw(canvas), 10
    for character in text:
        left, _, right, _ = pen.textbbox((0, 0), character, font=FONT, stroke_width=1)
        pen.text((x - left, 8), character, fill=255, font=FONT, stroke_width=1)
        x += int(right - left) + apart
    return np.asarray(canvas, np.float32) / 255


def alone(character: str) -> np.ndarray:
    ink = written(character)
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    return fit_to_box(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def centred(fields: np.ndarray) -> np.ndarray:
    flat = fields.reshape(-1, 28 * 28).astype(float)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


TEMPLATES = centred(np.stack([alone(digit) for digit in DIGITS]))


def posterior(fields: np.ndarray) -> np.ndarray:
    """Probability of each digit by likeness to its print; what is like none is rubbish."""
    odds = np.exp(40 * (centred(fields) @ TEMPLATES.T - 0.9))
    return (odds / (1 + odds.sum(1, keepdims=True))).astype(np.float32)


class Likeness(Classifier):
    """−log of `posterior` as penalties."""

    backend = backend("numpy")

    def __init__(self) -> None:
        self.classes, self.metadata = list(DIGITS), {"j": 0.0, "scale": 1.0}

    @property
    def members(self) -> list[Classifier]:
        return [self]

    def penalties(self, images: np.ndarray, threads: int | None = None) -> np.ndarray:
        return -np.log(np.maximum(posterior(images), 1e-30))

    def posterior_of(self, penalties: np.ndarray) -> np.ndarray:
        return np.exp(-penalties)

    def confidence_of(self, penalties: np.ndarray) -> np.ndarray:
        return np.exp(-penalties)

    def threshold_for(self, max_error: float | None = None) -> float:
        return 0.5


MODEL = Likeness()
SETTINGS = OverSegmentationSettings()


@pytest.mark.parametrize("text", ["7", "42", "1234", "567890", "10011", "88888"])
def test_digits_apart_are_read(text):
    reading = read_string(written(text), MODEL)
    assert reading.text == text
    assert reading.confidence > 0.5
    assert [c.text for c in reading.characters] == list(text)


@pytest.mark.parametrize("text", ["23", "745", "4462", "9275"])
def test_touching_digits_are_read(text):
    assert read_string(written(text, apart=-2), MODEL).text == text


@pytest.mark.parametrize(
    ("text", "digits"), [("1.234", "1234"), ("5,50", "550"), ("42-", "42"), ("3.000.", "3000")]
)
def test_points_commas_and_dashes_are_no_digits(text, digits):
    assert read_string(written(text), MODEL).text == digits


def test_boxes_are_where_the_characters_are():
    ink = written("4071")
    reading = read_string(ink, MODEL)
    x = [c.box[0] for c in reading.characters]
    assert x == sorted(x)
    for character in reading.characters:
        left, top, wide, high = character.box
        part = ink[top : top + high, left : left + wide]
        assert posterior(fit_to_box(part)[None])[0].argmax() == int(character.text)
        assert (part > 0.3).any(0).all()


@pytest.fixture
def recut(monkeypatch):
    """Spans of lines that were sheared and cut again: (first piece, stop, shear)."""
    spans, sheared = [], Segments.sheared
    monkeypatch.setattr(Segments, "sheared", lambda line, *span: spans.append(span) or sheared(line, *span))
    return spans


def test_an_uncertain_line_is_sheared_and_cut_again(recut):
    ink = written("4071", apart=1)
    sure = read_string(ink, MODEL)
    assert recut == [] and min(c.confidence for c in sure.characters) >= SETTINGS.certain_share
    again = read_string(ink, MODEL, settings=replace(SETTINGS, certain_share=1.1))
    assert {shear for *_, shear in recut} == set(SETTINGS.shears)
    assert again.text == sure.text == "4071"
    for one, other in zip(sure.characters, again.characters, strict=True):
        assert max(abs(a - b) for a, b in zip(one.box, other.box, strict=True)) <= 3


def test_only_the_uncertain_span_is_cut_again(recut):
    either = np.maximum(written("2"), written("4"))
    ink = np.concatenate([written("40"), np.zeros((60, 8), np.float32), either], 1)
    assert read_string(ink, MODEL).text[:2] == "40"
    line = over_segment(ink)
    span = line.unsheared_box(line.free_nodes[2], line.free_nodes[3])
    assert [line.unsheared_box(first, stop) for first, stop, _ in recut] == [span] * len(SETTINGS.shears)


def test_a_line_of_no_character_is_not_cut_again_unless_one_is_demanded(recut):
    ink = np.zeros((40, 90), np.float32)
    ink[20:23, 10:60] = 1  # a dash
    assert read_string(ink, MODEL).confidence < 0.01
    assert recut == []
    read_string(ink, MODEL, length(1, 1, DIGITS))
    assert [shear for *_, shear in recut] == list(SETTINGS.shears)


def test_a_line_that_a_grammar_forbids_is_not_cut_again_where_its_readings_would_be_too_many(recut):
    ink, four = written("40711704"), length(4, 4, DIGITS)
    cuts = {}
    for most in (1_000_000, 15_000):
        recut.clear()
        few = replace(SETTINGS, decoding=replace(SETTINGS.decoding, most_arcs=most))
        assert len(read_string(ink, MODEL, four, settings=few).text) == 4
        cuts[most] = len(recut)
    assert cuts == {1_000_000: len(SETTINGS.shears), 15_000: 0}
    few = replace(SETTINGS, decoding=replace(SETTINGS.decoding, most_arcs=1000))
    with pytest.raises(PictureError, match="too many ways here: more than 1,000 arcs"):
        read_string(ink, MODEL, four, settings=few)


def test_a_line_of_many_pieces_is_refused_before_it_is_classified(monkeypatch):
    ink, four = written("40711704"), length(4, 4, DIGITS)
    few = replace(SETTINGS, many_pieces=5, decoding=replace(SETTINGS.decoding, most_arcs=1000))
    monkeypatch.setattr(type(MODEL), "penalties", None)
    work = Work()
    with pytest.raises(
        PictureError, match=r"cannot read a\.png: .* too many ways here: more than 1,000 arcs"
    ):
        read_string(ink, MODEL, four, name="a.png", settings=few, work=work)
    assert work.candidates >= len(over_segment(ink).candidates())


def test_a_grammar_counts_for_the_arcs_that_it_makes():
    ink = written("4071")
    candidates = []
    for grammar, of_arc in ((length(4, 4, DIGITS), 0.0), (length(4, 4, DIGITS), 1.0), (None, 1.0)):
        work = Work(WorkLimit(of_arc=of_arc))
        assert read_string(ink, MODEL, grammar, work=work).text == "4071"
        candidates.append(work.candidates)
    assert candidates[1] > candidates[0] + 100 and candidates[2] == candidates[0]


def test_lines_read_together_are_what_each_is_alone():
    again = replace(SETTINGS, certain_share=1.1)  # every span is cut again
    dash = np.zeros((40, 90), np.float32)
    dash[20:23, 10:60] = 1
    lines = [written("4071", apart=1), dash, written("23", apart=-2), written("9")]
    names = ["first", "dash", "third", "last"]
    for cutting in (SETTINGS, again):
        together = read_strings(lines, MODEL, length(1, 4, DIGITS), names=names, best=3, settings=cutting)
        for line, name, string in zip(lines, names, together, strict=True):
            alone = read_string(line, MODEL, length(1, 4, DIGITS), best=3, name=name, settings=cutting)
            assert string == alone
    long, digits = written("407123407123"), length(12, 12, DIGITS)
    first, error = read_strings([long, dash], MODEL, digits, names=names[:2])
    assert first == read_string(long, MODEL, digits, name="first")
    assert isinstance(error, PictureError) and "dash" in str(error)
    assert read_strings([], MODEL, names=[]) == []


def test_n_best_readings_differ_and_come_in_order():
    reading = read_string(written("1047", apart=-1), MODEL, best=4)
    texts = [reading.text, *(other.text for other in reading.alternatives)]
    penalties = [reading.penalty, *(other.penalty for other in reading.alternatives)]
    assert len(texts) == len(set(texts)) == 4
    assert penalties == sorted(penalties)
    assert 0.5 < reading.confidence + sum(other.confidence for other in reading.alternatives) <= 1 + 1e-9


def test_a_grammar_decides_what_may_be_read():
    ink = written("1234")
    assert read_string(ink, MODEL, choices(["7134", "1284", "99"], DIGITS)).text == "1284"
    assert len(read_string(ink, MODEL, length(5, 5, DIGITS)).text) == 5
    assert read_string(ink, MODEL, pattern(r"12[5-9]4", DIGITS)).text[2] in "56789"
    free = read_string(ink, MODEL)
    assert read_string(ink, MODEL, length(4, 4, DIGITS)).text == free.text == "1234"


def test_what_holds_no_character_is_a_sentence():
    ink = np.zeros((40, 90), np.float32)
    ink[30:34, 10:14] = 1
    with pytest.raises(PictureError, match="nothing to read in the wall"):
        read_string(ink, MODEL, length(30, 30, DIGITS), name="the wall")


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_dust_alone_is_read_or_refused(seed, specks):
    rng = np.random.default_rng(seed)
    ink = np.zeros((60, 80), np.float32)
    ink[rng.integers(0, 60, specks), rng.integers(0, 80, specks)] = 1
    try:
        assert read_string(ink, MODEL).text
    except PictureError as error:
        assert str(error) == "nothing to read in the picture: no character was found"


def test_a_single_speck_is_no_character():
    with pytest.raises(PictureError, match="nothing to read"):
        read_string(np.pad(np.ones((1, 1), np.float32), 30), MODEL)


def test_a_reading_can_be_written_as_json():
    data = json.loads(json.dumps(read_string(written("25"), MODEL).to_dict()))
    assert data["text"] == "25"
    assert [len(character["box"]) for character in data["characters"]] == [4, 4]


@pytest.mark.parametrize("times", [1, 4])
def test_a_reader_reads_strings_and_gives_boxes_in_the_pictures_pixels(times):
    reader = Reader(MODEL)
    ink = written("2047")
    picture = Image.fromarray(np.uint8(255 - 220 * ink)).resize(
        (ink.shape[1] * times, ink.shape[0] * times), Image.Resampling.BICUBIC
    )
    reading = reader.read(picture, mode="string")
    assert reading.text == reader.read(picture).text == "2047"
    assert reader.read(picture, mode="string", grammar=length(3, 3, DIGITS), threshold=0).text != "2047"
    columns = np.flatnonzero((ink > 0.3).any(0))
    first, last = reading.characters[0].box, reading.characters[-1].box
    assert first[0] == pytest.approx(columns[0] * times, abs=2.5 * times)
    assert last[0] + last[2] == pytest.approx((columns[-1] + 1) * times, abs=2.5 * times)


def test_a_span_that_would_be_sheared_into_too_many_pixels_is_not_cut_again():
    line = written("4711", apart=-3)  # characters that touch
    pieces = over_segment(line)
    stop = len(pieces.boxes)
    pixels = pieces.sheared(0, stop, 0.3).foreground.size
    assert abs(pieces.sheared_pixels(0, stop, 0.3) - pixels) < 5 * len(line)
    again, never, unsheared = (
        read_string(line, MODEL, settings=replace(SETTINGS, certain_share=1.1, **changes))
        for changes in ({}, {"most_pixels": 0}, {"shears": ()})
    )
    assert never.confidence == unsheared.confidence != again.confidence
