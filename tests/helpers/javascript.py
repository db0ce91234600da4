"""The page's computing scripts under Node: one question as JSON in, one answer as JSON out."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lenet5.page import assemble

# A hand's digits in a box of 300×300, as polygons of the pen.
DIGITS: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(150, 50), (90, 100), (90, 200), (150, 250), (210, 200), (210, 100), (150, 50)]],
    "1": [[(150, 40), (145, 250)]],
    "2": [[(80, 90), (150, 50), (200, 100), (80, 240), (220, 240)]],
    "3": [[(80, 70), (150, 50), (200, 90), (140, 140), (210, 190), (150, 250), (80, 220)]],
    "4": [[(170, 40), (80, 170), (220, 170)], [(180, 100), (175, 260)]],
    "5": [[(200, 60), (100, 60), (95, 140), (180, 140), (200, 210), (90, 240)]],
    "6": [[(190, 50), (110, 150), (110, 230), (170, 250), (200, 200), (150, 165), (110, 200)]],
    "7": [[(70, 70), (210, 70), (130, 250)]],
    "8": [[(150, 150), (100, 100), (150, 50), (200, 100), (150, 150), (90, 210), (150, 255), (210, 210), (150, 150)]],
    "9": [[(200, 110), (150, 150), (100, 110), (150, 60), (200, 100), (190, 250)]],
}  # fmt: skip


def run(body: str, question: Any, folder: Path) -> Any:
    """What the statements `body` return, given `question` in the page's own computing scripts; skips without Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's JavaScript needs it to run outside a browser")
    data, asked = folder / "data.json", folder / "question.json"
    data.write_text(json.dumps(assemble.data()))
    asked.write_text(json.dumps(question))
    read = "JSON.parse(require('fs').readFileSync(process.argv[{}], 'utf8'))"
    program = folder / "program.cjs"
    program.write_text(
        f"globalThis.LENET5_DATA = {read.format(2)};\n"
        + "\n".join(assemble.source(name) for name in assemble.COMPUTING)
        + f"\nconst answer = ((question) => {{ {body} }})({read.format(3)});\n"
        "require('fs').writeFileSync(1, JSON.stringify(answer));\n"
    )
    done = subprocess.run([node, program, data, asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
