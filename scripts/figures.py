"""The drawn figures of the documents: computed by the package's own code, and written as SVG.

    python scripts/figures.py [--write]

Without --write it says which figure is not current, and ends with status 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from lenet5.lattice.graph import Graph

FIGURES = Path(__file__).parents[1] / "docs" / "figures"

# The graph of docs/graph-transformers.md: two pieces that are a 1 and a 7, or together a 4.
ARCS = (("1", 0, 1, 0.4), ("7", 1, 2, 0.6), ("4", 0, 2, 1.5))
STEP, HEIGHT, MARGIN, RADIUS = 190, 200, 40, 15  # pixels
STYLE = (
    "text{font:14px sans-serif;text-anchor:middle;fill:#222}.node{fill:#fff;stroke:#222}"
    ".arc{fill:none;stroke:#2b7bba}.share{fill:#2b7bba}@media(prefers-color-scheme:dark)"
    "{text{fill:#ddd}.node{fill:#222;stroke:#ddd}.share{fill:#6ab0e6}}"
)


def small_graph() -> str:
    """A graph of three arcs as SVG: penalties, and the share of all paths through each arc as its width."""
    names, start, end, penalty = zip(*ARCS, strict=True)
    graph = Graph(
        3, np.array(start, np.intp), np.array(end, np.intp), np.arange(len(names)), np.array(penalty)
    )
    shares = graph.arc_posteriors()
    width, middle = 2 * MARGIN + 2 * STEP, HEIGHT // 2 - 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
        'role="img"><title>A graph of three arcs: 1 and 7 one after the other, or 4 over both</title>',
        f"<style>{STYLE}</style>",
    ]
    for name, a, b, cost, share in zip(names, start, end, penalty, shares.tolist(), strict=True):
        left, right = MARGIN + STEP * a + RADIUS, MARGIN + STEP * b - RADIUS
        bend = 0 if b - a == 1 else 130
        centre, y, below = (left + right) / 2, middle + bend / 2, -29 if b - a == 1 else 22
        parts.append(
            f'<path class="arc" d="M{left} {middle}Q{centre:g} {middle + bend} {right} {middle}" '
            f'stroke-width="{1 + 8 * share:.2f}"/><text x="{centre:g}" y="{y + below:g}">{name}: {cost} nats</text>'
            f'<text class="share" x="{centre:g}" y="{y + below + 17:g}">{share:.0%} of all paths</text>'
        )
    for node in range(3):
        x = MARGIN + STEP * node
        parts.append(
            f'<circle class="node" cx="{x}" cy="{middle}" r="{RADIUS}"/><text x="{x}" y="{middle + 5}">{node}</text>'
        )
    forward, best = graph.forward_penalty(), graph.viterbi_path()
    assert best is not None
    reading = "".join(names[arc] for arc in best.arcs)
    parts.append(
        f'<text x="{width / 2:g}" y="{HEIGHT - 10}">best path {reading}: {best.penalty:.1f} nats; forward penalty '
        f"{forward:.3f}</text></svg>"
    )
    return "\n".join(parts) + "\n"


DRAWN = {"small-graph.svg": small_graph}


def main() -> None:
    """Write the figures, or say which are not current."""
    stale = []
    for name, draw in DRAWN.items():
        path = FIGURES / name
        if "--write" in sys.argv[1:]:
            FIGURES.mkdir(exist_ok=True)
            path.write_text(draw(), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != draw():
            stale.append(name)
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run python scripts/figures.py --write")


if __name__ == "__main__":
    main()
