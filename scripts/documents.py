"""The commands of the documents, run to the letter: what stands in a block of sh, console or python is executed.

    python scripts/documents.py                 the quick ones of every document
    python scripts/documents.py --long          training and measuring too (some ten minutes)
    python scripts/documents.py docs/train.md   of one document

Each document has a folder of its own, with the repository's examples and an empty home; the files of its TOML blocks
are written there under the names that the text gives them. What a console block shows below a command must be what is
printed; … stands for anything. What cannot run here is said, with the reason.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCUMENTS", "Command", "Outcome", "commands", "run"]

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TIMEOUT = 900  # seconds of one command

# What does not run here at all, and what only --long runs: (pattern of the command, reason).
NEVER = (
    (r"\b(pip|pre-commit|apt-get|docker|podman|git)\b", "installs or changes the machine"),
    (r"cuda|torchrun", "needs a GPU"),
    (r"\b(lenet5|mkdocs) serve\b|curl|httpx|8000", "talks to a service that runs beside it"),
    (r"load_dataset|tensorboard", "needs a network, or a package that is no extra"),
    (r"sdlm_conventions|lenet5 reproduce\s*$", "takes half an hour or more"),
)
PLACEHOLDERS = r"(^|[\s/])([A-Z]{3,}|mine|lines|others|scans/|crops\.parquet)(\s|$)|(^|\s)\*\.png|…"
LONG = r"lenet5 (train|sweep|reproduce|bench|calibrate)|model\.safetensors|benchmarks/|cross_val_score|load\(|fit\("


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


@dataclass(frozen=True)
class Command:
    """One command of a document: a line for the shell, or a Python program; and what must be printed, if shown."""

    text: str
    python: bool = False
    shown: str | None = None

    def skipped(self, long: bool) -> str:
        """Why it does not run; "" if it does."""
        if not self.python and re.search(PLACEHOLDERS, self.text):
            return "stands for files of the reader's"
        for pattern, reason in NEVER:
            if re.search(pattern, self.text):
                return reason
        if re.search(r"^import torch|lenet5\.torch", self.text, re.MULTILINE) and not _is_installed("torch"):
            return "needs PyTorch"
        return "long" if not long and re.search(LONG, self.text) else ""


@dataclass(frozen=True)
class Outcome:
    """What became of a command: "" as a fault is success; `skipped` says why it did not run."""

    command: Command
    fault: str = ""
    skipped: str = ""


def commands(text: str) -> Iterator[Command]:
    """The commands of a document, in their order."""
    for kind, block in re.findall(r"```(sh|console|python)\n(.*?)```", text, re.DOTALL):
        if kind == "python":
            yield Command(block, python=True)
        elif "$ " in block:
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                line, _, shown = part.partition("\n")
                yield Command(line, shown=shown or None)
        else:
            yield from (Command(line.split("  #")[0].strip()) for line in block.splitlines() if line.strip())


def _files(text: str) -> dict[str, str]:
    """The TOML blocks, under the name of the first .toml file that the text after each names."""
    found = re.findall(r"```toml\n(.*?)```.*?([\w-]+\.toml)", text, re.DOTALL)
    return {name: block for block, name in found}


def run(document: Path, long: bool = False) -> Iterator[Outcome]:
    """Run the commands of a document in a folder of its own.

    Args:
        document: a Markdown file.
        long: those that train and measure too.

    Yields:
        What became of each command.
    """
    text = document.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _prepare(place)
        for name, contents in _files(text).items():
            (place / name).write_text(contents, encoding="utf-8")
        environment = {
            **os.environ,
            "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(place / "home"),
        }
        before = ""  # Python blocks of one document go on from one another
        for command in commands(text):
            reason = command.skipped(long)
            fault = "" if reason else _fault(command, before, place, environment)
            before += command.text if command.python and not reason and not fault else ""
            yield Outcome(command, fault, reason)


def _prepare(place: Path) -> None:
    """Make the folder in which a reader would be: the repository's, with `lenet5` on the path."""
    for name in ("examples", "benchmarks", "docs"):
        shutil.copytree(ROOT / name, place / name)
    shutil.copy(ROOT / "README.md", place)
    (place / "src").symlink_to(ROOT / "src")
    (place / "home").mkdir()
    (place / "bin").mkdir()
    for name, module in (("lenet5", "-m lenet5"), ("python", "")):
        script = place / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)


def _fault(command: Command, before: str, place: Path, environment: dict[str, str]) -> str:
    """What differs from the document; "" for nothing."""
    arguments = (
        [sys.executable, "-c", before + command.text] if command.python else ["bash", "-c", command.text]
    )
    try:
        done = subprocess.run(
            arguments,
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {TIMEOUT} seconds"
    if done.returncode and command.shown is None:
        return f"exit status {done.returncode}: {(done.stderr.strip().splitlines() or ['nothing said'])[-1]}"
    if command.shown is not None:
        pattern = "".join(
            ".*" if part == "…" else re.escape(part) for part in re.split("(…)", command.shown.strip())
        )
        printed = (done.stdout + done.stderr).strip()
        if not re.fullmatch(pattern, printed):
            return f"shown:\n{command.shown.strip()}\nprinted:\n{printed}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="*", type=Path, help="Markdown files [default: README and docs]")
    parser.add_argument("--long", action="store_true", help="run what trains and measures, too")
    options = parser.parse_args()
    failed = 0
    for document in options.documents or DOCUMENTS:
        outcomes = []
        for outcome in run(document.resolve(), options.long):
            outcomes.append(outcome)
            first = outcome.command.text.strip().splitlines()[0][:70]
            if outcome.fault:
                print(f"  DIFFERS  {first}\n    " + outcome.fault.replace("\n", "\n    "), flush=True)
            elif outcome.skipped and outcome.skipped != "long":
                print(f"  skipped  {first}: {outcome.skipped}", flush=True)
        faults = sum(bool(one.fault) for one in outcomes)
        ran = sum(not one.skipped for one in outcomes)
        print(f"{document.name}: {ran} of {len(outcomes)} commands run, {faults} differ", flush=True)
        failed += faults
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
