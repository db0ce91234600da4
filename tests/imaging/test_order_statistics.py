"""Median, quantiles and the largest values: those of NumPy's general functions, which are the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from lenet5.imaging.order_statistics import largest, median, percentile_filter, quantile

SHAPES = arrays.array_shapes(max_dims=3, max_side=40)
FINITE = {"allow_nan": False, "allow_infinity": False, "min_value": -4, "max_value": 4}


def floats(dtype):
    return arrays.arrays(dtype, SHAPES, elements=st.floats(width=np.dtype(dtype).itemsize * 8, **FINITE))


@given(st.one_of(floats(np.float32), floats(np.float64)))
def test_the_median_is_numpys_to_the_bit(values):
    assert median(values) == np.median(values)
    assert np.asarray(median(values)).dtype == np.median(values).dtype


@given(arrays.arrays(np.intp, SHAPES, elements=st.integers(-100, 100)))
def test_the_median_of_whole_numbers_is_numpys(values):
    assert median(values) == np.median(values)


@given(st.one_of(floats(np.float32), floats(np.float64)), st.floats(0, 1))
def test_quantiles_are_numpys_to_the_bit(values, share):
    assert quantile(values, share) == np.quantile(values, share)
    assert quantile(values, share).dtype == np.quantile(values, share).dtype


@pytest.mark.parametrize("size", [5000, 100_001, 3_000_000])
@pytest.mark.parametrize("share", [0.3, 0.99, 0.995, 0.998])
def test_quantiles_of_large_images_are_numpys(size, share):
    values = np.random.default_rng(size).random(size, np.float32)
    assert quantile(values, share) == np.quantile(values, share)


@pytest.mark.parametrize("equal", [0.3, 0.6, 0.99, 1.0])
@pytest.mark.parametrize("value", [-2.0, 0.5, 3.0], ids=["least", "within", "most"])
def test_median_and_quantiles_of_a_large_even_image_are_numpys(equal, value):
    """Most pixels of a blank page are equal: the ranks looked for lie among them, beside them or on their edge."""
    rng = np.random.default_rng(7)
    values = np.where(rng.random(90_001) < equal, value, rng.random(90_001)).astype(np.float32)
    assert median(values) == np.median(values)
    assert median(values[1:]) == np.median(values[1:])
    edges = (1 - equal, equal, (values < value).mean(), (values <= value).mean())
    for share in (0.0, 0.01, 0.5, 0.995, 1.0, *map(float, edges)):
        assert quantile(values, share) == np.quantile(values, share), share


@given(
    arrays.arrays(np.float32, st.integers(1, 300), elements=st.integers(0, 9).map(float)),
    st.integers(1, 300),
)
def test_the_largest_are_those_that_sorting_puts_last_and_their_equals(values, count):
    least = np.sort(values)[-min(count, values.size)]
    assert largest(values, min(count, values.size)).tolist() == np.flatnonzero(values >= least).tolist()


def test_the_median_of_nothing_is_no_number():
    assert np.isnan(median(np.empty((0, 5), np.float32)))


@pytest.mark.parametrize(("shape", "size"), [((13, 40), 13), ((3, 900), 21), ((40, 30), 3), ((1, 1), 5)])
@pytest.mark.parametrize("percentile", [0, 40, 60, 99])
def test_the_percentile_filter_is_scipys_to_the_bit(shape, size, percentile):
    plane = np.random.default_rng(size).integers(0, 50, shape).astype(np.float32)
    right = ndimage.percentile_filter(plane, percentile, size=size, mode="nearest")
    np.testing.assert_array_equal(percentile_filter(plane, percentile, size), right)
