"""LeNet-5 as data (Section II-B, Fig. 2, Table I): the layers, and every count computed from them.

`lenet5 summary` prints it as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BACKGROUND",
    "BITMAP",
    "FIELD",
    "FOREGROUND",
    "INPUT",
    "LAYERS",
    "PAIRS",
    "PARAMETER_COUNT",
    "SHAPES",
    "SLICES",
    "TABLE_I",
    "Layer",
    "fan_in",
    "join_views",
    "named_views",
]

INPUT = 32  # side of the input, in pixels
FIELD = 28  # side of the field in which a character is centred (Section III-A)
BITMAP = (12, 7)  # rows and columns of an output code (Fig. 3); F6 has a unit for each pixel
KERNEL = 5  # side of every convolution kernel
WINDOW = 2  # side, and step, of every subsampling window

BACKGROUND = -0.1  # white (Section II-B): with these two the mean input is about 0,
FOREGROUND = 1.175  # black                and its variance about 1

# Table I as printed. Row: S2 map, column: C3 map. What exists is what is stored: sixty kernels of 5×5.
TABLE_I = """
    X...XXX..XXXX.XX
    XX...XXX..XXXX.X
    XXX...XXX..X.XXX
    .XXX..XXXX..X.XX
    ..XXX..XXXX.XX.X
    ...XXX..XXXX.XXX
""".split()  # noqa: SIM905

# (C3 map, S2 map) of every connected pair, ordered by C3 map, then S2 map.
PAIRS = [(c3, s2) for c3 in range(len(TABLE_I[0])) for s2 in range(len(TABLE_I)) if TABLE_I[s2][c3] == "X"]


@dataclass(frozen=True)
class Layer:
    """One layer. `reads[m]` lists the maps of the previous layer that map m reads.

    `kind` is "input", "convolution", "subsampling", "full" or "rbf"; `side` is the height and width of
    each map for the 32×32 input (F6 and the output have maps of 1×1).
    """

    name: str
    kind: str
    maps: int
    side: int
    reads: tuple[tuple[int, ...], ...] = ()
    kernel: int = 0

    @property
    def size(self) -> str:
        """Maps and their size as the paper writes them: 6@28×28."""
        return f"{self.maps}@{self.side}×{self.side}"

    @property
    def parameters(self) -> int:
        """Trainable parameters: weights are shared by all positions of a map, and each map has a bias."""
        if self.kind in ("input", "rbf"):
            return 0
        if self.kind == "subsampling":
            return 2 * self.maps  # a coefficient and a bias a map
        return sum(len(maps) * self.kernel**2 + 1 for maps in self.reads)

    @property
    def connections(self) -> int:
        """Connections, the bias counted as one; an RBF unit has one for each component of its code."""
        if self.kind == "input":
            return 0
        if self.kind == "rbf":
            return sum(map(len, self.reads))
        return sum(len(maps) * self.kernel**2 + 1 for maps in self.reads) * self.side**2

    @property
    def multiply_adds(self) -> int:
        """Multiply–adds for one pattern. A subsampling window is summed, then multiplied once, so that
        each of its units counts one multiplication; everywhere else each weight of a unit is one."""
        if self.kind == "input":
            return 0
        if self.kind == "subsampling":
            return self.maps * self.side**2
        return sum(len(maps) * max(self.kernel, 1) ** 2 for maps in self.reads) * self.side**2


def _every(maps: int, read: int) -> tuple[tuple[int, ...], ...]:
    return (tuple(range(read)),) * maps


def layers(classes: int = 10) -> tuple[Layer, ...]:
    """The eight layers of Fig. 2 for a number of classes (the paper: ten digits)."""
    f6 = prod(BITMAP)
    c1 = INPUT - KERNEL + 1
    s2 = c1 // WINDOW
    c3 = s2 - KERNEL + 1
    s4 = c3 // WINDOW
    c5 = s4 - KERNEL + 1
    table = tuple(tuple(s for m, s in PAIRS if m == c) for c in range(len(TABLE_I[0])))
    maps_2, maps_3 = len(TABLE_I), len(TABLE_I[0])
    return (
        Layer("input", "input", 1, INPUT),
        Layer("C1", "convolution", maps_2, c1, _every(maps_2, 1), KERNEL),
        Layer("S2", "subsampling", maps_2, s2, tuple((m,) for m in range(maps_2)), WINDOW),
        Layer("C3", "convolution", maps_3, c3, table, KERNEL),
        Layer("S4", "subsampling", maps_3, s4, tuple((m,) for m in range(maps_3)), WINDOW),
        Layer("C5", "convolution", 120, c5, _every(120, maps_3), KERNEL),
        Layer("F6", "full", f6, 1, _every(f6, 120), 1),
        Layer("output", "rbf", classes, 1, _every(classes, f6)),
    )


LAYERS = layers()

# Trainable parameters in the paper's order: name -> shape. A C3 kernel belongs to a pair of Table I.
SHAPES: dict[str, tuple[int, ...]] = {
    "c1.weight": (6, 5, 5),
    "c1.bias": (6,),
    "s2.coefficient": (6,),
    "s2.bias": (6,),
    "c3.weight": (len(PAIRS), 5, 5),
    "c3.bias": (16,),
    "s4.coefficient": (16,),
    "s4.bias": (16,),
    "c5.weight": (120, 16, 5, 5),
    "c5.bias": (120,),
    "f6.weight": (84, 120),
    "f6.bias": (84,),
}


def _slices() -> dict[str, slice]:
    ends, end = {}, 0
    for name, shape in SHAPES.items():
        ends[name] = slice(end, end + prod(shape))
        end += prod(shape)
    return ends


# Where each parameter lies when all of them are laid end to end in one vector, in the order of SHAPES.
SLICES: dict[str, slice] = _slices()
PARAMETER_COUNT = sum(prod(shape) for shape in SHAPES.values())


def fan_in(name: str) -> tuple[int, ...]:
    """F_i of Section III-B: how many connections, without the bias, enter a unit that uses this parameter.

    `name` is a key of SHAPES. Returns one number for each entry along the parameter's first axis; a C3
    kernel's follows Table I (75, 100 or 150), a subsampling unit's is its window (4).
    """
    layer = next(entry for entry in LAYERS if entry.name.lower() == name.split(".")[0])
    ins = tuple(len(maps) * max(layer.kernel, 1) ** 2 for maps in layer.reads)
    return tuple(ins[c3] for c3, _ in PAIRS) if name == "c3.weight" else ins


def named_views(parameters: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Views into the vector of all parameters, (60000,), under the names and shapes of SHAPES."""
    return {name: parameters[SLICES[name]].reshape(shape) for name, shape in SHAPES.items()}


def join_views(named: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Arrays of the names and shapes of SHAPES as one vector, (60000,): the way back of `named_views`."""
    return np.concatenate([np.asarray(named[name]).ravel() for name in SHAPES])
