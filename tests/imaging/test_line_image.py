"""Line images: characters 20 pixels high, and windows that lie where they say."""

import numpy as np

from lenet5.imaging.line_image import STRIDE, LineImage


def test_a_line_image_has_characters_of_20_pixels_and_room_at_both_ends():
    ink = np.zeros((90, 200), np.float32)
    ink[30:70, 20:180] = 1
    line = LineImage.of(ink, 40.0)
    found = line.levels
    assert found.shape[0] == 32
    assert found.shape[1] % STRIDE == 0
    rows, across = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    assert len(rows) == 20
    assert len(across) == 80
    assert abs(np.average(np.arange(32), weights=found.sum(1)) - 16) <= 0.51  # as MNIST's lie
    assert across[0] == 16
    assert found.shape[1] - across[-1] - 1 >= 16


def test_windows_lie_where_they_say_and_show_what_is_there():
    ink = np.zeros((60, 400), np.float32)
    for middle in (50, 200, 330):
        ink[10:50, middle - 3 : middle + 3] = 1
    line = LineImage.of(ink, 40.0)
    assert np.allclose(np.diff(line.window_centres), STRIDE * line.pixels)
    for middle in (50, 200, 330):
        nearest = int(np.abs(line.window_centres - middle).argmin())
        glyph = line.glyphs[nearest]
        across = np.average(np.arange(28), weights=glyph.sum(0)) + 0.5
        assert abs(across - 14 - (middle - line.window_centres[nearest]) / line.pixels) < 0.6
        assert np.array_equal(glyph, np.rint(255 * line.levels[2:-2, 4 * nearest + 2 : 4 * nearest + 30]))
