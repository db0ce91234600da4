"""What tests are skipped without: real handwriting, found through LENET5_DATA, and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, started once for a file of tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser")
    sync_api.expect.set_options(timeout=20_000)  # milliseconds: a busy machine answers later
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed: the page is not tried in a browser")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        yield chromium
        chromium.close()
