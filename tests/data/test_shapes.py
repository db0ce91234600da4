"""Arrays of pixels as patterns: shapes, types, ranges."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.data.shapes import pixels
from lenet5.errors import DataError


def test_pixels_of_0_and_1_are_paper_and_ink():
    bar = np.zeros((2, 28, 28), np.uint8)
    bar[:, 5:20, 13:15] = 1
    for kind in (np.uint8, bool, np.int64, np.float16, np.float64):
        assert (pixels(bar.astype(kind), "bars") == bar * 255).all()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.zeros((3, 32, 32)), "have the shape 3×32×32: N×28×28 or N×784, or N×20×20"),
        (np.zeros((3, 28, 28, 3)), "have the shape 3×28×28×3"),
        (np.zeros((28, 28)), "have the shape 28×28"),
        (np.float64(3), "have the shape none"),
        (np.full((3, 28, 28), "a"), "of type <U1: numbers are needed"),
        (np.zeros((3, 28, 28), complex), "of type complex128"),
        (np.full((3, 784), np.nan), r"no numbers \(NaN\), first in pattern 0"),
        (np.concatenate([np.zeros((2, 784)), np.full((1, 784), np.inf)]), "first in pattern 2"),
        (np.linspace(-0.4242, 2.8, 1568).reshape(2, 784), "run from -0.4242 to 2.8"),
        (np.full((1, 784), 65535, np.uint16), "run from 65535 to 65535"),
        (np.zeros((3, 784)), "no ink in bars"),
        (np.full((3, 784), 1.02), "run from 1.02 to 1.02"),
    ],
)
def test_pixels_that_cannot_be_used_are_a_sentence(values, sentence):
    with pytest.raises(DataError, match=sentence):
        pixels(values, "bars")


def test_boxes_of_20_by_20_are_centred_by_mass():
    box = np.zeros((2, 20, 20), np.uint8)
    box[0, 2:8, 3:5] = 200  # centre of mass: row 4.5, column 3.5
    box[1, 5:15, 8:12] = 100  # in the middle: row 9.5, column 9.5
    for values in (box, box.reshape(2, 400), box / 255):
        fields = pixels(values, "boxes")
        for field, source in zip(fields, box, strict=True):
            rows, columns = np.nonzero(field)
            assert sorted(field[field > 0]) == sorted(source[source > 0])
            assert rows.mean() in (13.5, 12.5) and columns.mean() in (13.5, 11.5)
    assert np.argwhere(pixels(box, "boxes")[1]).mean(0).tolist() == [13.5, 13.5]
    # Further than by 8 pixels no box of 20 can be moved in a field of 28.
    assert np.argwhere(pixels(box, "boxes")[0]).mean(0).tolist() == [12.5, 11.5]
