"""Memory that vectors like, and threads for compiled code."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..elastic import PLANE

__all__ = ["aligned", "run_together", "scratch"]


def aligned(*shape: int) -> NDArray[np.float32]:
    """Zeros that start on a cache line, so that no vector lies across two."""
    size = int(np.prod(shape))
    memory = np.zeros(size + 16, np.float32)
    start = (-memory.ctypes.data % 64) // 4
    return memory[start : start + size].reshape(shape)


def scratch() -> NDArray[np.uint32]:
    """Working memory of a distortion, one for each thread; its contents are of no importance."""
    return np.empty(5 * PLANE, np.uint32)


def run_together(function: Callable[..., None], arguments: list[tuple[Any, ...]]) -> None:
    """Call `function` once for each tuple of arguments, at the same time; the first on this thread.

    The others get threads of their own, not places in a shared pool: those of a training wait for each other,
    and two trainings that shared one could each hold places that the other is waiting for.
    """
    threads = [threading.Thread(target=function, args=entry, daemon=True) for entry in arguments[1:]]
    for thread in threads:
        thread.start()
    function(*arguments[0])
    for thread in threads:
        thread.join()
