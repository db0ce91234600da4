"""Training: passes through the patterns, each kept, so that an interruption loses one at most."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import atomic
from ..data.dataset import Dataset, relabel
from ..data.synthesis.training_set import build_training_set
from ..errors import InputError, LeNet5Error, SaveError
from ..model.lenet5 import LeNet5, initial
from ..network.preprocessing import check_fields, target_weights
from . import stochastic
from .checkpoint import Checkpoint, checkpoint_path, log_path
from .distillation import soft_targets
from .recipes import BEST, FAST, RECIPES, PaperRecipe, Recipe
from .stochastic import PaperPass, PaperTraining

if TYPE_CHECKING:
    from .fine_tuning import ReplayMix

__all__ = [
    "BEST", "FAST", "RECIPES", "PassReport", "Recipe", "Training", "begin", "train", "untrained",
]  # fmt: skip

SLICES_A_PASS = 50  # how often a pass reports its progress, at most


@dataclass(frozen=True)
class PassReport:
    """What one pass did: a line of the log."""

    number: int  # from 1
    rate: float  # at the end of the pass
    energy: float  # eq. 9, mean over the patterns as they were met
    train_error: float  # share of the patterns, distorted or not, that were answered wrongly as they were met
    test_error: float | None  # share of the test patterns, after the pass; None without a test set
    seconds: float
    patterns_per_second: float


class Training:
    """A training in memory: `run_pass` until not `unfinished`, then `finish`.

    Args:
        model: its parameters are changed in place.
        images: (N, 28, 28) uint8, 255 = ink.
        labels: see inputs.target_weights.
        test: images and labels to report on after each pass; they have no influence.
        trainer: Trainer of the engine, unless given.
    Raises InputError for images or labels that cannot be used.
    """

    def __init__(
        self,
        model: LeNet5,
        images: ArrayLike,
        labels: ArrayLike,
        recipe: Recipe = FAST,
        *,
        seed: int = 0,
        test: tuple[NDArray, NDArray] | None = None,
        threads: int | None = None,
        trainer: type | None = None,
    ) -> None:
        images = check_fields(images)
        self.model, self.recipe, self.seed, self.test, self.threads = model, recipe, seed, test, threads
        self.images, self.targets = images, target_weights(labels, model.classes, len(images))
        self.history: list[PassReport] = []
        self._rates = recipe.rates(len(images))
        self.trainer = (trainer or model.backend.minibatch.Trainer)(
            model.parameters,
            model.codes,
            images,
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

    def run_pass(self, progress: Callable[[int], None] = lambda patterns: None) -> PassReport:
        """One pass, in an order drawn from (seed, pass). `progress` is told of patterns as they are done.

        Raises LeNet5Error when the parameters run away.
        """
        index = len(self.history)
        began = time.perf_counter()
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
        seconds = time.perf_counter() - began
        if not (np.isfinite(energy) and np.isfinite(self.trainer.parameters).all()):
            raise LeNet5Error(
                f"the training ran away in pass {index + 1}: the energy is no longer a number; "
                f"a peak rate below {self.recipe.optimiser.rate:g} may help"
            )
        count = len(self.images)
        report = PassReport(
            number=index + 1,
            rate=float(rates[-1]),
            energy=energy / count,
            train_error=errors / count,
            test_error=self._error(*self.test) if self.test else None,
            seconds=seconds,
            patterns_per_second=count / seconds,
        )
        self.history.append(report)
        return report

    def _error(self, images: NDArray, labels: NDArray) -> float:
        """Share answered wrongly by the network as it would be kept now."""
        kept = self._kept()
        answers = self.model.backend.inference.penalties(kept, self.model.codes, images, self.threads).argmin(
            1
        )
        return float((answers != labels).mean())

    def _kept(self) -> NDArray[np.float32]:
        return self.trainer.average if self.recipe.optimiser.ema else self.model.parameters

    def finish(self) -> None:
        """Keep the average, where the recipe has one, and write recipe and figures into the model."""
        self.model.parameters[:] = self._kept()
        hard = self.targets.ndim == 1
        self.model.record(
            self.recipe,
            self.seed,
            len(self.images),
            train_error=self._error(self.images, self.targets) if hard else None,
            test_error=self.history[-1].test_error if self.history else None,
        )

    # --- state -----------------------------------------------------------------------------------------

    def checkpoint(self, identity: Mapping[str, Any], command: str) -> Checkpoint:
        """The state after the passes so far."""
        return Checkpoint(
            arrays={
                "flat": self.model.parameters,
                "velocity": self.trainer.velocity,
                "square": self.trainer.square,
                "average": self.trainer.average,
            },
            done=len(self.history),
            identity=identity,
            history=[asdict(report) for report in self.history],
            command=command,
        )

    def restore(self, state: Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.model.parameters[:] = state.arrays["flat"]
        self.trainer.velocity[:] = state.arrays["velocity"]
        self.trainer.square[:] = state.arrays["square"]
        self.trainer.average[:] = state.arrays["average"]
        self.trainer.steps = state.done * self._rates.shape[1]
        self.history = [PassReport(**report) for report in state.history]


def begin(
    model: LeNet5, images: ArrayLike, labels: ArrayLike, recipe: Recipe | PaperRecipe, **settings: Any
) -> Training | PaperTraining:
    """The training that a recipe asks for. Raises InputError."""
    if isinstance(recipe, Recipe):
        return Training(model, images, labels, recipe, **settings)
    if settings.pop("trainer", None):
        raise InputError(f"recipe {recipe.name} trains one pattern after another: no other trainer can do it")
    return PaperTraining(model, images, labels, recipe, **settings)


def untrained(seed: int, recipe: Recipe | PaperRecipe) -> NDArray[np.float32]:
    """All parameters before training by a recipe, (60000,) float32."""
    if isinstance(recipe, PaperRecipe):
        return stochastic.start(seed, recipe)
    how = recipe.initialisation
    return initial(seed, how.spread, how.power, how.coefficient)


def train(
    dataset: Dataset,
    recipe: Recipe | PaperRecipe = FAST,
    *,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    start: LeNet5 | None = None,
    replay_mix: ReplayMix | None = None,
    teachers: Sequence[LeNet5] = (),
    test: Dataset | None = None,
    threads: int | None = None,
    command: str = "",
    each_pass: Callable[[PassReport | PaperPass], None] = lambda report: None,
    prepared: Callable[[int], None] = lambda patterns: None,
    progress: Callable[[int], None] = lambda patterns: None,
    trainer: type | None = None,
) -> LeNet5:
    """Train a network on a data set by a recipe; the same seed gives the same network.

    out: where the model goes; beside it a log (JSON, a line a pass) and, until the end, a checkpoint.
    resume: go on from that checkpoint, to the result that no interruption would have given.
    start: a trained network to go on from, whose classes hold all those of the data set.
    mixture: what the data set is mixed with, to adapt a network with a few examples (adapting.py).
    teachers: trained networks whose answers are learnt beside the labels (teaching.py).
    test: reported on after each pass, without influence. command: recorded in the model.
    prepared: told once how many patterns a pass has. each_pass, progress: told of each pass, and of patterns
    as they are done.
    Raises InputError, DataError, ModelError, SaveError.
    """
    out = None if out is None else Path(out)
    if out is None and resume:
        raise InputError("to resume a training, say where its model was to go")
    if out is not None and out.is_dir():
        raise SaveError(f"cannot write {out}: it is a folder; name a file in it")
    state = Checkpoint.load(checkpoint_path(out)) if resume else None
    model = _model(dataset, recipe, seed, start)
    labels = dataset.labels if start is None else relabel(dataset, model.classes)
    held = None if test is None else (test.images, relabel(test, model.classes))
    images = dataset.images
    if isinstance(recipe, Recipe) and recipe.supplement.adds:
        images, labels = build_training_set(images, labels, model.classes, recipe.supplement, seed)
    if replay_mix is not None:
        images, labels = replay_mix.mixed(images, labels, model.classes, seed)
    if teachers:
        if isinstance(recipe, PaperRecipe):
            raise InputError(f"the recipe {recipe.name} learns from labels alone: it takes no teachers")
        # Of generated non-characters, which come last, more is known than teachers say.
        labels = soft_targets(images, labels, model.classes, teachers, recipe.supplement.negatives)
    prepared(len(images))
    training = begin(model, images, labels, recipe, seed=seed, test=held, threads=threads, trainer=trainer)
    identity = {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "data": {"name": dataset.name, "patterns": len(dataset.images), "sha256": dataset.fingerprint},
        "test data": None if test is None else {"name": test.name, "sha256": test.fingerprint},
        "start": None if start is None else hashlib.sha256(start.parameters.tobytes()).hexdigest(),
    }
    if replay_mix is not None:
        identity["mixture"] = replay_mix.data()
    if teachers:
        identity["teachers"] = [hashlib.sha256(one.parameters.tobytes()).hexdigest() for one in teachers]
    if state is not None:
        state.check(identity, checkpoint_path(out))
        training.restore(state)
        command = state.command

    def keep() -> None:
        if out is not None:
            atomic.write(log_path(out), "".join(map(_line, training.history)).encode())
            training.checkpoint(identity, command).save(checkpoint_path(out))

    keep()  # now, so that a place that cannot be written shows before the work and not after it
    while training.unfinished:
        report = training.run_pass(progress)
        keep()
        each_pass(report)
    training.finish()
    kept = ("data", "test data", "start", "mixture", "teachers")
    model.metadata["training"] |= {key: identity[key] for key in kept if key in identity} | {
        "command": command
    }
    if (
        isinstance(recipe, Recipe) and training.targets.ndim > 1
    ):  # beside what is no character the data set's own error says more
        own = dataset.labels if start is None else relabel(dataset, model.classes)
        model.metadata["figures"]["train_error"] = float(
            np.mean(model.predict(dataset.images, threads) != own)
        )
    if out is not None:
        model.save(out)
        checkpoint_path(out).unlink(missing_ok=True)
    return model


def _model(dataset: Dataset, recipe: Recipe | PaperRecipe, seed: int, begun: LeNet5 | None) -> LeNet5:
    """The network to train: untrained, or a copy of one that is to go on."""
    model = LeNet5(dataset.classes if begun is None else begun.classes)
    model.parameters[:] = untrained(seed, recipe) if begun is None else begun.parameters
    if begun is not None:
        model.codes[:] = begun.codes
    return model


def _line(report: PassReport | PaperPass) -> str:
    """A pass as a line of the log, JSON."""
    facts = asdict(report)
    return json.dumps({"pass": facts.pop("number"), **facts}) + "\n"
