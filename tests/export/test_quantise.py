"""Weights in eight bits: how far they are from the weights, and what calibration images decide."""

import numpy as np
import pytest

from lenet5.export.quantise import best_range, calibrate, quantise
from lenet5.model.lenet5 import LeNet5
from lenet5.network import reference
from lenet5.network.preprocessing import normalise


@pytest.fixture(scope="module")
def digits() -> LeNet5:
    return LeNet5.pretrained("digits")


@pytest.fixture(scope="module")
def calibration(digits, mnist_train):
    return calibrate(digits, mnist_train[0])


def test_rounded_weights_are_the_weights_up_to_half_a_step(digits, calibration):
    found = quantise(digits, "c5", calibration, 1 / 127, most=63)
    assert abs(found.weight).max() == 63
    error = found.scale[:, None, None, None] * found.weight - digits.named_parameters["c5.weight"]
    assert (abs(error) <= 0.5001 * found.scale[:, None, None, None]).all()


def test_the_bias_takes_off_what_rounding_adds_on_average(digits, calibration, mnist_train):
    images = mnist_train[0][np.linspace(0, 59_999, 1000).astype(int)]  # those of `calibration`
    s4 = reference.forward(digits.named_parameters, digits.codes, normalise(images)).x["s4"]
    found = quantise(digits, "c5", calibration, 1 / 127, most=7)  # coarse, so that there is something to see
    coarse = found.scale[:, None] * found.weight.reshape(120, -1)
    flat = s4.reshape(len(s4), -1)
    full = digits.named_parameters["c5.weight"].reshape(120, -1)
    bias = digits.named_parameters["c5.bias"]
    without = abs((flat @ coarse.T + bias - flat @ full.T - bias).mean(0)).max()
    with_it = abs((flat @ coarse.T + found.bias - flat @ full.T - bias).mean(0)).max()
    assert without > 0.05 and with_it < 1e-4


def test_the_range_of_sums_leaves_out_where_tanh_is_flat():
    sums = np.concatenate([np.linspace(-1, 1, 1000), [50.0]])
    assert 1 <= best_range(sums) <= 4
    assert best_range(np.linspace(-0.3, 0.3, 100)) == pytest.approx(0.3)


def test_calibration_images_are_taken_evenly(digits):
    images = np.zeros((4000, 28, 28), np.uint8)
    images[2000:] = 255  # a set that lies class by class
    mean = calibrate(digits, images).inputs["c1"][0, 2, 2]
    assert mean == pytest.approx((-0.1 + (-0.1 + 1.275 * 28 * 28 / 28**2)) / 2, abs=0.02)
