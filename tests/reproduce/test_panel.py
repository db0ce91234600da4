"""Figures of several seeds, compared with published ones."""

from lenet5.reproduce.panel import Sample, compared


def test_a_published_figure_is_compared_with_its_own_allowance():
    assert compared(Sample((0.0094, 0.0096)), 0.0095) == "the published 0.95%"
    near = compared(Sample((0.0088, 0.0090)), 0.0095, 0.001)
    assert near == "0.06 points below the published 0.95%, within the paper's own ±0.10"
    far = compared(Sample((0.0120, 0.0122)), 0.0095, 0.001)
    assert far == "0.26 points above the published 0.95%, outside the paper's own ±0.10"
    assert compared(Sample((0.01,)), 0.0095).endswith("(one seed)")
