"""Shear of images."""

from __future__ import annotations

import numpy as np

from lenet5.imaging.shear import shear_images, sheared_views


def test_shear_moves_tops_sideways_and_keeps_the_ink():
    fields = np.zeros((2, 28, 28), np.uint8)
    fields[0, 4:24, 13:15] = 200
    fields[1, 4:24, 10:18] = 100
    right, left = shear_images(fields, 0.2), shear_images(fields, -0.2)
    columns = np.arange(28)
    for field, before in zip(right, fields, strict=True):
        moved = [
            (r @ columns) / r.sum() - (b @ columns) / b.sum()
            for r, b in zip(field[4:24] / 1.0, before[4:24] / 1.0, strict=True)
        ]
        assert np.allclose(moved, 0.2 * (13.5 - np.arange(4, 24)), atol=0.02)
        assert abs(int(field.sum()) - int(before.sum())) < 50
    assert np.array_equal(left, right[:, :, ::-1])
    assert np.array_equal(shear_images(fields, 0.0), fields)


def test_the_views_begin_with_the_images_themselves():
    images = np.random.default_rng(2).integers(0, 256, (3, 28, 28), np.uint8)
    views = sheared_views(images, (-0.2, 0.2))
    assert len(views) == 3 and views[0] is images
    np.testing.assert_array_equal(views[1], shear_images(images, -0.2))
