"""Signs beside another classifier's classes: whose penalties they are, and what the posterior says."""

import numpy as np
import pytest

from lenet5 import Ensemble, InputError, LeNet5
from lenet5.model.signs import WithSigns
from lenet5.network.codes import DIGITS, SIGNS

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


def network(classes: str, seed: int, j: float = 5.0, scale: float = 0.1) -> LeNet5:
    model = LeNet5(classes, seed=seed, backend="numpy")
    model.metadata |= {"j": j, "scale": scale}
    return model


@pytest.mark.parametrize(("j", "scale"), [(5.0, 0.1), (20.0, 0.25)])
def test_one_network_says_which_sign_and_the_other_which_digit_if_it_is_none(j, scale):
    digits, signs = network(DIGITS, 1), network(DIGITS + SIGNS, 2, j=j, scale=scale)
    both = WithSigns(digits, signs)
    assert "".join(both.classes) == DIGITS + SIGNS
    answers = both.penalties(IMAGES)
    np.testing.assert_array_equal(answers[:, :10], digits.penalties(IMAGES))
    # Eq. 9 of either network, in double precision.
    y, z = (model.penalties(IMAGES).astype(float) for model in (digits, signs))
    p = np.exp(-0.1 * y) / (np.exp(-5.0) + np.exp(-0.1 * y).sum(1, keepdims=True))
    s = (np.exp(-scale * z) / (np.exp(-j) + np.exp(-scale * z).sum(1, keepdims=True)))[:, 10:]
    expected = np.concatenate([(1 - s.sum(1, keepdims=True)) * p, s], 1)
    np.testing.assert_allclose(both.posterior_of(answers), expected, rtol=1e-3, atol=1e-5)


def test_an_ensemble_is_asked_in_stages_whose_mean_is_its_answer():
    ensemble = Ensemble([network(DIGITS, seed) for seed in (1, 2, 3)])
    both = WithSigns(ensemble, network(DIGITS + SIGNS, 4))
    assert len(both.stages) == 3
    mean = np.mean([stage.penalties(IMAGES) for stage in both.stages], 0)
    np.testing.assert_allclose(mean, both.penalties(IMAGES), rtol=1e-4)
    assert WithSigns(network(DIGITS, 1), network(DIGITS + SIGNS, 4)).stages[0].classes == both.classes
    assert both.networks == ensemble.networks


def test_signs_that_are_known_already_are_not_added_again():
    both = WithSigns(network(DIGITS + "-", 1), network(DIGITS + SIGNS, 2))
    assert "".join(both.classes) == DIGITS + "-" + SIGNS.replace("-", "")
    with pytest.raises(InputError, match="knows none besides"):
        WithSigns(network(DIGITS, 1), network(DIGITS, 2))
