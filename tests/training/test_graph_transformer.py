"""Criteria of Section VI against brute force over all paths and finite differences, from arcs to parameters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lenet5.engine.backend import backend
from lenet5.imaging.segmentation import over_segment
from lenet5.lattice.automaton import choices
from lenet5.lattice.graph import Graph
from lenet5.model.load import find
from lenet5.network import losses, reference
from lenet5.network.architecture import SHAPES, SLICES
from lenet5.network.preprocessing import normalise
from lenet5.reading.candidate_shapes import CANDIDATES
from lenet5.reading.candidates import recognise
from lenet5.reading.learnt_numbers import NUMBERS, numbers_of, settings_with
from lenet5.training import graph_transformer as gtn
from lenet5.training.graph_transformer_lines import (
    InterpretedLine,
    Line,
    segment_line,
)

from . import lines

RNG = np.random.default_rng(8)


def random_graph(rng: np.random.Generator) -> Graph:
    """Up to 5 nodes, arcs of two labels and silent ones, some forbidden."""
    nodes = int(rng.integers(2, 6))
    pairs = list(itertools.combinations(range(nodes), 2)) * 2
    start, end = np.array(pairs).T
    label = rng.integers(-1, 2, len(pairs))
    penalty = np.where(rng.random(len(pairs)) < 0.1, np.inf, rng.normal(0, 2, len(pairs)))
    return Graph(nodes, start, end, label, penalty)


def all_paths(graph: Graph, node: int = 0) -> list[tuple[int, ...]]:
    """Every path from a node to the last, by recursion."""
    if node == graph.nodes - 1:
        return [()]
    return [
        (arc, *rest)
        for arc in range(len(graph.start))
        if graph.start[arc] == node and graph.penalty[arc] < np.inf
        for rest in all_paths(graph, int(graph.end[arc]))
    ]


def spelling(graph: Graph, path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(label) for label in graph.label[list(path)] if label >= 0)


def soft(penalties: list[float]) -> float:
    return float(-np.log(np.exp(-np.array(penalties)).sum())) if penalties else np.inf


def brute_force(graph: Graph, text: tuple[int, ...], name: str) -> float:
    paths = all_paths(graph)
    every = [float(graph.penalty[list(path)].sum()) for path in paths]
    right = [each for path, each in zip(paths, every, strict=True) if spelling(graph, path) == text]
    if not right:
        return np.inf
    if name == "viterbi":
        return min(right)
    if name == "discriminative-viterbi":
        return min(right) - min(every)
    return soft(right) - soft(every)


@pytest.mark.parametrize("name", gtn.CRITERIA)
def test_energy_is_that_of_all_paths_tried_one_by_one(name):
    rng = np.random.default_rng(3)
    finite = 0
    for _ in range(60):
        graph = random_graph(rng)
        for text in [(), (0,), (1,), (0, 1), (1, 1), (0, 1, 0)]:
            right = brute_force(graph, text, name)
            energy, _ = gtn.CRITERIA[name](graph, text)
            assert energy == pytest.approx(right, abs=1e-9)
            finite += np.isfinite(right)
    assert finite > 150


@pytest.mark.parametrize("name", gtn.CRITERIA)
def test_slope_to_each_arc_is_the_finite_difference(name):
    rng = np.random.default_rng(4)
    for _ in range(25):
        graph = random_graph(rng)
        text = (0, 1)
        energy, slopes = gtn.CRITERIA[name](graph, text)
        if not np.isfinite(energy):
            assert not slopes.any()
            continue
        for arc in np.flatnonzero(graph.penalty < np.inf):
            moved = []
            for step in (1e-6, -1e-6):
                penalty = graph.penalty.copy()
                penalty[arc] += step
                moved.append(
                    brute_force(Graph(graph.nodes, graph.start, graph.end, graph.label, penalty), text, name)
                )
            assert slopes[arc] == pytest.approx((moved[0] - moved[1]) / 2e-6, abs=1e-6)


def test_only_the_discriminative_criteria_are_zero_where_nothing_but_the_text_can_be_read():
    graph = Graph(3, [0, 1], [1, 2], [0, 1], [0.5, 0.7])
    assert gtn.discriminative_forward(graph, (0, 1))[0] == pytest.approx(0)
    assert gtn.discriminative_viterbi(graph, (0, 1))[0] == pytest.approx(0)
    assert gtn.viterbi(graph, (0, 1))[0] == pytest.approx(1.2)


def test_constraining_is_composition_with_an_automaton_of_one_string():
    rng = np.random.default_rng(5)
    for _ in range(20):
        graph = random_graph(rng)
        for text in ((), (1,), (0, 0, 1)):
            composed, origin = gtn.constrain(graph, text)
            if not text:  # an automaton of the empty string alone does not exist
                silent = graph.label < 0
                right = Graph(
                    graph.nodes, graph.start[silent], graph.end[silent], graph.label[silent],
                    graph.penalty[silent],
                )  # fmt: skip
            else:
                allowed = choices(["".join("ab"[label] for label in text)], "ab")
                right, _ = graph.compose(allowed.next_state, allowed.accepting)
            assert composed.forward_penalty() == pytest.approx(right.forward_penalty())
            assert np.array_equal(graph.label[origin], composed.label)


def test_slopes_go_through_eq_9_as_finite_differences_do():
    y, j, scale = RNG.uniform(0, 80, (4, 10)), 5.0, 0.1
    weight = RNG.standard_normal((4, 11))
    found = gtn.penalty_slopes(weight, gtn.log_posteriors(y, j, scale), scale)
    assert np.exp(-gtn.log_posteriors(y, j, scale)).sum(1) == pytest.approx(1)
    for row, label in itertools.product(range(4), range(10)):
        moved = [y.copy(), y.copy()]
        moved[0][row, label] += 1e-5
        moved[1][row, label] -= 1e-5
        high, low = ((weight * gtn.log_posteriors(each, j, scale)).sum() for each in moved)
        assert found[row, label] == pytest.approx((high - low) / 2e-5, rel=1e-5, abs=1e-9)


# --- lines --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return find("reading")


@pytest.fixture(scope="module", params=[2, 5, 9])
def segmented(request, model) -> tuple[Line, np.ndarray]:
    written = lines.drawn(request.param)
    line = segment_line(written.foreground, written.digits, model.classes, model.backend)
    return line, written.foreground


def interpreted(line: Line, y: np.ndarray, model, numbers: np.ndarray | None = None) -> InterpretedLine:
    """As reading classifies: y of all glyphs; those of unclear cuts are used."""
    j, scale = model.metadata["j"], model.metadata["scale"]
    runs = len(line.first)
    again = line.unclear_cuts(gtn.log_posteriors(y[:runs], j, scale))
    rows = np.concatenate([y[:runs], y[runs + again]])
    return InterpretedLine(line, rows, again, j, scale, numbers_of() if numbers is None else numbers)


def test_the_graph_is_that_of_reading(segmented, model):
    line, foreground = segmented
    graph = interpreted(line, model.penalties(line.glyphs), model).graph
    right = recognise(over_segment(foreground, seams=model.backend.seams), model).graph
    possible = np.flatnonzero(right.penalty < np.inf)
    assert graph.nodes == right.nodes
    for name in ("start", "end", "label"):
        assert np.array_equal(getattr(graph, name), getattr(right, name)[possible])
    near = right.penalty[possible] < 20  # reading's posteriors have a floor
    assert np.abs(graph.penalty - right.penalty[possible])[near].max() < 1e-3
    assert graph.forward_penalty() == pytest.approx(right.forward_penalty(), abs=1e-4)


def test_the_graph_is_that_of_reading_with_other_numbers(segmented, model):
    line, foreground = segmented
    numbers = numbers_of() * np.linspace(0.8, 1.2, len(NUMBERS))
    settings = settings_with(numbers)
    assert np.array_equal(numbers_of(settings), numbers)
    graph = interpreted(line, model.penalties(line.glyphs), model, numbers).graph
    right = recognise(over_segment(foreground, seams=model.backend.seams), model, settings).graph
    # Another run or two may be kept where the shape costs less: they hardly count.
    assert graph.forward_penalty() == pytest.approx(right.forward_penalty(), abs=0.05)


@pytest.mark.parametrize("number", range(len(NUMBERS)), ids=NUMBERS)
def test_slope_to_each_number_is_the_finite_difference(segmented, model, number):
    line, _ = segmented
    y = model.penalties(line.glyphs).astype(np.float64)

    def energy(numbers: np.ndarray) -> float:
        return gtn.discriminative_forward(interpreted(line, y, model, numbers).graph, line.labels)[0]

    numbers = numbers_of()
    one = interpreted(line, y, model)
    _, arc_slopes = gtn.discriminative_forward(one.graph, line.labels)
    _, slopes = one.slopes(arc_slopes)
    step = np.zeros(len(NUMBERS))
    step[number] = 1e-5
    right = (energy(numbers + step) - energy(numbers - step)) / 2e-5
    assert slopes[number] == pytest.approx(right, rel=1e-4, abs=1e-8)


def test_slopes_to_the_penalties_are_finite_differences(segmented, model):
    line, _ = segmented
    y = model.penalties(line.glyphs).astype(np.float64)
    j, scale = model.metadata["j"], model.metadata["scale"]
    runs = len(line.first)
    again = line.unclear_cuts(gtn.log_posteriors(y[:runs], j, scale))
    rows = np.concatenate([y[:runs], y[runs + again]])

    def read(rows: np.ndarray) -> InterpretedLine:
        return InterpretedLine(line, rows, again, j, scale, numbers_of())

    one = read(rows)
    slopes, _ = one.slopes(gtn.discriminative_forward(one.graph, line.labels)[1])
    strongest = np.argsort(-np.abs(slopes).ravel())[:25]
    for row, label in zip(*np.unravel_index(strongest, slopes.shape), strict=True):
        energies = []
        for step in (1e-4, -1e-4):
            moved = rows.copy()
            moved[row, label] += step
            energies.append(gtn.discriminative_forward(read(moved).graph, line.labels)[0])
        assert slopes[row, label] == pytest.approx((energies[0] - energies[1]) / 2e-4, rel=1e-4, abs=1e-7)


def test_slope_to_every_kind_of_parameter_is_the_finite_difference(model):
    """The whole way in float64: parameters, penalties, posteriors, arcs, paths."""
    written = lines.drawn(4, digits=(1, 7))
    line = segment_line(written.foreground, written.digits, model.classes, model.backend)
    j, scale = model.metadata["j"], model.metadata["scale"]
    codes = model.codes.astype(np.float64)
    inputs = normalise(line.glyphs, np.float64)
    # Another network than the trained one, for which there is something left to learn.
    flat = model.parameters.astype(np.float64)
    flat += np.random.default_rng(1).standard_normal(len(flat)) * 0.02
    runs = len(line.first)

    def named(values: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values[SLICES[name]].reshape(shape) for name, shape in SHAPES.items()}

    activations = reference.forward(named(flat), codes, inputs)
    again = line.unclear_cuts(gtn.log_posteriors(activations.penalties[:runs], j, scale))
    used = np.concatenate([np.arange(runs), runs + again])

    def read(values: np.ndarray) -> InterpretedLine:
        y = reference.forward(named(values), codes, inputs[used]).penalties
        return InterpretedLine(line, y, again, j, scale, numbers_of())

    one = read(flat)
    energy, arc_slopes = gtn.discriminative_forward(one.graph, line.labels)
    assert energy > 0.01
    slopes, _ = one.slopes(arc_slopes)
    state = reference.forward(named(flat), codes, inputs[used])
    gradients = reference.backward(named(flat), state, losses.f6_slope(state.f6, codes, slopes))
    for name, gradient in gradients.items():
        place = SLICES[name].start + int(np.abs(gradient).argmax())
        energies = []
        for step in (1e-5, -1e-5):
            moved = flat.copy()
            moved[place] += step
            energies.append(gtn.discriminative_forward(read(moved).graph, line.labels)[0])
        right = (energies[0] - energies[1]) / 2e-5
        assert np.abs(gradient).max() == pytest.approx(abs(right), rel=1e-3), name
    # The compiled engine gives the same.
    found = backend("numba").minibatch.penalty_gradient(
        flat.astype(np.float32), model.codes, line.glyphs[used], slopes.astype(np.float32)
    )
    whole = np.concatenate([gradients[name].ravel() for name in SHAPES])
    assert np.abs(found - whole).max() < 1e-3 * np.abs(whole).max()


def test_settings_are_kept_where_the_numbers_do_not_say():
    settings = settings_with(numbers_of(CANDIDATES))
    assert settings == CANDIDATES
