"""The figures of one pass through the patterns, a line of the log, and what two kinds of training find them by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LeNet5Error
from ..model.classifier import Network

__all__ = ["PassReport", "error_of", "ran_away"]

_RATES = "least_rate", "largest_rate"


@dataclass(frozen=True, kw_only=True)
class PassReport:
    """The figures of one pass.

    Args:
        number: of the pass, from 1.
        rate: at the end of the pass; in the paper's training η.
        least_rate, largest_rate: in the paper's training the range of η_k (Section III-B: about 7·10⁻⁵ to 0.016 in
            the first pass); otherwise None.
        energy: eq. 8 or 9, mean over the patterns as they were met.
        train_error: share of the patterns, distorted or not, that were answered wrongly as they were met.
        test_error: share of the test patterns, after the pass; None without a test set.
        seconds: of the pass, without the test.
        patterns_per_second: of the pass.
    """

    number: int
    rate: float
    least_rate: float | None = None
    largest_rate: float | None = None
    energy: float
    train_error: float
    test_error: float | None
    seconds: float
    patterns_per_second: float

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values; the range of the rates only where there is one."""
        return {key: value for key, value in asdict(self).items() if key not in _RATES or value is not None}


def ran_away(number: int, rate: float) -> LeNet5Error:
    """The error of pass `number`, from 1, after which the energy or the parameters are no numbers; rate: the peak."""
    return LeNet5Error(
        f"the training ran away in pass {number}: the energy is no longer a number; "
        f"a peak rate below {rate:g} may help"
    )


def error_of(
    model: Network,
    parameters: NDArray[np.float32],
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    threads: int | None,
) -> float:
    """Share of images, (N, 28, 28), that a network would answer wrongly with these parameters, (60000,)."""
    penalties = model.backend.inference.penalties(parameters, model.codes, images, threads)
    return float((penalties.argmin(1) != labels).mean())
