"""The published counts."""

from lenet5.network import architecture
from lenet5.reproduce import published


def test_the_published_counts_add_up_and_are_those_of_the_architecture():
    assert sum(parameters for _, parameters, _ in published.LAYERS.values()) == 60_000
    assert sum(connections for _, _, connections in published.LAYERS.values()) == 340_908
    assert set(published.LAYERS) == {layer.name for layer in architecture.LAYERS[1:]}
