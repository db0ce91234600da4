"""Distorted patterns (Section III-B, Fig. 7): planar affine transformations, and elastic ones of 2003.

Every pattern is distorted afresh in every pass. Its random numbers are a hash of (seed, pass, pattern,
draw): they depend neither on threads nor on batches nor on the order of the patterns. A pixel of the input
looks up where it comes from in the field, and takes the bilinear mean of the four pixels there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engine.backend import backend as choose
from ..engine.interface import Backend
from ..errors import InputError
from ..network.architecture import FIELD
from ..network.distortion import Distortion

__all__ = ["distort", "elastic_pool"]


def elastic_pool(
    distortion: Distortion, seed: int, pass_index: int, backend: Backend | None = None
) -> NDArray[np.float32]:
    """Elastic displacements that the patterns of one pass share (engine.elastic).

    Args:
        distortion: its alpha and sigma count.
        seed, pass_index: integers.
        backend: what computes them; the automatic choice, unless given.

    Returns:
        (tiles, 64, 64) float32, pixels; one tile of zeros where alpha is 0.

    Raises:
        InputError: seed or pass is no integer.
    """
    return (backend or choose()).augmentation.elastic_pool(distortion, seed, pass_index)


def distort(
    images: NDArray[np.uint8],
    distortion: Distortion,
    seed: int,
    pass_index: int = 0,
    patterns: NDArray[np.integer] | None = None,
    backend: Backend | None = None,
) -> NDArray[np.float32]:
    """Distort patterns as training does in pass `pass_index`.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        distortion: how far.
        seed, pass_index: integers.
        patterns: (N,), indices of the images in their data set, 0 … N−1 unless given. The distortion of an
            image depends on its index, on the seed and on the pass, and on nothing else.
        backend: what computes them; the automatic choice, unless given.

    Returns:
        (N, 32, 32) float32, −0.1 … 1.175.

    Raises:
        InputError: images, indices, seed or pass cannot be used.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.shape[1:] != (FIELD, FIELD):
        raise InputError(
            f"distortions take uint8 images of N×28×28, not {images.dtype} of "
            f"{'×'.join(map(str, images.shape)) or 'no axes'}"
        )
    indices = np.arange(len(images)) if patterns is None else np.asarray(patterns)
    if indices.shape != (len(images),) or indices.dtype.kind not in "iu":
        raise InputError(f"patterns must be {len(images)} integers, one for each image")
    loops = (backend or choose()).augmentation
    pool = loops.elastic_pool(distortion, seed, pass_index)
    return loops.distort(images, distortion, pool, seed, pass_index, indices.astype(np.int64))
