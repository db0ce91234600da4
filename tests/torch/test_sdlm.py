"""Appendix C in PyTorch against the reference's curvature and the engine's rates."""

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.network import losses
from lenet5.network import reference as network
from lenet5.network.architecture import SHAPES
from lenet5.network.preprocessing import normalise
from lenet5.training import recipes, stochastic

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import torch as twin  # noqa: E402 (after PyTorch is known to be there)

draw = np.random.default_rng(1998)
IMAGES = draw.integers(0, 256, (6, 28, 28)).astype(np.uint8)
LABELS = draw.integers(0, 10, 6)
WEIGHTS = draw.dirichlet(np.ones(12), 6)[:, :10]  # rows that lack something to 1


@pytest.mark.parametrize("targets", [LABELS, WEIGHTS], ids=["labels", "weights"])
@pytest.mark.parametrize("j", [1.0, None])
def test_curvature_equals_appendix_c(reference, activations, targets, j, relative_difference):
    parameters, codes, seen = activations
    from_top = losses.curvature(
        seen.f6, codes, seen.penalties, targets, j or 1.0, 0.5, discriminative=j is not None
    )
    expected = network.curvature(parameters, seen, from_top)
    x = torch.tensor(normalise(IMAGES, np.float64))
    found = twin.curvature(twin.LeNet5.of(reference).double(), x, torch.tensor(targets), j, 0.5)
    assert list(found) == list(SHAPES)
    for name, value in expected.items():
        assert relative_difference(found[name], value) < 1e-10 and found[name].min() >= 0


def test_sdlm_divides_each_rate_by_its_own_curvature(reference, relative_difference):
    net = twin.LeNet5.of(reference)
    optimiser = twin.SDLM(net, lr=1e-3)
    with pytest.raises(InputError, match="estimate"):
        twin.energy(net(torch.tensor(IMAGES)), torch.tensor(LABELS)).backward()
        optimiser.step()
    optimiser.estimate(torch.tensor(IMAGES), torch.tensor(LABELS))
    recipe = recipes.PAPER.with_settings(schedule=(1e-3,), curvature_patterns=6)
    own = stochastic.rates(
        reference.parameters, reference.codes, IMAGES, LABELS, 0, 0, recipe
    )  # the engine's η_k
    gradient = np.concatenate([p.grad.numpy().ravel() for p in net.parameters()])
    optimiser.step()
    moved = reference.parameters - twin.LeNet5.reference(net).parameters
    assert relative_difference(moved, own * gradient) < 1e-3


def test_sdlm_learns_and_keeps_its_curvature_in_its_state(reference):
    net = twin.LeNet5.of(reference)
    optimiser = twin.SDLM(net)
    images, labels = torch.tensor(IMAGES), torch.tensor(LABELS)

    def closure():
        optimiser.zero_grad()
        loss = twin.energy(
            net(images), labels, recipes.PAPER_DISTORTED.loss.j, recipes.PAPER_DISTORTED.loss.scale
        )
        loss.backward()
        return loss

    optimiser.estimate(images, labels, recipes.PAPER_DISTORTED.loss.j)
    before = optimiser.step(closure).item()
    other = twin.SDLM(net)
    other.load_state_dict(optimiser.state_dict())
    for _ in range(20):
        after = other.step(closure).item()
    assert after < before
    with pytest.raises(InputError, match="more than 0"):
        twin.SDLM(net, lr=0)
