"""Ink of lines: on patterned, ruled and shaded paper, of any colour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from lenet5.errors import PictureError
from lenet5.imaging.components import concentration, remove_line_specks
from lenet5.imaging.crossing_lines import remove_crossing_lines
from lenet5.imaging.foreground import (
    character_size,
    line_contrast,
    line_foreground,
    stroke_foreground,
)
from lenet5.imaging.threshold import MASK_LEVEL

ROWS, COLUMNS = 56, 160


def line(text: str = "30475") -> np.ndarray:
    """Where the ink of a printed line is, 0 … 1: the truth."""
    canvas = Image.new("L", (COLUMNS, ROWS))
    ImageDraw.Draw(canvas).text((14, 6), text, fill=255, font=ImageFont.load_default(38), stroke_width=1)
    return np.asarray(canvas, np.float32) / 255


TRUTH = line()
Y, X = np.mgrid[:ROWS, :COLUMNS]


def on(paper: np.ndarray, pen: np.ndarray | float, truth: np.ndarray = TRUTH) -> np.ndarray:
    """Ink of a pen on paper, as colours 0 … 1."""
    paper = np.broadcast_to(
        np.asarray(paper, np.float32).reshape(*np.shape(paper)[:2], -1), (ROWS, COLUMNS, 3)
    )
    return np.clip(paper * (1 - truth[..., None]) + np.asarray(pen) * truth[..., None], 0, 1).astype(
        np.float32
    )


def share_found(map_: np.ndarray, truth: np.ndarray = TRUTH) -> float:
    """Pixels inked both here and in truth, of those inked in either."""
    a, b = map_ > MASK_LEVEL, truth > MASK_LEVEL
    return float((a & b).sum() / (a | b).sum())


FLAT = np.ones((ROWS, COLUMNS))
PAPERS = {
    "plain": FLAT * 0.95,
    "shaded": 0.9 - 0.45 * X / COLUMNS,
    "with a soft shadow": 0.9 - 0.3 / (1 + np.exp((X - 90) / 8)),
    "of wavy lines": 0.8 - 0.22 * ((Y + 3 * np.sin(X / 9)).astype(int) % 5 == 0),
    "of a screen of dots": 0.72 - 0.3 * ((X % 4 == 0) & (Y % 4 == 0)),
    "noisy": 0.8 + np.random.default_rng(0).normal(0, 0.04, (ROWS, COLUMNS)),
}


@pytest.mark.parametrize("kind", PAPERS)
def test_ink_is_found_on_paper(kind):
    assert share_found(stroke_foreground(on(PAPERS[kind], 0.2))) > 0.75


def test_light_on_dark_is_found_as_well():
    assert share_found(line_contrast(on(FLAT * 0.15, 0.9))) > 0.8


@pytest.mark.parametrize(
    ("paper", "pen"),
    [((0.95, 0.95, 0.95), (0.1, 0.2, 0.8)), ((0.95, 0.95, 0.95), (0.95, 0.85, 0.2)),
     ((0.9, 0.85, 0.3), (0.1, 0.4, 0.35)), ((0.2, 0.25, 0.6), (0.75, 0.7, 0.1)),
     ((0.5, 0.8, 0.5), (0.8, 0.5, 0.5))],
)  # fmt: skip
def test_pens_that_differ_in_colour_more_than_in_lightness(paper, pen):
    assert share_found(line_contrast(on(np.full((ROWS, COLUMNS, 3), paper), pen))) > 0.8


def test_faint_pencil():
    noise = np.random.default_rng(1).normal(0, 0.006, (ROWS, COLUMNS))
    assert share_found(stroke_foreground(on(FLAT * 0.9 + noise, 0.8))) > 0.7


def test_a_high_head_is_not_the_size_of_all():
    inked = np.zeros((100, 200), bool)
    for k, (high, count) in enumerate([(90, 1), (36, 3), (10, 2)]):
        for number in range(count):
            inked[95 - high : 95, 20 * (3 * k + number) + 5 : 20 * (3 * k + number) + 15] = True
    assert character_size(inked) == 36
    inked[:, 60:] = False  # of the others one is left, which may be a mark
    assert character_size(inked) == 90


@pytest.mark.parametrize("slope", [-0.03, 0.0, 0.02])
def test_a_printed_line_goes_and_the_strokes_that_cross_it_stay(slope):
    rule = np.abs(Y - (40 + slope * (X - COLUMNS / 2))) < 1.2
    found = remove_crossing_lines(np.maximum(TRUTH, rule).astype(np.float32))
    assert share_found(found) > 0.95
    assert (found[:, :8] > MASK_LEVEL).sum() == 0
    assert (found[TRUTH > 0.5] > MASK_LEVEL).mean() > 0.95


def test_a_dash_and_the_bar_of_a_seven_are_no_printed_lines():
    bars = np.zeros((ROWS, COLUMNS), np.float32)
    bars[12:15, 20:60] = 1
    bars[28:31, 90:150] = 1
    assert (remove_crossing_lines(bars) == bars).all()


def test_feet_of_zeros_in_a_row_are_no_printed_line():
    zeros = line("00000")
    assert (remove_crossing_lines(zeros) == zeros).all()


def test_specks_go_and_points_stay():
    map_ = TRUTH.copy()
    map_[30, 150] = 1.0
    map_[:2, 100:130] = 1.0  # what hangs over the edge
    map_[44:49, 150:155] = 1.0  # a point
    found = remove_line_specks(map_)
    assert found[30, 150] == 0
    assert not found[:2].any()
    assert found[46, 152] == 1
    assert share_found(found * (X < 148)) > 0.99


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_blank_paper_has_nothing_to_read(level):
    with pytest.raises(PictureError, match="nothing to read in the wall"):
        stroke_foreground(np.full((ROWS, COLUMNS, 3), level, np.float32), "the wall")


def test_noise_has_nothing_to_read():
    noise = np.random.default_rng(3).random((120, 300, 1)).repeat(3, 2).astype(np.float32)
    with pytest.raises(PictureError, match="scattered, as noise"):
        stroke_foreground(noise)


def test_ink_of_a_line_lies_in_few_pieces_and_noise_does_not():
    assert concentration(TRUTH, 5) > 0.99
    noise = (np.random.default_rng(0).random((80, 80)) < 0.2).astype(np.float32)
    assert concentration(noise, 5) < 0.5


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "two", "flat"]),
)
@settings(max_examples=60, deadline=None)
def test_any_picture_is_ink_or_a_sentence(rows, columns, seed, kind):
    rng = np.random.default_rng(seed)
    shape = rows, columns, 3
    colours = {
        "noise": rng.random(shape),
        "two": rng.choice(rng.random(2), shape),
        "flat": np.full(shape, rng.random()),
    }[kind]
    try:
        found = stroke_foreground(colours.astype(np.float32))
    except PictureError as error:
        assert "\n" not in str(error)
    else:
        assert found.shape == (rows, columns)
        assert found.min() >= 0
        assert found.max() <= 1


@pytest.mark.parametrize("times", [0.6, 1, 3, 12])
def test_a_line_of_any_size_is_found_at_the_scale_of_its_characters(times):
    colours = on(FLAT * 0.9, 0.15)
    size = round(COLUMNS * times), round(ROWS * times)
    large = np.asarray(Image.fromarray(np.uint8(colours * 255)).resize(size, Image.Resampling.BICUBIC))
    found = line_foreground(large.astype(np.float32) / 255)
    ink, pixels = found.levels, found.pixels
    again = Image.fromarray(ink).resize((COLUMNS, ROWS), Image.Resampling.BILINEAR)
    assert share_found(np.asarray(again)) > 0.7
    assert ink.shape[0] * pixels == pytest.approx(size[1], rel=0.05)
    assert 16 <= character_size(ink > MASK_LEVEL) <= 70


def test_a_line_on_a_large_sheet_is_brought_to_its_size():
    sheet = np.full((1500, 2000, 3), 0.9, np.float32)
    sheet[700:756, 900:1060] = on(FLAT * 0.9, 0.15)
    found = line_foreground(sheet)
    ink, pixels = found.levels, found.pixels
    assert 0.6 < pixels < 1.6
    assert 20 <= character_size(ink > MASK_LEVEL) <= 50


def test_a_strip_of_many_characters_is_not_scattered_and_keeps_their_height():
    strip = np.tile(on(FLAT * 0.9, 0.15), (1, 60, 1))  # 300 characters
    found = line_foreground(strip)
    assert found.pixels < 1.6
    assert 20 <= character_size(found.levels > MASK_LEVEL) <= 50
    again = Image.fromarray(found.levels).resize((60 * COLUMNS, ROWS), Image.Resampling.BILINEAR)
    assert share_found(np.asarray(again), np.tile(TRUTH, (1, 60))) > 0.7
