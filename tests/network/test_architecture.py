"""Every count of the paper, computed: layer by layer, not only the totals."""

from __future__ import annotations

import pytest

from lenet5.network.architecture import (
    LAYERS,
    PAIRS,
    PARAMETER_COUNT,
    SHAPES,
    SLICES,
    TABLE_I,
    fan_in,
    layers,
)

# Section II-B: layer, size, trainable parameters, connections.
PAPER = [
    ("input", "1@32×32", 0, 0),
    ("C1", "6@28×28", 156, 122_304),
    ("S2", "6@14×14", 12, 5_880),
    ("C3", "16@10×10", 1_516, 151_600),
    ("S4", "16@5×5", 32, 2_000),
    ("C5", "120@1×1", 48_120, 48_120),
    ("F6", "84@1×1", 10_164, 10_164),
    ("output", "10@1×1", 0, 840),
]

# Table I as it is printed, by column: the S2 maps that each C3 map reads.
COLUMNS = [
    "012", "123", "234", "345", "045", "015", "0123", "1234", "2345", "0345", "0145", "0125", "0134", "1245",
    "0235", "012345",
]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "right"), list(zip(LAYERS, PAPER, strict=True)), ids=[row[0] for row in PAPER]
)
def test_each_layer_is_the_papers(layer, right):
    assert (layer.name, layer.size, layer.parameters, layer.connections) == right


def test_totals_are_the_preprints_and_not_the_printed_articles():
    assert sum(layer.parameters for layer in LAYERS) == 60_000
    assert sum(layer.connections for layer in LAYERS) == 340_908  # the article prints 345,308


def test_table_i_is_as_printed():
    assert [[s for m, s in PAIRS if m == c3] for c3 in range(16)] == [list(map(int, c)) for c in COLUMNS]
    assert len(PAIRS) == 60
    assert sorted(PAIRS) == PAIRS
    assert sum(row.count("X") for row in TABLE_I) == 60


def test_parameters_as_they_are_kept_are_those_of_the_layers():
    for layer in LAYERS[1:-1]:
        kept = [SLICES[name] for name in SHAPES if name.startswith(layer.name.lower() + ".")]
        assert sum(part.stop - part.start for part in kept) == layer.parameters
    assert PARAMETER_COUNT == 60_000
    assert SHAPES["c3.weight"] == (60, 5, 5)


def test_fan_in_of_a_c3_map_follows_table_i():
    assert fan_in("c3.bias") == tuple(25 * len(column) for column in COLUMNS)
    assert fan_in("c3.weight") == tuple(25 * len(COLUMNS[m]) for m, _ in PAIRS)
    assert set(fan_in("c1.weight")) == {25}
    assert set(fan_in("s2.coefficient")) == {4}
    assert set(fan_in("c5.weight")) == {400}
    assert set(fan_in("f6.weight")) == {120}


def test_other_classes_change_the_output_only():
    letters = layers(26)
    assert letters[:-1] == LAYERS[:-1]
    assert letters[-1].connections == 26 * 84


def test_multiply_adds_are_weights_times_positions():
    assert [layer.multiply_adds for layer in LAYERS] == [0, 117_600, 1_176, 150_000, 400, 48_000, 10_080, 840]
