"""`lenet5 bench`."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["bench_command"]


@click.command("bench")
@click.option("--cores", help="Numbers of cores, such as 1,2  [default: one, and all cores]")
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=7,
    show_default=True,
    help="Rounds, each of every engine in turn.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder in which bench.json and bench.svg are written.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the measurements as JSON.")
def bench_command(cores: str | None, rounds: int, out: Path | None, as_json: bool) -> None:
    """Time this network in every installed engine.

    PyTorch, ONNX Runtime and OpenVINO are measured where they can be imported. All have the same weights and
    images, and their answers are compared first. This takes some minutes. End other programs before you
    believe a figure.
    """
    from ..atomic import write
    from ..bench.report import measure, plot, table
    from ..parallel import thread_count

    try:
        counts = sorted({int(item) for item in cores.split(",")}) if cores else sorted({1, thread_count()})
    except ValueError as error:
        raise click.BadParameter(
            f"{cores!r} is not a list of numbers such as 1,2", param_hint="--cores"
        ) from error
    if counts[0] < 1 or counts[-1] > thread_count():
        raise click.BadParameter(f"this process may use 1 to {thread_count()} cores", param_hint="--cores")
    report = measure(counts, rounds, lambda text: click.echo(text, err=True))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        write(out / "bench.json", json.dumps(report, indent=1).encode())
        write(out / "bench.svg", plot(report))
    click.echo(json.dumps(report) if as_json else table(report))
