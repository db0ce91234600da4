"""Space displacement: equal to a run a window, and cheaper."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lenet5.data.synthesis.text_lines import Source, line
from lenet5.data.synthesis.training_set import drawings
from lenet5.errors import InputError, PictureError
from lenet5.imaging.line_image import STRIDE, LineImage
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find
from lenet5.network import reference
from lenet5.network.architecture import INPUT
from lenet5.reading.interpretation_graph import SILENT
from lenet5.reading.space_displacement import (
    STATES,
    DisplacementSettings,
    column_graph,
    column_penalties,
    displace,
)

MODEL = LeNet5(seed=5, spread=1.0, power=0.5)


@pytest.mark.parametrize("width", [32, 33, 36, 100, 163, 1_100])
def test_column_k_is_the_network_on_the_window_from_pixel_4k_on(width):
    levels = np.random.default_rng(width).random((32, width)).astype(np.float32)
    penalties = column_penalties(MODEL, levels)
    windows = np.stack([levels[:, k : k + 32] for k in range(0, width - 31, STRIDE)])
    assert penalties.shape == (len(windows), 10)
    np.testing.assert_allclose(penalties, MODEL.penalties(windows), rtol=2e-4, atol=2e-4)


def test_a_line_costs_a_fraction_of_its_windows():
    """Weighted sums computed, each the work of one unit: counted, since a clock is no test."""
    x = np.zeros((1, 32, 180), np.float32)
    at_once = reference.forward(MODEL.named_parameters, MODEL.codes, x)
    windows = reference.forward(MODEL.named_parameters, MODEL.codes, np.zeros((38, 32, 32), np.float32))
    assert at_once.penalties.shape == (1, 1, 38, 10)
    for layer, times in (("c1", 5), ("c3", 4)):
        assert at_once.a[layer].size * times < windows.a[layer].size


def posteriors(pulses: dict[int, int], count: int = 20) -> np.ndarray:
    """Posteriors of columns that are sure of nothing, but for the named ones, which are sure of a class."""
    posterior = np.full((count, 10), 0.002)
    for column, label in pulses.items():
        posterior[column, label] = 0.95
    return posterior


@pytest.mark.parametrize(
    ("pulses", "labels"),
    [
        ({}, []),
        ({4: 7}, [7]),
        ({4: 7, 5: 7}, [7]),  # two columns that answer to one character
        ({4: 7, 6: 7}, [7, 7]),  # with a column of nothing between them
        ({4: 7, 5: 1}, [7, 1]),
        ({2: 3, 3: 3, 4: 3, 9: 0, 15: 1, 16: 1}, [3, 0, 1]),
        ({0: 5, 19: 6}, [5, 6]),
    ],
)
def test_the_best_path_reads_what_columns_are_sure_of(pulses, labels):
    graph = column_graph(posteriors(pulses))
    path = graph.viterbi_path()
    assert [int(graph.label[a]) for a in path.arcs if graph.label[a] >= 0] == labels


@pytest.mark.parametrize("shape", [(1, 1), (300, 4), (3, 500), (60, 60)])
def test_any_foreground_becomes_a_line_image(shape):
    image = LineImage.of(np.ones(shape, np.float32), float(shape[0]))
    assert column_penalties(MODEL, image.levels).shape == (len(image.window_centres), 10)
    assert image.glyphs.shape == (len(image.window_centres), 28, 28)


@pytest.mark.parametrize("shape", [(28, 100), (32, 31), (32, 40, 1), (0, 0)])
def test_another_shape_is_refused(shape):
    with pytest.raises(InputError, match="a line must be 32 rows"):
        column_penalties(MODEL, np.zeros(shape, np.float32))


def test_a_character_that_flickers_between_two_classes_is_read_once():
    """Characters side by side, without a column of nothing between them, are rarer than a change of mind."""
    posterior = posteriors({4: 7})
    posterior[5, 7] = posterior[5, 1] = 0.45
    posterior[6, 1] = 0.7
    path = column_graph(posterior).viterbi_path()
    labels = [int(label) for label in column_graph(posterior).label[list(path.arcs)] if label >= 0]
    assert labels == [7]


@pytest.mark.parametrize("longest", [1, 3])
def test_every_alignment_of_the_columns_is_one_path(longest):
    """Oracle: every sequence of characters and blanks over four columns of two classes, tried one by one."""
    settings = DisplacementSettings(longest=longest, character=0.3, touching=1.1)
    posterior = np.random.default_rng(longest).dirichlet(np.ones(3), 4)
    log = -np.log(posterior)

    def paths(column: int, touches: bool) -> Iterator[float]:
        if column == 4:
            yield 0.0
            return
        for rest in paths(column + 1, False):
            yield log[column, 2] + rest
        for label in range(2):
            for stop in range(column + 1, min(column + longest, 4) + 1):
                for rest in paths(stop, True):
                    yield log[column:stop, label].sum() + 0.3 + touches * 1.1 + rest

    every = list(paths(0, False))
    graph = column_graph(posterior[:, :2], settings)
    assert graph.forward_penalty() == pytest.approx(-np.log(np.exp(-np.array(every)).sum()))
    assert graph.viterbi_path().penalty == pytest.approx(min(every))


def test_each_width_of_a_line_has_the_same_share_of_all_paths():
    """Oracle: a text's share by three widths is the mean of its shares by one each."""
    written = line(Source(*drawings(20), drawn=1.0), np.random.default_rng(3), (4, 0, 7))
    model = find("displacement").members[0]

    def share(*widths: float) -> float:
        lattice = displace(written.foreground, model, DisplacementSettings(widths=widths)).graph
        return float(np.exp(lattice.forward_penalty() - lattice.forward_penalties([written.digits])[0]))

    alone = {width: 2 * share(width) - share() for width in (0.8, 1.25)}
    assert len({round(value, 6) for value in (share(), *alone.values())}) == 3  # they differ
    assert share(0.8, 1.25) == pytest.approx((share() + sum(alone.values())) / 3)


