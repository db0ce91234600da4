"""Everything that can be checked without running the suite: lint, format, types, rooms, pages. One command.

    python scripts/check.py            what a change must pass before it is committed; the tests are `python -m pytest`
    python scripts/check.py --fix      the same, after mending what can be mended without thought

Needs `pip install -e ".[dev]"`; what is not installed is named, and fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Name -> the module that must be installed, and the arguments of python.
CHECKS = {
    "lint": ("ruff", ["-m", "ruff", "check", "."]),
    "format": ("ruff", ["-m", "ruff", "format", "--check", "."]),
    "types": ("mypy", ["-m", "mypy"]),
    "rooms": ("importlinter", ["-c", "from importlinter.cli import lint_imports_command as run; run()"]),
    "architecture page": (None, ["scripts/architecture.py"]),
    "API page": (None, ["scripts/api.py"]),
    "drawing page": (None, ["scripts/page.py"]),
    "drawn figures": (None, ["scripts/figures.py"]),
    "README's figures": (None, ["benchmarks/readme.py", "--check"]),
    "documentation": ("mkdocs", ["-m", "mkdocs", "build", "--strict", "--site-dir"]),
}
FIXES = {
    "lint": ["-m", "ruff", "check", "--fix", "."],
    "format": ["-m", "ruff", "format", "."],
    "architecture page": ["scripts/architecture.py", "--write"],
    "API page": ["scripts/api.py", "--write"],
    "drawing page": ["scripts/page.py", "--write"],
    "drawn figures": ["scripts/figures.py", "--write"],
}


def run(name: str) -> bool:
    """Run one check; print its name, its time and, where it fails, what it printed.

    Args:
        name: a key of `CHECKS`.

    Returns:
        Whether it passed.
    """
    module, arguments = CHECKS[name]
    if module and importlib.util.find_spec(module) is None:
        print(f'{name}: {module} is not installed: pip install -e ".[dev]"')
        return False
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as site:
        done = subprocess.run(
            [sys.executable, *arguments, *([site] if name == "documentation" else [])],
            cwd=ROOT,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    verdict = "passed" if done.returncode == 0 else "FAILED"
    print(f"{name}: {verdict} ({time.perf_counter() - began:.1f} s)", flush=True)
    if done.returncode:
        print(done.stdout)
    return done.returncode == 0


def main() -> int:
    """Run the checks that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"only these: {', '.join(CHECKS)}")
    parser.add_argument("--fix", action="store_true", help="mend lint, format and written pages first")
    options = parser.parse_args()
    if unknown := set(options.checks) - set(CHECKS):
        parser.error(f"there is no check called {', '.join(sorted(unknown))}")
    names = options.checks or list(CHECKS)
    for name in names if options.fix else []:
        if name in FIXES:
            subprocess.run([sys.executable, *FIXES[name]], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    passed = [run(name) for name in names]
    print(f"{sum(passed)} of {len(passed)} checks passed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
