"""Which pictures show one thing: all that are named, those of a folder, or those whose names agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

__all__ = ["groups_of"]


def groups_of(pictures: Sequence[str], same: str) -> list[list[str]]:
    """The pictures in groups, in the order of the first of each.

    Args:
        pictures: paths.
        same: "all"; "folder": those of one folder; "numbered": those whose names differ by the number at their end, as
            meter-1.png and meter-2.png; or a regular expression: those in whose paths it matches the same text, or the
            same groups where it has some. One in which it matches nothing is alone.

    Raises:
        click.UsageError: this is no regular expression.
    """
    try:
        pattern = re.compile(same)
    except re.error as error:
        raise click.UsageError(
            f"--same {same!r} is neither all, folder, numbered nor a regular expression: {error}"
        ) from error
    groups: dict[object, list[str]] = {}
    for picture in pictures:
        key: object = None
        if same == "folder":
            key = Path(picture).parent
        elif same == "numbered":
            path = Path(picture)
            key = path.parent, re.sub(r"[ _.-]*\d+$", "", path.stem, flags=re.ASCII), path.suffix.lower()
        elif same != "all":
            match = pattern.search(picture)
            key = (match.groups() or match.group()) if match else picture
        groups.setdefault(key, []).append(picture)
    return list(groups.values())
