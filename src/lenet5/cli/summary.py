"""`lenet5 summary`."""

from __future__ import annotations

import json

import click

from ..network.codes import DIGITS

__all__ = ["summary_command"]


@click.command("summary")
@click.option("--classes", default=DIGITS, show_default=True, help="Characters to recognise.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def summary_command(classes: str, as_json: bool) -> None:
    """Show the network layer by layer, Table I, and the codes of the classes.

    Parameters, connections and multiply-adds are computed from the description in the paper.
    """
    from ..network import summary

    click.echo(json.dumps(summary.to_dict(classes), indent=2) if as_json else summary.format_table(classes))
