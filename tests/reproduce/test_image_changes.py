"""Rotation, scale and shift are what they are called."""

import numpy as np
import pytest

from lenet5.reproduce.image_changes import change


def test_changes_are_what_they_are_called():
    random = np.random.default_rng(0)
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 8:20, 8:20] = random.integers(0, 256, (12, 12))
    plain = np.pad(image[0], 2) / 255
    same = change(image, "rotation", 0)[0]
    assert same.shape == (32, 32)
    np.testing.assert_allclose(same, plain, atol=1e-6)
    np.testing.assert_allclose(change(image, "rotation", 90)[0], np.rot90(plain, -1), atol=1e-5)  # clockwise
    np.testing.assert_allclose(change(image, "shift", 3)[0], np.roll(plain, 3, 0), atol=1e-6)
    half = change(image, "scale", 0.5)[0]
    assert half.sum() == pytest.approx(plain.sum() / 4, rel=0.02)  # half as wide, half as high
    assert set(np.flatnonzero(half.any(1))) <= set(range(12, 20))
