"""LeNet-5 as people write it in PyTorch is the paper's network, and trains the paper's connections only."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5.model.lenet5 import LeNet5  # noqa: E402 (after PyTorch is known to be there)
from lenet5.network.architecture import PAIRS  # noqa: E402
from lenet5.network.preprocessing import normalise  # noqa: E402
from lenet5.torch.peers import DenseLeNet5, inference_peers, training_step  # noqa: E402

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


def test_eager_answers_as_the_model_does():
    model = LeNet5.pretrained("digits")
    name, _, penalties = next(inference_peers(model, 1))
    assert name == "PyTorch eager"
    assert np.allclose(penalties(normalise(IMAGES)[:, None]), model.penalties(IMAGES), rtol=1e-4, atol=1e-2)


def test_gradients_go_to_the_connections_of_table_i_only():
    network = DenseLeNet5(LeNet5(seed=1))
    network(torch.zeros(2, 1, 32, 32)).sum().backward()
    connected = {(m, s) for m in range(16) for s in range(6) if network.c3_weight.grad[m, s].any()}
    assert connected == set(PAIRS) and len(connected) == 60
    assert all(not network.c3_weight[m, s].any() for m in range(16) for s in range(6) if (m, s) not in PAIRS)


def test_a_step_lowers_the_loss(monkeypatch):
    from lenet5.torch.losses import energy

    built = []
    monkeypatch.setattr(
        "lenet5.torch.peers.DenseLeNet5", lambda model: built.append(DenseLeNet5(model)) or built[0]
    )
    x, labels = normalise(IMAGES)[:, None], np.arange(7)
    step = training_step(LeNet5(seed=1), x, labels, 1)
    before = energy(built[0](torch.tensor(x)), torch.tensor(labels), 1.0, 0.1).item()
    for _ in range(5):
        step()
    assert energy(built[0](torch.tensor(x)), torch.tensor(labels), 1.0, 0.1).item() < before
