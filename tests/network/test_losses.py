"""Eq. 8 and eq. 9 against loops and finite differences."""

from __future__ import annotations

import math
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet5.errors import InputError
from lenet5.network import losses
from lenet5.network.codes import DIGITS, codes

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


def distances(f6, table=None):
    return ((f6[:, None] - (codes(DIGITS).astype(float) if table is None else table)) ** 2).sum(2)


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


# --- every kind of target, every derivative ----------------------------------------------------------

CODES = codes(DIGITS).astype(np.float64)
# Near three of the codes, so that every class has some of the posterior and none has all of it.
F6 = 0.3 * CODES[[3, 8, 5]] + np.random.default_rng(1998).normal(0, 0.3, (3, 84))
NEAR = distances(F6)
CLASS = np.array([3, 8, 0])
MIXED = np.zeros((3, 10))  # a label, a pattern that is half a 1 and half a 7, and one that is no character
MIXED[0, 3], MIXED[1, [1, 7]] = 1, (0.5, 0.4)
SETTINGS = [(1.0, 1.0), (20.0, 0.1), (math.inf, 0.1), (5.0, 0.03)]  # j, scale


def as_weights(targets):
    return np.eye(10)[targets] if np.ndim(targets) == 1 else np.asarray(targets)


def differences(energy, at, step=1e-5):
    """∂energy/∂at, by central differences, one number at a time."""
    found = np.empty_like(at)
    for i in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[i] += step
        down[i] -= step
        found[i] = (energy(up) - energy(down)) / (2 * step)
    return found


def second_differences(energy, at, step=1e-3):
    """∂²energy/∂at²; with so large a step rounding stays below 1e-7, and what is left out below 1e-5."""
    found = np.empty_like(at)
    for i in np.ndindex(at.shape):
        bounding_box = []
        for k in (-2, -1, 0, 1, 2):
            moved = at.copy()
            moved[i] += k * step
            bounding_box.append(energy(moved))
        found[i] = np.dot([-1, 16, -30, 16, -1], bounding_box) / (12 * step**2)
    return found


@pytest.mark.parametrize(("j", "scale"), SETTINGS)
@pytest.mark.parametrize("targets", [CLASS, MIXED], ids=["labels", "weights"])
def test_energy_is_the_mean_of_each_patterns_own(targets, j, scale):
    """The mean is outside the logarithm, the sum over the classes inside it, a pattern at a time."""
    each = []
    for y, t in zip((NEAR * scale).tolist(), as_weights(targets).tolist(), strict=True):
        own = sum(weight * penalty for weight, penalty in zip(t, y, strict=True))
        if j < math.inf:
            own += (1 - sum(t)) * j
        each.append(own + math.log(math.exp(-j) + sum(math.exp(-penalty) for penalty in y)))
    assert losses.energy(NEAR, targets, j, scale) == pytest.approx(sum(each) / 3, rel=1e-12)


def test_energy_is_never_negative():
    """It is −log of the posterior of the right answer, mixed answers included."""
    for j, scale in SETTINGS[:2]:
        assert losses.energy(NEAR, CLASS, j, scale) > 0
        assert losses.energy(NEAR, MIXED, j, scale) > 0


def test_posterior_and_rubbish_share_one_whole():
    for j, scale in SETTINGS:
        posterior = losses.posterior(NEAR, j, scale)
        for y, p in zip((NEAR * scale).tolist(), posterior, strict=True):
            terms = [math.exp(-penalty) for penalty in y]
            assert p == pytest.approx([term / (sum(terms) + math.exp(-j)) for term in terms])
    assert losses.posterior(NEAR, math.inf).sum(1) == pytest.approx(np.ones(3))
    assert losses.posterior(NEAR + 1e3, 1.0).sum() < 1e-300  # far from every code: rubbish has it all


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("j", [1.0, 1e4, math.inf])
def test_huge_penalties_do_not_overflow(kind, j):
    """exp(−10,000) is 0 in any float, and 10,000 − 9,999.7 is not 0.3 in single precision."""
    y = np.array([[1e4, 1e4 + 1, 2e4], [0, 5e4, 5e4]], kind)
    labels = np.array([0, 0])
    shared = math.log(1 + math.exp(-1) + (1 if j == 1e4 else 0)) if j > 1 else 1e4 - 1
    rest = math.log1p(math.exp(-1)) if j == 1 else 0  # second pattern: rubbish at 1, the right class at 0
    assert losses.energy(y, labels, j) == pytest.approx((shared + rest) / 2, rel=1e-6)
    assert np.isfinite(losses.slope(y, labels, j)).all()
    assert np.isfinite(losses.posterior(y, j)).all()


@pytest.mark.parametrize(("j", "scale"), SETTINGS)
@pytest.mark.parametrize("targets", [CLASS, MIXED], ids=["labels", "weights"])
def test_slopes_of_eq_9_are_those_of_differences(targets, j, scale):
    def by_penalties(y):
        return losses.energy(y, targets, j, scale)

    to_y = losses.slope(NEAR, targets, j, scale)
    np.testing.assert_allclose(to_y, differences(by_penalties, NEAR), atol=1e-8)
    np.testing.assert_allclose(
        losses.f6_slope(F6, CODES, to_y), differences(lambda x: by_penalties(distances(x)), F6), atol=1e-8
    )
    np.testing.assert_allclose(
        losses.codes_slope(F6, CODES, to_y),
        differences(lambda w: by_penalties(distances(F6, w)), CODES),
        atol=1e-8,
    )


