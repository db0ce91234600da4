"""Training: passes through the patterns, each kept in a checkpoint, so that an interruption loses one at most."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import atomic
from ..data.dataset import Dataset
from ..errors import InputError, SaveError
from ..model.classifier import Network
from ..model.lenet5 import LeNet5
from ..network.initialisation import initial
from . import stochastic
from .checkpoint import Checkpoint, checkpoint_path, log_path
from .minibatch import MinibatchTraining, PassReport
from .preparation import Sources, TrainingSet, prepare
from .recipes import FAST, PaperRecipe, Recipe
from .replay import ReplayMix
from .stochastic import StochasticReport, StochasticTraining

__all__ = ["begin", "train", "untrained"]

Training = MinibatchTraining | StochasticTraining
Report = PassReport | StochasticReport
# Parts of a training's identity (preparation.TrainingSet) that are written into the model, beside recipe and seed.
RECORDED = ("data", "test data", "start", "replay", "teachers")


def begin(
    model: LeNet5, images: ArrayLike, labels: ArrayLike, recipe: Recipe | PaperRecipe, **settings: Any
) -> Training:
    """The training that a recipe asks for.

    Args:
        model: its parameters will be changed in place.
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) labels or (N, classes) target weights.
        recipe: how it is trained.
        settings: seed, test, threads and trainer of MinibatchTraining or StochasticTraining.

    Raises:
        InputError: images, labels or settings cannot be used.
    """
    if isinstance(recipe, Recipe):
        return MinibatchTraining(model, images, labels, recipe, **settings)
    if settings.pop("trainer", None):
        raise InputError(f"recipe {recipe.name} trains one pattern after another: no other trainer can do it")
    return StochasticTraining(model, images, labels, recipe, **settings)


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
    start: Network | None = None,
    replay_mix: ReplayMix | None = None,
    teachers: Sequence[Network] = (),
    test: Dataset | None = None,
    threads: int | None = None,
    command: str = "",
    each_pass: Callable[[Report], object] = lambda report: None,
    prepared: Callable[[int], object] = lambda patterns: None,
    progress: Callable[[int], object] = lambda patterns: None,
    trainer: Callable[..., Any] | None = None,
) -> LeNet5:
    """Train a network on a data set by a recipe; the same seed gives the same network.

    Args:
        dataset: the patterns.
        recipe: of the training.
        seed: of all that is drawn.
        out: file of the model; beside it a log (a JSON line a pass) and, until the end, a checkpoint.
        resume: go on from that checkpoint, to the result that no interruption would have given.
        start: the network to go on from.
        replay_mix: what is mixed with the patterns.
        teachers: networks whose answers are learnt beside the labels.
        test: patterns to report on after each pass.
        threads: as many as this process may use, unless given; the result does not depend on it.
        command: recorded in the model.
        each_pass: called with the report of each pass.
        prepared: called once with the number of patterns in a pass.
        progress: called with the number of patterns that were just learnt.
        trainer: makes the Trainer (engine.interface), in place of the backend's.

    Returns:
        The trained network.

    Raises:
        InputError: options or patterns cannot be used, or the checkpoint is another training's.
        DataError: the test set or the data set has classes that the network does not know.
        ModelError: there is no checkpoint to go on from, or it is damaged.
        SaveError: a file cannot be written.
    """
    path = _output(out, resume)
    state = Checkpoint.load(checkpoint_path(path)) if resume and path else None
    model = _model(dataset, recipe, seed, start)
    sources = Sources(dataset, start, replay_mix, teachers, test)
    patterns = prepare(sources, recipe, model, seed)
    prepared(len(patterns.images))
    training = begin(
        model, patterns.images, patterns.targets, recipe,
        seed=seed, test=patterns.test, threads=threads, trainer=trainer,
    )  # fmt: skip
    if state is not None and path is not None:
        state.check(patterns.identity, checkpoint_path(path))
        training.restore(state)
        command = state.command
    _run(training, path, patterns.identity, command, each_pass, progress)
    _record(model, training, dataset, patterns, command, threads)
    if path is not None:
        model.save(path)
        checkpoint_path(path).unlink(missing_ok=True)
    return model


def _output(out: str | os.PathLike[str] | None, resume: bool) -> Path | None:
    """The file of the model. Raises InputError, SaveError."""
    if out is None:
        if resume:
            raise InputError("to resume a training, say where its model was to go")
        return None
    if Path(out).is_dir():
        raise SaveError(f"cannot write {out}: it is a folder; name a file in it")
    return Path(out)


def _model(dataset: Dataset, recipe: Recipe | PaperRecipe, seed: int, start: Network | None) -> LeNet5:
    """The network to train: untrained, or a copy of one that is to go on."""
    model = LeNet5(dataset.classes if start is None else start.classes)
    model.parameters[:] = untrained(seed, recipe) if start is None else start.parameters
    if start is not None:
        model.codes[:] = start.codes
    return model


def _run(
    training: Training,
    out: Path | None,
    identity: Mapping[str, Any],
    command: str,
    each_pass: Callable[[Report], object],
    progress: Callable[[int], object],
) -> None:
    """Run the passes that are left, and finish; log and checkpoint are written after each."""

    def keep() -> None:
        if out is not None:
            atomic.write(log_path(out), "".join(map(_line, training.history)).encode())
            training.checkpoint(identity, command).save(checkpoint_path(out))

    keep()  # now, so that a file that cannot be written fails before the work and not after it
    while training.unfinished:
        report = training.run_pass(progress)
        keep()
        each_pass(report)
    training.finish()


def _record(
    model: LeNet5,
    training: Training,
    dataset: Dataset,
    patterns: TrainingSet,
    command: str,
    threads: int | None,
) -> None:
    """Write data, start and command into the model's metadata."""
    recorded = {key: patterns.identity[key] for key in RECORDED if key in patterns.identity}
    model.metadata["training"] |= recorded | {"command": command}
    if isinstance(training, MinibatchTraining) and training.targets.ndim > 1:
        # The patterns hold non-characters, too: the error on the data set itself says more than theirs.
        answers = model.predict(dataset.images, threads)
        model.metadata["figures"]["train_error"] = float(np.mean(answers != patterns.labels))


def _line(report: Report) -> str:
    """A pass as a line of the log, JSON."""
    facts = asdict(report)
    return json.dumps({"pass": facts.pop("number"), **facts}) + "\n"
