"""Timing: what is measured and how it is summed up. No test asserts a time."""

from __future__ import annotations

import json
import sys

import pytest

from lenet5.bench import measure, process
from lenet5.bench.machine import machine


def test_a_spread_is_the_median_and_the_ends():
    assert measure.spread([5.0, 1.0, 2.0]) == {"median": 2.0, "least": 1.0, "largest": 5.0}


def test_each_engine_is_measured_at_each_batch_size():
    rates = measure.recognition(1, 2, batches=(1, 5), only=("lenet5",))["lenet5"]["rates"]
    assert list(rates) == [1, 5]
    assert all(0 < rate["least"] <= rate["median"] <= rate["largest"] for rate in rates.values())


def test_an_engine_that_answers_differently_is_not_timed(monkeypatch):
    from lenet5.bench.peers import Peer, inference_peers

    def wrong(model, threads, only):
        (ours,) = inference_peers(model, threads, ("lenet5",))
        yield ours
        yield Peer("wrong", "1", lambda raw, inputs: ours.penalties(raw, inputs) * 1.01)

    monkeypatch.setattr(measure, "inference_peers", wrong)
    with pytest.raises(RuntimeError, match="wrong answers differently"):
        measure.recognition(1, 1, batches=(5,))


def test_the_machine_is_named():
    host = machine()
    assert host["cpu"] and host["cores"] >= 1 and host["lanes"] in (4, 8, 16)
    assert json.loads(json.dumps(host)) == host


def test_a_process_prints_one_measurement(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["process", "1", "2"])
    monkeypatch.setattr("os.sched_setaffinity", lambda *_: None, raising=False)
    monkeypatch.setattr(measure, "multiply_add_rate", lambda rounds: {"median": float(rounds)})
    monkeypatch.setattr(measure, "recognition", lambda cores, rounds, progress: {"cores": cores})
    monkeypatch.setattr(measure, "training", lambda cores, rounds, progress: {})
    process.main()
    assert json.loads(capsys.readouterr().out) == {
        "cores": 1, "multiply_adds": {"median": 2.0}, "recognition": {"cores": 1}, "training": {},
    }  # fmt: skip
