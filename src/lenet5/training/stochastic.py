"""The paper's own training (Section III-B): stochastic diagonal Levenberg–Marquardt (Appendix C).

One pattern at a time, forward, backward, update, and a rate of its own for each of the 60,000 parameters:

    η_k = η / (μ + h_kk)        w_k ← w_k − η_k · ∂E_p/∂w_k

h_kk is the Gauss–Newton estimate of ∂²E/∂w_k², the mean over 500 patterns, made anew before each pass and
held during it. What the paper leaves open, and what decided it: docs/reproduction.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.backend import backend as choose
from ..engine.interface import Backend
from ..errors import InputError, LeNet5Error
from ..model.lenet5 import LeNet5
from ..network.codes import DIGITS
from ..network.codes import codes as codes_of
from ..network.preprocessing import check_training_images, target_weights
from .checkpoint import Checkpoint
from .pass_report import PassReport
from .recipes import PAPER, PaperRecipe

__all__ = ["StochasticTraining", "rates", "train_paper"]

F32 = NDArray[np.float32]
SLICES_A_PASS = 50  # how often a pass reports its progress, at most
_ORDER, _SAMPLE = 0, 1  # what a stream of random numbers is for


def rates(
    parameters: F32, codes: F32, images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int, index: int,
    recipe: PaperRecipe = PAPER, backend: Backend | None = None,
) -> F32:  # fmt: skip
    """η_k of every parameter for one pass (Appendix C).

    Args:
        parameters: (60000,) float32.
        codes: (classes, 84).
        images: (N, 28, 28); the recipe's 500 are drawn by (seed, index), undistorted, all different where there
            are as many. Without `recipe.reshuffle` they are those of the first pass.
        labels: (N,) indices into the codes.
        seed: of the draw.
        index: of the pass, from 0.
        recipe: its μ, schedule and curvature_scale.
        backend: what computes; the automatic choice, unless given.

    Returns:
        (60000,) float32.
    """
    count = min(recipe.optimiser.curvature_patterns, len(images))
    sample = permutation(seed, index if recipe.reshuffle else 0, _SAMPLE, len(images))[:count]
    loops = (backend or choose()).stochastic
    h = loops.curvature(parameters, codes, images[sample], labels[sample], recipe.loss.j, recipe.loss.scale)
    return np.float32(recipe.optimiser.schedule[index]) / (
        np.float32(recipe.optimiser.mu) + np.float32(recipe.optimiser.curvature_scale) * h
    )


def permutation(seed: int, index: int, purpose: int, count: int) -> NDArray[np.int64]:
    """0 … count−1 shuffled, by (seed, pass, purpose) alone: the order of a counter's random numbers."""
    key = np.array([seed % 2**64, index * 2 + purpose], np.uint64)
    return np.argsort(np.random.Philox(key=key).random_raw(count), kind="stable")


def train_paper(
    images: ArrayLike,
    labels: ArrayLike,
    seed: int = 0,
    recipe: PaperRecipe = PAPER,
    progress: Callable[[int], object] = lambda patterns: None,
    checkpoint: Callable[[F32, list[PassReport]], object] = lambda parameters, history: None,
    *,
    codes: F32 | None = None,
    state: tuple[F32, list[PassReport]] | None = None,
    backend: Backend | None = None,
) -> tuple[F32, list[PassReport]]:
    """Train as the paper did; the same seed gives the same parameters.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) indices into the codes.
        seed: of all that is drawn.
        recipe: of the training.
        progress: called with the number of patterns that were just learnt.
        checkpoint: called with the parameters and the reports after each pass.
        codes: (classes, 84); the ten digits', unless given.
        state: what `checkpoint` was called with, to go on from there to the same result.
        backend: what computes; the automatic choice, unless given.

    Returns:
        The parameters, (60000,) float32 in the order of architecture.SLICES, and a report a pass.

    Raises:
        InputError: images or labels cannot be used.
        LeNet5Error: the parameters run away.
    """
    codes = codes_of(DIGITS) if codes is None else codes
    images, labels = _patterns(images, labels, [str(i) for i in range(len(codes))])
    parameters, history = (
        (state[0].copy(), list(state[1])) if state else (recipe.initialisation.draw(seed), [])
    )
    for index in range(len(history), recipe.passes):
        history.append(run_pass(parameters, codes, images, labels, seed, index, recipe, progress, backend))
        checkpoint(parameters, history)
    return parameters, history


