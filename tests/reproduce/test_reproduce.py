"""The report: what it says comes from the runs, runs are kept and gone on from, and what is wrong is a sentence."""

import csv
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenet5.cli import main
from lenet5.data.dataset import Dataset
from lenet5.errors import InputError, MissingExtraError, SaveError
from lenet5.model.lenet5 import LeNet5
from lenet5.network import architecture
from lenet5.reproduce import FIGURES, published, reproduce, runs
from lenet5.reproduce.runs import QUICK, Run, planned, train_all

pytest.importorskip("matplotlib")

TINY = replace(QUICK, seeds=2, passes=2, best_passes=1, distorted_test=20)


def blots(count: int, seed: int) -> Dataset:
    """Ten classes of a bright square in ten places, with noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = 4 + 10 * (label // 5), 2 + 5 * (label % 5)
        image[y : y + 8, x : x + 5] = 255
    return Dataset(images, labels, list("0123456789"), "blots")


TRAINING, TEST = blots(400, 0), blots(60, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The whole report on blots: (its folder, the report)."""
    out = tmp_path_factory.mktemp("report")
    return out, reproduce(TRAINING, TEST, out, scale=TINY, workers=2)


def errors_of(out: Path, pattern: str) -> list[float]:
    """Test errors of the models in a report's folder, counted here."""
    found = []
    for path in sorted((out / "runs").glob(f"{pattern}.safetensors")):
        answers = LeNet5.load(path).penalties(TEST.images).argmin(1)
        found.append(float(np.mean(answers != TEST.labels)))
    return found


# --- what it says --------------------------------------------------------------------------------------


def test_every_figure_is_on_the_page_with_what_was_published_and_what_is_ours(made):
    out, report = made
    text = (out / "index.html").read_text(encoding="utf-8")
    assert [panel.key for panel in report.panels] == list(FIGURES)
    for name in FIGURES:
        section = text.split(f'<section id="{name}">')[1].split("</section>")[0]
        assert all(f"<dt>{head}</dt><dd>" in section for head in ("published", "ours", "difference"))


