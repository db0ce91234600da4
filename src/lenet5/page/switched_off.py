"""Maps that are switched off, to see what they were good for: whoever reads them reads 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..network.architecture import LAYERS, PAIRS

__all__ = ["MAPS", "check_maps", "cut_connections", "format_maps"]

# Layer -> how many maps it has.
MAPS = {layer.name.lower(): layer.maps for layer in LAYERS if layer.kind not in ("input", "rbf")}


def check_maps(off: Mapping[str, Iterable[int]]) -> dict[str, tuple[int, ...]]:
    """Maps by layer, in order and each once.

    Args:
        off: maps, from 0 as in Table I, by layer ("c1" … "f6").

    Raises:
        InputError: there is no such layer or map.
    """
    checked = {}
    for layer, maps in off.items():
        if layer not in MAPS:
            raise InputError(f"there is no layer {layer!r} to switch maps off in: {', '.join(MAPS)}")
        checked[layer] = tuple(sorted(set(maps)))
        if wrong := [m for m in checked[layer] if not 0 <= m < MAPS[layer]]:
            raise InputError(f"{layer} has no map {wrong[0]}: its maps are 0 … {MAPS[layer] - 1}")
    return checked


def cut_connections(
    parameters: Mapping[str, NDArray[Any]], off: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[Any]]:
    """Parameters with every connection cut that leaves a map that is off: whoever reads it reads 0.

    Args:
        parameters: by the names of architecture.SHAPES.
        off: as `check_maps` gives it.
    """
    cut = {name: value.copy() for name, value in parameters.items()}
    read = np.array([s2 for _, s2 in PAIRS])
    for layer, maps in off.items():
        which = list(maps)
        if layer == "c1":
            cut["s2.coefficient"][which] = 0
        elif layer == "s2":
            cut["c3.weight"][np.isin(read, which)] = 0
        elif layer == "c3":
            cut["s4.coefficient"][which] = 0
        elif layer == "s4":
            cut["c5.weight"][:, which] = 0
        elif layer == "c5":
            cut["f6.weight"][:, which] = 0
        else:  # the output reads F6 by its code: the unit itself answers 0
            cut["f6.weight"][which] = 0
            cut["f6.bias"][which] = 0
    return cut


def format_maps(off: Mapping[str, Iterable[int]]) -> str:
    """Maps as people and `--off` write them: c1:2, c3:4, c3:9."""
    return ", ".join(f"{layer}:{m}" for layer, maps in off.items() for m in maps)
