"""Noise nearly as strong as the ink is smoothed, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.errors import PictureError
from lenet5.imaging.denoising import without_noise
from lenet5.reading.reader import Reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def drawn(glyphs: list[np.ndarray], contrast: float, noise: float, seed: int) -> np.ndarray:
    """Characters side by side, twice as large, in ink of a contrast on paper with noise: (rows, columns, 3)."""
    ink = np.kron(np.hstack(glyphs), np.ones((2, 2)))
    ink = np.pad(ink, 20)
    level = 0.9 * (1 - contrast * ink) + np.random.default_rng(seed).normal(0, noise, ink.shape)
    return np.repeat(level.clip(0, 1)[:, :, None], 3, 2).astype(np.float32)


def seven() -> np.ndarray:
    glyph = np.zeros((28, 20))
    glyph[4:7, 3:17] = 1
    for row in range(7, 25):
        left = 15 - (row - 7) // 2
        glyph[row, left - 2 : left + 1] = 1
    return glyph


def test_faint_strokes_under_noise_are_smoothed_and_strong_ones_are_not():
    faint, strong = drawn([seven()] * 3, 0.05, 0.02, 0), drawn([seven()] * 3, 0.6, 0.02, 0)
    smooth = without_noise(faint)
    paper = (slice(0, 15), slice(0, 15))
    assert smooth[paper].std() < faint[paper].std() / 3  # of a Gaussian: 1 / (2 σ √π) = 0.19
    assert smooth.mean() == pytest.approx(faint.mean(), abs=1e-3)
    assert without_noise(strong) is strong


def test_faint_ink_without_noise_stays_as_it_is():
    faint = drawn([seven()] * 3, 0.05, 0.0, 0)
    assert without_noise(faint) is faint


@pytest.mark.parametrize("shape", [(900, 900, 3), (2, 40, 3)])
def test_pages_and_slivers_are_not_smoothed(shape):
    noise = np.random.default_rng(0).normal(0.8, 0.05, shape).clip(0, 1).astype(np.float32)
    assert without_noise(noise) is noise


def text(reader: Reader, image: np.ndarray) -> str:
    """What is read, "" where nothing is."""
    try:
        return reader.read_image(image).text
    except PictureError:
        return ""


def test_a_number_in_faint_pencil_under_noise_is_one_line(reader):
    numbers = [drawn([seven()] * 3, 0.06, 0.025, seed) for seed in range(5)]
    assert [text(reader, number) for number in numbers].count("777") >= 4


def test_noise_alone_is_not_smoothed_and_reads_as_nothing(reader):
    for seed in range(4):
        blank = drawn([np.zeros((28, 20))] * 3, 0.0, 0.03, seed)
        assert without_noise(blank) is blank
        assert not set(text(reader, blank)) - {"?", "\n"}
