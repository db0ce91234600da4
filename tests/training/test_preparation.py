"""From a data set to the patterns and the identity of a training."""

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.data.synthesis.training_set import Supplement, drawings
from lenet5.data.trajectories.load import load_trajectories
from lenet5.errors import DataError
from lenet5.model.lenet5 import LeNet5
from lenet5.training.preparation import Sources, prepare
from lenet5.training.recipes import Recipe

DIGITS = tuple("0123456789")
RECIPE = Recipe("traced", supplement=Supplement(drawn=20, negatives=10, real=1.0, strangers=0.5))


@pytest.fixture
def pens(tmp_path, monkeypatch):
    """pens.npz of twelve writers where LENET5_DATA points to: each digit a zigzag, and an X."""
    monkeypatch.setenv("LENET5_DATA", str(tmp_path))
    labels = np.array(list("0123456789X") * 12)
    rng = np.random.default_rng(0)
    path = tmp_path / "pens.npz"
    np.savez(
        path,
        points=rng.integers(0, 1001, (6 * len(labels), 2)).astype(np.int16),
        stroke_ends=6 * np.arange(1, len(labels) + 1),
        character_ends=np.arange(1, len(labels) + 1),
        labels=labels,
        writer=np.repeat(np.arange(12), 11),
    )
    return path


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET5_DATA", str(tmp_path))
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))


def prepared():
    return prepare(Sources(Dataset(*drawings(20), DIGITS, "drawn")), RECIPE, LeNet5(DIGITS, seed=0), 0)


def test_the_passport_names_the_trajectories_and_their_sources(pens):
    kept, held = load_trajectories(pens).split()
    identity = prepared().identity["pens"]
    assert identity["characters"] == len(kept) == 110 and len(held) == 22
    assert identity["sha256"] == kept.fingerprint != held.fingerprint
    assert "zenodo.1195803" in identity["credits"][0] and "Alpaydin" in identity["credits"][1]


def test_without_trajectories_the_drawings_are_allographs_and_the_passport_says_so(nobody):
    found = prepared()
    assert found.identity["pens"] is None and len(found.images) == 50
    assert np.array_equal(found.images[20:40], drawings(20, 0)[0])
    plain = Recipe("plain", supplement=Supplement(drawn=20))
    dataset = Dataset(*drawings(20), DIGITS, "drawn")
    assert "pens" not in prepare(Sources(dataset), plain, LeNet5(DIGITS, seed=0), 0).identity


def test_damaged_trajectories_are_a_sentence_and_not_passed_over(pens):
    pens.write_bytes(pens.read_bytes()[:400])
    with pytest.raises(DataError, match=r"pens\.npz"):
        prepared()
