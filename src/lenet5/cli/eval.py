"""`lenet5 eval`."""

from __future__ import annotations

import json

import click

from .percentage import Percentage
from .progress import downloads

__all__ = ["eval_command"]

COUNT = 2000  # non-characters, some ten seconds' drawing


@click.command("eval")
@click.argument("model", default="digits")
@click.option(
    "--data",
    default="mnist",
    show_default=True,
    help="Data set: mnist (its test patterns), a folder of class folders, .csv, .npz, or IDX images.",
)
@click.option(
    "--mistakes", type=click.Path(dir_okay=False), help="Write the mistakes to this PNG, as in Fig. 8."
)
@click.option(
    "--max-error",
    type=Percentage(),
    help="Reject so much that at most this share of the answers is wrong (needs `lenet5 calibrate`).",
)
@click.option(
    "--reliability",
    type=click.Path(dir_okay=False),
    help="Draw how far the confidence comes true, before and after calibration (.png or .svg; lenet5-1998[plots]).",
)
@click.option(
    "--noncharacters",
    is_flag=True,
    help="Count which of 2,000 generated patterns that are no character are taken for one.",
)
@click.option("--threads", type=click.IntRange(1), help="As many as this process may use, unless given.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Everything as JSON, the rejection curve and the list of mistakes too.",
)
def eval_command(
    model: str,
    data: str,
    mistakes: str | None,
    max_error: float | None,
    reliability: str | None,
    noncharacters: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure MODEL on a data set: error, confusion, rejection, mistakes.

    MODEL is a file that `lenet5 train` made, or the name of weights that come with lenet5 (digits).
    """
    from .. import atomic
    from ..data.dataset import load
    from ..evaluation.classification import evaluate, mistakes_picture
    from ..model.ensemble import find

    network = find(model)
    threshold = network.threshold_for(max_error)
    with downloads() as progress:
        patterns = load(data, split="test", progress=progress)
    result = evaluate(network, patterns, threads)
    if mistakes and len(result.mistakes):
        sheet = mistakes_picture(result)
        with atomic.replacing(mistakes) as stream:
            sheet.save(stream, format="PNG")
    if reliability:
        from ..evaluation.plots import reliability_plot

        reliability_plot(result, reliability)
    taken = None
    if noncharacters:
        from ..data.synthesis.negatives import MEASURED
        from ..evaluation.calibration import false_accepts
        from .calibrate import generated

        taken = false_accepts(network, generated(MEASURED, COUNT, network.classes), threshold, threads)
    rejected, error = result.rejected_below(threshold)
    if as_json:
        more = {
            "max_error": max_error,
            "threshold": threshold,
            "rejected": rejected,
            "error_of_the_rest": error,
        }
        if taken:
            more["noncharacters"] = taken.data()
        click.echo(json.dumps({"model": model, **result.data(), **more}))
        return
    click.echo(result.text())
    click.echo("")
    what = "doubt" if max_error is None else f"an error of {max_error:.2%}"
    rest = "nothing is left" if error is None else f"error of the rest {error:.2%}"
    click.echo(f"threshold of {what}, a confidence of {threshold:.2%}: rejected {rejected:.2%}, {rest}")
    if taken:
        click.echo(taken.text())
    if reliability:
        click.echo(f"the reliability plot is in {reliability}")
    if mistakes:
        click.echo(
            f"the mistakes are in {mistakes}"
            if len(result.mistakes)
            else f"no mistakes: {mistakes} is not written"
        )
