"""Training: the order of patterns, interruptions, what is written, and that it learns."""

import json

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.engine.backend import backend
from lenet5.errors import DataError, InputError, LeNet5Error, ModelError, SaveError
from lenet5.model.lenet5 import LeNet5
from lenet5.network.distortion import MILD
from lenet5.training import minibatch, stochastic
from lenet5.training.checkpoint import Checkpoint, checkpoint_path, log_path
from lenet5.training.fit import fit
from lenet5.training.loop import Callbacks, train
from lenet5.training.minibatch import MinibatchTraining
from lenet5.training.preparation import Sources
from lenet5.training.recipes import FAST, PAPER, PAPER_DISTORTED, Optimiser, Recipe

SHORT = Recipe("short", passes=3, batch=8, optimiser=Optimiser(rate=0.01, ema=0.05))


def blots(count: int, seed: int = 0) -> Dataset:
    """Ten classes of a bright square in ten places, with noise: easy, but not for an untrained network."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        image[y : y + 8, x : x + 5] = 255
    return Dataset(images, labels, list("0123456789"), "blots")


class Recorder:
    """A Trainer that learns nothing and remembers what it was asked."""

    calls: list = []  # noqa: RUF012

    def __init__(self, flat, codes, images, targets, **settings):
        self.parameters, self.settings = flat, settings
        self.velocity, self.square, self.average = np.zeros_like(flat), np.zeros_like(flat), flat.copy()
        Recorder.calls = []

    def prepare_pass(self, index):
        Recorder.calls.append(("pass", index))

    def run(self, order, rates, ema=0.0):
        Recorder.calls.append(("run", order, rates))
        return float(len(order)), 0


# --- the order of things -------------------------------------------------------------------------------


def test_each_pass_has_every_pattern_once_in_another_order():
    data = blots(1003)
    train(data, SHORT, seed=1, trainer=Recorder)
    passes, calls = [], Recorder.calls
    for call in calls:
        if call[0] == "pass":
            passes.append([])
            assert call[1] == len(passes) - 1
        else:
            assert len(call[2]) == -(-len(call[1]) // SHORT.batch)  # a rate a step
            passes[-1] += call[1].tolist()
    assert len(passes) == 3 and all(sorted(order) == list(range(1003)) for order in passes)
    assert passes[0] != passes[1] != passes[2]
    rates = np.concatenate([call[2] for call in calls if call[0] == "run"])
    np.testing.assert_array_equal(rates, SHORT.rates(1003).ravel())


def test_only_the_last_slice_of_a_pass_ends_in_a_short_batch():
    train(blots(1003), SHORT, trainer=Recorder)
    sizes = [len(call[1]) for call in Recorder.calls if call[0] == "run"]
    assert sum(size % SHORT.batch > 0 for size in sizes) == 3


def test_progress_counts_every_pattern():
    told = []
    train(blots(300), SHORT, trainer=Recorder, callbacks=Callbacks(progress=told.append))
    assert sum(told) == 3 * 300 and len(told) > 30


def test_slices_for_the_progress_do_not_change_the_result(monkeypatch):
    models = []
    for slices in (1, 7):
        monkeypatch.setattr(minibatch, "SLICES_A_PASS", slices)
        models.append(train(blots(90), SHORT))
    np.testing.assert_array_equal(models[0].parameters, models[1].parameters)


# --- learning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distortion", [None, MILD])
def test_a_seed_is_a_model_whatever_the_threads(distortion):
    recipe = SHORT.with_settings(passes=2, batch=128, distortion=distortion)
    first, again, other = (
        train(blots(300), recipe, seed=seed, threads=threads) for seed, threads in ((4, 1), (4, 2), (5, 1))
    )
    np.testing.assert_array_equal(first.parameters, again.parameters)
    assert (first.parameters != other.parameters).mean() > 0.9


def test_fit_is_train(tmp_path):
    data = blots(100)
    model = fit(LeNet5(seed=77), data.images, data.labels, SHORT, seed=3)
    np.testing.assert_array_equal(model.parameters, train(data, SHORT, seed=3).parameters)


def test_it_learns_what_an_untrained_network_cannot_tell():
    data, test = blots(600), blots(300, seed=1)
    recipe = SHORT.with_settings(passes=6, batch=16, rate=0.003, ema=0.02)
    seen = []
    model = train(Sources(data, test=test), recipe, callbacks=Callbacks(each_pass=seen.append))
    assert seen[0].train_error > 0.3
    assert seen[-1].test_error == 0 and (model.predict(test.images) == test.labels).all()
    assert seen[-1].energy < seen[0].energy / 2


def test_the_average_is_what_is_kept_and_tested():
    data = blots(100)
    model = LeNet5(seed=0)
    training = MinibatchTraining(model, data.images, data.labels, SHORT, test=(data.images, data.labels))
    while training.unfinished:
        report = training.run_pass()
    average = training.trainer.average.copy()
    assert (average != model.parameters).any()
    training.finish()
    np.testing.assert_array_equal(model.parameters, average)
    assert report.test_error == (model.predict(data.images) != data.labels).mean()


def test_soft_targets_of_a_certain_label_are_the_label():
    data = blots(60)
    hard = fit(LeNet5(), data.images, data.labels, SHORT)
    soft = fit(LeNet5(), data.images, np.eye(10)[data.labels], SHORT)
    np.testing.assert_array_equal(hard.parameters, soft.parameters)


def test_going_on_from_a_model_keeps_its_classes_and_matches_names(tmp_path):
    digits = train(blots(200), SHORT)
    two = blots(60)
    keep = two.labels < 2
    reversed_names = Dataset(two.images[keep], 1 - two.labels[keep], ["1", "0"], "two")
    adapted = train(Sources(reversed_names, start=digits), SHORT.with_settings(rate=1e-5))
    assert adapted.classes == digits.classes
    assert 0 < abs(adapted.parameters - digits.parameters).max() < 0.01  # it went on, and did not start anew
    assert digits.metadata["training"]["start"] is None and adapted.metadata["training"]["start"]
    with pytest.raises(DataError, match="does not know: a b"):
        train(Sources(Dataset(two.images[keep], two.labels[keep], ["a", "b"], "letters"), digits), SHORT)


@pytest.mark.parametrize("change", [{}, {"distortion": MILD}, {"beta2": 0.99, "rate": 1e-3}])
def test_the_numpy_trainer_takes_the_same_steps_as_the_compiled_one(change):
    recipe = SHORT.with_settings(**{"passes": 2, "batch": 12, "weight_decay": 1e-3, "ema": 0.1, **change})
    data = blots(50)
    fast, slow = LeNet5(seed=9), LeNet5(seed=9)
    for model, trainer in ((fast, None), (slow, backend("numpy").minibatch.Trainer)):
        training = MinibatchTraining(model, data.images, data.labels, recipe, trainer=trainer)
        first = training.run_pass()
        second = training.run_pass()
        training.finish()
        model.metadata["seen"] = [first.energy, second.energy, first.train_error, second.train_error]
    start = LeNet5(seed=9).parameters
    assert np.linalg.norm(fast.parameters - slow.parameters) < 1e-3 * np.linalg.norm(fast.parameters - start)
    np.testing.assert_allclose(fast.metadata["seen"], slow.metadata["seen"], rtol=1e-4)


def test_a_training_that_runs_away_says_so():
    with pytest.raises(LeNet5Error, match=r"ran away in pass 1.*peak rate below 1e"):
        train(blots(100), SHORT.with_settings(rate=1e30))


# --- interruptions -------------------------------------------------------------------------------------


class Stop(Exception):
    pass


def stop_after(patterns: int):
    """A progress callback that interrupts after so many patterns."""
    seen = 0

    def progress(more: int) -> None:
        nonlocal seen
        seen += more
        if seen > patterns:
            raise Stop

    return progress


@pytest.mark.parametrize("patterns", [0, 99, 100, 150, 250, 299])
def test_a_resumed_training_gives_the_identical_file(tmp_path, patterns):
    data, test = blots(100), blots(40, seed=1)
    recipe = SHORT.with_settings(distortion=MILD, beta2=0.99, rate=1e-3)
    sources = Sources(data, test=test)
    settings = {"seed": 6, "command": "lenet5 train"}
    train(sources, recipe, out=tmp_path / "whole.safetensors", **settings)
    out = tmp_path / "cut.safetensors"
    with pytest.raises(Stop):
        train(sources, recipe, out=out, callbacks=Callbacks(progress=stop_after(patterns)), **settings)
    assert not out.exists()
    assert Checkpoint.load(checkpoint_path(out)).done == patterns // 100
    settings["command"] = "lenet5 train --resume"
    train(sources, recipe, out=out, resume=True, **settings)
    assert out.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert not checkpoint_path(out).exists()


def test_a_kill_between_the_model_and_the_end_is_resumed_too(tmp_path, monkeypatch):
    out = tmp_path / "model.safetensors"
    data = blots(50)
    kept = []
    train(
        data,
        SHORT,
        out=out,
        callbacks=Callbacks(each_pass=lambda report: kept.append(checkpoint_path(out).read_bytes())),
    )
    whole = out.read_bytes()
    checkpoint_path(out).write_bytes(kept[-1])
    out.unlink()
    train(data, SHORT, out=out, resume=True)
    assert out.read_bytes() == whole


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 2}, "seed 1, not 2"),
        ({"recipe": SHORT.with_settings(rate=0.02)}, r"recipe optimiser rate 0\.01, not 0\.02"),
        ({"recipe": SHORT.with_settings(passes=9)}, "recipe passes 3, not 9"),
        ({"recipe": SHORT.with_settings(distortion=MILD)}, "recipe distortion"),
        ({"dataset": blots(100, seed=5)}, "data sha256"),
        ({"dataset": Sources(blots(100), start=LeNet5(seed=1))}, "start null, not"),
        ({"dataset": Sources(blots(100), test=blots(10))}, "test data"),
    ],
)
def test_another_training_is_not_gone_on_with(tmp_path, change, says):
    out = tmp_path / "model.safetensors"
    settings = {
        "dataset": blots(100),
        "recipe": SHORT,
        "seed": 1,
        "out": out,
        "command": "lenet5 train --seed 1",
    }
    with pytest.raises(Stop):
        train(**settings, callbacks=Callbacks(progress=stop_after(150)))
    with pytest.raises(InputError, match=says) as caught:
        train(**{**settings, **change}, resume=True)
    assert "(lenet5 train --seed 1)" in str(caught.value)
    assert Checkpoint.load(checkpoint_path(out)).done == 1  # still there to go on with


def test_nothing_to_resume_and_a_damaged_checkpoint_are_sentences(tmp_path):
    out = tmp_path / "model.safetensors"
    with pytest.raises(ModelError, match="no training to go on with"):
        train(blots(10), SHORT, out=out, resume=True)
    checkpoint_path(out).write_bytes(b"half a")
    with pytest.raises(ModelError, match="cut short or damaged"):
        train(blots(10), SHORT, out=out, resume=True)
    LeNet5().save(checkpoint_path(out))
    with pytest.raises(ModelError, match="not a checkpoint"):
        train(blots(10), SHORT, out=out, resume=True)
    with pytest.raises(InputError, match="where its model"):
        train(blots(10), SHORT, resume=True)


# --- what is written -----------------------------------------------------------------------------------


def test_the_log_has_a_line_a_pass_also_after_a_resumption(tmp_path):
    out = tmp_path / "model.safetensors"
    data = blots(100)
    with pytest.raises(Stop):
        train(data, SHORT, out=out, callbacks=Callbacks(progress=stop_after(150)))
    assert len(log_path(out).read_text().splitlines()) == 1
    train(data, SHORT, out=out, resume=True)
    lines = [json.loads(line) for line in log_path(out).read_text().splitlines()]
    assert [line["pass"] for line in lines] == [1, 2, 3]
    wanted = {"pass", "rate", "energy", "train_error", "test_error", "seconds", "patterns_per_second"}
    assert all(set(line) == wanted and line["test_error"] is None and line["seconds"] > 0 for line in lines)


def test_the_model_knows_how_it_was_trained(tmp_path):
    out = tmp_path / "model.safetensors"
    data, test = blots(100), blots(40, seed=1)
    train(Sources(data, test=test), SHORT, seed=6, out=out, command="lenet5 train --seed 6")
    model = LeNet5.load(out)
    passport = model.metadata["training"]
    assert passport["seed"] == 6 and passport["command"] == "lenet5 train --seed 6"
    assert (
        passport["recipe"]["optimiser"]["rate"] == SHORT.optimiser.rate
        and passport["recipe"]["name"] == "short"
    )
    assert passport["data"] == {"name": "blots", "patterns": 100, "sha256": data.fingerprint}
    assert model.metadata["j"] == SHORT.loss.j and model.metadata["scale"] == SHORT.loss.scale
    assert model.metadata["figures"]["test_error"] == (model.predict(test.images) != test.labels).mean()
    assert model.metadata["figures"]["train_error"] == (model.predict(data.images) != data.labels).mean()


def test_a_place_that_cannot_be_written_shows_before_the_work(tmp_path):
    worked = []
    for place in (tmp_path, tmp_path / "none" / "model.safetensors"):
        with pytest.raises(SaveError):
            train(blots(10), SHORT, out=place, callbacks=Callbacks(progress=worked.append))
    assert worked == []


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((10, 32, 32), np.uint8),
        np.zeros((10, 30, 28), np.float32),
        np.zeros((0, 28, 28), np.uint8),
        np.zeros((28, 28), np.uint8),
    ],
)
def test_training_takes_fields_of_28_by_28(images):
    with pytest.raises(InputError, match="28×28"):
        fit(LeNet5(), images, np.zeros(len(images), np.int64))


def test_a_negative_seed_is_a_sentence():
    with pytest.raises(InputError, match="seed"):
        train(blots(10), SHORT, seed=-1)


# --- the paper's own training: the same verbs, the same promises ------------------------------------------


@pytest.mark.parametrize("recipe", [PAPER, PAPER_DISTORTED], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("patterns", [0, 99, 100, 250])
def test_a_resumed_paper_training_gives_the_identical_file(tmp_path, recipe, patterns):
    sources = Sources(blots(100), test=blots(40, seed=1))
    settings = {"dataset": sources, "recipe": recipe.with_passes(3), "seed": 6}
    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    train(**settings, out=whole, command="lenet5 train")
    with pytest.raises(Stop):
        train(**settings, out=cut, command="lenet5 train", callbacks=Callbacks(progress=stop_after(patterns)))
    assert not cut.exists() and Checkpoint.load(checkpoint_path(cut)).done == patterns // 100
    train(**settings, out=cut, command="lenet5 train --resume", resume=True)
    assert cut.read_bytes() == whole.read_bytes() and not checkpoint_path(cut).exists()


def test_the_papers_log_has_the_rates_and_both_errors(tmp_path):
    data, test, out = blots(300), blots(60, seed=1), tmp_path / "model.safetensors"
    told, seen = [], []
    model = train(
        Sources(data, test=test), PAPER.with_passes(3), out=out,
        callbacks=Callbacks(told.append, told.append, seen.append),
    )  # fmt: skip
    assert told[0] == 300 and sum(told[1:]) == 900
    lines = [json.loads(line) for line in log_path(out).read_text().splitlines()]
    assert [line["pass"] for line in lines] == [1, 2, 3]
    assert [line["rate"] for line in lines] == list(PAPER.with_passes(3).optimiser.schedule)
    for line, report in zip(lines, seen, strict=True):
        assert 0 < line["least_rate"] < line["largest_rate"] <= line["rate"] / 0.02 * 1.001
        assert line["train_error"] == report.train_error and line["seconds"] > 0
    assert lines[-1]["test_error"] == (model.predict(test.images) != test.labels).mean()
    assert lines[-1]["train_error"] < lines[0]["train_error"]


def test_the_papers_model_knows_how_it_was_trained(tmp_path):
    data, test, out = blots(300), blots(60, seed=1), tmp_path / "model.safetensors"
    train(
        Sources(data, test=test), PAPER.with_passes(2), seed=3, out=out, command="lenet5 train --recipe paper"
    )
    model = LeNet5.load(out)
    passport = model.metadata["training"]
    assert passport["recipe"]["name"] == "paper" and passport["recipe"]["optimiser"]["mu"] == 0.02
    assert passport["recipe"]["loss"]["j"] is None and passport["recipe"]["optimiser"]["schedule"] == [
        5e-4,
        5e-5,
    ]
    assert passport["seed"] == 3 and passport["command"] == "lenet5 train --recipe paper"
    assert passport["data"]["sha256"] == data.fingerprint
    for split, name in ((data, "train_error"), (test, "test_error")):
        assert model.metadata["figures"][name] == (model.predict(split.images) != split.labels).mean()
    # Eq. 8 knows no rubbish: what is some class's is not given to it.
    assert model.posterior(data.images).sum(1).min() > 0.999
    after_9 = train(data, PAPER_DISTORTED.with_passes(1)).metadata
    assert after_9["j"] == 1 and after_9["scale"] == PAPER_DISTORTED.loss.scale


def test_fit_follows_the_papers_recipe_too():
    data = blots(60)
    model = fit(LeNet5(seed=77), data.images, data.labels, PAPER.with_passes(2), seed=3)
    np.testing.assert_array_equal(model.parameters, train(data, PAPER.with_passes(2), seed=3).parameters)
    flat, _ = stochastic.train_paper(data.images, data.labels, 3, PAPER.with_passes(2))
    np.testing.assert_array_equal(model.parameters, flat)


def test_the_paper_goes_on_from_a_model():
    data = blots(100)
    begun = train(data, SHORT)
    adapted = train(Sources(data, start=begun), PAPER.with_settings(schedule=(1e-7,)))
    assert (
        0 < abs(adapted.parameters - begun.parameters).max() < 0.01 and adapted.metadata["training"]["start"]
    )


def test_what_the_papers_training_cannot_use_is_said(tmp_path):
    data, out = blots(30), tmp_path / "model.safetensors"
    with pytest.raises(InputError, match="one pattern after another: no other trainer"):
        train(data, PAPER, trainer=Recorder)
    with pytest.raises(InputError, match="not a row of target weights"):
        fit(LeNet5(), data.images, np.eye(10)[data.labels], PAPER)
    with pytest.raises(Stop):
        train(data, SHORT, out=out, callbacks=Callbacks(progress=stop_after(40)))
    with pytest.raises(InputError, match="recipe name short, not paper"):
        train(data, PAPER, out=out, resume=True)
    with pytest.raises(Stop):
        train(data, PAPER, out=out, callbacks=Callbacks(progress=stop_after(40)))
    with pytest.raises(InputError, match="recipe passes 20, not 5"):
        train(data, PAPER.with_passes(5), out=out, resume=True)


# --- real handwriting ----------------------------------------------------------------------------------


def test_one_pass_over_mnist_reads_most_of_it(mnist_train, mnist_test):
    images, labels = mnist_train
    model = fit(LeNet5(), images, labels, FAST.with_passes(1))
    assert (model.predict(mnist_test[0]) != mnist_test[1]).mean() < 0.04
