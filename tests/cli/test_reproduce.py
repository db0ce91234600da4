"""`lenet5 reproduce`: wrong use, missing data, kept trainings, interruption."""

import os
import signal
import subprocess
import sys
import time

import pytest

from blots import TEST, TINY, TRAINING
from lenet5.cli import main
from lenet5.reproduce import FIGURES, runs

pytest.importorskip("matplotlib", reason="Matplotlib is not installed: no report")


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


def test_a_figure_that_is_not_there_is_wrong_use(call):
    status, out, err = call("fig99")
    assert status == 2 and "fig99" in err and "fig10" in err and not out
    status, out, _ = call("--list")
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == list(FIGURES)


def test_without_data_the_usual_sentence(call, monkeypatch, tmp_path):
    monkeypatch.delenv("LENET5_DATA", raising=False)
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LENET5_MIRRORS", "http://127.0.0.1:9/none")
    status, _, err = call("fig5")
    assert status == 1 and "LENET5_DATA" in err and "Traceback" not in err


def test_kept_trainings_are_marked(call, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "QUICK", TINY)
    monkeypatch.setattr(
        "lenet5.data.dataset.load", lambda _, split="train", **__: (TRAINING, TEST)[split == "test"]
    )
    runs_of = [call("fig5", "--quick", "--threads", "1", "--out", str(tmp_path)) for _ in range(2)]
    assert [status for status, _, _ in runs_of] == [0, 0], runs_of
    assert [out.count(", kept") for _, out, _ in runs_of] == [0, 2]


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
