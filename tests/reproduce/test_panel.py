"""Figures of several seeds, compared with published ones."""

import pytest

from lenet5.reproduce.panel import Sample, compared, points


def test_a_published_figure_is_compared_with_its_own_allowance():
    assert compared(Sample((0.0094, 0.0096)), 0.0095) == "the published 0.95%"
    near = compared(Sample((0.0088, 0.0090)), 0.0095, 0.001)
    assert near == "0.06 points below the published 0.95%, within the paper's own ±0.10"
    far = compared(Sample((0.0120, 0.0122)), 0.0095, 0.001)
    assert far == "0.26 points above the published 0.95%, outside the paper's own ±0.10"
    assert compared(Sample((0.01,)), 0.0095).endswith("(one seed)")


def test_a_deviation_is_given_for_three_seeds_and_never_as_nothing():
    assert Sample((0.01, 0.012)).short() == "1.10% (1.00%, 1.20%)"
    assert Sample((0.01, 0.012, 0.014)).short() == "1.20% ± 0.20%"
    assert Sample((0.177, 0.17701, 0.177)).short(1) == "17.7% ± less than 0.1%"


def test_a_difference_is_that_of_the_figures_as_they_are_printed():
    assert points(0.01114, 0.00946) == pytest.approx(
        0.16
    )  # 1.11 − 0.95, though 1.114 − 0.946 is nearer to 0.17
