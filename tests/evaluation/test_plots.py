"""The picture of mistakes, and the reliability plot: both kinds of file, and what is missing named."""

import sys

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import InputError, MissingExtraError
from lenet5.evaluation.classification import Evaluation
from lenet5.evaluation.plots import mistakes_picture, reliability_plot
from lenet5.model.calibration import Confidence


@pytest.fixture
def evaluation() -> Evaluation:
    random = np.random.default_rng(0)
    penalties = random.uniform(0, 100, (300, 3)).astype(np.float32)
    labels = np.where(random.random(300) < 0.8, penalties.argmin(1), random.integers(0, 3, 300))
    images = np.zeros((300, 28, 28), np.uint8)
    fitted = Confidence(0.05, 20.0, patterns=300)
    return Evaluation("drawn", list("abc"), labels, penalties, images, Confidence(0.4, 40.0), fitted)


def test_a_plot_is_drawn_as_png_and_as_svg_with_both_errors(evaluation, tmp_path):
    pytest.importorskip("matplotlib")
    reliability_plot(evaluation, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as picture:
        colours = np.array(picture.convert("RGB")).reshape(-1, 3)
    for curve in ((255, 127, 14), (31, 119, 180)):  # before and after calibration: Matplotlib's C1 and C0
        assert (abs(colours.astype(int) - curve).max(1) < 12).sum() > 100
    reliability_plot(evaluation, tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert f"{evaluation.reliability(evaluation.trained)[1]:.2%}" in text
    assert f"{evaluation.reliability()[1]:.2%}" in text


def test_another_kind_of_file_is_a_sentence(evaluation, tmp_path):
    for name in ("plot.pdf", "plot"):
        with pytest.raises(InputError, match=r"\.png or \.svg"):
            reliability_plot(evaluation, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_without_matplotlib_the_extra_is_named(evaluation, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"lenet5-1998\[plots\]"):
        reliability_plot(evaluation, tmp_path / "plot.png")


def squares(labels: list[int], answers: list[int]) -> Evaluation:
    """Penalties 0 for the answer and 1 for the other class."""
    penalties = 1 - np.eye(2, dtype=np.float32)[answers]
    images = np.zeros((len(labels), 28, 28), np.uint8)
    return Evaluation("set", list("ab"), np.array(labels), penalties, images)


def test_the_sheet_shows_every_mistake_dark_on_light_with_its_caption():
    result = squares([0] * 7, [0, 1, 1, 1, 1, 1, 1])
    result.images[1:, 10:18, 10:18] = 255
    sheet = np.array(mistakes_picture(result, columns=4, zoom=2))
    wide, high = sheet.shape[1] // 4, sheet.shape[0] // 2
    for place in range(6):
        row, column = divmod(place, 4)
        cell = sheet[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
        assert (cell == 0).sum() >= 16 * 16  # the square of ink, twice as large
        assert (cell[60:] < 128).any()  # and letters under it
    assert (sheet[high + 4 :, 2 * wide + 4 :] == 255).all()  # two places stay empty


def test_without_mistakes_there_is_no_sheet():
    with pytest.raises(InputError, match="no mistakes"):
        mistakes_picture(squares([0, 1], [0, 1]))
