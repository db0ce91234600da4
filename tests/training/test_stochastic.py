"""The paper's training against a slow one, and against the figures the paper prints."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.errors import InputError, LeNet5Error
from lenet5.network import losses, reference
from lenet5.network.architecture import PAIRS, SHAPES, SLICES
from lenet5.network.distortion import MILD
from lenet5.network.preprocessing import normalise
from lenet5.training import stochastic
from lenet5.training.recipes import PAPER
from lenet5.training.stochastic import train_paper

pytest.importorskip("numba")

CODES = np.sign(np.random.default_rng(8).normal(size=(10, 84))).astype(np.float32)


def patterns(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bars: the row of the bar is the label, so that there is something to learn."""
    draw = np.random.default_rng(seed)
    images, labels = np.zeros((count, 28, 28), np.uint8), draw.integers(0, 10, count)
    for image, label in zip(images, labels, strict=True):
        left = draw.integers(2, 12)
        image[2 + 2 * label : 6 + 2 * label, left : left + 14] = draw.integers(150, 256)
    return images, labels


def named(flat: np.ndarray) -> dict[str, np.ndarray]:
    return {name: flat[SLICES[name]].reshape(shape) for name, shape in SHAPES.items()}


def joined(found: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([found[name].ravel() for name in SHAPES])


def slow_pass(flat, images, labels, index, seed, recipe) -> np.ndarray:
    """Section III-B in float64, one pattern at a time, with the reference network; returns η_k."""
    x = normalise(images, np.float64)
    sample = stochastic.permutation(seed, index, stochastic._SAMPLE, len(images))[
        : recipe.optimiser.curvature_patterns
    ]
    h = np.zeros(60000)
    for k in sample:
        seen = reference.forward(named(flat), CODES.astype(float), x[k : k + 1])
        output = seen.f6, CODES, seen.penalties, labels[k : k + 1]
        at_f6 = losses.curvature(
            *output, recipe.loss.j or 1.0, recipe.loss.scale, discriminative=recipe.loss.j is not None
        )
        h += joined(reference.curvature(named(flat), seen, at_f6)) / len(sample)
    rates = recipe.optimiser.schedule[index] / (recipe.optimiser.mu + recipe.optimiser.curvature_scale * h)
    for k in stochastic.permutation(seed, index, stochastic._ORDER, len(images)):
        seen, label = reference.forward(named(flat), CODES.astype(float), x[k : k + 1]), labels[k : k + 1]
        if recipe.loss.j is None:
            to_y = losses.mean_penalty_slope(seen.penalties, label, recipe.loss.scale)
        else:
            to_y = losses.slope(seen.penalties, label, recipe.loss.j, recipe.loss.scale)
        slopes = reference.backward(named(flat), seen, losses.f6_slope(seen.f6, CODES, to_y))
        flat -= rates * joined(slopes)
    return rates


@pytest.mark.parametrize("j", [None, 1.0])
def test_two_passes_are_those_of_the_slow_training(j):
    images, labels = patterns(12)
    recipe = PAPER.with_settings(schedule=(5e-4, 2e-4), curvature_patterns=7, j=j)
    flat = recipe.initialisation.draw(5)
    slow = flat.astype(np.float64)
    for index in range(2):
        true = slow_pass(slow, images, labels, index, 5, recipe)
        if index == 0:
            found = stochastic.rates(flat, CODES, images, labels, 5, 0, recipe)
            np.testing.assert_allclose(found, true, rtol=1e-4)
    trained, history = train_paper(images, labels, 5, recipe, codes=CODES)
    assert np.linalg.norm(trained - slow) / np.linalg.norm(slow - flat) < 1e-3
    assert [entry.number for entry in history] == [1, 2]


def test_the_schedule_is_that_of_the_paper():
    assert PAPER.passes == 20 and PAPER.optimiser.mu == 0.02 and PAPER.optimiser.curvature_patterns == 500
    changes = [
        (rate, PAPER.optimiser.schedule.count(rate))
        for rate in sorted(set(PAPER.optimiser.schedule), reverse=True)
    ]
    assert changes == [(5e-4, 2), (2e-4, 3), (1e-4, 3), (5e-5, 4), (1e-5, 8)]


def test_rates_of_the_first_pass_spread_as_in_the_paper(mnist_train):
    """Section III-B: between approximately 7·10⁻⁵ and 0.016."""
    images, labels = mnist_train[0], mnist_train[1].astype(np.int64)
    from lenet5.network.codes import DIGITS, codes

    for seed in range(3):
        rates = stochastic.rates(PAPER.initialisation.draw(seed), codes(DIGITS), images, labels, seed, 0)
        assert 6e-5 < rates.min() < 8e-5
        assert 0.011 < rates.max() < 0.019


def test_weights_start_by_fan_in():
    flat = PAPER.initialisation.draw(0)
    for (c3, _), kernel in zip(PAIRS, named(flat)["c3.weight"], strict=True):
        bound = 1 / np.sqrt(25 * sum(m == c3 for m, _ in PAIRS))
        assert 0.6 * bound < np.abs(kernel).max() <= bound
    assert (named(flat)["s2.coefficient"] == 0.5).all() and (named(flat)["f6.bias"] == 0).all()


def test_every_pattern_is_met_once_a_pass_in_another_order():
    orders = [stochastic.permutation(1, index, stochastic._ORDER, 1000) for index in range(3)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert not np.array_equal(orders[0], stochastic.permutation(2, 0, stochastic._ORDER, 1000))


@pytest.mark.parametrize("distortion", [None, MILD])
def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(distortion):
    images, labels = patterns(60)
    recipe = PAPER.with_settings(schedule=PAPER.optimiser.schedule[:4], distortion=distortion)
    kept = []

    def keep(flat: np.ndarray, done: list) -> None:
        kept.append((flat.copy(), list(done)))

    whole, history = train_paper(images, labels, 3, recipe, codes=CODES, checkpoint=keep)
    again, after = train_paper(images, labels, 3, recipe, codes=CODES, state=kept[1])
    assert np.array_equal(whole, again)
    assert [entry.energy for entry in after] == [entry.energy for entry in history]
    assert len(kept) == 4


def test_distortions_are_drawn_afresh_in_each_pass():
    images, labels = patterns(40)
    recipe = PAPER.with_settings(schedule=PAPER.optimiser.schedule[:1])
    plain, _ = train_paper(images, labels, 3, recipe, codes=CODES)
    bent, _ = train_paper(images, labels, 3, recipe.with_settings(distortion=MILD), codes=CODES)
    assert not np.allclose(plain, bent)


def test_it_learns():
    images, labels = patterns(400)
    told = []
    _, history = train_paper(
        images, labels, 0, PAPER.with_settings(schedule=(5e-4,) * 6), progress=told.append, codes=CODES
    )
    assert sum(told) == 6 * 400
    assert history[-1].train_error < 0.05 < history[0].train_error


def test_what_cannot_be_trained_on_is_said():
    images, labels = patterns(4)
    with pytest.raises(InputError, match="complex128"):
        train_paper(images.astype(complex), labels, codes=CODES)
    with pytest.raises(InputError, match="row of target weights"):
        train_paper(images, np.full((4, 10), 0.1), codes=CODES)
    with pytest.raises(InputError, match="classes"):
        train_paper(images, labels + 10, codes=CODES)
    with pytest.raises(InputError, match="more than 0"):
        PAPER.with_settings(mu=0.0)
    with pytest.raises(InputError, match="None stands for eq"):
        PAPER.with_settings(j=-1.0)


def test_a_training_that_runs_away_says_so():
    images, labels = patterns(50)
    with pytest.raises(LeNet5Error, match="ran away in pass 1"):
        train_paper(images, labels, 0, PAPER.with_settings(schedule=(1e30,)), codes=CODES)
