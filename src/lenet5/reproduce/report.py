"""Figures by name to a folder with a page, drawings and numbers."""

from __future__ import annotations

import csv
import datetime
import importlib
import io
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import atomic
from ..errors import InputError, SaveError
from ..parallel import processor_name

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from .panel import Panel
    from .runs import Result, Run, Scale

__all__ = ["FIGURES", "Callbacks", "Figure", "Report", "reproduce"]


@dataclass(frozen=True)
class Figure:
    """A panel of the report.

    Args:
        shows: one line for people.
        needs: kinds of trainings that it is made from (runs.KINDS).
        maker: "file.function" that makes it.
    """

    shows: str
    needs: tuple[str, ...]
    maker: str

    def make(self) -> Callable[..., Panel]:
        """The function, its file imported now."""
        file, name = self.maker.split(".")
        function: Callable[..., Panel] = getattr(importlib.import_module(f".{file}", __package__), name)
        return function


# In the order of the page.
FIGURES = {
    "architecture": Figure("every layer's counts (Fig. 2) and Table I", (), "network_figures.architecture"),
    "codes": Figure("the codes of Fig. 3", (), "network_figures.code_bitmaps"),
    "fig5": Figure("training and test error by pass", ("paper",), "training_figures.by_pass"),
    "fig6": Figure(
        "errors by size of the training set", ("paper", "sizes", "distorted"), "training_figures.by_size"
    ),
    "fig7": Figure("distorted patterns", ("paper", "distorted"), "training_figures.distortions"),
    "fig8": Figure("every mistake, with truth and answer", ("distorted",), "error_figures.mistakes"),
    "fig9": Figure(
        "LeNet-5 beside other methods", ("paper", "distorted", "best"), "error_figures.neighbours"
    ),
    "fig10": Figure(
        "what is rejected for an error of 0.5%", ("paper", "distorted"), "error_figures.rejection"
    ),
    "fig11": Figure("multiply–adds", (), "network_figures.work"),
    "fig12": Figure("memory", (), "network_figures.memory"),
    "fig13": Figure(
        "unusual, distorted and noisy characters",
        ("paper", "distorted", "noisy"),
        "robustness_figure.robustness",
    ),
    "maps": Figure("weights, and one character through all layers", ("paper",), "network_figures.maps"),
    "modern": Figure("the same network by the recipe best", ("best",), "error_figures.modern"),
    "gtn": Figure(
        "the whole reader trained (Sections VI, VII)", ("lines", "columns"), "global_training.global_training"
    ),
}


@dataclass(frozen=True)
class Report:
    """The page that was made, and the panels on it."""

    page: Path
    panels: list[Panel]


def check(names: Sequence[str], pattern: int, patterns: int) -> list[str]:
    """Names of figures in the order of the page.

    Args:
        names: all figures if empty.
        pattern: test pattern to be shown.
        patterns: how many there are.

    Raises:
        InputError: for a name or a pattern that there is not.
    """
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        raise InputError(f"there is no figure {unknown[0]!r}; there are {', '.join(FIGURES)}")
    if not 0 <= pattern < patterns:
        raise InputError(f"there is no test pattern {pattern}: they are numbered from 0 to {patterns - 1:,}")
    return [name for name in FIGURES if not names or name in names]


@dataclass(frozen=True)
class Callbacks:
    """Functions that are called as the work goes on.

    Args:
        planned: with the trainings, before they begin.
        progress: with work as it is done, in the unit of Run.work, from any thread.
        done: with each training that has ended, and whether it was kept from before.
        drawing: with a figure's name and the share of it that is made.
    """

    planned: Callable[[list[Run]], None] = lambda runs: None
    progress: Callable[[float], None] = lambda work: None
    done: Callable[[Result, bool], None] = lambda result, kept: None
    drawing: Callable[[str, float], None] = lambda name, share: None


def reproduce(
    training: Dataset,
    test: Dataset,
    out: Path,
    names: Sequence[str] = (),
    *,
    scale: Scale | None = None,
    pattern: int = 0,
    workers: int = 1,
    callbacks: Callbacks | None = None,
    command: str = "",
) -> Report:
    """Make figures of the paper in a folder: a page (page_name), figures/ (SVG, PNG), numbers/ (JSON, CSV), runs/.

    A later call with the same folder continues the trainings in runs/.

    Args:
        training, test: MNIST's patterns.
        out: the folder.
        names: of figures (FIGURES); all if empty.
        scale: how much is done; runs.FULL unless given.
        pattern: the test pattern that goes through all layers.
        workers: trainings at the same time.
        callbacks: called as the work goes on.
        command: line that started it, for the page.

    Returns:
        The page, and the panels on it.

    Raises:
        InputError: a figure or a pattern that there is not.
        MissingExtraError: Matplotlib is not installed.
        SaveError: the folder cannot be written.
    """
    from . import charts, html_page, runs
    from .panel import Material

    charts.check()
    chosen = check(names, pattern, len(test))
    scale, callbacks = scale or runs.FULL, callbacks or Callbacks()
    _make(out / "figures")  # now: a place that cannot be written shows before the work
    _make(out / "numbers")
    needs = {kind for name in chosen for kind in FIGURES[name].needs}
    plan = runs.planned(needs, scale, len(training))
    callbacks.planned(plan)
    trained = runs.train_all(
        plan, training, test, out / "runs", workers=workers, command="lenet5 reproduce",
        progress=callbacks.progress, done=callbacks.done,
    )  # fmt: skip
    results = {kind: [trained[run] for run in plan if run.kind == kind] for kind in needs}
    panels = []
    for name in chosen:
        callbacks.drawing(name, 0.0)
        material = Material(training, test, results, scale, pattern, partial(callbacks.drawing, name))
        panels.append(FIGURES[name].make()(material))
        write_panel(panels[-1], out)
    lines = facts(list(trained.values()), training, test, command)
    page = out / page_name(chosen)
    atomic.write(page, html_page.page(panels, lines, warning(scale)).encode())
    return Report(page, panels)


def page_name(names: Sequence[str]) -> str:
    """The file of the page with these figures: index.html has all, so that a single one does not replace them."""
    return "index.html" if list(names) == list(FIGURES) else f"{'-'.join(names)}.html"


def warning(scale: Scale) -> str:
    """A sentence for the top of the page where less was done than in the full run; "" for the full run."""
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


def facts(results: Sequence[Result], training: Dataset, test: Dataset, command: str = "") -> list[str]:
    """Sentences with what a reader needs to repeat it: date, command, machine, versions, data, trainings, times."""
    import numpy as np

    from .._version import __version__

    machine = (
        f"{processor_name()}, {platform.system()}, Python {platform.python_version()}, NumPy {np.__version__}"
    )
    lines = [
        f"Made on {datetime.date.today():%d %B %Y}" + (f" by `{command}`." if command else "."),
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


def write_panel(panel: Panel, out: Path) -> None:
    """Write a panel's drawings, and its numbers as JSON and CSV."""
    for drawing in panel.drawings:
        atomic.write(out / "figures" / drawing.name, drawing.contents)
    contents = {
        "title": panel.title,
        "published": panel.published,
        "ours": panel.ours,
        "difference": panel.difference,
        **panel.numbers,
    }
    text = json.dumps(contents, indent=1, ensure_ascii=False, default=float)
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
