"""`lenet5 reproduce`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..reproduce import FIGURES
from .progress import downloads, width

if TYPE_CHECKING:
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
    default=0,
    show_default=True,
    help="Test pattern that is shown in all layers (maps).",
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
    "--threads", type=click.IntRange(1), help="Trainings side by side; one for each core unless given."
)
@click.pass_context
def reproduce_command(
    context: click.Context, figures: tuple[str, ...], quick: bool, seeds: int | None, out: Path, pattern: int,
    threads: int | None,
) -> int:  # fmt: skip
    """Reproduce the paper: train as in 1998, and show each figure beside the published one.

    The result is a page, index.html, that needs nothing else. Each FIGURE named makes only that panel; all of
    them take twenty minutes on two free cores. Interrupt it when you like: the same command goes on, a pass of
    each training under way is lost at most. Needs Matplotlib (lenet5-1998[plots]).
    """
    from tqdm import tqdm

    from ..data.dataset import load
    from ..reproduce import reproduce
    from ..reproduce.charts import check
    from ..reproduce.runs import FULL, QUICK

    check()
    with downloads() as progress:
        training, test = (load("mnist", split=split, progress=progress) for split in ("train", "test"))
    ended = 0
    bar = tqdm(
        total=0,
        bar_format="{l_bar}{bar}| {elapsed}, {remaining} left",
        ncols=width(),
        leave=False,
        disable=None,
        smoothing=0,
    )

    def planned(runs: list[Run]) -> None:
        nonlocal total
        total = len(runs)
        bar.total = sum(run.work for run in runs) or 1
        bar.set_description("training")

    def done(result: Result, kept: bool) -> None:
        nonlocal ended
        ended += 1
        if kept and not bar.disable:
            bar.initial += result.run.work  # it says nothing about the speed
        with tqdm.external_write_mode(file=sys.stdout):
            click.echo(
                f"{ended:{len(str(total))}}/{total}  {result.run.label}: test error {result.test_error:.2%}, "
                f"{result.seconds:.0f} s" + (", kept" if kept else "")
            )

    def drawing(name: str, share: float) -> None:
        bar.set_description(f"drawing {name}" + (f" {share:.0%}" if share else ""))

    total = 0
    try:
        with bar:
            report = reproduce(
                training, test, out, figures, scale=QUICK if quick else FULL, seeds=seeds, pattern=pattern,
                workers=_workers(threads), planned=planned, progress=bar.update, done=done, drawing=drawing,
            )  # fmt: skip
    except KeyboardInterrupt:
        click.echo(
            f"\ninterrupted with {ended} of {total} trainings done; go on with: {context.obj}", err=True
        )
        return 130
    for panel in report.panels:
        click.echo(f"{panel.title}\n    {panel.ours}")
    click.echo(f"the report is in {report.page}")
    return 0


def _workers(threads: int | None) -> int:
    """Trainings side by side: as many as this process may use cores, unless given."""
    import os

    if threads:
        return threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
