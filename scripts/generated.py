"""A page of docs/ that a script makes: compared with what is there, or written anew."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["check_or_write"]

ROOT = Path(__file__).parent.parent


def check_or_write(file: Path, make: Callable[[], str], script: str, about: str) -> int:
    """Compare a page with what a script makes, or with `--write` write it.

    Args:
        file: the page.
        make: its text.
        script: file of the script, which the message names.
        about: what its help says.

    Returns:
        The exit status: 1 where the page is not current.
    """
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"write {file.relative_to(ROOT)}")
    if parser.parse_args().write:
        file.write_text(make(), encoding="utf-8")
        return 0
    if file.read_text(encoding="utf-8") != make():
        command = f"python {Path(script).resolve().relative_to(ROOT)} --write"
        print(f"{file.relative_to(ROOT)} is not current: {command}", file=sys.stderr)
        return 1
    return 0