def test_slopes_of_eq_8_are_those_of_differences():
    to_y = losses.mean_penalty_slope(NEAR, MIXED, 0.7)
    np.testing.assert_allclose(
        to_y, differences(lambda y: losses.mean_penalty(y, MIXED, 0.7), NEAR), atol=1e-8
    )
    np.testing.assert_allclose(
        losses.f6_slope(F6, CODES, to_y),
        differences(lambda x: losses.mean_penalty(distances(x), MIXED, 0.7), F6),
        atol=1e-8,
    )


@pytest.mark.parametrize(("j", "scale"), SETTINGS)
@pytest.mark.parametrize("targets", [CLASS, MIXED], ids=["labels", "weights"])
def test_second_derivative_is_that_of_differences(targets, j, scale):
    exact = second_differences(lambda x: losses.energy(distances(x), targets, j, scale), F6)
    found = losses.second_derivative(F6, CODES, NEAR, targets, j, scale)
    np.testing.assert_allclose(found, exact, atol=1e-6)
    np.testing.assert_allclose(
        losses.curvature(F6, CODES, NEAR, targets, j, scale), np.maximum(exact, 0), atol=1e-6
    )


def test_with_labels_the_curvature_is_exact():
    for j, scale in SETTINGS:
        exact = losses.second_derivative(F6, CODES, NEAR, CLASS, j, scale)
        assert (exact >= 0).all()
        np.testing.assert_array_equal(losses.curvature(F6, CODES, NEAR, CLASS, j, scale), exact)


def test_curvature_is_never_negative():
    """On top of a code "no character" is a hill, not a hollow: there the recursion starts from a plain."""
    nothing, near = np.zeros((10, 10)), distances(CODES)
    assert losses.second_derivative(CODES, CODES, near, nothing).max() < 0
    assert not losses.curvature(CODES, CODES, near, nothing).any()


def test_rounding_makes_no_curvature_negative():
    """In single precision: a difference of large squares would be negative now and then."""
    f6 = RNG.uniform(-1.7, 1.7, (200, 84)).astype(np.float32)
    code = CODES.astype(np.float32)
    y = distances(f6, code)
    second = losses.second_derivative(f6, code, y, y.argmin(1), math.inf)
    assert second.dtype == np.float32
    assert (second >= 0).all()


def test_curvature_of_eq_8_is_two():
    """Eq. 7 has no factor ½; each pattern has its share of the mean."""
    found = losses.curvature(F6, CODES, NEAR, CLASS, discriminative=False)
    np.testing.assert_allclose(found, np.full((3, 84), 2 / 3))
    exact = second_differences(lambda x: losses.mean_penalty(distances(x), MIXED, 0.7), F6)
    np.testing.assert_allclose(
        losses.curvature(F6, CODES, NEAR, MIXED, scale=0.7, discriminative=False), exact, atol=1e-6
    )


def test_eq_8_draws_a_code_that_learns_to_its_class():
    """Why eq. 8 alone collapses with codes that learn: each code's best place is the mean of its states."""
    labels = np.array([4, 4, 4])
    to_y = losses.mean_penalty_slope(NEAR, labels)
    moved = CODES.copy()
    moved[4] = F6.mean(0)
    assert np.abs(losses.codes_slope(F6, CODES, to_y)[4]).max() > 0.1
    np.testing.assert_allclose(losses.codes_slope(F6, moved, to_y), 0, atol=1e-15)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_float_type_is_kept(kind):
    y, f6, code = (NEAR / 10).astype(kind), F6.astype(kind), CODES.astype(kind)
    to_y = losses.slope(y, MIXED, 2.0, 0.1)
    for found in (
        to_y,
        losses.mean_penalty_slope(y, MIXED, 0.1),
        losses.posterior(y, 2.0, 0.1),
        losses.f6_slope(f6, code, to_y),
        losses.codes_slope(f6, code, to_y),
        losses.curvature(f6, code, y, MIXED, 2.0, 0.1),
        losses.curvature(f6, code, y, CLASS, discriminative=False),
    ):
        assert found.dtype == kind


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        (np.array([0, 1, 10]), "10 classes"),
        (np.array([0, 1, -1]), "from -1 to 1"),
        (np.array([0, 1]), "do not fit"),
        (np.array([0.0, 1.0, 2.0]), "do not fit"),
        (np.array([True, False, True]), "bool"),
        (np.zeros((3, 9)), "do not fit"),
        (np.zeros((3, 10), int), "int64"),
    ],
)
def test_targets_that_do_not_fit_are_a_sentence(targets, says):
    for function in (losses.energy, losses.slope, losses.mean_penalty, losses.mean_penalty_slope):
        with pytest.raises(InputError, match=says):
            function(NEAR, targets)


def test_no_patterns_have_no_mean():
    nothing = np.empty((0, 10))
    for function in (losses.energy, losses.mean_penalty):
        with pytest.raises(InputError, match="no patterns"):
            function(nothing, np.empty(0, int))
    assert losses.slope(nothing, np.empty(0, int)).shape == (0, 10)
    assert losses.posterior(nothing).shape == (0, 10)
