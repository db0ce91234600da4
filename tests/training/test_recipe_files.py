"""Recipes changed by name and read from files: what is not given stays, and every mistake is a sentence."""

from __future__ import annotations

import json

import pytest

from lenet5.errors import InputError
from lenet5.training.recipe_files import change_recipe, parse_setting, read_recipe
from lenet5.training.recipes import FAST, PAPER, RECIPES


def test_a_setting_is_a_name_and_a_number_a_list_or_text():
    assert parse_setting("rate=0.02") == ("rate", 0.02)
    assert parse_setting("schedule=linear") == ("schedule", "linear")
    assert parse_setting("distortion=none") == ("distortion", None)
    assert parse_setting("reshuffle=false") == ("reshuffle", False)


def test_only_what_is_named_changes():
    changed = change_recipe(FAST, {"rate": 0.01, "distortion.rotation": 3.0, "passes": 2})
    assert changed.optimiser.rate == 0.01 and changed.passes == 2 and changed.distortion.rotation == 3.0
    back = change_recipe(
        changed,
        {"rate": FAST.optimiser.rate, "distortion": vars(FAST.distortion), "passes": FAST.passes},
    )
    assert back == FAST


@pytest.mark.parametrize("name", sorted(set(RECIPES) - {"adapt", "paper", "paper-distorted"}))
def test_a_recipe_that_was_written_is_read_back(name, tmp_path):
    path, settings = tmp_path / "own.json", RECIPES[name].to_dict()
    # Only gtn has settings of whole lines.
    path.write_text(json.dumps({"base": "gtn" if "graph" in settings else "fast", **settings}))
    assert read_recipe(path) == RECIPES[name]


def test_a_file_of_the_papers_training_may_stretch_its_schedule(tmp_path):
    path = tmp_path / "short.toml"
    path.write_text('base = "paper"\nmu = 0.1\npasses = 5\n')
    recipe = read_recipe(path)
    assert recipe.name == "short" and recipe.optimiser.mu == 0.1
    assert recipe.optimiser.schedule == PAPER.with_passes(5).optimiser.schedule


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"rate": "much"}, "a number, not 'much'"),
        ({"batch": 1.5}, "whole number"),
        ({"batch": True}, "number"),
        ({"distortion.nonsense": 1}, "nonsense"),
        ({"nonsense.rate": 1}, "group"),
        ({"passes": 0}, "passes"),
    ],
)
def test_a_wrong_setting_is_a_sentence(settings, says):
    with pytest.raises(InputError, match=says):
        change_recipe(FAST, settings)


@pytest.mark.parametrize("text", ["rate = ", "base = 'nobody'", "base = 'adapt'", "rate = 'x'"])
def test_a_wrong_file_is_named(text, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"own\.toml"):
        read_recipe(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "absent.toml")
