"""Several trainings, each kept as a model file and a small JSON file: what a report or a sweep is made of.

There is one training a core at the same time (the kernels release the interpreter lock). After an interruption each
continues from its last pass; one that is done is not repeated, unless the recipe or the data have changed.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import atomic
from ..data.dataset import Dataset
from ..errors import InputError, LeNet5Error, ModelError, SaveError
from ..model.classifier import Network
from ..model.lenet5 import LeNet5
from .checkpoint import Checkpoint, checkpoint_path, log_path
from .loop import Callbacks, train
from .preparation import Sources
from .recipes import PaperRecipe, Recipe

__all__ = ["Result", "Run", "kept", "make_folder", "train_all", "train_run"]

COST = 1.7  # time of a pattern of the recipe best, in times of one of the paper's, for the progress bar


@dataclass(frozen=True)
class Run:
    """One training.

    Args:
        kind: what it is called; with the number of patterns, the passes and the seed the name of its files.
        recipe: how it is trained.
        patterns: how many it learns; fewer than all are drawn from the set by the seed.
        seed: of the initial parameters, the order and the draw.
    """

    kind: str
    recipe: Recipe | PaperRecipe
    patterns: int
    seed: int

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.kind}-{self.patterns}-{self.recipe.passes}-{self.seed}"

    @property
    def label(self) -> str:
        """Its name in lines for people."""
        return f"{self.kind}, {self.patterns:,} patterns, {self.recipe.passes} passes, seed {self.seed}"

    @property
    def cost(self) -> float:
        """Time of a pattern, in times of a pattern of the paper's training."""
        return COST if isinstance(self.recipe, Recipe) else 1.0

    @property
    def work(self) -> float:
        """Time of the training, in times of a pattern of the paper's training."""
        return self.patterns * self.recipe.passes * self.cost

    @property
    def start(self) -> Network | None:
        """The network that it goes on from; None: it begins anew."""
        return None

    def patterns_of(self, training: Dataset) -> Dataset:
        """The patterns that it learns: drawn by the seed, or all."""
        if self.patterns < len(training):
            draw = np.random.Generator(np.random.PCG64([self.seed, self.patterns]))
            some = np.sort(draw.permutation(len(training))[: self.patterns])
            name = f"{training.name}, {self.patterns:,} patterns drawn by seed {self.seed}"
            training = replace(
                training, images=training.images[some], labels=training.labels[some], name=name
            )
        return training


@dataclass(frozen=True)
class Result:
    """A training that is done.

    Args:
        run: which.
        model: after it.
        history: a dict a pass, from the training's log.
        test_error: share, after the last pass.
        train_error: share, counted after the last pass on undistorted patterns.
        seconds: of all passes.
    """

    run: Run
    model: LeNet5
    history: list[dict[str, Any]]
    test_error: float
    train_error: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Errors, seconds and history as JSON values."""
        return {
            "test_error": self.test_error,
            "train_error": self.train_error,
            "seconds": self.seconds,
            "history": self.history,
        }


class _StoppedError(Exception):
    """Another training failed, or the user interrupted."""


def train_all(
    runs: Sequence[Run],
    training: Dataset,
    test: Dataset,
    folder: Path,
    *,
    workers: int = 1,
    threads: int | None = 1,
    command: str = "",
    progress: Callable[[float], None] = lambda work: None,
    done: Callable[[Result, bool], None] = lambda result, kept: None,
) -> dict[Run, Result]:
    """The results of all runs: from `folder` where they are kept there, else trained and kept.

    KeyboardInterrupt passes through once every training has stopped; a pass is lost at most.

    Args:
        runs: what to train.
        training, test: the whole sets.
        folder: where models, logs and figures are kept.
        workers: trainings at the same time.
        threads: of each; None: all cores.
        command: recorded in the models.
        progress: called with work as it is done, in the unit of Run.work, from any thread; kept work counts at once.
        done: called with each training that has ended, and whether it was kept from before.

    Raises:
        SaveError: the folder cannot be written.
    """
    make_folder(folder)
    results: dict[Run, Result] = {}
    for run in runs:
        if (result := kept(run, training, test, folder)) is not None:
            results[run] = result
            progress(run.work)
            done(result, True)
    missing = [run for run in runs if run not in results]
    train = partial(train_run, training=training, test=test, folder=folder, threads=threads, command=command)
    results |= _train_missing(missing, train, workers, progress, done)
    return {run: results[run] for run in runs}


def _train_missing(
    missing: list[Run], train: Callable[..., Result], workers: int, progress: Callable[[float], None],
    done: Callable[[Result, bool], None],
) -> dict[Run, Result]:  # fmt: skip
    stop = threading.Event()
    results: dict[Run, Result] = {}

    def count(work: float) -> None:
        if stop.is_set():
            raise _StoppedError
        progress(work)

    missing = sorted(
        missing, key=lambda run: -run.work
    )  # the longest first: no core is left with one at the end
    with ThreadPoolExecutor(max(1, workers)) as pool:
        futures = [pool.submit(train, run, progress=count) for run in missing]
        try:
            for future in as_completed(futures):
                result = future.result()
                results[result.run] = result
                done(result, False)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return results


def make_folder(folder: Path) -> None:
    """Make the folder of the results. Raises SaveError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(
            f"cannot make the folder {folder}: {error.strerror or error}; choose another with --out"
        ) from error


