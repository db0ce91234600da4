"""The command line in an empty folder, in this process or in one of its own, and patterns to train on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.cli import main


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def command():
    """Start a command in a process of its own."""

    def start(*arguments: object, **settings) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "lenet5", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **settings,
        )

    return start


@pytest.fixture(scope="session")
def blots(tmp_path_factory) -> Path:
    """A folder of class folders: ten places for a square, forty pictures each."""
    folder = tmp_path_factory.mktemp("blots")
    random = np.random.default_rng(0)
    for label in range(10):
        (folder / str(label)).mkdir()
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        for i in range(40):
            image = random.integers(0, 60, (28, 28)).astype(np.uint8)
            image[y : y + 8, x : x + 5] = 255
            Image.fromarray(image).save(folder / str(label) / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def npz(tmp_path_factory) -> Path:
    """The same kind of patterns in one file."""
    path = tmp_path_factory.mktemp("npz") / "blots.npz"
    random = np.random.default_rng(1)
    labels = random.integers(0, 10, 2000)
    images = random.integers(0, 60, (2000, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        image[y : y + 8, x : x + 5] = 255
    np.savez(path, images=images, labels=labels)
    return path
