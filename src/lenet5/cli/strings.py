"""`lenet5 eval-strings`."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["eval_strings_command"]


@click.command("eval-strings")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--weights", default="digits", show_default=True, help="Weights by name, or a model file.")
@click.option("--digits", type=click.IntRange(1, 1000), help="Every string has so many characters.")
@click.option("--pattern", help=r"What may be read, as a regular expression: '\d{4}', '1?\d{1,3}'.")
@click.option(
    "--choices",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of what may be read, a line each.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON, every reading too.")
def eval_strings_command(
    folder: Path, weights: str, digits: int | None, pattern: str | None, choices: Path | None, as_json: bool
) -> None:
    """Read the strings of FOLDER, and say how many are right.

    FOLDER has pictures of one line each, in it or in `images` there, and labels.csv with the columns file and
    label.
    """
    from tqdm import tqdm

    from .. import grammar
    from ..reader import Reader
    from ..string_evaluation import evaluate_strings, labelled_pictures
    from .bars import width

    if sum(option is not None for option in (digits, pattern, choices)) > 1:
        raise click.UsageError("--digits, --pattern and --choices exclude one another: give one of them")
    reader = Reader(weights)
    rule = None
    if digits is not None:
        rule = grammar.length(digits, digits, reader.model.classes)
    elif pattern is not None:
        rule = grammar.pattern(pattern, reader.model.classes)
    elif choices is not None:
        rule = grammar.choices(grammar.listed(choices), reader.model.classes)
    pictures = labelled_pictures(folder)
    with tqdm(total=len(pictures), unit=" strings", ncols=width(), leave=False, disable=None) as bar:
        result = evaluate_strings(reader, pictures, rule, lambda done, total: bar.update())
    click.echo(json.dumps(result.data()) if as_json else result.text())
