"""Recipes and their rates."""

from dataclasses import replace

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.training.recipes import FAST, PAPER, PAPER_DISTORTED, RECIPES, Optimiser, Recipe, Supplement


def test_the_rate_rises_to_its_peak_then_falls_to_almost_nothing():
    recipe = Recipe("test", passes=4, batch=10, optimiser=Optimiser(rate=0.5, warm_up=0.25))
    rates = recipe.rates(1000)
    assert rates.shape == (4, 100) and rates.dtype == np.float32
    every = rates.ravel()
    assert np.all(np.diff(every[:100]) > 0) and np.all(np.diff(every[101:]) < 0)
    assert every.max() == pytest.approx(0.5, rel=0.01)
    assert 0 < every[-1] < 0.5e-4


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_half_way_down_is_half_the_peak(schedule):
    rates = Recipe("test", 1, 1, Optimiser(rate=1.0, warm_up=0.0, schedule=schedule)).rates(1000).ravel()
    assert rates[500] == pytest.approx(0.5, abs=0.002)


def test_a_quarter_down_the_two_schedules_differ_as_their_formulas_do():
    linear, cosine = (
        Recipe("test", 1, 1, Optimiser(rate=1.0, warm_up=0.0, schedule=name)).rates(1000).ravel()[250]
        for name in ("linear", "cosine")
    )
    assert linear == pytest.approx(0.75, abs=0.001)
    assert cosine == pytest.approx((1 + np.cos(np.pi / 4)) / 2, abs=0.001)


def test_a_pass_has_a_step_for_a_last_short_batch():
    assert Recipe("test", passes=2, batch=64).rates(129).shape == (2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"passes": 0},
        {"batch": 0},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"rate": float("inf")},
        {"warm_up": 1.5},
        {"schedule": "steps"},
        {"momentum": -0.1},
        {"weight_decay": float("nan")},
        {"scale": -1.0},
        {"j": float("inf")},
        {"ema": 2.0},
    ],
)
def test_a_setting_that_cannot_be_is_named(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=name):
        Recipe("test").with_settings(**wrong)


def test_a_setting_is_found_in_its_group_and_leaves_all_others():
    changed = FAST.with_settings(rate=0.5, j=1.0, drawn=7, spread=2.0, batch=3, distortion=None)
    assert changed == Recipe(
        "fast",
        FAST.passes,
        3,
        replace(FAST.optimiser, rate=0.5),
        replace(FAST.loss, j=1.0),
        replace(FAST.initialisation, spread=2.0),
        None,
        Supplement(drawn=7),
    )
    with pytest.raises(InputError, match="no setting speed"):
        FAST.with_settings(speed=1.0)


def test_recipes_are_known_by_their_names():
    assert all(RECIPES[name].name == name for name in RECIPES) and {"fast", "best"} <= set(RECIPES)


# --- the paper's ---------------------------------------------------------------------------------------


def test_a_shorter_schedule_falls_from_the_papers_first_rate_through_the_same_steps():
    def drawn(passes: int) -> list[float]:
        return [1e5 * rate for rate in PAPER.with_passes(passes).optimiser.schedule]

    assert PAPER.with_passes(20) == PAPER
    assert drawn(1) == pytest.approx([50])
    assert drawn(2) == pytest.approx([50, 5])
    assert drawn(5) == pytest.approx([50, 20, 5, 1, 1])  # passes 1, 5, 9, 13, 17
    assert drawn(10) == pytest.approx([50, 20, 20, 10, 5, 5, 1, 1, 1, 1])
    assert drawn(40) == pytest.approx([50] * 4 + [20] * 6 + [10] * 6 + [5] * 8 + [1] * 16)
    with pytest.raises(InputError, match="passes"):
        PAPER.with_passes(0)


def test_either_loss_of_the_paper_may_be_chosen():
    assert PAPER.loss.j is None and PAPER_DISTORTED.loss.j == 1  # eq. 8 and eq. 9
    assert PAPER.with_loss(9).loss.j == 1 and PAPER_DISTORTED.with_loss(8).loss.j is None
    assert PAPER.with_loss(8) == PAPER and PAPER_DISTORTED.with_loss(9) == PAPER_DISTORTED
    with pytest.raises(InputError, match=r"eq\. 8 and eq\. 9"):
        PAPER.with_loss(7)


def test_the_papers_recipe_is_written_whole():
    data = PAPER_DISTORTED.to_dict()
    assert (
        data["name"] == "paper-distorted"
        and data["passes"] == 20
        and len(data["optimiser"]["schedule"]) == 20
    )
    assert data["optimiser"]["mu"] == 0.02 and data["distortion"]["translation"] == 2.0
