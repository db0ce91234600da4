"""The paper's own training (Section III-B): stochastic diagonal Levenberg–Marquardt (Appendix C).

One pattern at a time, forward, backward, update, and a rate of its own for each of the 60,000 parameters:

    η_k = η / (μ + h_kk)        w_k ← w_k − η_k · ∂E_p/∂w_k

h_kk is the Gauss–Newton estimate of ∂²E/∂w_k², the mean over 500 patterns, made anew before each pass and
held during it. What the paper leaves open, and what decided it: docs/reproduction.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .architecture import FIELD, SLICES
from .distort import PAPER as DISTORTIONS
from .distort import Distortion, scratch
from .errors import InputError, LeNet5Error
from .inputs import target_weights
from .model import initial

__all__ = ["PAPER", "PAPER_DISTORTED", "PaperPass", "PaperRecipe", "rates", "start", "train_paper"]

F32 = NDArray[np.float32]
SLICES_A_PASS = 50  # how often a pass tells its progress
_ORDER, _SAMPLE = 0, 1  # what a stream of random numbers is for


@dataclass(frozen=True)
class PaperRecipe:
    """Section III-B and Appendix C, and the choices where they are silent."""

    name: str = "paper"
    # η of each pass
    schedule: tuple[float, ...] = (5e-4,) * 2 + (2e-4,) * 3 + (1e-4,) * 3 + (5e-5,) * 4 + (1e-5,) * 8
    mu: float = 0.02  # Appendix C: keeps a flat direction's rate below η/μ
    curvature_patterns: int = 500  # behind each estimate of h_kk
    # not in the paper, or not by number; docs/reproduction.md has the measurements:
    j: float | None = None  # eq. 9: the penalty of the rubbish class; None: eq. 8
    scale: float = 0.25  # penalties are multiplied by it (losses.py)
    caution: float = 8.0  # h_kk is multiplied by it: with the scale, F6 has a curvature of 4 at first
    spread: float = 1.0  # weights start uniform in ±spread/F_i^power; the paper prints ±2.4/F_i
    power: float = 0.5
    coefficient: float | None = 0.5  # where those of S2 and S4 start; None: as weights
    bias: float | None = 0.0  # where biases start; None: as weights
    distortion: Distortion | None = None  # drawn afresh for each pattern in each pass

    def __post_init__(self) -> None:
        positive = ("mu", "scale", "caution", "spread")
        if not self.schedule or min(self.schedule) <= 0 or min(getattr(self, name) for name in positive) <= 0:
            raise InputError(f"every rate of a schedule, and {', '.join(positive)}, must be more than 0")
        if self.j is not None and self.j < 0:
            raise InputError(f"j of eq. 9 must not be negative, as {self.j} is; None stands for eq. 8")
        if self.curvature_patterns < 1:
            raise InputError("the curvature needs at least one pattern")

    @property
    def passes(self) -> int:
        """Passes through all patterns: 20 in the paper."""
        return len(self.schedule)

    def data(self) -> dict[str, Any]:
        """The recipe as it is written to files."""
        return asdict(self)


PAPER = PaperRecipe()
# As many updates, each on a distorted pattern. Eq. 9, since eq. 8 leaves more errors on held-out writers here.
PAPER_DISTORTED = PaperRecipe("paper-distorted", j=1.0, distortion=DISTORTIONS)


@dataclass(frozen=True)
class PaperPass:
    """What one pass did."""

    number: int  # from 1
    rate: float  # η
    least_rate: float  # the spread of η_k: in the paper's first pass about 7·10⁻⁵ …
    largest_rate: float  # … to 0.016
    energy: float  # eq. 8 or 9, mean over the patterns as they were met
    train_error: float  # share of the patterns that were answered wrongly as they were met
    seconds: float
    patterns_per_second: float


def start(seed: int, recipe: PaperRecipe = PAPER) -> F32:
    """All parameters before training, (60000,) float32."""
    flat = initial(seed, recipe.spread, recipe.power, recipe.coefficient)
    if recipe.bias is not None:
        for name, where in SLICES.items():
            if name.endswith("bias"):
                flat[where] = recipe.bias
    return flat


def rates(
    flat: F32, codes: F32, images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int, index: int,
    recipe: PaperRecipe = PAPER,
) -> F32:  # fmt: skip
    """η_k of every parameter for pass `index` (from 0), (60000,) float32.

    images: (N, 28, 28); 500 of them are drawn by (seed, index), undistorted, all different where there are
    as many.
    """
    from .engine.stochastic import curvature

    count = min(recipe.curvature_patterns, len(images))
    sample = permutation(seed, index, _SAMPLE, len(images))[:count]
    h = curvature(flat, codes, images[sample], labels[sample], recipe.j, recipe.scale)
    return np.float32(recipe.schedule[index]) / (np.float32(recipe.mu) + np.float32(recipe.caution) * h)


def permutation(seed: int, index: int, purpose: int, count: int) -> NDArray[np.int64]:
    """0 … count−1 shuffled, by (seed, pass, purpose) alone: the order of a counter's random numbers."""
    key = np.array([seed % 2**64, index * 2 + purpose], np.uint64)
    return np.argsort(np.random.Philox(key=key).random_raw(count), kind="stable")


