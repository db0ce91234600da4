"""The background of images whose background is known, since ink was drawn on it here."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.imaging.background import CHARACTER, LINE, PAGE, RULED, border_pixels, estimate_background
from lenet5.imaging.planes import grey_planes

SLOPE = np.linspace(0.6, 0.9, 240, dtype=np.float32)  # light that falls off to one side


def written(rows: int, dark: bool) -> tuple[np.ndarray, np.ndarray]:
    """A page (rows, 240, 1) with thin vertical strokes, a tenth of it, and its background."""
    background = np.repeat(SLOPE[None], rows, 0)[:, :, None]
    image = background.copy()
    for left in range(20, 220, 25):
        image[rows // 3 : 2 * rows // 3, left : left + 6] += -0.5 if dark else 0.1
    return image, background


@pytest.mark.parametrize("settings", [CHARACTER, LINE, PAGE, RULED])
@pytest.mark.parametrize("dark", [True, False])
def test_every_estimate_passes_under_the_ink(settings, dark):
    image, background = written(120, dark)
    estimate = estimate_background(image, settings, dark_ink=dark)
    assert estimate.shape == image.shape
    assert np.abs(estimate - background).mean() < 0.04


@pytest.mark.parametrize("settings", [CHARACTER, LINE, PAGE, RULED])
def test_the_background_of_an_empty_page_is_the_page(settings):
    image = np.full((50, 70, 3), 0.7, np.float32)
    np.testing.assert_allclose(estimate_background(image, settings), image, atol=1e-6)


def test_planes_are_merged_where_they_differ_by_less_than_the_tolerance():
    image = np.full((4, 5, 3), 0.5, np.float32)
    image[2, 3] = 0.5, 0.51, 0.49
    assert grey_planes(image, 0.03).shape == (4, 5, 1)
    assert grey_planes(image, 0.01) is image


def test_border_pixels_are_the_four_edges():
    plane = np.arange(12).reshape(3, 4)
    assert sorted(border_pixels(plane).tolist()) == [0, 0, 1, 2, 3, 3, 4, 7, 8, 8, 9, 10, 11, 11]
