"""Parameters before training (Section III-B): uniform, within bounds that follow from the fan-in of each unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .architecture import PARAMETER_COUNT, SLICES, fan_in

__all__ = ["check_seed", "initial"]


def initial(
    seed: int,
    spread: float = 2.4,
    power: float = 1.0,
    coefficient: float | None = None,
    bias: float | None = None,
) -> NDArray[np.float32]:
    """All parameters at the start, uniform in ±spread/F_i^power (Section III-B: 2.4 and 1).

    F_i is the fan-in of the unit (architecture.fan_in), for weights, biases and coefficients alike.
    # not in the paper: another power, and coefficients and biases that start elsewhere.

    Args:
        seed: a whole number from 0.
        spread, power: of the bounds.
        coefficient: where those of S2 and S4 start; None: as weights.
        bias: where all biases start; None: as weights.

    Returns:
        (60000,) float32, in the order of architecture.SLICES.

    Raises:
        InputError: the seed is no whole number from 0.
    """
    check_seed(seed)
    draw = np.random.Generator(np.random.PCG64(seed))
    parameters = np.empty(PARAMETER_COUNT, np.float32)
    fixed = {"coefficient": coefficient, "bias": bias}
    for name, place in SLICES.items():
        bound = spread / np.array(fan_in(name), np.float64) ** power
        rows = parameters[place].reshape(len(bound), -1)
        rows[:] = draw.uniform(-1, 1, rows.shape) * bound[:, None]  # drawn even where a fixed value follows
        value = fixed.get(name.split(".")[1])
        if value is not None:
            rows[:] = value
    return parameters


def check_seed(seed: int) -> None:
    """Raise InputError unless the seed is a whole number from 0."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InputError(f"a seed must be a whole number from 0, not {seed!r}")
