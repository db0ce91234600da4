"""`lenet5 export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .progress import downloads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model.lenet5 import LeNet5

__all__ = ["export_command"]

SUFFIXES = {"onnx": ".onnx", "c": ".h"}


@click.command("export")
@click.argument("model", default="reading")
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
    help="Characters such as will be read, from which --int8 takes its scales: as --data of `lenet5 train`.  "
    "[default: mnist, for a model of digits]",
)
@click.option(
    "--member", type=click.IntRange(1), help="Number of the network to take, where MODEL is an ensemble."
)
@click.option(
    "--out", type=click.Path(dir_okay=False), help="File to write  [default: lenet5.onnx or lenet5.h]"
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export_command(
    model: str,
    kind: str,
    raw: bool,
    int8: bool,
    calibration: str | None,
    member: int | None,
    out: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write MODEL for other engines.

    MODEL is a file that `lenet5 train` made, or the name of weights that come with lenet5; unless given, reading:
    one network that knows digits and non-characters, with a calibrated confidence.
    """
    if raw and kind == "c":
        raise click.UsageError("--raw is for --to onnx: what is written in C always takes bytes")
    if calibration and not int8:
        raise click.UsageError("--calibration is for --int8: floats need none")
    out = out or f"lenet5{SUFFIXES[kind]}"
    if Path(out).exists() and not overwrite:
        raise click.UsageError(f"{out} is there already: name another file with --out, or give --overwrite")
    from ..export import export_c, export_onnx

    network = _network(model, member)
    images = None
    if int8:
        images = _calibration(network, calibration)
    if kind == "onnx":
        export_onnx(network, out, raw, int8, images)
    else:
        export_c(network, out, int8, images)
    size = Path(out).stat().st_size
    summary = {
        "file": out,
        "bytes": size,
        "kind": kind,
        "model": model,
        "member": member,
        "classes": network.classes,
    }
    click.echo(json.dumps(summary) if as_json else f"{out}: {size:,} bytes")


def _network(model: str, member: int | None) -> LeNet5:
    """The one network that is exported. Raises click.UsageError for an ensemble without --member."""
    from ..model.lenet5 import LeNet5
    from ..model.load import find

    networks = find(model).networks
    if member is None and len(networks) > 1:
        raise click.UsageError(
            f"{model} is an ensemble of {len(networks)} networks, and one is exported at a time: "
            f"--member 1 to --member {len(networks)}, or the weights `reading`"
        )
    if member is not None and member > len(networks):
        raise click.UsageError(f"{model} has no member {member}: they are numbered from 1 to {len(networks)}")
    chosen = networks[(member or 1) - 1]
    assert isinstance(chosen, LeNet5)
    return chosen


def _calibration(network: LeNet5, data: str | None) -> NDArray[np.uint8]:
    """Images of the characters that a network knows; those of MNIST, unless others are named, for one of digits."""
    from ..data.dataset import load
    from ..data.labels import DIGITS

    if data is None and not set(DIGITS) <= set(network.classes):
        raise click.UsageError(
            f"this model reads {''.join(network.classes)}, of which MNIST has none or few: name pictures of its "
            "characters with --calibration"
        )
    with downloads() as progress:
        patterns = load(data or "mnist", split="train", progress=progress)
    strange = sorted(
        {patterns.classes[label] for label in set(patterns.labels.tolist())} - set(network.classes)
    )
    if strange:
        raise click.UsageError(
            f"{patterns.name} has characters that this model does not read ({' '.join(strange)}): name pictures of "
            f"{''.join(network.classes)} with --calibration"
        )
    return patterns.images
