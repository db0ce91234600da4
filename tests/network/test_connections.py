"""The reference against LeNet-5 unrolled: a list of its connections, and the paper's sums over that list.

Each connection is the unit it enters, the unit it leaves and the parameter it carries, made from the paper's
words in loops. Sums over them are those of Section II-B and Appendix C, with no convolution in them.
"""

from functools import cache

import numpy as np
import pytest

from lenet5.network import losses, reference
from lenet5.network.architecture import SHAPES
from lenet5.network.codes import DIGITS, codes

CODES = codes(DIGITS).astype(np.float64)
LABELS = np.array([7, 2, 9])
# Table I in words: the S2 maps that each C3 map reads.
READS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


def parameters(seed=0, spread=1.0):
    """Random ones of every kind, biases and coefficients too, so large that units leave the straight part."""
    random = np.random.default_rng(seed)
    fan_ins = {"c1": 25, "s2": 4, "c3": 100, "s4": 4, "c5": 400, "f6": 120}
    return {
        name: random.normal(0, spread / np.sqrt(fan_ins[name.split(".")[0]]), shape)
        for name, shape in SHAPES.items()
    }


def inputs(n, height=32, width=32, seed=1):
    """Noise within the range of normalised pixels."""
    return np.random.default_rng(seed).uniform(-0.1, 1.175, (n, height, width))


# --- the oracle: every connection of LeNet-5 ----------------------------------------------------------


def unrolled(maps, side, came, reads, kernel, step):
    """(unit, unit before, shared weight) of each connection; units are numbered map by map, row by row."""
    found, weight = [], 0
    for m in range(maps):
        for source in reads(m):
            for ky in range(kernel):
                for kx in range(kernel):
                    for y in range(side):
                        for x in range(side):
                            at = (source * came + y * step + ky) * came + x * step + kx
                            found.append(((m * side + y) * side + x, at, weight))
                    weight += step == 1  # each connection of a kernel has its own weight; …
        weight += step == 2  # … shared by its four connections
    return np.array(found).T


@cache
def connections():
    """Fig. 2 and Table I, layer by layer."""
    return {
        "c1": unrolled(6, 28, 32, lambda m: (0,), 5, 1),
        "s2": unrolled(6, 14, 28, lambda m: (m,), 2, 2),
        "c3": unrolled(16, 10, 14, lambda m: READS[m], 5, 1),
        "s4": unrolled(16, 5, 10, lambda m: (m,), 2, 2),
        "c5": unrolled(120, 1, 5, lambda m: range(16), 5, 1),
        "f6": unrolled(84, 1, 1, lambda m: range(120), 1, 1),
    }


LAYERS = {"c1": 6 * 784, "s2": 6 * 196, "c3": 1600, "s4": 400, "c5": 120, "f6": 84}  # units


