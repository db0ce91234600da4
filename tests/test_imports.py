"""The arrows of the design: who may import whom, what loads what, and that a library never prints."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lenet5

PACKAGE = Path(lenet5.__file__).parent

# The files in the order in which they may be read: each imports only from those before it. A new file has a
# place here.
ORDER = [
    "errors", "architecture", "codes", "files", "tensors", "inputs", "compile", "losses", "calibration", "network",
    "distort", "engine", "uncompiled", "summary", "idx", "npz", "download", "mnist", "classes", "folders", "tables",
    "datasets", "recogniser", "model", "committee", "recipes", "opening", "writing", "regions", "sheet", "paper",
    "straight", "ruling", "picture", "variants", "segment", "rubbish", "allographs", "strip", "synthetic",
    "supplement", "teaching", "checkpoint", "sdlm", "train", "members", "evaluate", "plots", "reproduce",
    "documents", "chains", "boxes", "pages", "forms", "adapting", "rejection", "graph", "grammar", "results", "pen",
    "parts", "sdnn", "strings", "steps", "reader", "marks", "jobs", "string_evaluation", "alignment", "export",
    "torch", "sklearn", "serve", "bulk", "bench", "cli", "__main__",
]  # fmt: skip

# Imports inside functions that go against the arrows, each with its reason.
EXCEPTIONS = {
    ("model", "train"),  # LeNet5.fit is a door to the training
    ("model", "recipes"),
    ("folders", "picture"),  # Pillow, loaded when there are pictures
    ("distort", "uncompiled"),  # loops, compiled or not, loaded when they run
}


def stage(path: Path) -> str:
    """The file's place in ORDER: a folder counts as one."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(path: Path) -> set[tuple[str, bool]]:
    """(stage, whether for type checkers only) of everything of lenet5 that a file imports."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level != depth:
            continue
        names = [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
        found |= {(name, id(node) in checked) for name in names if name != "__version__"}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_run_one_way(path):
    here = stage(path)
    assert here in ORDER, f"{here} has no place in ORDER: say where it belongs"
    for name, typing_only in imports(path):
        if not typing_only and name != here and (here, name) not in EXCEPTIONS:
            assert ORDER.index(name) < ORDER.index(here), f"{here} imports {name}, which comes after it"


def test_the_engine_knows_arrays_and_not_files():
    names = {name for path in SOURCES if stage(path) == "engine" for name, _ in imports(path)}
    assert names <= {"architecture", "compile", "distort", "errors", "losses"}


def test_an_arrow_against_the_order_would_be_seen():
    found = imports(PACKAGE / "model.py")
    assert ("train", False) in found and ("architecture", False) in found and ("recipes", True) in found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_never_prints_nor_unpickles(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shown = {  # what a module shows of itself: python -m lenet5.codes
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
        ("from lenet5.train import FAST", {"numba", "scipy", "PIL", "click", "tqdm"}),
        ("from lenet5 import Evaluation, Dataset", {"numba", "PIL", "click", "tqdm"}),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(program, absent):
    assert not loaded(program) & absent


def test_public_names_are_sorted_there_and_no_module_has_their_name():
    names = lenet5.__all__
    constants = [name for name in names if name.isupper()]
    assert names == sorted(constants) + sorted(set(names) - set(constants))
    assert all(getattr(lenet5, name) is not None for name in names)
    assert set(names) <= set(dir(lenet5))
    assert not {path.stem for path in SOURCES} & set(names)
    with pytest.raises(AttributeError, match="nothing"):
        _ = lenet5.nothing


def test_every_error_is_public():
    from lenet5 import errors

    assert set(errors.__all__) <= set(lenet5.__all__)


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
