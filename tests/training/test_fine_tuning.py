"""Adapting to one person: what is mixed with the examples, and that neither they nor the others are lost."""

import json

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.data.synthesis import negatives
from lenet5.errors import DataError
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.training import fine_tuning
from lenet5.training.fine_tuning import adapt, choose_replay, recipe_for
from lenet5.training.fit import fit
from lenet5.training.loop import train
from lenet5.training.preparation import Sources
from lenet5.training.recipes import ADAPT, FAST
from lenet5.training.replay import ReplayMix


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Non-characters that take no time to draw."""
    monkeypatch.setattr(
        negatives,
        "noncharacters",
        lambda seed, count, classes: np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8),
    )


def squares(count: int, seed: int, side: int = 8, names: str = "0123456789") -> Dataset:
    """A square of ink whose place says its class; `side` is the hand."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = 4 + 11 * (label // 5), 2 + 5 * (label % 5)
        image[y : y + side, x : x + 4] = 255
    return Dataset(images, labels, tuple(names), f"squares of {side}")


def test_the_mixture_has_the_share_of_the_person_the_others_and_rows_of_nothing():
    own, others = squares(20, 1), squares(900, 2)
    images, targets = ReplayMix(others, count=300, negatives=0.2, share=0.25).mixed(
        own.images, own.labels, list(own.classes), seed=5
    )
    assert images.shape[1:] == (28, 28) and images.dtype == np.uint8 and targets.dtype == np.float32
    assert len(images) == len(targets) == 480  # 300 others, 60 of nothing, and 20 six times: a quarter of all
    assert (targets[:120].argmax(1) == np.repeat(own.labels, 6)).all()
    assert np.array_equal(images[:120], np.repeat(own.images, 6, 0))
    known = {image.tobytes(): label for image, label in zip(others.images, others.labels, strict=True)}
    assert all(
        known[image.tobytes()] == row.argmax()
        for image, row in zip(images[120:420], targets[120:420], strict=True)
    )
    assert len(np.unique(images[120:420], axis=0)) == 300  # drawn without replacement
    assert targets.sum(1).tolist() == [1] * 420 + [0] * 60
    again = ReplayMix(others, count=300, negatives=0.2, share=0.25).mixed(
        own.images, own.labels, list("0123456789"), 5
    )
    assert np.array_equal(again[0], images)


def test_much_of_ones_own_is_not_repeated_and_nothing_is_thrown_away():
    own = squares(3000, 1)
    images, _ = ReplayMix(squares(100, 2)).mixed(own.images, own.labels, list(own.classes))
    assert len(images) == 3000 + 100 + 30


def test_without_others_a_few_are_repeated_so_that_a_pass_has_some_steps():
    own = squares(30, 1)
    images, targets = ReplayMix(None).mixed(own.images, own.labels, list(own.classes))
    assert len(images) == 330 and (targets.sum(1) == 1).all()


def test_others_are_matched_by_the_names_of_their_classes():
    own, others = squares(10, 1), squares(50, 2, names="9876543210")
    images, targets = ReplayMix(others, negatives=0).mixed(own.images, own.labels, list("0123456789"))
    theirs = {image.tobytes(): 9 - label for image, label in zip(others.images, others.labels, strict=True)}
    assert all(
        theirs.get(i.tobytes(), t.argmax()) == t.argmax() for i, t in zip(images, targets, strict=True)
    )
    with pytest.raises(DataError, match="does not know"):
        ReplayMix(squares(50, 2, names="abcdefghij")).mixed(own.images, own.labels, list("0123456789"))


def test_the_recipe_has_the_constants_of_the_network_that_is_adapted():
    start = LeNet5()
    start.metadata |= {"j": 3.0, "scale": 0.4}
    recipe = recipe_for(start, ReplayMix(squares(10, 0)))
    assert recipe == ADAPT.with_settings(j=3.0, scale=0.4)
    alone = recipe_for(start, ReplayMix(None))
    assert alone.optimiser.rate < recipe.optimiser.rate / 5 and alone.name != recipe.name


def test_adapting_learns_the_person_and_keeps_the_others():
    others, own, rest = squares(2000, 1), squares(20, 2, side=3), squares(500, 3, side=3)
    start = fit(LeNet5(), others.images, others.labels, FAST.with_passes(6))
    replay_mix = ReplayMix(others)
    adapted = train(Sources(own, start, replay_mix), recipe_for(start, replay_mix))

    def error(model, data):
        return (model.predict(data.images) != data.labels).mean()

    assert error(start, rest) > 0.02 and error(adapted, rest) < error(start, rest) / 2
    unseen = squares(1000, 4)
    assert error(adapted, unseen) <= error(start, unseen) + 0.005
    kept = adapted.metadata["training"]
    assert kept["replay"]["others"]["name"] == "squares of 8" and kept["data"]["name"] == "squares of 3"
    assert adapted.metadata["figures"]["train_error"] == error(adapted, own)
    assert "replay" in json.loads(json.dumps(kept))


def test_adapt_finds_its_recipe_and_keeps_the_start_as_it_is():
    others, own = squares(2000, 1), squares(20, 2, side=3)
    start = fit(LeNet5(), others.images, others.labels, FAST.with_passes(6))
    before = start.parameters.copy()
    adapted = adapt(start, own, others, seed=1)
    replay_mix = ReplayMix(others)
    by_hand = train(Sources(own, start, replay_mix), recipe_for(start, replay_mix), seed=1)
    assert np.array_equal(adapted.parameters, by_hand.parameters)
    assert np.array_equal(start.parameters, before)
    alone = adapt(start, own, "none", passes=1)
    assert alone.metadata["training"]["recipe"]["name"] == "adapt-alone"
    assert alone.metadata["training"]["recipe"]["passes"] == 1


def test_an_ensemble_is_adapted_in_memory_or_into_a_file(tmp_path):
    members = [LeNet5(seed=seed, spread=1.0, power=0.5, coefficient=0.5) for seed in range(2)]
    own = squares(20, 2)
    adapted = adapt(Ensemble(members), own, "none", passes=1)
    assert isinstance(adapted, Ensemble) and len(adapted.members) == 2
    kept = adapt(Ensemble(members), own, "none", passes=1, out=tmp_path / "two.safetensors")
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["two.safetensors"]
    for one, other in zip(adapted.members, kept.members, strict=True):
        assert np.array_equal(one.parameters, other.parameters)


def test_replay_is_mnist_only_where_it_is_at_hand_and_the_network_knows_digits(monkeypatch):
    digits, letters = LeNet5(), LeNet5("ABC")
    monkeypatch.setattr(fine_tuning, "load", lambda spec, **_: spec)

    def missing(*_, **__):
        raise DataError("not here")

    monkeypatch.setattr(fine_tuning, "load_mnist", lambda *_, **__: None)
    assert choose_replay(digits).others == "mnist" and choose_replay(letters).others is None
    assert choose_replay(letters, "letters.npz").others == "letters.npz"
    monkeypatch.setattr(fine_tuning, "load_mnist", missing)
    assert choose_replay(digits).others is None and choose_replay(digits, "none").others is None
