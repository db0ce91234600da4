"""Panels on the network itself: its counts, codes, work and memory, and what each layer makes of a character."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from ..network.architecture import BITMAP, LAYERS, PAIRS, PARAMETER_COUNT, TABLE_I
from ..network.codes import DIGITS, PRINTABLE, codes
from ..network.reference import forward, normalise
from . import charts, published, sheets
from .panel import Drawing, Material, Panel, Sample, Table

__all__ = ["architecture", "drawn_codes", "maps", "memory", "work"]


def architecture(material: Material) -> Panel:
    """Section II-B, Fig. 2: every layer's counts, computed from the architecture, beside the printed ones."""
    rows, differing = [], []
    for layer in LAYERS[1:]:
        size, parameters, connections = published.LAYERS[layer.name]
        here = (layer.size, layer.parameters, layer.connections)
        if here != (size, parameters, connections):
            differing.append(layer.name)
        rows.append(
            [layer.name, layer.kind, size, layer.size, f"{parameters:,}", f"{layer.parameters:,}",
             f"{connections:,}", f"{layer.connections:,}"]
        )  # fmt: skip
    parameters, connections = (sum(getattr(x, key) for x in LAYERS) for key in ("parameters", "connections"))
    rows.append(
        ["total", "", "", "", f"{published.PARAMETERS:,}", f"{parameters:,}", f"{published.CONNECTIONS:,}",
         f"{connections:,}"]
    )  # fmt: skip
    heads = ("layer", "kind", "maps, the paper", "here", "parameters, the paper", "here",
             "connections, the paper", "here")  # fmt: skip
    table = [[str(s), *row.replace(".", "·")] for s, row in enumerate(TABLE_I)]
    same = "Every layer has the published counts" if not differing else f"{', '.join(differing)} differ"
    return Panel(
        key="architecture",
        title="The network (Section II-B, Fig. 2)",
        published=f"{published.PARAMETERS:,} trainable parameters and {published.CONNECTIONS:,} connections (the "
        f"preprint; the printed article has {published.CONNECTIONS_PRINTED:,}).",
        ours=f"{parameters:,} trainable parameters and {connections:,} connections, computed from the layers; C3 has "
        f"the {len(PAIRS)} kernels of Table I.",
        difference=f"{same}; the sum of the connections is "
        + ("the preprint's" if connections == published.CONNECTIONS else f"{connections:,}")
        + f", {abs(connections - published.CONNECTIONS_PRINTED):,} away from the printed article's.",
        tables=[
            Table("architecture", heads, rows),
            Table(
                "table-1", ("S2 map", *map(str, range(len(TABLE_I[0])))), table,
                "Table I: the S2 maps that each C3 map reads",
            ),
        ],
        numbers={"parameters": parameters, "connections": connections, "differing": differing},
    )  # fmt: skip


def drawn_codes(material: Material) -> Panel:
    """Fig. 3: the codes of the output units."""
    bits = codes(DIGITS)
    pairs = {(a, b): float(((bits[int(a)] - bits[int(b)]) ** 2).sum()) for a, b in combinations(DIGITS, 2)}
    least, most = min(pairs, key=pairs.get), max(pairs, key=pairs.get)
    whole = sheets.tiles(codes(PRINTABLE[1:]).reshape(-1, *BITMAP), 19, 4, gap=9)
    digits = sheets.tiles(bits.reshape(-1, *BITMAP), 10, 8, gap=18)
    from PIL import Image

    return Panel(
        key="codes",
        title="Fig. 3: the codes of the output",
        published="A stylised 7×12 bitmap, ±1, for every printable ASCII character, alike for characters that look "
        "alike; drawn without numbers.",
        ours=f"{len(PRINTABLE)} codes of {BITMAP[1]}×{BITMAP[0]}. Of two digits, {' and '.join(least)} are nearest, "
        f"with a squared distance of {pairs[least]:.0f}, {' and '.join(most)} farthest, with {pairs[most]:.0f}.",
        difference="The ten digits are those of Fig. 3; the others are printed there too small to be read off, and "
        f"were drawn anew, so that {len(PRINTABLE) - len(DIGITS)} of the {len(PRINTABLE)} may differ.",
        drawings=[
            Drawing("codes-digits.png", sheets.png(Image.fromarray(digits)), "The codes of the ten digits"),
            Drawing(
                "codes.png", sheets.png(Image.fromarray(whole)),
                "The codes of all printable ASCII characters but the space, in its order"
            ),
        ],
        numbers={"squared_distances": {"".join(pair): distance for pair, distance in pairs.items()}},
    )  # fmt: skip


