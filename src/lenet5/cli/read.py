"""`lenet5 read`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, LeNet5Error
from .options import allowed_by, reading_options, threshold_of
from .percentage import Share

if TYPE_CHECKING:
    from ..reading.forms import Form
    from ..reading.reader import Reader
    from ..reading.results import Result

__all__ = ["read_command"]

PNG = click.Path(path_type=Path)


@dataclass
class Found:
    """What was read on one page. parts: a name (of a form's field, else "") and what is there, or why not."""

    picture: str
    page: int = 1
    pages: int = 1
    parts: list[tuple[str, Result | str]] = field(default_factory=list)
    error: str = ""  # why the page was not read at all
    drawings: list[tuple[str, bytes]] = field(default_factory=list)  # option, PNG

    @property
    def name(self) -> str:
        return f"{self.picture}, page {self.page}" if self.pages > 1 else self.picture

    @property
    def results(self) -> list[Result]:
        return [part for _, part in self.parts if not isinstance(part, str)]

    def data(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        found: dict[str, Any] = {"picture": self.picture}
        if self.pages > 1:
            found["page"] = self.page
        if self.error:
            return found | {"error": self.error}
        told = [
            (name, {"error": part} if isinstance(part, str) else part.data()) for name, part in self.parts
        ]
        return found | (told[0][1] if not told[0][0] else {"fields": dict(told)})


@dataclass(frozen=True)
class Wanted:
    """How pages are to be read, and what to draw of them."""

    reader: Reader
    how: dict[str, Any]
    form: Form | None = None
    annotate: bool = False
    steps: bool = False


@click.command("read")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")
@reading_options
@click.option(
    "--mode",
    type=click.Choice(["auto", "character", "string", "lines", "boxes"]),
    default="auto",
    show_default=True,
    help="What a picture has: whatever it looks like, one character, one line, several, or printed boxes.",
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
    help="Show characters of less confidence as ?; the weights' own threshold unless given.",
)
@click.option(
    "--max-error", type=Share(), help="Show as ? so much that at most this share of the rest is wrong."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a page, one a line.")
@click.option(
    "--annotate", type=PNG, help="Draw boxes and text over the picture: a PNG, or a folder for several."
)
@click.option(
    "--show-steps", type=PNG, help="Draw every step from picture to field: a PNG, or a folder for several."
)
@click.option(
    "--save-crops",
    type=click.Path(file_okay=False, path_type=Path),
    help="Save each character as a PNG of 28×28 in this folder, a folder a class, to train with.",
)
@click.option(
    "--show",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the 32×32 pictures that the network saw to this PNG, enlarged, side by side.",
)
def read_command(
    pictures: tuple[str, ...],
    weights: str,
    digits: int | None,
    pattern: str | None,
    choices: Path | None,
    method: str,
    workers: int | None,
    mode: str,
    region: str | None,
    form: Path | None,
    best: int,
    threshold: float | None,
    max_error: float | None,
    as_json: bool,
    annotate: Path | None,
    show_steps: Path | None,
    save_crops: Path | None,
    show: Path | None,
) -> int:
    """Read what is written in each PICTURE; - is standard input.

    Pictures of any size and kind, pages of TIFF and PDF files: a character, a string, or lines of them, dark on
    light or light on dark. What is no clear character is shown as ?. A picture that cannot be read, or has
    nothing else, is said so and makes the exit status 1; the others are still read.
    """
    from ..parallel import parallel_map
    from ..reading.forms import load_form, parse_region
    from ..reading.reader import Reader

    if form and (region or mode != "auto" or digits or pattern or choices):
        raise click.UsageError("--form says where and what to read: leave out --region, --mode and the rest")
    reader = Reader(weights, method=method)
    how: dict[str, Any] = {"best": best, "threshold": threshold_of(reader.model, threshold, max_error)}
    if not form:
        how |= {"mode": mode, "region": parse_region(region) if region else None}
        how["grammar"] = allowed_by(reader.model.classes, digits, pattern, choices)
    wanted = Wanted(
        reader, how, load_form(form) if form else None, annotate is not None, show_steps is not None
    )
    failed = False
    fields: list = []
    files = _Files(len(pictures), {"annotate": annotate, "show-steps": show_steps})
    work = partial(_read, wanted)
    # Standard input is this process's own.
    found = (
        page for of_one in parallel_map(work, pictures, 1 if "-" in pictures else workers) for page in of_one
    )
    for page in found:
        failed |= _tell(page, as_json, best)
        for result in page.results:
            fields += [c.field for c in result.characters]
        files.save(page)
        if save_crops:
            _save_crops(page, save_crops)
    if show and fields:
        from ..reading.overlay import save_picture, sheet_of

        save_picture(sheet_of(fields), show)
    return int(failed)


def _read(wanted: Wanted, picture: str) -> list[Found]:
    """Every page of one picture."""
    from ..imaging.documents import open_pages

    name = "standard input" if picture == "-" else picture
    found = []
    try:
        for page in open_pages(sys.stdin.buffer if picture == "-" else picture, name):
            here = Found(name, page.number, page.count)
            found.append(here)
            try:
                here.parts = list(_parts(wanted, page.picture, page.name))
            except InputError:
                raise
            except LeNet5Error as error:
                here.error = str(error)
            here.drawings = list(_drawings(wanted, here, page.picture, page.name))
            if page.pixels != 1:
                here.parts = [
                    (field_name, part if isinstance(part, str) else part.scaled(page.pixels))
                    for field_name, part in here.parts
                ]
    except InputError:
        raise  # wrong options: the same for every picture
    except LeNet5Error as error:
        found.append(Found(name, error=str(error)))
    return found


def _parts(wanted: Wanted, colours: Any, name: str) -> Iterator[tuple[str, Result | str]]:
    if wanted.form is None:
        yield "", wanted.reader.read_image(colours, name, **wanted.how)
        return
    for field_name, part in wanted.reader.read_form(colours, wanted.form, name, **wanted.how).items():
        yield field_name, str(part) if isinstance(part, LeNet5Error) else part


def _drawings(wanted: Wanted, found: Found, colours: Any, name: str) -> Iterator[tuple[str, bytes]]:
    """What is to be drawn of a page, as PNGs; drawn where it was read, so that no page travels."""
    import io

    def png(picture: Any) -> bytes:
        data = io.BytesIO()
        picture.save(data, "PNG")
        return data.getvalue()

    if wanted.annotate:
        from ..reading.overlay import annotate

        yield "annotate", png(annotate(colours, found.results))
    if wanted.steps:
        from ..reading.trace import character_steps, string_steps

        results = found.results
        one = wanted.how.get("mode") == "character" or (len(results) == 1 and len(results[0].characters) == 1)
        yield (
            "show-steps",
            png((character_steps if one else string_steps)(colours, name, wanted.reader.model)),
        )


def _tell(found: Found, as_json: bool, best: int) -> bool:
    """Say what was read; whether something was not."""
    failed = bool(found.error)
    if found.error:
        click.echo(f"lenet5: {found.error}", err=True)
    for _, part in found.parts:
        problems: Sequence[str] = (part,) if isinstance(part, str) else part.problems
        for problem in problems:
            click.echo(f"lenet5: {problem}", err=True)
        failed |= isinstance(part, str) or bool(part.problems) or part.unreadable
    if as_json:
        click.echo(json.dumps(found.data()))
        return failed
    for field_name, part in found.parts:
        if isinstance(part, str):
            continue
        for number, line in enumerate(part.lines, 1):
            where = found.name + (f", {field_name}" if field_name else "")
            where += f", line {number}" if len(part.lines) > 1 else ""
            doubts = [f"?: {c.doubt}" for string in line.strings for c in string.characters if c.doubt]
            rest = "; ".join([f"confidence {line.strings[0].confidence:.1%}", *doubts])
            click.echo(f"{where}: {line.text}   ({rest})")
            for other in line.strings[0].others[: best - 1] if len(line.strings) == 1 else ():
                click.echo(f"{' ' * len(where)}  {other.text}   (confidence {other.confidence:.1%})")
    return failed


def _save_crops(found: Found, folder: Path) -> None:
    from ..reading.overlay import safe, save_crops

    stem = safe(Path(found.picture).name) + (f"-{found.page}" if found.pages > 1 else "")
    for field_name, part in found.parts:
        if not isinstance(part, str):
            save_crops(part.characters, folder, f"{stem}-{safe(field_name)}" if field_name else stem)


class _Files:
    """Where drawings go: the PNG that was named, or for several pages a file each in a folder of that name."""

    def __init__(self, pictures: int, places: dict[str, Path | None]) -> None:
        self.places = places
        self.several = pictures > 1
        self.taken: set[Path] = set()

    def save(self, found: Found) -> None:
        from ..atomic import write

        for option, png in found.drawings:
            place = self.places[option]
            assert place is not None
            write(self._path(place, found), png)

    def _path(self, place: Path, found: Found) -> Path:
        if not self.several and found.pages == 1 and not place.is_dir():
            return place
        from ..errors import SaveError
        from ..reading.overlay import safe

        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(f"cannot make the folder {place}: {error.strerror}; choose another") from error
        stem = safe(Path(found.picture).name) + (f"-{found.page}" if found.pages > 1 else "")
        path, again = place / f"{stem}.png", 1
        while path in self.taken:
            again += 1
            path = place / f"{stem}-{again}.png"
        self.taken.add(path)
        return path
