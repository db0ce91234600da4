"""Check that a release is one: the tag, the version, the changes and the citation agree.

python scripts/release.py --tag v0.1.0
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def version() -> str:
    """Version of the package, as _version.py has it."""
    tree = ast.parse((ROOT / "src" / "lenet5" / "_version.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__version__":
            return str(ast.literal_eval(node.value))
    raise SystemExit("src/lenet5/_version.py has no __version__")


def faults(tag: str) -> list[str]:
    """Sentences that say what does not agree.

    Args:
        tag: the tag of the release, "v" and the version.

    Returns:
        One sentence for each fault; none where everything agrees.
    """
    expected = version()
    found = []
    if tag != f"v{expected}":
        found.append(f"the tag is {tag}, but src/lenet5/_version.py has {expected}")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"^## (\S+)", changes, re.M)
    if not first or first[1] != expected:
        found.append(f"CHANGELOG.md begins with {first[1] if first else 'nothing'}, not with {expected}")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    if not re.search(rf"^version: {re.escape(expected)}$", citation, re.M):
        found.append(f"CITATION.cff has another version than {expected}")
    return found


def main() -> int:
    """Print what does not agree; the exit status is 1 if there is anything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tag", default=f"v{version()}", help="tag of the release  [default: the version's]")
    sentences = faults(parser.parse_args().tag)
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
