"""Every layer's state for a character of one's own, as arrays, as a still picture and as a page to explore."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..atomic import write
from ..imaging.load import Picture
from ..imaging.normalise import normalise_character
from ..imaging.shear import sheared_views
from ..model.lenet5 import LeNet5
from ..network.preprocessing import normalise
from ..network.reference import forward
from ..reading.isolated_characters import SETTINGS as ISOLATION
from .assemble import name_of, page_html
from .figure import network_figure
from .switched_off import check_maps, cut_connections, format_maps

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the network computes for one character.

    Attributes:
        glyph: (28, 28) uint8, 255 = ink: the character as the network reads it.
        states: "input", "c1", "s2", "c3", "s4", "c5", "f6": (maps, rows, columns) float32. A map that is switched
            off is 0.
        penalties: (classes,) float32, eq. 7; the smallest wins.
        confidences: (classes,) float64, calibrated where the weights are: the mean over the character and sheared views
            of it, as for `Reader`. What they lack to 1 is the rubbish class's.
        network: that computed them.
        weights: its name, or its file's.
        off: maps, from 0, that were switched off, by layer.
    """

    glyph: NDArray[np.uint8]
    states: dict[str, NDArray[np.float32]]
    penalties: NDArray[np.float32]
    confidences: NDArray[np.float64]
    network: LeNet5
    weights: str
    off: dict[str, tuple[int, ...]]

    @property
    def text(self) -> str:
        """The likeliest class; whether it is to be believed, `accepted` says."""
        return self.network.classes[int(self.confidences.argmax())]

    @property
    def accepted(self) -> bool:
        """Whether the greatest confidence reaches the weights' own threshold."""
        return bool(self.confidences.max() >= self.network.confidence.doubt)

    @property
    def fragment(self) -> str:
        """The character as the end of a link to the page, `#g=…`."""
        return "#g=" + base64.urlsafe_b64encode(self.glyph.tobytes()).decode().rstrip("=")

    def svg(self) -> str:
        """The whole network with every layer's maps, as a still SVG."""
        note = f"weights {self.weights}" + (f"; {format_maps(self.off)} switched off" if self.off else "")
        nearest = self.network.classes[int(self.penalties.argmin())]
        title = "LeNet-5 reads " + (self.text if self.accepted else f"nothing: {nearest} is nearest")
        return network_figure(
            self.states,
            self.network.codes,
            self.penalties.tolist(),
            self.network.classes,
            off=self.off,
            captions=(title, note),
        )

    def html(self) -> str:
        """The page, opened with this character, these weights, and these maps switched off."""
        return page_html(self.glyph, self.network, self.off, self.weights)

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
    silent = check_maps(off or {})
    glyph = normalise_character(picture, name)
    views = np.stack(sheared_views(glyph, ISOLATION.shears))
    activations = forward(cut_connections(network.named_parameters, silent), network.codes, normalise(views))
    states = {layer: state[0].copy() for layer, state in activations.x.items()}
    for layer, maps in silent.items():
        states[layer][list(maps)] = 0
    penalties = activations.penalties
    return Explanation(
        glyph,
        states,
        penalties[0],
        network.confidence_of(penalties).mean(0),
        network,
        name_of(weights),
        silent,
    )
