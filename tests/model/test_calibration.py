"""Calibration against closed forms, loops, and patterns whose true probabilities are known."""

import json
import math

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.model.calibration import (
    DOUBT,
    NEGATIVE_WEIGHT,
    PASSING,
    REFUSED,
    Confidence,
    calibrate,
    fit,
    knows_rubbish,
    log_loss,
    reliability,
    thresholds,
)
from lenet5.network import losses


def drawn(count: int, s: float, j: float, seed: int = 0, classes: int = 4, size: float = 24.0):
    """Penalties of (characters, their labels, non-characters), labelled by eq. 9's posterior with (s, j)."""
    random = np.random.default_rng(seed)
    y = random.gamma(2.0, size / 2, (count, classes))
    p = losses.posterior(y, j, s)
    whole = np.column_stack([p, 1 - p.sum(1)])
    truth = (random.random(count)[:, None] > whole.cumsum(1)).sum(1).clip(0, classes)
    return y[truth < classes], truth[truth < classes], y[truth == classes]


def test_the_constants_that_labelled_the_patterns_are_found_again():
    y, labels, nothing = drawn(200_000, s=0.13, j=2.0)
    # All characters weigh 1 − NEGATIVE_WEIGHT, all non-characters NEGATIVE_WEIGHT: that shifts j by log odds.
    shift = math.log((NEGATIVE_WEIGHT / len(nothing)) / ((1 - NEGATIVE_WEIGHT) / len(y)))
    scale, j = fit(y, labels, j=20.0, scale=0.4, negatives=nothing)
    assert scale == pytest.approx(0.13, rel=0.02)
    assert j == pytest.approx(2.0 - shift, abs=0.06)


def test_without_non_characters_the_scale_alone_moves_and_rubbish_stays_where_it_was():
    y, labels, _ = drawn(50_000, s=0.13, j=1000.0)
    scale, j = fit(y, labels, j=30.0, scale=0.3)
    assert scale == pytest.approx(0.13, rel=0.03)
    assert j / scale == pytest.approx(30.0 / 0.3)


def test_no_other_constants_have_less_loss():
    y, labels, nothing = drawn(3000, s=0.2, j=3.0, seed=4)
    scale, j = fit(y, labels, 10.0, 0.1, nothing)
    everything = np.concatenate([y, nothing])
    targets = np.concatenate([np.eye(4)[labels], np.zeros((len(nothing), 4))])
    weights = np.concatenate(
        [
            np.full(len(y), (1 - NEGATIVE_WEIGHT) / len(y)),
            np.full(len(nothing), NEGATIVE_WEIGHT / len(nothing)),
        ]
    )
    least = log_loss(everything, targets, j, scale, weights)
    for ds, dj in ((0.02, 0), (-0.02, 0), (0, 0.3), (0, -0.3), (0.01, 0.2), (-0.01, -0.2)):
        assert log_loss(everything, targets, j + dj, scale + ds, weights) > least


def test_log_loss_is_the_mean_of_minus_log_p_of_what_was_true():
    y = np.array([[0.0, 3.0], [2.0, 1.0]])
    total = [math.exp(-1) + math.exp(0) + math.exp(-1.5), math.exp(-1) + math.exp(-1) + math.exp(-0.5)]
    right = -math.log(1 / total[0]), -math.log(math.exp(-1) / total[1])  # class 0, and rubbish
    targets = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert log_loss(y, targets, j=1.0, scale=0.5) == pytest.approx(sum(right) / 2)


def test_no_mistakes_among_a_hundred_do_not_make_certain():
    y = np.full((100, 3), 40.0)
    labels = np.arange(100) % 3
    y[np.arange(100), labels] = 10.0
    scale, j = fit(y, labels, j=100.0, scale=1.0)
    surest = losses.posterior(y, j, scale).max()
    assert 0.95 < surest < 0.999  # Laplace: 101 of 102


def test_penalties_that_say_nothing_are_refused():
    random = np.random.default_rng(0)
    y, labels = random.uniform(0, 50, (500, 3)), random.integers(0, 3, 500)
    y[np.arange(500), labels] += 5  # what is right is penalised more
    with pytest.raises(InputError, match="no better than chance"):
        fit(y, labels, 20.0, 0.1)
    with pytest.raises(InputError, match="two patterns or more"):
        fit(y[:1], labels[:1], 20.0, 0.1)


def test_reliability_by_hand():
    bins, error = reliability([0.95, 0.85, 0.5, 0.45], [1, 0, 1, 0], bins=10)
    assert [(round(b.low, 9), round(b.high, 9), b.patterns, b.right) for b in bins] == [
        (0.4, 0.5, 2, 0.5), (0.8, 0.9, 1, 0.0), (0.9, 1.0, 1, 1.0),
    ]  # fmt: skip
    assert bins[0].confidence == pytest.approx(0.475)
    assert error == pytest.approx(0.5 * 0.025 + 0.25 * 0.85 + 0.25 * 0.05)


