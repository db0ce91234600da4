"""Write docs/architecture.md from the package: every room, every file, the first line of each docstring.

Run `python scripts/architecture.py` to see whether the page is current, with `--write` to write it.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from generated import check_or_write

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "lenet5"
PAGE = ROOT / "docs" / "architecture.md"
SOURCE = "https://github.com/lenet5/lenet5/blob/main/src/lenet5"


@dataclass(frozen=True)
class Storey:
    """Rooms with one subject, and the sentence that says which."""

    title: str
    subject: str
    rooms: tuple[str, ...]


GROUND = Storey(
    "The ground",
    "What every room stands on: errors, files written whole, deadlines, worker processes.",
    ("errors", "atomic", "deadline", "parallel"),
)

STOREYS = (
    Storey(
        "The paper",
        "LeNet-5 itself: as data and plain NumPy, then fast, then trained.",
        ("network", "engine", "model"),
    ),
    Storey(
        "Image to text",
        "From an image file to what is written in it.",
        ("imaging", "lattice", "reading"),
    ),
    Storey(
        "Learning",
        "Patterns, training, and how good the result is.",
        ("data", "training", "evaluation", "reproduce"),
    ),
    Storey(
        "Doors",
        "Where people and programs come in.",
        ("torch", "sklearn", "export", "bench", "page", "serve", "bulk", "cli"),
    ),
)

# What, the file or folder, and the name in it where there is one to add to.
TASKS = (
    ("change a layer, or which maps C3 reads (Table I)", "network/architecture.py", ""),
    ("draw a character's code differently", "network/codes.py", ""),
    ("change which backend computes", "engine/backend.py", ""),
    ("change how the 20×20 box of a character is made", "imaging/normalise.py", ""),
    ("change where a line may be cut", "imaging/segmentation.py", ""),
    ("change how the confidence is calibrated", "model/calibration.py", ""),
    ("change what is shown as `?`", "reading/acceptance.py", ""),
    ("change a key of the results in JSON", "reading/results.py", ""),
    ("change what a labels.csv may hold", "data/transcripts.py", ""),
    ("add a recipe", "training/recipes.py", "RECIPES"),
    ("add an export", "export/", ""),
    ("offer an export on the command line", "cli/export.py", "SUFFIXES"),
    ("add a command", "cli/__init__.py", "COMMANDS"),
    ("make a loop faster", "engine/numba_backend/", ""),
)

OPENING = """\
# Architecture

<!-- Written by `python scripts/architecture.py --write` from the first line of each docstring. -->

The package has {rooms} rooms. A room is a folder or a file directly under `src/lenet5` and imports only rooms below
it; `lint-imports` fails a change that breaks this rule, which is written in `pyproject.toml`. The rooms make up
four storeys, on common ground.
"""


def layers() -> list[list[str]]:
    """Rooms by layer, from the highest to the lowest, as the import-linter contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        contract for contract in settings["tool"]["importlinter"]["contracts"] if contract["id"] == "layers"
    )
    order = [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]
    return [layer for layer in order if not layer[0].startswith("_")]


def sentence(path: Path) -> str:
    """First sentence of a file's docstring, on one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise SystemExit(f"{path} has no docstring")
    return text.split("\n\n")[0].replace("\n", " ").replace("|", "\\|").strip()


def files(folder: Path) -> list[Path]:
    """Files of a room, in the order of their names, each folder after the files beside it."""
    here = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    for inner in sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"):
        if (inner / "__init__.py").exists():
            here += [inner / "__init__.py", *files(inner)]
        else:
            here.append(inner)
    return here


def row(path: Path) -> str:
    """Line of the table for a file, a folder of files, or a folder of data."""
    place = path.relative_to(PACKAGE).as_posix()
    if path.is_dir():
        names = sorted(inner.name for inner in path.iterdir() if inner.name != "__pycache__")
        return f"| [`{place}/`]({SOURCE}/{place}) | {', '.join(f'`{name}`' for name in names)} |\n"
    if path.name == "__init__.py":
        place = f"{path.parent.relative_to(PACKAGE).as_posix()}/"
    return f"| [`{place}`]({SOURCE}/{place}) | {sentence(path)} |\n"


def room(name: str) -> str:
    """Section of the page for a room."""
    folder = PACKAGE / name
    if not folder.is_dir():
        return f"### {name}\n\n[`{name}.py`]({SOURCE}/{name}.py): {sentence(PACKAGE / f'{name}.py')}\n"
    text = f"### {name}\n\n[`{name}/`]({SOURCE}/{name}): {sentence(folder / '__init__.py')}\n\n"
    return text + "| file | subject |\n|---|---|\n" + "".join(row(path) for path in files(folder))


def rules() -> str:
    """Table of which room may import which."""
    order = layers()
    text = "## Which room may import which\n\nEach line may import the rooms of all lines below it, and no other.\n\n"
    text += "| rooms | |\n|---|---|\n"
    for layer in order:
        note = "do not know each other" if len(layer) > 1 else ""
        text += f"| {', '.join(f'`{name}`' for name in layer)} | {note} |\n"
    return text + (
        "\n`imaging` and `lattice` know no model, no data and no reading. Only `cli` imports Click and tqdm, only\n"
        "`torch` PyTorch, only `engine` Numba. `__init__.py` lists the public names, and imports a room when one of\n"
        "its names is first asked for; `__main__.py` is `python -m lenet5`, `_version.py` holds the version.\n"
    )


def page() -> str:
    """The whole page.

    Returns:
        Markdown, as docs/architecture.md holds it.
    """
    storeys = (*STOREYS, GROUND)
    text = OPENING.format(rooms=sum(len(storey.rooms) for storey in storeys))
    text += "\n| storey | subject | rooms |\n|---|---|---|\n"
    for storey in storeys:
        names = ", ".join(f"[`{name}`](#{name})" for name in storey.rooms)
        text += (
            f"| [{storey.title}](#{storey.title.lower().replace(' ', '-')}) | {storey.subject} | {names} |\n"
        )
    text += "\n## Where to change what\n\n| to | look in |\n|---|---|\n"
    for task, place, name in TASKS:
        path = PACKAGE / place
        if not path.exists() or (
            name and not re.search(rf"^{name}\b", path.read_text(encoding="utf-8"), re.M)
        ):
            raise SystemExit(f"{name or place}, where to {task}, is not in {path if name else PACKAGE}")
        text += f"| {task} | {f'`{name}` in ' if name else ''}[`{place}`]({SOURCE}/{place}) |\n"
    text += "\n" + rules()
    for storey in storeys:
        text += f"\n## {storey.title}\n\n{storey.subject}\n"
        for name in storey.rooms:
            text += f"\n{room(name)}"
    return text


if __name__ == "__main__":
    sys.exit(check_or_write(PAGE, page, __file__, __doc__ or ""))
