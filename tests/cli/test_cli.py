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
from lenet5.cli import COMMANDS, main
from lenet5.data.dataset import load
from lenet5.data.synthesis import text_lines
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.training.checkpoint import checkpoint_path, log_path
from lenet5.training.loop import train
from lenet5.training.recipes import RECIPES


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
        ["train", "--recipe", "adapt"],
        ["train", "--from", "digits", "--recipe", "fast", "--replay", "mnist"],
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


def test_the_recipes_on_offer_are_those_there_are(call):
    offered = re.search(r"--recipe \[([^]]+)\]", call("train", "--help")[1])
    assert sorted(re.sub(r"\s", "", offered[1]).split("|")) == sorted(RECIPES)


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


def test_train_as_the_paper_did(call, blots):
    arguments = ["train", "--recipe", "paper", "--data", blots, "--test-data", blots, "--passes", 2]
    status, out, err = call(*arguments, "--loss", 9)
    assert status == 0 and err == ""
    line = r"^pass (\d)/2   training error +\S+%   test error +\S+%   η (\S+), η_k (\S+) … (\S+) +\d"
    passes = re.findall(line, out, re.M)
    assert [(number, rate) for number, rate, _, _ in passes] == [("1", "0.0005"), ("2", "5e-05")]
    assert all(0 < float(least) < float(largest) <= float(rate) / 0.02 for _, rate, least, largest in passes)
    trained = LeNet5.load("model.safetensors").metadata["training"]
    assert trained["recipe"]["name"] == "paper" and trained["recipe"]["loss"]["j"] == 1


@pytest.mark.parametrize("recipe", ["paper", "paper-distorted"])
@pytest.mark.parametrize(
    "options", [["--threads", 2], ["--device", "cpu"], ["--device", "cuda", "--threads", 1]]
)
def test_options_that_the_papers_training_has_no_use_for_are_refused(call, blots, recipe, options):
    status, out, err = call("train", "--recipe", recipe, "--data", blots, *options)
    assert status == 2 and out == ""
    named = " and ".join(sorted(option for option in options if str(option).startswith("--")))
    assert f"Error: {named} cannot be used with --recipe {recipe}: it trains one pattern after" in err


def test_mistakes_are_drawn(call, blots):
    LeNet5(seed=3).save("untrained.safetensors")
    status, out, _ = call("eval", "untrained.safetensors", "--data", blots, "--mistakes", "wrong.png")
    assert status == 0 and "wrong.png" in out
    with Image.open("wrong.png") as sheet:
        assert sheet.format == "PNG" and sheet.size[0] > 500


def test_a_model_may_be_adapted(call, blots, npz, monkeypatch):
    monkeypatch.setattr(
        "lenet5.training.fine_tuning.noncharacters",
        lambda seed, count, classes: np.zeros((count, 28, 28), np.uint8),
    )
    call("train", "--data", blots, "--passes", 1, "--out", "first.safetensors")
    start = [
        "train",
        "--data",
        blots,
        "--passes",
        1,
        "--from",
        "first.safetensors",
        "--out",
        "second.safetensors",
    ]
    status, out, _ = call(*start, "--replay", npz)
    made = LeNet5.load("second.safetensors").metadata["training"]
    assert status == 0 and f"mixed with {npz}" in out
    assert (
        made["start"] and made["recipe"]["name"] == "adapt" and made["mixture"]["others"]["name"] == str(npz)
    )
    status, out, _ = call(*start, "--replay", "none")
    made = LeNet5.load("second.safetensors").metadata["training"]
    assert status == 0 and "may be forgotten" in out
    assert made["recipe"]["name"] == "adapt-alone" and made["mixture"]["others"] is None
    status, out, _ = call(*start, "--recipe", "fast")
    made = LeNet5.load("second.safetensors").metadata["training"]
    assert status == 0 and made["start"] and made["recipe"]["name"] == "fast" and "mixture" not in made


