"""`lenet5 eval-strings`: how many strings of a folder are read right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import allowed_by, reading_options

if TYPE_CHECKING:
    from ..imaging.page_layout import Mode

__all__ = ["eval_strings_command"]


@click.command("eval-strings")
@click.argument("folder", type=click.Path(path_type=Path))
@reading_options
@click.option(
    "--mode",
    type=click.Choice(["string", "auto", "lines", "character", "boxes"]),
    default="string",
    show_default=True,
    help="What each picture is taken for; auto: whatever `lenet5 read` would.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with every reading.")
def eval_strings_command(
    folder: Path,
    weights: str,
    digits: int | None,
    pattern: str | None,
    choices: Path | None,
    method: str,
    signs: bool,
    workers: int | None,
    mode: Mode,
    as_json: bool,
) -> None:
    """Read the strings of FOLDER, and count those that are right.

    FOLDER holds pictures of one line each, in it or in its folder `images`, and labels.csv with the columns file
    and label.
    """
    from tqdm import tqdm

    from ..data.transcripts import read_transcripts
    from ..evaluation.strings import evaluate_strings
    from ..reading.reader import Reader
    from .progress import width

    reader = Reader(weights, method=method, signs=signs)
    grammar = allowed_by(reader.model.classes, digits, pattern, choices)
    pictures = read_transcripts(folder)
    with tqdm(total=len(pictures), unit=" strings", ncols=width(), leave=False, disable=None) as bar:
        result = evaluate_strings(
            reader, pictures, grammar, lambda done, total: bar.update(), mode=mode, workers=workers
        )
    click.echo(json.dumps(result.to_dict()) if as_json else result.format())
