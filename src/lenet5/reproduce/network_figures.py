"""Panels on the network: its counts, codes, work and memory, and the states of every layer for one character."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from ..model.lenet5 import LeNet5
from ..network.architecture import BITMAP, LAYERS, PAIRS, PARAMETER_COUNT, TABLE_I
from ..network.codes import DIGITS, PRINTABLE, codes
from ..network.preprocessing import normalise
from ..network.reference import AMPLITUDE, forward
from . import charts, contact_sheets, published
from .panel import Drawing, Material, Panel, Sample, Table

__all__ = ["architecture", "code_bitmaps", "maps", "memory", "work"]

SIZES = {layer.name.lower(): layer.size for layer in LAYERS}


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


def code_bitmaps(material: Material) -> Panel:
    """Fig. 3: the codes of the output units."""
    bits = codes(DIGITS)
    pairs = {(a, b): float(((bits[int(a)] - bits[int(b)]) ** 2).sum()) for a, b in combinations(DIGITS, 2)}
    least, most = min(pairs, key=pairs.__getitem__), max(pairs, key=pairs.__getitem__)
    printable = contact_sheets.tiles(codes(PRINTABLE[1:]).reshape(-1, *BITMAP), 19, 4, gap=9)
    digits = contact_sheets.tiles(bits.reshape(-1, *BITMAP), 10, 8, gap=18)
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
            Drawing("codes-digits.png", contact_sheets.png(Image.fromarray(digits)), "The codes of the ten digits"),
            Drawing(
                "codes.png", contact_sheets.png(Image.fromarray(printable)),
                "The codes of all printable ASCII characters but the space, in its order"
            ),
        ],
        numbers={"squared_distances": {"".join(pair): distance for pair, distance in pairs.items()}},
    )  # fmt: skip


def _full(*sizes: int) -> tuple[int, int]:
    """(multiply–adds, weights and biases) of a network of full layers of these sizes."""
    weights = sum(a * b for a, b in pairwise(sizes))
    return weights, weights + sum(sizes[1:])


# (multiply–adds, stored variables) computed from each method's description: no number is read off a figure.
METHODS = {
    "linear, 28×28": _full(784, 10),
    "28×28-300-10": _full(784, 300, 10),
    "28×28-1000-10": _full(784, 1000, 10),
    "K-NN, 60,000 of 20×20": (60_000 * 400, 60_000 * 400),
}
COUNTS = charts.DotStyle(
    height=2.6, factor=1, digits=0, unit="", others="other methods, computed from their sizes"
)


def work(material: Material) -> Panel:
    """Fig. 11: multiply–adds for one character."""
    here = sum(layer.multiply_adds for layer in LAYERS)
    gap = here / published.MULTIPLY_ADDS - 1
    both = sum(layer.connections for layer in LAYERS) + PARAMETER_COUNT
    chart = charts.dots(
        {name: counts[0] for name, counts in METHODS.items()}, {"LeNet-5, here": Sample.of([here])},
        {"LeNet-5": published.MULTIPLY_ADDS}, "multiply–adds for one character", COUNTS,
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
        drawings=[Drawing("fig11.svg", chart, "Multiply–adds for one character, as dots on a logarithmic scale")],
        tables=[Table("fig11", ("layer", "multiply–adds"), rows, "By layer", folded=True)],
        numbers={"multiply_adds": here, "published": published.MULTIPLY_ADDS},
    )  # fmt: skip


def memory(material: Material) -> Panel:
    """Fig. 12: variables that must be stored."""
    fixed = LAYERS[-1].connections
    stored = PARAMETER_COUNT + fixed
    chart = charts.dots(
        {name: counts[1] for name, counts in METHODS.items()}, {"LeNet-5, here": Sample.of([stored])},
        {"LeNet-5, trainable": published.PARAMETERS}, "variables to be stored", COUNTS,
    )  # fmt: skip
    return Panel(
        key="fig12",
        title="Fig. 12: memory",
        published=f"{published.PARAMETERS:,} trainable parameters (Section II-B).",
        ours=f"{PARAMETER_COUNT:,} trainable parameters and {fixed} fixed components of the ten codes, {stored:,} in "
        f"all: {4 * stored / 1000:,.0f} kB in single precision, {stored / 1000:,.0f} kB at a byte each.",
        difference=f"The trainable parameters are {'' if PARAMETER_COUNT == published.PARAMETERS else 'not '}as many; "
        f"the codes, which could as well be {fixed} bits, add {fixed / PARAMETER_COUNT:.1%}.",
        drawings=[Drawing("fig12.svg", chart, "Variables that each method stores, as dots on a logarithmic scale")],
        numbers={"parameters": PARAMETER_COUNT, "stored": stored},
    )  # fmt: skip


def maps(material: Material) -> Panel:
    """Weights of C1 and C3, and the states of every layer for one test pattern."""
    result = material.middle("paper")
    model = result.model
    image = material.test.images[material.pattern]
    truth = material.test.classes[material.test.labels[material.pattern]]
    activations = forward(model.named_parameters, model.codes, normalise(image[None]))
    penalties = activations.penalties[0]
    ranked = np.argsort(penalties)
    answer = int(ranked[0])
    states = {name: activations.x[name][0] for name in ("input", "c1", "s2", "c3", "s4", "c5")}
    fits = all(f"{x.shape[0]}@{x.shape[1]}×{x.shape[2]}" == SIZES[name] for name, x in states.items())
    return Panel(
        key="maps",
        title="Weights, and one character through all layers",
        published="Fig. 2 has the sizes of the maps, with an A; the paper prints no weights.",
        ours=f"Test pattern {material.pattern}, a {truth}, after the paper's training with seed {result.run.seed}: "
        f"read as {model.classes[answer]}, with a penalty of {_short(penalties[answer])}; next is "
        f"{model.classes[ranked[1]]} with {_short(penalties[ranked[1]])}.",
        difference=f"The maps have {'the sizes' if fits else 'other sizes than those'} of Fig. 2, and the answer is "
        f"{'right' if model.classes[answer] == truth else 'wrong'}; weights of another training cannot be compared "
        "one by one.",
        drawings=_map_drawings(model, states, activations.f6[0], answer),
        tables=[
            Table("maps", ("class", "penalty"), [[model.classes[i], _short(penalties[i])] for i in ranked],
                  "Output: all penalties")
        ],
        notes=["Orange is positive, blue negative, white zero; states run between ±1.7159, weights to the largest "
               "of their layer. Where Table I has no cross there is no kernel."],
        numbers={"pattern": material.pattern, "truth": truth, "penalties": penalties.tolist()},
    )  # fmt: skip


def _short(penalty: float) -> str:
    """A penalty with a digit after the point, or with its first digit where that would be 0.0."""
    return f"{penalty:.1f}" if penalty >= 0.05 else f"{penalty:.1g}"


def _map_drawings(
    model: LeNet5, states: dict[str, NDArray[np.float32]], f6: NDArray[np.float32], answer: int
) -> list[Drawing]:
    """The kernels of C1 and C3, and the states of every layer, in the order of Fig. 2."""
    p = model.named_parameters
    kernels = np.full((len(TABLE_I), len(TABLE_I[0]), 5, 5), np.nan, np.float32)  # S2 map, C3 map
    for (c3, s2), kernel in zip(PAIRS, p["c3.weight"], strict=True):
        kernels[s2, c3] = kernel
    bitmaps = np.stack([f6.reshape(BITMAP), model.codes[answer].reshape(BITMAP)])
    return [
        Drawing("maps-scale.svg", contact_sheets.scale("negative", "positive"),
                "Colours from negative by white for 0 to positive",
                "The scale of all maps and kernels below.", coloured=True),
        Drawing("maps-input.png", contact_sheets.glyph_png(states["input"][0]), "The input",
                f"Input, {SIZES['input']}"),
        _map_drawing("c1-weights", p["c1.weight"], 6, 12, "The six kernels of C1"),
        _map_drawing("c1", states["c1"], 6, 3, f"C1, {SIZES['c1']}", AMPLITUDE),
        _map_drawing("s2", states["s2"], 6, 4, f"S2, {SIZES['s2']}", AMPLITUDE),
        _map_drawing(
            "c3-weights", kernels.reshape(-1, 5, 5), len(TABLE_I[0]), 6,
            "The sixty kernels of C3, placed as in Table I: a row for each S2 map, a column for each C3 map",
        ),
        _map_drawing("c3", states["c3"], 8, 4, f"C3, {SIZES['c3']}", AMPLITUDE),
        _map_drawing("s4", states["s4"], 8, 6, f"S4, {SIZES['s4']}", AMPLITUDE),
        _map_drawing("c5", states["c5"].reshape(1, 6, 20), 1, 16, f"C5, {SIZES['c5']}, in six rows", AMPLITUDE),
        _map_drawing("f6", bitmaps, 2, 12, f"F6 as a bitmap, and the code of {model.classes[answer]}", AMPLITUDE),
    ]  # fmt: skip


def _map_drawing(
    name: str, images: NDArray[np.float32], columns: int, zoom: int, caption: str, limit: float | None = None
) -> Drawing:
    from PIL import Image

    sheet = Image.fromarray(contact_sheets.diverging(images, columns, zoom, limit))
    return Drawing(f"maps-{name}.png", contact_sheets.png(sheet), caption, caption, coloured=True)
