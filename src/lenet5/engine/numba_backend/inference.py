"""Recognition in compiled code: images in blocks, a lane of a vector for each; a few images one by one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network.architecture import BACKGROUND, FOREGROUND
from ...parallel import thread_count
from .batch_forward import L, recognise
from .image_forward import penalise_one, penalties_one
from .jit import announce_compilation
from .workspace import aligned, run_together

__all__ = ["penalties", "scaled"]

F32 = NDArray[np.float32]
FEW = L // 4  # images that are read sooner one by one than as a block of L lanes


def scaled(images: NDArray[Any]) -> tuple[NDArray[Any], np.float32]:
    """Images as the kernels take them, and what one unit of a pixel is worth in the input's range."""
    span = FOREGROUND - BACKGROUND
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images), np.float32(span / 255)
    return np.ascontiguousarray(images, np.float32), np.float32(span)


def penalties(parameters: F32, codes: F32, images: NDArray[Any], threads: int | None = None) -> F32:
    """Eq. 7 for every image and class, as interface.Inference.penalties.

    A call with at most L/4 images (1 to 4, by the processor) reads them one by one, in another order of sums: its
    penalties may differ in the last bits from those of the same images in a longer call. Within either way an
    image's penalties depend on the image alone, not on its neighbours, its place or the number of threads.
    """
    few = 0 < len(images) <= FEW
    announce_compilation(penalise_one if few else recognise)
    images, gain = scaled(images)
    if few:
        return np.stack([penalties_one(parameters, codes, image) for image in images])
    out = np.empty((len(images), len(codes)), np.float32)
    # No thread for less than two blocks: starting one costs about as much as reading them.
    parts = max(1, min(thread_count(threads), len(images) // (2 * L)))
    cuts = [len(images) * p // parts // L * L for p in range(parts)] + [len(images)]
    arguments = []
    for low, high in itertools.pairwise(cuts):
        layers = _layers(len(codes))
        span = images[low:high], gain, np.float32(BACKGROUND)
        arguments.append((*span, parameters, codes, *layers, out[low:high]))
    run_together(recognise, arguments)
    return out


def _layers(classes: int) -> list[F32]:
    """What one thread works in: levels of a block, (L, 1024), and every layer's states, interleaved by lane."""
    stops = list(itertools.accumulate(L * size for size in (1024, 1024, 6 * 196, 400, 120, 84, classes)))
    memory = aligned(stops[-1])
    levels, *states = (memory[start:stop] for start, stop in itertools.pairwise([0, *stops]))
    return [levels.reshape(L, 1024), *states]
