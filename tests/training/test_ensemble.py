"""Training the members of an ensemble: each as if alone, interrupted anywhere, to the same result."""

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.errors import InputError, LeNet5Error
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.training.checkpoint import checkpoint_path, log_path
from lenet5.training.ensemble import member_path, member_paths, train_members
from lenet5.training.loop import Callbacks, train
from lenet5.training.preparation import Sources
from lenet5.training.recipes import FAST

RECIPE = FAST.with_passes(2)


@pytest.fixture(scope="module")
def bars() -> Dataset:
    """Ten member_paths for a bar."""
    labels = np.arange(200) % 10
    images = np.random.default_rng(0).integers(0, 60, (200, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 2 * label + 3 : 2 * label + 6] = 255
    return Dataset(images, labels, tuple("0123456789"), "bars")


@pytest.fixture
def start() -> Ensemble:
    return Ensemble([LeNet5(seed=seed, spread=1.0, power=0.5, coefficient=0.5) for seed in range(2)])


def test_each_is_trained_as_if_alone_with_a_seed_of_its_own(bars, start, tmp_path):
    out, told = tmp_path / "both.safetensors", []
    found = train_members(bars, RECIPE, networks=2, start=start, out=out, seed=7, each_network=told.append)
    assert told == [0, 1]
    for number, (one, begun) in enumerate(zip(found.members, start.members, strict=True)):
        alone = train(Sources(bars, start=begun), RECIPE, seed=7 + number)
        assert (one.parameters == alone.parameters).all() and (one.parameters != begun.parameters).any()
        assert log_path(member_path(out, number)).is_file() and not member_path(out, number).exists()
    assert (Ensemble.load(out).penalties(bars.images) == found.penalties(bars.images)).all()


def test_an_interrupted_one_goes_on_to_the_same_result(bars, start, tmp_path):
    whole = train_members(bars, RECIPE, networks=2, start=start, out=tmp_path / "whole.safetensors")
    out, passes = tmp_path / "cut.safetensors", []

    def interrupt(report: object) -> None:
        passes.append(report)
        if len(passes) == 3:  # the second network's first
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_members(
            bars, RECIPE, networks=2, start=start, out=out, callbacks=Callbacks(each_pass=interrupt)
        )
    assert not out.exists() and member_path(out, 0).is_file()
    assert checkpoint_path(member_path(out, 1)).is_file()
    found = train_members(
        bars, RECIPE, networks=2, start=start, out=out, resume=True, callbacks=Callbacks(each_pass=interrupt)
    )
    assert len(passes) == 4
    for one, other in zip(found.members, whole.members, strict=True):
        assert (one.parameters == other.parameters).all()
    assert not member_path(out, 0).exists() and not checkpoint_path(member_path(out, 1)).exists()


def test_a_network_that_another_training_left_is_not_taken(bars, start, tmp_path):
    out = tmp_path / "both.safetensors"
    train(Sources(bars, start=start.members[0]), RECIPE, seed=5, out=member_path(out, 0))
    with pytest.raises(LeNet5Error, match="no training to go on with"):
        train_members(bars, RECIPE, networks=2, start=start, out=out, resume=True)


def test_networks_go_on_from_the_members_in_turn_or_begin_anew(bars, start, tmp_path):
    out = tmp_path / "three.safetensors"
    found = train_members(bars, RECIPE, networks=3, start=start, out=out)
    assert (
        found.members[2].parameters == train(Sources(bars, start=start.members[0]), RECIPE, seed=2).parameters
    ).all()
    found = train_members(bars, RECIPE, networks=2, seed=4, out=out)
    assert (found.members[1].parameters == train(bars, RECIPE, seed=5).parameters).all()
    with pytest.raises(InputError, match="one network or more must be wanted, not 0"):
        train_members(bars, RECIPE, networks=0, out=out)


def test_experts_go_on_after_the_members(bars, start, tmp_path):
    special = LeNet5(seed=5, spread=1.0, power=0.5, coefficient=0.5)
    begun, out, told = Ensemble(start.members, [special], 0.15), tmp_path / "three.safetensors", []
    assert member_paths(out, 2, begun) == [member_path(out, number) for number in range(3)]
    assert member_paths(out, 1, begun) == [out]
    found = train_members(bars, RECIPE, networks=2, start=begun, out=out, each_network=told.append)
    assert told == [0, 1, 2] and found.weight == 0.15 and len(found.members) == 2
    assert (
        found.experts[0].parameters == train(Sources(bars, start=special), RECIPE, seed=2).parameters
    ).all()
    assert (Ensemble.load(out).penalties(bars.images) == found.penalties(bars.images)).all()
    assert not any(place.exists() for place in member_paths(out, 2, begun))


def test_one_network_is_no_ensemble(bars, start, tmp_path):
    out, told = tmp_path / "one.safetensors", []
    found = train_members(bars, RECIPE, networks=1, start=start, out=out, seed=3, each_network=told.append)
    assert told == [0]
    assert (found.parameters == train(Sources(bars, start=start.members[0]), RECIPE, seed=3).parameters).all()
    assert (LeNet5.load(out).parameters == found.parameters).all() and not member_path(out, 0).exists()
