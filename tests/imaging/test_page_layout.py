"""The layout of pages drawn here: their lines of text, and what is recorded on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet5.errors import PictureError
from lenet5.imaging.character_boxes import find_character_boxes
from lenet5.imaging.line_regions import find_text_lines
from lenet5.imaging.page_layout import LAYOUT, MODES, layout
from lenet5.imaging.text_lines import TEXT_LINES
from lenet5.imaging.trace import Trace
from printed_pages import Box, on_paper, printed


def share(a: Box, b: Box) -> float:
    """Area that two boxes have in common, of what they cover together."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(wide, 0) * max(high, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


SIZE = 420, 500
TEXTS = [
    (40, 30, "30475", 40),
    (150, 110, "81", 40),
    (30, 190, "2226 190", 40),
    (90, 270, "7", 40),
    (60, 350, "55503", 40),
]
INK, BOXES = printed(SIZE, TEXTS)
Y, X = np.mgrid[: SIZE[1], : SIZE[0]]

PAPERS = {
    "plain": 0.92,
    "shaded": 0.92 - 0.4 * X / SIZE[0],
    "with a shadow": 0.92 - 0.35 / (1 + np.exp((X + Y - 420) / 6)),
    "ruled": np.where(np.abs((Y + 0.012 * X) % 52 - 26) < 1, 0.6, 0.92),
    "with a margin": np.where(np.abs(X - 26) < 1.5, 0.5, 0.92),
    "squared": np.where((Y % 23 < 1.2) | (X % 23 < 1.2), 0.78, 0.92),
    "on a dark table": np.where((Y < 14) | (X > 405), 0.2, 0.92),
}


@pytest.mark.parametrize("kind", PAPERS)
def test_lines_are_found_from_top_to_bottom(kind):
    lines = find_text_lines(on_paper(INK, PAPERS[kind]))
    assert len(lines) == len(BOXES)
    assert [line.line for line in lines] == list(range(len(BOXES)))
    for line, box in zip(lines, BOXES, strict=True):
        assert share(line.box, box) > 0.7


def test_light_on_dark():
    lines = find_text_lines(on_paper(INK, 0.1, 0.9))
    assert len(lines) == len(BOXES)


@pytest.mark.parametrize("times", [1.0, 4.2])
def test_boxes_are_in_pixels_of_the_page_whatever_its_size(times):
    size = round(SIZE[0] * times), round(SIZE[1] * times)
    page = Image.fromarray(np.uint8(255 * on_paper(INK))).resize(size, Image.Resampling.BICUBIC)
    lines = find_text_lines(np.asarray(page, np.float32) / 255)
    assert len(lines) == len(BOXES)
    for line, box in zip(lines, BOXES, strict=True):
        assert share(line.box, tuple(round(side * times) for side in box)) > 0.7


@pytest.mark.parametrize("turn", [-5, -2, 3, 6])
def test_lines_may_slant(turn):
    page = Image.fromarray(np.uint8(255 * on_paper(INK))).rotate(
        turn, Image.Resampling.BICUBIC, fillcolor=(235,) * 3
    )
    assert len(find_text_lines(np.asarray(page, np.float32) / 255)) == len(BOXES)


def test_a_lines_picture_shows_where_it_was_and_nothing_of_its_neighbours():
    ink, boxes = printed((300, 200), [(30, 20, "7119", 40), (40, 64, "2040", 40)])
    page = on_paper(ink)
    first, second = find_text_lines(page)
    for line, own, other in ((first, 0, 1), (second, 1, 0)):
        left, top = line.origin
        shown = np.zeros(ink.shape)
        shown[top : top + line.image.shape[0], left : left + line.image.shape[1]] = 0.9 - line.image[:, :, 0]
        x, y, w, h = boxes[own]
        assert (shown[y : y + h, x : x + w] > 0.4).sum() == pytest.approx(
            (ink[y : y + h, x : x + w] > 0.6).sum(), rel=0.1
        )
        x, y, w, h = boxes[other]
        assert (shown[y : y + h, x : x + w] > 0.2).sum() < 0.03 * (ink > 0.5).sum()


def test_a_tail_is_no_line_and_lines_that_touch_are_two():
    ink, _ = printed((320, 230), [(30, 20, "4830 215", 44), (30, 100, "6172 904", 44)])
    ink = ink.copy()
    ink[60:118, 96:100] = 1  # a tail of the first line into the second
    assert len(find_text_lines(on_paper(ink))) == 2


def test_small_print_above_large_writing_is_a_line_of_its_own():
    ink, boxes = printed((420, 300), [(40, 30, "102938475", 18), (40, 60, "5260", 60), (40, 180, "71", 60)])
    lines = find_text_lines(on_paper(ink))
    assert [share(line.box, box) > 0.6 for line, box in zip(lines, boxes, strict=True)] == [True] * 3


@pytest.mark.parametrize("text", ["7", "0", "40615"])
def test_a_picture_of_one_line_or_character_is_returned_whole(text):
    ink, (box,) = printed((60 + 28 * len(text), 84), [(30, 16, text, 44)])
    page = on_paper(ink)
    (line,) = find_text_lines(page)
    assert line.image is page
    assert line.origin == (0, 0)
    assert share(line.box, box) > 0.7


