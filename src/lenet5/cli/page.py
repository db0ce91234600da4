"""`lenet5 page`."""

from __future__ import annotations

from pathlib import Path

import click

from .maps import maps_by_layer, off_option

__all__ = ["page_command"]


@click.command("page")
@click.option(
    "--out", default="index.html", show_default=True, type=click.Path(dir_okay=False), help="File to write."
)
@click.option(
    "--weights",
    default="reading",
    show_default=True,
    help="Weights of one network that the page opens with, by name (paper: as in 1998), or a model file.",
)
@off_option(
    "Open with a map switched off, as c3:4 (counted from 0, as in Table I); may be given several times."
)
def page_command(out: str, weights: str, off: tuple[tuple[str, int], ...]) -> None:
    """Write a page that runs the network on what you draw.

    One file of HTML that needs no server and no network: open it in a browser, or put it on a web site.
    """
    from ..page import write_page

    write_page(out, weights=weights, off=maps_by_layer(off))
    click.echo(f"{out}: {Path(out).stat().st_size:,} bytes; open it in a browser")