def _patterns(
    images: ArrayLike, labels: ArrayLike, classes: Sequence[str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images and labels as the loop takes them. Raises InputError."""
    images = np.ascontiguousarray(check_training_images(images))
    labels = target_weights(labels, classes, len(images))
    if labels.ndim != 1:
        raise InputError("the paper's training takes a label for each pattern, not a row of target weights")
    return images, labels


def run_pass(
    parameters: F32, codes: F32, images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int, index: int,
    recipe: PaperRecipe = PAPER, progress: Callable[[int], object] = lambda patterns: None,
    backend: Backend | None = None,
) -> PassReport:  # fmt: skip
    """One pass: rates, then every pattern once, in an order drawn by (seed, index). parameters changes in place.

    Raises LeNet5Error when the parameters run away.
    """
    began = time.perf_counter()
    backend = backend or choose()
    own = rates(parameters, codes, images, labels, seed, index, recipe, backend)
    loss = recipe.loss.j, recipe.loss.scale
    loop = backend.stochastic.Pass(
        parameters, codes, own, images, labels, *loss, recipe.distortion, seed, index
    )
    order = permutation(seed, index if recipe.reshuffle else 0, _ORDER, len(images))
    for part in np.array_split(order, min(SLICES_A_PASS, len(images))):
        loop.run(part)
        progress(len(part))
    if not np.isfinite(parameters).all():
        raise LeNet5Error(
            f"the training ran away in pass {index + 1}: parameters are no longer numbers; "
            "a larger mu or curvature_scale, or a smaller scale, may help"
        )
    seconds = time.perf_counter() - began
    return PassReport(
        number=index + 1,
        rate=recipe.optimiser.schedule[index],
        least_rate=float(own.min()),
        largest_rate=float(own.max()),
        energy=loop.energy / len(images),
        train_error=loop.errors / len(images),
        test_error=None,
        seconds=seconds,
        patterns_per_second=len(images) / seconds,
    )


class StochasticTraining:
    """The paper's training of a model, with the verbs and arguments of MinibatchTraining.

    One pattern follows another on one core; `threads` is for the test patterns only.

    Raises:
        InputError: images or labels cannot be used.
    """

    def __init__(
        self,
        model: LeNet5,
        images: ArrayLike,
        labels: ArrayLike,
        recipe: PaperRecipe = PAPER,
        *,
        seed: int = 0,
        test: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
        threads: int | None = None,
    ) -> None:
        self.model, self.recipe, self.seed, self.test, self.threads = model, recipe, seed, test, threads
        self.images, self.labels = _patterns(images, labels, model.classes)
        self.history: list[PassReport] = []

    @property
    def unfinished(self) -> bool:
        """Whether passes of the recipe are still to be run."""
        return len(self.history) < self.recipe.passes

    def run_pass(self, progress: Callable[[int], object] = lambda patterns: None) -> PassReport:
        """One pass. Raises LeNet5Error when the parameters run away."""
        model, index = self.model, len(self.history)
        done = run_pass(
            model.parameters,
            model.codes,
            self.images,
            self.labels,
            self.seed,
            index,
            self.recipe,
            progress,
            model.backend,
        )
        if self.test:
            done = replace(done, test_error=self._error(*self.test))
        self.history.append(done)
        return done

    def _error(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Share answered wrongly."""
        return float((self.model.predict(images, self.threads) != labels).mean())

    def finish(self) -> None:
        """Write recipe and figures into the model."""
        figures = {
            "train_error": self._error(self.images, self.labels),
            "test_error": self.history[-1].test_error if self.history else None,
        }
        training = {"recipe": self.recipe.to_dict(), "seed": self.seed, "patterns": len(self.images)}
        self.model.record(training, figures, j=self.recipe.loss.j, scale=self.recipe.loss.scale)

    def checkpoint(self, identity: Mapping[str, Any], command: str) -> Checkpoint:
        """The state after the passes so far: the parameters are all there is to it."""
        return Checkpoint(
            arrays={"parameters": self.model.parameters},
            done=len(self.history),
            identity=identity,
            history=[done.to_dict() for done in self.history],
            command=command,
        )

    def restore(self, state: Checkpoint) -> None:
        """Go on from a checkpoint. Raises ModelError where it has another training's arrays or more passes."""
        state.check_fits(("parameters",), self.recipe.passes)
        self.model.parameters[:] = state.arrays["parameters"]
        self.history = [PassReport(**done) for done in state.history]