def test_a_committee_is_adapted_interrupted_and_resumed(call, blots, npz, monkeypatch):
    Ensemble([LeNet5(seed=seed, spread=1.0, power=0.5, coefficient=0.5) for seed in range(2)]).save(
        "two.safetensors"
    )
    mine = ["train", "--from", "two.safetensors", "--data", npz, "--replay", "none", "--passes", 2]
    mine += ["--out", "mine.safetensors"]
    status, out, _ = call(*mine)
    assert (
        status == 0
        and "network 2 of 2" in out
        and "mine.network-1.log.jsonl, mine.network-2.log.jsonl" in out
    )
    whole = Path("mine.safetensors").read_bytes()
    Path("mine.safetensors").unlink()

    passes = []

    def interrupt(*_: object) -> str:
        passes.append(1)
        if len(passes) == 3:
            raise KeyboardInterrupt
        return "pass"

    monkeypatch.setattr("lenet5.cli.train._line", interrupt)
    status, _, err = call(*mine)
    assert status == 130 and "interrupted after 1 of 2 passes of network 2 of 2; go on with: " in err
    status, out, _ = call(*mine, "--resume")
    assert status == 0 and "network 1 of 2" not in out and len(passes) == 4
    assert len(Path("mine.safetensors").read_bytes()) == len(whole)
    found = Ensemble.load("mine.safetensors")
    status, out, _ = call(*mine, "--networks", 1)
    assert status == 0 and "network" not in out and LeNet5.load("mine.safetensors").parameters.any()
    found.save("mine.safetensors")
    status, out, _ = call("eval", "mine.safetensors", "--data", blots)
    assert status == 0 and "errors" in out
    status, out, _ = call("calibrate", "mine.safetensors", "--data", blots, "--noncharacters", 0)
    assert status == 0
    after = Ensemble.load("mine.safetensors")
    assert after.metadata == found.metadata | {"confidence": after.confidence.metadata()}
    status, _, err = call("export", "mine.safetensors", "--to", "c")
    assert status == 1 and "several LeNet-5s" in err


