"""Lines whose text is known, as a displaced network sees them: a column of penalties every 4 pixels (Section VII).

The columns are the gaps between the nodes, the rubbish class is the state between characters, and a character is an arc
over one column or more that all show it (reading.space_displacement). Where arcs may be of any length and cost
nothing, and no two neighbours of the text are equal, each alignment of the text is one path, and the forward penalty
of the text's paths is the criterion of connectionist temporal classification (A. Graves et al., ICML 2006,
doi:10.1145/1143844.1143891), with the rubbish class as its blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..engine.interface import Lattice
from ..engine.numpy_backend import lattice as numpy_loops
from ..imaging.line_image import STRIDE, LineImage
from ..lattice.graph import Graph
from ..network.architecture import INPUT
from ..reading.interpretation_graph import SILENT
from ..reading.space_displacement import STATES, DisplacementSettings, column_graph
from .graph_transformer import log_posteriors, penalty_slopes

__all__ = ["DISPLACED", "Columns", "InterpretedColumns", "displace_line"]

F64 = NDArray[np.float64]
DISPLACED = DisplacementSettings()


@dataclass(frozen=True, eq=False)
class Columns:
    """A line as a displaced network sees it, and its text.

    Args:
        labels: (characters,) classes of the text.
        glyphs: (columns, 32, 32) float32 in 0 … 1, the window of each column: the network displaced along the line
            answers column by column what it answers on these.
        settings: of the reading.
    """

    labels: NDArray[np.intp]
    glyphs: NDArray[np.float32]
    settings: DisplacementSettings = DISPLACED

    @property
    def count(self) -> int:
        """Number of columns."""
        return len(self.glyphs)

    def unclear_cuts(self, log_posterior: F64) -> NDArray[np.intp]:
        """None: no column is classified twice."""
        return np.empty(0, np.intp)

    def interpret(
        self,
        penalties: NDArray[np.floating],
        again: NDArray[np.intp],
        j: float,
        scale: float,
        numbers: F64,
        loops: Lattice = numpy_loops,
    ) -> InterpretedColumns:
        """The graph by the answers of a network, (columns, classes), eq. 7; `again` is empty."""
        return InterpretedColumns(log_posteriors(penalties, j, scale), scale, numbers, self.settings, loops)


def displace_line(foreground: NDArray[np.float32], labels: Sequence[int]) -> Columns:
    """The windows of a line.

    Args:
        foreground: (rows, columns) float32 in 0 … 1, with some ink in it.
        labels: of its text, indices into the network's classes.
    """
    levels = LineImage.of(foreground).levels  # (32, width)
    windows = sliding_window_view(levels, INPUT, 1)[:, ::STRIDE].transpose(1, 0, 2)
    return Columns(np.array(labels, np.intp).reshape(-1), np.ascontiguousarray(windows, np.float32))


class InterpretedColumns:
    """The graph of a line's columns, and the way back from its arcs.

    Args:
        log_posterior: (columns, classes + 1), from graph_transformer.log_posteriors.
        scale: of eq. 9.
        numbers: of the reader by over-segmentation, which have no part in it.
        settings: how columns become characters.
        loops: of the graph.
    """

    def __init__(
        self,
        log_posterior: F64,
        scale: float,
        numbers: F64,
        settings: DisplacementSettings = DISPLACED,
        loops: Lattice = numpy_loops,
    ) -> None:
        self._log, self._scale, self._numbers = log_posterior, scale, numbers
        self.graph: Graph = column_graph(np.exp(-log_posterior[:, :-1]), settings, loops)

    def slopes(self, arc_slopes: F64) -> tuple[F64, F64]:
        """∂E/∂y of every column, (columns, classes), and ∂E/∂number, zeros, from ∂E/∂penalty of the arcs, (arcs,)."""
        graph, (columns, states) = self.graph, self._log.shape
        state = np.where(graph.label == SILENT, states - 1, graph.label)
        # What an arc adds to each of its columns begins at its first and ends before its last node.
        change = np.zeros((columns + 1, states))
        np.add.at(change, (graph.start // STATES, state), arc_slopes)
        np.add.at(change, (graph.end // STATES, state), -arc_slopes)
        slopes = penalty_slopes(change.cumsum(0)[:-1], self._log, self._scale)
        return slopes, np.zeros_like(self._numbers)