def test_every_confidence_lies_in_a_bin_and_the_ends_in_the_last():
    confidence = np.linspace(0, 1, 101)
    bins, _ = reliability(confidence, np.ones(101), bins=15)
    assert sum(b.patterns for b in bins) == 101
    assert all(b.low <= b.confidence <= b.high for b in bins)
    with pytest.raises(InputError, match="no answers"):
        reliability([], [])


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_reject_the_fewest_of_all_that_would_do(seed):
    random = np.random.default_rng(seed)
    confidence = np.round(random.beta(8, 1, 400), 2)  # many equal ones
    right = random.random(400) < confidence
    found = {each.error: each for each in thresholds(confidence, right, (0.01, 0.05, 0.1, 0.9))}
    for error in (0.01, 0.05, 0.1, 0.9):
        possible = []
        for level in {0.0, *confidence.tolist()}:
            kept = confidence >= level
            if (~right[kept]).mean() <= error and kept.sum() * error >= 1:
                possible.append(1 - kept.mean())
        assert (error in found) == bool(possible)
        if possible:
            assert found[error].rejected == pytest.approx(min(possible))
            assert (~right[confidence >= found[error].confidence]).mean() <= error


def test_few_patterns_speak_for_no_small_error():
    sure, right = np.linspace(0.9, 1, 100), np.ones(100, bool)
    assert [each.error for each in thresholds(sure, right)] == [0.01, 0.015, 0.02, 0.03, 0.05]


@pytest.fixture(scope="module")
def calibrated() -> Confidence:
    y, labels, _ = drawn(20_000, s=0.13, j=1000.0, seed=1, size=80)
    return calibrate(y, labels, 400.0, 0.4, None, {"name": "drawn"})


def test_calibrating_brings_the_error_of_the_confidence_down(calibrated):
    assert calibrated.before > 0.05 > 0.01 > calibrated.after
    y, labels, _ = drawn(20_000, s=0.13, j=1000.0, seed=2, size=80)  # others, of the same kind
    sure = calibrated.posterior(y).max(1)
    assert reliability(sure, y.argmin(1) == labels)[1] < 0.01


def test_an_error_that_is_asked_for_is_kept_on_other_patterns(calibrated):
    y, labels, _ = drawn(20_000, s=0.13, j=1000.0, seed=2, size=80)
    sure, right = calibrated.posterior(y).max(1), y.argmin(1) == labels
    for error in (0.02, 0.05):
        kept = sure >= calibrated.threshold_for(error)
        assert kept.mean() > 0.5 and (~right[kept]).mean() < 1.4 * error
    assert calibrated.threshold_for(0.9) == DOUBT  # fewer are wrong without any rejection
    assert calibrated.threshold_for(0.04) == calibrated.threshold_for(0.03)  # the next smaller one


def test_an_error_that_cannot_be_promised_is_one_sentence(calibrated):
    with pytest.raises(InputError, match=r"0\.010% cannot be promised: the least .* is \d"):
        calibrated.threshold_for(1e-4)
    for wrong in (0, 1, 50, -0.1):
        with pytest.raises(InputError, match="between 0 and 100 %"):
            calibrated.threshold_for(wrong)
    with pytest.raises(InputError, match="lenet5 calibrate"):
        Confidence(0.1, 20.0).threshold_for(0.01)


def test_ten_patterns_without_a_mistake_promise_nothing_below_a_tenth():
    y = np.full((10, 3), 40.0)
    labels = np.arange(10) % 3
    y[np.arange(10), labels] = 10.0
    found = calibrate(y, labels, 20.0, 0.1)
    assert found.threshold_for(0.2) == DOUBT
    with pytest.raises(InputError, match=r"is 10\.00%"):
        found.threshold_for(0.05)


def test_doubt_keeps_non_characters_out_but_not_at_the_cost_of_characters():
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 4000)
    y = random.uniform(60, 90, (4000, 3))
    y[np.arange(4000), labels] = random.uniform(0, 10, 4000)
    far = random.uniform(60, 90, (2000, 3))
    assert calibrate(y, labels, 20.0, 0.3, far).doubt == DOUBT  # told apart without doubt
    near = far.copy()
    near[:200, 0] = 4.0  # a tenth look just like characters
    found = calibrate(y, labels, 20.0, 0.3, near)
    characters = found.posterior(y).max(1)
    assert (characters < found.doubt).mean() <= REFUSED
    assert (found.posterior(near).max(1) >= found.doubt).mean() > PASSING  # not at any price


def test_a_network_that_takes_most_non_characters_for_characters_has_not_learnt_rubbish():
    y = np.array([[10.0, 90.0], [10.0, 90.0], [90.0, 90.0]])
    assert not knows_rubbish(y, 4.0, 0.1)  # e^-1 against e^-4
    assert knows_rubbish(y, 0.5, 0.1)
    assert knows_rubbish(y[1:], 4.0, 0.1) is False  # one of two: not most
    assert not knows_rubbish(y[:0], 4.0, 0.1)


def test_the_constants_go_through_a_models_metadata(calibrated):
    kept = Confidence.from_dict(json.loads(json.dumps(calibrated.to_dict())))
    assert kept == calibrated
    for damage in ({"scale": 0.0}, {"scale": math.nan}, {"doubt": 2.0}, {"thresholds": [1]}, {"more": 1}):
        with pytest.raises((ValueError, TypeError)):
            Confidence.from_dict(json.loads(json.dumps(calibrated.to_dict())) | damage)
    with pytest.raises(KeyError):
        Confidence.from_dict({"scale": 1.0})
