"""The structure of the package, counted from its imports: rooms, arrows, circles, long files and functions.

    python scripts/structure.py [SRC] [--flat] [--order NAMES]

SRC is the folder of the package (default: src/lenet5). A room is a folder or a file directly in it; with --flat each
file at the top is a room of its own, as in a package without folders. An arrow joins two rooms of which one imports the
other; imports inside functions and imports for type checkers count. An upward arrow goes to a room that stands later in
the order: that of the `layers` contract in pyproject.toml, or of --order (names from the bottom up, separated by
commas; rooms of one layer by |). A circle is a set of files that import each other, directly or through others.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
# From the bottom up, where pyproject.toml has no contract.
ORDER = (
    "errors, atomic | parallel, network, engine, lattice | imaging | model, data, reading, training | evaluation, "
    "torch | sklearn | export | reproduce, bench, cli | serve | bulk"
)
ITSELF = {"__init__", "__main__", "_version"}  # the package itself: no room
LONG = 40  # lines of a function without its docstring
Graph = dict[str, set[str]]


@dataclass
class Structure:
    """What is counted; names of files are those of modules, without the package's."""

    files: dict[str, int] = field(default_factory=dict)  # module -> lines
    imports: Graph = field(default_factory=lambda: defaultdict(set))  # module -> modules
    functions: list[tuple[int, str]] = field(default_factory=list)  # (lines, module:function), more than LONG


