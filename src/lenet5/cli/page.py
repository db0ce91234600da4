"""`lenet5 page`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["page_command"]


@click.command("page")
@click.option(
    "--out", default="index.html", show_default=True, type=click.Path(dir_okay=False), help="File to write."
)
def page_command(out: str) -> None:
    """Write a page that runs the network on what you draw.

    One file of HTML that needs no server and no network: open it in a browser, or put it on a web site.
    """
    from ..page import write_page

    write_page(out)
    click.echo(f"{out}: {Path(out).stat().st_size:,} bytes; open it in a browser")
