"""The order of the rooms: who may import whom, which files are compiled, and that the documents name all of them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import architecture  # scripts/

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "lenet5"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["id"]: contract for contract in SETTINGS["tool"]["importlinter"]["contracts"]}


def rooms() -> set[str]:
    """Folders and files directly under the package, without the package's own file."""
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return folders | {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}


def kernels() -> set[str]:
    """Files that hold compiled functions, or the vectors that these are made of."""
    backend = PACKAGE / "engine" / "numba_backend"
    return {
        f"lenet5.engine.numba_backend.{path.stem}"
        for path in backend.glob("*.py")
        if re.search(r"^@compiled|^@intrinsic|^from numba\.extending", path.read_text(encoding="utf-8"), re.M)
    }


def test_every_room_imports_only_rooms_below_it():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_is_excused():
    settings = SETTINGS["tool"]["importlinter"]
    assert settings["exclude_type_checking_imports"] is False
    assert not any("ignore_imports" in contract for contract in settings["contracts"])
    assert CONTRACTS["layers"]["exhaustive"] is True


def test_rules_for_all_rooms_but_some_name_all_the_others():
    for contract, excused in {
        "terminal": {"cli"},
        "torch": {"torch"},
        "numba": {"engine"},
    }.items():
        ruled = {name.split(".")[1] for name in CONTRACTS[contract]["source_modules"]}
        assert rooms() - {"__main__", "_version"} - excused <= ruled, contract


def test_no_room_takes_a_public_name_from_the_package_itself():
    for path in PACKAGE.rglob("*.py"):
        depth = len(path.relative_to(PACKAGE).parts)
        for level, names in re.findall(r"^\s*from (\.+) import ([\w, ]+)", path.read_text("utf-8"), re.M):
            if len(level) == depth:
                taken = {name.split(" as ")[0].strip() for name in names.split(",")}
                assert taken <= rooms(), path


def test_types_are_checked_in_every_file_but_the_kernels():
    (excused,) = (
        set(override["module"])
        for override in SETTINGS["tool"]["mypy"]["overrides"]
        if override.get("ignore_errors")
    )
    assert excused == kernels()


def test_coverage_counts_every_file_but_the_kernels():
    omitted = {Path(path).stem for path in SETTINGS["tool"]["coverage"]["run"]["omit"]}
    assert omitted == {name.rsplit(".", 1)[1] for name in kernels()}


def test_the_architecture_page_is_current():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page == architecture.page(), "python scripts/architecture.py --write"


def test_the_architecture_page_names_every_room_and_file():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE)
        place = name.parent.as_posix() + "/" if path.name == "__init__.py" else name.as_posix()
        if place != "./":
            assert f"`{place}`" in page, f"{place} is not on the page"


def test_every_room_stands_in_one_storey():
    stand = [room for storey in (*architecture.STOREYS, architecture.GROUND) for room in storey.rooms]
    assert sorted(stand) == sorted(rooms() - {"__main__", "_version"})


def test_every_file_has_tests_in_the_room_of_the_same_name():
    for room in rooms():
        if (PACKAGE / room).is_dir():
            assert (ROOT / "tests" / room).is_dir(), room


@pytest.mark.parametrize("part", ["plots", "torch", "onnx", "pdf", "sklearn", "serve", "bulk"])
def test_all_brings_every_extra_that_users_may_want(part):
    (everything,) = SETTINGS["project"]["optional-dependencies"]["all"]
    assert part in re.split(r"[\[\],]", everything)
