"""Patterns held out by writer."""

import numpy as np
import pytest

from lenet5.data import splits
from lenet5.data.dataset import Dataset
from lenet5.data.splits import hold_out, validation_patterns, validation_split
from lenet5.errors import DataError, InputError, ModelError
from lenet5.model.lenet5 import LeNet5


def test_nobody_is_on_both_sides_of_the_split():
    who = np.random.default_rng(3).integers(0, 50, 2000)
    training, validation = validation_split(who, share=0.2, seed=1)
    assert not set(who[training].tolist()) & set(who[validation].tolist())
    assert sorted([*training.tolist(), *validation.tolist()]) == list(range(2000))
    assert len(set(who[validation].tolist())) == 10
    assert training.tolist() == sorted(training.tolist())


def test_the_split_depends_on_the_seed_and_the_writers_and_on_nothing_else():
    who = np.repeat(np.arange(30), 20)
    chosen = {seed: set(who[validation_split(who, seed=seed)[1]].tolist()) for seed in range(4)}
    assert len({tuple(sorted(part)) for part in chosen.values()}) > 1
    order = np.random.default_rng(0).permutation(len(who))
    assert set(who[order][validation_split(who[order], seed=2)[1]].tolist()) == chosen[2]


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_both_sides_have_somebody(share):
    assert all(len(part) for part in validation_split(np.arange(4), share))


@pytest.mark.parametrize(
    ("who", "share", "sentence"),
    [
        (np.zeros(5), 0.5, "two or more"),
        (np.zeros((5, 2)), 0.5, "two or more"),
        (np.arange(5), 0, "between 0 and 1"),
        (np.arange(5), float("nan"), "between 0 and 1"),
    ],
)
def test_a_split_that_cannot_be_made_is_a_sentence(who, share, sentence):
    with pytest.raises(InputError, match=sentence):
        validation_split(who, share)


def test_a_data_set_is_split_with_its_writers():
    images = np.random.default_rng(1).integers(0, 256, (600, 28, 28), np.uint8)
    data = Dataset(images, np.arange(600) % 10, tuple("0123456789"), "noise")
    writers = np.random.default_rng(0).integers(100, 160, 600)
    kept, held = hold_out(data, writers)
    index = {image.tobytes(): writer for image, writer in zip(data.images, writers, strict=True)}
    sides = [{index[image.tobytes()] for image in part.images} for part in (kept, held)]
    assert not sides[0] & sides[1] and len(sides[1]) == 10
    assert len(kept.images) + len(held.images) == 600
    assert held.fingerprint == hold_out(data, writers)[1].fingerprint
    with pytest.raises(InputError, match="as many writers"):
        hold_out(data, writers[:-1])


def test_validation_patterns_are_refused_to_a_network_trained_on_them(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (500, 28, 28), np.uint8)
    patterns = Dataset(images, np.arange(500) % 10, tuple("0123456789"), "patterns")
    who = np.arange(500) // 25
    monkeypatch.setattr(splits, "writers", lambda split: who)
    held = validation_patterns(patterns, LeNet5())
    assert np.array_equal(held.images, patterns.images[validation_split(who)[1]])
    seen = LeNet5()
    seen.metadata["training"] = {"data": {"sha256": patterns.fingerprint}}
    with pytest.raises(ModelError, match="trained on all of patterns"):
        validation_patterns(patterns, LeNet5(), seen)
    more = LeNet5()
    more.metadata["training"] = {"data": {"name": patterns.name, "sha256": "with others beside them"}}
    with pytest.raises(ModelError, match="trained on all of patterns"):
        validation_patterns(patterns, more)
    monkeypatch.setattr(splits, "writers", lambda split: None)
    with pytest.raises(DataError, match=r"writers\.npz"):
        validation_patterns(patterns)
