"""Ten classes that are learned in seconds: a data set for tests of what is trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lenet5.data.dataset import Dataset
from lenet5.reproduce.runs import QUICK

TINY = replace(QUICK, seeds=2, passes=2, best_passes=1, distorted_test=20, lines=8, lines_read=6)


def blots(count: int, seed: int) -> Dataset:
    """Ten classes of a bright square in ten places, with noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        image[y : y + 8, x : x + 5] = 255
    return Dataset(images, labels, list("0123456789"), "blots")


TRAINING, TEST = blots(400, 0), blots(60, 1)
