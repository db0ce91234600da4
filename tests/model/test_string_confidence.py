"""Calibrated confidence of strings: shares of paths become probabilities, in the same order."""

import numpy as np
import pytest

from lenet5 import LeNet5, ModelError
from lenet5.errors import InputError
from lenet5.model.signs import WithSigns, sign_confidence_of, string_confidence_of
from lenet5.model.string_confidence import StringConfidence, calibrate_strings, calibration_error
from lenet5.network.codes import DIGITS, SIGNS


def strings(slope: float, constant: float, count: int) -> tuple[list[float], list[bool]]:
    """Shares, and whether strings are right, where logit(probability) = slope · logit(share) + constant."""
    rng = np.random.default_rng(0)
    share = rng.uniform(0.02, 0.98, count)
    probability = 1 / (1 + (share / (1 - share)) ** -slope * np.exp(-constant))
    return share.tolist(), (rng.random(count) < probability).tolist()


def test_the_constants_that_made_strings_right_are_recovered_and_the_error_falls():
    shares, right = strings(0.6, 0.9, 20_000)
    fitted = calibrate_strings(shares, right)
    assert fitted.slope == pytest.approx(0.6, abs=0.05)
    assert fitted.constant == pytest.approx(0.9, abs=0.05)
    assert fitted.after < 0.02 < fitted.before
    assert fitted.strings == 20_000


def test_a_surer_string_stays_the_surer_and_certainty_is_kept():
    known = StringConfidence(0.5, 1.0)
    sure = [known.probability(share) for share in np.linspace(0, 1, 11)]
    assert sure == sorted(sure)
    assert (sure[0], sure[-1]) == (0.0, 1.0)
    assert StringConfidence().probability(0.3) == pytest.approx(0.3)


def test_the_calibration_error_is_that_of_bins_counted_by_hand():
    # Two of [0.2, 0.3): one right of 0.25 each; two of [0.9, 1]: none right of 0.95 and 1.
    assert calibration_error([0.25, 0.25, 0.95, 1.0], [True, False, False, False]) == pytest.approx(
        (abs(1 - 0.5) + 1.95) / 4
    )


def test_too_few_strings_or_all_of_one_kind_calibrate_nothing():
    with pytest.raises(InputError, match="20 strings or more"):
        calibrate_strings([0.5] * 3, [True, False, True])
    with pytest.raises(InputError, match="right and wrong"):
        calibrate_strings([0.5] * 50, [True] * 50)


@pytest.mark.parametrize(
    ("key", "of"), [("string_confidence", string_confidence_of), ("sign_confidence", sign_confidence_of)]
)
def test_a_model_file_keeps_it_and_one_that_trains_on_forgets_it(tmp_path, key, of):
    model = LeNet5(DIGITS + SIGNS, backend="numpy")
    assert of(model) is None
    model.metadata[key] = StringConfidence(0.5, 1.0, 100, 0.1, 0.01).to_dict()
    model.save(tmp_path / "signs.safetensors")
    again = LeNet5.load(tmp_path / "signs.safetensors", "numpy")
    both = WithSigns(LeNet5(DIGITS, backend="numpy"), again)
    assert of(both) == StringConfidence(0.5, 1.0, 100, 0.1, 0.01)
    model.record({}, {}, j=5.0, scale=0.1)
    assert of(model) is None


@pytest.mark.parametrize("damage", [{"slope": -1.0}, {"constant": float("nan")}, {"before": None}])
@pytest.mark.parametrize("key", ["string_confidence", "sign_confidence"])
def test_a_damaged_confidence_is_a_damaged_model(tmp_path, damage, key):
    model = LeNet5(DIGITS + SIGNS, backend="numpy")
    model.metadata[key] = StringConfidence().to_dict() | damage
    model.save(tmp_path / "signs.safetensors")
    with pytest.raises(ModelError, match="cannot be read"):
        LeNet5.load(tmp_path / "signs.safetensors", "numpy")
