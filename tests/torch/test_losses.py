"""Energies, gradients and posteriors of the twin against the reference."""

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.network import losses
from lenet5.network import reference as network

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import torch as twin  # noqa: E402 (after PyTorch is known to be there)

draw = np.random.default_rng(1998)
IMAGES = draw.integers(0, 256, (6, 28, 28)).astype(np.uint8)
LABELS = draw.integers(0, 10, 6)
WEIGHTS = draw.dirichlet(np.ones(12), 6)[:, :10]  # rows that lack something to 1


@pytest.mark.parametrize("targets", [LABELS, WEIGHTS], ids=["labels", "weights"])
@pytest.mark.parametrize(("j", "scale"), [(1.0, 1.0), (20.0, 0.1), (np.inf, 0.5), (None, 0.5)])
def test_energies_and_gradients_equal_the_reference(
    reference, activations, targets, j, scale, relative_difference
):
    parameters, codes, seen = activations
    net = twin.LeNet5.of(reference).double()
    y = net(torch.tensor(IMAGES))
    t = torch.tensor(targets)
    if j is None:
        found, expected = twin.mean_penalty(y, t, scale), losses.mean_penalty(seen.penalties, targets, scale)
        slope = losses.mean_penalty_slope(seen.penalties, targets, scale)
    else:
        found, expected = twin.energy(y, t, j, scale), losses.energy(seen.penalties, targets, j, scale)
        slope = losses.slope(seen.penalties, targets, j, scale)
    assert found.item() == pytest.approx(expected, rel=1e-12)
    found.backward()
    gradient = network.backward(parameters, seen, losses.f6_slope(seen.f6, codes, slope))
    for name, value in gradient.items():
        mine = net.get_parameter(name).grad.numpy()
        assert np.abs(mine - value).max() < 1e-10 and relative_difference(mine, value) < 1e-10


def test_the_posterior_equals_the_reference(activations):
    y = activations[2].penalties
    found = twin.posterior(torch.tensor(y), 20.0, 0.1).numpy()
    assert np.abs(found - losses.posterior(y, 20.0, 0.1)).max() < 1e-14


def test_wrong_targets_are_a_sentence():
    with pytest.raises(InputError, match="do not fit"):
        twin.energy(torch.zeros(3, 10), torch.zeros(2, dtype=torch.int64))


@pytest.mark.parametrize("label", [10, 26, -1])
def test_a_label_outside_the_classes_is_refused(label):
    penalties, targets = torch.ones(3, 10), torch.tensor([0, label, 2])
    for loss in (twin.energy, twin.mean_penalty):
        with pytest.raises(InputError, match=f"the label {label} is outside the classes: .* 0 to 9"):
            loss(penalties, targets)