def _identity(run: Run, training: Dataset, test: Dataset) -> dict[str, Any]:
    """The facts by which a kept training is recognised as the same."""
    facts = {
        "kind": run.kind,
        "recipe": run.recipe.to_dict(),
        "patterns": run.patterns,
        "seed": run.seed,
        "data": training.fingerprint,
        "test data": test.fingerprint,
    }
    identity: dict[str, Any] = json.loads(json.dumps(facts))
    return identity


def _before(settings: Any) -> dict[str, Any]:
    """What recipes had before there was a setting for it: the setting's default, group by group."""
    return {
        entry.name: _before(entry.default) if is_dataclass(entry.default) else entry.default
        for entry in fields(settings)
        if entry.default is not MISSING
    }


def _merged(older: dict[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe as it was written, with what it lacks from an older one."""
    return older | {
        key: _merged(older[key], value)
        if isinstance(value, dict) and isinstance(older.get(key), dict)
        else value
        for key, value in recipe.items()
    }


def _paths(run: Run, folder: Path) -> tuple[Path, Path]:
    return folder / f"{run.name}.safetensors", folder / f"{run.name}.json"


def kept(run: Run, training: Dataset, test: Dataset, folder: Path) -> Result | None:
    """The result in the folder; None where there is none, where it is damaged, or is another training's."""
    model, facts = _paths(run, folder)
    try:
        known = json.loads(facts.read_text(encoding="utf-8"))
        identity = known.pop("identity")
        identity["recipe"] = _merged(_before(run.recipe), identity["recipe"])
        if identity != _identity(run, training, test):
            return None
        return Result(run=run, model=LeNet5.load(model), **known)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # a ModelError is a ValueError
        return None


def train_run(
    run: Run, training: Dataset, test: Dataset, folder: Path, *, threads: int | None = 1, command: str = "",
    progress: Callable[[float], None] = lambda work: None,
) -> Result:  # fmt: skip
    """Train, from the last pass that is kept; keep and return the result. Arguments as for `train_all`."""
    out, facts = _paths(run, folder)
    patterns = run.patterns_of(training)
    share = run.cost

    def prepared(count: int) -> None:
        nonlocal share
        share = run.cost * run.patterns / count  # a recipe may add patterns: the work stays what was planned

    def begin(resume: bool) -> LeNet5:
        return train(
            Sources(patterns, start=run.start, test=test), run.recipe,
            seed=run.seed, out=out, resume=resume, threads=threads,
            command=f"{command}: {run.label}" if command else "",
            callbacks=Callbacks(prepared=prepared, progress=lambda count: progress(count * share)),
        )  # fmt: skip

    model = None
    with contextlib.suppress(InputError, ModelError):  # nothing to go on from, or not of this training
        before = Checkpoint.load(checkpoint_path(out)).done
        model = begin(resume=True)
        progress(before * run.patterns * run.cost)
    model = model or begin(resume=False)
    history = _log(out)
    result = Result(
        run=run,
        model=model,
        history=history,
        test_error=history[-1]["test_error"],
        train_error=model.metadata["figures"]["train_error"],
        seconds=sum(entry["seconds"] for entry in history),
    )
    identity = {"identity": _identity(run, training, test)}
    atomic.write(facts, json.dumps({**identity, **result.to_dict()}, indent=1).encode())
    return result


def _log(out: Path) -> list[dict[str, Any]]:
    """The passes of a training, from the log that it keeps beside its model."""
    try:
        lines = log_path(out).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise LeNet5Error(f"the log of {out} cannot be read ({error}); remove it and start again") from error
