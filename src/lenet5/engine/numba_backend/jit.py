"""Numba, with one set of options and a cache that is safe to share (compiled once, then loaded).

Compiled code is kept in a folder named after the contents of every file that can end up in a kernel, so
that a change in any of them compiles afresh and two versions never disturb each other. Loading runs what a file
says, so that a folder in which other users can write is not used. Where there is no folder to use, everything is
compiled in memory each time, and a warning says so once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numba
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
    root = Path(os.environ.get("LENET5_CACHE") or _user_cache()).expanduser()
    folder = root / "compiled" / digest.hexdigest()[:16]
    try:
        for part in (root, folder.parent, folder):
            part.mkdir(0o700, parents=True, exist_ok=True)
        if reason := _open_to_others(root, folder.parent, folder):
            _warn(f"compiled code is not kept: {reason}; it is compiled again in every process")
            return None
        probe = folder / f".{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        _warn(
            f"compiled code cannot be kept in {folder} ({error.strerror or error}): it is compiled again "
            "in every process; set LENET5_CACHE to a folder that can be written"
        )
        return None
    return folder


def _user_cache() -> str:
    import platformdirs  # not needed where LENET5_CACHE names a folder

    return platformdirs.user_cache_dir("lenet5")


def _open_to_others(*folders: Path) -> str:
    """Who else can put files into one of these folders, and the way out; "" where nobody can.

    The index of compiled code is unpickled, and the code is run: whoever writes there runs code as this user.
    """
    if not hasattr(os, "getuid"):
        return ""
    for folder in folders:
        status = folder.stat()
        if status.st_uid not in (os.getuid(), 0):
            return f"{folder} belongs to another user; set LENET5_CACHE to a folder of your own"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"other users can write in {folder}; `chmod go-w {folder}` or set LENET5_CACHE to another folder"
    return ""


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=4)


def compiled(
    function: Callable[..., Any] | None = None, /, *, inline: Literal["never", "always"] = "never"
) -> Any:
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
def announce_compilation(kernel: Any) -> None:
    """Log, once a process, that kernels will be compiled; nothing where this one's code is at hand."""
    folder, function = cache_folder(), kernel.py_func
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}-*.nbi"
    if not kernel.signatures and (folder is None or not any(folder.glob(f"*/{name}"))):
        _announce()


@cache
def _announce() -> None:
    _log.warning("compiling for this processor, once: up to 20 seconds")
