"""The command line as a person or a program meets it: help, exit status, pipes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lenet5
from lenet5.cli import COMMANDS


def test_help_names_every_command_and_every_command_explains_itself(call):
    status, out, _ = call("--help")
    assert status == 0 and all(re.search(rf"^  {name} ", out, re.M) for name in COMMANDS)
    for name in COMMANDS:
        status, out, _ = call(name, "--help")
        assert status == 0 and "Usage: lenet5 " + name in out
        for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)[^\n]*", out, re.M):
            assert re.search(rf"{option}\b[^\n]*(\n {{10,}})?[^\n]*[a-z]{{3}}", out)


def test_every_command_is_introduced_by_a_whole_sentence(call):
    out = call("--help")[1]
    for name in COMMANDS:
        (sentence,) = re.findall(rf"^  {name} +(.+)$", out, re.M)
        assert sentence.endswith(".") and not sentence.endswith("..."), sentence


def test_version(call):
    assert call("--version") == (0, f"lenet5 {lenet5.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["--nothing"],
        ["summary", "extra"],
        ["train", "--passes", "0"],
        ["train", "--seed", "-1"],
        ["train", "--recipe", "slow"],
        ["train", "--validation", "--data", "folder"],
        ["train", "--validation", "--test-data", "folder"],
        ["train", "--out", "."],
        ["train", "--recipe", "adapt"],
        ["train", "--fine-tune", "digits", "--recipe", "fast", "--replay", "mnist"],
        ["train", "--loss", "8"],
        ["train", "--recipe", "best", "--loss", "9"],
        ["train", "--recipe", "paper", "--loss", "7"],
        ["eval", "--threads", "none"],
        ["eval", "--max-error", "0.5"],
        ["eval", "--max-error", "none"],
        ["eval", "--max-error", "0%"],
        ["eval", "--max-error", "100%"],
        ["calibrate"],
        ["calibrate", "digits"],
        ["read"],
        [],
    ],
)
def test_wrong_use_is_status_2_and_shows_the_use(call, arguments):
    status, out, err = call(*arguments)
    assert status == 2 and "Usage: lenet5" in err and out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--data", "missing-folder", "--passes", 1], "missing-folder"),
        (["train", "--data", "DATA", "--out", "none/model.safetensors"], "folder does not exist"),
        (["train", "--data", "DATA", "--fine-tune", "nobody"], "'nobody'"),
        (["train", "--data", "DATA", "--resume"], "no training to go on with"),
        (["eval", "missing.safetensors"], "missing.safetensors does not exist"),
        (["eval", "numbers"], "'numbers'"),
        (["summary", "--classes", "aé"], "é"),
    ],
)
def test_what_fails_is_one_sentence_and_status_1(call, blots, arguments, says):
    status, _out, err = call(*[blots if argument == "DATA" else argument for argument in arguments])
    assert status == 1
    assert re.search(says, err) and err.startswith("lenet5: ") and err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix")
def test_a_reader_that_leaves_early_sees_no_traceback():
    line = f"{sys.executable} -m lenet5 summary | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.count("\n") == 1 and "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a thing of Linux")
def test_output_to_a_full_disk_is_a_sentence():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lenet5", "summary"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1 and "No space left" in done.stderr and "Traceback" not in done.stderr


def test_a_terminal_without_these_characters_is_served(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "lenet5", "summary"],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and b"60,000" in done.stdout


@pytest.mark.parametrize(
    ("closed", "status", "said"),
    [
        ("<&-", 1, "cannot read standard input: it is closed"),
        ("2>&-", 1, ""),
        (">&-", 1, "standard output is closed"),
        (">/dev/full", 1, ""),
        ("<&- >&- 2>&-", 1, ""),
    ],
)
def test_closed_streams_give_a_sentence_or_silence(closed, status, said, tmp_path):
    line = f"{sys.executable} -m lenet5 read - {closed}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == status and said in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_a_full_disk_below_standard_output_is_one_sentence(tmp_path):
    line = f"{sys.executable} -m lenet5 summary >/dev/full"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "lenet5: output: No space left on device\n"
