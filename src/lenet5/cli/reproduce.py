"""`lenet5 reproduce`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..reproduce import FIGURES
from .progress import downloads, width

if TYPE_CHECKING:
    from ..reproduce import Callbacks
    from ..reproduce.runs import Result, Run

__all__ = ["reproduce_command"]


def _list(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo("\n".join(f"{name:12}  {figure.shows}" for name, figure in FIGURES.items()))
        context.exit()


@click.command("reproduce")
@click.argument("figures", nargs=-1, type=click.Choice(list(FIGURES)), metavar="[FIGURE]...")
@click.option("--quick", is_flag=True, help="Fewer seeds, passes and patterns: a minute, and less certain.")
@click.option(
    "--seeds", type=click.IntRange(1), help="Seeds of each training.  [default: 5, or 2 with --quick]"
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reproduction"),
    show_default=True,
    help="Folder for the report, its figures and numbers, and the trainings that it goes on from.",
)
@click.option(
    "--pattern",
    type=click.IntRange(0),
    help="Test pattern that is shown in all layers (maps).  [default: 0]",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="Show the figures there are.",
)
@click.option(
    "--threads", type=click.IntRange(1), help="Trainings at the same time  [default: one for each core]"
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print where the report is, and its sentences, as JSON."
)
@click.pass_context
def reproduce_command(
    context: click.Context, figures: tuple[str, ...], quick: bool, seeds: int | None, out: Path,
    pattern: int | None, threads: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Reproduce the paper's figures beside the published ones.

    The networks are trained as in 1998. The result is a page, index.html, that needs nothing else. With FIGUREs
    named, only these are made, on a page of their own such as maps.html; all of them take twenty minutes on
    two free cores. Interrupt it when you like: the same command goes on, and a pass of each training under way is
    lost at most. Needs Matplotlib (lenet5-1998[plots]).
    """
    if pattern is not None and figures and "maps" not in figures:
        raise click.UsageError("--pattern is for the figure maps: name it too, or leave --pattern out")
    from dataclasses import replace

    from ..data.dataset import load
    from ..reproduce import reproduce
    from ..reproduce.charts import check
    from ..reproduce.runs import FULL, QUICK

    check()
    with downloads() as progress:
        training, test = (load("mnist", split=split, progress=progress) for split in ("train", "test"))
    scale = QUICK if quick else FULL
    display = _Display(quiet=as_json)
    try:
        with display.bar:
            report = reproduce(
                training, test, out, figures, scale=replace(scale, seeds=seeds or scale.seeds), pattern=pattern or 0,
                workers=_workers(threads), callbacks=display.callbacks(),
                command=context.obj or "",
            )  # fmt: skip
    except KeyboardInterrupt:
        click.echo(
            f"\ninterrupted with {display.ended} of {display.total} trainings done; go on with: {context.obj}",
            err=True,
        )
        return 130
    if as_json:
        sentences = ("key", "title", "published", "ours", "difference")
        panels = [{name: getattr(panel, name) for name in sentences} for panel in report.panels]
        click.echo(json.dumps({"page": str(report.page), "panels": panels}))
        return 0
    for panel in report.panels:
        click.echo(f"{panel.title}\n    {panel.ours}")
    click.echo(f"the report is in {report.page}")
    return 0


class _Display:
    """A bar of the work on standard error, and a line on standard output for each training that ends.

    Args:
        quiet: no lines, for JSON is printed.
    """

    def __init__(self, quiet: bool) -> None:
        from tqdm import tqdm

        self.quiet = quiet
        self.ended = self.total = 0
        self.bar = tqdm(
            total=0, bar_format="{l_bar}{bar}| {elapsed}, {remaining} left", ncols=width(), leave=False,
            disable=None, smoothing=0,
        )  # fmt: skip

    def callbacks(self) -> Callbacks:
        from ..reproduce import Callbacks

        return Callbacks(self.planned, self.bar.update, self.done, self.drawing)

    def planned(self, runs: list[Run]) -> None:
        self.total = len(runs)
        self.bar.total = sum(run.work for run in runs) or 1
        self.bar.set_description("training")

    def done(self, result: Result, kept: bool) -> None:
        self.ended += 1
        if kept and not self.bar.disable:
            self.bar.initial += result.run.work  # kept work says nothing about the speed
        if self.quiet:
            return
        number = f"{self.ended:{len(str(self.total))}}/{self.total}"
        with self.bar.external_write_mode(file=sys.stdout):
            click.echo(
                f"{number}  {result.run.label}: test error {result.test_error:.2%}, {result.seconds:.0f} s"
                + (", kept" if kept else "")
            )

    def drawing(self, name: str, share: float) -> None:
        self.bar.set_description(f"drawing {name}" + (f" {share:.0%}" if share else ""))


def _workers(threads: int | None) -> int:
    """Trainings at the same time: one for each core that this process may use, unless given."""
    if threads:
        return threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