def shared(p, layer):
    """(weights or coefficients in one row, each unit's bias)."""
    kind = "coefficient" if layer in ("s2", "s4") else "weight"
    bias = p[f"{layer}.bias"]
    return p[f"{layer}.{kind}"].ravel(), np.repeat(bias, LAYERS[layer] // len(bias))


def f(a):
    return 1.7159 * np.tanh(2 / 3 * a)


def slope_of_f(a):
    return 1.7159 * 2 / 3 / np.cosh(2 / 3 * a) ** 2


def run_connections(p, picture):
    """a_i = Σ_j u_ij·x_j + bias and x_i = f(a_i), one layer after another: (a, x) by layer."""
    a, x, before = {}, {"input": picture.ravel()}, "input"
    for layer, (unit, came, index) in connections().items():
        weight, bias = shared(p, layer)
        a[layer] = bias + np.bincount(unit, weight[index] * x[before][came], LAYERS[layer])
        x[layer], before = f(a[layer]), layer
    return a, x


def curve_connections(p, a, x, to_f6):
    """Appendix C for one pattern, h_kk by name: sums over the connections (i, j) that share parameter k.

    ∂²E/∂a_i² = f'(a_i)²·Σ_k u_ki²·∂²E/∂a_k² and h_kk = Σ ∂²E/∂a_i²·x_j². The x_j of a coefficient is the
    sum of its window, that of a bias 1.
    """
    h, to_state = {}, to_f6
    befores = dict(zip(LAYERS, ["input", *LAYERS], strict=False))
    for layer in reversed(LAYERS):
        unit, came, index = connections()[layer]
        weight, bias = shared(p, layer)
        to_a = slope_of_f(a[layer]) ** 2 * to_state
        maps = len(p[f"{layer}.bias"])
        h[f"{layer}.bias"] = to_a.reshape(maps, -1).sum(1)
        if layer in ("s2", "s4"):
            sums = np.bincount(unit, x[befores[layer]][came], len(bias))
            h[f"{layer}.coefficient"] = (to_a * sums**2).reshape(maps, -1).sum(1)
        else:
            each = np.bincount(index, to_a[unit] * x[befores[layer]][came] ** 2, len(weight))
            h[f"{layer}.weight"] = each.reshape(p[f"{layer}.weight"].shape)
        to_state = np.bincount(came, weight[index] ** 2 * to_a[unit], len(x[befores[layer]]))
    return h


def test_the_oracle_has_the_papers_connections():
    """Section II-B's figures, a bias counted as one connection of its unit; the output has 840."""
    counts = [len(unit) + LAYERS[layer] for layer, (unit, _, _) in connections().items()]
    assert counts == [122304, 5880, 151600, 2000, 48120, 10164]
    assert sum(counts) + 840 == 340908


# --- forward (Section II-B) ---------------------------------------------------------------------------


def test_every_unit_is_the_squashed_sum_of_its_connections():
    p, pictures = parameters(), inputs(2)
    seen = reference.forward(p, CODES, pictures)
    for n, picture in enumerate(pictures):
        a, x = run_connections(p, picture)
        for layer in LAYERS:
            np.testing.assert_allclose(seen.a[layer][n].ravel(), a[layer], atol=1e-12)
            np.testing.assert_allclose(seen.x[layer][n].ravel(), x[layer], atol=1e-12)
        penalties = [sum((x["f6"] - code) ** 2) for code in CODES]  # eq. 7
        np.testing.assert_allclose(seen.penalties[n], penalties, rtol=1e-12)
        np.testing.assert_allclose(seen.f6[n], x["f6"], atol=1e-12)


@pytest.mark.parametrize("s2", range(6))
def test_each_c3_map_reads_exactly_its_maps_of_table_1(s2):
    p, pictures = parameters(), inputs(1)
    before = reference.forward(p, CODES, pictures).x["c3"]
    p["s2.bias"][s2] += 0.1
    moved = np.abs(reference.forward(p, CODES, pictures).x["c3"] - before).max((0, 2, 3)) > 1e-9
    assert moved.tolist() == [s2 in maps for maps in READS]


# --- curvature (Appendix C) ---------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["eq. 8", "eq. 9"])
def test_curvature_is_appendix_c_summed_over_connections(loss):
    """h_kk: one a parameter, never negative, and the mean over the patterns."""
    p, pictures = parameters(), inputs(3)
    seen = reference.forward(p, CODES, pictures)
    start = losses.curvature(seen.f6, CODES, seen.penalties, LABELS, 1.0, 0.1, discriminative=loss == "eq. 9")
    found = reference.curvature(p, seen, start)
    each = [curve_connections(p, *run_connections(p, pictures[n]), 3 * start[n]) for n in range(3)]
    assert found.keys() == SHAPES.keys()
    for name, shape in SHAPES.items():
        assert found[name].shape == shape
        assert (found[name] >= 0).all()
        np.testing.assert_allclose(found[name], sum(h[name] for h in each) / 3, rtol=1e-9)
    assert len(np.unique(np.concatenate([h.ravel() for h in found.values()]))) > 59_000


def exact_curvature(p, name, at, pictures, codes, step=1e-3):
    """∂²E/∂w² of eq. 8, by differences."""
    bounding_box = []
    for k in (-2, -1, 0, 1, 2):
        moved = {**p, name: p[name].copy()}
        moved[name][at] += k * step
        bounding_box.append(
            losses.mean_penalty(reference.forward(moved, codes, pictures).penalties, np.array([0]))
        )
    return np.dot([-1, 16, -30, 16, -1], bounding_box) / (12 * step**2)


def test_curvature_is_exact_along_a_single_path():
    """One lit pixel, and one weight alive a layer: C1 map 2 -> S2 map 2 -> C3 map 2 -> S4 map 2, whose 25
    units go each to its own C5 unit and F6 unit. Each weight then acts along one path, so that nothing off
    the diagonal is left out; with states equal to the code nor is the term in f''."""
    p = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    p["c1.weight"][2, 2, 2] = 1.1
    p["s2.coefficient"][2] = 0.9
    kernel = sum(map(len, READS[:2]))  # the first of C3 map 2
    p["c3.weight"][kernel, 1, 3] = 1.2
    p["s4.coefficient"][2] = 0.8
    for u in range(25):
        p["c5.weight"][u, 2, u // 5, u % 5] = 0.7 + u / 50
        p["f6.weight"][u, u] = 1.3 - u / 50
    picture = np.zeros((1, 32, 32))
    picture[0, 15, 16] = 1
    seen = reference.forward(p, CODES, picture)
    h = reference.curvature(p, seen, np.full((1, 84), 2.0))
    paths = {
        "c1.weight": [(2, ky, kx) for ky in range(5) for kx in range(5)],
        "s2.coefficient": [(2,)],
        "c3.weight": [(kernel, ky, kx) for ky in range(5) for kx in range(5)],
        "s4.coefficient": [(2,)],
        "c5.weight": [(u, 2, u // 5, u % 5) for u in range(25)],
        "f6.weight": [(u, u) for u in range(25)],
    }
    for name, places in paths.items():
        assert max(h[name][at] for at in places) > 1e-3
        for at in places:
            assert h[name][at] == pytest.approx(exact_curvature(p, name, at, picture, seen.f6), abs=1e-8), at
