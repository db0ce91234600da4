"""Networks that teach others."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from lenet5 import losses
from lenet5.datasets import Dataset
from lenet5.distort import distort
from lenet5.errors import InputError
from lenet5.model import LeNet5
from lenet5.network import forward, normalise
from lenet5.recipes import FAST, PAPER
from lenet5.teaching import SHARE, Teaching
from lenet5.train import Training, train

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


def said(teachers, inputs):
    """What the reference says the teachers answer, on average; inputs: normalised, (N, 32, 32)."""
    answers = []
    for one in teachers:
        penalties = forward(one.parameters, one.codes, inputs).penalties
        answers.append(losses.posterior(penalties, one.metadata["j"], 0.05))
    return np.mean(answers, 0)


def test_targets_are_the_labels_and_what_the_reference_says(patterns):
    images, labels = patterns
    teachers = [teacher(1), teacher(2, j=0.5)]
    some = np.array([5, 59, 0])
    expected = SHARE * said(teachers, normalise(images[some])) + (1 - SHARE) * np.eye(10)[labels[some]]
    found = Teaching(labels, DIGITS, teachers).targets(some, images[some])
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 1e-4
    assert (found.sum(1) <= 1 + 1e-6).all() and (found.sum(1) < 0.999).any()


def test_what_is_no_character_may_be_taught(patterns):
    images, labels = patterns
    rows = np.eye(10, dtype=np.float32)[labels]
    rows[:20] = 0
    every = np.arange(len(images))
    found, whole = (
        Teaching(targets, DIGITS, [teacher(1)]).targets(every, images) for targets in (rows, labels)
    )
    assert np.allclose(found[20:], whole[20:])
    assert np.allclose(found[:20].sum(1), whole[:20].sum(1) - (1 - SHARE), atol=1e-6)


def test_teachers_are_not_asked_where_labels_are_certain(patterns):
    _, labels = patterns
    order = np.array([3, 59, 34, 35, 36])
    assert Teaching(labels, DIGITS, [], 25).asked(order).tolist() == [3, 34]
    assert Teaching(labels, DIGITS, []).asked(order).tolist() == order.tolist()


def test_teachers_know_the_same_classes(patterns):
    with pytest.raises(InputError, match="classes AB, not 0123456789"):
        Teaching(patterns[1], DIGITS, [LeNet5("AB")])


@pytest.mark.parametrize("distortion", [None, FAST.distortion])
@pytest.mark.parametrize("kind", ["engine", "uncompiled", "torch"])
def test_teachers_see_each_pattern_as_it_is_met(patterns, kind, distortion):
    """Every trainer learns what the reference says of the very pattern that it shows the network."""
    if kind == "torch":
        pytest.importorskip("torch")
        from lenet5.torch.training import Trainer
    else:
        Trainer = importlib.import_module(f"lenet5.{kind}").Trainer
    images, labels = patterns
    model, certain = LeNet5(seed=3), 7
    recipe = replace(FAST, passes=2, batch=16, distortion=distortion)
    training = Training(
        model, images, labels, recipe, seed=9, teachers=[teacher(1)], certain=certain, trainer=Trainer
    )
    for index in range(2):
        training.run_pass()
        inputs = distort(images, distortion, 9, index) if distortion else normalise(images)
        expected = np.eye(10)[labels]
        expected[:-certain] += SHARE * (said([teacher(1)], inputs) - expected)[:-certain]
        assert np.abs(np.asarray(training.trainer._targets) - expected).max() < 1e-4


def test_a_taught_network_remembers_by_whom(patterns):
    data = Dataset(*patterns, tuple(DIGITS), "noise")
    recipe = FAST.lasting(1)
    alone, one, again = (train(data, recipe, teachers=who) for who in ((), [teacher(1)], [teacher(1)]))
    assert np.array_equal(one.flat, again.flat) and not np.array_equal(one.flat, alone.flat)
    assert len(one.metadata["training"]["teachers"]) == 1 and "teachers" not in alone.metadata["training"]
    with pytest.raises(InputError, match="takes no teachers"):
        train(data, PAPER, teachers=[teacher(1)])
