"""The peers are the same network."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.bench.peers import inference_peers, training_peer
from lenet5.model.lenet5 import LeNet5
from lenet5.network.preprocessing import normalise

# PyTorch warns of its own past when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("name", ["PyTorch eager", "ONNX Runtime", "OpenVINO", "OpenVINO streams"])
def test_a_peer_is_the_same_network(name):
    raw = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    model = LeNet5.pretrained("digits")
    peers = {peer.name: peer for peer in inference_peers(model, 1, only=(name.split()[0],))}
    if name not in peers:
        pytest.skip(f"{name} is not installed")
    answers = peers[name].penalties(raw, normalise(raw)[:, None])
    assert np.allclose(answers, model.penalties(raw), rtol=1e-4, atol=1e-2)


def test_ours_comes_first():
    first = next(inference_peers(LeNet5.pretrained("digits"), 1))
    assert first.name == "lenet5"


def test_a_training_peer_takes_a_step():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    step = training_peer(LeNet5(seed=0), np.zeros((3, 28, 28), np.uint8), np.arange(3), 1)
    assert step is not None and step() is None
