"""LeNet-5 for PyTorch: the module, its losses, the paper's optimiser, and training on a GPU.

    network.py     Section II-B as an nn.Module, and the same model file
    hub.py         from_pretrained, save_pretrained, push_to_hub
    losses.py      eq. 8 and eq. 9
    sdlm.py        stochastic diagonal Levenberg–Marquardt (Appendix C)
    distortion.py  the distortions of Section III-B, on the device
    training.py    the engine's Trainer on any device, alone or one of several
    parallel.py    several processes as one (torchrun)

Everything is tested against the reference. Needs `pip install 'lenet5-1998[torch]'`.
"""

from __future__ import annotations

from ..errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401 (the real one: this package is lenet5.torch)
except ModuleNotFoundError as _error:
    raise MissingExtraError(
        f"lenet5.torch needs PyTorch ({_error}): pip install 'lenet5-1998[torch]' brings it"
    ) from _error

from .losses import energy, mean_penalty, posterior
from .network import LeNet5, normalise, squash
from .sdlm import SDLM, curvature
from .training import Trainer, trainer

__all__ = [
    "SDLM",
    "LeNet5",
    "Trainer",
    "curvature",
    "energy",
    "mean_penalty",
    "normalise",
    "posterior",
    "squash",
    "trainer",
]
