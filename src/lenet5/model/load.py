"""The classifier in a file, whether that holds one network or an ensemble."""

from __future__ import annotations

import os

from ..engine.interface import Backend
from . import pretrained, serialisation
from .ensemble import Ensemble
from .lenet5 import ENSEMBLE, LeNet5

__all__ = ["find"]


def find(weights: str | os.PathLike[str], backend: str | Backend | None = None) -> LeNet5 | Ensemble:
    """The network or the ensemble in a file, or of the package's weights of that name.

    Args:
        weights: a file, or a name (pretrained.names).
        backend: what is to compute it (engine.backend).

    Raises:
        ModelError: there is no such file or name, or the file is damaged or no model.
    """
    path = pretrained.resolve(weights)
    arrays, metadata = serialisation.read(path)
    kind = Ensemble.from_contents if metadata.get("format") == ENSEMBLE else LeNet5.from_contents
    return kind(path, arrays, metadata, backend)
