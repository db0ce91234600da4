"""Panel on training the whole reader (Sections VI and VII): errors on lines before and after, for both readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.synthesis.text_lines import Line, Source, line
from ..errors import PictureError
from ..evaluation.strings import StringEvaluation
from ..model.classifier import Classifier
from ..model.load import find
from ..reading import over_segmentation, space_displacement
from . import published
from .panel import Material, Panel, Sample, Table, points
from .runs import WEIGHTS

__all__ = ["global_training"]

SEED = 6_000_000  # of the lines that are read; training has seeds from 0 on
READERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "lines": ("over-segmentation (Section V)", over_segmentation.read_string),
    "columns": ("space displacement (Section VII)", space_displacement.read_string),
}


@dataclass(frozen=True)
class _Errors:
    """Shares of strings and of characters that are wrong."""

    strings: Sample
    characters: Sample

    @staticmethod
    def of(evaluations: list[StringEvaluation]) -> _Errors:
        return _Errors(
            Sample.of(1 - one.exact for one in evaluations),
            Sample.of(one.character_error for one in evaluations),
        )

    def to_dict(self) -> dict[str, Any]:
        return {"strings": self.strings.to_dict(), "characters": self.characters.to_dict()}


def global_training(material: Material) -> Panel:
    """Sections VI and VII: lines of writers who are not trained on, read before and after global training."""
    written = list(_written(material.test, material.scale.lines_read))
    models: list[tuple[str, Classifier | None]] = [(kind, None) for kind in READERS]
    models += [(kind, result.model) for kind in READERS for result in material.results[kind]]
    evaluations: dict[tuple[str, bool], list[StringEvaluation]] = {}
    for number, (kind, model) in enumerate(models):
        read = READERS[kind][1]
        evaluation = _read(written, model or find(WEIGHTS[kind]).members[0], read)
        evaluations.setdefault((kind, model is not None), []).append(evaluation)
        material.progress((number + 1) / len(models))
    before, after = (
        {kind: _Errors.of(evaluations[kind, done]) for kind in READERS} for done in (False, True)
    )
    rows = [
        [name, when, errors[kind].strings.short(1), errors[kind].characters.short(1)]
        for kind, (name, _) in READERS.items()
        for when, errors in (("before", before), ("after", after))
    ]
    seeds = after["lines"].strings.seeds
    lines = material.results["lines"][0].run.recipe
    return Panel(
        key="gtn",
        title="Sections VI and VII: the whole reader trained",
        published="Sections VI and VII print no error on strings to compare with. The system of Section X read "
        f"{published.CHECKS_RIGHT:.0%} of {published.CHECKS} business checks right, {published.CHECKS_WRONG:.0%} "
        f"wrong, and rejected {published.CHECKS_REJECTED:.0%}.",
        ours="Wrong strings before and after: "
        + "; ".join(
            f"{name} {before[kind].strings.short(1)}, then {after[kind].strings.short(1)}"
            for kind, (name, _) in READERS.items()
        )
        + f" ({seeds}, {len(written)} synthetic lines of writers who are not trained on).",
        difference=_difference(before, after),
        tables=[Table("gtn", ("reader", "global training", "wrong strings", "wrong characters"), rows)],
        notes=[
            f"Discriminative forward training (Section VI-E), {lines.passes} passes of "
            f"{material.scale.lines:,} lines, which are mixed with single characters, from the weights of the package.",
            "The lines are hard on purpose: digits overlap and touch, zeros are tied, points and dashes stand between.",
        ],
        numbers={
            "lines": len(written),
            "before": {kind: errors.to_dict() for kind, errors in before.items()},
            "after": {kind: errors.to_dict() for kind, errors in after.items()},
        },
    )


def _difference(before: dict[str, _Errors], after: dict[str, _Errors]) -> str:
    """How many points global training gains or loses, in a sentence."""
    changes = []
    for kind, (name, _) in READERS.items():
        gap = points(after[kind].strings.mean, before[kind].strings.mean, 1)
        what = f"{abs(gap):.1f} points {'fewer' if gap < 0 else 'more'}" if gap else "as many"
        changes.append(f"{what} by {name}")
    return f"Strings that are wrong after global training: {' and '.join(changes)}."


def _written(test: Dataset, count: int) -> Iterator[Line]:
    """Lines with some text, of the test patterns' digits and of drawn ones; the same each time."""
    digits = np.array([test.classes.index(name) for name in "0123456789"])
    value = np.full(len(test.classes), -1)
    value[digits] = np.arange(10)
    values = value[test.labels]
    source = Source(test.images[values >= 0], values[values >= 0])
    for number in range(count):
        one = line(source, np.random.Generator(np.random.PCG64([SEED, number])))
        if one.digits:
            yield one


def _read(written: list[Line], model: Classifier, read: Callable[..., Any]) -> StringEvaluation:
    """The lines, read."""

    def answer(foreground: NDArray[np.float32]) -> tuple[str, float]:
        try:
            string = read(foreground, model, best=1)
        except PictureError:
            return "", 0.0
        return string.text, string.confidence

    return StringEvaluation(
        tuple((str(number), one.text, *answer(one.foreground)) for number, one in enumerate(written))
    )
