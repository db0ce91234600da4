"""The network on shapes of signs: fitted to lines whose pixels have known owners, it knows signs by their place."""

import numpy as np
import pytest

from lenet5 import LeNet5
from lenet5.data.dataset import Dataset
from lenet5.data.synthesis.sign_lines import CLASSES, Writers
from lenet5.data.trajectories.trajectories import Writing, from_writings
from lenet5.model.sign_shapes import DIGIT, MEASURES
from lenet5.model.signs import shapes_of
from lenet5.network.codes import DIGITS, SIGNS
from lenet5.training import loop, preparation
from lenet5.training.loop import train
from lenet5.training.recipes import RECIPES
from lenet5.training.sign_shapes import Fitting, fit_sign_shapes

BAR = np.array([[0.0, 0.0], [1000.0, 0.0]])
STROKE = np.array([[300.0, 0.0], [0.0, 1000.0]])
RING = np.array([[500 + 400 * np.cos(t), 500 + 500 * np.sin(t)] for t in np.linspace(0, 2 * np.pi, 20)])
CROSSING = STROKE + np.array([350.0, -500.0])
STROKES = {
    "-": [BAR],
    "+": [BAR, CROSSING],
    "=": [BAR, BAR + np.array([0.0, 500.0])],
    ":": [BAR / 20, BAR / 20 + np.array([0.0, 900.0])],
    "%": [RING / 3, STROKE],
    "$": [RING, STROKE],
    "*": [BAR, CROSSING, CROSSING * 0.9],
}


def drawings() -> list[tuple[str, list[np.ndarray], str]]:
    """One writer's digits, signs and a letter: label, strokes, writer."""
    return [
        (name, STROKES.get(name, [RING if name in DIGITS else STROKE]), "one") for name in [*CLASSES, "A"]
    ]


@pytest.fixture(scope="module")
def shapes():
    """Fitted to a few lines beside an untrained network, which can tell nothing: size and place are all there is."""
    writers = Writers(from_writings([Writing(*one) for one in drawings()], "drawn"))
    network, digits = LeNet5(CLASSES, seed=1, backend="numpy"), LeNet5(DIGITS, seed=2, backend="numpy")
    return fit_sign_shapes(network, digits, writers, settings=Fitting(lines=60, steps=60, units=4))


def outcome(shapes, **measures: float) -> int:
    usual = {"spread": 0.5, "before": 0.15, "after": 0.15, "least": measures["height"]}
    row = np.array([[(usual | measures).get(name, 0.0) for name in MEASURES]])
    nothing = np.full((1, len(SIGNS)), 1e-3)
    return int(shapes.probabilities(row, nothing, np.full((1, 10), 0.05)).argmax())


def test_a_low_speck_is_a_point_and_what_is_as_high_as_digits_is_one(shapes):
    point = {"height": 0.14, "width": 0.14, "top": 0.92, "foot": 1.06, "ink": 0.016}
    assert SIGNS[outcome(shapes, **point)] == "."
    digit = {"height": 1.0, "width": 0.8, "top": 0.0, "foot": 1.0, "ink": 0.25, "spread": 1.8}
    assert outcome(shapes, **digit) == len(SIGNS) + 3 + DIGIT
    dash = {"height": 0.1, "width": 0.5, "top": 0.5, "foot": 0.6, "ink": 0.05, "spread": 1.4}
    assert SIGNS[outcome(shapes, **dash)] == "-"


def test_the_fit_is_of_the_asked_size_and_finite(shapes):
    assert shapes.signs == tuple(SIGNS)
    assert np.isfinite(shapes.weights).all()
    assert shapes.hidden.shape == (len(shapes.mean) + 1, 4)
    assert shapes.weights.shape == (4 + len(shapes.mean) + 1, len(SIGNS) + 3)


def test_a_training_on_lines_of_signs_fits_the_shapes_where_pens_are_at_hand(monkeypatch, tmp_path):
    pens = from_writings([Writing(*one) for one in drawings()], "drawn")
    monkeypatch.setattr(loop, "training_pens", lambda supplement: pens)
    monkeypatch.setattr(preparation, "training_pens", lambda supplement: pens)
    images = np.zeros((20, 28, 28), np.uint8)
    images[:, 4:24, 12:16] = 255
    dataset = Dataset(images, np.arange(20) % 10, tuple(DIGITS), "bars")
    recipe = RECIPES["signs"].with_settings(sign_lines=8, negatives=4, variants=0.0).with_passes(1)
    model = train(dataset, recipe, out=tmp_path / "signs.safetensors", threads=1)
    assert model.metadata["sign_shapes"]["signs"] == SIGNS
    again = LeNet5.load(tmp_path / "signs.safetensors")
    assert shapes_of(again) is not None

    monkeypatch.setattr(loop, "training_pens", lambda supplement: None)
    assert "sign_shapes" not in train(dataset, recipe, threads=1).metadata
