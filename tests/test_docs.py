"""What the documents say is run: the README's Python, its answers, and its figures against their source."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import api  # scripts/
import figures  # scripts/
import lenet5
import release  # scripts/
from lenet5.cli import COMMANDS
from lenet5.training.recipes import RECIPES

ROOT = Path(__file__).parent.parent
HOME = "https://github.com/lenet5/lenet5"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    *sorted(ROOT.glob("docs/*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
]


def blocks(kind: str, text: str = README) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def named(path: Path) -> str:
    return path.name


def test_the_readmes_python_runs(mnist_test, tmp_path, monkeypatch, capsys):
    (code,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    names: dict[str, object] = {}
    exec(code, names)
    assert capsys.readouterr().out.startswith("7\n")
    assert (names["answers"] == mnist_test[1]).mean() > 0.99
    assert (names["own"].predict(mnist_test[0]) == mnist_test[1]).mean() > 0.9
    assert (tmp_path / "own.safetensors").exists()


def test_the_first_screens_answers_are_what_is_printed():
    shown = next(block for block in blocks("console") if block.startswith("$ lenet5 read"))
    pictures = sorted(f"examples/{path.name}" for path in (ROOT / "examples").glob("*.png"))
    done = subprocess.run(
        [sys.executable, "-m", "lenet5", "read", *pictures],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == shown.splitlines()[1:]


def test_every_kind_of_paper_is_drawn_the_same_each_time(mnist_test):
    import papers  # benchmarks/

    for kind in papers.KINDS:
        picture, says = papers.picture(kind, 2, 0)
        assert picture.ndim == 3 and picture.dtype == "uint8" and len(says) == 2, kind
        assert (papers.picture(kind, 2, 0)[0] == picture).all(), kind


def test_every_command_is_in_the_readme():
    for command in COMMANDS:
        assert f"`lenet5 {command}" in README


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_a_document_links_to_are_there(page):
    text = page.read_text(encoding="utf-8")
    raw = f"{HOME.replace('github.com', 'raw.githubusercontent.com')}/main/"
    for place in re.findall(rf"\]\((?:{HOME}/(?:blob|tree)/main/|{raw})([^)#]*)", text):
        assert (ROOT / place).exists(), place
    for place in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / place).exists(), place


@pytest.mark.parametrize("page", [path for path in PAGES if path.name != "CHANGELOG.md"], ids=named)
def test_files_that_a_document_names_are_there(page):
    files = [path.as_posix() for path in ROOT.rglob("*.py")]
    for name in re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8")):
        assert any(path.endswith(f"/{name}") for path in files) or "NAME" in name, name


def test_the_readme_has_no_relative_link_for_the_package_index_shows_it_too():
    assert not re.findall(r"\]\((?!https?:|#)[^)]*\)", README)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_in_a_document_have_the_options_that_it_names(page):
    text = page.read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"```.*?```|`[^`\n]+`|^    .*$", text, re.DOTALL | re.MULTILINE))
    for command, rest in re.findall(r"\blenet5 ([a-z][a-z-]*)\b([^`|;&#\n]*)", lines):
        if command in COMMANDS:
            file = importlib.import_module(f"lenet5.cli.{COMMANDS[command]}")
            door = getattr(file, f"{command.replace('-', '_')}_command")
            known = [
                *door.params,
                *(one for part in getattr(door, "commands", {}).values() for one in part.params),
            ]
            options = {option for parameter in known for option in parameter.opts} | {"--help", "-h"}
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", rest)) <= options, f"lenet5 {command}{rest}"


@pytest.mark.parametrize("page", [*PAGES, *sorted(ROOT.glob("src/lenet5/**/*.py"))], ids=named)
def test_what_is_to_be_installed_is_our_distribution(page):
    assert not re.findall(r"install ['\"]?lenet5(?!-1998)\b.*|lenet5\[.*", page.read_text(encoding="utf-8"))


def test_every_document_is_on_the_site():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert set(re.findall(r": ([a-z-]+\.md)$", site, re.M)) == {path.name for path in ROOT.glob("docs/*.md")}


@pytest.mark.parametrize("page", ["start.md"])
def test_python_on_a_page_prints_what_stands_beside_it(page, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for code in blocks("python", (ROOT / "docs" / page).read_text(encoding="utf-8")):
        exec(code, {})
        printed = [line.split("  # ")[1] for line in code.splitlines() if line.startswith("print(")]
        assert capsys.readouterr().out.splitlines() == printed


def test_drawn_figures_are_what_the_code_draws():
    for name, draw in figures.DRAWN.items():
        assert (figures.FIGURES / name).read_text(encoding="utf-8") == draw(), (
            "python scripts/figures.py --write"
        )
    assert "62% of all paths" in figures.small_graph()  # e^(0.526 − 1.0), as the page says


def test_every_public_name_is_on_the_api_page():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == api.page(), "python scripts/api.py --write"
    assert {name for name in lenet5.__all__ if not name.startswith("_")} <= set(
        re.findall(r"^::: .*\.(\w+)$", page, re.M)
    )


def test_every_recipe_is_in_the_document_on_training():
    text = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)`", text, re.M)) >= set(RECIPES)


def test_every_extra_that_users_may_want_is_in_the_document_on_installing():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    text = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `lenet5-1998\[(\w+)\]`", text, re.M))
    assert named == set(extras) - {"test", "docs", "dev"}


def test_files_that_the_glossary_names_are_there():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    places = re.findall(r"`([a-z0-9_/]+(?:\.py|/))`", text)
    assert len(places) > 40
    for place in places:
        assert (ROOT / "src" / "lenet5" / place).exists(), place


def test_a_release_whose_tag_is_not_its_version_is_refused():
    assert release.faults(f"v{lenet5.__version__}") == []
    (fault,) = release.faults("v9.9.9")
    assert lenet5.__version__ in fault and "v9.9.9" in fault


def test_figures_in_the_readme_are_those_measured():
    if not (ROOT / "benchmarks" / "results" / "bench.json").exists():
        pytest.fail("benchmarks/results/bench.json is missing: lenet5 bench --out benchmarks/results")
    done = subprocess.run([sys.executable, ROOT / "benchmarks" / "readme.py", "--check"], check=False)
    assert done.returncode == 0, "run python benchmarks/readme.py"


def test_tables_of_the_papers_training_are_those_measured():
    spec = importlib.util.spec_from_file_location("conventions", ROOT / "benchmarks" / "sdlm_conventions.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    results = script.load()
    script.check(results)  # no run was made with another recipe than its name has now
    document = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    for kind in ("validation", "test"):
        table = script.table(results, kind)
        assert table.count("\n") > 4
        assert f"<!-- {kind} -->\n{table}<!-- end -->" in document, (
            "python benchmarks/sdlm_conventions.py --tables"
        )


def test_the_document_on_reading_is_run(monkeypatch, capsys):
    text = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    printed = [line.split("  # ")[1] for line in code.splitlines() if line.startswith("print(")]
    assert capsys.readouterr().out.splitlines() == printed
    (shown,) = re.findall(r"```console\n\$ (.*?)```", text, re.DOTALL)
    command, *answers = shown.splitlines()
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], capture_output=True, text=True, check=False
    )
    assert [re.sub(r"\d+\.\d%", "…", line) for line in done.stdout.splitlines()] == answers


def test_options_that_the_document_on_reading_names_are_there():
    from lenet5.cli.read import read_command

    pages = [
        (ROOT / "docs" / page).read_text(encoding="utf-8")
        for page in ("reading.md", "bulk.md", "review.md", "scale.md")
    ]
    other = r"`python benchmarks/[^`]*`|lenet5 sweep [^\n]*"  # options of other commands
    text = re.sub(other, "", "\n".join(pages))
    known = {option for parameter in read_command.params for option in parameter.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--fine-tune", "--data"}
    assert named <= known
    assert known - named <= {"--weights", "pictures"}
