"""Planes of an image: a grey one stands for three, and whatever is done to it gives what three equal ones give."""

import numpy as np
import pytest
from PIL import Image

from lenet5.imaging.background import CHARACTER, LINE, PAGE, estimate_background
from lenet5.imaging.load import load_image
from lenet5.imaging.planes import grey_image, grey_planes, has_one_plane, is_grey, map_planes, replace_where
from lenet5.imaging.resize import rescale


@pytest.fixture
def plane():
    return np.random.default_rng(1998).random((60, 90), np.float32)


def three(plane):
    return np.repeat(plane[:, :, None], 3, 2)


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_a_grey_picture_is_loaded_as_one_plane(mode, plane):
    image = load_image(Image.fromarray((255 * plane).astype(np.uint8)).convert(mode))
    assert image.shape == (60, 90, 3) and has_one_plane(image) and is_grey(image)


def test_a_coloured_picture_has_three_planes(plane):
    image = three(plane)
    image[5, 5, 1] = 1 - image[5, 5, 1]
    assert not has_one_plane(load_image(image))


@pytest.mark.parametrize(
    "function",
    [
        lambda image: rescale(image, 2.5),
        lambda image: rescale(image, 0.7),
        lambda image: estimate_background(image, CHARACTER),
        lambda image: estimate_background(image, LINE),
        lambda image: estimate_background(image, PAGE),
        lambda image: map_planes(lambda plane: plane[::2], image),
        lambda image: replace_where(image[:, :, 0] > 0.5, image[::-1], image),
    ],
)
def test_one_plane_gives_what_three_equal_ones_give(function, plane):
    one = function(grey_image(plane))
    assert has_one_plane(one)
    np.testing.assert_array_equal(one, function(three(plane)))


def test_shades_of_grey_are_one_plane_of_their_mean(plane):
    np.testing.assert_array_equal(grey_planes(grey_image(plane), 0.02), grey_planes(three(plane), 0.02))
    tinted = three(plane)
    tinted[:, :, 2] += 0.01
    assert grey_planes(tinted, 0.02).shape == (60, 90, 1)
    assert grey_planes(tinted, 0.005).shape == (60, 90, 3)
