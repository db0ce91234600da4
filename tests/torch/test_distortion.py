"""Distortions on the device against those of the engine, picture for picture."""

import numpy as np
import pytest

from lenet5.network import distortion as distort
from lenet5.training import augmentation
from lenet5.training.recipes import FAST

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5.torch import distortion  # noqa: E402 (after PyTorch is known to be there)

draw = np.random.default_rng(1998)
IMAGES = draw.integers(0, 256, (6, 28, 28)).astype(np.uint8)


EVERYTHING = distort.Distortion(
    translation=2, scaling=0.2, squeezing=0.2, shear=0.2, rotation=20, thickness=1, gain=0.5, alpha=30,
    spread=0.8, erasing=0.7, erased=12, regular=0.2,
)  # fmt: skip


@pytest.mark.parametrize("chosen", [distort.NONE, distort.PAPER, distort.STRONG, FAST.distortion, EVERYTHING])
def test_distortions_are_the_engines_picture_for_picture(chosen):
    patterns = np.array([0, 3, 59_999, 1, 2, 77])
    mine = distortion.Distorter(chosen, 5, torch.device("cpu"))
    for pass_index in (0, 41):
        mine.prepare_pass(pass_index)
        assert np.abs(mine.pool.numpy() - augmentation.elastic_pool(chosen, 5, pass_index)).max() < 1e-5
        found = mine(torch.tensor(IMAGES), torch.tensor(patterns)).numpy()
        expected = augmentation.distort(IMAGES, chosen, 5, pass_index, patterns)
        # Rounding may bring a place to another neighbour: the bilinear mean is continuous there.
        assert np.abs(found - expected).max() < 1e-4
