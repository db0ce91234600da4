"""`lenet5 calibrate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .progress import downloads, width

if TYPE_CHECKING:
    import numpy as np

__all__ = ["calibrate_command", "generated"]


@click.command("calibrate")
@click.argument("model")
@click.option(
    "--data",
    default="mnist",
    show_default=True,
    help="Patterns that MODEL was not trained on: of mnist the writers that `lenet5 train --validation` keeps "
    "aside; or a folder of class folders, .csv, .npz, or IDX images.",
)
@click.option(
    "--by",
    metavar="TWIN",
    help="Fit to the answers of this network, trained as MODEL was but with --validation. For a MODEL that "
    "learnt from all writers.",
)
@click.option(
    "--noncharacters",
    type=click.IntRange(0),
    default=2000,
    show_default=True,
    help="How many generated patterns that are no character to fit to as well.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the model goes; MODEL itself unless given.",
)
@click.option("--threads", type=click.IntRange(1), help="As many as this process may use, unless given.")
@click.option("--json", "as_json", is_flag=True, help="The constants and thresholds as JSON.")
def calibrate_command(
    model: str,
    data: str,
    by: str | None,
    noncharacters: int,
    out: Path | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Make the confidence of MODEL come true, and find its thresholds.

    Answers of a confidence of 90 % are to be right nine times in ten. What is fitted, and the thresholds for
    --max-error, are written into the model's file; its weights stay as they are. This is a command of its
    own because patterns that were trained on cannot tell: which are kept aside is yours to say.
    """
    from ..data.dataset import load
    from ..data.splits import validation_patterns
    from ..data.synthesis.negatives import CALIBRATED
    from ..evaluation.calibration import calibrate_model, check
    from ..model.ensemble import find

    network = find(model)
    if out is None and not Path(model).is_file():
        raise click.UsageError(f"{model} comes with lenet5: say where the calibrated model goes with --out")
    twin = find(by) if by else None
    with downloads() as progress:
        patterns = load(data, split="train" if data == "mnist" else "test", progress=progress)
    if data == "mnist":
        patterns = validation_patterns(patterns, twin or network)
    check(network, patterns, twin)
    nothing = generated(CALIBRATED, noncharacters, network.classes) if noncharacters else None
    found = calibrate_model(network, patterns, nothing, twin, threads)
    network.save(out or model)
    recipes = [
        [one.metadata["training"].get("recipe") for one in each.networks]
        for each in (network, twin or network)
    ]
    if any(one not in recipes[1] for one in recipes[0]):
        click.echo(
            f"note: {by} was trained by another recipe than {model}: its mistakes may be others", err=True
        )
    if noncharacters and not found.data["noncharacters"]:
        click.echo(
            "note: the network takes most non-characters for characters; it has to be trained with some before "
            "its doubt can tell them, and they are left out here",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"model": str(out or model), **found.metadata()}))
        return
    click.echo(found.text(network.metadata["j"], network.metadata["scale"]))
    click.echo(f"\nthe calibrated model is in {out or model}")


def generated(seed: int, count: int, classes: list[str]) -> np.ndarray:
    """Non-characters, with a bar while they are drawn."""
    from tqdm import tqdm

    from ..data.synthesis.negatives import noncharacters

    with tqdm(
        total=count, desc="non-characters", ncols=width(), leave=False, disable=None, unit_scale=True
    ) as bar:
        return noncharacters(seed, count, classes, bar.update)
