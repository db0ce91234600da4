"""What each entry point loads, and that a library never prints nor unpickles. Who may import whom: import-linter."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import lenet5

PACKAGE = Path(lenet5.__file__).parent

SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_never_prints_nor_unpickles(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shown = {  # what a module shows of itself: python -m lenet5.network.codes
        id(inner)
        for node in tree.body
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print" or id(node) in shown
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert "pickle" not in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False


def loaded(program: str) -> set[str]:
    """Top-level modules that a program has loaded in a fresh interpreter."""
    program += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import lenet5", {"numpy", "numba", "scipy", "PIL", "click", "tqdm", "safetensors", "platformdirs"}),
        ("from lenet5 import LeNet5; LeNet5()", {"numba", "scipy", "PIL", "click", "tqdm"}),
        ("import lenet5.cli", {"numpy", "numba", "scipy", "PIL", "tqdm"}),
        ("from lenet5.training.loop import FAST", {"numba", "scipy", "PIL", "click", "tqdm"}),
        ("from lenet5 import Evaluation, Dataset", {"numba", "PIL", "click", "tqdm"}),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(program, absent):
    assert not loaded(program) & absent


def stub() -> dict[str, str]:
    """Module of each public name, by Python's own parser of the stub."""
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    lines = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert all(line.level == 1 and len(line.names) == 1 for line in lines)
    assert all(line.names[0].asname == line.names[0].name for line in lines)  # so that it is exported
    return {line.names[0].name: f"lenet5.{line.module}" for line in lines}


def test_public_names_are_those_of_the_stub():
    assert {*lenet5.__all__, "__version__"} == set(stub())
    assert lenet5.__all__ == sorted(lenet5.__all__) and set(lenet5.__all__) <= set(dir(lenet5))
    with pytest.raises(AttributeError, match="nothing"):
        _ = lenet5.nothing


@pytest.mark.parametrize(("name", "module"), stub().items())
def test_each_public_name_is_what_its_module_has(name, module):
    assert getattr(lenet5, name) is getattr(importlib.import_module(module), name)


def test_no_room_has_the_name_of_something_public():
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert not rooms & set(lenet5.__all__)


def test_every_error_is_public():
    from lenet5 import errors

    names = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}
    assert names <= set(lenet5.__all__) and len(names) == 9


def test_every_module_says_what_it_offers():
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{path} has no first line that says what it is"
        if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body):
            targets = [
                t.id
                for node in tree.body
                if isinstance(node, ast.Assign)
                for t in node.targets
                if isinstance(t, ast.Name)
            ]
            assert "__all__" in targets, f"{path} has no __all__"