def test_the_page_needs_nothing_else(made):
    text = (made[0] / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text and "@import" not in text
    for address in re.findall(r'(?<!xmlns)(?<!xmlns:xlink)(?:src|href)="([^"]*)"', text):
        assert address.startswith(("#", "data:image/png;base64,")), address[:60]
    assert all('alt="' in tag for tag in re.findall(r"<img [^>]*>", text))
    names = re.findall(r' id="([^"]*)"', text)
    assert len(names) == len(set(names))  # pictures that are drawn apart share a page


def test_errors_on_the_page_are_those_of_the_models_that_are_kept(made):
    out, report = made
    panels = {panel.key: panel for panel in report.panels}
    regular, distorted, best = (errors_of(out, kind) for kind in ("paper-*", "distorted-*", "best-*"))
    assert len(regular) == len(distorted) == len(best) == 2
    for key, errors in (("fig5", regular), ("fig6", distorted), ("fig9", best)):
        said = f"{statistics.mean(errors):.2%} ± {statistics.stdev(errors):.2%}"
        assert said in panels[key].ours
        assert said in (out / "index.html").read_text(encoding="utf-8")
    gap = 100 * (statistics.mean(regular) - 0.0095)
    assert (
        f"{abs(gap):.2f} points {'above' if gap > 0 else 'below'} the published 0.95%"
        in panels["fig5"].difference
    )
    kept = json.loads((out / "numbers" / "fig5.json").read_text(encoding="utf-8"))
    assert kept["test_error"][-1]["mean"] == pytest.approx(statistics.mean(regular))


def test_mistakes_are_those_of_the_model_that_is_named(made):
    out, _ = made
    seed = json.loads((out / "numbers" / "fig8.json").read_text(encoding="utf-8"))["shown_seed"]
    (path,) = (out / "runs").glob(f"distorted-*-{seed}.safetensors")
    answers = LeNet5.load(path).penalties(TEST.images).argmin(1)
    with (out / "numbers" / "fig8.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    wrong = np.flatnonzero(answers != TEST.labels)
    assert [int(row["test pattern"]) for row in rows] == wrong.tolist()
    assert [int(row["answer"]) for row in rows] == answers[wrong].tolist()


def test_rejections_leave_half_a_percent_of_errors_at_most(made):
    out, _ = made
    numbers = json.loads((out / "numbers" / "fig10.json").read_text(encoding="utf-8"))
    for name, pattern in (("LeNet-5, here", "paper-*"), ("LeNet-5, distortions, here", "distorted-*")):
        for path, rejected in zip(
            sorted((out / "runs").glob(f"{pattern}.safetensors")), numbers[name]["values"], strict=True
        ):
            penalties = np.sort(LeNet5.load(path).penalties(TEST.images), 1)
            right = LeNet5.load(path).predict(TEST.images) == TEST.labels
            kept = np.argsort(-(penalties[:, 1] - penalties[:, 0]), kind="stable")
            kept = kept[: round((1 - rejected) * len(kept))]
            assert right[kept].all()  # of 60 patterns one wrong is more than 0.5 %


def test_fewer_seeds_and_passes_are_said_at_the_top(made):
    text = (made[0] / "index.html").read_text(encoding="utf-8")
    assert "2 seeds instead of 5, at most 2 passes" in text.split("<section")[0]


def test_only_what_is_named_is_made(tmp_path):
    report = reproduce(TRAINING, TEST, tmp_path, ["fig11", "architecture"], scale=TINY)
    assert [panel.key for panel in report.panels] == ["architecture", "fig11"]
    assert not list((tmp_path / "runs").iterdir())
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"fig11.svg"}


def test_the_published_counts_add_up_and_are_those_of_the_architecture():
    assert sum(parameters for _, parameters, _ in published.LAYERS.values()) == 60_000
    assert sum(connections for _, _, connections in published.LAYERS.values()) == 340_908
    assert set(published.LAYERS) == {layer.name for layer in architecture.LAYERS[1:]}


# --- runs are kept -------------------------------------------------------------------------------------


def test_a_second_call_trains_nothing_and_says_the_same(made, tmp_path, monkeypatch):
    out, _ = made
    before = (out / "index.html").read_bytes()
    monkeypatch.setattr(runs, "train", lambda *_, **__: pytest.fail("trained again"))
    reproduce(TRAINING, TEST, out, scale=TINY, workers=2)
    assert (out / "index.html").read_bytes() == before


def test_an_interrupted_training_goes_on_to_the_same_result(tmp_path):
    plan = planned(["paper"], replace(TINY, seeds=1, passes=3), len(TRAINING))
    (whole,) = train_all(plan, TRAINING, TEST, tmp_path / "whole").values()
    met, done = 0.0, []

    def interrupt(work: float) -> None:
        nonlocal met
        met += work
        if met > 2.5 * len(TRAINING):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_all(
            plan,
            TRAINING,
            TEST,
            tmp_path / "cut",
            progress=interrupt,
            done=lambda *result: done.append(result),
        )
    assert not done and not list((tmp_path / "cut").glob("paper-*-0.json"))
    learnt: list[float] = []
    (cut,) = train_all(plan, TRAINING, TEST, tmp_path / "cut", progress=learnt.append).values()
    np.testing.assert_array_equal(cut.model.parameters, whole.model.parameters)
    assert [entry["test_error"] for entry in cut.history] == [entry["test_error"] for entry in whole.history]
    assert sum(learnt) == 3 * len(TRAINING) and max(learnt) == 2 * len(TRAINING)  # two passes were there


def test_an_interruption_stops_every_training(tmp_path):
    plan = planned(["paper", "distorted"], replace(TINY, seeds=3, passes=8), len(TRAINING))

    def interrupt(work: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_all(plan, TRAINING, TEST, tmp_path, workers=2, progress=interrupt)
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


def test_what_is_damaged_or_of_another_recipe_is_trained_anew(tmp_path):
    (run,) = planned(["paper"], replace(TINY, seeds=1, passes=1), len(TRAINING))
    (first,) = train_all([run], TRAINING, TEST, tmp_path).values()
    model, facts = tmp_path / f"{run.name}.safetensors", tmp_path / f"{run.name}.json"
    model.write_bytes(model.read_bytes()[:1000])
    (again,) = train_all([run], TRAINING, TEST, tmp_path).values()
    np.testing.assert_array_equal(again.model.parameters, first.model.parameters)
    facts.write_text("{}")
    train_all([run], TRAINING, TEST, tmp_path)
    assert json.loads(facts.read_text())["test_error"] == first.test_error
    other = Run("paper", run.recipe.with_settings(mu=0.04), run.patterns, run.seed)
    assert other.name == run.name
    (another,) = train_all([other], TRAINING, TEST, tmp_path).values()
    assert (another.model.parameters != first.model.parameters).any()


def test_a_setting_that_recipes_did_not_have_yet_makes_no_other_recipe(tmp_path, monkeypatch):
    (run,) = planned(["paper"], replace(TINY, seeds=1, passes=1), len(TRAINING))
    train_all([run], TRAINING, TEST, tmp_path)
    facts = tmp_path / f"{run.name}.json"
    known = json.loads(facts.read_text())
    del known["identity"]["recipe"]["reshuffle"]  # as an older version would have written it
    facts.write_text(json.dumps(known))
    monkeypatch.setattr(runs, "train", lambda *_, **__: pytest.fail("trained again"))
    train_all([run], TRAINING, TEST, tmp_path)


def test_smaller_sets_are_drawn_by_the_seed_and_noise_inverts_a_tenth():
    small = [run for run in planned(["sizes"], TINY, len(TRAINING)) if run.patterns == 100]
    drawn = [run.patterns_of(TRAINING) for run in small]
    assert [len(part) for part in drawn] == [100, 100]
    assert (drawn[0].images != drawn[1].images).any()
    np.testing.assert_array_equal(drawn[0].images, small[0].patterns_of(TRAINING).images)
    (noisy, _) = planned(["noisy"], TINY, len(TRAINING))
    images = noisy.patterns_of(TRAINING).images
    changed = images != TRAINING.images
    np.testing.assert_array_equal(images[changed], 255 - TRAINING.images[changed])
    assert changed.mean() == pytest.approx(0.1, abs=0.005)


# --- Fig. 13: known changes ------------------------------------------------------------------------------


def test_changes_are_what_they_are_called():
    from lenet5.reproduce.robust import changed

    random = np.random.default_rng(0)
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 8:20, 8:20] = random.integers(0, 256, (12, 12))
    plain = np.pad(image[0], 2) / 255
    same = changed(image, "rotation", 0)[0]
    assert same.shape == (32, 32)
    np.testing.assert_allclose(same, plain, atol=1e-6)
    np.testing.assert_allclose(changed(image, "rotation", 90)[0], np.rot90(plain, -1), atol=1e-5)  # clockwise
    np.testing.assert_allclose(changed(image, "shift", 3)[0], np.roll(plain, 3, 0), atol=1e-6)
    half = changed(image, "scale", 0.5)[0]
    assert half.sum() == pytest.approx(plain.sum() / 4, rel=0.02)  # half as wide, half as high
    assert set(np.flatnonzero(half.any(1))) <= set(range(12, 20))


def test_a_published_figure_is_compared_with_its_own_allowance():
    from lenet5.reproduce.panel import Sample, compared

    assert compared(Sample((0.0094, 0.0096)), 0.0095) == "the published 0.95%"
    near = compared(Sample((0.0088, 0.0090)), 0.0095, 0.001)
    assert near == "0.06 points below the published 0.95%, within the paper's own ±0.10"
    far = compared(Sample((0.0120, 0.0122)), 0.0095, 0.001)
    assert far == "0.26 points above the published 0.95%, outside the paper's own ±0.10"
    assert compared(Sample((0.01,)), 0.0095).endswith("(one seed)")


def test_an_error_has_settled_where_it_stays():
    from lenet5.reproduce.panel import Sample
    from lenet5.reproduce.training import settled

    assert settled([Sample((error,)) for error in (0.03, 0.0101, 0.02, 0.0102, 0.0099, 0.01)]) == 4
    assert settled([Sample((0.01,))] * 3) == 1


# --- what is wrong is a sentence -------------------------------------------------------------------------


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["reproduce", *arguments])
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return run