def test_boxes_by_any_width_lie_on_the_character():
    """A bar alone: whichever width reads it, its box is where the bar is."""
    ink = np.zeros((40, 120), np.float32)
    ink[5:35, 70:74] = 1
    graph = displace(ink, MODEL, DisplacementSettings(widths=(0.8, 1.3)))
    showing = [k for k, glyph in enumerate(graph.glyphs) if (glyph[:, 12:16] > 128).any()]
    assert len(showing) >= 3
    for candidate in showing:
        left, top, width, _ = graph.box(candidate)
        assert abs(left - 70) <= 2 and abs(left + width - 74) <= 2 and abs(top - 5) <= 3


def test_nothing_costs_more_against_every_character_and_sharpness_multiplies_all():
    """Oracle: the odds of a character against none in a column, from the arcs over it."""
    written = line(Source(*drawings(20), drawn=1.0), np.random.default_rng(3), (4, 0, 7))
    model = find("displacement").members[0]

    def against_nothing(nothing: float, sharpness: float) -> np.ndarray:
        settings = DisplacementSettings((), (), longest=1, nothing=nothing, sharpness=sharpness)
        graph = displace(written.foreground, model, settings).graph
        columns = graph.nodes // STATES
        none = graph.penalty[:columns]  # the silent arcs over each column come first
        assert (graph.label[:columns] == SILENT).all()
        return graph.penalty[graph.label != SILENT].reshape(-1, 10) - none[:-1, None]

    plain = against_nothing(0.0, 1.0)
    likely = plain < 15  # no posterior at the floor of LEAST
    np.testing.assert_allclose((against_nothing(0.5, 1.0) - plain)[likely], -0.5, atol=2e-3)
    np.testing.assert_allclose((against_nothing(0.0, 1.5) / plain)[likely], 1.5, rtol=1e-9)


def test_a_line_of_too_many_columns_is_refused_in_a_sentence():
    ink = np.zeros((30, 400), np.float32)
    ink[5:25, 10:390:40] = 1
    columns = 1 + (LineImage.of(ink).levels.shape[1] - INPUT) // STRIDE
    assert displace(ink, MODEL, DisplacementSettings(most_columns=columns)).glyphs.shape[1:] == (28, 28)
    with pytest.raises(
        PictureError, match=f"cannot read a strip: {columns} columns are too many for one line"
    ):
        displace(ink, MODEL, DisplacementSettings(most_columns=columns - 1), name="a strip")
