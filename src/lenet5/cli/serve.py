"""`lenet5 serve`: options in, the service run until it is told to end."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

__all__ = ["serve_command"]


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 is every one of this machine."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
)
@click.option("--weights", default="digits", show_default=True, help="Weights by name, or a model file.")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that read pictures  [default: a core each]"
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with a token that every request must bear.",
)
@click.option(
    "--allow-host", multiple=True, metavar="NAME", help="A further name that clients call the service by."
)
@click.option(
    "--label-studio",
    default="",
    metavar="URL",
    help="The one host that pictures may be fetched from, as https://host or http://host:8080.",
)
@click.option("--quiet", is_flag=True, help="Log what goes wrong, and not every request.")
def serve_command(
    host: str,
    port: int,
    weights: str,
    workers: int | None,
    token_file: Path | None,
    allow_host: tuple[str, ...],
    label_studio: str,
    quiet: bool,
) -> int:
    """Answer over HTTP: read pictures, recognise images.

    The service answers this machine alone, unless --host says otherwise. What it offers is at /openapi.json. The
    token of Label Studio's API is taken from the environment, LABEL_STUDIO_API_KEY.
    """
    from ..errors import InputError, MissingExtraError

    try:
        from ..serve.server import ServerOptions, serve
        from ..serve.service import LabelStudio
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"serving needs the extra `serve` ({error}): pip install 'lenet5-1998[serve]'"
        ) from error
    token = ""
    if token_file:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise InputError(f"cannot read the token in {token_file}: {reason}") from error
        if not token.isascii() or not token:
            raise InputError(f"the token in {token_file} must be letters, digits and signs of ASCII")
    if label_studio and not re.fullmatch(r"https?://[^/?#\s@]+(/[^?#\s]*)?", label_studio):
        raise click.BadParameter(
            f"{label_studio!r} is no address of a host: write it as https://host or http://host:8080",
            param_hint="'--label-studio'",
        )
    key = os.environ.get("LABEL_STUDIO_API_KEY", "")
    serve(
        ServerOptions(
            host,
            port,
            weights,
            workers,
            token,
            allow_host,
            LabelStudio(label_studio.rstrip("/"), key if label_studio else ""),
            not quiet,
        )
    )
    return 0