def test_calibrating_writes_the_constants_and_nothing_else(call, blots, npz, monkeypatch):
    call("train", "--data", npz, "--passes", 4, "--out", "my.safetensors")
    before = LeNet5.load("my.safetensors")
    arguments = ["calibrate", "my.safetensors", "--data", blots, "--noncharacters", 20]
    status, out, err = call(*arguments, "--out", "other.safetensors", "--json")
    data = json.loads(out)
    assert status == 0 and data["patterns"] == 400
    assert ("takes most non-characters for characters" in err) == (data["data"]["noncharacters"] == 0)
    assert "confidence" not in LeNet5.load("my.safetensors").metadata
    status, out, _ = call(*arguments)
    assert status == 0 and "expected calibration error" in out and "my.safetensors" in out.splitlines()[-1]
    after = LeNet5.load("my.safetensors")
    assert np.array_equal(after.parameters, before.parameters)
    assert after.metadata == before.metadata | {"confidence": after.confidence.metadata()}
    assert after.confidence.scale == data["scale"] != before.metadata["scale"]
    monkeypatch.setattr("lenet5.cli.eval.COUNT", 30)  # some 10 ms each
    status, out, _ = call("eval", "my.safetensors", "--data", blots, "--max-error", "5%", "--noncharacters")
    threshold = f"{after.threshold_for(0.05):.2%}"
    assert status == 0 and f"threshold for an error of 5.00%: {threshold}: rejected" in out
    assert " of 30, " in out and " as calibrated" in out
    status, out, _ = call("eval", "my.safetensors", "--data", blots, "--json")
    assert status == 0 and json.loads(out)["threshold"] == after.threshold_for()
    status, _, err = call("eval", "my.safetensors", "--data", blots, "--max-error", "0.001%")
    assert status == 1 and "cannot be promised" in err
    status, _, err = call("calibrate", "my.safetensors", "--data", npz)
    assert status == 1 and "was trained on all of" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--data", "missing-folder", "--passes", 1], "missing-folder"),
        (["train", "--data", "DATA", "--out", "none/model.safetensors"], "folder does not exist"),
        (["train", "--data", "DATA", "--from", "nobody"], "'nobody'"),
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


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("recipe", ["fast", "paper"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_training_is_resumed_to_the_identical_model(tmp_path, npz, how, recipe):
    arguments = ["train", "--data", npz, "--recipe", recipe, "--passes", 6]
    arguments += ["--out", tmp_path / "cut.safetensors"]
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
    other = command(*arguments, "--out", tmp_path / "cut.safetensors", "--seed", 1, "--resume")
    assert "seed 0, not 1" in other.communicate(timeout=60)[1] and other.returncode == 1
    resumed = command(*arguments, "--resume")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert "pass 1/6" not in out and "pass 6/6" in out
    whole = command(*arguments[:-1], tmp_path / "whole.safetensors")
    whole.communicate(timeout=120)
    models = [LeNet5.load(tmp_path / name) for name in ("cut.safetensors", "whole.safetensors")]
    assert models[0].parameters.tobytes() == models[1].parameters.tobytes()


def test_starting_anew_over_an_interrupted_training_is_said(call, blots):
    def stop(report):
        raise KeyboardInterrupt

    data = load(blots)
    with pytest.raises(KeyboardInterrupt):
        train(data, RECIPES["fast"].with_passes(2), out="model.safetensors", each_pass=stop)
    status, _, err = call("train", "--data", blots, "--passes", 1)
    assert status == 0 and err == "note: starting anew; --resume would have gone on after pass 1\n"


# --- reading ---------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Weights that answer anything at all, a picture, and four files that are none."""
    LeNet5(seed=1).save(tmp_path / "any.safetensors")
    page = np.full((60, 40), 255, np.uint8)
    page[10:50, 15:22] = 0
    Image.fromarray(page).save(tmp_path / "one.png")
    Image.fromarray(255 - page).save(tmp_path / "light.png")
    Image.fromarray(np.full((60, 40), 255, np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("this is no picture")
    return tmp_path


def test_a_picture_is_read_from_a_file_and_from_standard_input(call, pictures):
    read = ["read", "--threshold", "0", "--weights", "any.safetensors", "--json"]
    status, out, err = call(*read, "one.png", "light.png")
    first, second = (json.loads(line) for line in out.splitlines())
    assert status == 0 and err == "" and first["picture"] == "one.png"
    assert first["text"] == second["text"] and first["text"] in "0123456789" and 0 <= first["confidence"] <= 1
    with (pictures / "one.png").open("rb") as picture:
        process = command(*read, "-", cwd=pictures, stdin=picture)
    piped = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 0
    assert piped["text"] == first["text"] and piped["penalty"] == pytest.approx(first["penalty"], rel=1e-4)
    status, out, _ = call("read", "--threshold", "0", "--weights", "any.safetensors", "one.png")
    assert status == 0 and f" {first['text']} " in out and out.count("\n") == 1


def test_files_that_cannot_be_read_are_named_and_the_others_are_still_read(call, pictures):
    bad = ["missing.png", "blank.png", "empty.png", "text.png", "."]
    status, out, err = call("read", "--threshold", "0", "--weights", "any.safetensors", *bad, "one.png")
    assert status == 1 and out.startswith("one.png: ") and out.count("\n") == 1
    sentences = err.splitlines()
    assert len(sentences) == len(bad)
    assert all(s.startswith("lenet5: ") and name in s for s, name in zip(sentences, bad, strict=True))
    status, out, _ = call(
        "read", "--json", "--threshold", "0", "--weights", "any.safetensors", *bad, "one.png"
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1 and [line["picture"] for line in lines] == [*bad, "one.png"]
    assert all(("error" in line) == (line["picture"] in bad) for line in lines)


def test_show_writes_what_the_network_saw(call, pictures):
    status, _, _ = call(
        "read",
        "--threshold",
        "0",
        "--weights",
        "any.safetensors",
        "--show",
        "seen.png",
        "one.png",
        "light.png",
    )
    with Image.open(pictures / "seen.png") as seen:
        array = np.array(seen)
    assert status == 0 and array.shape[1] == 2 * array.shape[0] and array.shape[0] % 32 == 0
    assert array[0].min() == 255 and array.min() < 64  # dark on light, with an empty edge
    status, _, err = call(
        "read", "--threshold", "0", "--weights", "any.safetensors", "--show", "none/seen.png", "one.png"
    )
    assert status == 1 and "folder does not exist" in err


def test_reading_imports_no_compiler(pictures):
    program = (
        "import sys; from lenet5.cli import main\n"
        "try: main(['read', '--threshold', '0', '--weights', 'any.safetensors', 'one.png'])\n"
        "except SystemExit as end: sys.exit(end.code or 'numba' in sys.modules or 'tqdm' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=pictures, timeout=60, check=False).returncode == 0
    )


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


def test_train_adapts_to_a_folder_of_lines(call, tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    source = text_lines.Source(np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), drawn=1.0)
    for seed, text in enumerate(("42", "7035")):
        ink = np.pad(text_lines.line(source, np.random.default_rng(seed), tuple(map(int, text))).ink, 12)
        Image.fromarray((255 * (1 - ink)).astype(np.uint8)).save(folder / f"{seed}.png")
    (folder / "labels.csv").write_text("file,label\n0.png,42\n1.png,7035\n")
    mine = ["--data", folder, "--replay", "none", "--passes", 1, "--out", "me.safetensors"]
    status, out, _ = call("train", "--from", "digits", *mine)
    assert status == 0 and "2 of 2 lines can be read as they are labelled" in out
    assert LeNet5.load("me.safetensors").metadata["training"]["recipe"]["name"] == "adapt-alone"
    assert call("train", *mine[:2])[0] != 0  # without a network to go on from
