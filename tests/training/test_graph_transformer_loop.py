"""Training on whole lines: it learns, the same seed gives the same bytes, and a checkpoint goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenet5.data.dataset import Dataset
from lenet5.data.labels import DIGITS
from lenet5.data.synthesis.training_set import NOTHING_ADDED, drawings
from lenet5.engine.backend import backend
from lenet5.errors import InputError, LeNet5Error
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find
from lenet5.reading.learnt_numbers import numbers_of
from lenet5.training import graph_transformer as gtn
from lenet5.training.checkpoint import Checkpoint, checkpoint_path
from lenet5.training.graph_transformer_lines import segment_line
from lenet5.training.graph_transformer_loop import GraphTransformerTraining, line_gradient
from lenet5.training.line_sources import GivenLines, SyntheticLines
from lenet5.training.loop import Callbacks, train
from lenet5.training.preparation import Sources
from lenet5.training.recipes import CRITERIA, GTN, GraphRecipe

from . import lines

EVERY = GTN.with_settings(hardest=1000.0)  # every line is learnt, however hard
IMAGES, LABELS = drawings(200, 5)
DATASET = Dataset(IMAGES, LABELS, tuple(DIGITS), "drawn")


def small(**settings: object) -> GraphRecipe:
    recipe = replace(EVERY, supplement=NOTHING_ADDED).with_settings(
        lines_per_pass=12, patterns=16, **settings
    )
    return replace(recipe, batch=4, passes=2)


def begun(
    recipe: GraphRecipe, seed: int = 0, threads: int = 1, start: str = "reading"
) -> GraphTransformerTraining:
    known, model = find(start).members[0], LeNet5()
    model.parameters[:] = known.parameters
    return GraphTransformerTraining(model, IMAGES, LABELS, recipe, seed=seed, threads=threads)


def test_the_recipe_names_the_criteria_that_there_are():
    assert set(CRITERIA) == set(gtn.CRITERIA)


def test_the_gradient_of_lines_is_the_finite_difference_of_their_energy():
    """Of the whole way of the compiled engine, several lines at once, along the gradient."""
    start, model = find("reading"), LeNet5()
    model.parameters[:] = start.parameters
    written = [lines.drawn(seed) for seed in (2, 3, 5)]
    several = [segment_line(w.foreground, w.digits, model.classes, model.backend) for w in written]

    def energy(parameters: np.ndarray) -> float:
        model.parameters[:] = parameters
        return float(line_gradient(model, several, numbers_of(), EVERY)[0].sum())

    _, gradient, _ = line_gradient(model, several, numbers_of(), EVERY)
    before = start.parameters
    step = 1e-3 * gradient / np.linalg.norm(gradient)
    slope = (energy(before + step) - energy(before - step)) / 2
    assert slope == pytest.approx(1e-3 * np.linalg.norm(gradient), rel=0.02)


@pytest.mark.parametrize("method", ["segmentation", "displacement"])
def test_a_training_lowers_the_energy_of_lines(method):
    """The lines are the same in each pass."""
    training = begun(
        replace(small(method=method, rate=0.004, momentum=0.5, ema=0.0, warm_up=0.0), batch=3, passes=4),
        start="reading" if method == "segmentation" else "displacement",
    )
    made = list(training.lines.make(0, 12, 1, training.model))

    class Same:
        def make(self, index, count, workers, model):
            return iter(made)

        def to_dict(self):
            return {}

    training.lines = Same()
    first, *_, last = [training.run_pass().energy for _ in range(4)]
    assert last < 0.9 * first


def test_the_numbers_of_the_reader_learn_with_their_rate_alone():
    still, moving = begun(small()), begun(small(numbers_rate=0.1))
    for training in (still, moving):
        training.run_pass()
    assert np.array_equal(still.numbers, numbers_of())
    assert (moving.numbers != numbers_of()).sum() >= 8


def test_the_same_seed_gives_the_same_bytes_by_any_number_of_processes():
    results = []
    for threads in (1, 2):
        training = begun(small(), threads=threads)
        training.run_pass()
        results.append(training.model.parameters.tobytes())
    assert results[0] == results[1]
    other = begun(small(), seed=1)
    other.run_pass()
    assert other.model.parameters.tobytes() != results[0]


def test_an_interrupted_training_goes_on_to_the_same_bytes(tmp_path: Path):
    sources = Sources(DATASET, start=find("reading").members[0])
    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    recipe = small(numbers_rate=0.1)
    train(sources, recipe, out=whole, threads=1)

    class Interrupted(Exception):
        pass

    def stop(report: object) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        train(sources, recipe, out=cut, threads=1, callbacks=Callbacks(each_pass=stop))
    assert Checkpoint.load(checkpoint_path(cut)).arrays["numbers"].shape == (2, 11)
    train(sources, recipe, out=cut, threads=1, resume=True)
    assert whole.read_bytes() == cut.read_bytes()
    model = LeNet5.load(cut)
    assert model.metadata["training"]["recipe"]["graph"]["criterion"] == CRITERIA[0]
    assert len(model.metadata["training"]["reader"]) == 11
    assert not checkpoint_path(cut).exists()


def test_a_line_whose_text_no_path_spells_is_left_out():
    start = find("reading")
    model = LeNet5()
    model.parameters[:] = start.parameters
    written = lines.drawn(2)
    longer = segment_line(written.foreground, [1] * 40, model.classes, model.backend)
    energies, gradient, to_numbers = line_gradient(model, [longer], numbers_of(), EVERY)
    assert np.isinf(energies).all() and not gradient.any() and not to_numbers.any()


def test_a_training_that_runs_away_says_so():
    with pytest.raises(LeNet5Error, match="ran away"), np.errstate(all="ignore"):
        begun(small(rate=1e30)).run_pass()


def test_letters_have_no_synthetic_lines():
    with pytest.raises(InputError, match="all ten digits"):
        SyntheticLines.of(IMAGES, LABELS, ["A", "B"], backend("numpy"), 0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"criterion": "viterby"}, "must be one of discriminative-forward"),
        ({"method": "cutting"}, "method of a recipe"),
        ({"lines_per_pass": 0}, "lines_per_pass of a recipe"),
        ({"weight": 0.0}, "weight of a recipe"),
        ({"beta2": 0.9}, "momentum alone"),
    ],
)
def test_settings_out_of_bounds_are_refused(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        GTN.with_settings(**settings)


def test_given_lines_come_once_each_before_any_comes_again():
    written = [lines.drawn(seed) for seed in (2, 3, 5)]
    labels = [(1,) * length for length in (3, 4, 5)]
    given = GivenLines([w.foreground for w in written], labels, tuple(DIGITS), backend("numpy"), 0)
    # Three passes of two lines: a turn ends with the lines, not with a pass.
    lengths = [
        len(line.labels)
        for index in range(3)
        for line in given.make(index, 2, 1, LeNet5())
        if line is not None
    ]
    assert sorted(lengths[:3]) == sorted(lengths[3:]) == [3, 4, 5]
    assert given.to_dict()["lines"] == 3
    other = GivenLines(
        [w.foreground for w in written], [*labels[:2], (2,) * 5], tuple(DIGITS), backend("numpy"), 0
    )
    assert other.to_dict()["sha256"] != given.to_dict()["sha256"]


@pytest.mark.parametrize("labels", [(), (3,)])
def test_a_line_without_text_or_ink_is_left_out(labels):
    blank = np.zeros((30, 60), np.float32)
    given = GivenLines([blank], [labels], tuple(DIGITS), backend("numpy"), 0, rewritten=0.0)
    assert list(given.make(0, 2, 1, LeNet5())) == [None, None]


def test_given_lines_are_learnt_by_either_method():
    written = [lines.drawn(seed) for seed in (2, 3)]
    for method in ("segmentation", "displacement"):
        given = GivenLines(
            [w.foreground for w in written], [w.digits for w in written], tuple(DIGITS), backend("numba"), 0,
            method=method,
        )  # fmt: skip
        known, model = find("reading"), LeNet5()
        model.parameters[:] = known.parameters
        training = GraphTransformerTraining(
            model, IMAGES, LABELS, small(method=method), lines=given, threads=1
        )
        assert training.run_pass().energy > 0
        assert (model.parameters != known.parameters).any()


def test_a_line_that_is_too_hard_teaches_nothing():
    model = LeNet5()
    model.parameters[:] = find("reading").parameters
    several = [
        segment_line(w.foreground, w.digits, model.classes, model.backend)
        for w in (lines.drawn(seed) for seed in (2, 3, 5))
    ]
    energies, every, _ = line_gradient(model, several, numbers_of(), EVERY)
    middle = float(np.sort(energies)[1])
    same, some, _ = line_gradient(model, several, numbers_of(), EVERY.with_settings(hardest=middle + 1e-6))
    easy = [line for line, energy in zip(several, energies, strict=True) if energy <= middle + 1e-6]
    assert len(easy) == 2
    np.testing.assert_array_equal(same, energies)
    _, alone, _ = line_gradient(model, easy, numbers_of(), EVERY)
    np.testing.assert_allclose(some, alone, atol=1e-4)
    assert np.abs(every - some).max() > 1e-3
