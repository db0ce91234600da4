"""The page as one file: markup, styles, scripts, weights and settings put together, without a build step.

The sources stand in `source/`. Numbers of the paper, the codes and all settings come from the package as JSON, so that
the page's JavaScript repeats none of them. Weights are stored as half-precision floats: what both the page and
`page_network` compute with are exactly these.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..atomic import write
from ..imaging.components import CHARACTER_SPECKS
from ..imaging.foreground import CHARACTER_FOREGROUND, CHARACTER_SIZE
from ..imaging.line_image import STRIDE
from ..imaging.normalise import BOX_SIDE, GLYPH
from ..imaging.segmentation import SEGMENTATION
from ..imaging.threshold import MASK_LEVEL
from ..model.lenet5 import LeNet5
from ..network.architecture import BACKGROUND, BITMAP, FIELD, FOREGROUND, INPUT, KERNEL, PAIRS, SHAPES
from ..network.reference import AMPLITUDE, STEEPNESS
from ..reading.candidates import MARK_PENALTIES, SHAPE_PENALTIES, CandidateSettings
from ..reading.interpretation_graph import DECODING
from ..reading.isolated_characters import SETTINGS as ISOLATION

__all__ = [
    "COMPUTING",
    "NETWORKS",
    "PAGE_CSP",
    "SCRIPTS",
    "data",
    "page_html",
    "page_network",
    "script",
    "source",
    "write_page",
]

# Name of weights -> what the page calls them. The first reads; the last is displaced over a line.
NETWORKS = {"reading": "today", "paper": "1998", "displacement": "displacement"}

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


def page_html(glyph: NDArray[np.uint8] | None = None) -> str:
    """The page.

    Args:
        glyph: (28, 28) uint8, 255 = ink, that the page opens with; none unless given.

    Returns:
        HTML that needs nothing else: no file, no server, no network.
    """
    drawing = "" if glyph is None else base64.b64encode(np.ascontiguousarray(glyph).tobytes()).decode()
    parts = {
        "{{CSP}}": PAGE_CSP,
        "{{STYLE}}": source("page.css"),
        "{{DATA}}": json.dumps(data(), separators=(",", ":")).replace("<", "\\u003c"),
        "{{DRAWING}}": drawing,
        "{{SCRIPT}}": script(),
    }
    html = source("page.html")
    for mark, text in parts.items():
        html = html.replace(mark, text)
    return html


def write_page(path: str, glyph: NDArray[np.uint8] | None = None) -> None:
    """Write the page to a file.

    Args:
        path: the file, for example index.html.
        glyph: as for `page_html`.

    Raises:
        SaveError: the file cannot be written.
    """
    write(path, page_html(glyph).encode())


def page_network(name: str) -> LeNet5:
    """The network that the page computes with: weights of that name, rounded to half precision.

    Args:
        name: a key of `NETWORKS`.
    """
    network = LeNet5.pretrained(name)
    network.parameters[:] = network.parameters.astype(np.float16)
    return network


@cache
def script(names: tuple[str, ...] = SCRIPTS) -> str:
    """Scripts put together as one, (names of files in `source`)."""
    body = "\n".join(source(name) for name in names)
    return f'"use strict";\n(() => {{\n{body}\n}})();\n'


def data() -> dict[str, Any]:
    """What the page's scripts compute with, as JSON values: the paper's numbers, the settings and the weights."""
    codes = LeNet5.pretrained(next(iter(NETWORKS))).codes
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
        "codes": ["".join("+" if value > 0 else "-" for value in code) for code in codes],
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
        "networks": [_network(name, title) for name, title in NETWORKS.items()],
    }


def _network(name: str, title: str) -> dict[str, Any]:
    network = LeNet5.pretrained(name)
    confidence = network.confidence
    return {
        "name": name,
        "title": title,
        "classes": network.classes,
        "scale": network.metadata["scale"],
        "j": network.metadata["j"],
        "confidence": {"scale": confidence.scale, "j": confidence.j, "doubt": confidence.doubt},
        "testError": network.metadata.get("figures", {}).get("test_error"),
        "weights": base64.b85encode(network.parameters.astype("<f2").tobytes()).decode().replace("<", " "),
    }


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
