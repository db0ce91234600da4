"""Every layer's state for a character of one's own, as arrays, as a still picture and as a page to explore."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import write
from ..errors import InputError
from ..imaging.load import Picture
from ..imaging.normalise import normalise_character
from ..model.lenet5 import LeNet5
from ..network.architecture import LAYERS, PAIRS
from ..network.preprocessing import normalise
from ..network.reference import forward
from .assemble import page_html
from .figure import network_figure

__all__ = ["Explanation", "explain"]

MAPS = {layer.name.lower(): layer.maps for layer in LAYERS if layer.kind not in ("input", "rbf")}


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the network computes for one character.

    Attributes:
        glyph: (28, 28) uint8, 255 = ink: the character as the network reads it.
        states: "input", "c1", "s2", "c3", "s4", "c5", "f6": (maps, rows, columns) float32. A map that is switched
            off is 0.
        penalties: (classes,) float32, eq. 7; the smallest wins.
        confidences: (classes,) float64, calibrated where the weights are.
        network: that computed them.
        off: maps, from 0, that were switched off, by layer.
    """

    glyph: NDArray[np.uint8]
    states: dict[str, NDArray[np.float32]]
    penalties: NDArray[np.float32]
    confidences: NDArray[np.float64]
    network: LeNet5
    off: dict[str, tuple[int, ...]]

    @property
    def text(self) -> str:
        """The class of least penalty; whether it is to be believed, the confidences say."""
        return self.network.classes[int(self.penalties.argmin())]

    @property
    def fragment(self) -> str:
        """The character as the end of a link to the page, `#g=…`."""
        return "#g=" + base64.urlsafe_b64encode(self.glyph.tobytes()).decode().rstrip("=")

    def svg(self) -> str:
        """The whole network with every layer's maps, as a still SVG."""
        return network_figure(
            self.states, self.network.codes, self.penalties.tolist(), self.network.classes, self.off
        )

    def html(self) -> str:
        """The page, opened with this character. It computes with its own weights, those of digits."""
        return page_html(self.glyph)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, or where the name ends in .svg the picture.

        Args:
            path: the file.

        Raises:
            SaveError: the file cannot be written.
        """
        text = self.svg() if os.fspath(path).lower().endswith(".svg") else self.html()
        write(path, text.encode())


def explain(
    picture: Picture,
    weights: str | os.PathLike[str] | LeNet5 = "reading",
    *,
    off: Mapping[str, Iterable[int]] | None = None,
    name: str | None = None,
) -> Explanation:
    """Every layer's state for a picture of one character.

    A map is switched off to see what it was good for: `explain("seven.png", off={"c3": [4]})`.

    Args:
        picture: as for `Reader.read`.
        weights: one network: the name of weights that come with the package, a model file, or a network.
        off: maps to switch off, from 0, by layer ("c1" … "f6"): whoever reads them reads 0.
        name: what errors call the picture.

    Returns:
        The states, the penalties and the confidences.

    Raises:
        PictureError: there is no picture, or nothing to read.
        ModelError: the weights are missing or damaged, or several networks.
        InputError: there is no such layer or map.
    """
    network = weights if isinstance(weights, LeNet5) else LeNet5.find(weights)
    silent = _checked(off or {})
    glyph = normalise_character(picture, name)
    activations = forward(_cut(network.named_parameters, silent), network.codes, normalise(glyph[None]))
    states = {layer: state[0].copy() for layer, state in activations.x.items()}
    for layer, maps in silent.items():
        states[layer][list(maps)] = 0
    penalties = activations.penalties
    return Explanation(glyph, states, penalties[0], network.confidence_of(penalties)[0], network, silent)


def _checked(off: Mapping[str, Iterable[int]]) -> dict[str, tuple[int, ...]]:
    checked = {}
    for layer, maps in off.items():
        if layer not in MAPS:
            raise InputError(f"there is no layer {layer!r} to switch maps off in: {', '.join(MAPS)}")
        checked[layer] = tuple(sorted(set(maps)))
        if wrong := [m for m in checked[layer] if not 0 <= m < MAPS[layer]]:
            raise InputError(f"{layer} has no map {wrong[0]}: its maps are 0 … {MAPS[layer] - 1}")
    return checked


def _cut(
    parameters: Mapping[str, NDArray[Any]], off: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[Any]]:
    """Parameters with every connection cut that leaves a map that is off: who reads it reads 0."""
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
