"""Boxes and regions: worked by hand."""

from __future__ import annotations

import numpy as np

from lenet5.imaging.geometry import (
    Region,
    bounding_box,
    crop_to_foreground,
    foreground_box,
    move_box,
    scale_box,
)


def test_a_region_places_what_is_read_in_it():
    region = Region((50, 60, 7, 8), (40, 55), np.zeros((20, 30, 3), np.float32))
    assert region.on_page((3, 4, 5, 6)) == (43, 59, 5, 6)


def test_a_region_of_a_part_lies_on_the_whole_where_the_part_does():
    region = Region((50, 60, 7, 8), (40, 55), np.zeros((20, 30, 3), np.float32)).moved(100, 200)
    assert (region.box, region.origin) == ((150, 260, 7, 8), (140, 255))


def test_the_smallest_box_around_two():
    assert bounding_box([(10, 20, 5, 5), (12, 8, 30, 6)]) == (10, 8, 32, 17)


def test_a_box_is_moved_and_scaled_and_never_empty():
    assert move_box((1, 2, 3, 4), 10, 20) == (11, 22, 3, 4)
    assert scale_box((10, 20, 30, 40), 0.5) == (5, 10, 15, 20)
    assert scale_box((10, 20, 1, 1), 0.1)[2:] == (1, 1)


def test_a_mask_is_cut_to_its_box_and_an_empty_one_to_nothing():
    mask = np.zeros((9, 12), bool)
    assert foreground_box(mask) is None and crop_to_foreground(mask, mask).size == 0
    mask[2, 5] = mask[6, 3] = True
    assert foreground_box(mask) == (3, 2, 3, 5)
    assert crop_to_foreground(np.arange(108).reshape(9, 12), mask).tolist() == [
        [12 * row + column for column in (3, 4, 5)] for row in range(2, 7)
    ]


def test_a_region_upside_down_shows_its_last_pixel_first_and_knows_where_it_lies():
    image = np.zeros((4, 6, 3), np.float32)
    image[3, 5] = 1
    turned = Region((10, 20, 6, 4), (10, 20), image, foreground=image[:, :, 0]).upside_down()
    assert turned.image[0, 0, 0] == 1 and turned.foreground is not None and turned.foreground[0, 0] == 1
    assert turned.on_page((0, 0, 1, 1)) == (15, 23, 1, 1)
    assert turned.upside_down().on_page((5, 3, 1, 1)) == (15, 23, 1, 1)
