"""The review page: one HTML file with every item and its picture, that asks nothing of anybody."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from ... import atomic
from ...errors import InputError, SaveError

__all__ = ["PAGE", "answers_name", "make_folder", "write_review"]

PAGE = "index.html"  # the page in its folder
OURS = b'<meta name="generator" content="lenet5 review">'  # within the first BEGINNING bytes of a review page
BEGINNING = 1000


def make_folder(folder: Path) -> None:
    """Make the folder for a review page, before the work and not after it.

    Raises:
        InputError: another page than a review is there.
        SaveError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / PAGE).exists():
            with (folder / PAGE).open("rb") as page:
                ours = OURS in page.read(BEGINNING)
            if not ours:
                raise InputError(
                    f"{folder / PAGE} is there and no review page: name another folder for the review"
                )
    except OSError as error:
        raise SaveError(f"cannot make the folder {folder}: {error.strerror}; choose another place") from error


def write_review(folder: Path, parts: Iterable[bytes], result: str) -> int:
    """Write the page on which a person looks at items and answers them.

    Args:
        folder: where the page goes, as PAGE; it is made if need be.
        parts: items of the parts of a result, one a line (review.items); they are never held together.
        result: name of the result's file.

    Returns:
        How many items there are.

    Raises:
        InputError: another page than a review is there.
        SaveError: the page cannot be written.
    """
    make_folder(folder)
    style, script = _source("review.css"), _source("review.js")
    text = _source("review.html")
    for mark, part in (
        ("{{CSP}}", _policy(style, script)),
        ("{{STYLE}}", style),
        ("{{SCRIPT}}", script),
        ("{{RESULT}}", html.escape(result)),
    ):
        text = text.replace(mark, part)
    head, rest = text.split("{{ITEMS}}")
    between, tail = rest.split("{{ABOUT}}")
    count, digest = 0, hashlib.sha256()
    with atomic.replacing(folder / PAGE) as stream:
        stream.write(head.encode())
        for item in (item for part in parts for item in part.split(b"\n") if item):
            digest.update(item)
            stream.write((b",\n" if count else b"") + item.replace(b"<", b"\\u003c"))
            count += 1
        # Answers that the browser keeps belong to these items and to no others.
        about = {"review": digest.hexdigest()[:32], "result": result, "answers": answers_name(result)}
        stream.write(between.encode())
        stream.write(json.dumps(about).replace("<", "\\u003c").encode())
        stream.write(tail.encode())
    return count


def answers_name(result: str) -> str:
    """What the file of answers to a result is called."""
    return f"{result}.answers.json"


def _source(name: str) -> str:
    return (resources.files(__package__) / "source" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The page's content-security policy: its own style and script, pictures within it, and nothing else."""
    digests = [
        "'sha256-" + base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() + "'"
        for part in (style, script)
    ]
    return (
        f"default-src 'none'; style-src {digests[0]}; script-src {digests[1]}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
