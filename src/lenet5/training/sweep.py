"""Sweeps: recipes × settings × seeds, a process a training or a task of a Ray cluster, and a table of means."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from .. import atomic
from ..data.dataset import Dataset, load
from ..data.splits import hold_out_writers
from ..errors import InputError, LeNet5Error
from ..parallel import become_worker, connect_ray
from .recipe_files import change_recipe
from .recipes import PaperRecipe, Recipe
from .runs import Result, Run, kept, make_folder, train_run

__all__ = ["Patterns", "Row", "plan", "summarise", "sweep", "to_json"]


@dataclass(frozen=True)
class Patterns:
    """What is trained and reported on, by name, so that every process loads it itself.

    Args:
        data: a data set (data.dataset.load).
        test: another to report on; None: the test part of `data`.
        validation: whether a writer-disjoint sixth of MNIST's training patterns is reported on, and not trained on.
    """

    data: str = "mnist"
    test: str | None = None
    validation: bool = False

    def load(self) -> tuple[Dataset, Dataset]:
        """The training patterns and those reported on. Raises DataError, InputError."""
        training = load(self.data)
        if not self.validation:
            return training, load(self.test or self.data, split="test")
        if self.data != "mnist" or self.test:
            raise InputError("validation parts are known for mnist alone: name a test set instead")
        return hold_out_writers(training)


@dataclass(frozen=True)
class Row:
    """A line of the table: one recipe with its settings, over all seeds.

    Args:
        name: of the recipe, with the settings that differ.
        seeds: how many.
        mean, spread: of the test error, a share; the spread is the standard deviation over seeds, 0 of one.
        seconds: median of a training.
    """

    name: str
    seeds: int
    mean: float
    spread: float
    seconds: float


def plan(
    recipes: Mapping[str, Recipe | PaperRecipe],
    settings: Sequence[tuple[str, Any]],
    seeds: Sequence[int],
    patterns: int,
) -> list[Run]:
    """Every recipe with every combination of settings, and every seed.

    Args:
        recipes: by name.
        settings: names and values; values of one name are tried one after the other.
        seeds: of each.
        patterns: of the training set.

    Raises:
        InputError: a setting is unknown or out of bounds.
    """
    values: dict[str, list[Any]] = {}
    for name, value in settings:
        values.setdefault(name, []).append(value)
    runs = []
    for title, recipe in recipes.items():
        for chosen in product(*values.values()):
            own = dict(zip(values, chosen, strict=True))
            changed = [f"{name}={value}" for name, value in own.items() if len(values[name]) > 1]
            kind = _file_name(",".join([title, *changed]))
            runs += [Run(kind, change_recipe(recipe, own), patterns, seed) for seed in seeds]
    return runs


def sweep(
    runs: Sequence[Run],
    patterns: Patterns,
    folder: Path,
    *,
    workers: int = 1,
    ray: str | None = None,
    command: str = "lenet5 sweep",
    done: Callable[[Result, bool], None] = lambda result, kept: None,
) -> dict[Run, Result]:
    """The results of all runs: those kept in the folder, else trained, each in a process of its own.

    Args:
        runs: what to train (`plan`).
        patterns: what on.
        folder: where models, logs and figures are kept; a run that was ended goes on from its last pass.
        workers: processes at the same time, each with one thread.
        ray: address of a Ray cluster that trains instead, or "local"; a run that was ended begins anew.
        command: recorded in the models.
        done: called with each training that has ended, and whether it was kept from before.

    Raises:
        InputError, DataError: the patterns or a recipe cannot be used.
        SaveError: the folder cannot be written.
        LeNet5Error: a process was killed, or the cluster failed; what is done is kept.
    """
    make_folder(folder)
    training, test = patterns.load()
    results: dict[Run, Result] = {}
    for run in runs:
        if (result := kept(run, training, test, folder)) is not None:
            results[run] = result
            done(result, True)
    # The longest first: no core is left with one at the end.
    missing = sorted((run for run in runs if run not in results), key=lambda run: -run.work)
    if missing:
        trained = (
            _on_ray(missing, patterns, folder, ray, command)
            if ray
            else _here(missing, patterns, folder, workers, command)
        )
        for run in trained:
            result = kept(run, training, test, folder)
            if result is None:
                raise LeNet5Error(
                    f"what {run.label} wrote to {folder} cannot be read: do others write there?"
                )
            results[run] = result
            done(result, False)
    return {run: results[run] for run in runs}


def summarise(results: Mapping[Run, Result]) -> list[Row]:
    """The table: a row for each recipe with its settings, in the order of the runs."""
    groups: dict[str, list[Result]] = {}
    for run, result in results.items():
        groups.setdefault(run.kind, []).append(result)
    rows = []
    for name, group in groups.items():
        errors = [result.test_error for result in group]
        spread = statistics.stdev(errors) if len(errors) > 1 else 0.0
        seconds = statistics.median(result.seconds for result in group)
        rows.append(Row(name, len(errors), statistics.mean(errors), spread, seconds))
    return rows


def _file_name(title: str) -> str:
    """The title with what no file's name may have replaced."""
    return "".join(letter if letter.isalnum() or letter in "-_.,=+" else "_" for letter in title)


# --- where trainings run ---------------------------------------------------------------------------------------


@cache
def _loaded(patterns: Patterns) -> tuple[Dataset, Dataset]:
    """The patterns, once a process."""
    return patterns.load()


def _train(run: Run, patterns: Patterns, folder: Path, command: str) -> Run:
    training, test = _loaded(patterns)
    train_run(run, training, test, folder, command=command)
    return run


def _here(runs: Sequence[Run], patterns: Patterns, folder: Path, workers: int, command: str) -> Iterator[Run]:
    """Train in processes of this machine; each run as it ends."""
    # A fork would copy locks that this process's threads may hold. One process a run: what it held is given back.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), become_worker, max_tasks_per_child=1)
    try:
        work = partial(_train, patterns=patterns, folder=folder, command=command)
        for future in as_completed([pool.submit(work, run) for run in runs]):
            yield future.result()
    except BrokenProcessPool as error:
        raise LeNet5Error(
            "a process that trained was killed, perhaps for want of memory; the same command goes on"
        ) from error
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()  # each keeps its last pass
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _on_ray(
    runs: Sequence[Run], patterns: Patterns, folder: Path, address: str, command: str
) -> Iterator[Run]:
    """Train as tasks of a cluster; each run as it ends, its files written here."""
    with connect_ray(address) as ray:
        task = ray.remote(num_cpus=1)(_train_apart)
        waiting = [task.remote(run, patterns, command) for run in runs]
        while waiting:
            ready, waiting = ray.wait(waiting)
            run, files = ray.get(ready[0])
            # The figures last: with them a run counts as done.
            for name in sorted(files, key=lambda name: name.endswith(".json")):
                atomic.write(folder / name, files[name])
            yield run


def _train_apart(run: Run, patterns: Patterns, command: str) -> tuple[Run, dict[str, bytes]]:
    """Train on another machine: the run, and its files by name."""
    with tempfile.TemporaryDirectory(prefix="lenet5-") as folder:
        _train(run, patterns, Path(folder), command)
        return run, {file.name: file.read_bytes() for file in Path(folder).iterdir()}


def to_json(rows: Sequence[Row], results: Mapping[Run, Result]) -> str:
    """Table and runs as JSON."""
    data = {
        "table": [vars(row) for row in rows],
        "runs": [
            {"name": run.kind, "seed": run.seed, "recipe": run.recipe.to_dict(), **result.to_dict()}
            for run, result in results.items()
        ],
    }
    return json.dumps(data)
