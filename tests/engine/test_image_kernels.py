"""One pattern at a time against the reference network, parameter by parameter."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lenet5.network import losses
from lenet5.network import reference as network
from lenet5.network.architecture import SHAPES, SLICES, fan_in
from lenet5.network.preprocessing import normalise

pytest.importorskip("numba")

from lenet5.engine.numba_backend import image_forward, stochastic

CODES = np.sign(np.random.default_rng(8).normal(size=(10, 84))).astype(np.float32)


def start(seed: int, spread: float) -> np.ndarray:
    """Parameters uniform in ±spread/√F_i."""
    draw = np.random.default_rng(seed)
    parts = [np.repeat(fan_in(name), np.prod(shape[1:], dtype=int)) for name, shape in SHAPES.items()]
    return (draw.uniform(-spread, spread, 60000) / np.sqrt(np.concatenate(parts))).astype(np.float32)


@pytest.fixture(scope="module")
def flat() -> np.ndarray:
    """Weights large enough that some units are saturated and others not."""
    return start(seed=3, spread=1.5)


def parameters(flat: np.ndarray) -> dict[str, np.ndarray]:
    return {name: flat[SLICES[name]].reshape(shape).astype(np.float64) for name, shape in SHAPES.items()}


def images(count: int, side: int = 28, seed: int = 0) -> np.ndarray:
    """Blots: grey squares that overlap, with empty paper around them."""
    draw = np.random.default_rng(seed)
    made = np.zeros((count, side, side), np.uint8)
    for image in made:
        for _ in range(6):
            r, c = draw.integers(0, side - 4, 2)
            image[r : r + draw.integers(2, 12), c : c + draw.integers(2, 12)] = draw.integers(0, 256)
    return made


def reference(flat: np.ndarray, pictures: np.ndarray) -> network.Activations:
    return network.forward(parameters(flat), CODES.astype(np.float64), normalise(pictures, np.float64))


def worst(found: np.ndarray, true: dict[str, np.ndarray]) -> dict[str, float]:
    """Relative error of each parameter's part, as a share of its length."""
    return {
        name: float(np.linalg.norm(found[SLICES[name]] - part.ravel()) / np.linalg.norm(part))
        for name, part in true.items()
    }


@pytest.mark.parametrize("side", [28, 32])
@pytest.mark.parametrize("real", [False, True])
def test_penalties_of_one_image_are_those_of_the_reference(flat, side, real):
    for image in images(5, side):
        true = reference(flat, image[None]).penalties[0]
        given = (image / np.float32(255)).astype(np.float32) if real else image
        np.testing.assert_allclose(image_forward.penalties_one(flat, CODES, given), true, rtol=1e-5)


def test_penalties_do_not_depend_on_the_image_before(flat):
    """The workspace is kept between calls: a 32×32 image leaves ink where a 28×28 one has its border."""
    small, large = images(1)[0], np.full((32, 32), 255, np.uint8)
    before = image_forward.penalties_one(flat, CODES, small)
    image_forward.penalties_one(flat, CODES, large)
    assert np.array_equal(image_forward.penalties_one(flat, CODES, small), before)


