"""Ensembles: the mean of the members' penalties, one file, and what cannot be one."""

import json

import numpy as np
import pytest
import safetensors.numpy

from lenet5.errors import InputError, ModelError
from lenet5.model.calibration import Confidence
from lenet5.model.ensemble import WEIGHT, Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)


@pytest.fixture
def three() -> Ensemble:
    return Ensemble([LeNet5(seed=seed) for seed in range(3)])


def test_the_penalty_of_a_class_is_the_mean_of_the_members(three, images):
    own = [LeNet5(seed=seed).penalties(images).astype(np.float64) for seed in range(3)]
    found = three.penalties(images)
    assert found.dtype == np.float32 and found.shape == (20, 10)
    np.testing.assert_allclose(found, sum(own) / 3, rtol=1e-6)
    assert (three.predict(images) == found.argmin(1)).all()
    np.testing.assert_allclose(three.posterior(images), three.members[0].posterior_of(found))


def test_experts_say_which_character_and_never_that_it_is_one(three, images):
    special = [LeNet5(seed=seed) for seed in (7, 8)]
    found = Ensemble(three.members, special, 0.3)
    assert found.networks == three.members + special and three.networks == three.members
    theirs = [one.penalties(images).astype(np.float64) for one in special]
    more = sum(each - each.min(1, keepdims=True) for each in theirs) / 2
    np.testing.assert_allclose(found.penalties(images), three.penalties(images) + 0.3 * more, rtol=1e-5)
    assert (found.penalties(images) >= three.penalties(images)).all()
    assert (found.posterior(images).sum(1) <= three.posterior(images).sum(1)).all()


def test_an_ensemble_errs_less_than_its_members_and_least_with_its_experts(mnist_test):
    images, labels = mnist_test
    together = find("ensemble")
    wrong = [
        (one.predict(images) != labels).sum()
        for one in (together, Ensemble(together.members), *together.members)
    ]
    assert wrong[0] < wrong[1] < min(wrong[2:])


@pytest.mark.parametrize("experts", [0, 2])
def test_a_file_has_all_of_it(three, images, tmp_path, experts):
    three = Ensemble(three.members, [LeNet5(seed=9 + number) for number in range(experts)], 0.15)
    for number, one in enumerate(three.networks):
        one.metadata["training"] = {"seed": number}
    three.metadata["confidence"] = Confidence(0.2, 3.0).to_dict()
    three.save(tmp_path / "three.safetensors")
    for found in (Ensemble.load(tmp_path / "three.safetensors"), find(tmp_path / "three.safetensors")):
        assert found.metadata == three.metadata and found.confidence.scale == 0.2
        assert [one.metadata["training"]["seed"] for one in found.networks] == list(range(3 + experts))
        assert len(found.members) == 3 and found.weight == (0.15 if experts else WEIGHT)
        assert (found.penalties(images) == three.penalties(images)).all()
    first = (tmp_path / "three.safetensors").read_bytes()
    found.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == first


def test_one_network_is_found_as_one(tmp_path):
    LeNet5(seed=1).save(tmp_path / "one.safetensors")
    found = find(tmp_path / "one.safetensors")
    assert isinstance(found, LeNet5) and found.members == [found]
    assert isinstance(find("digits"), LeNet5) and isinstance(find("ensemble"), Ensemble)
    with pytest.raises(ModelError, match="no weights called 'nobody'"):
        find("nobody")
    with pytest.raises(ModelError, match="no ensemble"):
        Ensemble.load(tmp_path / "one.safetensors")


def test_where_one_network_is_needed_an_ensemble_is_refused_in_a_sentence(three, tmp_path):
    three.save(tmp_path / "three.safetensors")
    with pytest.raises(ModelError, match="several LeNet-5s that answer together"):
        LeNet5.load(tmp_path / "three.safetensors")


def test_members_must_go_together():
    with pytest.raises(InputError, match="two members or more, not 1"):
        Ensemble([LeNet5()])
    with pytest.raises(InputError, match="same classes"):
        Ensemble([LeNet5(), LeNet5("ABCDEFGHIJ")])
    with pytest.raises(InputError, match="same classes"):
        Ensemble([LeNet5(), LeNet5()], [LeNet5("ABCDEFGHIJ")])
    for weight in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="must be more than 0"):
            Ensemble([LeNet5(), LeNet5()], [LeNet5()], weight)
    other = LeNet5()
    other.metadata["j"] = 5.0
    assert Ensemble([LeNet5(), LeNet5()], [other]).metadata["j"] == 1.0
    with pytest.raises(InputError, match=r"same j and scale, not with \(1.0, 1.0\) and \(5.0, 1.0\)"):
        Ensemble([LeNet5(), other])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda arrays, told: arrays.pop("2/c1.bias"), "lacks c1.bias"),
        (lambda arrays, told: arrays.update({"4/c1.bias": arrays["1/c1.bias"]}), "also has 4/c1.bias"),
        (lambda arrays, told: arrays.update({"c1.bias": arrays["1/c1.bias"]}), "also has c1.bias"),
        (lambda arrays, told: arrays["3/f6.bias"].fill(np.nan), "not finite"),
        (lambda arrays, told: told.update(members="[1, 2"), "cannot be read"),
        (lambda arrays, told: told.update(members="[1, 2, 3]"), "cannot be read"),
        (lambda arrays, told: told.pop("members"), "cannot be read"),
        (lambda arrays, told: told.update(experts="{}"), "cannot be read"),
        (lambda arrays, told: told.update(experts="[{}]"), "not a model of lenet5"),
        (lambda arrays, told: told.update(weight="[]"), "cannot be read"),
        (lambda arrays, told: told.update(weight="NaN"), "must be more than 0"),
        (lambda arrays, told: told.update(confidence="{}"), "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(three, tmp_path, spoil, says):
    three.save(tmp_path / "three.safetensors")
    contents = (tmp_path / "three.safetensors").read_bytes()
    arrays = safetensors.numpy.load(contents)
    told = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])["__metadata__"]
    arrays = {name: array.copy() for name, array in arrays.items()}
    spoil(arrays, told)
    safetensors.numpy.save_file(arrays, tmp_path / "spoilt.safetensors", told)
    with pytest.raises(ModelError, match=says) as error:
        find(tmp_path / "spoilt.safetensors")
    assert "spoilt.safetensors" in str(error.value) and "\n" not in str(error.value)
