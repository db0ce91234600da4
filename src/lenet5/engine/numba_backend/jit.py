"""Numba, with one set of options and a cache that is safe to share (compiled once, then loaded).

Compiled code is kept in a folder named after the contents of every file that can end up in a kernel, so
that a change in any of them compiles afresh and two versions never disturb each other. Where no folder
can be written, everything is compiled in memory each time, and a warning says so once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba.core import config

__all__ = ["announce_compilation", "cache_folder", "compiled"]

_log = logging.getLogger(__name__)

# Whatever can end up in a kernel.
_SOURCES = (
    "network/architecture.py",
    "network/distortion.py",
    "engine/elastic.py",
    "engine/numba_backend/*.py",
)


@cache
def cache_folder() -> Path | None:
    """The folder of compiled code, made if need be; None where none can be written.

    LENET5_CACHE (or else the user's cache folder) holds it, in a folder named by a digest of the sources.
    """
    package = Path(__file__).parents[2]
    digest = hashlib.sha256(numba.__version__.encode())
    for pattern in _SOURCES:
        for source in sorted(package.glob(pattern)):
            digest.update(source.read_bytes())
    root = os.environ.get("LENET5_CACHE") or platformdirs.user_cache_dir("lenet5")
    folder = Path(root) / "compiled" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        warnings.warn(
            f"compiled code cannot be kept in {folder} ({error.strerror or error}): it is compiled again "
            "in every process; set LENET5_CACHE to a folder that can be written",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return folder


def compiled(function: Callable[..., Any] | None = None, /, *, inline: str = "never") -> Any:
    """`numba.njit` without the interpreter lock, cached between processes, every sum in the order it is written.

    No fast-math flag is ever set: with one, LLVM rounds a loop one way where it is vectorised and another way where
    it is not, and which of the two runs hangs on how far apart its arrays happen to lie, and on which of several
    inlined copies of a function the loader finds first. What must be fused or added in another order for speed says so
    itself (row_fma, row_total, … of simd.py).

    Args:
        function: the function to compile.
        inline: "always" puts it into each caller before types are inferred.
    """
    if function is None:
        return lambda inner: compiled(inner, inline=inline)
    dispatcher = numba.njit(nogil=True, error_model="numpy", fastmath=False, inline=inline)(function)
    folder = cache_folder()
    if folder is not None:
        # Numba reads its cache folder from a global setting at this moment only: restore it at once, since
        # it is also that of the rest of the user's program.
        settings: Any = config  # its names are made at run time
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
        try:
            dispatcher.enable_caching()
        except (RuntimeError, OSError) as error:
            warnings.warn(f"compiled code cannot be kept: {error}", RuntimeWarning, stacklevel=2)
        finally:
            settings.CACHE_DIR = before
    return dispatcher


@cache
def announce_compilation() -> None:
    """Log, once a process, that a compilation lies ahead; nothing where compiled code is at hand."""
    folder = cache_folder()
    if folder is None or not any(folder.glob("**/*.nbi")):
        _log.warning("compiling the engine for this processor: a few seconds, the first time only")