def test_threads_do_not_share_a_workspace(flat):
    pictures = images(4, seed=5)
    alone = [image_forward.penalties_one(flat, CODES, image) for image in pictures]
    wrong = []

    def work(k: int) -> None:
        for _ in range(300):
            if not np.array_equal(image_forward.penalties_one(flat, CODES, pictures[k]), alone[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_any_number_of_classes(flat):
    many = np.sign(np.random.default_rng(9).normal(size=(95, 84))).astype(np.float32)
    image = images(1)[0]
    state = reference(flat, image[None]).f6[0]
    np.testing.assert_allclose(
        image_forward.penalties_one(flat, many, image), ((state - many) ** 2).sum(1), rtol=1e-5
    )


@pytest.mark.parametrize(("j", "scale"), [(None, 1.0), (None, 0.5), (1.0, 0.1), (20.0, 0.5)])
def test_gradient_of_one_pattern_is_that_of_the_reference(flat, j, scale):
    for label, image in enumerate(images(4, seed=1)):
        seen, labels = reference(flat, image[None]), np.array([label])
        if j is None:
            energy = losses.mean_penalty(seen.penalties, labels, scale)
            to_y = losses.mean_penalty_slope(seen.penalties, labels, scale)
        else:
            energy = losses.energy(seen.penalties, labels, j, scale)
            to_y = losses.slope(seen.penalties, labels, j, scale)
        true = network.backward(parameters(flat), seen, losses.f6_slope(seen.f6, CODES, to_y))
        found = stochastic.gradient(flat, CODES, image[None], labels, j, scale)
        assert found[0] == pytest.approx(energy, rel=1e-5)
        assert max(worst(found[1], true).values()) < 1e-4


def test_gradient_of_a_pattern_that_is_no_character(flat):
    """Label −1: all weight on the rubbish class, which pushes every penalty up."""
    image, nothing = images(1, seed=2), np.zeros((1, 10))
    seen = reference(flat, image)
    to_y = losses.slope(seen.penalties, nothing, 24.0, 0.2)
    true = network.backward(parameters(flat), seen, losses.f6_slope(seen.f6, CODES, to_y))
    energy, found = stochastic.gradient(flat, CODES, image, np.array([-1]), 24.0, 0.2)
    assert energy == pytest.approx(losses.energy(seen.penalties, nothing, 24.0, 0.2), rel=1e-5)
    assert max(worst(found, true).values()) < 1e-4


@pytest.mark.parametrize(("j", "scale"), [(None, 1.0), (1.0, 0.1), (20.0, 0.5)])
def test_curvature_is_that_of_the_reference(flat, j, scale):
    pictures, labels = images(6, seed=4), np.arange(6)
    seen = reference(flat, pictures)
    at_f6 = losses.curvature(
        seen.f6, CODES, seen.penalties, labels, j or 1.0, scale, discriminative=j is not None
    )
    true = network.curvature(parameters(flat), seen, at_f6)
    found = stochastic.curvature(flat, CODES, pictures, labels, j, scale)
    assert max(worst(found, true).values()) < 1e-4
    assert (found >= 0).all()


def test_a_pass_is_forward_backward_update_next():
    """Three patterns of training, in a given order, against the reference taking the same three steps."""
    flat = start(seed=1, spread=1.0)
    pictures, labels, order = images(5, seed=6), np.array([3, 1, 4, 1, 5]), np.array([4, 0, 2])
    rates = np.random.default_rng(7).uniform(0, 3e-3, 60000).astype(np.float32)
    true, trained = flat.astype(np.float64), flat.copy()
    errors = 0
    for pattern in order:
        seen, label = reference(true, pictures[pattern : pattern + 1]), labels[pattern : pattern + 1]
        to_y = losses.slope(seen.penalties, label, 1.0, 0.3)
        slopes = network.backward(parameters(true), seen, losses.f6_slope(seen.f6, CODES, to_y))
        true -= rates * np.concatenate([slopes[name].ravel() for name in SHAPES])
        errors += int(seen.penalties.argmin() != label[0])
    one = stochastic.Pass(trained, CODES, rates, pictures, labels, 1.0, 0.3)
    one.run(order[:2])
    one.run(order[2:])
    assert one.errors == errors
    assert np.abs(true - flat).max() > 1e-3
    assert np.linalg.norm(trained - true) / np.linalg.norm(true - flat) < 1e-4


def test_a_rate_of_nought_leaves_a_parameter_alone():
    flat = start(seed=1, spread=1.0)
    rates, trained = np.zeros(60000, np.float32), flat.copy()
    rates[::7] = 1e-3
    stochastic.Pass(trained, CODES, rates, images(2), np.array([3, 1]), None, 1.0).run(np.array([0, 1]))
    moved = trained != flat
    assert moved[::7].any()
    moved[::7] = False
    assert not moved.any()
