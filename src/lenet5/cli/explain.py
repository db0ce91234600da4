"""`lenet5 explain`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["explain_command"]


class MapToSwitchOff(click.ParamType[tuple[str, int]]):
    """A map of a layer, as c3:4; maps are counted from 0."""

    name = "layer:map"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        layer, _, number = value.partition(":")
        if not number.isdecimal():
            self.fail(f"{value!r} is no map: name its layer and its number from 0, as c3:4", param, ctx)
        return layer.lower(), int(number)


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
    help="Weights of one network, by name (paper: as in 1998), or a model file; the page has its own.",
)
@click.option(
    "--off",
    "off",
    multiple=True,
    type=MapToSwitchOff(),
    help="Switch a map off in the .svg, as c3:4, and see what it was good for; may be given several times.",
)
def explain_command(picture: Path, out: Path, weights: str, off: tuple[tuple[str, int], ...]) -> None:
    """Show what every layer makes of the character in PICTURE.

    Writes a page that opens with this character, and a still picture of the network with every layer's maps.
    """
    from ..page import explain
    from ..reading.results import format_confidence

    if out.suffix.lower() not in (".html", ".htm", ".svg"):
        raise click.UsageError(f"{out} ends in none of .html, .svg: these are what explain writes")
    maps: dict[str, list[int]] = {}
    for layer, number in off:
        maps.setdefault(layer, []).append(number)
    answer = explain(picture, weights, off=maps)
    order = answer.penalties.argsort(kind="stable")[:3]
    names, confidence = answer.network.classes, float(answer.confidences.max())
    click.echo(f"{answer.text}   confidence {format_confidence(confidence)}")
    click.echo("penalties: " + ", ".join(f"{names[k]} {answer.penalties[k]:.1f}" for k in order))
    files = [out] if out.suffix.lower() == ".svg" else [out, out.with_suffix(".svg")]
    for file in files:
        answer.save(file)
    size = " and ".join(f"{file} ({file.stat().st_size:,} bytes)" for file in files)
    click.echo(f"wrote {size}: open {'it' if len(files) == 1 else 'them'} in a browser")
