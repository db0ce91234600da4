"""Rules at the rim of a cell are painted over; strokes that end inside the picture stay."""

import numpy as np
import pytest

from lenet5.imaging.rims import remove_rims

PAPER, INK = 0.9, 0.1


def cell(rows: int = 84, columns: int = 130) -> np.ndarray:
    """Paper with a ring, 40 pixels high, in the middle of a cell."""
    image = np.full((rows, columns, 3), PAPER, np.float32)
    y, x = np.mgrid[:rows, :columns]
    ring = np.hypot(y - rows / 2, x - columns / 2)
    image[(ring < 20) & (ring > 14)] = INK
    return image


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("thick", [2, 5, 9])
@pytest.mark.parametrize("level", [0.15, 0.6])
def test_a_rule_along_any_edge_becomes_paper_and_the_writing_stays(side, thick, level):
    ruled = np.rot90(cell(), side).copy()
    plain = np.rot90(cell(), side)
    ruled[:, :thick] = level
    assert np.abs(remove_rims(ruled) - plain).max() < 0.02


def test_what_lies_beyond_a_rule_is_a_neighbours():
    image = cell()
    image[:, 6:9] = INK
    image[30:50, :4] = INK  # ink of the next cell
    assert np.abs(remove_rims(image) - cell()).max() < 0.02


def test_all_four_sides_of_a_frame_inset_from_the_edge_are_removed():
    image = cell()
    image[4:7] = image[-7:-4] = INK
    image[:, 4:7] = image[:, -7:-4] = INK
    assert np.abs(remove_rims(image) - cell()).max() < 0.02


def test_a_turned_rule_and_a_broken_one_are_removed():
    image = cell()
    for row in range(84):
        column = 2 + row // 30
        image[row, column : column + 3] = INK
    image[-4:-1, np.arange(130) % 16 < 11] = INK
    assert (remove_rims(image)[:, :8] > 0.8).all()
    assert (remove_rims(image)[-6:] > 0.8).all()


def test_a_turned_rule_that_the_pictures_edge_cuts_lengthwise_is_removed_beside_another_rule():
    image = cell()
    for row in range(84):  # a pixel wide at the top, three at the bottom
        image[row, max(0, row // 24 - 2) : 1 + row // 24] = INK
    image[-6:] = INK
    assert np.abs(remove_rims(image) - cell())[:, :8].max() < 0.02


def test_a_stroke_that_the_pictures_edge_touches_is_writing_where_it_ends_round():
    image = cell()
    image[-6:] = INK
    y, x = np.mgrid[:84, :130]
    stroke = np.hypot(x - 3, np.minimum(y - 4, 0) + np.maximum(y - 71, 0)) <= 4  # round at both ends
    image[stroke] = INK
    rest = remove_rims(image)
    assert (rest[-6:] > 0.8).all()
    assert (rest[4:70, :6] < 0.2).all()


def test_a_stroke_near_the_edge_that_ends_in_the_picture_is_writing():
    image = cell()
    image[12:72, 6:10] = INK  # a 1
    assert remove_rims(image) is image


def test_a_picture_cut_close_to_round_strokes_is_left_as_it_is():
    image = np.full((60, 50, 3), PAPER, np.float32)
    y, x = np.mgrid[:60, :50]
    for middle in (4, 45):  # two strokes from edge to edge, whose ends are round
        end = np.where(y < 4, 4 - y, np.where(y > 55, y - 55, 0))
        image[np.hypot(end, x - middle) <= 4] = INK
    assert remove_rims(image) is image


def test_a_rule_alone_is_left_as_it_is():
    image = np.full((84, 130, 3), PAPER, np.float32)
    image[:, :5] = INK
    assert remove_rims(image) is image


@pytest.mark.parametrize("end", [38, 46], ids=["short of the writing", "touching it"])
def test_a_thin_dash_that_goes_out_from_a_rule_is_print_like_it(end):
    image = cell()
    image[:, :4] = INK
    image[41:44, :end] = INK
    np.testing.assert_allclose(remove_rims(image)[:, :44], cell()[:, :44], atol=0.02)


def test_a_bar_of_the_pen_that_reaches_a_rule_stays():
    image = cell()
    image[20:26, :60] = INK  # as thick as the ring
    with_rule = image.copy()
    with_rule[:, :4] = INK
    assert np.abs(remove_rims(with_rule)[:, 6:] - image[:, 6:]).max() < 0.02


def test_a_thick_broken_rule_is_removed():
    image = cell()
    image[np.arange(84) % 14 < 9, :5] = INK
    assert np.abs(remove_rims(image) - cell()).max() < 0.02


def test_a_stroke_that_crosses_a_ruled_line_at_the_rim_keeps_its_tail():
    image = np.full((84, 130, 3), 0.92, np.float32)
    image[70:73] = 0.45  # a ruled line along the lower edge, …
    image[12:84, 60:66] = 0.35  # … and a 9's tail that goes on below it
    image[12:18, 36:66] = 0.35
    plain = remove_rims(image)
    assert plain[70:73, :30].min() > 0.85
    assert plain[12:82, 61:65].max() < 0.6
