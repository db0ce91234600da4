"""`lenet5 eval`."""

from __future__ import annotations

import json

import click

from .bars import downloads

__all__ = ["eval_command"]


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
@click.option("--threads", type=click.IntRange(1), help="As many as this process may use, unless given.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Everything as JSON, the rejection curve and the list of mistakes too.",
)
def eval_command(model: str, data: str, mistakes: str | None, threads: int | None, as_json: bool) -> None:
    """Measure MODEL on a data set: error, confusion, rejection, mistakes.

    MODEL is a file that `lenet5 train` made, or the name of weights that come with lenet5 (digits).
    """
    from .. import files
    from ..datasets import load
    from ..evaluate import evaluate, mistakes_picture
    from ..model import LeNet5

    network = LeNet5.find(model)
    with downloads() as progress:
        patterns = load(data, split="test", progress=progress)
    result = evaluate(network, patterns, threads)
    if mistakes and len(result.mistakes):
        sheet = mistakes_picture(result)
        with files.replacing(mistakes) as stream:
            sheet.save(stream, format="PNG")
    if as_json:
        click.echo(json.dumps({"model": model, **result.data()}))
        return
    click.echo(result.text())
    if mistakes:
        click.echo(
            f"\nthe mistakes are in {mistakes}"
            if len(result.mistakes)
            else f"\nno mistakes: {mistakes} is not written"
        )
