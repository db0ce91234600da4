"""The page as one file: markup, styles, scripts, weights and settings put together, without a build step.

The sources stand in `source/`. Numbers of the paper, the codes and all settings come from the package as JSON, so that
the page's JavaScript repeats none of them. Weights are stored as half-precision floats: what both the page and
`page_network` compute with are exactly these.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..atomic import write
from ..imaging.character_foreground import CHARACTER_FOREGROUND
from ..imaging.components import CHARACTER_SPECKS
from ..imaging.foreground import CHARACTER_SIZE
from ..imaging.line_image import STRIDE
from ..imaging.normalise import BOX_SIDE, GLYPH
from ..imaging.segmentation import SEGMENTATION
from ..imaging.threshold import MASK_LEVEL
from ..model import pretrained
from ..model.lenet5 import LeNet5
from ..model.load import find
from ..network.architecture import BACKGROUND, BITMAP, FIELD, FOREGROUND, INPUT, KERNEL, PAIRS, SHAPES
from ..network.reference import AMPLITUDE, STEEPNESS
from ..reading.acceptance import POLICIES
from ..reading.candidate_shapes import MARK_PENALTIES, SHAPE_PENALTIES, CandidateSettings
from ..reading.interpretation_graph import DECODING
from ..reading.isolated_characters import SETTINGS as ISOLATION
from .switched_off import check_maps

__all__ = [
    "COMPUTING",
    "NETWORKS",
    "PAGE_CSP",
    "SCRIPTS",
    "data",
    "name_of",
    "page_html",
    "page_network",
    "script",
    "source",
    "write_page",
]

ACCEPTANCE = POLICIES["segmentation"]

# Name of weights -> what the page calls them. The first reads; the last is displaced over a line.
READING, PAPER, DISPLACEMENT = "reading", "paper", "displacement"
NETWORKS = {READING: "today’s weights", PAPER: "weights of 1998", DISPLACEMENT: "displacement"}
CHOICES = (READING, PAPER)  # those that the page may open with, in the order of NETWORKS

# In the order in which they are put together. The first ones know no document: tests run them under Node.
COMPUTING = (
    "constants.js",
    "network.js",
    "image.js",
    "glyph.js",
    "segmentation.js",
    "lattice.js",
    "reading.js",
)
SCRIPTS = (*COMPUTING, "draw.js", "pad.js", "link.js", "views.js", "number.js", "server.js", "page.js")


def page_html(
    glyph: NDArray[np.uint8] | None = None,
    weights: str | os.PathLike[str] | LeNet5 = READING,
    off: Mapping[str, Iterable[int]] | None = None,
    name: str | None = None,
) -> str:
    """The page.

    Args:
        glyph: (28, 28) uint8, 255 = ink, that the page opens with; a drawn 2 unless given.
        weights: one network, with which the page opens: the name of weights that come with the package, a model file,
            or a network. Those that the page does not hold anyway are put into it beside them.
        off: maps that are switched off when the page opens, from 0 as in Table I, by layer ("c1" … "f6").
        name: what the page calls the weights; their own name, or the file's, unless given.

    Returns:
        HTML that needs nothing else: no file, no server, no network.

    Raises:
        ModelError: the weights are missing or damaged, or several networks.
        InputError: there is no such layer or map.
    """
    opening: dict[str, Any] = {"glyph": "", "off": check_maps(off or {}), "network": 0}
    if glyph is not None:
        opening["glyph"] = base64.b64encode(np.ascontiguousarray(glyph).tobytes()).decode()
    contents, called = data(), name or name_of(weights)
    if called in CHOICES:
        opening["network"] = CHOICES.index(called)
    else:
        network = weights if isinstance(weights, LeNet5) else LeNet5.find(weights)
        contents["networks"].append(_network(network, called, f"weights {called}"))
        opening["network"] = len(contents["networks"]) - 1
    parts = {
        "{{CSP}}": PAGE_CSP,
        "{{STYLE}}": source("page.css"),
        "{{DATA}}": _json(contents),
        "{{OPENING}}": _json(opening),
        "{{SCRIPT}}": script(),
    }
    html = source("page.html")
    for mark, text in parts.items():
        html = html.replace(mark, text)
    return html


def write_page(
    path: str | os.PathLike[str],
    glyph: NDArray[np.uint8] | None = None,
    weights: str | os.PathLike[str] | LeNet5 = READING,
    off: Mapping[str, Iterable[int]] | None = None,
) -> None:
    """Write the page to a file.

    Args:
        path: the file, for example index.html.
        glyph: (28, 28) uint8, 255 = ink, that the page opens with; a drawn 2 unless given.
        weights: with which the page opens, as for `page_html`.
        off: maps that are switched off, as for `page_html`.

    Raises:
        SaveError: the file cannot be written.
        ModelError, InputError: as for `page_html`.
    """
    write(path, page_html(glyph, weights, off).encode())


def name_of(weights: str | os.PathLike[str] | LeNet5) -> str:
    """What weights are called: by their name, by that of their file, or "own" where they are an object."""
    if isinstance(weights, LeNet5):
        return "own"
    name = Path(weights).name
    return f"./{name}" if name in pretrained.names() and str(weights) != name else name


def page_network(name: str) -> LeNet5:
    """The network that the page computes with: weights of that name, or their first network, rounded to half precision.

    Args:
        name: a key of `NETWORKS`.
    """
    network = find(name).members[0]
    network.parameters[:] = network.parameters.astype(np.float16)
    return network


@cache
def script(names: tuple[str, ...] = SCRIPTS) -> str:
    """Scripts put together as one, (names of files in `source`)."""
    body = "\n".join(source(name) for name in names)
    return f'"use strict";\n(() => {{\n{body}\n}})();\n'


def data() -> dict[str, Any]:
    """What the page's scripts compute with, as JSON values: the paper's numbers, the settings and the weights."""
    return {
        "version": __version__,
        "input": INPUT,
        "field": FIELD,
        "kernel": KERNEL,
        "bitmap": BITMAP,
        "background": BACKGROUND,
        "foreground": FOREGROUND,
        "amplitude": AMPLITUDE,
        "steepness": STEEPNESS,
        "pairs": PAIRS,
        "shapes": SHAPES,
        "stride": STRIDE,
        "boxSide": BOX_SIDE,
        "maskLevel": MASK_LEVEL,
        "glyph": asdict(GLYPH),
        "characterForeground": _numbers(asdict(CHARACTER_FOREGROUND)),
        "characterSpecks": asdict(CHARACTER_SPECKS),
        "characterSize": asdict(CHARACTER_SIZE),
        "segmentation": _numbers(asdict(SEGMENTATION)),
        "candidates": _numbers(asdict(CandidateSettings())),
        "shape": asdict(SHAPE_PENALTIES),
        "marks": asdict(MARK_PENALTIES),
        "decoding": asdict(DECODING),
        "shears": ISOLATION.shears,
        "acceptance": {
            "writing": ACCEPTANCE.writing,
            "writingLonger": ACCEPTANCE.writing_longer,
            "among": ACCEPTANCE.among,
            "half": ACCEPTANCE.half,
            "pathShare": ACCEPTANCE.path_share,
        },
        "networks": [_network(find(name).members[0], name, title) for name, title in NETWORKS.items()],
    }


def _json(values: Any) -> str:
    """JSON that may stand in a <script>."""
    return json.dumps(values, separators=(",", ":")).replace("<", "\\u003c")


def _network(network: LeNet5, name: str, title: str) -> dict[str, Any]:
    confidence = network.confidence
    return {
        "name": name,
        "title": title,
        "python": _python(name),
        "codes": _codes(network),
        "classes": network.classes,
        "scale": network.metadata["scale"],
        "j": network.metadata["j"],
        "confidence": {"scale": confidence.scale, "j": confidence.j, "doubt": confidence.doubt},
        "testError": network.metadata.get("figures", {}).get("test_error"),
        "weights": base64.b85encode(network.parameters.astype("<f2").tobytes()).decode().replace("<", " "),
    }


def _codes(network: LeNet5) -> list[str]:
    return ["".join("+" if value > 0 else "-" for value in code) for code in network.codes]


def _python(name: str) -> str:
    """How a program comes by the weights of that name."""
    known = name in pretrained.names()
    return f"LeNet5.{'pretrained' if known else 'load'}({json.dumps(name)})"


def _numbers(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that are numbers; nested ones stand elsewhere."""
    return {name: value for name, value in settings.items() if isinstance(value, (int, float))}


def source(name: str) -> str:
    """One of the page's source files."""
    return (resources.files(__package__) / "source" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


# The content-security policy of the page, in its own <meta> and for a server's header: nothing is loaded from
# anywhere, no script or style runs but its own, and it may only ask the server that it came from.
PAGE_CSP = (
    f"default-src 'none'; script-src {_digest(script())}; style-src {_digest(source('page.css'))}; "
    "img-src data: blob:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
