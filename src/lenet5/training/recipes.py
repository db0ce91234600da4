"""Recipes: how a network is trained, and the named ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..data.synthesis.training_set import NOTHING_ADDED, Supplement
from ..errors import InputError
from ..network.distortion import PAPER as PAPER_DISTORTIONS
from ..network.distortion import Distortion
from ..network.initialisation import initial

__all__ = [
    "ADAPT",
    "ADAPT_LINES",
    "BEST",
    "CRITERIA",
    "DISPLACEMENT",
    "FAST",
    "GTN",
    "HANDS",
    "LETTERS",
    "PAPER",
    "PAPER_DISTORTED",
    "READING",
    "RECIPES",
    "SIGNS",
    "GraphRecipe",
    "GraphSettings",
    "Initialisation",
    "LevenbergMarquardt",
    "Loss",
    "Optimiser",
    "PaperRecipe",
    "Recipe",
    "Supplement",
]


def _bounded(settings: object, bounds: Mapping[str, tuple[float, float]]) -> None:
    """Raise InputError for the first setting that lies outside its bounds."""
    for key, (least, most) in bounds.items():
        value = getattr(settings, key)
        if not least <= value <= most:
            raise InputError(f"{key} of a recipe must lie from {least} to {most:,}, not be {value}")


def _positive(settings: object, *keys: str) -> None:
    for key in keys:
        if not 0 < getattr(settings, key) < np.inf:
            raise InputError(f"{key} of a recipe must be more than 0, not {getattr(settings, key)}")


@dataclass(frozen=True)
class Optimiser:
    """Mini-batch gradient descent with momentum; not in the paper.

    The rate rises from 0 to its peak, then falls to 0 at the last step (Recipe.rates).
    """

    rate: float = 0.02  # the peak
    warm_up: float = 0.05  # share of all steps in which the rate rises
    schedule: str = "cosine"  # how it falls: "cosine" or "linear"
    momentum: float = 0.9  # v = momentum·v + gradient + weight_decay·w; w −= rate·v
    beta2: float = 0.0  # if not 0, steps are divided by the root mean squared gradient (Adam; Trainer)
    weight_decay: float = 0.0
    ema: float = 0.0  # share by which an average follows the parameters each step; 0: none is kept

    def __post_init__(self) -> None:
        bounds = {"warm_up": (0, 1), "momentum": (0, 0.99999), "beta2": (0, 0.99999), "ema": (0, 1)}
        _bounded(self, bounds)
        _positive(self, "rate")
        if not self.weight_decay >= 0:
            raise InputError("weight_decay of a recipe must not be negative")
        if self.schedule not in ("cosine", "linear"):
            raise InputError(f'schedule of a recipe must be "cosine" or "linear", not {self.schedule!r}')


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Stochastic diagonal Levenberg–Marquardt (Appendix C): η_k = η / (μ + curvature_scale·h_kk)."""

    # η of each pass (Section III-B)
    schedule: tuple[float, ...] = (5e-4,) * 2 + (2e-4,) * 3 + (1e-4,) * 3 + (5e-5,) * 4 + (1e-5,) * 8
    mu: float = 0.02  # Appendix C: keeps a flat direction's rate below η/μ
    curvature_patterns: int = 500  # behind each estimate of h_kk
    # not in the paper (docs/reproduction.md): with the scale of ¼, F6 has a curvature of 4 at first
    curvature_scale: float = 8.0

    def __post_init__(self) -> None:
        if not self.schedule or min(self.schedule) <= 0:
            raise InputError("every rate of a schedule must be more than 0")
        _positive(self, "mu", "curvature_scale")
        if self.curvature_patterns < 1:
            raise InputError("the curvature needs at least one pattern")


@dataclass(frozen=True)
class Loss:
    """Eq. 8 or eq. 9 of a pattern (network.losses)."""

    j: float | None = 1.0  # eq. 9: the penalty of the rubbish class; None: eq. 8
    scale: float = 0.1  # the penalties are multiplied by it; not in the paper

    def __post_init__(self) -> None:
        if self.j is not None and not (np.isfinite(self.j) and self.j >= 0):
            raise InputError(f"j of eq. 9 must not be negative, as {self.j} is; None stands for eq. 8")
        _positive(self, "scale")


