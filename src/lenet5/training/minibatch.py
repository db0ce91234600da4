"""Training by mini-batches on eq. 9; not in the paper but for the loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.interface import Trainer
from ..model.lenet5 import LeNet5
from ..network.preprocessing import check_training_images, target_weights
from .checkpoint import Checkpoint
from .pass_report import PassReport, error_of, ran_away
from .recipes import FAST, Recipe

__all__ = ["MinibatchTraining"]

SLICES_A_PASS = 50  # how often a pass reports its progress, at most


class MinibatchTraining:
    """A training in memory: `run_pass` until not `unfinished`, then `finish`.

    Args:
        model: its parameters are changed in place, by its backend.
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) labels or (N, classes) target weights (network.preprocessing.target_weights).
        recipe: of the training.
        seed: of the order of the patterns and of their distortions.
        test: images and labels to report on after each pass, without influence.
        threads: as many as this process may use, unless given; the result does not depend on it.
        trainer: makes the Trainer (engine.interface), in place of the backend's.

    Raises:
        InputError: images or labels cannot be used.
    """

    def __init__(
        self,
        model: LeNet5,
        images: ArrayLike,
        labels: ArrayLike,
        recipe: Recipe = FAST,
        *,
        seed: int = 0,
        test: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
        threads: int | None = None,
        trainer: Callable[..., Trainer] | None = None,
    ) -> None:
        fields = check_training_images(images)
        self.model, self.recipe, self.seed, self.test, self.threads = model, recipe, seed, test, threads
        self.images, self.targets = fields, target_weights(labels, model.classes, len(fields))
        self.history: list[PassReport] = []
        self._rates = recipe.rates(len(fields))
        self.trainer: Trainer = (trainer or model.backend.minibatch.Trainer)(
            model.parameters,
            model.codes,
            fields,
            self.targets,
            batch=recipe.batch,
            momentum=recipe.optimiser.momentum,
            beta2=recipe.optimiser.beta2,
            weight_decay=recipe.optimiser.weight_decay,
            j=recipe.loss.j,
            scale=recipe.loss.scale,
            distortion=recipe.distortion,
            seed=seed,
            threads=threads,
        )

    @property
    def unfinished(self) -> bool:
        """Whether passes of the recipe are still to be run."""
        return len(self.history) < self.recipe.passes

    def run_pass(self, progress: Callable[[int], object] = lambda patterns: None) -> PassReport:
        """Run one pass, in an order drawn from (seed, pass).

        Args:
            progress: called with the number of patterns that were just learnt.

        Raises:
            LeNet5Error: the parameters run away.
        """
        index = len(self.history)
        began = time.perf_counter()
        energy, errors = self._learn(index, progress)
        seconds = time.perf_counter() - began
        if not (np.isfinite(energy) and np.isfinite(self.trainer.parameters).all()):
            raise ran_away(index + 1, self.recipe.optimiser.rate)
        count = len(self.images)
        report = PassReport(
            number=index + 1,
            rate=float(self._rates[index][-1]),
            energy=energy / count,
            train_error=errors / count,
            test_error=self._error(*self.test) if self.test else None,
            seconds=seconds,
            patterns_per_second=count / seconds,
        )
        self.history.append(report)
        return report

    def _learn(self, index: int, progress: Callable[[int], object]) -> tuple[float, int]:
        """Learn every pattern once: energy and errors summed over the patterns as they were met."""
        self.trainer.prepare_pass(index)
        order = np.random.Generator(np.random.PCG64([self.seed, index])).permutation(len(self.images))
        rates, batch = self._rates[index], self.recipe.batch
        energy, errors = 0.0, 0
        steps = -(-len(rates) // SLICES_A_PASS)  # whole mini-batches: slices do not change the result
        for first in range(0, len(rates), steps):
            part = order[first * batch : (first + steps) * batch]
            more, wrong = self.trainer.run(part, rates[first : first + steps], self.recipe.optimiser.ema)
            energy, errors = energy + more, errors + wrong
            progress(len(part))
        return energy, errors

    def _error(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Share answered wrongly by the network as it would be kept now."""
        return error_of(self.model, self._kept(), images, labels, self.threads)

    def _kept(self) -> NDArray[np.float32]:
        """The parameters that `finish` keeps: the average, where the recipe has one."""
        return self.trainer.average if self.recipe.optimiser.ema else self.model.parameters

    def finish(self) -> None:
        """Keep the average, where the recipe has one, and write recipe and figures into the model."""
        self.model.parameters[:] = self._kept()
        hard = self.targets.ndim == 1
        figures = {
            "train_error": self._error(self.images, self.targets) if hard else None,
            "test_error": self.history[-1].test_error if self.history else None,
        }
        training = {"recipe": self.recipe.to_dict(), "seed": self.seed, "patterns": len(self.images)}
        self.model.record(training, figures, j=self.recipe.loss.j, scale=self.recipe.loss.scale)

    def checkpoint(self, identity: Mapping[str, Any], command: str) -> Checkpoint:
        """The state after the passes so far."""
        return Checkpoint(
            arrays={
                "parameters": self.model.parameters,
                "velocity": self.trainer.velocity,
                "square": self.trainer.square,
                "average": self.trainer.average,
            },
            done=len(self.history),
            identity=identity,
            history=[report.to_dict() for report in self.history],
            command=command,
        )

    def restore(self, state: Checkpoint) -> None:
        """Go on from a checkpoint. Raises ModelError where it has another training's arrays or more passes."""
        state.check_fits(("parameters", "velocity", "square", "average"), self.recipe.passes)
        self.model.parameters[:] = state.arrays["parameters"]
        self.trainer.velocity[:] = state.arrays["velocity"]
        self.trainer.square[:] = state.arrays["square"]
        self.trainer.average[:] = state.arrays["average"]
        self.trainer.steps = state.done * self._rates.shape[1]
        self.history = [PassReport(**report) for report in state.history]
