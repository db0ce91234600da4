"""One measurement in a process of its own: `python -m lenet5.bench.process CORES [ROUNDS]` prints one JSON object.

Libraries size their thread pools when they are loaded, so the process is bound to its cores before it loads them.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

__all__ = ["PROGRESS", "main"]

PROGRESS = "progress: "  # begins the lines on standard error that are no warning


def main() -> None:
    """CORES [ROUNDS]: bind this process to so many cores, measure, print JSON."""
    cores, rounds = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    json.dump(_measurement(cores, rounds), sys.stdout)


def _say(line: str) -> None:
    sys.stderr.write(f"{PROGRESS}{line}\n")
    sys.stderr.flush()


def _measurement(cores: int, rounds: int) -> dict[str, Any]:
    from . import measure  # loads the libraries: only now, bound to the cores

    return {
        "cores": cores,
        "multiply_adds": measure.multiply_add_rate(rounds),
        "recognition": measure.recognition(cores, rounds, progress=_say),
        "training": measure.training(cores, rounds, progress=_say),
    }


if __name__ == "__main__":
    main()
