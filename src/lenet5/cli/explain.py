"""`lenet5 explain`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .maps import maps_by_layer, off_option

__all__ = ["explain_command"]


@click.command("explain")
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--out",
    default="explain.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the page; a picture of the whole network goes beside it as .svg. A name in .svg: the picture alone.",
)
@click.option(
    "--weights",
    default="reading",
    show_default=True,
    help="Weights of one network, by name (paper: as in 1998), or a model file.",
)
@off_option(
    "Switch a map off, as c3:4 (counted from 0, as in Table I), to see what it is good for; may be given several times."
)
def explain_command(picture: Path, out: Path, weights: str, off: tuple[tuple[str, int], ...]) -> None:
    """Show what every layer makes of the character in PICTURE.

    Writes a page that opens with this character, and a still picture of the network with every layer's maps.
    A PICTURE of - is standard input.
    """
    from ..page import explain
    from ..reading.results import format_confidence

    if out.suffix.lower() not in (".html", ".htm", ".svg"):
        raise click.UsageError(f"{out} ends in none of .html, .svg: these are what explain writes")
    standard_input = sys.stdin.buffer.read() if str(picture) == "-" else None
    answer = explain(picture if standard_input is None else standard_input, weights, off=maps_by_layer(off))
    order = answer.penalties.argsort(kind="stable")[:3]
    names, confidence = answer.network.classes, format_confidence(float(answer.confidences.max()))
    if answer.accepted:
        click.echo(f"{answer.text}   confidence {confidence}")
    else:
        doubt = format_confidence(answer.network.confidence.doubt)
        click.echo(
            f"?   the likeliest is {answer.text}, confidence {confidence}; these weights ask for {doubt}"
        )
    click.echo("penalties: " + ", ".join(f"{names[k]} {answer.penalties[k]:.1f}" for k in order))
    files = [out] if out.suffix.lower() == ".svg" else [out, out.with_suffix(".svg")]
    for file in files:
        answer.save(file)
    size = " and ".join(f"{file} ({file.stat().st_size:,} bytes)" for file in files)
    click.echo(f"wrote {size}: open {'it' if len(files) == 1 else 'them'} in a browser")
