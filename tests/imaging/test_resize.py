"""Resizing: areas keep their mean."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.imaging.resize import STRIP, longer_side, reduce_to, rescale, resize, working_scale


def test_half_the_size_is_the_mean_of_two_by_two():
    image = np.random.default_rng(1).random((8, 12, 3)).astype(np.float32)
    means = image.reshape(4, 2, 6, 2, 3).mean((1, 3))
    np.testing.assert_allclose(rescale(image, 2), means, atol=1e-6)
    np.testing.assert_allclose(reduce_to(image, 6), means, atol=1e-6)
    np.testing.assert_allclose(resize(image[:, :, 0], (4, 6)), means[:, :, 0], atol=1e-6)


def test_an_image_that_fits_is_itself():
    image = np.zeros((8, 12, 3), np.float32)
    assert rescale(image, 1) is image and reduce_to(image, 12) is image


@pytest.mark.parametrize("method", ["area", "linear", "cubic"])
def test_one_level_stays_one_level(method):
    assert resize(np.full((5, 7), 0.25, np.float32), (11, 3), method) == pytest.approx(0.25)


def test_the_scale_is_that_of_the_longer_side_and_never_enlarges():
    assert working_scale(np.zeros((100, 400)), 200) == 2
    assert working_scale(np.zeros((100, 150)), 200) == 1


def test_a_strip_is_reduced_by_its_height_and_not_by_its_length():
    assert longer_side(400, 100) == longer_side(100, 400) == 400
    assert longer_side(50, 16000) == STRIP * 50
    assert working_scale(np.zeros((50, 16000)), 1000) == 1
