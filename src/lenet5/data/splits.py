"""Patterns held out by writer: nobody writes in both parts."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, InputError, ModelError
from ..model.classifier import Classifier, Network
from .dataset import Dataset
from .mnist import writers

__all__ = ["check_untrained", "hold_out", "hold_out_writers", "validation_patterns", "validation_split"]


def validation_split(
    writers: ArrayLike, share: float = 1 / 6, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split patterns by writer, to train on one part and to choose recipes by the other.

    The split depends on the set of writers and on the seed, not on the order of the patterns.

    Args:
        writers: (N,), the writer of each pattern.
        share: of the writers that go to the second part, in (0, 1).
        seed: of the draw.

    Returns:
        Indices of both parts, int64, in rising order.

    Raises:
        InputError: fewer than two writers, or a share out of range.
    """
    writers = np.asarray(writers)
    names = np.unique(writers)
    if writers.ndim != 1 or len(names) < 2:
        raise InputError("to hold out some writers there must be two or more, one named for each pattern")
    if not 0 < share < 1:
        raise InputError(f"the share of writers to hold out must lie between 0 and 1, and is {share:g}")
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = np.random.Generator(np.random.PCG64(seed)).permutation(names)[:count]
    held = np.isin(writers, chosen)
    return np.flatnonzero(~held), np.flatnonzero(held)


def hold_out(dataset: Dataset, writers: ArrayLike) -> tuple[Dataset, Dataset]:
    """Split a data set by `validation_split`.

    Args:
        dataset: N patterns.
        writers: (N,), the writer of each pattern.

    Returns:
        The data set without a sixth of its writers, and the patterns of those.

    Raises:
        InputError: writers do not fit the patterns.
    """
    if np.shape(writers) != (len(dataset.images),):
        raise InputError(f"{len(dataset.images)} patterns need as many writers, not {np.shape(writers)}")
    kept, held = validation_split(writers)
    return _part(dataset, kept, "without the held-out writers"), _part(dataset, held, "the held-out writers")


def _part(dataset: Dataset, patterns: NDArray[np.int64], name: str) -> Dataset:
    images, labels = dataset.images[patterns], dataset.labels[patterns]
    return replace(dataset, images=images, labels=labels, name=f"{dataset.name}, {name}")


def hold_out_writers(training: Dataset) -> tuple[Dataset, Dataset]:
    """Split MNIST's training patterns by `hold_out`, with the writers of QMNIST.

    Raises:
        DataError: the writers are not known.
    """
    known = writers("train")
    if known is None:
        raise DataError(
            "to hold out writers it must be known who wrote each pattern: put writers.npz (made from QMNIST) "
            "beside MNIST's files"
        )
    return hold_out(training, known)


def validation_patterns(training: Dataset, *networks: Classifier) -> Dataset:
    """MNIST's training patterns of the writers that `lenet5 train --validation` holds out.

    Args:
        training: all training patterns.
        networks: networks that are to be calibrated with these patterns.

    Raises:
        DataError: the writers are not known.
        ModelError: a network was trained on these writers.
    """
    held = hold_out_writers(training)[1]
    for network in (one for each in networks for one in each.networks):
        check_untrained(network, training)
        if (network.metadata["training"].get("data") or {}).get("name") == training.name:
            _refuse(training.name)  # with more patterns beside them
    return held


def check_untrained(network: Network, patterns: Dataset) -> None:
    """Raise ModelError where a network was trained on these very patterns."""
    trained_on = (network.metadata["training"].get("data") or {}).get("sha256")
    if trained_on == patterns.fingerprint:
        _refuse(patterns.name)


def _refuse(name: str) -> NoReturn:
    raise ModelError(
        f"the network was trained on all of {name}, so that its mistakes there say little: train another by the "
        "same recipe with --validation and give it as --by, or name other patterns with --data"
    )
