"""Eq. 8 and eq. 9 against loops and finite differences."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet5 import losses
from lenet5.codes import DIGITS, codes
from lenet5.errors import InputError

RNG = np.random.default_rng(0)
Y = RNG.uniform(0, 60, (5, 10))
LABELS = np.array([0, 9, 3, 3, 5])
PART = RNG.dirichlet(np.ones(10), 5) * np.array([1, 0.5, 0, 0.9, 1])[:, None]


@pytest.mark.parametrize(("j", "scale"), [(1.0, 1.0), (20.0, 0.1), (0.1, 0.03)])
def test_eq_9_is_a_mean_of_a_sum_for_each_pattern(j, scale):
    total = 0.0
    for y, label in zip(Y, LABELS, strict=True):
        total += scale * y[label] + log(exp(-j) + sum(exp(-scale * penalty) for penalty in y))
    assert losses.energy(Y, LABELS, j, scale) == pytest.approx(total / 5)


def test_eq_8_is_the_mean_penalty_of_the_right_class():
    assert losses.mean_penalty(Y, LABELS) == pytest.approx(np.mean([Y[i, k] for i, k in enumerate(LABELS)]))


def test_labels_are_weights_of_one():
    weights = np.eye(10)[LABELS]
    assert losses.energy(Y, weights, 1.0, 0.1) == pytest.approx(losses.energy(Y, LABELS, 1.0, 0.1))


def test_a_pattern_that_is_no_character_costs_little_only_if_all_penalties_are_large():
    nothing = np.zeros((1, 10))
    far, near = np.full((1, 10), 500.0), np.full((1, 10), 500.0)
    near[0, 4] = 1.0
    assert losses.energy(far, nothing, 10.0, 0.1) == pytest.approx(0, abs=1e-6)
    assert losses.energy(near, nothing, 10.0, 0.1) > 5


def test_a_penalty_beyond_j_is_pushed_no_further():
    y = np.full((1, 10), 5.0)
    y[0, 1] = 1000.0
    assert abs(losses.slope(y, np.array([0]), 1.0)[0, 1]) < 1e-100


@pytest.mark.parametrize("targets", [LABELS, PART])
@pytest.mark.parametrize(("j", "scale"), [(1.0, 1.0), (20.0, 0.1)])
def test_slope_is_the_finite_difference(targets, j, scale):
    found = losses.slope(Y, targets, j, scale)
    for index in np.ndindex(*Y.shape):
        step = np.zeros_like(Y)
        step[index] = 1e-5
        right = losses.energy(Y + step, targets, j, scale) - losses.energy(Y - step, targets, j, scale)
        assert found[index] == pytest.approx(right / 2e-5, abs=1e-8)


def distances(f6):
    return ((f6[:, None] - codes(DIGITS).astype(float)) ** 2).sum(2)


@pytest.mark.parametrize("discriminative", [True, False])
def test_curvature_is_the_second_difference_in_f6(discriminative):
    f6 = RNG.uniform(-1.5, 1.5, (2, 84))
    labels = np.array([2, 8])
    table = codes(DIGITS).astype(float)
    found = losses.curvature(f6, table, distances(f6), labels, 8.0, 0.05, discriminative)

    def energy(x):
        if discriminative:
            return losses.energy(distances(x), labels, 8.0, 0.05)
        return losses.mean_penalty(distances(x), labels, 0.05)

    for index in [(0, 0), (0, 41), (1, 83), (1, 7)]:
        step = np.zeros_like(f6)
        step[index] = 1e-3
        right = (energy(f6 + step) - 2 * energy(f6) + energy(f6 - step)) / 1e-6
        assert found[index] == pytest.approx(right, rel=1e-4, abs=1e-7)


def test_slope_to_f6_is_the_finite_difference():
    f6 = RNG.uniform(-1.5, 1.5, (2, 84))
    labels, table = np.array([2, 8]), codes(DIGITS).astype(float)
    found = losses.f6_slope(f6, table, losses.slope(distances(f6), labels, 8.0, 0.05))
    for index in [(0, 3), (1, 60)]:
        step = np.zeros_like(f6)
        step[index] = 1e-5
        right = losses.energy(distances(f6 + step), labels, 8.0, 0.05)
        right -= losses.energy(distances(f6 - step), labels, 8.0, 0.05)
        assert found[index] == pytest.approx(right / 2e-5, rel=1e-6)


@given(st.floats(0, 1e6), st.floats(0.001, 100), st.sampled_from([0.0, 1.0, 50.0, np.inf]))
def test_posterior_is_a_share_however_large_the_penalties(size, scale, j):
    y = np.linspace(0, size, 10)[None]
    found = losses.posterior(y, j, scale)
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.sum() <= 1 + 1e-9
    assert found[0, 0] == found.max()


def test_without_rubbish_the_posterior_sums_to_one():
    assert losses.posterior(Y, np.inf, 0.1).sum(1) == pytest.approx(1)
    assert np.isfinite(losses.energy(Y, LABELS, np.inf, 0.1))


@pytest.mark.parametrize(
    "targets", [np.array([0, 1]), np.array([0, 9, 3, 3, 10]), np.zeros((5, 9)), np.zeros(5)]
)
def test_targets_that_do_not_fit_are_refused(targets):
    with pytest.raises(InputError):
        losses.energy(Y, targets)
