"""`lenet5 train`: what is trained, interrupted, resumed and adapted."""

import json
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.data.dataset import load
from lenet5.data.synthesis import text_lines
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.training.checkpoint import checkpoint_path, log_path
from lenet5.training.loop import Callbacks, train
from lenet5.training.recipes import RECIPES


def test_the_recipes_on_offer_are_those_there_are(call):
    offered = re.search(r"--recipe \[([^]]+)\]", call("train", "--help")[1])
    assert sorted(re.sub(r"\s", "", offered[1]).split("|")) == sorted(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_the_help_says_what_each_recipe_is(call, name):
    assert re.search(rf"[\s;]{name}:\s+\w", call("train", "--help")[1])


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


def test_a_model_may_be_adapted(call, blots, npz, monkeypatch):
    monkeypatch.setattr(
        "lenet5.data.synthesis.negatives.noncharacters",
        lambda seed, count, classes: np.zeros((count, 28, 28), np.uint8),
    )
    call("train", "--data", blots, "--passes", 1, "--out", "first.safetensors")
    start = [
        "train",
        "--data",
        blots,
        "--passes",
        1,
        "--fine-tune",
        "first.safetensors",
        "--out",
        "second.safetensors",
    ]
    status, out, _ = call(*start, "--replay", npz)
    made = LeNet5.load("second.safetensors").metadata["training"]
    assert status == 0 and f"mixed with {npz}" in out
    assert (
        made["start"] and made["recipe"]["name"] == "adapt" and made["replay"]["others"]["name"] == str(npz)
    )
    status, out, _ = call(*start, "--replay", "none")
    made = LeNet5.load("second.safetensors").metadata["training"]
    assert status == 0 and "may be forgotten" in out
    assert made["recipe"]["name"] == "adapt-alone" and made["replay"]["others"] is None
    status, out, _ = call(*start, "--recipe", "fast")
    made = LeNet5.load("second.safetensors").metadata["training"]
    assert status == 0 and made["start"] and made["recipe"]["name"] == "fast" and "replay" not in made


def test_an_ensemble_is_adapted_interrupted_and_resumed(call, blots, npz, monkeypatch):
    Ensemble([LeNet5(seed=seed, spread=1.0, power=0.5, coefficient=0.5) for seed in range(2)]).save(
        "two.safetensors"
    )
    mine = ["train", "--fine-tune", "two.safetensors", "--data", npz, "--replay", "none", "--passes", 2]
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

    monkeypatch.setattr("lenet5.cli.training_progress._line", interrupt)
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
    assert after.metadata == found.metadata | {"confidence": after.confidence.to_dict()}
    status, _, err = call("export", "mine.safetensors", "--to", "c")
    assert status == 2 and "--member 1" in err
    status, out, _ = call("export", "mine.safetensors", "--to", "c", "--member", 2, "--json")
    assert status == 0 and json.loads(out)["bytes"] == len(Path("lenet5.h").read_bytes())
    status, _, err = call("export", "mine.safetensors", "--to", "c", "--member", 2)
    assert status == 2 and "--overwrite" in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(("recipe", "passes"), [("fast", 30), ("paper", 12)])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_training_is_resumed_to_the_identical_model(
    tmp_path, npz, how, recipe, passes, command
):
    # So many passes that even on a busy machine the signal comes long before the last one ends.
    arguments = ["train", "--data", npz, "--recipe", recipe, "--passes", passes]
    arguments += ["--out", tmp_path / "cut.safetensors"]
    process = command(*arguments)
    for line in process.stdout:
        if line.startswith("pass  1/"):
            process.send_signal(how)
            break
    _, err = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert re.search(
            rf"interrupted after \d+ of {passes} passes; go on with: lenet5 train .*--resume", err
        )
    assert not (tmp_path / "cut.safetensors").exists()
    assert checkpoint_path(tmp_path / "cut.safetensors").exists()
    other = command(*arguments, "--out", tmp_path / "cut.safetensors", "--seed", 1, "--resume")
    assert "seed 0, not 1" in other.communicate(timeout=60)[1] and other.returncode == 1
    resumed = command(*arguments, "--resume")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert f"pass  1/{passes}" not in out and f"pass {passes}/{passes}" in out
    whole = command(*arguments[:-1], tmp_path / "whole.safetensors")
    whole.communicate(timeout=120)
    models = [LeNet5.load(tmp_path / name) for name in ("cut.safetensors", "whole.safetensors")]
    assert models[0].parameters.tobytes() == models[1].parameters.tobytes()


def test_starting_anew_over_an_interrupted_training_is_said(call, blots):
    def stop(report):
        raise KeyboardInterrupt

    data = load(blots)
    with pytest.raises(KeyboardInterrupt):
        train(
            data, RECIPES["fast"].with_passes(2), out="model.safetensors", callbacks=Callbacks(each_pass=stop)
        )
    status, _, err = call("train", "--data", blots, "--passes", 1)
    assert status == 0 and err == "note: starting anew; --resume would have gone on after pass 1\n"


def test_train_adapts_to_a_folder_of_lines(call, tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    source = text_lines.Source(np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), drawn=1.0)
    for seed, text in enumerate(("42", "7035")):
        ink = np.pad(
            text_lines.line(source, np.random.default_rng(seed), tuple(map(int, text))).foreground, 12
        )
        Image.fromarray((255 * (1 - ink)).astype(np.uint8)).save(folder / f"{seed}.png")
    (folder / "labels.csv").write_text("file,label\n0.png,42\n1.png,7035\n")
    mine = ["--data", folder, "--replay", "none", "--passes", 1, "--out", "me.safetensors"]
    status, out, _ = call("train", "--fine-tune", "digits", *mine)
    assert status == 0 and "2 of 2 lines can be read as they are labelled" in out
    assert LeNet5.load("me.safetensors").metadata["training"]["recipe"]["name"] == "adapt-alone"
    assert call("train", *mine[:2])[0] != 0  # without a network to go on from
