"""Sweeps: every combination once, each kept, and a table whose figures are those of the runs."""

import statistics

import numpy as np
import pytest

from blots import TEST, TRAINING
from lenet5.errors import InputError
from lenet5.training import sweep as sweeps
from lenet5.training.recipes import FAST, PAPER
from lenet5.training.runs import Result, Run, train_all
from lenet5.training.sweep import Patterns, plan, summarise, sweep


@pytest.fixture(scope="module")
def patterns(tmp_path_factory):
    """The blots as files that every process can load."""
    folder = tmp_path_factory.mktemp("blots")
    paths = []
    for name, some in (("train", TRAINING), ("test", TEST)):
        paths.append(folder / f"{name}.npz")
        np.savez(paths[-1], images=some.images, labels=some.labels)
    return Patterns(str(paths[0]), str(paths[1]))


def test_a_plan_has_every_recipe_setting_and_seed_once():
    recipes = {"fast": FAST.with_passes(2)}
    runs = plan(recipes, [("rate", 0.01), ("batch", 20), ("rate", 0.02)], [3, 4], 100)
    assert [(run.recipe.optimiser.rate, run.recipe.batch, run.seed) for run in runs] == [
        (0.01, 20, 3), (0.01, 20, 4), (0.02, 20, 3), (0.02, 20, 4),
    ]  # fmt: skip
    assert len({run.name for run in runs}) == 4 and runs[0].kind == "fast,rate=0.01"
    assert [run.kind for run in plan({"fast": FAST, "paper": PAPER}, [], [0], 100)] == ["fast", "paper"]
    with pytest.raises(InputError):
        plan(recipes, [("nonsense", 1)], [0], 100)


def test_a_process_a_training_gives_what_one_process_gives_and_is_kept(patterns, tmp_path, monkeypatch):
    training, test = patterns.load()
    runs = plan({"fast": FAST.with_passes(1)}, [], range(2), len(training))
    ended = []
    apart = sweep(runs, patterns, tmp_path / "apart", workers=2, done=lambda *one: ended.append(one[1]))
    together = train_all(runs, training, test, tmp_path / "together")
    for run in runs:
        np.testing.assert_array_equal(apart[run].model.parameters, together[run].model.parameters)
    monkeypatch.setattr(sweeps, "_here", lambda *_: pytest.fail("trained again"))
    again = sweep(runs, patterns, tmp_path / "apart", done=lambda *one: ended.append(one[1]))
    assert ended == [False, False, True, True] and list(again) == runs


def test_the_table_has_mean_and_spread_of_each_recipe():
    errors = {("a", 0): 0.01, ("a", 1): 0.03, ("a", 2): 0.02, ("b", 0): 0.5}
    results = {}
    for (kind, seed), error in errors.items():
        run = Run(kind, FAST, 10, seed)
        results[run] = Result(run, None, [], error, 0.0, seconds=float(seed))
    first, second = summarise(results)
    assert (first.name, first.seeds, first.seconds) == ("a", 3, 1.0)
    assert first.mean == pytest.approx(0.02) and first.spread == pytest.approx(
        statistics.stdev([1, 3, 2]) / 100
    )
    assert (second.mean, second.spread) == (0.5, 0.0)


def test_a_task_of_a_cluster_returns_the_files_that_a_process_writes(patterns, tmp_path):
    """What a Ray task does, without a cluster."""
    training, test = patterns.load()
    (run,) = plan({"fast": FAST.with_passes(1)}, [], [0], len(training))
    _, files = sweeps._train_apart(run, patterns, "command")
    for name, contents in files.items():
        (tmp_path / name).write_bytes(contents)
    here = sweep([run], patterns, tmp_path)  # kept: nothing is trained
    (there,) = train_all([run], training, test, tmp_path / "there").values()
    np.testing.assert_array_equal(here[run].model.parameters, there.model.parameters)


def test_validation_parts_are_of_mnist_alone(patterns):
    with pytest.raises(InputError, match="mnist alone"):
        Patterns(patterns.data, validation=True).load()