@dataclass(frozen=True)
class Initialisation:
    """Parameters before training, uniform in ±spread / F_i^power; the paper's are 2.4 and 1."""

    spread: float = 1.0
    power: float = 0.5
    coefficient: float | None = None  # where those of S2 and S4 start; None: as all other parameters
    bias: float | None = None  # where biases start; None: as all other parameters

    def __post_init__(self) -> None:
        _positive(self, "spread")
        if not np.isfinite(self.power):
            raise InputError("power of a recipe must be finite")

    def draw(self, seed: int) -> NDArray[np.float32]:
        """All parameters before training, (60000,) float32; the same seed gives the same."""
        return initial(seed, self.spread, self.power, self.coefficient, self.bias)


class _Grouped:
    """What both kinds of recipe can do: their settings lie in groups."""

    def to_dict(self) -> dict[str, Any]:
        """The recipe as it is written to files, a dict for each group of settings."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    def with_settings(self, **settings: Any) -> Self:
        """The same recipe with other settings, each named as in its group: with_settings(rate=0.01, j=5.0).

        Raises:
            InputError: a setting is unknown or out of bounds.
        """
        own: dict[str, Any] = {}
        for group in fields(self):  # type: ignore[arg-type]
            if group.name in settings:
                own[group.name] = settings.pop(group.name)
        for group in fields(self):  # type: ignore[arg-type]
            value = own.get(group.name, getattr(self, group.name))
            if not is_dataclass(value) or isinstance(value, type | Distortion):
                continue
            inner = {
                entry.name: settings.pop(entry.name) for entry in fields(value) if entry.name in settings
            }
            if inner:
                own[group.name] = replace(value, **inner)
        if settings:
            raise InputError(f"a recipe has no setting {', '.join(settings)}")
        return replace(self, **own)  # type: ignore[type-var]


@dataclass(frozen=True)
class Recipe(_Grouped):
    """Training by mini-batches on eq. 9; none of it is in the paper but j and the spread."""

    name: str
    passes: int = 10  # through all patterns
    batch: int = 64  # patterns a step
    optimiser: Optimiser = Optimiser()
    loss: Loss = Loss()
    initialisation: Initialisation = Initialisation()
    distortion: Distortion | None = None  # drawn afresh for each pattern in each pass
    supplement: Supplement = NOTHING_ADDED  # patterns added to the data set

    def __post_init__(self) -> None:
        _bounded(self, {"passes": (1, 100_000), "batch": (1, 65_536)})
        if self.loss.j is None:
            raise InputError(f"the recipe {self.name} descends eq. 9: its j must be a number")

    def rates(self, patterns: int) -> NDArray[np.float32]:
        """The rate of every step, (passes, steps a pass) float32, for a data set of `patterns`."""
        steps, how = -(-patterns // self.batch), self.optimiser
        done = (np.arange(self.passes * steps) + 0.5) / (self.passes * steps)  # share of the training
        falling = np.clip((1 - done) / max(1 - how.warm_up, 1e-9), 0, 1)
        if how.schedule == "cosine":
            falling = (1 - np.cos(np.pi * falling)) / 2
        rising = done / how.warm_up if how.warm_up else np.ones_like(done)
        rates = how.rate * np.where(done < how.warm_up, rising, falling)
        return rates.astype(np.float32).reshape(-1, steps)

    def with_passes(self, passes: int) -> Recipe:
        """The same recipe with another number of passes."""
        return replace(self, passes=passes)


# Of whole lines (Section VI): names of graph_transformer.py.
CRITERIA = ("discriminative-forward", "discriminative-viterbi", "viterbi")


@dataclass(frozen=True)
class GraphSettings:
    """What is learnt from lines, beside single patterns (Section VI)."""

    criterion: str = CRITERIA[0]
    method: str = "segmentation"  # of reading: or "displacement"
    lines_per_pass: int = 2_000
    patterns: int = 192  # single characters and non-characters of each step
    weight: float = 0.5  # of the lines' mean energy, where that of the patterns is 1
    hardest: float = (
        1000.0  # nats: a line of more energy is not learnt; it has other digits, or none that can be read
    )
    numbers_rate: float = 0.0  # peak rate of the reader's own numbers; 0 leaves them as they are
    least_share: float = (
        0.9  # of all paths that the best reading of an unlabelled line has, to be learnt (own_lines.py)
    )

    def __post_init__(self) -> None:
        _bounded(self, {"lines_per_pass": (1, 10_000_000), "patterns": (1, 65_536), "numbers_rate": (0, 100)})
        _bounded(self, {"least_share": (0, 1)})
        _positive(self, "weight", "hardest")
        if self.criterion not in CRITERIA:
            named = ", ".join(CRITERIA)
            raise InputError(f"criterion of a recipe must be one of {named}, not {self.criterion!r}")
        if self.method not in ("segmentation", "displacement"):
            raise InputError(
                f'method of a recipe must be "segmentation" or "displacement", not {self.method!r}'
            )


@dataclass(frozen=True)
class GraphRecipe(Recipe):
    """Training on whole lines, mixed with single patterns (graph_transformer_loop.py); `batch` counts lines."""

    graph: GraphSettings = GraphSettings()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimiser.beta2:
            raise InputError(f"the recipe {self.name} descends with momentum alone: its beta2 must be 0")


@dataclass(frozen=True)
class PaperRecipe(_Grouped):
    """Section III-B and Appendix C, one pattern at a time, and the choices where they are silent.

    docs/reproduction.md has the measurements behind the choices.
    """

    name: str = "paper"
    optimiser: LevenbergMarquardt = LevenbergMarquardt()
    loss: Loss = Loss(j=None, scale=0.25)
    initialisation: Initialisation = Initialisation(coefficient=0.5, bias=0.0)
    reshuffle: bool = True  # the order, and the 500 patterns: drawn for each pass, or once
    distortion: Distortion | None = None  # drawn afresh for each pattern in each pass

    @property
    def passes(self) -> int:
        """Passes through all patterns: 20 in the paper."""
        return len(self.optimiser.schedule)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as it is written to files, a dict for each group of settings."""
        return {"passes": self.passes, **super().to_dict()}

    def with_passes(self, passes: int) -> PaperRecipe:
        """The same recipe with another number of passes; the schedule is stretched to fit.

        Pass i of N uses the 20-pass schedule's rate at i/N: five passes of the paper's twenty have η of its
        passes 1, 5, 9, 13 and 17.

        Raises:
            InputError: passes out of bounds.
        """
        if not 1 <= passes <= 100_000:
            raise InputError(f"passes of a recipe must lie from 1 to 100,000, not be {passes}")
        schedule = self.optimiser.schedule
        return self.with_settings(schedule=tuple(schedule[i * self.passes // passes] for i in range(passes)))

    def with_loss(self, equation: int) -> PaperRecipe:
        """The same recipe descending eq. 8, or eq. 9 with its own j, or else 1.

        Raises:
            InputError: another equation.
        """
        if equation not in (8, 9):
            raise InputError(f"the paper's losses are its eq. 8 and eq. 9, not {equation}")
        nine = 1.0 if self.loss.j is None else self.loss.j
        return self.with_settings(j=None if equation == 8 else nine)


# Chosen on a writer-disjoint part of the training patterns (docs/reproduction.md); the test set had no say.
# Gentle bends keep what makes a digit itself; with stronger ones so small a network learns less, not more.
GENTLE = Distortion(
    translation=1.0, scaling=0.1, squeezing=0.08, shear=0.1, rotation=6.0, alpha=24.0, sigma=6.0, spread=0.9
)
FIRM = Distortion(
    translation=1.5, scaling=0.12, squeezing=0.1, shear=0.15, rotation=8.0, alpha=30.0, sigma=6.0, spread=0.8
)
FAST = Recipe(
    "fast",
    passes=30,
    batch=64,
    optimiser=Optimiser(rate=0.05, schedule="linear"),
    loss=Loss(j=20.0),
    distortion=GENTLE,
)
BEST = Recipe(
    "best",
    passes=120,
    batch=128,
    optimiser=Optimiser(rate=0.03, momentum=0.95, schedule="linear"),
    loss=Loss(j=20.0),
    distortion=FIRM,
    supplement=Supplement(variants=0.15),
)
# For an ensemble's experts (ensemble.py): which digit it is, in other writing styles too, and nothing else.
HANDS = replace(BEST, name="hands", supplement=Supplement(variants=0.5, drawn=15_000))
# For letters: those of real pens, in equal parts, beside EMNIST's.
LETTERS = replace(BEST, name="letters", passes=60, supplement=Supplement(drawn=60_000, real=1.0))
# For reading what people write, at some cost on MNIST itself: its writers are only a part of the patterns, and
# pieces of digits take as much room in so small a network as digits do.
READING = Recipe(
    "reading",
    passes=40,
    batch=64,
    optimiser=Optimiser(rate=0.05, schedule="linear"),
    loss=Loss(j=5.0),
    distortion=Distortion(
        translation=1.0, scaling=0.12, squeezing=0.12, shear=0.2, rotation=8.0,
        alpha=24.0, sigma=6.0, spread=0.9, thickness=0.4,
    ),
    supplement=Supplement(repeats=2, variants=0.5, drawn=30_000, lines=5_000, negatives=30_000, real=0.75),
)  # fmt: skip
# For signs, beside what reads digits (model/signs.py): half of the patterns are signs and digits of lines, so that a
# point, a slash and the pieces of digits are told apart.
SIGNS = replace(
    READING, name="signs", passes=20, supplement=Supplement(variants=0.5, sign_lines=6_000, negatives=3_000)
)
# For lines read by displacement: each window may show halves of its neighbours.
DISPLACEMENT = Recipe(
    "displacement",
    passes=24,
    batch=64,
    optimiser=Optimiser(rate=0.05, schedule="linear"),
    loss=Loss(j=5.0),
    distortion=Distortion(
        translation=0.8, scaling=0.08, squeezing=0.12, shear=0.15, rotation=5.0,
        alpha=20.0, sigma=6.0, spread=0.9, thickness=0.3,
    ),
    supplement=Supplement(variants=0.5, drawn=15_000, windows=20_000, negatives=10_000, real=0.6),
)  # fmt: skip
# For a trained network, with few examples of one person's writing mixed with others' (fine_tuning.py). Chosen so
# that one example a class already helps, on held-out writers (benchmarks/few_examples.py).
ADAPT = Recipe(
    "adapt",
    passes=8,
    batch=64,
    optimiser=Optimiser(rate=0.01, schedule="linear"),
    loss=Loss(j=20.0),
    distortion=FIRM,
)
# The same with lines whose text is known. They are rewritten in other styles already: gentler distortions.
ADAPT_LINES = Recipe(
    "adapt-lines",
    passes=14,
    batch=64,
    optimiser=Optimiser(rate=0.02, schedule="linear"),
    loss=Loss(j=5.0),
    distortion=Distortion(
        translation=0.7, scaling=0.07, squeezing=0.07, shear=0.08, rotation=5.0,
        alpha=24.0, sigma=6.0, spread=0.9, thickness=0.3,
    ),
)  # fmt: skip
# For a network that reads already: it goes on with whole lines, of which only the text is known.
GTN = GraphRecipe(
    "gtn",
    passes=6,
    batch=16,
    optimiser=Optimiser(rate=0.002, schedule="linear", ema=0.01),
    loss=READING.loss,
    distortion=READING.distortion,
    supplement=Supplement(variants=0.5, drawn=15_000, negatives=10_000, real=0.75),
    # Half of the generated lines are harder, and what they teach does not help with lines that people write.
    graph=GraphSettings(hardest=2.5),
)

PAPER = PaperRecipe()
# As many updates, each on a distorted pattern. Eq. 9: a little better here than eq. 8, within chance.
PAPER_DISTORTED = PaperRecipe("paper-distorted", distortion=PAPER_DISTORTIONS).with_loss(9)

# The one list of recipes: the command line's choices are its keys.
RECIPES: dict[str, Recipe | PaperRecipe] = {
    recipe.name: recipe
    for recipe in (
        FAST,
        BEST,
        HANDS,
        LETTERS,
        READING,
        SIGNS,
        DISPLACEMENT,
        GTN,
        ADAPT,
        PAPER,
        PAPER_DISTORTED,
    )
}
