"""Write the measured figures into README.md and docs/, between their markers, from benchmarks/results/*.json.

lenet5 bench --out benchmarks/results
python benchmarks/accuracy.py --recipe fast --write
python benchmarks/accuracy.py --recipe best --write
python benchmarks/parity.py --write
python benchmarks/exports.py --write
python benchmarks/nothing.py --write
python benchmarks/papers.py --write
python benchmarks/cells.py --write
python benchmarks/growth.py --write
python benchmarks/kills.py --write
python -m tests.fuzz --kinds pictures --count 100000 --workers 0 --patience 2 --write benchmarks/results/fuzz.json
python benchmarks/field.py FOLDER --peer rapidocr --write
python benchmarks/forms.py --write
python benchmarks/sdlm_conventions.py --test --seeds 5 paper eq-9 paper-distorted --write
python benchmarks/own_characters.py FOLDER --write
python benchmarks/signs.py --write
python benchmarks/strings.py FOLDER --adapt --seeds 3 --write
python benchmarks/pens.py FOLDER NAME=MODEL … --write
python benchmarks/pens.py FOLDER --leave-out MODELS --write
python benchmarks/pens.py FOLDER --letters letters --writers held-out --write
python benchmarks/readme.py            # --check: fail where one says something else
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import common
from document_tables import engines, first_screen, graph_transformers, many_pictures, reading, reliability

ROOT = Path(__file__).parents[1]

# Documents, and the figures between their markers.
DOCUMENTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {
        "speed": first_screen.speed,
        "accuracy": first_screen.accuracy,
        "sprint": first_screen.sprint,
        "memory": first_screen.memory,
        "reads": first_screen.reads,
    },
    "docs/engine.md": {"memory": first_screen.memory},
    "docs/graph-transformers.md": {"graph transformer": graph_transformers.graph_transformer},
    "docs/reading.md": {
        "papers": reading.papers,
        "methods": reading.methods,
        "sources": reading.sources,
        "left out": partial(reading.sources, "pens-left-out.json"),
        "nothing": reading.nothing,
        "signs": reading.signs,
        "cells": reading.cells,
        "field": reading.field,
        "growth": reading.growth,
    },
    "docs/reliability.md": {"fuzz": reliability.fuzz, "kills": reliability.kills},
    "docs/review.md": {"forms": many_pictures.forms},
    "docs/scale.md": {"bulk": many_pictures.bulk, "clusters": many_pictures.clusters},
    "docs/parity.md": {"parity": engines.parity},
    "docs/onnx.md": {"files": partial(engines.files, "onnx")},
    "docs/c.md": {"example": engines.example, "files": partial(engines.files, "c"), "boards": engines.boards},
}


def main() -> int:
    parser = common.parser(__doc__, results=False)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 where a document is stale"
    )
    options = parser.parse_args()
    stale = []
    for document, makers in DOCUMENTS.items():
        path = ROOT / document
        text = new = path.read_text(encoding="utf-8")
        for name, make in makers.items():
            mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            if not mark.search(new):
                common.say(f"{document} has no <!-- {name} --> … <!-- /{name} -->")
                return 1
            body = make()
            new = mark.sub(lambda match, body=body: match[1] + body + "\n" + match[2], new)  # type: ignore[misc]
        if new != text:
            stale.append(document)
            if not options.check:
                path.write_text(new, encoding="utf-8")
    if stale:
        common.say(f"{', '.join(stale)}: {'stale' if options.check else 'written'}")
    return int(options.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
