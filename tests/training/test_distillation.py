"""Networks that teach others."""

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.errors import InputError
from lenet5.imaging.shear import shear_images
from lenet5.model.lenet5 import LeNet5
from lenet5.network import losses
from lenet5.network.preprocessing import normalise
from lenet5.network.reference import forward
from lenet5.training.distillation import SHARE, soft_targets
from lenet5.training.loop import train
from lenet5.training.preparation import Sources
from lenet5.training.recipes import FAST, PAPER

DIGITS = list("0123456789")


@pytest.fixture(scope="module")
def patterns():
    rng = np.random.default_rng(4)
    ink = rng.integers(0, 256, (60, 28, 28)).astype(np.uint8)
    return ink, rng.integers(0, 10, 60)


def teacher(seed, j=2.0):
    model = LeNet5(seed=seed)
    model.metadata |= {"j": j, "scale": 0.05}
    return model


def test_targets_are_the_labels_and_what_the_reference_says(patterns):
    images, labels = patterns
    teachers = [teacher(1), teacher(2, j=0.5)]
    answers = []
    for one in teachers:
        for slant in (0.0, -0.2, 0.2):
            view = shear_images(images, slant) if slant else images
            penalties = forward(one.named_parameters, one.codes, normalise(view)).penalties
            answers.append(losses.posterior(penalties, one.metadata["j"], 0.05))
    expected = SHARE * np.mean(answers, 0) + (1 - SHARE) * np.eye(10)[labels]
    found = soft_targets(images, labels, DIGITS, teachers)
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 1e-4
    assert (found.sum(1) <= 1 + 1e-6).all() and (found.sum(1) < 0.999).any()


def test_what_is_no_character_may_be_taught(patterns):
    images, labels = patterns
    rows = np.eye(10, dtype=np.float32)[labels]
    rows[:20] = 0
    found, whole = (soft_targets(images, targets, DIGITS, [teacher(1)]) for targets in (rows, labels))
    assert np.allclose(found[20:], whole[20:])
    assert np.allclose(found[:20].sum(1), whole[:20].sum(1) - (1 - SHARE), atol=1e-6)


def test_labels_that_are_certain_stay(patterns):
    images, labels = patterns
    found, some = (soft_targets(images, labels, DIGITS, [teacher(1)], certain) for certain in (0, 25))
    assert np.array_equal(found[:35], some[:35]) and np.array_equal(some[35:], np.eye(10)[labels[35:]])


def test_teachers_know_the_same_classes(patterns):
    images, labels = patterns
    with pytest.raises(InputError, match="classes AB, not 0123456789"):
        soft_targets(images, labels, DIGITS, [LeNet5("AB")])


def test_a_taught_network_remembers_by_whom(patterns):
    data = Dataset(*patterns, tuple(DIGITS), "noise")
    recipe = FAST.with_passes(1)
    alone, one, again = (
        train(Sources(data, teachers=who), recipe) for who in ((), [teacher(1)], [teacher(1)])
    )
    assert np.array_equal(one.parameters, again.parameters) and not np.array_equal(
        one.parameters, alone.parameters
    )
    assert len(one.metadata["training"]["teachers"]) == 1 and "teachers" not in alone.metadata["training"]
    with pytest.raises(InputError, match="takes no teachers"):
        train(Sources(data, teachers=[teacher(1)]), PAPER)
