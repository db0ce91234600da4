"""Trainings are kept, continued after an interruption, and repeated only where something has changed."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from blots import TEST, TINY, TRAINING
from lenet5.reproduce.runs import Run, planned, train_all
from lenet5.training import runs as trainings


def test_an_interrupted_training_goes_on_to_the_same_result(tmp_path):
    plan = planned(["paper"], replace(TINY, seeds=1, passes=3), len(TRAINING))
    (whole,) = train_all(plan, TRAINING, TEST, tmp_path / "whole").values()
    met, done = 0.0, []

    def interrupt(work: float) -> None:
        nonlocal met
        met += work
        if met > 2.5 * len(TRAINING):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_all(
            plan,
            TRAINING,
            TEST,
            tmp_path / "cut",
            progress=interrupt,
            done=lambda *result: done.append(result),
        )
    assert not done and not list((tmp_path / "cut").glob("paper-*-0.json"))
    learnt: list[float] = []
    (cut,) = train_all(plan, TRAINING, TEST, tmp_path / "cut", progress=learnt.append).values()
    np.testing.assert_array_equal(cut.model.parameters, whole.model.parameters)
    assert [entry["test_error"] for entry in cut.history] == [entry["test_error"] for entry in whole.history]
    assert sum(learnt) == 3 * len(TRAINING) and max(learnt) == 2 * len(TRAINING)  # two passes were there


def test_an_interruption_stops_every_training(tmp_path):
    plan = planned(["paper", "distorted"], replace(TINY, seeds=3, passes=8), len(TRAINING))

    def interrupt(work: float) -> None:
        raise KeyboardInterrupt

    before = set(threading.enumerate())  # other tests' pools may be among them
    with pytest.raises(KeyboardInterrupt):
        train_all(plan, TRAINING, TEST, tmp_path, workers=2, progress=interrupt)
    assert not set(threading.enumerate()) - before


def test_what_is_damaged_or_of_another_recipe_is_trained_anew(tmp_path):
    (run,) = planned(["paper"], replace(TINY, seeds=1, passes=1), len(TRAINING))
    (first,) = train_all([run], TRAINING, TEST, tmp_path).values()
    model, facts = tmp_path / f"{run.name}.safetensors", tmp_path / f"{run.name}.json"
    model.write_bytes(model.read_bytes()[:1000])
    (again,) = train_all([run], TRAINING, TEST, tmp_path).values()
    np.testing.assert_array_equal(again.model.parameters, first.model.parameters)
    facts.write_text("{}")
    train_all([run], TRAINING, TEST, tmp_path)
    assert json.loads(facts.read_text())["test_error"] == first.test_error
    other = Run("paper", run.recipe.with_settings(mu=0.04), run.patterns, run.seed)
    assert other.name == run.name
    (another,) = train_all([other], TRAINING, TEST, tmp_path).values()
    assert (another.model.parameters != first.model.parameters).any()


def test_a_setting_that_recipes_did_not_have_yet_makes_no_other_recipe(tmp_path, monkeypatch):
    (run,) = planned(["paper"], replace(TINY, seeds=1, passes=1), len(TRAINING))
    train_all([run], TRAINING, TEST, tmp_path)
    facts = tmp_path / f"{run.name}.json"
    known = json.loads(facts.read_text())
    del known["identity"]["recipe"]["reshuffle"]  # as an older version would have written it
    facts.write_text(json.dumps(known))
    monkeypatch.setattr(trainings, "train", lambda *_, **__: pytest.fail("trained again"))
    train_all([run], TRAINING, TEST, tmp_path)


def test_smaller_sets_are_drawn_by_the_seed_and_noise_inverts_a_tenth():
    small = [run for run in planned(["sizes"], TINY, len(TRAINING)) if run.patterns == 100]
    drawn = [run.patterns_of(TRAINING) for run in small]
    assert [len(part) for part in drawn] == [100, 100]
    assert (drawn[0].images != drawn[1].images).any()
    np.testing.assert_array_equal(drawn[0].images, small[0].patterns_of(TRAINING).images)
    (noisy, _) = planned(["noisy"], TINY, len(TRAINING))
    images = noisy.patterns_of(TRAINING).images
    changed = images != TRAINING.images
    np.testing.assert_array_equal(images[changed], 255 - TRAINING.images[changed])
    assert changed.mean() == pytest.approx(0.1, abs=0.005)
