"""The trainings that panels of the report ask for (training.runs trains and keeps them)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.synthesis.training_set import Supplement
from ..model.classifier import Network
from ..model.load import find
from ..training.recipes import BEST, GTN, PAPER, PAPER_DISTORTED
from ..training.runs import Result, Run, train_all

__all__ = [
    "FULL", "INVERTED", "KINDS", "QUICK", "WEIGHTS", "GlobalRun", "NoisyRun", "Result", "Run", "Scale", "inverted",
    "planned", "train_all",
]  # fmt: skip

INVERTED = 0.1  # Section III-E, Fig. 13: the share of pixels that are inverted at random

# What a panel can ask for; "sizes" are Fig. 6's smaller training sets, "lines" and "columns" go on with whole lines by
# over-segmentation and by displacement (Sections VI and VII).
KINDS = ("paper", "sizes", "distorted", "noisy", "best", "lines", "columns")
WEIGHTS = {"lines": "reading", "columns": "displacement"}  # that global training goes on from


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Args:
        name: of the scale.
        seeds: of each training.
        passes, best_passes: of a training at most, and of the recipe best; None: the recipe's.
        distorted_test: test patterns that are rotated, scaled and shifted for Fig. 13; None: all.
        lines: that a pass of global training learns.
        lines_read: before and after global training.
    """

    name: str
    seeds: int
    passes: int | None
    best_passes: int | None
    distorted_test: int | None
    lines: int
    lines_read: int


FULL = Scale("full", seeds=5, passes=None, best_passes=None, distorted_test=None, lines=2_000, lines_read=400)
QUICK = Scale("quick", seeds=2, passes=6, best_passes=5, distorted_test=2_000, lines=200, lines_read=100)


LINE_SEEDS = 3  # of each training on whole lines at most
# The recipe gtn with few drawings of its own, and with every line, for such lines are read; few steps need no average.
GLOBAL = replace(GTN.with_passes(3), supplement=Supplement(negatives=200)).with_settings(
    hardest=1000.0, ema=0.0
)


@dataclass(frozen=True)
class GlobalRun(Run):
    """A training on whole lines, which goes on from weights of the package (Section VI)."""

    @property
    def start(self) -> Network:
        """The network that it goes on from."""
        return find(WEIGHTS[self.kind]).members[0]

    @property
    def cost(self) -> float:
        """Time of a pattern in times of a pattern of the paper's training, though lines are what takes it."""
        return 1.0


@dataclass(frozen=True)
class NoisyRun(Run):
    """A training on patterns of which pixels are inverted (Fig. 13)."""

    def patterns_of(self, training: Dataset) -> Dataset:
        """The patterns that it learns, with pixels inverted by the seed."""
        training = super().patterns_of(training)
        name = f"{training.name}, {INVERTED:.0%} of all pixels inverted by seed {self.seed}"
        return replace(training, images=inverted(training.images, INVERTED, self.seed), name=name)


def inverted(images: NDArray[np.uint8], share: float, seed: int) -> NDArray[np.uint8]:
    """Images, uint8, of which each pixel is inverted with probability `share` (Fig. 13: 0.1), drawn by the seed."""
    draw = np.random.Generator(np.random.PCG64([seed, 13]))
    return np.where(draw.random(images.shape, np.float32) < share, 255 - images, images)


def planned(kinds: Iterable[str], scale: Scale, patterns: int) -> list[Run]:
    """The trainings of these kinds, in the order of KINDS.

    Args:
        kinds: of KINDS.
        scale: how much is done.
        patterns: of the whole training set.
    """

    def shortened(recipe: Any, passes: int | None) -> Any:
        return recipe.with_passes(min(passes or recipe.passes, recipe.passes))

    paper, distorted = (shortened(recipe, scale.passes) for recipe in (PAPER, PAPER_DISTORTED))
    which = {
        "paper": [(paper, patterns)],
        "sizes": [(paper, patterns // 4), (paper, patterns // 2)],
        "distorted": [(distorted, patterns)],
        "noisy": [(paper, patterns)],
        "best": [(shortened(BEST, scale.best_passes), patterns)],
    }
    for kind, method in (("lines", "segmentation"), ("columns", "displacement")):
        whole = GLOBAL.with_settings(method=method, lines_per_pass=scale.lines)
        which[kind] = [(shortened(whole, scale.passes), patterns)]
    classes = {"noisy": NoisyRun, "lines": GlobalRun, "columns": GlobalRun}
    wanted = set(kinds)
    return [
        classes.get(kind, Run)(kind, recipe, count, seed)
        for kind in KINDS
        if kind in wanted
        for recipe, count in which[kind]
        for seed in range(min(scale.seeds, LINE_SEEDS) if kind in WEIGHTS else scale.seeds)
    ]
