"""Eight bits a weight: symmetric, a scale for each map or unit, set right by calibration images.

States need no search for a range: behind the squashing function they lie in ±A, and the image's 256 levels
are eight bits already. What calibration images decide is the range of the weighted sums (for engines that
round these too) and the biases: rounded weights shift each unit's sum by a mean amount, which is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..network import reference
from ..network.architecture import FIELD, KERNEL
from ..network.preprocessing import check_images, normalise

if TYPE_CHECKING:
    from ..model.lenet5 import LeNet5

__all__ = ["MOST", "Calibration", "Quantised", "best_range", "calibrate", "quantise"]

MOST = 1000  # calibration images that are looked at
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What calibration images show, by layer (c1, c3, c5, f6).

    `inputs`: the mean input of each weight of a unit, in the weight's shape without the unit's axis.
    `sums`: the weighted sums, flat.
    """

    inputs: dict[str, F64]
    sums: dict[str, F64]
    images: int


@dataclass(frozen=True)
class Quantised:
    """One layer: weight ≈ scale · `weight` for each map or unit along the first axis; `bias` in full."""

    weight: NDArray[np.int8]
    scale: F64
    bias: F64


def calibrate(model: LeNet5, images: ArrayLike | None) -> Calibration:
    """Run the reference over calibration images, as LeNet5.penalties takes them; of many, MOST evenly spread.

    Raises InputError where there are none: quantisation without real images is guessing.
    """
    images = np.zeros((0, FIELD, FIELD), np.uint8) if images is None else check_images(images)
    if not len(images):
        raise InputError(
            "int8 needs calibration images: give some hundred characters like those to be read, "
            "as calibration=images (N×28×28, 255 = ink)"
        )
    # Evenly spread, because many sets lie class by class.
    images = images[np.linspace(0, len(images) - 1, min(MOST, len(images))).astype(int)]
    seen = reference.forward(model.named_parameters, model.codes, normalise(images))
    inputs = {"f6": seen.x["c5"][:, :, 0, 0].mean(0, np.float64)}
    for name, before in (("c1", "input"), ("c3", "s2"), ("c5", "s4")):
        windows = sliding_window_view(seen.x[before], (KERNEL, KERNEL), (2, 3))
        inputs[name] = windows.mean((0, 2, 3), np.float64)
    sums = {name: seen.a[name].astype(np.float64).ravel() for name in inputs}
    return Calibration(inputs, sums, len(images))


def quantise(
    model: LeNet5, layer: str, seen: Calibration, step: float, most: int = 127, least: float = 0.0
) -> Quantised:
    """The layer's weights (C3's dense) as whole numbers in ±most, its biases set right for their rounding.

    step: what one unit of a rounded input stands for. least: the smallest scale that can be used.
    """
    weight = model.named_parameters[f"{layer}.weight"].astype(np.float64)
    bias = model.named_parameters[f"{layer}.bias"].astype(np.float64)
    weight = weight[:, None] if layer == "c1" else reference.dense_c3(weight) if layer == "c3" else weight
    flat = weight.reshape(len(weight), -1)
    # Where weights are next to nothing beside the bias, the bias would be too large a whole number.
    scale = np.maximum(abs(flat).max(1) / most, np.maximum(abs(bias) / (step * 2**24), max(least, 1e-12)))
    whole = np.rint(flat / scale[:, None])
    bias = bias - (whole * scale[:, None] - flat) @ seen.inputs[layer].ravel()
    return Quantised(whole.astype(np.int8).reshape(weight.shape), scale, bias)


def best_range(sums: F64) -> float:
    """The range ±r in which sums, in 255 steps, give their tanh with the least squared error.

    What lies beyond is clipped, where tanh is flat; steps are then finer where it is not.
    """
    largest = float(abs(sums).max())
    exact = np.tanh(sums)

    def error(r: float) -> float:
        return float(((np.tanh(np.rint(sums.clip(-r, r) * (127 / r)) * (r / 127)) - exact) ** 2).mean())

    return min(np.linspace(min(1.0, largest), min(4.0, largest), 13).tolist(), key=error)
