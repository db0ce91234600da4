"""The moment by which a picture must have been read: passed along, and checked between the steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import InputError, TimeLimitError

__all__ = ["NEVER", "Deadline"]


@dataclass(frozen=True)
class Deadline:
    """A moment after which reading is given up.

    Nothing is interrupted: each loop over lines, regions, cuts and graph steps asks `check`. It so works on every
    system, in every thread and worker process.

    Args:
        seconds: that were allowed.
        moment: when they are over, by `clock`.
        name: what errors call the picture.
        clock: seconds from a fixed moment on.
    """

    seconds: float = math.inf
    moment: float = math.inf
    name: str = "the picture"
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def of(
        cls,
        timeout: float | Deadline | None,
        name: str = "the picture",
        clock: Callable[[], float] = time.monotonic,
    ) -> Deadline:
        """The deadline so many seconds from now; NEVER for None, and a deadline itself.

        Raises:
            InputError: it is no number of seconds above 0.
        """
        if isinstance(timeout, Deadline):
            return timeout
        if timeout is None:
            return NEVER
        if not timeout > 0:
            raise InputError(f"a timeout is a number of seconds above 0, not {timeout!r}")
        return cls(timeout, clock() + timeout, name, clock)

    def check(self) -> None:
        """Raise TimeLimitError if the moment has passed."""
        if self.moment < math.inf and self.clock() > self.moment:
            raise TimeLimitError(
                f"cannot read {self.name} within {self.seconds:g} s: there is too much on it; "
                "allow more seconds, or read a part of it"
            )


NEVER = Deadline()
