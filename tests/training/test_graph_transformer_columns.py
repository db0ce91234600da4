"""Training on whole lines by displacement: connectionist temporal classification, and finite differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lenet5.model.load import find
from lenet5.reading.learnt_numbers import numbers_of
from lenet5.reading.space_displacement import STATES, column_graph, column_penalties
from lenet5.training import graph_transformer as gtn
from lenet5.training.graph_transformer_columns import (
    DISPLACED,
    Columns,
    DisplacementSettings,
    InterpretedColumns,
    displace_line,
)

from . import lines

FREE = DisplacementSettings(longest=1_000, character=0.0, touching=0.0)


@pytest.mark.parametrize("text", [(3,), (1, 0, 7), (0, 1, 0, 1, 9), (5, 5), (2, 4, 4)])
def test_constrained_forward_penalty_is_connectionist_temporal_classification(text):
    """PyTorch's CTC, and its slopes; but a rubbish column must stand between equal neighbours there."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(len(text))
    y = rng.uniform(0, 60, (14, 10))
    log = gtn.log_posteriors(y, 5.0, 0.1)
    graph = InterpretedColumns(log, 0.1, numbers_of(), FREE).graph
    right, origin = gtn.constrain(graph, text)
    inputs = torch.tensor(-log[:, None], requires_grad=True)
    loss = torch.nn.functional.ctc_loss(
        inputs, torch.tensor([text]), torch.tensor([14]), torch.tensor([len(text)]), blank=10, reduction="sum"
    )
    if any(a == b for a, b in itertools.pairwise(text)):
        assert right.forward_penalty() < loss.item() - 1e-3
        return
    assert right.forward_penalty() == pytest.approx(loss.item(), rel=1e-9)
    loss.backward()
    shares = np.bincount(origin, right.arc_posteriors(), len(graph.start))
    occupancy = np.zeros((14, 11))
    for start, end, label, share in zip(graph.start, graph.end, graph.label, shares, strict=True):
        occupancy[start // STATES : end // STATES, label] += (
            share  # label −1, the silent arcs, is the last state
        )
    # PyTorch's slope is by what its log-softmax is made from: p − occupancy.
    assert np.allclose(inputs.grad[:, 0].numpy(), np.exp(-log) - occupancy, atol=1e-9)


def test_slopes_to_the_penalties_are_finite_differences():
    rng = np.random.default_rng(4)
    y, labels, scale = rng.uniform(0, 60, (9, 10)), [2, 2, 7], 0.1

    def read(y: np.ndarray) -> InterpretedColumns:
        return InterpretedColumns(gtn.log_posteriors(y, 5.0, scale), scale, numbers_of())

    one = read(y)
    slopes, to_numbers = one.slopes(gtn.discriminative_forward(one.graph, labels)[1])
    assert not to_numbers.any()
    for column in range(9):
        for label in range(10):
            energies = []
            for step in (1e-4, -1e-4):
                moved = y.copy()
                moved[column, label] += step
                energies.append(gtn.discriminative_forward(read(moved).graph, labels)[0])
            right = (energies[0] - energies[1]) / 2e-4
            assert slopes[column, label] == pytest.approx(right, rel=1e-4, abs=1e-8)


def test_windows_are_what_the_displaced_network_sees():
    model, written = find("displacement").members[0], lines.drawn(3)
    columns: Columns = displace_line(written.foreground, written.digits)
    from lenet5.imaging.line_image import LineImage

    along = column_penalties(model, LineImage.of(written.foreground).levels)
    apart = model.penalties(columns.glyphs)
    assert np.abs(along - apart).max() < 1e-2
    posterior = model.posterior_of(along).astype(np.float64)
    graph = columns.interpret(
        along, columns.unclear_cuts(along), model.metadata["j"], model.metadata["scale"], numbers_of()
    ).graph
    right = column_graph(posterior, DISPLACED)
    assert graph.forward_penalty() == pytest.approx(right.forward_penalty(), abs=1e-3)
