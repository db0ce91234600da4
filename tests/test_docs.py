"""What the documents say is run: the README's Python, its answers, and its figures against their source."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lenet5.cli import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


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


def test_files_that_the_readme_names_are_there():
    for name in re.findall(r"\]\(((?:src|docs|benchmarks)/[^)]*)\)", README):
        assert (ROOT / name).exists(), name


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
            "python benchmarks/sdlm_conventions.py --write"
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

    text = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    known = {option for parameter in read_command.params for option in parameter.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--from", "--data"}
    assert named <= known
    assert known - named <= {"--weights", "pictures"}
