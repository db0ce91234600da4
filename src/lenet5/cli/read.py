"""`lenet5 read`: options in, the document reader called, its pages printed."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import PngPath, allowed_by, plausibility_options, reading_options, rules_of, threshold_of
from .percentage import Percentage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..imaging.page_layout import Mode
    from ..reading.document_reader import DocumentReader, PageResult
    from ..reading.results import Result

__all__ = ["read_command"]

PNG = PngPath(path_type=Path)
UNSURE = "?"  # a rejected character (reading.results), known here without loading the reader
SEVERAL = 3  # lines of which nothing can be read, from which on they are one line of the output
MOST_NAMES = 10  # of pages that hold a `?`
WITH_RULES = 10  # readings of a string among which rules choose
FEW = 20  # pictures: fewer are read sooner by the NumPy backend than compiled code is loaded


@click.command("read")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")
@reading_options
@click.option(
    "--mode",
    type=click.Choice(["auto", "character", "string", "lines", "boxes", "table"]),
    default="auto",
    show_default=True,
    help="What a picture has: whatever it looks like, one character, one line, several, printed boxes, a table.",
)
@click.option("--one", "mode", flag_value="character", help="The same as --mode character.")
@click.option("--region", metavar="X,Y,W,H", help="Read only this part, in pixels, or in % of the page.")
@click.option(
    "--form",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read the named regions of this template (.toml or .json) on every page.",
)
@click.option(
    "--best", type=click.IntRange(1, 100), default=1, show_default=True, help="Best readings to show."
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Show characters of lower confidence as ?  [default: the weights' own threshold]",
)
@click.option(
    "--max-error",
    type=Percentage(),
    help="Mark doubtful answers ? until at most this share of the rest is wrong.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Give a picture, or a page of a document, up after this time, and go on with the next.",
)
@click.option(
    "--same",
    metavar="all|folder|numbered|REGEX",
    help="Read pictures of one thing as one: all, those of a folder, those whose names differ by a number at the end, "
    "or those in whose paths REGEX matches the same.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each page, one a line.")
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Print tables and rows of boxes as a spreadsheet reads them: a line for each row, a comma between cells.",
)
@click.option(
    "--annotate", type=PNG, help="Draw boxes and text over the picture: a PNG, or a folder for several."
)
@click.option(
    "--show-steps", type=PNG, help="Draw every step from picture to text: a PNG, or a folder for several."
)
@click.option(
    "--save-crops",
    type=click.Path(file_okay=False, path_type=Path),
    help="Save each character as a PNG of 28×28 in this folder, a folder a class, to train with.",
)
@click.option(
    "--show",
    type=PngPath(dir_okay=False, path_type=Path),
    help="Write the 32×32 images that the network saw to this PNG, enlarged, side by side.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a table (.parquet, .csv, .jsonl); PICTURE may then be a folder, an archive, a table, an array.",
)
@click.option("--resume", is_flag=True, help="Go on with --out where a run was ended.")
@click.option(
    "--ray",
    metavar="ADDRESS|local",
    help="Read on a Ray cluster, with --out: its address, auto for this machine's, or local for one started here.",
)
@click.option("--column", help="The column of Parquet files to read, with --out.")
@click.option(
    "--review",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="With --out: write a page on which a person looks at all that is doubtful (lenet5 review apply).",
)
@plausibility_options
def read_command(
    pictures: tuple[str, ...],
    weights: str,
    digits: int | None,
    pattern: str | None,
    choices: Path | None,
    method: str,
    signs: bool,
    workers: int | None,
    mode: Mode,
    region: str | None,
    form: Path | None,
    best: int,
    threshold: float | None,
    max_error: float | None,
    timeout: float | None,
    same: str | None,
    ray: str | None,
    as_json: bool,
    as_csv: bool,
    annotate: Path | None,
    show_steps: Path | None,
    save_crops: Path | None,
    show: Path | None,
    out: Path | None,
    resume: bool,
    column: str | None,
    review: Path | None,
    agree: tuple[str, ...],
    sums: tuple[str, ...],
    checks: tuple[str, ...],
) -> int:
    """Read the handwriting in each PICTURE; - is standard input.

    A picture may be of any size and kind, or a page of a TIFF or PDF file: a character, a string, or several lines,
    dark on light or light on dark. A doubtful character is shown as ?. A picture that cannot be read, or in which
    every character is doubtful, makes the exit status 1; the others are still read.
    """
    from ..parallel import parallel_map
    from ..reading.document_reader import DocumentReader
    from ..reading.forms import load_form, parse_region
    from ..reading.output_files import DrawingFiles
    from ..reading.reader import Reader

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude one another: give one of them")
    if form and (region or mode != "auto" or digits or pattern or choices):
        raise click.UsageError("--form says where and what to read: leave out --region, --mode and the rest")
    for option, place in (("--annotate", annotate), ("--show-steps", show_steps)):
        if place and len(pictures) > 1 and place.suffix.lower() == ".png" and not place.is_dir():
            raise click.UsageError(
                f"{option} draws {len(pictures)} pictures: name a folder for them, not {place}"
            )
    if same and form:
        raise click.UsageError(
            "--form names places on a scan, and pictures of one thing have it in different places: "
            "leave out --form or --same"
        )
    if same and (annotate or show_steps):
        raise click.UsageError("--same reads pictures as one: leave out --annotate and --show-steps")
    rules = rules_of(agree, sums, checks)
    if out is None and (resume or column or review or rules or ray):
        raise click.UsageError(
            "--resume, --column, --review, --agree, --sum, --check and --ray belong to --out"
        )
    if ray and workers:
        raise click.UsageError("--ray takes every core of the cluster: leave out --workers")
    if out and (as_json or annotate or show_steps or save_crops or show):
        raise click.UsageError(
            "--out writes a table alone: leave out --json and what draws or saves pictures"
        )
    few = len(pictures) < FEW and out is None and not os.environ.get("LENET5_BACKEND")
    reader = Reader(weights, method=method, signs=signs, backend="numpy" if few else None)
    documents = DocumentReader(
        reader,
        mode=mode,
        region=parse_region(region) if region else None,
        grammar=None if form else allowed_by(reader.model.classes, digits, pattern, choices),
        form=load_form(form) if form else None,
        best=max(best, WITH_RULES if rules else 5) if out else best,  # a table keeps them
        threshold=threshold_of(reader.model, threshold, max_error),
        annotate=annotate is not None,
        steps=show_steps is not None,
        timeout=timeout,
    )
    if out:
        from ..bulk import CharacterReader
        from ..model.load import find
        from .read_in_bulk import into_table

        # Characters that are cut out already need no weights that know what is none.
        model = reader.model if method == "displacement" else find(weights)
        characters = CharacterReader(model, threshold_of(model, threshold, max_error))
        return into_table(
            documents, pictures, out, characters, workers, resume, column, review, rules, ray, same
        )
    files = {
        kind: DrawingFiles(place, len(pictures) > 1)
        for kind, place in (("annotate", annotate), ("steps", show_steps))
        if place
    }
    # Standard input belongs to this process alone.
    workers = 1 if "-" in pictures else workers
    answers: Iterator[list[PageResult]]
    if same:
        from .frames import groups_of

        answers = parallel_map(documents.read_frames, groups_of(pictures, same), workers)
    else:
        answers = parallel_map(partial(_read, documents), pictures, workers)
    failed, glyphs, pages_read = False, [], []
    for page in (page for pages in answers for page in pages):
        _print(page, as_json, as_csv, best)
        failed |= page.failed
        doubtful = any(character.text == UNSURE for character in page.characters)
        pages_read.append((page.name, doubtful))
        glyphs += [character.glyph for character in page.characters if character.glyph is not None]
        for kind, png in page.drawings.items():
            files[kind].save(png, page.stem, page.pages)
        if save_crops:
            page.save_crops(save_crops)
    if show and glyphs:
        from ..atomic import write
        from ..reading.overlay import contact_sheet, encode_png

        write(show, encode_png(contact_sheet(glyphs)))
    if failed:
        _say_what_is_doubtful(pages_read)
    return int(failed)


def _read(documents: DocumentReader, picture: str) -> list[PageResult]:
    """Every page of one picture."""
    from ..reading.document_reader import PageResult

    if picture == "-" and sys.stdin is None:
        return [PageResult("standard input", error="cannot read standard input: it is closed")]
    if picture == "-":
        return list(documents.read(sys.stdin.buffer, "standard input"))
    return list(documents.read(picture, picture))


def _print(page: PageResult, as_json: bool, as_csv: bool, best: int) -> None:
    """Print a page: readings to standard output, errors to standard error."""
    for sentence in page.errors:
        click.echo(f"lenet5: {sentence}", err=True)
    if as_json:
        click.echo(json.dumps(page.to_dict()))
        return
    for field, result in page.results:
        if as_csv:
            click.echo(result.to_csv(), nl=False)
            continue
        name = f"{page.name} and {len(page.frames) - 1} more" if len(page.frames) > 1 else page.name
        _print_result(f"{name}, {field}" if field else name, result, best)


def _print_result(name: str, result: Result, best: int) -> None:
    """Print each line with its confidence, the reasons of its `?`, and the next best readings below it.

    Several lines of which nothing can be read, as of a printed page, are one line that says so.
    """
    from ..reading.results import format_confidence

    if result.table is not None:
        _print_cells(name, result)
        return
    unreadable = [line for line in result.lines if not set(line.text) - {UNSURE, " "}]
    several = len(unreadable) >= SEVERAL
    for number, line in enumerate(result.lines, 1):
        if several and line in unreadable:
            continue
        where = f"{name}, line {number}" if len(result.lines) > 1 else name
        characters = [character for string in line.strings for character in string.characters]
        notes = [f"confidence {format_confidence(line.strings[0].confidence)}"]
        reasons = dict.fromkeys(character.reason for character in characters if character.reason)
        notes += [f"?: {reason}" for reason in reasons]
        if result.turned:
            notes.append(f"read turned by {result.turned}°")
        if left_out := sum(len(string.unread) for string in line.strings):
            notes.append(f"{left_out} {'sign' if left_out == 1 else 'signs'} left out")
        click.echo(f"{where}: {line.text}   ({'; '.join(notes)})")
        if len(line.strings) == 1:
            for other in line.strings[0].alternatives[: best - 1]:
                click.echo(
                    f"{' ' * len(where)}  {other.text}   (confidence {format_confidence(other.confidence)})"
                )
    if several:
        every = len(unreadable) == len(result.lines)
        which = f"none of its {len(unreadable)} lines" if every else f"none of {len(unreadable)} other lines"
        click.echo(f"{name}: {UNSURE}   ({which} can be read as handwritten characters)")


def _print_cells(name: str, result: Result) -> None:
    """Print boxes and tables, row by row, with the confidence of all, and the reasons of their `?` once."""
    from ..reading.results import format_confidence

    rows = result.line_texts
    reasons = dict.fromkeys(reason for reason in result.reasons)
    notes = [f"confidence {format_confidence(result.confidence)}", *(f"?: {reason}" for reason in reasons)]
    if len(rows) == 1:
        click.echo(f"{name}: {rows[0]}   ({'; '.join(notes)})")
        return
    click.echo(f"{name}: {len(rows)} rows   ({'; '.join(notes)})")
    for number, row in enumerate(rows, 1):
        click.echo(f"{name}, row {number}: {row}")


def _say_what_is_doubtful(pages: Sequence[tuple[str, bool]]) -> None:
    """Say which of several pages hold a `?`: their names, and whether they do. Errors have sentences of their own."""
    names = [name for name, doubtful in pages if doubtful]
    if len(pages) < 2 or not names:
        return
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    hold = "holds a" if len(names) == 1 else "hold a"
    listed = ", ".join(names[:MOST_NAMES])
    click.echo(f"lenet5: {len(names)} of {len(pages)} {hold} {UNSURE}: {listed}{more}", err=True)
