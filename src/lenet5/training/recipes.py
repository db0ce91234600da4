"""Recipes: how a network is trained, and the named ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..network.distortion import PAPER as PAPER_DISTORTIONS
from ..network.distortion import Distortion

__all__ = [
    "ADAPT",
    "ADAPT_LINES",
    "BEST",
    "DISPLACEMENT",
    "FAST",
    "HANDS",
    "PAPER",
    "PAPER_DISTORTED",
    "READING",
    "RECIPES",
    "PaperRecipe",
    "Recipe",
]


@dataclass(frozen=True)
class Recipe:
    """Mini-batch gradient descent with momentum on eq. 9; none of it is in the paper but j and the spread.

    The rate rises from 0 to its peak, then falls to 0 at the last step (see `rates`).
    """

    name: str
    passes: int = 10  # through all patterns
    batch: int = 64  # patterns a step
    rate: float = 0.02  # the peak
    warm_up: float = 0.05  # share of all steps in which the rate rises
    schedule: str = "cosine"  # how it falls: "cosine" or "linear"
    momentum: float = 0.9  # v = momentum·v + gradient + decay·w; w −= rate·v
    squares: float = 0.0  # if not 0, steps are divided by the root mean squared gradient (engine.Trainer)
    decay: float = 0.0
    j: float = 1.0  # eq. 9: the penalty of the rubbish class
    scale: float = 0.1  # the penalties are multiplied by it before eq. 9 (losses.py)
    averaging: float = 0.0  # share by which an average follows the parameters each step; 0: none is kept
    distortion: Distortion | None = None  # drawn afresh for each pattern in each pass
    repeats: int = 1  # times the data set's own patterns come in a pass
    # Added to them (supplement.py):
    variants: float = 0.0  # share of the 1s and 7s, once more as others write them
    drawn: int = 0  # digits drawn with a pen
    lines: int = 0  # lines of digits, cut into what is one and what is none
    windows: int = 0  # lines of digits, as a network that is displaced along them sees them
    nothing: int = 0  # other patterns that are no character
    spread: float = 1.0  # parameters start uniform in ±spread / F_i^power: the paper's are 2.4 and 1
    power: float = 0.5
    coefficient: float | None = None  # where those of S2 and S4 start; None: as all other parameters

    def __post_init__(self) -> None:
        bounds = {
            "passes": (1, 100_000),
            "batch": (1, 65_536),
            "warm_up": (0, 1),
            "momentum": (0, 0.99999),
            "squares": (0, 0.99999),
            "averaging": (0, 1),
            "repeats": (1, 1_000),
            "variants": (0, 1),
            "drawn": (0, 10_000_000),
            "lines": (0, 1_000_000),
            "windows": (0, 1_000_000),
            "nothing": (0, 10_000_000),
        }
        for key, (least, most) in bounds.items():
            if not least <= getattr(self, key) <= most:
                raise InputError(
                    f"{key} of a recipe must lie from {least} to {most:,}, not be {getattr(self, key)}"
                )
        for key in ("rate", "scale", "spread"):
            if not 0 < getattr(self, key) < np.inf:
                raise InputError(f"{key} of a recipe must be more than 0, not {getattr(self, key)}")
        if not (self.decay >= 0 and np.isfinite(self.j) and np.isfinite(self.power)):
            raise InputError("decay of a recipe must not be negative, and j and power must be finite")
        if self.schedule not in ("cosine", "linear"):
            raise InputError(f'schedule of a recipe must be "cosine" or "linear", not {self.schedule!r}')

    def rates(self, patterns: int) -> NDArray[np.float32]:
        """The rate of every step, (passes, steps a pass) float32, for a data set of `patterns`."""
        steps = -(-patterns // self.batch)
        done = (np.arange(self.passes * steps) + 0.5) / (
            self.passes * steps
        )  # share of the training behind us
        falling = np.clip((1 - done) / max(1 - self.warm_up, 1e-9), 0, 1)
        if self.schedule == "cosine":
            falling = (1 - np.cos(np.pi * falling)) / 2
        rising = done / self.warm_up if self.warm_up else np.ones_like(done)
        return (
            (self.rate * np.where(done < self.warm_up, rising, falling)).astype(np.float32).reshape(-1, steps)
        )

    @property
    def supplements(self) -> bool:
        """Whether it adds patterns to the data set."""
        return self.repeats > 1 or bool(
            self.variants or self.drawn or self.lines or self.windows or self.nothing
        )

    def data(self) -> dict[str, Any]:
        """The recipe as it is written to files."""
        return asdict(self)

    def with_passes(self, passes: int) -> Recipe:
        """The same recipe with another number of passes."""
        return replace(self, passes=passes)


@dataclass(frozen=True)
class PaperRecipe:
    """Section III-B and Appendix C, one pattern at a time (sdlm.py), and the choices where they are silent."""

    name: str = "paper"
    # η of each pass
    schedule: tuple[float, ...] = (5e-4,) * 2 + (2e-4,) * 3 + (1e-4,) * 3 + (5e-5,) * 4 + (1e-5,) * 8
    mu: float = 0.02  # Appendix C: keeps a flat direction's rate below η/μ
    curvature_patterns: int = 500  # behind each estimate of h_kk
    # not in the paper, or not by number; docs/reproduction.md has the measurements:
    j: float | None = None  # eq. 9: the penalty of the rubbish class; None: eq. 8
    scale: float = 0.25  # penalties are multiplied by it (losses.py)
    curvature_scale: float = 8.0  # h_kk is multiplied by it: with the scale, F6 has a curvature of 4 at first
    spread: float = 1.0  # weights start uniform in ±spread/F_i^power; the paper prints ±2.4/F_i
    power: float = 0.5
    coefficient: float | None = 0.5  # where those of S2 and S4 start; None: as weights
    bias: float | None = 0.0  # where biases start; None: as weights
    reshuffle: bool = True  # the order, and the 500 patterns: drawn for each pass, or once
    distortion: Distortion | None = None  # drawn afresh for each pattern in each pass

    def __post_init__(self) -> None:
        positive = ("mu", "scale", "curvature_scale", "spread")
        if not self.schedule or min(self.schedule) <= 0 or min(getattr(self, name) for name in positive) <= 0:
            raise InputError(f"every rate of a schedule, and {', '.join(positive)}, must be more than 0")
        if self.j is not None and self.j < 0:
            raise InputError(f"j of eq. 9 must not be negative, as {self.j} is; None stands for eq. 8")
        if self.curvature_patterns < 1:
            raise InputError("the curvature needs at least one pattern")

    @property
    def passes(self) -> int:
        """Passes through all patterns: 20 in the paper."""
        return len(self.schedule)

    def data(self) -> dict[str, Any]:
        """The recipe as it is written to files."""
        return {"passes": self.passes, **asdict(self)}

    def with_passes(self, passes: int) -> PaperRecipe:
        """The same recipe with another number of passes, and its schedule shrunk or stretched to them.

        Pass i of N has the rate at which the schedule stands after the share i/N of its own passes: five
        passes of the paper's twenty have η of its passes 1, 5, 9, 13 and 17. Raises InputError for none.
        """
        if not 1 <= passes <= 100_000:
            raise InputError(f"passes of a recipe must lie from 1 to 100,000, not be {passes}")
        return replace(self, schedule=tuple(self.schedule[i * self.passes // passes] for i in range(passes)))

    def with_loss(self, equation: int) -> PaperRecipe:
        """The same recipe descending eq. 8, or eq. 9: with its own j, or else 1. Raises InputError."""
        if equation not in (8, 9):
            raise InputError(f"the paper's losses are its eq. 8 and eq. 9, not {equation}")
        return replace(self, j=None if equation == 8 else 1.0 if self.j is None else self.j)


# Chosen on a writer-disjoint part of the training patterns (docs/reproduction.md); the test set had no say.
# Gentle bends keep what makes a digit itself; with stronger ones so small a network learns less, not more.
GENTLE = Distortion(
    translation=1.0, scaling=0.1, squeezing=0.08, shear=0.1, rotation=6.0, alpha=24.0, sigma=6.0, spread=0.9
)
FIRM = Distortion(
    translation=1.5, scaling=0.12, squeezing=0.1, shear=0.15, rotation=8.0, alpha=30.0, sigma=6.0, spread=0.8
)
FAST = Recipe("fast", passes=30, batch=64, rate=0.05, schedule="linear", j=20.0, distortion=GENTLE)
BEST = Recipe(
    "best",
    passes=120,
    batch=128,
    rate=0.03,
    momentum=0.95,
    schedule="linear",
    j=20.0,
    distortion=FIRM,
    variants=0.15,
)
# For an ensemble's experts (ensemble.py): which digit it is, as other hands write them too, and nothing else.
HANDS = replace(BEST, name="hands", variants=0.5, drawn=15_000)
# For reading what people write, at some cost on MNIST itself: its writers are a part of what is learnt, and pieces
# of digits take as much room in so small a network as digits do.
READING = Recipe(
    "reading",
    passes=40,
    batch=64,
    rate=0.05,
    schedule="linear",
    j=5.0,
    distortion=Distortion(
        translation=1.0, scaling=0.12, squeezing=0.12, shear=0.2, rotation=8.0,
        alpha=24.0, sigma=6.0, spread=0.9, thickness=0.4,
    ),
    repeats=2,
    variants=0.5,
    drawn=30_000,
    lines=5_000,
    nothing=30_000,
)  # fmt: skip
# For lines read by displacement: each window may show halves of its neighbours.
DISPLACEMENT = Recipe(
    "displacement",
    passes=40,
    batch=64,
    rate=0.05,
    schedule="linear",
    j=5.0,
    distortion=Distortion(
        translation=0.8, scaling=0.08, squeezing=0.08, shear=0.12, rotation=5.0,
        alpha=20.0, sigma=6.0, spread=0.9, thickness=0.3,
    ),
    drawn=20_000,
    windows=24_000,
)  # fmt: skip
# For a trained network, with few examples of one person's writing mixed with others' (adapting.py). Chosen so
# that one example a class already helps, on held-out writers (benchmarks/few_examples.py).
ADAPT = Recipe("adapt", passes=8, batch=64, rate=0.01, schedule="linear", j=20.0, distortion=FIRM)
# The same with lines whose text is known. They are rewritten by other hands already: gentler distortions.
ADAPT_LINES = Recipe(
    "adapt-lines",
    passes=14,
    batch=64,
    rate=0.02,
    schedule="linear",
    j=5.0,
    distortion=Distortion(
        translation=0.7, scaling=0.07, squeezing=0.07, shear=0.08, rotation=5.0,
        alpha=24.0, sigma=6.0, spread=0.9, thickness=0.3,
    ),
)  # fmt: skip

PAPER = PaperRecipe()
# As many updates, each on a distorted pattern. Eq. 9: a little better here than eq. 8, within chance.
PAPER_DISTORTED = PaperRecipe("paper-distorted", j=1.0, distortion=PAPER_DISTORTIONS)

RECIPES = {
    recipe.name: recipe
    for recipe in (FAST, BEST, HANDS, READING, DISPLACEMENT, ADAPT, PAPER, PAPER_DISTORTED)
}
