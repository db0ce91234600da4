"""Weights of eight bits: symmetric, a scale for each map or unit, biases corrected with calibration images.

States need no search for a range: after the squashing function they lie in ±A, and the image's 256 levels are eight
bits already. Calibration images decide the range of the weighted sums (for engines that round these too) and the
biases: rounded weights shift each unit's sum by a mean amount, which is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..model.lenet5 import LeNet5
from ..network import reference
from ..network.architecture import FIELD, KERNEL
from ..network.preprocessing import check_images, normalise

__all__ = ["MOST", "Calibration", "Quantised", "best_range", "calibrate", "quantise"]

MOST = 1000  # calibration images that are used
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Statistics of calibration images, by layer (c1, c3, c5, f6).

    Args:
        inputs: the mean input of each weight of a unit, in the weight's shape without the unit's axis.
        sums: the weighted sums, (n,).
        images: how many there were.
    """

    inputs: dict[str, F64]
    sums: dict[str, F64]
    images: int


@dataclass(frozen=True)
class Quantised:
    """One layer in eight bits.

    Args:
        weight: int8; the weight is about scale · `weight`, for each map or unit along the first axis.
        scale: (maps or units,).
        bias: (maps or units,), not rounded.
    """

    weight: NDArray[np.int8]
    scale: F64
    bias: F64


def calibrate(model: LeNet5, images: ArrayLike | None) -> Calibration:
    """Run the reference over calibration images.

    Args:
        model: what is quantised.
        images: as LeNet5.penalties takes them; of more than MOST, that many are taken at equal distances.

    Raises:
        InputError: there are none.
    """
    pixels = np.zeros((0, FIELD, FIELD), np.uint8) if images is None else check_images(images)
    if not len(pixels):
        raise InputError(
            "int8 needs calibration images: give some hundred characters like those to be read, "
            "as calibration=images (N×28×28, 255 = ink)"
        )
    # Evenly spread, because many sets lie class by class.
    pixels = pixels[np.linspace(0, len(pixels) - 1, min(MOST, len(pixels))).astype(int)]
    activations = reference.forward(model.named_parameters, model.codes, normalise(pixels))
    inputs = {"f6": activations.x["c5"][:, :, 0, 0].mean(0, np.float64)}
    for name, before in (("c1", "input"), ("c3", "s2"), ("c5", "s4")):
        windows = sliding_window_view(activations.x[before], (KERNEL, KERNEL), (2, 3))
        inputs[name] = windows.mean((0, 2, 3), np.float64)
    sums = {name: activations.a[name].astype(np.float64).ravel() for name in inputs}
    return Calibration(inputs, sums, len(pixels))


def quantise(
    model: LeNet5, layer: str, calibration: Calibration, step: float, most: int = 127, least: float = 0.0
) -> Quantised:
    """A layer's weights (C3's dense) as integers in ±most, its biases corrected for their rounding.

    Args:
        model: what is quantised.
        layer: c1, c3, c5 or f6.
        calibration: statistics of its inputs.
        step: value of one unit of a rounded input.
        most: largest integer.
        least: smallest scale that can be used.
    """
    weight = model.named_parameters[f"{layer}.weight"].astype(np.float64)
    bias = model.named_parameters[f"{layer}.bias"].astype(np.float64)
    weight = weight[:, None] if layer == "c1" else reference.dense_c3(weight) if layer == "c3" else weight
    flat = weight.reshape(len(weight), -1)
    # Where weights are next to nothing beside the bias, the bias would be too large a whole number.
    scale = np.maximum(abs(flat).max(1) / most, np.maximum(abs(bias) / (step * 2**24), max(least, 1e-12)))
    whole = np.rint(flat / scale[:, None])
    bias = bias - (whole * scale[:, None] - flat) @ calibration.inputs[layer].ravel()
    return Quantised(whole.astype(np.int8).reshape(weight.shape), scale, bias)


def best_range(sums: F64) -> float:
    """The range ±r in which sums, in 255 steps, give their tanh with the least squared error.

    Sums beyond it are clipped, where tanh is flat; steps are then finer where it is not.

    Args:
        sums: weighted sums times S, (n,).
    """
    largest = float(abs(sums).max())
    exact = np.tanh(sums)

    def error(r: float) -> float:
        return float(((np.tanh(np.rint(sums.clip(-r, r) * (127 / r)) * (r / 127)) - exact) ** 2).mean())

    ranges: list[float] = np.linspace(min(1.0, largest), min(4.0, largest), 13).tolist()
    return min(ranges, key=error)
