"""How far patterns are distorted (Section III-B, Fig. 7): settings alone; training.augmentation distorts."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["MILD", "NONE", "PAPER", "STRONG", "Distortion"]


@dataclass(frozen=True)
class Distortion:
    """How far patterns are distorted (Section III-B). All is 0 by default: no distortion.

    Each magnitude m is the end of a range: a value is drawn from it uniformly and independently for each
    pattern. A character is scaled and squeezed, then sheared, then turned, all about the centre of its
    field, then moved, and last bent. The paper gives the list but no magnitude.
    """

    translation: float = 0.0  # pixels: moved by −m … m, across and down independently
    scaling: float = 0.0  # share: both sides times 1 − m … 1 + m
    squeezing: float = 0.0  # share: one side times f, the other divided by it, f from 1 to 1 + m, either way
    shear: float = 0.0  # pixels sideways for each pixel of height (horizontal shear), −m … m
    rotation: float = 0.0  # degrees, −m … m; not in the paper
    thickness: float = 0.0  # pixels: every edge of ink grows by −m … m, m at most 1; not in the paper
    gain: float = 0.0  # share: ink times 1 − m … 1 + m, black at most; not in the paper
    # Elastic (Simard, Steinkraus, Platt 2003; not in the paper): both coordinates displaced by uniform noise
    # in −1 … 1, smoothed by a Gaussian, times alpha; r.m.s. about 0.163·alpha/sigma pixels.
    alpha: float = 0.0  # strength, in pixels
    sigma: float = 4.0  # standard deviation of the Gaussian, in pixels, at least 0.5
    spread: float = 0.0  # share: strength alpha·(1 − m) … alpha, drawn for each pattern
    # Cut-out; not in the paper: a rectangle of background somewhere in the input.
    erasing: float = 0.0  # share of the patterns that lose one
    erased: float = 0.0  # pixels: each of its sides is 1 … m long, rounded
    regular: float = 0.0  # share of the patterns left as they are

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            most = _MOST.get(name, np.inf)
            least = 0.5 if name == "sigma" else 0.0
            if not (np.isfinite(value) and least <= value <= most):
                raise InputError(
                    f"a distortion's {name} cannot be {value!r}: give a number from {least:g} to {most:g}"
                )

    def vector(self) -> NDArray[np.float32]:
        """All of it as a float32 vector, in the order above: what the compiled code reads."""
        return np.array(astuple(self), np.float32)


# Beyond these a distortion means nothing, or the arithmetic no longer holds.
_MOST = dict.fromkeys(("thickness", "spread", "erasing", "regular", "gain"), 1.0) | {
    "translation": 32.0,
    "scaling": 0.9,
    "squeezing": 4.0,
    "shear": 4.0,
    "rotation": 180.0,
    "alpha": 1000.0,
    "sigma": 16.0,
    "erased": 32.0,
}

NONE = Distortion()
# The paper's list. One pattern in ten is regular, as 60,000 of its 600,000 were.
PAPER = Distortion(translation=2.0, scaling=0.12, squeezing=0.12, shear=0.25, regular=0.1)
MILD = Distortion(translation=1.0, scaling=0.08, squeezing=0.08, shear=0.15, rotation=5.0)
STRONG = Distortion(
    translation=1.5, scaling=0.12, squeezing=0.12, shear=0.2, rotation=10.0, thickness=0.25, alpha=36.0,
    sigma=5.0, spread=0.5,
)  # fmt: skip
