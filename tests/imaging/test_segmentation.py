"""Over-segmentation: cut candidates by brute force, and what every true character must be: an arc."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from lenet5.engine.numpy_backend.seams import seam_costs, trace_seams
from lenet5.imaging.normalise import normalise_character
from lenet5.imaging.segmentation import Segments, over_segment

FONT = ImageFont.load_default(36)


def written(text: str, apart: int = 4, slant: float = 0.0) -> tuple[np.ndarray, list[np.ndarray]]:
    """A line of printed digits, `apart` pixels from one another, and the ink of each on its own."""
    parts, x = [], 8
    for character in text:
        canvas = Image.new("L", (60 + 30 * len(text), 60))
        pen = ImageDraw.Draw(canvas)
        left, _, right, _ = pen.textbbox((0, 0), character, font=FONT, stroke_width=1)
        pen.text((x - left, 8), character, fill=255, font=FONT, stroke_width=1)
        x += int(right - left) + apart
        if slant:
            canvas = canvas.transform(canvas.size, Image.Transform.AFFINE, (1, slant, -30 * slant, 0, 1, 0))
        parts.append(np.asarray(canvas, np.float32) / 255)
    return np.maximum.reduce(parts), parts


def is_an_arc(found, part: np.ndarray, least: float = 0.85) -> bool:
    """Whether the ink of one character is that of some arc, by intersection over union."""
    best = 0.0
    for first, behind in found.candidates():
        here = (found.piece >= first) & (found.piece < behind) & (found.foreground > 0.3)
        best = max(best, float((here & (part > 0.3)).sum() / (here | (part > 0.3)).sum()))
    return best >= least


@given(
    st.integers(2, 4), st.integers(1, 5), st.floats(0, 1),
    st.lists(st.integers(0, 4), min_size=20, max_size=20),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_the_cheapest_ways_are_those_of_every_way_tried(rows, columns, aside, levels):
    ink = np.array(levels[: rows * columns], np.float32).reshape(rows, columns) / 4
    cost, step = seam_costs(ink, aside)
    ways = trace_seams(step, np.arange(columns))
    for end in range(columns):
        possible = [
            sum(ink[y, x] for y, x in enumerate(way))
            + aside * sum(a != b for a, b in itertools.pairwise(way))
            for way in itertools.product(range(columns), repeat=rows)
            if way[-1] == end and all(abs(a - b) <= 1 for a, b in itertools.pairwise(way))
        ]
        assert cost[end] == pytest.approx(min(possible), abs=1e-5)
        way = ways[end]
        found = sum(ink[y, x] for y, x in enumerate(way)) + aside * sum(
            a != b for a, b in itertools.pairwise(way)
        )
        assert found == pytest.approx(min(possible), abs=1e-5)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_ways_never_cross(seed):
    ink = np.random.default_rng(seed).random((20, 30)).astype(np.float32)
    ways = trace_seams(seam_costs(ink, 0.1)[1], np.arange(30))
    assert (np.diff(ways, axis=0) >= 0).all()


def test_characters_apart_are_parted_at_no_cost():
    ink, parts = written("30475", apart=6)
    found = over_segment(ink)
    assert all(is_an_arc(found, part, 0.97) for part in parts)
    assert (found.cut_costs == 0).sum() >= 4


def test_slanted_characters_that_no_upright_line_parts_are_parted_at_no_cost():
    ink, parts = written("1717", apart=-1, slant=0.45)
    columns = [np.flatnonzero((part > 0.3).any(0)) for part in parts]
    assert columns[0][-1] >= columns[1][0]  # they lie over one another
    assert all(is_an_arc(over_segment(ink), part, 0.95) for part in parts)


@pytest.mark.parametrize("text", ["00", "88", "60", "23", "50", "909", "2000", "4462"])
def test_touching_characters_are_arcs_among_others(text):
    ink, parts = written(text, apart=-3)
    found = over_segment(ink)
    assert all(is_an_arc(found, part, 0.8) for part in parts)
    assert found.cut_costs.max() > 0.2


def test_pieces_are_numbered_from_left_to_right_and_hold_all_ink():
    ink, _ = written("30475", apart=-1)
    found = over_segment(ink)
    assert (found.piece[ink > 0.3] >= 0).mean() > 0.99
    middles = [np.flatnonzero((found.piece == k).any(0)).mean() for k in range(len(found.boxes))]
    assert middles == sorted(middles)
    assert len(found.cut_costs) == len(found.boxes) - 1
    for k, (top, bottom, left, right) in enumerate(found.boxes):
        y, x = np.nonzero((found.piece == k) & (ink > 0.3))
        assert (y.min(), y.max() + 1, x.min(), x.max() + 1) == (top, bottom, left, right)


def test_every_piece_alone_is_an_arc_so_that_there_is_always_a_path():
    ink = np.zeros((40, 200), np.float32)
    ink[18:22, 5:190] = 1
    found = over_segment(ink)
    assert set(found.candidates()) >= {(k, k + 1) for k in range(len(found.boxes))}


def test_a_piece_is_shaped_as_a_character_alone_is():
    ink, parts = written("7", apart=0)
    found = over_segment(ink)
    whole = found.glyph(0, len(found.boxes)).astype(float)
    alone = normalise_character(1 - parts[0]).astype(float)
    assert np.corrcoef(whole.ravel(), alone.ravel())[0, 1] > 0.9


def test_two_zeros_that_share_a_wall_have_it_both():
    y, x = np.mgrid[:50, :90] + 0.0
    rings = [np.abs(np.hypot(y - 25, x - middle) - 16) < 2.5 for middle in (28, 59)]
    ink = np.maximum(*rings).astype(np.float32)
    piece = (x > 46).astype(int)  # the way went by the wall, on its right
    found = Segments(
        ink, piece, np.array([(7, 44, 10, 47), (7, 44, 47, 78)]), np.array([1.0]), 37.0, 5.0, np.zeros(50)
    )
    runs = [(0, 1), (1, 2)]
    assert found.is_cut([*runs, (0, 2)]).tolist() == [True, True, False]

    def enclose(fields):
        return [ndimage.label(field < 100)[1] > 1 for field in fields]

    assert enclose(found.glyphs(runs)) == [True, False]
    assert enclose(found.shared_glyphs(runs)) == [True, True]


@pytest.mark.parametrize("slant", [-0.3, 0.0, 0.3])
def test_what_was_leant_is_placed_where_it_lay(slant):
    ink, parts = written("4071", apart=9)
    found = over_segment(ink, slant)
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    left, top, wide, high = found.unsheared_box(0, len(found.boxes))
    assert (top, top + high) == (rows[0], rows[-1] + 1)
    assert abs(left - columns[0]) <= 1 and abs(left + wide - columns[-1] - 1) <= 1
    assert (np.diff(found.node_columns) > 0).all()
    assert columns[0] - 9 < found.node_columns[0] and found.node_columns[-1] < columns[-1] + 9
    # Between printed digits the line is parted where they are, however it leans.
    for one, other in itertools.pairwise(parts):
        gap = [np.flatnonzero((part > 0.3).any(0)) for part in (one, other)]
        middle = (gap[0][-1] + gap[1][0] + 1) / 2
        assert np.abs(found.node_columns - middle).min() < 5


@pytest.mark.parametrize("slant", [-0.3, 0.15])
def test_a_stretch_leans_alone_and_lies_where_it_lay(slant):
    ink, parts = written("4071", apart=9)
    found = over_segment(ink)
    seven = np.flatnonzero((parts[2] > 0.3).any(0))
    stretch = [node for node in found.free_nodes if seven[0] - 9 < found.node_columns[node] < seven[-1] + 9]
    alone = found.sheared(stretch[0], stretch[-1], slant)
    left, top, wide, high = alone.unsheared_box(0, len(alone.boxes))
    assert abs(left - seven[0]) <= 1 and abs(left + wide - seven[-1] - 1) <= 1
    assert (top, top + high) == tuple(np.flatnonzero((parts[2] > 0.3).any(1))[[0, -1]] + [0, 1])
    assert (alone.size, alone.stroke) == (found.size, found.stroke)
    assert seven[0] - 9 < alone.node_columns[0] < alone.node_columns[-1] < seven[-1] + 9


def test_a_line_is_free_where_nothing_is_cut():
    ink, parts = written("4071", apart=9)
    found = over_segment(ink)
    assert found.free_nodes[0] == 0 and found.free_nodes[-1] == len(found.boxes)
    assert len(found.free_nodes) == 1 + len(parts)
    assert over_segment(np.pad(np.ones((1, 1), np.float32), 20)).free_nodes == [0]


def test_what_was_not_cut_is_seen_as_it_is():
    ink, _ = written("407")
    found = over_segment(ink)
    runs = [
        run for run, cut in zip(found.candidates(), found.is_cut(found.candidates()), strict=True) if not cut
    ]
    assert len(runs) >= 3
    assert np.array_equal(found.shared_glyphs(runs), found.glyphs(runs))
    assert found.shared_glyphs([]).shape == (0, 28, 28)


@given(st.integers(2, 50), st.integers(2, 80), st.integers(0, 2**32 - 1), st.floats(0.02, 0.9))
@settings(max_examples=60, deadline=None)
def test_any_ink_is_cut_into_pieces(rows, columns, seed, share):
    rng = np.random.default_rng(seed)
    ink = (rng.random((rows, columns)) < share).astype(np.float32)
    ink[0, 0] = 1
    found = over_segment(ink)
    for first, behind in found.candidates():
        assert found.glyph(first, behind).shape == (28, 28)
    assert found.shared_glyphs(found.candidates()).shape == (len(found.candidates()), 28, 28)


def test_two_rings_that_lean_on_each_other_are_cut_between():
    y, x = np.mgrid[:44, :90]
    rings = [np.abs(np.hypot((y - 22) / 1.4, x - middle) - 12) < 2 for middle in (20, 44)]
    ink = (rings[0] | rings[1]).astype(np.float32)
    found = over_segment(ink)
    for ring, other in (rings, rings[::-1]):
        best = max(
            np.mean(held[ring]) - np.mean(held[other])
            for first, behind in found.candidates()
            for held in [(found.piece >= first) & (found.piece < behind)]
        )
        assert best > 0.8  # some run of pieces holds one ring and next to nothing of the other
