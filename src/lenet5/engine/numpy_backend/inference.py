"""Recognition in plain NumPy: the mathematics of network.reference in float32, in blocks of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network import reference
from ...network.architecture import named_views
from ...network.preprocessing import normalise

__all__ = ["penalties"]

F32 = NDArray[np.float32]
BLOCK = 64  # images at a time: their maps then fit into the cache


def penalties(parameters: F32, codes: F32, images: NDArray[Any], threads: int | None = None) -> F32:
    """Eq. 7 for every image and class, as interface.Inference.penalties; `threads` has no effect.

    Matrix products add up in an order that depends on how many images are in a block, so that the last bits of an
    image's penalties may depend on the length of the call, and on nothing else.
    """
    out = np.empty((len(images), len(codes)), np.float32)
    for first in range(0, len(images), BLOCK):
        x = normalise(images[first : first + BLOCK], dtype=np.float32)
        out[first : first + BLOCK] = reference.forward(named_views(parameters), codes, x).penalties
    return out
