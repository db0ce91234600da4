"""Write docs/api.md from the list of public names: each with its signature and docstring, room by room.

Run `python scripts/api.py` to see whether the page is current, with `--write` to write it.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

import architecture
from generated import check_or_write

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "api.md"

OPENING = """\
# API

<!-- Written by `python scripts/api.py --write` from the list of public names. -->

Everything here but the last section is imported from `lenet5` itself: `from lenet5 import {example}`. Each name
is loaded when it is first asked for. Arrays are NumPy's; their shapes and dtypes stand in the docstrings.
"""

# What is imported from where it stands: doors to other libraries, and what only some need.
DOORS = {
    "What a string may be": ("lenet5.lattice.automaton", ("length", "choices")),
    "What a string may be, as a pattern": ("lenet5.lattice.regex", ("pattern",)),
    "The page": ("lenet5.page", ("page_html", "write_page")),
    "PyTorch": ("lenet5.torch", ("LeNet5",)),
    "scikit-learn": ("lenet5.sklearn", ("LeNet5Classifier",)),
    "ONNX": ("lenet5.export", ("export_onnx",)),
    "C": ("lenet5.export", ("export_c",)),
}


def public() -> dict[str, list[str]]:
    """Module below lenet5 -> its public names, from the stub, or else from the typing imports."""
    stub = architecture.PACKAGE / "__init__.pyi"
    source = stub if stub.exists() else architecture.PACKAGE / "__init__.py"
    homes: dict[str, list[str]] = defaultdict(list)
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            homes[node.module] += [name.name for name in node.names if not name.name.startswith("_")]
    return {module: sorted(names) for module, names in homes.items() if names}


def page() -> str:
    """The whole page.

    Returns:
        Markdown with a mkdocstrings directive for each public name.
    """
    homes = public()
    text = OPENING.format(example="LeNet5, Reader")
    for storey in (*architecture.STOREYS, architecture.GROUND):
        for room in storey.rooms:
            modules = [module for module in sorted(homes) if module.split(".")[0] == room]
            if modules:
                text += f"\n## {room}\n"
            for module in modules:
                text += "".join(f"\n::: lenet5.{module}.{name}\n" for name in homes[module])
    text += "\n## From their own modules\n"
    for title, (module, names) in DOORS.items():
        text += f"\n### {title}\n"
        text += "".join(f"\n::: {module}.{name}\n    options: {{heading_level: 4}}\n" for name in names)
    return text


if __name__ == "__main__":
    sys.exit(check_or_write(PAGE, page, __file__, __doc__ or ""))
