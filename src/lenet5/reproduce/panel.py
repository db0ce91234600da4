"""A panel of the report as data: the published figure, ours, and how far apart the two are."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..data.dataset import Dataset
from ..evaluation.classification import Evaluation, evaluate
from .runs import Result, Scale

LEAST_SEEDS = 3  # for a standard deviation

__all__ = ["Cell", "Drawing", "Material", "Panel", "Sample", "Table", "compared", "points"]


@dataclass(frozen=True)
class Sample:
    """The same figure from several seeds."""

    values: tuple[float, ...]

    @staticmethod
    def of(values: Iterable[float]) -> Sample:
        """From numbers of any kind."""
        return Sample(tuple(float(value) for value in values))

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.mean(self.values)

    @property
    def spread(self) -> float:
        """Their standard deviation; 0 for one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else 0.0

    @property
    def has_spread(self) -> bool:
        """Whether there are enough values for a standard deviation that says something."""
        return len(self.values) >= LEAST_SEEDS

    def percent(self, digits: int = 2) -> str:
        """Shares as text: 0.94% ± 0.05% (5 seeds)."""
        if len(self.values) == 2:
            return f"{self.mean:.{digits}%} ({self.seeds}: {self._both(digits)})"
        return f"{self.short(digits)} ({self.seeds})"

    def _both(self, digits: int) -> str:
        return ", ".join(f"{value:.{digits}%}" for value in self.values)

    def short(self, digits: int = 2) -> str:
        """Shares as text, without the number of seeds; of two seeds both values instead of a deviation."""
        mean = f"{self.mean:.{digits}%}"
        if not self.has_spread:
            return mean if len(self.values) < 2 else f"{mean} ({self._both(digits)})"
        rounded = f"{self.spread:.{digits}%}"
        return (
            f"{mean} ± {rounded}" if float(rounded[:-1]) else f"{mean} ± less than {10**-digits:.{digits}f}%"
        )

    @property
    def seeds(self) -> str:
        """How many, as text."""
        return f"{len(self.values)} seed{'s' if len(self.values) > 1 else ''}"

    def to_dict(self) -> dict[str, Any]:
        """Mean, standard deviation and values, as JSON values."""
        return {"mean": self.mean, "standard_deviation": self.spread, "values": list(self.values)}


def points(share: float, other: float, digits: int = 2) -> float:
    """Percentage points from another share to a share, of both as they are printed: 1.11% − 0.95% is 0.16."""
    return round(100 * share, digits) - round(100 * other, digits)


def compared(ours: Sample, published: float, allowance: float = 0.0, digits: int = 2) -> str:
    """The distance of a share of ours from a published one: 0.01 points below the published 0.95%, within …

    Args:
        ours: shares, 0 … 1.
        published: share.
        allowance: the spread that the paper itself gives for its figure.
        digits: after the decimal point, in per cent.
    """
    gap = points(ours.mean, published, digits)
    if abs(gap) < 0.5 * 10**-digits:
        return f"the published {published:.{digits}%}"
    text = (
        f"{abs(gap):.{digits}f} points {'above' if gap > 0 else 'below'} the published {published:.{digits}%}"
    )
    spread = ours.spread if ours.has_spread else 0.0
    room = 100 * max(allowance, spread)
    if not room:
        return text + (" (one seed)" if len(ours.values) == 1 else f" ({ours.seeds})")
    whose = "the paper's own" if allowance >= spread else "our"
    return f"{text}, {'within' if abs(gap) <= room else 'outside'} {whose} ±{room:.{digits}f}"


@dataclass(frozen=True)
class Cell:
    """One character of a sheet, for the page to set with text of its own.

    Args:
        png: the character, a PNG file.
        text: below it.
        wrong: whether the text says that it was misread.
    """

    png: bytes
    text: str
    wrong: bool = False


@dataclass(frozen=True)
class Drawing:
    """A picture of a panel.

    Args:
        name: of its file, .svg or .png.
        contents: of the file.
        alt: the text alternative.
        caption: below it.
        rows: the same in rows of single characters, each with a heading; the page shows these where there are any.
        coloured: whether its colours have a meaning, so that a dark page may not invert them.
    """

    name: str
    contents: bytes
    alt: str
    caption: str = ""
    rows: Sequence[tuple[str, Sequence[Cell]]] = ()
    coloured: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a panel.

    Args:
        name: of its CSV file.
        heads, rows: cells.
        caption: above it.
        folded: whether it is hidden until its caption is clicked.
    """

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Panel:
    """One figure: what is published, what is ours, and one sentence on the difference.

    Args:
        key: in FIGURES, and the name of its JSON file.
        title, published, ours, difference: sentences.
        drawings, tables, notes: below them.
        numbers: JSON values.
    """

    key: str
    title: str
    published: str
    ours: str
    difference: str
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Material:
    """The data that panels are made from.

    Args:
        training, test: patterns.
        results: of every training, by kind (runs.KINDS).
        scale: how much was done.
        pattern: of the test set, to be shown in all layers.
        progress: called with the share, 0 … 1, of a long measurement that is done.
    """

    training: Dataset
    test: Dataset
    results: dict[str, list[Result]]
    scale: Scale
    pattern: int = 0
    progress: Callable[[float], None] = lambda share: None

    @cached_property
    def _evaluations(self) -> dict[int, Evaluation]:
        return {}

    def evaluation(self, result: Result) -> Evaluation:
        """The answers of a network to the test patterns, computed once."""
        if id(result) not in self._evaluations:
            self._evaluations[id(result)] = evaluate(result.model, self.test)
        return self._evaluations[id(result)]

    def errors(self, kind: str) -> Sample:
        """Test errors, shares, of the trainings of a kind."""
        return Sample.of(result.test_error for result in self.results[kind])

    def middle(self, kind: str) -> Result:
        """The training whose test error is the median: the one to be shown."""
        ranked = sorted(self.results[kind], key=lambda result: result.test_error)
        return ranked[(len(ranked) - 1) // 2]
