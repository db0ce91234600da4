"""LeNet-5 exactly as published: trained, run and read with at the speed of the machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from .data.dataset import Dataset
    from .errors import (
        DataError,
        DownloadError,
        InputError,
        LeNet5Error,
        MissingExtraError,
        ModelError,
        PictureError,
        SaveError,
    )
    from .evaluation.classification import Evaluation
    from .model.ensemble import Ensemble
    from .model.lenet5 import LeNet5
    from .network.distortion import Distortion
    from .reading.reader import Reader
    from .training.recipes import BEST, FAST, PAPER, PAPER_DISTORTED, PaperRecipe, Recipe

__all__ = [
    "BEST",
    "FAST",
    "PAPER",
    "PAPER_DISTORTED",
    "DataError",
    "Dataset",
    "Distortion",
    "DownloadError",
    "Ensemble",
    "Evaluation",
    "InputError",
    "LeNet5",
    "LeNet5Error",
    "MissingExtraError",
    "ModelError",
    "PaperRecipe",
    "PictureError",
    "Reader",
    "Recipe",
    "SaveError",
]

# Where each public name is made; a file is imported when one of its names is first asked for.
_HOMES = {
    "BEST": "training.recipes",
    "FAST": "training.recipes",
    "Ensemble": "model.ensemble",
    "Dataset": "data.dataset",
    "Distortion": "network.distortion",
    "Evaluation": "evaluation.classification",
    "LeNet5": "model.lenet5",
    "PAPER": "training.recipes",
    "PAPER_DISTORTED": "training.recipes",
    "PaperRecipe": "training.recipes",
    "Reader": "reading.reader",
    "Recipe": "training.recipes",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lenet5' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
