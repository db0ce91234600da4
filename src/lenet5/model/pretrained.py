"""Weights that come with the package: their names and files."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ModelError

__all__ = ["names", "path", "resolve"]

WEIGHTS = Path(__file__).parent / "weights"


def names() -> list[str]:
    """Names of the weights that come with the package, sorted."""
    return sorted(file.stem for file in WEIGHTS.glob("*.safetensors"))


def path(name: str) -> Path:
    """The file of the package's weights of that name. Raises ModelError, with the names, for another."""
    if name not in names():
        known = ", ".join(names()) or "none"
        raise ModelError(f"no weights called {name!r} come with lenet5; those that do: {known}")
    return WEIGHTS / f"{name}.safetensors"


def resolve(weights: str | os.PathLike[str]) -> Path:
    """The file that is meant: `weights` itself, or the package's weights of that name.

    Args:
        weights: a file, or a name. What is no file and has no suffix is taken for a name.

    Raises:
        ModelError: no weights of that name come with the package; the sentence lists those that do.
    """
    meant = isinstance(weights, str) and not Path(weights).suffix and not Path(weights).exists()
    return path(str(weights)) if meant or str(weights) in names() else Path(weights)
