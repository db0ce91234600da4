"""The processor and the library versions that a figure was measured with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from ..engine.numba_backend.simd import LANES
from ..parallel import processor_name

__all__ = ["machine"]


def machine() -> dict[str, Any]:
    """CPU model, cores, vector width and library versions, as far as this system tells.

    Returns:
        Strings and numbers by name: cpu, cores, lanes (float32 numbers in a vector), system, python, numpy, numba.
    """
    return {
        "cpu": processor_name(),
        "cores": os.cpu_count(),
        "lanes": LANES,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": version("numba"),
    }
