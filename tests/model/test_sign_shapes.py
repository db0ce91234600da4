"""The network on shapes: what its probabilities are, and that a file's numbers are checked."""

import json
import math

import numpy as np
import pytest

from lenet5 import LeNet5, ModelError
from lenet5.model.sign_shapes import DIGIT, MEASURES, SignShapes, features
from lenet5.model.signs import WithSigns, shapes_of
from lenet5.network.codes import DIGITS, SIGNS

RNG = np.random.default_rng(0)
UNITS = 5


def candidates(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measures, posteriors of signs and of digits."""
    posterior = RNG.dirichlet(np.ones(len(SIGNS) + 1), count)[:, :-1]
    return RNG.uniform(0.1, 1.2, (count, len(MEASURES))), posterior, RNG.dirichlet(np.ones(11), count)[:, :-1]


def shapes(seed: int = 0) -> SignShapes:
    rng = np.random.default_rng(seed)
    count = features(*candidates(1)).shape[1]
    hidden = rng.normal(0, 0.5, (count + 1, UNITS)).round(4)
    weights = rng.normal(0, 0.5, (UNITS + count + 1, len(SIGNS) + 3)).round(4)
    mean, deviation = rng.normal(size=count).round(5), rng.uniform(1, 2, count).round(5)
    return SignShapes(tuple(SIGNS), mean, deviation, hidden, weights)


def test_probabilities_are_those_of_a_network_of_one_hidden_layer_computed_unit_by_unit():
    regression, every = shapes(), candidates(7)
    likely = regression.probabilities(*every)
    np.testing.assert_allclose(likely.sum(1), 1)
    for number in range(7):
        x = features(*(one[number : number + 1] for one in every))[0]
        scaled = [
            min(max((value - m) / d, -4), 4)
            for value, m, d in zip(x, regression.mean, regression.deviation, strict=True)
        ]
        active = [math.tanh(float(np.dot([*scaled, 1.0], unit))) for unit in regression.hidden.T]
        odds = [float(np.dot([*active, *scaled, 1.0], column)) for column in regression.weights.T]
        expected = np.exp(odds) / np.exp(odds).sum()
        np.testing.assert_allclose(likely[number], expected, rtol=1e-9)


def test_a_candidate_is_the_same_in_any_size_of_writing_and_no_measure_is_infinite():
    measures, posterior, digits = candidates(3)
    measures[:] = 0.0
    assert np.isfinite(features(measures, posterior * 0, digits * 0)).all()
    assert np.isfinite(features(measures, posterior, digits * 0 + 0.1)).all()


def test_a_model_file_keeps_the_regression(tmp_path):
    model = LeNet5(DIGITS + SIGNS, backend="numpy")
    assert shapes_of(model) is None
    model.metadata["sign_shapes"] = shapes().to_dict()
    model.save(tmp_path / "signs.safetensors")
    again = shapes_of(LeNet5.load(tmp_path / "signs.safetensors", "numpy"))
    assert again is not None
    every = candidates(4)
    np.testing.assert_array_equal(again.probabilities(*every), shapes().probabilities(*every))
    both = WithSigns(LeNet5(DIGITS, backend="numpy"), model)
    assert shapes_of(both) is both.shapes is not None
    model.record({}, {}, j=5.0, scale=0.1)
    assert shapes_of(model) is None  # it was fitted to another network's answers


@pytest.mark.parametrize(
    ("key", "damage"),
    [
        *((key, lambda x: x[:-1]) for key in ("mean", "deviation", "hidden", "weights")),
        *((key, lambda x: np.full_like(x, np.nan)) for key in ("mean", "deviation", "hidden", "weights")),
        ("deviation", np.negative),
        ("hidden", lambda x: x[0]),
    ],
)
def test_a_damaged_regression_is_a_damaged_model(tmp_path, key, damage):
    facts = shapes().to_dict()
    changed = damage(np.array(facts[key]))
    model = LeNet5(DIGITS + SIGNS, backend="numpy")
    model.metadata["sign_shapes"] = {**facts, key: changed.tolist()}
    model.save(tmp_path / "signs.safetensors")
    with pytest.raises(ModelError, match="cannot be read"):
        LeNet5.load(tmp_path / "signs.safetensors", "numpy")


def test_the_outcomes_after_the_signs_are_a_mark_a_digit_and_a_piece():
    regression = shapes()
    regression.weights[-1] = 0  # those of the constant
    regression.weights[-1, DIGIT] = 1e3  # the constant of a digit
    assert (regression.probabilities(*candidates(5)).argmax(1) == len(SIGNS) + 1).all()
    assert regression.columns([*SIGNS, *DIGITS]) == list(range(len(SIGNS)))
    assert json.loads(json.dumps(regression.to_dict())) == regression.to_dict()
