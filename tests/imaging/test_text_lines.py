"""Lines of text of masks drawn here, whose lines are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet5.imaging.text_lines import TEXT_LINES, _Band, _Bands, group_text_lines


def mask_of(boxes: list[tuple[int, int, int, int]], shape: tuple[int, int] = (200, 400)) -> np.ndarray:
    """A mask of filled boxes: top, left, height, width of each."""
    mask = np.zeros(shape, bool)
    for top, left, high, wide in boxes:
        mask[top : top + high, left : left + wide] = True
    return mask


def row(top: int, high: int = 30) -> list[tuple[int, int, int, int]]:
    return [(top, left, high, 12) for left in range(40, 340, 30)]


def test_an_empty_mask_has_no_line():
    lines, count, _ = group_text_lines(np.zeros((30, 40), bool))
    assert count == 0 and not lines.any()


@pytest.mark.parametrize("tops", [(20,), (20, 90), (10, 70, 130)])
def test_each_row_of_letters_is_one_line(tops):
    lines, count, _ = group_text_lines(mask_of([box for top in tops for box in row(top)]))
    assert count == len(tops)
    assert len({frozenset(lines[top : top + 30][:, 40:340].ravel().tolist()) - {0} for top in tops}) == len(
        tops
    )


def test_a_point_and_a_comma_belong_to_the_line_around_them():
    mask = mask_of([*row(20), *row(120), (45, 57, 5, 5), (148, 87, 9, 5)])
    lines, count, _ = group_text_lines(mask)
    assert count == 2
    assert lines[47, 59] == lines[30, 45] and lines[150, 89] == lines[130, 45]


def test_a_stroke_through_two_lines_is_divided_between_them():
    boxes = [box for box in (*row(20), *row(70)) if box[1] != 160]
    lines, count, _ = group_text_lines(mask_of([*boxes, (20, 160, 80, 12)]))
    assert count == 2
    assert lines[25, 165] == lines[25, 45] and lines[95, 165] == lines[95, 45]


def test_a_printed_line_and_a_speck_belong_to_no_line():
    lines, count, _ = group_text_lines(mask_of([*row(80), (150, 30, 3, 320), (20, 200, 2, 2)]))
    assert count == 1
    assert not lines[150:153].any() and not lines[20:22].any()


def test_marks_beyond_the_most_that_are_looked_at_are_counted_and_the_largest_kept():
    boxes = [box for top in (20, 90) for box in row(top)] + [
        (150, left, 20, 12) for left in range(40, 340, 30)
    ]
    every = group_text_lines(mask_of(boxes))
    some = group_text_lines(mask_of(boxes), replace(TEXT_LINES, most=20))
    assert (every.number, every.left_out) == (3, 0)
    assert (some.number, some.left_out) == (2, 10)
    assert some.line[30, 45] > 0 and not some.line[150:].any()


def test_bands_that_share_rows_are_near_each_other():
    """What is compared only with the bands near it must find every band that it shares rows with."""
    rng = np.random.default_rng(0)
    left = rng.uniform(0, 900, 300)
    bands = _Bands.of(
        [
            _Band(*row)
            for row in np.stack(
                [
                    rng.uniform(0, 1000, 300),
                    rng.uniform(-0.3, 0.3, 300),
                    left + 50,
                    rng.uniform(10, 40, 300),
                    left,
                    left + rng.uniform(1, 600, 300),
                ],
                1,
            ).tolist()
        ]
    )
    every = np.arange(300)
    shared = bands.shared(every[:, None], every[None], TEXT_LINES) > 0
    near = np.array([bands.near(np.array([one])) for one in every])
    assert shared.sum() > 1000 and near.mean() < 0.5
    assert not (shared & ~near).any()
    some = np.array([3, 40, 200])
    assert not (shared[some].any(0) & ~bands.near(some)).any()
