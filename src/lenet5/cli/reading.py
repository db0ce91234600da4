"""`lenet5 read`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..errors import LeNet5Error

__all__ = ["read_command"]


@click.command("read")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")
@click.option("--weights", default="digits", show_default=True, help="Weights by name, or a model file.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a picture, one a line.")
@click.option(
    "--show",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the 32×32 picture that the network saw to this PNG, enlarged; several side by side.",
)
def read_command(pictures: tuple[str, ...], weights: str, as_json: bool, show: Path | None) -> int:
    """Say which character is in each PICTURE; - is standard input.

    Any size and mode, dark on light or light on dark, one character a picture. A picture that cannot be
    read is said on standard error and makes the exit status 1; the others are still read.
    """
    from ..reader import Reader

    reader = Reader(weights)
    failed = 0
    fields = []
    for picture in pictures:
        name = "standard input" if picture == "-" else picture
        try:
            reading = reader.read(sys.stdin.buffer if picture == "-" else picture, name)
        except LeNet5Error as error:
            failed += 1
            click.echo(f"lenet5: {error}", err=True)
            if as_json:
                click.echo(json.dumps({"picture": name, "error": str(error)}))
            continue
        fields.append(reading.field)
        if as_json:
            click.echo(json.dumps({"picture": name, **reading.data()}))
        else:
            doubt = f"penalty {reading.penalty:.1f}, confidence {reading.confidence:.1%}"
            click.echo(f"{name}: {reading.text}   ({doubt})")
    if show and fields:
        _show(fields, show)
    return int(failed > 0)


def _show(fields: list, path: Path) -> None:
    """What the network saw, eight times enlarged, black on white."""
    import io

    import numpy as np
    from PIL import Image

    from ..files import write

    seen = np.hstack([np.pad(255 - field, 2, constant_values=255) for field in fields])
    picture = Image.fromarray(seen).resize((seen.shape[1] * 8, seen.shape[0] * 8), Image.Resampling.NEAREST)
    data = io.BytesIO()
    picture.save(data, "PNG")
    write(path, data.getvalue())