@pytest.mark.parametrize("size", [(60, 90), (500, 700)])
def test_blank_paper_has_no_line(size):
    with pytest.raises(PictureError, match="nothing to read in the wall"):
        find_text_lines(on_paper(np.zeros(size)), "the wall")


def test_amounts_on_cheques_are_one_line_and_no_boxes(cheque_amounts):
    from lenet5.imaging.load import load_image

    pages = [load_image(path) for path in sorted((cheque_amounts / "images").iterdir())[::12]]
    assert np.mean([len(find_text_lines(page)) == 1 for page in pages]) >= 0.97
    assert np.mean([not find_character_boxes(page) for page in pages]) >= 0.97


# --- boxes -------------------------------------------------------------------------------------------


def test_lines_of_text_make_no_boxes():
    assert find_character_boxes(on_paper(INK)) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_layout_has_regions_of_its_kind_in_pixels_of_the_image(mode):
    image = on_paper(INK)
    found = layout(image, mode=mode)
    assert found.kind == ("lines" if mode == "auto" else mode)
    if found.kind in ("character", "string"):
        assert found.regions == (found.page,) and found.page.box == (0, 0, *SIZE)
    elif found.kind in ("boxes", "table"):
        assert not found.regions
    else:
        assert len(found.regions) == len(find_text_lines(image))


def test_a_layout_of_blank_paper_says_why_it_has_no_lines():
    found = layout(np.full((200, 300, 3), 0.9, np.float32), "the wall")
    assert not found.regions and "the wall" in found.errors[0]


def test_steps_are_recorded_only_where_they_are_asked_for_and_change_nothing():
    image, trace = on_paper(INK), Trace()
    recorded, plain = layout(image, trace=trace), layout(image)
    assert [region.box for region in recorded.regions] == [region.box for region in plain.regions]
    assert [step.name for step in trace.steps] == ["image", "text_lines"]
    assert trace.steps[-1].boxes == tuple(region.box for region in plain.regions)


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "two", "flat", "blobs"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_picture_is_lines_or_a_sentence(rows, columns, seed, kind):
    rng = np.random.default_rng(seed)
    shape = rows, columns, 3
    if kind == "noise":
        page = rng.random(shape)
    elif kind == "flat":
        page = np.full(shape, rng.random())
    elif kind == "two":
        page = rng.choice(rng.random(2), shape)
    else:
        page = np.kron(rng.random((1 + rows // 12, 1 + columns // 12, 1)) > 0.6, np.ones((12, 12, 3)))[
            :rows, :columns
        ]
    page = np.ascontiguousarray(page, np.float32)
    for region in find_character_boxes(page):
        assert region.image.size
    try:
        lines = find_text_lines(page)
    except PictureError as error:
        assert "\n" not in str(error)
    else:
        assert lines
        for line in lines:
            left, top, wide, high = line.box
            assert 0 <= left < left + wide <= columns
            assert 0 <= top < top + high <= rows


def test_cells_that_writing_does_not_keep_to_are_not_sure():
    sure = layout(_squares(across=False), mode="table")
    assert (sure.kind, len(sure.regions), sure.sure) == ("table", 12, True)
    assert not layout(_squares(across=True), mode="table").sure


def _squares(across: bool) -> np.ndarray:
    """3 × 4 cells with a stroke in each, or with strokes across the rules between them."""
    image = np.full((210, 260, 3), 0.92, np.float32)
    for k in range(5):
        image[30:181, 29 + 50 * k : 31 + 50 * k] = 0.35
    for k in range(4):
        image[29 + 50 * k : 31 + 50 * k, 30:231] = 0.35
    for row in range(3):
        for column in range(4):
            left = 30 + 50 * column + (35 if across else 12)
            image[50 + 50 * row : 56 + 50 * row, left : left + 28] = 0.1
    return image


def test_a_layout_says_how_many_marks_it_did_not_look_at():
    ink = np.zeros((200, 400))
    for top in (40, 120):
        for left in range(40, 340, 30):
            ink[top : top + 30, left : left + 8] = 1
    few = replace(LAYOUT, text_lines=replace(TEXT_LINES, most=12))
    (sentence,) = layout(on_paper(ink), "the wall", "lines", settings=few).errors
    assert sentence.startswith("8 smaller marks of the wall were not looked at")
    assert not layout(on_paper(ink), "the wall", "lines").errors


def test_a_line_without_a_long_rule_is_not_searched_for_cells(monkeypatch):
    from lenet5.imaging import cell_layout

    def never(*_: object) -> None:
        raise AssertionError("grids were looked for")

    monkeypatch.setattr(cell_layout, "find_grids", never)
    page = np.full((80, 400, 3), 0.9, np.float32)
    for left in range(40, 360, 40):
        page[20:60, left : left + 6] = 0.2
        page[20:26, left : left + 22] = 0.2
    assert layout(page).kind == "lines"
    page[10:12, 30:370] = 0.2
    with pytest.raises(AssertionError):
        layout(page)
