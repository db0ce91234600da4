"""All kinds of inputs by name."""

from __future__ import annotations

import numpy as np

from .expressions import expressions
from .files import checkpoints, idx, npz, safetensors, tables, templates
from .pictures import pictures, reader
from .trial import Kind

KINDS: dict[str, Kind] = {
    "pictures": pictures,
    "idx": idx,
    "npz": npz,
    "csv": tables,
    "safetensors": safetensors,
    "checkpoints": checkpoints,
    "templates": templates,
    "expressions": expressions,
}


def warm_up() -> None:
    """Load weights and compiled code, which no input is to be blamed for."""
    paper = np.full((60, 200), 255, np.uint8)
    for left in (20, 60, 100, 140):
        paper[15:45, left : left + 5] = 0
    for method in ("segmentation", "displacement"):
        reader(method).read(paper, mode="string")
