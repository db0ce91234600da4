"""The choice of a backend: an argument, else the variable LENET5_BACKEND, else Numba where it can be imported.

No other code chooses. Objects hold what was chosen (LeNet5.backend) and hand it on.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import InputError, MissingExtraError
from .interface import Augmentation, Backend, Inference, Lattice, Minibatch, Seams, Stochastic

__all__ = ["NAMES", "backend", "known"]

NAMES = ("numba", "numpy")
VARIABLE = "LENET5_BACKEND"


@dataclass(frozen=True, repr=False)
class _Backend:
    """The six modules of one package; pickled by its name."""

    name: str
    inference: Inference
    minibatch: Minibatch
    stochastic: Stochastic
    augmentation: Augmentation
    seams: Seams
    lattice: Lattice

    def __reduce__(self) -> tuple[Any, ...]:
        return backend, (self.name,)

    def __repr__(self) -> str:
        return f"backend({self.name!r})"


def backend(name: str | None = None) -> Backend:
    """The backend of that name, always the same object.

    Args:
        name: "numba", compiled code; "numpy", plain NumPy, which needs no compiler and starts at once; None for
            LENET5_BACKEND, or, where that is not set, "numba" if it can be imported and else "numpy", with one
            RuntimeWarning.

    Raises:
        InputError: there is no backend of this name.
        MissingExtraError: "numba" is asked for by name and cannot be imported.
    """
    source = "" if name is not None else f" ({VARIABLE})"
    name = name if name is not None else os.environ.get(VARIABLE) or None
    if name is None:
        return _automatic()
    known(name, source)
    if name == "numpy":
        return _numpy()
    try:
        return _numba()
    except ImportError as error:
        raise MissingExtraError(
            f"the backend numba cannot be used ({error}): install Numba for this Python, or choose numpy"
        ) from error


def known(choice: str | Backend | None, source: str = "") -> str | Backend | None:
    """What was chosen, unchanged, and nothing of it imported yet.

    Args:
        choice: a name, a backend, or None for the automatic choice.
        source: where the name stands, for the sentence.

    Raises:
        InputError: there is no backend of this name.
    """
    if isinstance(choice, str) and choice not in NAMES:
        raise InputError(f"there is no backend {choice!r}{source}: {' and '.join(NAMES)} are known")
    return choice


@cache
def _automatic() -> Backend:
    """Numba, or else NumPy with a warning."""
    try:
        return _numba()
    except ImportError as error:
        if "numba" not in str(error).lower():
            raise
        warnings.warn(
            f"the compiled engine cannot be used ({error}): everything works, but many times slower; "
            "install Numba for this Python to be fast",
            RuntimeWarning,
            stacklevel=3,
        )
        return _numpy()


@cache
def _numba() -> Backend:
    from .numba_backend import augmentation, inference, lattice, minibatch, seams, stochastic

    return _Backend("numba", inference, minibatch, stochastic, augmentation, seams, lattice)


@cache
def _numpy() -> Backend:
    from .numpy_backend import augmentation, inference, lattice, minibatch, seams, stochastic

    return _Backend("numpy", inference, minibatch, stochastic, augmentation, seams, lattice)
