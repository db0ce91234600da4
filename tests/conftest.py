"""Real handwriting for the tests, found through LENET5_DATA; without it, tests that need it are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


def _folder(name: str) -> Path:
    root = os.environ.get("LENET5_DATA")
    if not root:
        pytest.skip("LENET5_DATA is not set: this test needs real handwriting")
    folder = Path(root) / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: this test needs real handwriting")
    return folder


def _mnist(split: str) -> tuple[np.ndarray, np.ndarray]:
    from lenet5.data.mnist import load_mnist

    _folder("mnist")
    return load_mnist(split, download=False)


@pytest.fixture(scope="session")
def mnist_train() -> tuple[np.ndarray, np.ndarray]:
    """60,000 images (uint8 28×28) and labels."""
    return _mnist("train")


@pytest.fixture(scope="session")
def mnist_test() -> tuple[np.ndarray, np.ndarray]:
    """10,000 images (uint8 28×28) and labels."""
    return _mnist("test")


@pytest.fixture(scope="session")
def own_characters() -> Path:
    """Folder of single characters by other people: images/ and labels.csv."""
    return _folder("own-characters")


@pytest.fixture(scope="session")
def cheque_amounts() -> Path:
    """Folder of amounts cut from cheques: images/ and labels.csv."""
    return _folder("cheque-amounts")


@pytest.fixture(scope="session")
def letters() -> Path:
    """Folder with letters-train.npz and letters-test.npz."""
    return _folder("letters")
