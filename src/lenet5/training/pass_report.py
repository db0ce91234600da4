"""The figures of one pass through the patterns: a line of the log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["PassReport"]

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