def train_paper(
    images: ArrayLike,
    labels: ArrayLike,
    seed: int = 0,
    recipe: PaperRecipe = PAPER,
    progress: Callable[[int], None] = lambda patterns: None,
    checkpoint: Callable[[F32, list[PaperPass]], None] = lambda flat, history: None,
    *,
    codes: F32 | None = None,
    state: tuple[F32, list[PaperPass]] | None = None,
) -> tuple[F32, list[PaperPass]]:
    """Train as the paper did; the same seed gives the same parameters.

    images: (N, 28, 28) uint8, 255 = ink. labels: (N,) indices into the codes (classes, 84): the ten digits'
    unless given. progress is told of patterns as they are done, checkpoint of the parameters and the history
    after each pass; what it was told is the `state` from which a later call goes on, to the same result.
    Returns the parameters, (60000,) float32 in the order of architecture.SLICES, and a PaperPass a pass.
    Raises InputError for what cannot be used, LeNet5Error when the parameters run away.
    """
    images = np.ascontiguousarray(images)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (FIELD, FIELD) or not len(images):
        raise InputError(
            f"training takes uint8 images of N×{FIELD}×{FIELD} (255 = ink), not {images.dtype} of "
            f"{'×'.join(map(str, images.shape))}"
        )
    if codes is None:
        from .codes import DIGITS
        from .codes import codes as codes_of

        codes = codes_of(DIGITS)
    labels = target_weights(labels, [str(i) for i in range(len(codes))], len(images))
    if labels.ndim != 1:
        raise InputError("the paper's training takes a label for each pattern, not a row of target weights")
    flat, history = (state[0].copy(), list(state[1])) if state else (start(seed, recipe), [])
    for index in range(len(history), recipe.passes):
        history.append(run_pass(flat, codes, images, labels, seed, index, recipe, progress))
        checkpoint(flat, history)
    return flat, history


def run_pass(
    flat: F32, codes: F32, images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int, index: int,
    recipe: PaperRecipe = PAPER, progress: Callable[[int], None] = lambda patterns: None,
) -> PaperPass:  # fmt: skip
    """One pass: rates, then every pattern once, in an order drawn by (seed, index). flat changes in place.

    Raises LeNet5Error when the parameters run away.
    """
    from .engine.stochastic import Pass

    began = time.perf_counter()
    own = rates(flat, codes, images, labels, seed, index, recipe)
    distorting = recipe.distortion
    distortion = (distorting.vector(), distorting.pool(seed, index), scratch()) if distorting else None
    loop = Pass(flat, codes, own, images, labels, recipe.j, recipe.scale, distortion, seed, index)
    order = permutation(seed, index, _ORDER, len(images))
    for part in np.array_split(order, min(SLICES_A_PASS, len(images))):
        loop.run(part)
        progress(len(part))
    if not np.isfinite(flat).all():
        raise LeNet5Error(
            f"the training ran away in pass {index + 1}: parameters are no longer numbers; "
            "a larger mu or caution, or a smaller scale, may help"
        )
    seconds = time.perf_counter() - began
    return PaperPass(
        number=index + 1,
        rate=recipe.schedule[index],
        least_rate=float(own.min()),
        largest_rate=float(own.max()),
        energy=loop.energy / len(images),
        train_error=loop.errors / len(images),
        seconds=seconds,
        patterns_per_second=len(images) / seconds,
    )
