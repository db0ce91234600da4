"""Distorted patterns (Section III-B, Fig. 7): planar affine transformations, and elastic ones of 2003.

Every pattern is distorted afresh in every pass. Its random numbers are a hash of (seed, pass, pattern,
draw): they depend neither on threads nor on batches nor on the order of the patterns. A pixel of the input
looks up where it comes from in the field, and takes the bilinear mean of the four pixels there.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass

import numpy as np

from ..errors import InputError
from .architecture import FIELD, INPUT

__all__ = ["MILD", "NONE", "PAPER", "STRONG", "Distortion", "distort", "elastic_pool", "scratch"]


@dataclass(frozen=True)
class Distortion:
    """How far patterns are distorted (Section III-B). All is 0 by default: no distortion.

    Each magnitude m is the end of a range: a value is drawn from it uniformly and independently for each
    pattern. A character is scaled and squeezed, then sheared, then turned, all about the centre of its
    field, then moved, and last bent. The paper gives the list but no magnitude.
    """

    translation: float = 0.0  # pixels: moved by −m … m, across and down independently
    scaling: float = 0.0  # share: both sides times 1 − m … 1 + m
    squeezing: float = 0.0  # share: one side times f, the other divided by it, f from 1 to 1 + m, either way
    shear: float = 0.0  # pixels sideways for each pixel of height (horizontal shear), −m … m
    rotation: float = 0.0  # degrees, −m … m; not in the paper
    thickness: float = 0.0  # pixels: every edge of ink grows by −m … m, m at most 1; not in the paper
    gain: float = 0.0  # share: ink times 1 − m … 1 + m, black at most; not in the paper
    # Elastic (Simard, Steinkraus, Platt 2003; not in the paper): both coordinates displaced by uniform noise
    # in −1 … 1, smoothed by a Gaussian, times alpha; r.m.s. about 0.163·alpha/sigma pixels.
    alpha: float = 0.0  # strength, in pixels
    sigma: float = 4.0  # standard deviation of the Gaussian, in pixels, at least 0.5
    spread: float = 0.0  # share: strength alpha·(1 − m) … alpha, drawn for each pattern
    # Cut-out; not in the paper: a rectangle of background somewhere in the input.
    erasing: float = 0.0  # share of the patterns that lose one
    erased: float = 0.0  # pixels: each of its sides is 1 … m long, rounded
    regular: float = 0.0  # share of the patterns left as they are

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            most = _MOST.get(name, np.inf)
            least = 0.5 if name == "sigma" else 0.0
            if not (np.isfinite(value) and least <= value <= most):
                raise InputError(
                    f"a distortion's {name} cannot be {value!r}: give a number from {least:g} to {most:g}"
                )

    def vector(self) -> np.ndarray:
        """All of it as a float32 vector, in the order above: what the compiled code reads."""
        return np.array(astuple(self), np.float32)

    def pool(self, seed: int, pass_index: int) -> np.ndarray:
        """What the patterns of one pass share: `elastic_pool` with this alpha and sigma."""
        return elastic_pool(seed, pass_index, POOL if self.alpha else 1, self.sigma, self.alpha)


# Beyond these a distortion means nothing, or the arithmetic no longer holds.
_MOST = dict.fromkeys(("thickness", "spread", "erasing", "regular", "gain"), 1.0) | {
    "translation": 32.0,
    "scaling": 0.9,
    "squeezing": 4.0,
    "shear": 4.0,
    "rotation": 180.0,
    "alpha": 1000.0,
    "sigma": 16.0,
    "erased": 32.0,
}

NONE = Distortion()
# The paper's list. One pattern in ten is regular, as 60,000 of its 600,000 were.
PAPER = Distortion(translation=2.0, scaling=0.12, squeezing=0.12, shear=0.25, regular=0.1)
MILD = Distortion(translation=1.0, scaling=0.08, squeezing=0.08, shear=0.15, rotation=5.0)
STRONG = Distortion(
    translation=1.5, scaling=0.12, squeezing=0.12, shear=0.2, rotation=10.0, thickness=0.25, alpha=36.0,
    sigma=5.0, spread=0.5,
)  # fmt: skip

POOL = 64  # smoothed fields made for a pass
TILE = 64  # their side, in pixels; they repeat beyond it, so that every 32×32 piece has the same statistics
PLANE = INPUT * INPUT  # cells of each of the five planes of scratch


def scratch() -> np.ndarray:
    """Working memory for `distort_into`, one for each thread; its contents are of no importance."""
    return np.empty(5 * PLANE, np.uint32)


def elastic_pool(
    seed: int, pass_index: int, count: int = POOL, sigma: float = 4.0, alpha: float = 0.0
) -> np.ndarray:
    """Elastic displacements for one pass (Simard, Steinkraus, Platt 2003): float32 (count, 64, 64), pixels.

    Uniform noise in −1 … 1, smoothed by a Gaussian of `sigma` pixels, times `alpha`: r.m.s. about
    alpha / (sigma·√(12π)). Each tile repeats beyond its borders. Not in that paper: a pattern takes
    a random 32×32 piece of a random tile for each coordinate instead of a field of its own.
    """
    from ..engine.numpy_backend import fastest

    seed, pass_index = _word(seed, "seed"), _word(pass_index, "pass")
    if count < 1:
        raise InputError(f"a pool of {count} elastic fields is empty: ask for at least 1")
    if alpha == 0.0:
        return np.zeros((count, TILE, TILE), np.float32)
    tiles = np.empty((count, TILE * TILE), np.float32)
    fastest().augmentation.noise(seed, pass_index, tiles)
    # A Gaussian of σ pixels has the spectrum exp(−2π²σ²f²), f in cycles a pixel.
    down = np.exp(-2.0 * (np.pi * sigma * np.fft.fftfreq(TILE)) ** 2)
    across = np.exp(-2.0 * (np.pi * sigma * np.fft.rfftfreq(TILE)) ** 2)
    spectrum = np.fft.rfft2(tiles.reshape(count, TILE, TILE)) * np.outer(alpha * down, across)
    return np.ascontiguousarray(np.fft.irfft2(spectrum, s=(TILE, TILE)), np.float32)


def _word(number: int, name: str) -> np.uint64:
    """An integer as 64 bits, negative ones as their two's complement."""
    try:
        return np.uint64(int(number) & 0xFFFFFFFFFFFFFFFF)
    except (TypeError, ValueError):
        raise InputError(f"the {name} of a distortion must be an integer, not {number!r}") from None