def _full(*sizes: int) -> tuple[int, int]:
    """Multiply–adds, and weights and biases, of a net of full layers of these sizes."""
    weights = sum(a * b for a, b in pairwise(sizes))
    return weights, weights + sum(sizes[1:])


# Counts that follow from a method's description, as no number of theirs is read off a figure here.
METHODS = {
    "linear, 28×28": _full(784, 10),
    "28×28-300-10": _full(784, 300, 10),
    "28×28-1000-10": _full(784, 1000, 10),
    "K-NN, 60,000 of 20×20": (60_000 * 400, 60_000 * 400),
}
COMPUTED = "other methods, computed from their sizes"


def work(material: Material) -> Panel:
    """Fig. 11: multiply–adds for one character."""
    here = sum(layer.multiply_adds for layer in LAYERS)
    gap = here / published.MULTIPLY_ADDS - 1
    both = sum(layer.connections for layer in LAYERS) + PARAMETER_COUNT
    chart = charts.bars(
        {name: counts[0] for name, counts in METHODS.items()}, {"LeNet-5, here": Sample.of([here])},
        {"LeNet-5": published.MULTIPLY_ADDS}, "multiply–adds for one character", digits=0, factor=1, unit="",
        scale="log", size=(7, 3.2), theirs=COMPUTED,
    )  # fmt: skip
    rows = [[layer.name, f"{layer.multiply_adds:,}"] for layer in LAYERS[1:]] + [["total", f"{here:,}"]]
    return Panel(
        key="fig11",
        title="Fig. 11: work for one character",
        published=f"About {published.MULTIPLY_ADDS:,} multiply–accumulates for LeNet-5.",
        ours=f"{here:,}, computed from the layers: a window of S2 or S4 is summed and multiplied once, and biases are "
        "not counted.",
        difference=f"That is {abs(gap):.1%} {'more' if gap > 0 else 'less'} than published; the paper does not say how "
        f"it counts (connections and parameters together would be {both:,}).",
        drawings=[Drawing("fig11.svg", chart, "Multiply–adds for one character, as bars on a logarithmic scale")],
        tables=[Table("fig11", ("layer", "multiply–adds"), rows, "By layer", folded=True)],
        numbers={"multiply_adds": here, "published": published.MULTIPLY_ADDS},
    )  # fmt: skip


def memory(material: Material) -> Panel:
    """Fig. 12: variables that must be stored."""
    fixed = LAYERS[-1].connections
    stored = PARAMETER_COUNT + fixed
    chart = charts.bars(
        {name: counts[1] for name, counts in METHODS.items()}, {"LeNet-5, here": Sample.of([stored])},
        {"LeNet-5, trainable": published.PARAMETERS}, "variables to be stored", digits=0, factor=1, unit="",
        scale="log", size=(7, 3.2), theirs=COMPUTED,
    )  # fmt: skip
    return Panel(
        key="fig12",
        title="Fig. 12: memory",
        published=f"{published.PARAMETERS:,} trainable parameters (Section II-B).",
        ours=f"{PARAMETER_COUNT:,} trainable parameters and {fixed} fixed components of the ten codes, {stored:,} in "
        f"all: {4 * stored / 1000:,.0f} kB in single precision, {stored / 1000:,.0f} kB at a byte each.",
        difference=f"The trainable parameters are {'' if PARAMETER_COUNT == published.PARAMETERS else 'not '}as many; "
        f"the codes, which could as well be {fixed} bits, add {fixed / PARAMETER_COUNT:.1%}.",
        drawings=[Drawing("fig12.svg", chart, "Variables that each method stores, as bars on a logarithmic scale")],
        numbers={"parameters": PARAMETER_COUNT, "stored": stored},
    )  # fmt: skip


