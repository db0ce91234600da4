"""The command line as a person or a program meets it: text, exit status, pipes, interruptions."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet5
from lenet5.checkpoint import checkpoint_path, log_path
from lenet5.cli import COMMANDS, main
from lenet5.model import LeNet5
from lenet5.recipes import RECIPES


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return run


def command(*arguments: object, **settings) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "lenet5", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


@pytest.fixture(scope="module")
def blots(tmp_path_factory) -> Path:
    """A folder of class folders: ten places for a square, forty pictures each."""
    folder = tmp_path_factory.mktemp("blots")
    random = np.random.default_rng(0)
    for label in range(10):
        (folder / str(label)).mkdir()
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        for i in range(40):
            image = random.integers(0, 60, (28, 28)).astype(np.uint8)
            image[y : y + 8, x : x + 5] = 255
            Image.fromarray(image).save(folder / str(label) / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def npz(tmp_path_factory) -> Path:
    """The same kind of patterns in one file."""
    path = tmp_path_factory.mktemp("npz") / "blots.npz"
    random = np.random.default_rng(1)
    labels = random.integers(0, 10, 2000)
    images = random.integers(0, 60, (2000, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        image[y : y + 8, x : x + 5] = 255
    np.savez(path, images=images, labels=labels)
    return path


# --- the door ------------------------------------------------------------------------------------------


def test_help_names_every_command_and_every_command_explains_itself(call):
    status, out, _ = call("--help")
    assert status == 0 and all(re.search(rf"^  {name} ", out, re.M) for name in COMMANDS)
    for name in COMMANDS:
        status, out, _ = call(name, "--help")
        assert status == 0 and "Usage: lenet5 " + name in out
        for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)[^\n]*", out, re.M):
            assert re.search(rf"{option}\b[^\n]*(\n {{10,}})?[^\n]*[a-z]{{3}}", out)


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
        ["eval", "--threads", "none"],
        ["read"],
        [],
    ],
)
def test_wrong_use_is_status_2_and_shows_the_use(call, arguments):
    status, out, err = call(*arguments)
    assert status == 2 and "Usage: lenet5" in err and out == ""


def test_the_recipes_on_offer_are_those_there_are(call):
    assert f"[{'|'.join(sorted(RECIPES))}]" in call("train", "--help")[1].replace("fast|best", "best|fast")


def test_summary_has_the_papers_totals(call):
    status, out, _ = call("summary")
    assert status == 0 and "60,000" in out and "340,908" in out
    data = json.loads(call("summary", "--json")[1])
    assert data


# --- training and evaluation -----------------------------------------------------------------------------


def test_train_then_eval(call, blots, tmp_path):
    status, out, err = call(
        "train", "--data", blots, "--test-data", blots, "--passes", 4, "--out", "my.safetensors"
    )
    assert status == 0 and err == ""
    assert len(re.findall(r"^pass \d/4   training error +\d+\.\d\d%   test error +\d", out, re.M)) == 4
    assert "my.safetensors" in out.splitlines()[-1]
    model = LeNet5.load("my.safetensors")
    assert "--passes 4" in model.metadata["training"]["command"]
    assert len(log_path(Path("my.safetensors")).read_text().splitlines()) == 4

    status, out, _ = call("eval", "my.safetensors", "--data", blots, "--json", "--mistakes", "wrong.png")
    data = json.loads(out)
    assert status == 0 and data["patterns"] == 400
    assert data["error"] == model.metadata["figures"]["test_error"]
    assert Path("wrong.png").exists() == bool(data["errors"])
    status, out, _ = call("eval", "my.safetensors", "--data", blots)
    assert status == 0 and f"{data['errors']} of 400" in out


def test_mistakes_are_drawn(call, blots):
    LeNet5(seed=3).save("untrained.safetensors")
    status, out, _ = call("eval", "untrained.safetensors", "--data", blots, "--mistakes", "wrong.png")
    assert status == 0 and "wrong.png" in out
    with Image.open("wrong.png") as sheet:
        assert sheet.format == "PNG" and sheet.size[0] > 500


def test_a_model_may_be_adapted(call, blots):
    call("train", "--data", blots, "--passes", 1, "--out", "first.safetensors")
    status, _, _ = call(
        "train", "--data", blots, "--passes", 1, "--from", "first.safetensors", "--out", "second.safetensors"
    )
    assert status == 0 and LeNet5.load("second.safetensors").metadata["training"]["start"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--data", "missing-folder", "--passes", 1], "missing-folder"),
        (["train", "--data", "DATA", "--out", "none/model.safetensors"], "folder does not exist"),
        (["train", "--data", "DATA", "--from", "nobody"], "'nobody'"),
        (["train", "--data", "DATA", "--resume"], "no training to go on with"),
        (["eval", "missing.safetensors"], "missing.safetensors does not exist"),
        (["eval", "numbers"], "'numbers'"),
        (["summary", "--classes", "aa"], "aa|a a"),
    ],
)
def test_what_fails_is_one_sentence_and_status_1(call, blots, arguments, says):
    status, _out, err = call(*[blots if argument == "DATA" else argument for argument in arguments])
    assert status == 1
    assert re.search(says, err) and err.startswith("lenet5: ") and err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_training_is_resumed_to_the_identical_model(tmp_path, npz, how):
    arguments = ["train", "--data", npz, "--passes", 6, "--out", tmp_path / "cut.safetensors"]
    process = command(*arguments)
    for line in process.stdout:
        if line.startswith("pass 2"):
            process.send_signal(how)
            break
    _, err = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert re.search(r"interrupted after \d of 6 passes; go on with: lenet5 train .*--resume", err)
    assert not (tmp_path / "cut.safetensors").exists()
    assert checkpoint_path(tmp_path / "cut.safetensors").exists()
    resumed = command(*arguments, "--resume")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert "pass 1/6" not in out and "pass 6/6" in out
    whole = command(*arguments[:-1], tmp_path / "whole.safetensors")
    whole.communicate(timeout=120)
    models = [LeNet5.load(tmp_path / name) for name in ("cut.safetensors", "whole.safetensors")]
    assert models[0].flat.tobytes() == models[1].flat.tobytes()


# --- pipes -----------------------------------------------------------------------------------------------


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
