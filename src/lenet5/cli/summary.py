"""`lenet5 summary`."""

from __future__ import annotations

import json

import click

from ..network.codes import DIGITS

__all__ = ["summary_command"]


@click.command("summary")
@click.option("--classes", default=DIGITS, show_default=True, help="Characters that the network recognises.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def summary_command(classes: str, as_json: bool) -> None:
    """Show the layers, Table I, and the codes of the classes.

    Parameters, connections and multiply–adds are computed from the paper's description.
    """
    from ..network import summary

    click.echo(json.dumps(summary.to_dict(classes), indent=2) if as_json else summary.format_table(classes))
