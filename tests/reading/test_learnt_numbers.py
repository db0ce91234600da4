"""The numbers of the reader that weights bring with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet5.errors import ModelError
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.reading.candidate_shapes import CANDIDATES
from lenet5.reading.learnt_numbers import NUMBERS, numbers_of, settings_for, settings_with
from lenet5.reading.reader import Reader
from lenet5.reading.settings import SETTINGS, ReaderSettings

OWN = dict(zip(NUMBERS, np.arange(1.0, 12.0).tolist(), strict=True))


def network(reader: object = None) -> LeNet5:
    """A network whose passport has numbers of the reader, or none."""
    model = LeNet5()
    model.metadata["training"] = {} if reader is None else {"reader": reader}
    return model


def candidates(settings: ReaderSettings):
    return settings.segmentation.candidates


def test_a_model_is_read_with_the_numbers_that_it_learnt(tmp_path):
    network(OWN).save(tmp_path / "own.safetensors")
    own = candidates(Reader(tmp_path / "own.safetensors").settings)
    assert own.shape.character == 1.0
    assert own.shape.missed == 7.0
    assert own.marks.mark == 8.0
    assert own.marks.blot_slope == 11.0
    assert own.shape.least == CANDIDATES.shape.least  # which is not learnt


def test_weights_without_numbers_are_read_with_the_packages():
    assert Reader(network()).settings is SETTINGS
    assert Reader("reading").settings is SETTINGS


def test_numbers_that_somebody_chose_stay():
    chosen = settings_with(numbers_of() + 1)
    settings = replace(SETTINGS, segmentation=replace(SETTINGS.segmentation, candidates=chosen))
    assert settings_for(network(OWN), settings) is settings


def test_an_ensemble_is_read_with_the_mean_of_its_members():
    ensemble = Ensemble([network(OWN), network()])
    expected = (numbers_of() + np.arange(1.0, 12.0)) / 2
    np.testing.assert_allclose(numbers_of(candidates(settings_for(ensemble, SETTINGS))), expected)


@pytest.mark.parametrize(
    "damaged", [{**OWN, "gap": float("nan")}, {**OWN, "gap": "1"}, {**OWN, "gap": True}, {"gap": 1.0}, [1.0]]
)
def test_numbers_that_cannot_be_used_are_named(damaged):
    with pytest.raises(ModelError, match=r"own number.*train the model again"):
        Reader(network(damaged))