def maps(material: Material) -> Panel:
    """Weights of C1 and C3, and what every layer makes of one test pattern."""
    from PIL import Image

    result = material.middle("paper")
    model, p = result.model, result.model.named_parameters
    image = material.test.images[material.pattern]
    truth = material.test.classes[material.test.labels[material.pattern]]
    seen = forward(p, model.codes, normalise(image[None]))
    penalties = seen.penalties[0]
    answer = int(penalties.argmin())
    kernels = np.full((len(TABLE_I), len(TABLE_I[0]), 5, 5), np.nan, np.float32)
    for (c3, s2), kernel in zip(PAIRS, p["c3.weight"], strict=True):
        kernels[s2, c3] = kernel

    def drawing(
        name: str, images: np.ndarray, columns: int, zoom: int, caption: str, limit: float | None = None
    ):
        picture = Image.fromarray(sheets.tiles(images, columns, zoom, limit))
        return Drawing(f"maps-{name}.png", sheets.png(picture), caption, caption)

    state = {name: seen.x[name][0] for name in ("input", "c1", "s2", "c3", "s4", "c5")}
    f6 = np.stack([seen.f6[0].reshape(BITMAP), model.codes[answer].reshape(BITMAP)])
    ranked = np.argsort(penalties)
    rows = [[model.classes[i], f"{penalties[i]:.1f}"] for i in ranked]
    right = model.classes[answer] == truth
    sizes = {layer.name.lower(): layer.size for layer in LAYERS}
    fits = all(
        f"{state[name].shape[0]}@{state[name].shape[1]}×{state[name].shape[2]}" == sizes[name]
        for name in state
    )
    return Panel(
        key="maps",
        title="Weights, and one character through all layers",
        published="Fig. 2 has the sizes of the maps, with an A; the paper prints no weights.",
        ours=f"Test pattern {material.pattern}, a {truth}, after the paper's training with seed {result.run.seed}: "
        f"read as {model.classes[answer]}, with a penalty of {penalties[answer]:.1f}; next is "
        f"{model.classes[ranked[1]]} with {penalties[ranked[1]]:.1f}.",
        difference=f"The maps have {'the sizes' if fits else 'other sizes than those'} of Fig. 2, and the answer is "
        f"{'right' if right else 'wrong'}; weights of another training cannot be compared one by one.",
        drawings=[
            drawing("input", state["input"], 1, 4, f"Input, {sizes['input']}", 1.175),
            drawing("c1-weights", p["c1.weight"], 6, 12, "The six kernels of C1"),
            drawing("c1", state["c1"], 6, 3, f"C1, {sizes['c1']}", 1.7159),
            drawing("s2", state["s2"], 6, 4, f"S2, {sizes['s2']}", 1.7159),
            drawing(
                "c3-weights", kernels.reshape(-1, 5, 5), len(TABLE_I[0]), 6,
                "The sixty kernels of C3, placed as in Table I: a row for each S2 map, a column for each C3 map",
            ),
            drawing("c3", state["c3"], 8, 4, f"C3, {sizes['c3']}", 1.7159),
            drawing("s4", state["s4"], 8, 6, f"S4, {sizes['s4']}", 1.7159),
            drawing("c5", state["c5"].reshape(1, 6, 20), 1, 16, f"C5, {sizes['c5']}, in six rows", 1.7159),
            drawing("f6", f6, 2, 12, f"F6 as a bitmap, and the code of {model.classes[answer]}", 1.7159),
        ],
        tables=[Table("maps", ("class", "penalty"), rows, "Output: all penalties")],
        notes=["Black is positive, white negative, grey zero; states between ±1.7159, weights up to the largest."],
        numbers={"pattern": material.pattern, "truth": truth, "penalties": penalties.tolist()},
    )  # fmt: skip
