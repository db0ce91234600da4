"""Thresholds, against every possible level tried."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.imaging.threshold import threshold_isodata, threshold_otsu


def test_otsus_level_has_the_largest_variance_between_its_groups():
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.normal(0.25, 0.05, 300), rng.normal(0.7, 0.1, 100)])

    def between(level: float) -> float:
        low, high = values[values < level], values[values >= level]
        return len(low) * len(high) * (low.mean() - high.mean()) ** 2

    levels = np.linspace(values.min(), values.max(), 300)[1:-1]
    assert between(threshold_otsu(values)) >= 0.999 * max(between(level) for level in levels)


@pytest.mark.parametrize("threshold", [threshold_otsu, threshold_isodata])
def test_a_level_lies_between_two_values(threshold):
    assert 0.2 < threshold(np.array([0.2] * 9 + [0.8])) < 0.8


def test_the_isodata_level_is_halfway_between_the_means():
    values = np.random.default_rng(5).random(500) ** 2
    level = threshold_isodata(values)
    assert level == pytest.approx(
        (values[values > level].mean() + values[values <= level].mean()) / 2, abs=1e-3
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0.0, 1e-30, 0.5, 1.0])
def test_values_that_differ_by_rounding_alone_have_half_their_level(dtype, level):
    values = np.full(100, level, dtype)
    for steps in (0, 1, 100):
        for _ in range(steps):
            values[0] = np.nextafter(values[0], dtype(2))
        assert threshold_otsu(values) == pytest.approx(level / 2, abs=2e-5)  # 101 steps of float32
