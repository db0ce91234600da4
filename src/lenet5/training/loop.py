"""Training: passes through the patterns, each kept in a checkpoint, so that an interruption loses one at most."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .. import atomic
from ..data.dataset import Dataset
from ..data.synthesis.training_set import Supplement
from ..errors import InputError, SaveError
from ..model.lenet5 import LeNet5
from ..model.load import find
from ..network.codes import DIGITS
from .checkpoint import Checkpoint, checkpoint_path, log_path
from .minibatch import MinibatchTraining
from .pass_report import PassReport
from .preparation import Sources, TrainingSet, prepare, training_pens
from .recipes import FAST, GraphRecipe, PaperRecipe, Recipe
from .stochastic import StochasticTraining

if TYPE_CHECKING:  # it loads SciPy and Pillow
    from .graph_transformer_loop import GraphTransformerTraining

__all__ = ["Callbacks", "begin", "run_passes", "train"]

Training: TypeAlias = "MinibatchTraining | GraphTransformerTraining | StochasticTraining"
# Parts of a training's identity (preparation.TrainingSet) that are written into the model, beside recipe and seed.
RECORDED = ("data", "test data", "start", "replay", "pens", "teachers")


@dataclass(frozen=True)
class Callbacks:
    """Functions that are called as a training goes on.

    Args:
        prepared: once, with the number of patterns in a pass.
        progress: with the number of patterns that were just learnt.
        each_pass: with the report of each pass.
    """

    prepared: Callable[[int], object] = lambda patterns: None
    progress: Callable[[int], object] = lambda patterns: None
    each_pass: Callable[[PassReport], object] = lambda report: None


def begin(
    model: LeNet5, images: ArrayLike, labels: ArrayLike, recipe: Recipe | PaperRecipe, **settings: Any
) -> Training:
    """The training that a recipe asks for.

    Args:
        model: its parameters will be changed in place.
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) labels or (N, classes) target weights.
        recipe: how it is trained.
        settings: seed, test, threads, trainer and lines of MinibatchTraining, GraphTransformerTraining or
            StochasticTraining.

    Raises:
        InputError: images, labels or settings cannot be used.
    """
    lines = settings.pop("lines", None)
    if isinstance(recipe, Recipe) and not isinstance(recipe, GraphRecipe):
        return MinibatchTraining(model, images, labels, recipe, **settings)
    if settings.pop("trainer", None):
        what = "on whole lines" if isinstance(recipe, GraphRecipe) else "one pattern after another"
        raise InputError(f"recipe {recipe.name} trains {what}: no other trainer can do it")
    if isinstance(recipe, GraphRecipe):
        from .graph_transformer_loop import GraphTransformerTraining

        return GraphTransformerTraining(model, images, labels, recipe, lines=lines, **settings)
    return StochasticTraining(model, images, labels, recipe, **settings)


def run_passes(
    training: Training, callbacks: Callbacks | None = None, keep: Callable[[], object] = lambda: None
) -> None:
    """Run the passes that are left, and finish.

    Args:
        training: from `begin`.
        callbacks: called as the work goes on.
        keep: called before the first pass and after each, to write what must not be lost.

    Raises:
        LeNet5Error: the parameters run away.
    """
    callbacks = callbacks or Callbacks()
    keep()  # now, so that a file that cannot be written fails before the work and not after it
    while training.unfinished:
        report = training.run_pass(callbacks.progress)
        keep()
        callbacks.each_pass(report)
    training.finish()


def train(
    dataset: Dataset | Sources,
    recipe: Recipe | PaperRecipe = FAST,
    *,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    threads: int | None = None,
    command: str = "",
    callbacks: Callbacks | None = None,
    trainer: Callable[..., Any] | None = None,
) -> LeNet5:
    """Train a network on a data set by a recipe; the same seed gives the same network.

    Args:
        dataset: the patterns; or Sources, with a network to go on from, a replay mix, teachers or a test set.
        recipe: of the training.
        seed: of all that is drawn.
        out: file of the model; beside it a log (a JSON line a pass) and, until the end, a checkpoint.
        resume: go on from that checkpoint, to the result that no interruption would have given.
        threads: as many as this process may use, unless given; the result does not depend on it.
        command: recorded in the model.
        callbacks: called as the work goes on.
        trainer: makes the Trainer (engine.interface), in place of the backend's.

    Returns:
        The trained network.

    Raises:
        InputError: options or patterns cannot be used, or the checkpoint is another training's.
        DataError: the test set or the data set has classes that the network does not know.
        ModelError: there is no checkpoint to go on from, or it is damaged.
        SaveError: a file cannot be written.
    """
    sources = dataset if isinstance(dataset, Sources) else Sources(dataset)
    callbacks = callbacks or Callbacks()
    path = _output(out, resume)
    state = Checkpoint.load(checkpoint_path(path)) if resume and path else None
    model = _model(sources, recipe, seed)
    patterns = prepare(sources, recipe, model, seed)
    # A pass is through all patterns, or through as many lines as the recipe says.
    callbacks.prepared(
        recipe.graph.lines_per_pass if isinstance(recipe, GraphRecipe) else len(patterns.images)
    )
    training = begin(
        model, patterns.images, patterns.targets, recipe,
        seed=seed, test=patterns.test, threads=threads, trainer=trainer, lines=patterns.lines,
    )  # fmt: skip
    if state is not None and path is not None:
        state.check(patterns.identity, checkpoint_path(path))
        training.restore(state)
        command = state.command
    run_passes(training, callbacks, partial(_keep, training, path, patterns.identity, command))
    _record(model, training, sources.dataset, patterns, command, threads)
    if isinstance(recipe, Recipe) and recipe.supplement.sign_lines:
        _fit_sign_shapes(model, sources.dataset, recipe.supplement)
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


def _model(sources: Sources, recipe: Recipe | PaperRecipe, seed: int) -> LeNet5:
    """The network to train: untrained, or a copy of the one to go on from."""
    start = sources.start
    if start is None:
        added = recipe.supplement.classes if isinstance(recipe, Recipe) else ""
        classes = sources.dataset.classes
        model = LeNet5([*classes, *(name for name in added if name not in classes)])
        model.parameters[:] = recipe.initialisation.draw(seed)
        return model
    model = LeNet5(start.classes)
    model.parameters[:] = start.parameters
    model.codes[:] = start.codes
    return model


def _keep(training: Training, out: Path | None, identity: Mapping[str, Any], command: str) -> None:
    """Write log and checkpoint."""
    if out is not None:
        atomic.write(log_path(out), "".join(map(_line, training.history)).encode())
        training.checkpoint(identity, command).save(checkpoint_path(out))


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
    if not isinstance(training, StochasticTraining) and training.targets.ndim > 1:
        # The patterns hold non-characters, too: the error on the data set itself says more than theirs.
        answers = model.predict(dataset.images, threads)
        model.metadata["figures"]["train_error"] = float(np.mean(answers != patterns.labels))


def _fit_sign_shapes(model: LeNet5, dataset: Dataset, supplement: Supplement) -> None:
    """Write into the model's metadata how size and place tell signs apart, where pens are at hand to fit it to."""
    from ..data.synthesis.sign_lines import Writers  # start-up time: these load SciPy and Pillow
    from ..data.synthesis.training_set import line_source
    from .sign_shapes import FITTING, fit_sign_shapes

    pens = training_pens(supplement)
    if pens is None:
        return
    value = np.array([DIGITS.find(name) for name in dataset.classes])[dataset.labels]
    settings = replace(FITTING, lines=min(FITTING.lines, supplement.sign_lines))
    images, digits = dataset.images[value >= 0], value[value >= 0]
    writers = Writers(pens, images, digits)
    source = line_source(images, digits, writers.hands, settings.real)
    shapes = fit_sign_shapes(model, find("ensemble", model.backend), writers, source, settings)
    model.metadata["sign_shapes"] = shapes.to_dict()


def _line(report: PassReport) -> str:
    """A pass as a line of the log, JSON."""
    facts = report.to_dict()
    return json.dumps({"pass": facts.pop("number"), **facts}) + "\n"
