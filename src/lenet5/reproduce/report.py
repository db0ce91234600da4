"""From the figures that are asked for to a folder with a page, pictures and numbers."""

from __future__ import annotations

import csv
import importlib
import io
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import atomic
from ..errors import InputError, SaveError

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from .panel import Panel
    from .runs import Result, Run, Scale

__all__ = ["FIGURES", "Figure", "Report", "reproduce"]


@dataclass(frozen=True)
class Figure:
    """A panel that can be asked for: what it shows, which trainings it needs (runs.KINDS), what makes it."""

    shows: str
    needs: tuple[str, ...]
    maker: str  # file and function

    def make(self) -> Callable[..., Panel]:
        """The function, its file imported now."""
        file, name = self.maker.split(".")
        return getattr(importlib.import_module(f".{file}", __package__), name)


# In the order of the page.
FIGURES = {
    "architecture": Figure("every layer's counts (Fig. 2) and Table I", (), "network.architecture"),
    "codes": Figure("the codes of Fig. 3", (), "network.drawn_codes"),
    "fig5": Figure("training and test error by pass", ("paper",), "training.by_pass"),
    "fig6": Figure("errors by size of the training set", ("paper", "sizes", "distorted"), "training.by_size"),
    "fig7": Figure("distorted patterns", ("paper", "distorted"), "training.distortions"),
    "fig8": Figure("every mistake, with truth and answer", ("distorted",), "testing.mistakes"),
    "fig9": Figure("LeNet-5 beside other methods", ("paper", "distorted", "best"), "testing.neighbours"),
    "fig10": Figure("what is rejected for an error of 0.5%", ("paper", "distorted"), "testing.rejection"),
    "fig11": Figure("multiply–adds", (), "network.work"),
    "fig12": Figure("memory", (), "network.memory"),
    "fig13": Figure(
        "unusual, distorted and noisy characters", ("paper", "distorted", "noisy"), "characters.robustness"
    ),
    "maps": Figure("weights, and one character through all layers", ("paper",), "network.maps"),
    "record": Figure("the same network by the recipe best", ("best",), "testing.record"),
}


@dataclass(frozen=True)
class Report:
    """What was made: the page, and the panels on it."""

    page: Path
    panels: list[Panel]


def check(names: Sequence[str], pattern: int, patterns: int) -> list[str]:
    """The figures' names in the order of the page, all of them where none is named. Raises InputError."""
    strange = [name for name in names if name not in FIGURES]
    if strange:
        raise InputError(f"there is no figure {strange[0]!r}; there are {', '.join(FIGURES)}")
    if not 0 <= pattern < patterns:
        raise InputError(f"there is no test pattern {pattern}: they are numbered from 0 to {patterns - 1:,}")
    return [name for name in FIGURES if not names or name in names]


def reproduce(
    training: Dataset,
    test: Dataset,
    out: Path,
    names: Sequence[str] = (),
    *,
    scale: Scale | None = None,
    seeds: int | None = None,
    pattern: int = 0,
    workers: int = 1,
    planned: Callable[[list[Run]], None] = lambda runs: None,
    progress: Callable[[float], None] = lambda work: None,
    done: Callable[[Result, bool], None] = lambda result, kept: None,
    drawing: Callable[[str, float], None] = lambda name, share: None,
) -> Report:
    """Make the figures of these names (FIGURES; all unless given) in the folder `out`.

    There: index.html, figures/ (SVG, PNG), numbers/ (JSON, CSV) and runs/, the trainings, which a later call
    goes on from. scale: runs.FULL unless given; seeds: of each training, instead of the scale's. pattern: the
    test pattern that goes through all layers. workers, progress, done: see runs.train_all. planned: told the
    trainings before they begin; drawing: told (figure, share of it that is made).
    Raises InputError, MissingExtraError (Matplotlib), SaveError, and what train.train raises.
    """
    from .charts import check as check_matplotlib
    from .panel import Material
    from .runs import FULL, train_all
    from .runs import planned as plan

    check_matplotlib()
    chosen = check(names, pattern, len(test))
    scale = scale or FULL
    scale = replace(scale, seeds=seeds or scale.seeds)
    _make(out / "figures")  # now: a place that cannot be written shows before the work
    _make(out / "numbers")
    needs = {kind for name in chosen for kind in FIGURES[name].needs}
    runs = plan(needs, scale, len(training))
    planned(runs)
    found = train_all(runs, training, test, out / "runs", workers=workers, progress=progress, done=done)
    results = {kind: [found[run] for run in runs if run.kind == kind] for kind in needs}
    panels = []
    for name in chosen:
        drawing(name, 0.0)
        told = lambda share, name=name: drawing(name, share)  # noqa: E731
        panel = FIGURES[name].make()(Material(training, test, results, scale, pattern, told))
        keep(panel, out)
        panels.append(panel)
    from .page import page

    text = page(panels, facts(list(found.values()), training, test), warning(scale, found.values()))
    atomic.write(out / "index.html", text.encode())
    return Report(out / "index.html", panels)


def warning(scale: Scale, results: Sequence[Result]) -> str:
    """What the page says at its top where less was done than in the full run; nothing for that."""
    from .runs import FULL

    if scale == FULL:
        return ""
    less = []
    if scale.seeds < FULL.seeds:
        less.append(f"{scale.seeds} seed{'s' if scale.seeds > 1 else ''} instead of {FULL.seeds}")
    if scale.passes:
        less.append(f"at most {scale.passes} passes of a training")
    if scale.distorted_test:
        less.append(f"{scale.distorted_test:,} changed test patterns in Fig. 13")
    if not less:
        return ""
    return (
        f"Not the full run: {', '.join(less)}. Errors are higher than in it, and spreads less certain; "
        "lenet5 reproduce makes it all."
        if scale.passes
        else f"Not the full run: {', '.join(less)}; spreads are less certain."
    )


def facts(results: Sequence[Result], training: Dataset, test: Dataset) -> list[str]:
    """What a reader needs to know to make the same."""
    import numpy as np

    from .._version import __version__

    machine = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, NumPy {np.__version__}"
    lines = [
        f"lenet5 {__version__}; {machine}.",
        f"Patterns: {training.name} ({len(training):,}) and {test.name} ({len(test):,}); the latter chose nothing.",
    ]
    if results:
        seconds = sum(result.seconds for result in results)
        recipes = ", ".join(
            sorted({f"{result.run.recipe.name} ({result.run.recipe.passes} passes)" for result in results})
        )
        lines.append(
            f"{len(results)} trainings, one on a core, {seconds / 60:.1f} minutes of them in all, by the recipes "
            f"{recipes}; models, logs and figures are in the folder runs, numbers in the folder numbers."
        )
    return lines


def keep(panel: Panel, out: Path) -> None:
    """Write a panel's pictures, and its numbers as JSON and CSV."""
    for drawing in panel.drawings:
        atomic.write(out / "figures" / drawing.name, drawing.contents)
    said = {
        "title": panel.title,
        "published": panel.published,
        "ours": panel.ours,
        "difference": panel.difference,
        **panel.numbers,
    }
    text = json.dumps(said, indent=1, ensure_ascii=False, default=float)
    atomic.write(out / "numbers" / f"{panel.key}.json", text.encode())
    for table in panel.tables:
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([table.heads, *table.rows])
        atomic.write(out / "numbers" / f"{table.name}.csv", stream.getvalue().encode())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(
            f"cannot make the folder {folder}: {error.strerror or error}; choose another with --out"
        ) from error