def module_name(path: Path, package: Path) -> str:
    """The module of a file, relative to the package: "data.mnist", and "data" for data/__init__.py."""
    parts = list(path.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def imported(node: ast.AST, path: Path, package: Path, modules: set[str]) -> set[str]:
    """The package's own modules that an import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
        names = [
            name.removeprefix(f"{package.name}.") for name in names if name.startswith(f"{package.name}.")
        ]
        return {name for name in names if name in modules}
    if not isinstance(node, ast.ImportFrom):
        return set()
    if node.level:
        folder = path.parent.relative_to(package).parts
        start = [*folder[: len(folder) - node.level + 1], *(node.module or "").split(".")]
    elif (node.module or "").split(".")[0] == package.name:
        start = (node.module or "").split(".")[1:]
    else:
        return set()
    base = ".".join(part for part in start if part)
    targets = set()
    for alias in node.names:
        inner = f"{base}.{alias.name}".strip(".")
        targets.add(inner if inner in modules else base)
    return {target for target in targets if target in modules}


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's docstring: to say more about a function does not make it longer."""
    first = node.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def read(package: Path) -> Structure:
    """Every file of a package."""
    paths = {module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    structure = Structure()
    for name, path in paths.items():
        text = path.read_text(encoding="utf-8")
        structure.files[name] = text.count("\n")
        for node in ast.walk(ast.parse(text)):
            structure.imports[name] |= imported(node, path, package, set(paths)) - {name}
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
                if lines > LONG:
                    structure.functions.append((lines, f"{name}:{node.name}"))
    structure.functions.sort(reverse=True)
    return structure


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected components of more than one file (Tarjan 1972, DOI 10.1137/0201010)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(graph.get(name, ())):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            component = sorted(stack[at:])
            del stack[at:]
            if len(component) > 1:
                components.append(component)

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return components


def layers(text: str) -> dict[str, int]:
    """Room -> its layer, from the bottom up."""
    return {room.strip(): number for number, layer in enumerate(text.split(",")) for room in layer.split("|")}


def contract(file: Path, package: str) -> str | None:
    """The `layers` contract of import-linter in pyproject.toml, from the bottom up."""
    if not file.is_file():
        return None
    tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("importlinter", {})
    for entry in tools.get("contracts", []):
        if entry.get("type") == "layers":
            rows = [row.replace(":", "|").replace("(", "").replace(")", "") for row in entry["layers"]]
            prefix = f"{package}."
            return ", ".join(row.replace(prefix, "") for row in reversed(rows))
    return None


def arrows(structure: Structure) -> dict[tuple[str, str], list[str]]:
    """(room, room it imports) -> the files' imports that make the arrow."""
    joined: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, targets in structure.imports.items():
        for target in sorted(targets):
            here, there = name.split(".")[0], target.split(".")[0]
            if here != there and not {here, there} & ITSELF:
                joined[here, there].append(f"{name} -> {target}")
    return joined


def report(structure: Structure, order: dict[str, int], flat: bool) -> dict[str, object]:
    """The counts, as a JSON object."""
    rooms: dict[str, int] = defaultdict(int)
    for name in structure.files:
        if name.split(".")[0] not in ITSELF:
            rooms[name.split(".")[0]] += 1
    joined = arrows(structure)
    upward = {
        f"{here} -> {there}": reasons
        for (here, there), reasons in sorted(joined.items())
        if here in order and there in order and order[there] > order[here]
    }
    sideways = sorted(
        f"{here} -> {there}" for here, there in joined if order.get(here, -1) == order.get(there, -2)
    )
    longest = max(structure.files, key=lambda name: structure.files[name])
    return {
        "files": len(structure.files),
        "rooms": dict(sorted(rooms.items())) if not flat else len(rooms),
        "arrows": len(joined),
        "upward": upward,
        "sideways": sideways,
        "not in the order": sorted(set(rooms) - set(order)),
        "circles": circles(structure.imports),
        "longest file": [longest, structure.files[longest]],
        "files over 400 lines": sorted(name for name, lines in structure.files.items() if lines > 400),
        "functions over 40 lines": structure.functions,
    }


def lines(counts: dict[str, object], flat: bool) -> list[str]:
    """The counts for people: one a line, and what stands behind each that should be zero."""
    rooms, upward, rings = counts["rooms"], counts["upward"], counts["circles"]
    assert isinstance(upward, dict) and isinstance(rings, list)
    functions, longest = counts["functions over 40 lines"], counts["longest file"]
    assert isinstance(functions, list) and isinstance(longest, list)
    size = rooms if flat else len(rooms)  # type: ignore[arg-type]
    shown = [f"files                     {counts['files']:>5}", f"rooms                     {size:>5}"]
    if isinstance(rooms, dict):
        shown.append("  " + ", ".join(f"{room} {count}" for room, count in rooms.items()))
    shown += [
        f"arrows between rooms      {counts['arrows']:>5}",
        f"upward arrows             {len(upward):>5}",
    ]
    shown += [f"  {arrow}: {'; '.join(reasons)}" for arrow, reasons in upward.items()]
    for name in ("sideways", "not in the order"):
        names = counts[name]
        assert isinstance(names, list)
        shown += [f"{name:26}{len(names):>5}"] + ([f"  {', '.join(names)}"] if names else [])
    shown.append(f"circles of files          {len(rings):>5}")
    shown += [f"  {len(ring)} files: {', '.join(ring)}" for ring in rings]
    shown.append(f"longest file              {longest[1]:>5} lines: {longest[0]}")
    shown.append(f"functions over {LONG} lines    {len(functions):>5}")
    shown += [f"  {count:4} {name}" for count, name in functions]
    return shown


def main() -> None:
    """Print the counts; the exit status is 1 where there is an upward arrow or a circle."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("src", nargs="?", type=Path, default=ROOT / "src" / "lenet5", metavar="SRC")
    parser.add_argument("--flat", action="store_true", help="each file at the top is a room")
    parser.add_argument("--order", help="rooms from the bottom up: 'a | b, c, d'")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    options = parser.parse_args()
    if not options.src.is_dir():
        parser.error(f"there is no folder {options.src}")
    package = options.src.resolve()
    text = options.order or contract(package.parents[1] / "pyproject.toml", package.name) or ORDER
    counts = report(read(package), layers(text), options.flat)
    if options.json:
        print(json.dumps(counts, indent=1))
    else:
        print("\n".join(lines(counts, options.flat)))
    sys.exit(1 if counts["upward"] or counts["circles"] else 0)


if __name__ == "__main__":
    main()
