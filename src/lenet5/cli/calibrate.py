"""`lenet5 calibrate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import transpose_option
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
    help="Patterns that MODEL was not trained on: of mnist the writers that `lenet5 train --validation` holds "
    "out; or a folder of class folders, .csv, .npz, or IDX images.",
)
@click.option(
    "--by",
    metavar="TWIN",
    help="Fit to the answers of this network, trained as MODEL was but with --validation: for a MODEL that was "
    "trained on all writers.",
)
@click.option(
    "--noncharacters",
    type=click.IntRange(0),
    default=2000,
    show_default=True,
    help="Number of generated non-characters to fit to as well.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the calibrated model  [default: MODEL itself]",
)
@transpose_option
@click.option("--threads", type=click.IntRange(1), help="Threads  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Print the constants and thresholds as JSON.")
def calibrate_command(
    model: str,
    data: str,
    by: str | None,
    noncharacters: int,
    out: Path | None,
    transpose: bool | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Calibrate the confidence of MODEL, and find its thresholds.

    Answers of a confidence of 90 % are to be right nine times in ten. The fitted constants and the thresholds for
    --max-error are written into the model's file; its weights stay as they are. This needs patterns that
    the model was not trained on: on those it was trained on it is too sure.
    """
    from ..data.dataset import load
    from ..data.splits import validation_patterns
    from ..data.synthesis.negatives import CALIBRATED
    from ..evaluation.calibration import calibrate, check_calibration
    from ..model.load import find

    network = find(model)
    if out is None and not Path(model).is_file():
        raise click.UsageError(f"{model} comes with lenet5: say where the calibrated model goes with --out")
    twin = find(by) if by else None
    with downloads() as progress:
        split = "train" if data == "mnist" else "test"
        patterns = load(data, split=split, progress=progress, transpose=transpose)
    if data == "mnist":
        patterns = validation_patterns(patterns, twin or network)
    check_calibration(network, patterns, twin)
    negatives = generated(CALIBRATED, noncharacters, network.classes) if noncharacters else None
    confidence = calibrate(network, patterns, negatives, twin, threads)
    network.save(out or model)
    recipes = [
        [one.metadata["training"].get("recipe") for one in each.networks]
        for each in (network, twin or network)
    ]
    if any(one not in recipes[1] for one in recipes[0]):
        click.echo(
            f"note: {by} was trained by another recipe than {model}: its mistakes may differ", err=True
        )
    if noncharacters and not confidence.data["noncharacters"]:
        click.echo(
            "note: the network takes most non-characters for characters, so they are left out here; train it with "
            "some first (--recipe reading)",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"model": str(out or model), **confidence.to_dict()}))
        return
    click.echo(confidence.format(network.metadata["j"], network.metadata["scale"]))
    click.echo(f"\nthe calibrated model is in {out or model}")


def generated(seed: int, count: int, classes: list[str]) -> np.ndarray:
    """Generated non-characters, with a progress bar."""
    from tqdm import tqdm

    from ..data.synthesis.negatives import noncharacters

    with tqdm(
        total=count, desc="non-characters", ncols=width(), leave=False, disable=None, unit_scale=True
    ) as bar:
        return noncharacters(seed, count, classes, bar.update)
