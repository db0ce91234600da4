"""`lenet5 eval`."""

from __future__ import annotations

import json

import click

from .options import PngPath, transpose_option
from .percentage import Percentage
from .progress import downloads

__all__ = ["eval_command"]

COUNT = 2000  # non-characters; drawing them takes some ten seconds


@click.command("eval")
@click.argument("model", default="reading")
@click.option(
    "--data",
    default="mnist",
    show_default=True,
    help="Data set: mnist (its test patterns), a folder of class folders, .csv, .npz, or IDX images.",
)
@click.option(
    "--mistakes", type=PngPath(dir_okay=False), help="Write the mistakes to this PNG, as in Fig. 8."
)
@click.option(
    "--max-error",
    type=Percentage(),
    help="Reject doubtful answers until at most this share of the rest is wrong (needs `lenet5 calibrate`).",
)
@click.option(
    "--reliability",
    type=click.Path(dir_okay=False),
    help="Plot accuracy over confidence, before and after calibration (.png or .svg; lenet5-1998[plots]).",
)
@click.option(
    "--noncharacters",
    is_flag=True,
    help="Count how many of 2,000 generated non-characters are taken for characters.",
)
@transpose_option
@click.option("--threads", type=click.IntRange(1), help="Threads  [default: all cores]")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print everything as JSON, the rejection curve and the list of mistakes too.",
)
def eval_command(
    model: str,
    data: str,
    mistakes: str | None,
    max_error: float | None,
    reliability: str | None,
    noncharacters: bool,
    transpose: bool | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure MODEL on a data set: error, confusion, rejection.

    MODEL is a file that `lenet5 train` made, or the name of weights that come with lenet5; unless given, reading:
    one network that knows digits and non-characters, with a calibrated confidence. (`lenet5 read` asks an ensemble.)
    """
    from .. import atomic
    from ..data.dataset import load
    from ..evaluation.classification import evaluate
    from ..evaluation.plots import mistakes_picture, reliability_plot
    from ..model.load import find

    network = find(model)
    threshold = network.threshold_for(max_error)
    with downloads() as progress:
        patterns = load(data, split="test", progress=progress, transpose=transpose)
    result = evaluate(network, patterns, threads)
    if mistakes and len(result.mistakes):
        sheet = mistakes_picture(result)
        with atomic.replacing(mistakes) as stream:
            sheet.save(stream, format="PNG")
    if reliability:
        reliability_plot(result, reliability)
    taken = None
    if noncharacters:
        from ..data.synthesis.negatives import MEASURED
        from ..evaluation.calibration import false_accepts
        from .calibrate import generated

        taken = false_accepts(network, generated(MEASURED, COUNT, network.classes), threshold, threads)
    rejected, error = result.rejected_below(threshold)
    if as_json:
        more: dict[str, object] = {
            "max_error": max_error,
            "threshold": threshold,
            "rejected": rejected,
            "error_of_the_rest": error,
        }
        if taken:
            more["noncharacters"] = taken.to_dict()
        click.echo(json.dumps({"model": model, **result.to_dict(), **more}))
        return
    click.echo(result.format())
    click.echo("")
    click.echo(_rejection(max_error, threshold, rejected, error))
    if taken:
        click.echo(taken.format())
    if reliability:
        click.echo(f"the reliability plot is in {reliability}")
    if mistakes:
        click.echo(
            f"the mistakes are in {mistakes}"
            if len(result.mistakes)
            else f"no mistakes: {mistakes} is not written"
        )


def _rejection(max_error: float | None, threshold: float, rejected: float, error: float | None) -> str:
    """What a threshold rejects, and the error of the rest, as a line."""
    which = "default threshold" if max_error is None else f"threshold for an error of {max_error:.2%}:"
    rest = "nothing is left" if error is None else f"error of the rest {error:.2%}"
    return f"{which} {threshold:.2%}: rejected {rejected:.2%}, {rest}"
