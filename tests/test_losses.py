"""Eq. 8 and eq. 9 against sums written out in plain Python, and their derivatives against differences."""

import math

import numpy as np
import pytest

from lenet5 import losses
from lenet5.codes import DIGITS, codes
from lenet5.errors import InputError

RANDOM = np.random.default_rng(1998)
CODES = codes(DIGITS).astype(np.float64)
# Near three of the codes, so that every class has some of the posterior and none has all of it.
F6 = 0.3 * CODES[[3, 8, 5]] + RANDOM.normal(0, 0.3, (3, 84))
LABELS = np.array([3, 8, 0])
MIXED = np.zeros((3, 10))  # a label, a pattern that is half a 1 and half a 7, and one that is no character
MIXED[0, 3], MIXED[1, [1, 7]] = 1, (0.5, 0.4)
SETTINGS = [(1.0, 1.0), (20.0, 0.1), (math.inf, 0.1), (5.0, 0.03)]  # j, scale


def penalties_of(f6, code=CODES):
    """Eq. 7."""
    return ((f6[:, None] - code) ** 2).sum(2)


Y = penalties_of(F6)


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
        around = []
        for k in (-2, -1, 0, 1, 2):
            moved = at.copy()
            moved[i] += k * step
            around.append(energy(moved))
        found[i] = np.dot([-1, 16, -30, 16, -1], around) / (12 * step**2)
    return found


# --- values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("j", "scale"), SETTINGS)
@pytest.mark.parametrize("targets", [LABELS, MIXED], ids=["labels", "weights"])
def test_energy_is_the_mean_of_each_patterns_own(targets, j, scale):
    """The mean is outside the logarithm, the sum over the classes inside it, a pattern at a time."""
    each = []
    for y, t in zip((Y * scale).tolist(), as_weights(targets).tolist(), strict=True):
        own = sum(weight * penalty for weight, penalty in zip(t, y, strict=True))
        if j < math.inf:
            own += (1 - sum(t)) * j
        each.append(own + math.log(math.exp(-j) + sum(math.exp(-penalty) for penalty in y)))
    assert losses.energy(Y, targets, j, scale) == pytest.approx(sum(each) / 3, rel=1e-12)


def test_eq_9_as_printed():
    y = np.array([[2.0, 3.0], [0.5, 7.0]])
    first = 3 + math.log(math.exp(-1) + math.exp(-2) + math.exp(-3))
    second = 0.5 + math.log(math.exp(-1) + math.exp(-0.5) + math.exp(-7))
    assert losses.energy(y, np.array([1, 0]), j=1.0) == pytest.approx((first + second) / 2)


def test_eq_8_is_the_mean_penalty_of_the_right_class():
    assert losses.mean_penalty(Y, LABELS) == pytest.approx((Y[0, 3] + Y[1, 8] + Y[2, 0]) / 3)
    assert losses.mean_penalty(Y, LABELS, 0.5) == pytest.approx((Y[0, 3] + Y[1, 8] + Y[2, 0]) / 6)


def test_a_label_is_a_whole_weight():
    assert losses.energy(Y, np.eye(10)[LABELS], 2.0) == losses.energy(Y, LABELS, 2.0)


def test_energy_is_never_negative():
    """It is −log of the posterior of the right answer, mixed answers included."""
    for j, scale in SETTINGS[:2]:
        assert losses.energy(Y, LABELS, j, scale) > 0
        assert losses.energy(Y, MIXED, j, scale) > 0


def test_posterior_and_rubbish_share_one_whole():
    for j, scale in SETTINGS:
        posterior = losses.posterior(Y, j, scale)
        for y, p in zip((Y * scale).tolist(), posterior, strict=True):
            terms = [math.exp(-penalty) for penalty in y]
            assert p == pytest.approx([term / (sum(terms) + math.exp(-j)) for term in terms])
    assert losses.posterior(Y, math.inf).sum(1) == pytest.approx(np.ones(3))
    assert losses.posterior(Y + 1e3, 1.0).sum() < 1e-300  # far from every code: rubbish has it all


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


def test_j_spares_penalties_that_are_large_already():
    """What eq. 9's constant is for (Section II-C): beyond j, a wrong class is pushed no further."""
    y = np.array([[0.0, 40.0]])
    label = np.array([0])
    assert abs(losses.slope(y, label, 5.0)[0, 1]) < 1e-15
    far = np.array([[40.0, 60.0]])  # the right class is no longer near either: only it is still pulled
    assert losses.slope(far, label, math.inf)[0, 0] < 1e-8
    assert losses.slope(far, label, 5.0) == pytest.approx(np.array([[1.0, 0.0]]))


