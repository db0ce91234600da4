"""`lenet5 review apply`: a person's answers in, the table that was reviewed put right."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["review_command"]


@click.group("review")
def review_command() -> None:
    """Put answers of a review into its table.

    The page of `lenet5 read … --out RESULT --review FOLDER` saves them.
    """


@review_command.command("apply")
@click.argument("result", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("answers", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--save-crops",
    "crops",
    type=click.Path(file_okay=False, path_type=Path),
    help="Save the answers' characters as PNGs of 28×28 in this folder, a folder a class, to train with.",
)
def apply_command(result: Path, answers: Path, crops: Path | None) -> int:
    """Merge the file ANSWERS, which the review page saves, into RESULT.

    The answered readings become what was typed, with confidence 1; what had been read is kept in the column `reviewed`.
    Nothing else changes. Answers of another result are refused, and RESULT then stays as it is.
    """
    from ..bulk.review.answers import apply_answers, load_answers, save_crops

    given = load_answers(answers)
    changed = apply_answers(result, given)
    rows = "1 row" if changed == 1 else f"{changed:,} rows"
    click.echo(f"{result}: {'1 answer' if len(given) == 1 else f'{len(given):,} answers'}, {rows} changed")
    if crops:
        saved, left_out = save_crops(given, crops)
        which = "1 answer has" if left_out == 1 else f"{left_out:,} answers have"
        without = f"; {which} another number of characters than were cut out" if left_out else ""
        click.echo(f"{crops}: {saved:,} characters saved{without}")
    return 0
