"""The processor and the library versions that a figure was measured with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.numba_backend.simd import LANES

__all__ = ["machine"]

CPUINFO = Path("/proc/cpuinfo")  # Linux; elsewhere the standard library names the processor


def machine() -> dict[str, Any]:
    """CPU model, cores, vector width and library versions, as far as this system tells.

    Returns:
        Strings and numbers by name: cpu, cores, lanes (float32 numbers in a vector), system, python, numpy, numba.
    """
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "lanes": LANES,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": version("numba"),
    }


def _processor() -> str:
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
