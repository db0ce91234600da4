"""`lenet5`: thin doors to the package. A command is parsed, called and printed here, nothing else.

Each command has a file, imported when it is asked for, and imports what is heavy when it runs. Exit status:
0 done, 1 failed (one sentence on standard error), 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import click

from .._version import __version__
from ..errors import LeNet5Error

__all__ = ["group", "main"]

# Command -> the file that holds it, under the command's name with _ for -.
COMMANDS = {
    "bench": "bench",
    "calibrate": "calibrate",
    "eval": "eval",
    "eval-strings": "eval_strings",
    "explain": "explain",
    "export": "export",
    "page": "page",
    "read": "read",
    "reproduce": "reproduce",
    "review": "review",
    "serve": "serve",
    "summary": "summary",
    "sweep": "sweep",
    "train": "train",
}


class Commands(click.Group):
    """Commands that are imported only when they are named."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f".{COMMANDS[name]}", __name__)
        command: click.Command = getattr(module, f"{name.replace('-', '_')}_command")
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named. Raises click.UsageError, with the nearest name, for another."""
        try:
            return super().resolve_command(context, arguments)
        except click.UsageError as error:
            near = difflib.get_close_matches(arguments[0], COMMANDS, 1)
            question = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {arguments[0]!r}.{question}", context) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="lenet5", message="%(prog)s %(version)s")
def group() -> None:
    """LeNet-5 exactly as published in 1998: train it, measure it, and read handwriting with it.

    \b
    lenet5 read digit.png        what character is this?
    lenet5 train                 train on MNIST, in about half a minute
    lenet5 eval model.safetensors
    lenet5 summary               the network, layer by layer
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without × shows ? instead of failing
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *rest, **more: click.echo(f"note: {message}", err=True)
        sys.exit(_run(arguments))


def _name() -> str:
    """The beginning of a message of failure, red on a terminal unless NO_COLOR is set."""
    return "lenet5:" if os.environ.get("NO_COLOR") else click.style("lenet5:", fg="red", bold=True)


def _open_closed_streams() -> None:
    """Give closed standard streams (<&-, >&-, 2>&-) a place that is empty: else the next file that is opened is one."""
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        number = ("stdin", "stdout", "stderr").index(name)
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if name != "stdin":  # who asks for standard input is told that it is closed
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", errors="replace", closefd=False))
    if "stdout" in closed:
        click.echo("note: standard output is closed: results are not printed", err=True)


def _run(arguments: list[str]) -> int:
    """Run a command; returns its exit status."""
    try:
        result = group.main(
            arguments, prog_name="lenet5", standalone_mode=False, obj=shlex.join(["lenet5", *arguments])
        )
        sys.stdout.flush()
    except click.ClickException as error:  # wrong use
        error.show()
        return error.exit_code
    except LeNet5Error as error:
        click.echo(f"{_name()} {error}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"{_name()} interrupted", err=True)
        return 130
    except OSError as error:
        # Python flushes once more at exit: to nowhere, for it would fail as before.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE or isinstance(error, BrokenPipeError):
            return 1  # whoever read us has seen enough (head, less)
        click.echo(f"{_name()} {error.filename or 'output'}: {error.strerror or error}", err=True)
        return 1
    return result if isinstance(result, int) else 0