# --- derivatives ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("j", "scale"), SETTINGS)
@pytest.mark.parametrize("targets", [LABELS, MIXED], ids=["labels", "weights"])
def test_slopes_of_eq_9_are_those_of_differences(targets, j, scale):
    def by_penalties(y):
        return losses.energy(y, targets, j, scale)

    to_y = losses.slope(Y, targets, j, scale)
    np.testing.assert_allclose(to_y, differences(by_penalties, Y), atol=1e-8)
    np.testing.assert_allclose(
        losses.f6_slope(F6, CODES, to_y), differences(lambda x: by_penalties(penalties_of(x)), F6), atol=1e-8
    )
    np.testing.assert_allclose(
        losses.codes_slope(F6, CODES, to_y),
        differences(lambda w: by_penalties(penalties_of(F6, w)), CODES),
        atol=1e-8,
    )


def test_slopes_of_eq_8_are_those_of_differences():
    to_y = losses.mean_penalty_slope(Y, MIXED, 0.7)
    np.testing.assert_allclose(to_y, differences(lambda y: losses.mean_penalty(y, MIXED, 0.7), Y), atol=1e-8)
    np.testing.assert_allclose(
        losses.f6_slope(F6, CODES, to_y),
        differences(lambda x: losses.mean_penalty(penalties_of(x), MIXED, 0.7), F6),
        atol=1e-8,
    )


@pytest.mark.parametrize(("j", "scale"), SETTINGS)
@pytest.mark.parametrize("targets", [LABELS, MIXED], ids=["labels", "weights"])
def test_second_derivative_is_that_of_differences(targets, j, scale):
    exact = second_differences(lambda x: losses.energy(penalties_of(x), targets, j, scale), F6)
    found = losses.second_derivative(F6, CODES, Y, targets, j, scale)
    np.testing.assert_allclose(found, exact, atol=1e-6)
    np.testing.assert_allclose(
        losses.curvature(F6, CODES, Y, targets, j, scale), np.maximum(exact, 0), atol=1e-6
    )


def test_with_labels_the_curvature_is_exact():
    for j, scale in SETTINGS:
        exact = losses.second_derivative(F6, CODES, Y, LABELS, j, scale)
        assert (exact >= 0).all()
        np.testing.assert_array_equal(losses.curvature(F6, CODES, Y, LABELS, j, scale), exact)


def test_curvature_is_never_negative():
    """On top of a code "no character" is a hill, not a hollow: there the recursion starts from a plain."""
    nothing, near = np.zeros((10, 10)), penalties_of(CODES)
    assert losses.second_derivative(CODES, CODES, near, nothing).max() < 0
    assert not losses.curvature(CODES, CODES, near, nothing).any()


def test_rounding_makes_no_curvature_negative():
    """In single precision: a difference of large squares would be negative now and then."""
    f6 = RANDOM.uniform(-1.7, 1.7, (200, 84)).astype(np.float32)
    code = CODES.astype(np.float32)
    y = penalties_of(f6, code)
    second = losses.second_derivative(f6, code, y, y.argmin(1), math.inf)
    assert second.dtype == np.float32
    assert (second >= 0).all()


def test_curvature_of_eq_8_is_two():
    """Eq. 7 has no factor ½; each pattern has its share of the mean."""
    found = losses.curvature(F6, CODES, Y, LABELS, discriminative=False)
    np.testing.assert_allclose(found, np.full((3, 84), 2 / 3))
    exact = second_differences(lambda x: losses.mean_penalty(penalties_of(x), MIXED, 0.7), F6)
    np.testing.assert_allclose(
        losses.curvature(F6, CODES, Y, MIXED, scale=0.7, discriminative=False), exact, atol=1e-6
    )


def test_eq_8_draws_a_code_that_learns_to_its_class():
    """Why eq. 8 alone collapses with codes that learn: each code's best place is the mean of its states."""
    labels = np.array([4, 4, 4])
    to_y = losses.mean_penalty_slope(Y, labels)
    moved = CODES.copy()
    moved[4] = F6.mean(0)
    assert np.abs(losses.codes_slope(F6, CODES, to_y)[4]).max() > 0.1
    np.testing.assert_allclose(losses.codes_slope(F6, moved, to_y), 0, atol=1e-15)


# --- what goes in and comes out -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_float_type_is_kept(kind):
    y, f6, code = (Y / 10).astype(kind), F6.astype(kind), CODES.astype(kind)
    to_y = losses.slope(y, MIXED, 2.0, 0.1)
    for found in (
        to_y,
        losses.mean_penalty_slope(y, MIXED, 0.1),
        losses.posterior(y, 2.0, 0.1),
        losses.f6_slope(f6, code, to_y),
        losses.codes_slope(f6, code, to_y),
        losses.curvature(f6, code, y, MIXED, 2.0, 0.1),
        losses.curvature(f6, code, y, LABELS, discriminative=False),
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
            function(Y, targets)


def test_no_patterns_have_no_mean():
    nothing = np.empty((0, 10))
    for function in (losses.energy, losses.mean_penalty):
        with pytest.raises(InputError, match="no patterns"):
            function(nothing, np.empty(0, int))
    assert losses.slope(nothing, np.empty(0, int)).shape == (0, 10)
    assert losses.posterior(nothing).shape == (0, 10)
