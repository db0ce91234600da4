"""`lenet5 export`."""

from __future__ import annotations

from pathlib import Path

import click

from .progress import downloads

__all__ = ["export_command"]

SUFFIXES = {"onnx": ".onnx", "c": ".h"}


@click.command("export")
@click.argument("model", default="digits")
@click.option(
    "--to",
    "kind",
    type=click.Choice([*SUFFIXES]),
    required=True,
    help="onnx: an ONNX graph; c: one header of C99.",
)
@click.option(
    "--raw", is_flag=True, help="Take bytes, 28×28, and normalise them in the ONNX graph (C always does)."
)
@click.option("--int8", is_flag=True, help="Store weights and states in eight bits: a quarter of the size.")
@click.option(
    "--calibration",
    default="mnist",
    show_default=True,
    help="Characters such as will be read, from which --int8 takes its scales: as --data of `lenet5 train`.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False), help="File to write  [default: lenet5.onnx or lenet5.h]"
)
def export_command(model: str, kind: str, raw: bool, int8: bool, calibration: str, out: str | None) -> None:
    """Write MODEL for other engines.

    MODEL is a file that `lenet5 train` made, or the name of weights that come with lenet5 (digits).
    """
    from ..data.dataset import load
    from ..export import export_c, export_onnx
    from ..model.lenet5 import LeNet5

    network = LeNet5.find(model)
    images = None
    if int8:
        with downloads() as progress:
            images = load(calibration, split="train", progress=progress).images
    out = out or f"lenet5{SUFFIXES[kind]}"
    if kind == "onnx":
        export_onnx(network, out, raw, int8, images)
    else:
        export_c(network, out, int8, images)
    click.echo(f"{out}: {Path(out).stat().st_size:,} bytes")
