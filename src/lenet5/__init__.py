"""LeNet-5 exactly as published: trained, run and read with at the speed of the machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .committee import Committee
    from .datasets import Dataset
    from .distort import Distortion
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
    from .evaluate import Evaluation
    from .model import LeNet5
    from .reader import Reader
    from .recipes import BEST, FAST, PAPER, PAPER_DISTORTED, PaperRecipe, Recipe

__version__ = "0.1.0"

__all__ = [
    "BEST",
    "FAST",
    "PAPER",
    "PAPER_DISTORTED",
    "Committee",
    "DataError",
    "Dataset",
    "Distortion",
    "DownloadError",
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
    "BEST": "recipes",
    "FAST": "recipes",
    "Committee": "committee",
    "Dataset": "datasets",
    "Distortion": "distort",
    "Evaluation": "evaluate",
    "LeNet5": "model",
    "PAPER": "recipes",
    "PAPER_DISTORTED": "recipes",
    "PaperRecipe": "recipes",
    "Reader": "reader",
    "Recipe": "recipes",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lenet5' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
