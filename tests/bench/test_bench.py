"""The benchmark: the peers are the same network, and a report says what was measured. No test asserts a time."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5 import LeNet5
from lenet5.bench import measure, peers, report
from lenet5.errors import MissingExtraError

# PyTorch warns of its own past when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def measured() -> dict:
    run = {
        "cores": 1,
        "multiply_adds": measure.multiply_add_rate(rounds=2, size=128),
        "recognition": measure.recognition(1, 2, batches=(1, 5), only=("lenet5",)),
        "training": {"lenet5": {"rates": {"8": measure.spread([1.0, 3.0, 2.0])}, "best": 2.0}},
    }
    run["recognition"]["lenet5"]["rates"] = {
        str(b): r for b, r in run["recognition"]["lenet5"]["rates"].items()
    }
    return {"machine": measure.machine(), "rounds": 2, "runs": {"1": run}}


def test_a_spread_is_the_median_and_the_ends():
    assert measure.spread([5.0, 1.0, 2.0]) == {"median": 2.0, "least": 1.0, "largest": 5.0}


def test_work_of_training_is_forward_twice_and_the_slopes_that_are_needed():
    assert report.FORWARD == 328_096
    assert report.TRAINING == 2 * 328_096 + 150_000 + 48_000 + 10_080


def test_each_engine_is_measured_at_each_batch_size(measured):
    rates = measured["runs"]["1"]["recognition"]["lenet5"]["rates"]
    assert list(rates) == ["1", "5"]
    assert all(0 < rate["least"] <= rate["median"] <= rate["largest"] for rate in rates.values())


def test_the_table_names_the_machine_and_every_engine(measured):
    text = report.table(measured)
    assert measured["machine"]["cpu"] in text
    assert "| lenet5 |" in text
    assert "lenet5 by the fastest peer: nan" in text  # alone, it is ahead of nobody


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


def test_the_plot_is_an_svg(measured):
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed: no plot")
    assert report.plot(measured).startswith(b"<?xml")


def test_without_matplotlib_a_plot_names_the_extra(measured, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"lenet5\[plots\]"):
        report.plot(measured)


@pytest.mark.parametrize("name", ["PyTorch eager", "ONNX Runtime", "OpenVINO"])
def test_a_peer_is_the_same_network(name):
    raw = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    model = LeNet5.pretrained("digits")
    try:
        found = {peer.name: peer for peer in peers.peers(model, 1, only=(name.split()[0],))}
    except MissingExtraError:
        found = {}
    if name not in found:
        pytest.skip(f"{name} is not installed")
    answers = found[name].call(raw, peers.normalised(raw))
    assert np.allclose(answers, model.penalties(raw), rtol=1e-4, atol=1e-2)


def test_a_peer_trains_the_papers_connections_only():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    network = peers.torch_network(LeNet5(seed=1))
    network(torch.zeros(2, 1, 32, 32)).sum().backward()
    absent = (peers.c3_kernels(LeNet5(seed=1)) == 0).all((2, 3))
    assert absent.sum() == 96 - 60
    assert (network.c3_weight.grad.numpy()[absent] == 0).all()