def distort(
    images: np.ndarray,
    distortion: Distortion,
    seed: int,
    pass_index: int = 0,
    patterns: np.ndarray | None = None,
) -> np.ndarray:
    """Distort patterns as training does in pass `pass_index`: uint8 (N, 28, 28) to float32 (N, 32, 32).

    `patterns` are the indices of the images in their data set, 0 … N−1 unless given: the distortion of an
    image depends on its index, on the seed and on the pass, and on nothing else. Raises InputError.
    """
    from ..engine.numpy_backend import fastest

    images = np.asarray(images)
    if images.dtype != np.uint8 or images.shape[1:] != (FIELD, FIELD):
        raise InputError(
            f"distortions take uint8 images of N×28×28, not {images.dtype} of "
            f"{'×'.join(map(str, images.shape)) or 'no axes'}"
        )
    patterns = np.arange(len(images)) if patterns is None else np.asarray(patterns)
    if patterns.shape != (len(images),) or patterns.dtype.kind not in "iu":
        raise InputError(f"patterns must be {len(images)} integers, one for each image")
    out = np.empty((len(images), INPUT, INPUT), np.float32)
    fastest().augmentation.distort_all(
        np.ascontiguousarray(images),
        distortion.vector(),
        distortion.pool(seed, pass_index),
        _word(seed, "seed"),
        _word(pass_index, "pass"),
        np.ascontiguousarray(patterns, np.int64),
        scratch(),
        out,
    )
    return out
