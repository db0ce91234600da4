"""What the tests of the PyTorch twin share: one thread, and a reference with its activations."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.model.lenet5 import LeNet5
from lenet5.network import reference as network
from lenet5.network.preprocessing import normalise


@pytest.fixture(autouse=True)
def one_thread():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")
    torch.set_num_threads(1)


@pytest.fixture
def reference() -> LeNet5:
    return LeNet5(seed=5, spread=1.0, power=0.5)


@pytest.fixture
def activations(reference, request):
    """The reference in float64 on the test module's IMAGES: parameters, codes, activations."""
    parameters = {name: value.astype(np.float64) for name, value in reference.named_parameters.items()}
    codes = reference.codes.astype(np.float64)
    images = normalise(request.module.IMAGES, np.float64)
    return parameters, codes, network.forward(parameters, codes, images)


@pytest.fixture
def relative_difference():
    """A function: the largest difference of two arrays, as a share of the largest number."""

    def difference(mine, theirs) -> float:
        return float(np.abs(np.asarray(mine) - theirs).max() / np.abs(theirs).max())

    return difference
