"""Steps of the trainer against the engine's, on the CPU and on a GPU."""

import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from lenet5.engine.backend import backend
from lenet5.errors import InputError
from lenet5.model.lenet5 import LeNet5
from lenet5.network import distortion as distort

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import torch as twin  # noqa: E402 (after PyTorch is known to be there)

draw = np.random.default_rng(1998)
MANY = draw.integers(0, 256, (50, 28, 28)).astype(np.uint8)
MANY_LABELS = draw.integers(0, 10, 50)


def trained(trainer, images=MANY, labels=MANY_LABELS, **settings):
    """Two passes in batches of 16: the parameters, the average, energy and errors of the last pass."""
    model = LeNet5(seed=3, spread=1.0, power=0.5)
    own = trainer(
        model.parameters, model.codes, images, labels, batch=16, j=20.0, scale=0.1, seed=4, **settings
    )
    rate = 0.001 if settings.get("beta2") else 0.02
    for index in range(2):
        own.prepare_pass(index)
        told = own.run(np.random.default_rng(index).permutation(50), np.full(4, rate, np.float32), 0.1)
    return model.parameters, own.average, np.array(told)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.01, "distortion": distort.STRONG},
        {"beta2": 0.99, "weight_decay": 0.1, "momentum": 0.8},
    ],
    ids=["momentum", "distorted", "beta2"],
)
def test_training_takes_the_engines_steps(settings):
    mine, theirs = trained(twin.Trainer, **settings), trained(backend("numpy").minibatch.Trainer, **settings)
    # Adam divides by the root of small numbers, so that rounding shows.
    bound = 1e-3 if "beta2" in settings else 1e-5
    assert np.abs(mine[0] - theirs[0]).max() < bound
    assert np.abs(mine[1] - theirs[1]).max() < bound
    assert mine[2][0] == pytest.approx(theirs[2][0], rel=1e-4) and mine[2][1] == theirs[2][1]


def test_weights_as_targets_and_small_pieces_change_nothing(monkeypatch):
    weights = np.eye(10, dtype=np.float32)[MANY_LABELS]
    expected = trained(twin.Trainer)[0]
    assert (trained(twin.Trainer, labels=weights)[0] == expected).all()
    monkeypatch.setattr(sys.modules["lenet5.torch.training"], "PIECE", 16)
    assert np.abs(trained(twin.Trainer)[0] - expected).max() < 1e-6


def test_what_a_trainer_cannot_use_is_a_sentence():
    with pytest.raises(InputError, match="one for each"):
        trained(twin.Trainer, labels=MANY_LABELS[:3])
    with pytest.raises(InputError, match="device 'nonsense'"):
        trained(twin.trainer("nonsense"))
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device 'cuda'"):
            trained(twin.trainer("cuda"))


def test_rehearsing_for_a_cuda_graph_leaves_no_trace(monkeypatch):
    """Without a GPU what can be tested of it: CUDA wants work done before it is recorded."""
    nothing = SimpleNamespace(wait_stream=lambda other: None, replay=lambda: None)
    for name in ("Stream", "current_stream", "CUDAGraph"):
        monkeypatch.setattr(torch.cuda, name, lambda *arguments: nothing)
    for name in ("stream", "graph"):
        monkeypatch.setattr(torch.cuda, name, lambda *arguments: nullcontext())
    model = LeNet5(seed=3)
    own = twin.Trainer(model.parameters, model.codes, MANY, MANY_LABELS, batch=16)
    own.run(np.arange(50), np.full(4, 0.02, np.float32), 0.1)
    before = [value.clone() for value in (own._state, own._at, own._done, own._totals)]
    own.device = SimpleNamespace(type="cuda")
    own._at.zero_()
    own._record_step()
    own._at += 4
    for value, was in zip((own._state, own._at, own._done, own._totals), before, strict=True):
        assert torch.equal(value, was)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("settings", [{}, {"distortion": distort.STRONG, "weight_decay": 0.01}])
def test_a_gpu_takes_the_same_steps(settings):
    mine, theirs = (
        trained(twin.trainer("cuda"), **settings),
        trained(backend("numpy").minibatch.Trainer, **settings),
    )
    assert np.abs(mine[0] - theirs[0]).max() < 1e-2  # TF32, and the order of sums
    assert mine[2][0] == pytest.approx(theirs[2][0], rel=1e-2)
