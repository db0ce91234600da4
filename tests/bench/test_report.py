"""A report says what was measured, and by how much we are faster than the fastest peer."""

from __future__ import annotations

import sys

import pytest

from lenet5.bench import report
from lenet5.errors import LeNet5Error, MissingExtraError


def measured(*peers: str) -> dict:
    """A report of one core; each peer has half of our rate."""
    rates = {str(batch): {"median": 2.0, "least": 1.0, "largest": 3.0} for batch in (1, 64)}
    ours = {"rates": rates, "best": 2.0}
    engines = {"lenet5": ours, **{name: {"rates": rates, "best": 1.0} for name in peers}}
    run = {"cores": 1, "multiply_adds": {"median": 1e9}, "recognition": engines, "training": engines}
    host = {"cpu": "A Processor", "cores": 2, "lanes": 8, "python": "3.11", "numba": "0.60"}
    return {"machine": host, "rounds": 2, "runs": {"1": run}}


def test_work_of_training_is_forward_twice_and_the_slopes_that_are_needed():
    assert report.FORWARD == 328_096
    assert report.TRAINING == 2 * 328_096 + 150_000 + 48_000 + 10_080


def test_the_table_names_the_machine_and_every_engine():
    text = report.table(measured("A"))
    assert text.startswith("A Processor, 2 cores")
    assert [line.split()[0] for line in text.splitlines() if line.startswith(("lenet5", "A "))][1:] == [
        "lenet5", "A", "lenet5", "A",
    ]  # fmt: skip
    assert text.count("speed-up over the fastest peer: 2.0 ×") == 2


def test_alone_it_is_faster_than_nobody():
    text = report.table(measured())
    assert "speed-up" not in text and text.count("no other engine is installed") == 2


def test_the_ratio_is_to_the_fastest_peer_and_not_to_ourselves():
    run = {
        "training": {
            "lenet5": {"best": 60.0},
            "lenet5, distorting": {"best": 50.0},
            "A": {"best": 6.0},
            "B": {"best": 3.0},
        }
    }
    assert report.ratio(run, "training") == 10


def test_the_plot_is_an_svg():
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed: no plot")
    assert report.plot(measured("A")).startswith(b"<?xml")


def test_without_matplotlib_a_plot_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"lenet5-1998\[plots\]"):
        report.plot(measured())


def test_a_measurement_that_fails_is_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(LeNet5Error, match="on 1 core failed: no reason given"):
        report.measure([1], 1)


def test_one_round_has_no_spread_and_a_bound_that_is_passed_is_no_bound():
    text = report.table(measured("A") | {"rounds": 1})
    assert "±" not in text and "one round" in text and "busy" not in text
    fast = measured("A")
    fast["runs"]["1"]["multiply_adds"]["median"] = 1.0
    text = report.table(fast)
    assert "busy: other programs" in text and "± 50%" in text


def test_what_a_failing_measurement_says_last_is_in_the_error(monkeypatch):
    said = []
    monkeypatch.setattr(report.sys, "executable", "/bin/false")
    with pytest.raises(LeNet5Error, match="on 1 core failed: no reason given"):
        report.measure([1], 1, said.append)
    assert said == ["measuring on 1 core: every installed engine, rounds: 1"]
