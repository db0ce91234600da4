"""Space displacement (Section VII): the network over a whole line at once, then the Viterbi path.

Every layer is a convolution, so that on a strip 32 pixels high each of them is computed once for all places
where a character may be, and gives a column of penalties every 4 pixels: column k is exactly what the network
answers on the window from pixel 4k on. Neighbouring windows share nearly all of C1, C3 and C5, which a run a
window would compute several times over. No cut is needed, but the weights must have learnt to look at the middle of a
window, whatever its neighbours are, and to leave it to the rubbish class where that is none: see synthetic.windows,
and the recipe "displacement".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..imaging.foreground import INKED
from ..imaging.line_image import EDGE, STEP, LineImage
from ..imaging.segmentation import SLANTS, sheared_views
from ..lattice.graph import Graph
from ..model.classifier import Classifier
from ..network.architecture import BACKGROUND, FIELD, FOREGROUND, INPUT
from ..network.reference import forward
from .interpretation_graph import SILENT, Parts
from .results import Box

__all__ = ["column_graph", "columns", "windows_of"]

MIDDLE = 6  # pixels on either side of a field that are not the character's own
LONGEST = 3  # columns in a row that may answer to one character
FIRST = 0.7  # nats a character: between one that two columns answer to and two, one is the rule


def columns(model: Classifier, line: NDArray[np.float32]) -> NDArray[np.float32]:
    """Penalties of every column, (columns, classes); column k is the window of 32 from pixel 4k on.

    Of an ensemble those of the members: most windows of a line are no character (ensemble.py).

    line: (32, width) in 0 … 1, width at least 32. Raises InputError for another shape.
    """
    line = np.asarray(line, np.float32)
    if line.ndim != 2 or line.shape[0] != INPUT or line.shape[1] < INPUT:
        raise InputError(f"a strip must be {INPUT} rows of {INPUT} pixels or more, not of shape {line.shape}")
    x = line * np.float32(FOREGROUND - BACKGROUND) + np.float32(BACKGROUND)
    seen = [forward(one.named_parameters, one.codes, x[None]).penalties for one in model.members]
    return np.mean(seen, 0).reshape(-1, len(model.classes))


def windows_of(ink: NDArray[np.float32], model: Classifier) -> Parts:
    """The graph of a line's columns, (rows, columns) float32 in 0 … 1, and what each window shows."""
    strip = LineImage.of(ink)
    # As runs of pieces are (strings.py), the line is seen leaning to either side as well: middles stay where they are.
    seen = [columns(model, view) for view in sheared_views(strip.levels, SLANTS)]
    graph = column_graph(np.mean([model.posterior_of(penalties) for penalties in seen], 0))
    penalties, fields = seen[0], strip.fields

    def box(part: int) -> Box:
        """Of the window's ink that is nearer to its middle than to a neighbour's."""
        y, x = np.nonzero(fields[part][:, MIDDLE : FIELD - MIDDLE] > 255 * INKED)
        x = x + MIDDLE if len(x) else np.array([MIDDLE, FIELD - MIDDLE - 1])
        y = y if len(y) else np.array([0, FIELD - 1])
        x0, x1 = (
            round((edge + STEP * part + EDGE - strip.left) * strip.pixels) for edge in (x.min(), x.max() + 1)
        )
        y0, y1 = (round((edge + EDGE - strip.top) * strip.pixels) for edge in (y.min(), y.max() + 1))
        return (
            max(x0, 0),
            max(y0, 0),
            max(min(x1, ink.shape[1]) - max(x0, 0), 1),
            max(min(y1, ink.shape[0]) - max(y0, 0), 1),
        )

    # Of the columns that answer to one character the middle one shows it.
    middle = (graph.start + graph.end - 1) // 2
    nodes = np.arange(graph.nodes)
    return Parts(graph, np.where(graph.label == SILENT, SILENT, middle), fields, penalties, box, nodes)


def column_graph(posterior: NDArray[np.floating]) -> Graph:
    """The graph of a line's columns: node k lies before column k; label −1 is no character.

    posterior: (columns, classes), what a row lacks to 1 being the rubbish class. A character is an arc over
    one to LONGEST columns which all answer to it; a column without one is a silent arc.
    """
    posterior = np.asarray(posterior, np.float64)
    count, classes = posterior.shape
    penalty = -np.log(np.maximum(posterior, 1e-9))
    nothing = -np.log(np.maximum(1 - posterior.sum(1), 1e-9))
    sums = np.concatenate([np.zeros((1, classes)), penalty.cumsum(0)])
    starts, ends, labels = [np.arange(count)], [np.arange(1, count + 1)], [np.full(count, -1)]
    penalties = [nothing]
    for length in range(1, min(LONGEST, count) + 1):
        first = np.repeat(np.arange(count - length + 1), classes)
        starts.append(first)
        ends.append(first + length)
        labels.append(np.tile(np.arange(classes), count - length + 1))
        penalties.append((sums[length:] - sums[:-length]).ravel() + FIRST)
    return Graph(count + 1, *(np.concatenate(part) for part in (starts, ends, labels, penalties)))
