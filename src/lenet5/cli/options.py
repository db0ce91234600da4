"""Options that commands which read strings have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..bulk.rules import Rule
    from ..lattice.automaton import Grammar
    from ..model.classifier import Classifier

__all__ = [
    "PngPath",
    "allowed_by",
    "plausibility_options",
    "reading_options",
    "rules_of",
    "threshold_of",
    "transpose_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])

OTHER_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".pdf", ".svg", ".tif", ".tiff", ".webp")


class PngPath(click.Path):
    """A picture to write, or a folder for several: refused where its name promises another kind than PNG."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if (suffix := Path(value).suffix.lower()) in OTHER_PICTURES:
            self.fail(
                f"pictures are written as PNG, not as {suffix}: name a file that ends in .png", param, ctx
            )
        return super().convert(value, param, ctx)


OPTIONS = (
    click.option(
        "--weights",
        default="digits",
        show_default=True,
        help="Weights by name (digits: read with the weights `ensemble`; letters), or a model file.",
    ),
    click.option("--digits", type=click.IntRange(1, 1000), help="Every string has this many characters."),
    click.option("--pattern", help=r"Allowed strings, as a regular expression: '\d{4}', '1?\d{1,3}'."),
    click.option(
        "--choices",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file of allowed strings, one a line.",
    ),
    click.option(
        "--method",
        type=click.Choice(["segmentation", "displacement"]),
        default="segmentation",
        show_default=True,
        help="How strings are read: cut into pieces, or by the network run over the whole line.",
    ),
    click.option(
        "--signs",
        is_flag=True,
        help="Read signs too: . , / - + = : % $ * ( and )  [default: they are left out]",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1),
        help="Worker processes  [default: 1; all cores from 100 pictures]",
    ),
)


transpose_option = click.option(
    "--transpose/--no-transpose",
    default=None,
    help="Exchange rows and columns of the data's pictures, as EMNIST's files need  [default: found from the pictures]",
)


PLAUSIBILITY = (
    click.option(
        "--agree",
        multiple=True,
        metavar="FIELD=FIELD",
        help="With --out: two fields say the same; their readings decide together.",
    ),
    click.option(
        "--sum", "sums", multiple=True, metavar="A+B=C", help="With --out: fields add up to another."
    ),
    click.option(
        "--check",
        "checks",
        multiple=True,
        metavar="FIELD=CHECK",
        help="With --out: a field's digits pass luhn, isbn, mod97, a range 0..20, or weights '3,1 mod 10'.",
    ),
)


def plausibility_options(command: Command) -> Command:
    """Give a command the options --agree, --sum and --check."""
    for option in reversed(PLAUSIBILITY):
        command = option(command)
    return command


def rules_of(agree: Sequence[str], sums: Sequence[str], checks: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that --agree, --sum and --check name. Raises InputError for one that is none."""
    if not (agree or sums or checks):
        return ()
    from ..bulk.rules import parse_agree, parse_check, parse_sum

    return (*map(parse_agree, agree), *map(parse_sum, sums), *map(parse_check, checks))


def reading_options(command: Command) -> Command:
    """Give a command the options --weights, --digits, --pattern, --choices, --method, --signs and --workers."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def allowed_by(
    classes: Sequence[str], digits: int | None, pattern: str | None, choices: Path | None
) -> Grammar | None:
    """The strings that the options allow.

    Args:
        classes: the network's characters.
        digits: --digits.
        pattern: --pattern.
        choices: --choices.

    Returns:
        A grammar; None: all strings are allowed.

    Raises:
        click.UsageError: more than one of the options is given.
        InputError: a string has a character that the network does not know, or the pattern is no regular expression.
    """
    from ..lattice.automaton import read_choices
    from ..lattice.grammar import make_grammar

    if sum(option is not None for option in (digits, pattern, choices)) > 1:
        raise click.UsageError("--digits, --pattern and --choices exclude one another: give one of them")
    strings = None if choices is None else read_choices(choices)
    return make_grammar(classes, digits=digits, pattern=pattern, choices=strings)


def threshold_of(model: Classifier, threshold: float | None, max_error: float | None) -> float | None:
    """The threshold that the options --threshold and --max-error give.

    Args:
        model: a calibrated model knows the threshold for an error.
        threshold: --threshold, 0 … 1.
        max_error: --max-error, 0 … 1.

    Returns:
        A confidence, 0 … 1; None: the model's own.

    Raises:
        click.UsageError: both options are given.
        InputError: the model is not calibrated, or the error cannot be reached.
    """
    if threshold is not None and max_error is not None:
        raise click.UsageError("--threshold and --max-error exclude one another: give one of them")
    return threshold if max_error is None else model.threshold_for(max_error)
