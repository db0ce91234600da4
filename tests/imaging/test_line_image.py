"""Line images: characters 20 pixels high, and windows that lie where they say."""

import numpy as np
import pytest

from lenet5.imaging.line_image import STRIDE, LineImage


def test_a_line_image_has_characters_of_20_pixels_and_room_at_both_ends():
    ink = np.zeros((90, 200), np.float32)
    ink[30:70, 20:180] = 1
    line = LineImage.of(ink, 40.0)
    found = line.levels
    assert found.shape[0] == 32
    assert found.shape[1] % STRIDE == 0
    rows, across = np.flatnonzero((found > 0.01).any(1)), np.flatnonzero((found > 0.01).any(0))
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
    assert np.allclose(np.diff(line.window_centres), STRIDE * 2)
    for middle in (50, 200, 330):
        nearest = int(np.abs(line.window_centres - middle).argmin())
        glyph = line.glyphs[nearest]
        across = np.average(np.arange(28), weights=glyph.sum(0)) + 0.5
        assert abs(across - 14 - (middle - line.window_centres[nearest]) / 2) < 0.6
        assert np.array_equal(glyph, np.rint(255 * line.levels[2:-2, 4 * nearest + 2 : 4 * nearest + 30]))


def test_characters_of_several_sizes_and_places_come_to_one_height_in_the_middle():
    """Digits that are small and low, as zeros at the end of an amount, and a line that climbs."""
    ink = np.zeros((200, 460), np.float32)
    boxes = [
        (60, 100, 20, 50),
        (72, 100, 80, 110),
        (50, 90, 140, 170),
        (20, 100, 200, 230),
        (40, 80, 300, 330),
    ]
    for top, bottom, left, right in boxes:
        ink[top:bottom, left:right] = 1
    line = LineImage.of(ink)
    for top, bottom, left, right in boxes:
        place = int(np.abs(line.edges - (left + right) / 2).argmin())
        rows = np.flatnonzero(line.levels[:, place] > 0.5)
        assert abs(len(rows) - 20) <= 4
        assert abs(rows.mean() + 0.5 - 16) <= 2
        middle = line.middle[place]
        assert abs(middle - (top + bottom) / 2) <= 4
    assert (
        np.ptp(np.flatnonzero((LineImage.even(ink).levels > 0.5).any(1))) > 27
    )  # which even scaling does not do


def test_a_point_stays_small_and_low():
    """Brought to a character's height it would be a 0, and in the middle a dash."""
    ink = np.zeros((60, 200), np.float32)
    ink[10:50, 20:50] = ink[10:50, 120:150] = ink[42:50, 82:90] = 1
    line = LineImage.of(ink)
    place = int(np.abs(line.edges - 86).argmin())
    rows = np.flatnonzero(line.levels[:, place] > 0.5)
    assert len(rows) <= 6
    assert rows.min() > 18


def test_a_blank_line_is_a_blank_line_image():
    assert not LineImage.of(np.zeros((40, 90), np.float32), 20.0).levels.any()


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.3])
def test_a_stretched_line_shows_the_same_columns_further_apart(factor):
    ink = np.zeros((30, 200), np.float32)
    bars = (40, 100, 160)
    for column in bars:
        ink[:, column - 2 : column + 2] = 1
    line = LineImage.of(ink, 30.0)
    stretched = line.stretched(factor)
    apart = np.diff(_middles(stretched))
    np.testing.assert_allclose(apart, factor * np.diff(_middles(line)), atol=0.3)
    there, here = (
        np.interp(_middles(one), np.arange(len(one.edges)), one.edges) for one in (line, stretched)
    )
    np.testing.assert_allclose(here, there, atol=0.3)  # pixels of the foreground
    assert stretched.levels.shape[0] == 32 and stretched.levels.shape[1] % STRIDE == 0


def _middles(line: LineImage) -> list[float]:
    """Middles of the bars of a line image: of each run of inked columns, by mass."""
    profile = line.levels.sum(0)
    inked = np.flatnonzero(profile > 0.5)
    runs = np.split(inked, np.flatnonzero(np.diff(inked) > 3) + 1)
    return [float(profile[run] @ (run + 0.5) / profile[run].sum()) for run in runs]