def test_a_figure_that_is_not_there_is_named_with_those_that_are(call, tmp_path):
    status, out, err = call("fig99")
    assert status == 2 and "fig99" in err and "fig10" in err and not out
    with pytest.raises(InputError, match=r"fig99.*fig5"):
        reproduce(TRAINING, TEST, tmp_path, ["fig99"])
    with pytest.raises(InputError, match="test pattern 60"):
        reproduce(TRAINING, TEST, tmp_path, ["maps"], pattern=60)
    status, out, _ = call("--list")
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == list(FIGURES)


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "train", lambda *_, **__: pytest.fail("trained"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="--out"):
        reproduce(TRAINING, TEST, tmp_path / "file" / "report", ["fig5"], scale=TINY)


def test_without_matplotlib_the_extra_is_named_before_the_work(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"lenet5\[plots\]"):
        reproduce(TRAINING, TEST, tmp_path, ["fig5"], scale=TINY)
    assert not list(tmp_path.iterdir())


def test_without_data_the_usual_sentence(call, monkeypatch, tmp_path):
    monkeypatch.delenv("LENET5_DATA", raising=False)
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LENET5_MIRRORS", "http://127.0.0.1:9/none")
    status, _, err = call("fig5")
    assert status == 1 and "LENET5_DATA" in err and "Traceback" not in err


def test_trainings_that_are_kept_are_told(call, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "QUICK", TINY)
    monkeypatch.setattr(
        "lenet5.data.dataset.load", lambda _, split="train", **__: (TRAINING, TEST)[split == "test"]
    )
    told = [call("fig5", "--quick", "--threads", "1", "--out", str(tmp_path)) for _ in range(2)]
    assert [status for status, _, _ in told] == [0, 0], told
    assert [out.count(", kept") for _, out, _ in told] == [0, 2]


def test_ctrl_c_says_how_to_go_on(mnist_train, tmp_path):
    command = [sys.executable, "-m", "lenet5", "reproduce", "fig5", "--quick", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        until = time.monotonic() + 300
        while not any(path.stat().st_size for path in (tmp_path / "runs").glob("*.log.jsonl")):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130 and not out
    assert f"go on with: lenet5 reproduce fig5 --quick --out {tmp_path}" in err and "Traceback" not in err
    assert list((tmp_path / "runs").glob("*.checkpoint.safetensors"))
