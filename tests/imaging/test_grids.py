"""Grids of printed cells: drawn here at known places, straight, turned, in perspective, broken, empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet5.imaging.cells import CellWriting, cell_regions, cell_writing
from lenet5.imaging.grids import find_grids
from lenet5.imaging.page_layout import layout

SIDE, MARGIN = 50, 30


def drawn(rows: int, columns: int, turn: float = 0.0, margin: int = MARGIN) -> tuple[np.ndarray, np.ndarray]:
    """A grid with a bar in every cell, (rows, columns, 3), and the middles of its cells, (rows, columns, 2) x, y."""
    size = 2 * margin + columns * SIDE + 1, 2 * margin + rows * SIDE + 1
    page = Image.new("L", size, 235)
    pen = ImageDraw.Draw(page)
    for row in range(rows + 1):
        y = margin + row * SIDE
        pen.line([(margin, y), (margin + columns * SIDE, y)], 90, 2)
    for column in range(columns + 1):
        x = margin + column * SIDE
        pen.line([(x, margin), (x, margin + rows * SIDE)], 90, 2)
    middles = margin + SIDE / 2 + SIDE * np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), 2)
    for x, y in middles.reshape(-1, 2):
        pen.line([(x - 4, y - 14), (x + 4, y + 14)], 40, 5)
    page = page.rotate(turn, Image.Resampling.BICUBIC, fillcolor=235)
    angle = np.radians(-turn)
    centre = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    noise = np.random.default_rng(0).normal(0, 1.5, (size[1], size[0]))
    grey = np.clip(np.asarray(page) + noise, 0, 255) / 255
    return np.repeat(grey[:, :, None], 3, 2).astype(np.float32), (middles - centre) @ matrix + centre


@pytest.mark.parametrize("turn", [0, 2, -4, 5])
@pytest.mark.parametrize("shape", [(1, 6), (3, 3), (4, 2)])
def test_a_grid_has_its_rows_and_columns_where_they_are_drawn(turn, shape):
    image, middles = drawn(*shape, turn)
    (grid,) = find_grids(image)
    assert (grid.rows, grid.columns) == shape
    np.testing.assert_allclose(grid.corners.mean(2), middles, atol=2.5)
    assert np.degrees(grid.turn) == pytest.approx(-turn, abs=0.5)


@pytest.mark.parametrize("margin", [0, 3, 6, 10])
def test_a_row_of_boxes_is_found_with_any_margin(margin):
    image, _ = drawn(1, 7, 0, margin)
    assert [(grid.rows, grid.columns) for grid in find_grids(image)] == [(1, 7)]


@pytest.mark.parametrize("turn", [0, 3])
def test_a_stroke_as_high_as_a_box_is_no_wall_of_it(turn):
    image, _ = drawn(1, 7, turn)
    left, top = round(MARGIN + 3.45 * SIDE), MARGIN + 25  # the middle box stands where it stood
    image[top - 24 : top + 25, left : left + 6] = 0.15
    assert [(grid.rows, grid.columns) for grid in find_grids(image)] == [(1, 7)]


def test_writing_without_rules_makes_no_grid():
    image, _ = drawn(3, 4)
    for line in range(0, 3 * SIDE + 1, SIDE):
        image[MARGIN + line - 2 : MARGIN + line + 3] = 0.92
        image[:, MARGIN + line - 2 : MARGIN + line + 3] = 0.92
    image[:, MARGIN + 4 * SIDE - 2 : MARGIN + 4 * SIDE + 3] = 0.92
    assert find_grids(image) == []


def test_cells_of_a_turned_grid_are_straight_and_hold_their_own_bar_alone():
    image, middles = drawn(2, 3, 5)
    (grid,) = find_grids(image)
    regions = cell_regions(image, grid)
    assert [region.line for region in regions] == [0, 0, 0, 1, 1, 1]
    for region, middle in zip(regions, middles.reshape(-1, 2), strict=True):
        dark = region.image.mean(2) < 0.6
        assert 60 < dark.sum() < 300  # 28 pixels long, 5 wide; a rule would add 40 at the rim
        assert not dark[[0, -1]].any() and not dark[:, [0, -1]].any()
        rows, columns = np.nonzero(dark)
        left, top, wide, high = region.on_page((columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)))
        np.testing.assert_allclose([left + wide / 2, top + high / 2], middle, atol=3)


def test_writing_that_crosses_the_rules_does_not_keep_to_the_cells():
    image, _ = drawn(4, 4)
    (grid,) = find_grids(image)
    assert cell_writing(image, grid).keeps_to_cells()
    for at in range(1, 4):
        x = MARGIN + at * SIDE
        for row in range(4):
            y = MARGIN + row * SIDE + 20
            image[y : y + 6, x - 15 : x + 15] = 0.15
    assert not cell_writing(image, grid).keeps_to_cells()


def test_writing_across_boxes_that_touch_does_not_keep_to_them_though_others_stand_apart():
    image, _ = drawn(1, 4)
    (grid,) = find_grids(image)
    apart = replace(grid, shared=False)
    assert cell_writing(image, apart).keeps_to_cells()
    x, y = MARGIN + 2 * SIDE, MARGIN + 20
    image[y : y + 6, x - 15 : x + 15] = 0.15
    assert not cell_writing(image, apart).keeps_to_cells()


@pytest.mark.parametrize("edge", [0, 6])
def test_a_small_row_of_boxes_with_rules_of_one_pixel_is_enlarged_and_found(edge):
    page = Image.new("L", (9 * 26 + 1 + 2 * edge, 27 + 2 * edge), 215)
    pen = ImageDraw.Draw(page)
    for column in range(10):
        pen.line([(edge + 26 * column, edge), (edge + 26 * column, edge + 26)], 150, 1)
    for y in (edge, edge + 26):
        pen.line([(edge, y), (edge + 9 * 26, y)], 150, 1)
    for column in range(9):
        pen.line([(edge + 26 * column + 9, edge + 19), (edge + 26 * column + 16, edge + 7)], 60, 2)
    image = np.repeat(np.asarray(page, np.float32)[:, :, None] / 255, 3, 2)
    (grid,) = find_grids(image)
    assert (grid.rows, grid.columns) == (1, 9)
    middles = edge + 13 + 26 * np.arange(9)
    np.testing.assert_allclose(grid.corners.mean(2)[0, :, 0], middles, atol=1)


def test_an_image_smaller_than_a_cell_has_no_grid():
    assert find_grids(np.zeros((8, 200, 3), np.float32)) == []


def test_cells_that_reach_far_beyond_the_picture_are_none(monkeypatch):
    page, _ = drawn(2, 2)
    (grid,) = find_grids(page)
    far = grid.corners * [1e6, 1]  # straightened, such a cell takes gigabytes
    monkeypatch.setattr("lenet5.imaging.grids._grids", lambda rules: [replace(grid, corners=far)])
    assert find_grids(page) == []


def test_writing_that_never_crosses_a_rule_keeps_to_its_cells_though_the_edges_cut_the_grid():
    kept = CellWriting(cells=1000, filled=300, crossings=1, cut=True)
    assert kept.keeps_to_cells()
    assert not replace(kept, crossings=9).keeps_to_cells()
    assert not replace(kept, filled=60, crossings=0).keeps_to_cells()  # few squares of squared paper
    assert replace(kept, filled=60, cut=False).keeps_to_cells()
    assert not replace(kept, filled=60, cut=False).keeps_to_cells(cut=True)


def sudoku(faint: int, grain: float = 7, print_beside: bool = False) -> np.ndarray:
    """Nine rows and columns of small cells with a stroke each, every third rule heavy and the others `faint`."""
    side, margin = 28, 12
    page = Image.new("L", (2 * margin + 9 * side + 1,) * 2, 235)
    pen = ImageDraw.Draw(page)
    for number in sorted(range(10), key=lambda number: number % 3 == 0):
        at, heavy = margin + number * side, number % 3 == 0
        for line in ([(margin, at), (margin + 9 * side, at)], [(at, margin), (at, margin + 9 * side)]):
            pen.line(line, 60 if heavy else faint, 2 if heavy else 1)
    for x, y in np.ndindex(9, 9):
        left, top = margin + side * x + 12, margin + side * y + 7
        pen.line([(left, top), (left + 4, top + 14)], 40, 3)
    if print_beside:
        for top in (50, 80):
            pen.line([(page.width - 6, top), (page.width - 6, top + 20)], 60, 3)
    noise = np.random.default_rng(1).normal(0, grain, page.size[::-1])
    grey = np.clip(np.asarray(page) + noise, 0, 255) / 255
    return np.repeat(grey[:, :, None], 3, 2).astype(np.float32)


@pytest.mark.parametrize("faint", [150, 204, 212])
def test_faint_rules_between_heavy_ones_make_the_cells_of_a_sudoku(faint):
    assert [(grid.rows, grid.columns) for grid in find_grids(sudoku(faint))] == [(9, 9)]


def test_strokes_in_large_cells_are_no_fainter_rules():
    image, _ = drawn(3, 3)
    for x in (
        MARGIN + 12,
        MARGIN + SIDE + 20,
        MARGIN + 2 * SIDE + 30,
    ):  # from rule to rule, as faint as rules
        image[MARGIN : MARGIN + 3 * SIDE, x] = np.minimum(image[MARGIN : MARGIN + 3 * SIDE, x], 0.86)
    assert [(grid.rows, grid.columns) for grid in find_grids(image)] == [(3, 3)]


def test_print_that_runs_up_beside_a_table_leaves_it_a_table():
    page = layout(sudoku(150, 1.5, print_beside=True), "a newspaper", "auto")
    assert page.kind == "table" and len(page.regions) == 81
