"""Strings by space displacement (Section VII): the network over a whole line at once, and the best path.

Every layer is a convolution, so that on a line 32 pixels high each of them is computed once for all places where a
character may be, and gives a column of penalties every 4 pixels: column k is exactly what the network answers for the
window from pixel 4k on. Neighbouring windows share nearly all of C1, C3 and C5, which a run for each window would
compute several times over. No cut is needed, but the weights must have learnt to look at the middle of a window,
whatever its neighbours are, and to leave it to the rubbish class where that is none (the recipe "displacement").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..deadline import NEVER, Deadline
from ..engine.interface import Lattice
from ..engine.numpy_backend import lattice as numpy_loops
from ..errors import InputError, PictureError
from ..imaging.geometry import Box, clip_box
from ..imaging.line_image import BORDER, LINE_IMAGE, STRIDE, LineImage, LineImageSettings
from ..imaging.shear import SHEARS, sheared_views
from ..imaging.threshold import MASK_LEVEL
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..lattice.graph import Graph
from ..model.classifier import Classifier
from ..network.architecture import BACKGROUND, FIELD, FOREGROUND, INPUT
from ..network.reference import forward
from .explanation import DecodedLine, record_line
from .interpretation_graph import DECODING, SILENT, DecodingSettings, InterpretationGraph, union_alternatives
from .results import String
from .trace import record_candidates
from .work_limit import Work

__all__ = ["STATES", "DisplacementSettings", "column_graph", "column_penalties", "displace", "read_string"]

STATES = 3  # nodes before each column
TOGETHER = 256  # columns computed at once: of more, the layers' arrays are slow to go through
LEAST = 1e-9  # a posterior is at least so much, that its logarithm is finite


@dataclass(frozen=True)
class DisplacementSettings:
    """How a line's columns become characters; chosen on the tuning half of the cheque amounts."""

    shears: tuple[float, ...] = SHEARS  # pixels to the right for each pixel of height, of every further view
    widths: tuple[float, ...] = (0.85, 1.15, 1.3)  # of the line, of every further graph; its own is 1
    longest: int = 5  # columns in a row that may show one character
    character: float = 0.0  # nats for each character
    touching: float = (
        3.0  # nats where no column of nothing parts a character from the next: seldom is it another one
    )
    # nats that a column without a character costs more than the network says: narrow characters are seldom sure
    nothing: float = 0.5
    # The penalties of all arcs are multiplied by it: the share of the best path is then how often it is right.
    sharpness: float = 1.5
    neighbour: int = 6  # pixels at either side of a glyph that are not the character's own
    # Columns of a line, of which a thousand digits have as many: a longer one takes a gigabyte, and is refused.
    most_columns: int = 6000
    line: LineImageSettings = LINE_IMAGE
    decoding: DecodingSettings = DECODING


SETTINGS = DisplacementSettings()


def read_string(
    foreground: NDArray[np.float32],
    model: Classifier,
    grammar: Grammar | None = None,
    *,
    best: int = 5,
    name: str = "the picture",
    trace: Trace | None = None,
    settings: DisplacementSettings = SETTINGS,
    deadline: Deadline = NEVER,
    work: Work | None = None,
) -> String:
    """Read one line of text. Arguments, results and errors as for `over_segmentation.read_string`."""
    graph = displace(foreground, model, settings, deadline, name)
    if work:
        work.add(len(graph.glyphs), foreground.size)
    if trace:
        record_candidates(trace, graph, model)
    string = graph.decode(model, grammar, best, name, settings.decoding, deadline, work)
    if trace:
        record_line(trace, DecodedLine(graph, grammar, string, settings=settings.decoding))
    return string


def displace(
    foreground: NDArray[np.float32],
    model: Classifier,
    settings: DisplacementSettings = SETTINGS,
    deadline: Deadline = NEVER,
    name: str = "the line",
) -> InterpretationGraph:
    """The interpretation graph of a line's columns, at several widths of the line.

    Digits that stand closely show halves of neighbours in each window, and wide ones do not fit into it; another width
    suits them better. The graphs of all widths stand side by side, each with one and the same share of all paths.

    Args:
        foreground: (rows, columns) float32 in 0 … 1.
        model: the network that is displaced.
        settings: how columns become characters.
        deadline: checked before each view.
        name: what errors call the line.

    Returns:
        The graph; its candidates are the columns, and their glyphs what each window shows.

    Raises:
        PictureError: the line is too long.
    """
    try:
        line = LineImage.of(foreground, settings=settings.line, most=settings.most_columns)
    except InputError as error:
        raise PictureError(f"cannot read {name}: {error}") from error
    first, *others = (
        _displace_width(line, width, model, settings, foreground.shape, deadline)
        for width in (1.0, *settings.widths)
    )
    last, forward = first.graph.nodes - 1, first.graph.forward_penalty()
    return union_alternatives(first, [(0, last, _weighed(other, forward)) for other in others])


def _displace_width(
    line: LineImage,
    width: float,
    model: Classifier,
    settings: DisplacementSettings,
    shape: tuple[int, ...],
    deadline: Deadline,
) -> InterpretationGraph:
    """The interpretation graph at one width. shape: of the foreground."""
    stretched = line.stretched(width)
    # The line is sheared to either side as well; the middles of windows stay where they are.
    views = []
    for view in sheared_views(stretched.levels, settings.shears):
        deadline.check()
        views.append(column_penalties(model, view))
    posteriors = [model.posterior_of(penalties).astype(np.float64) for penalties in views]
    odds = np.exp(-settings.nothing)  # of no character, times what they were
    posteriors = [one / (odds + (1 - odds) * one.sum(1, keepdims=True)) for one in posteriors]
    graph = column_graph(np.mean(posteriors, 0), settings, model.backend.lattice)
    graph = _repriced(graph, settings.sharpness * graph.penalty)
    glyphs = stretched.glyphs
    # The middle one of the columns that show a character stands for it.
    middle = (graph.start // STATES + graph.end // STATES - 1) // 2
    return InterpretationGraph(
        graph,
        np.where(graph.label == SILENT, SILENT, middle),
        glyphs,
        views[0],
        lambda column: _box(glyphs[column], column, stretched, shape, settings.neighbour),
        np.arange(graph.nodes, dtype=np.float64) // STATES / width,
    )


def _weighed(line: InterpretationGraph, forward: float) -> InterpretationGraph:
    """The same paths, with a given forward penalty of all together: each begins with an arc that costs as much more."""
    graph = line.graph
    more = np.where(graph.start == 0, forward - graph.forward_penalty(), 0)
    return replace(line, graph=_repriced(graph, graph.penalty + more))


def _repriced(graph: Graph, penalty: NDArray[np.float64]) -> Graph:
    """The same arcs with other penalties."""
    return Graph(graph.nodes, graph.start, graph.end, graph.label, penalty, graph.loops)


def column_penalties(model: Classifier, line: NDArray[np.float32]) -> NDArray[np.float32]:
    """Penalties of every column of a line; column k is the window of 32 pixels from pixel 4k on.

    Args:
        model: the network; the experts of an ensemble are not asked, for most windows show no character.
        line: (32, width) in 0 … 1, width at least 32.

    Returns:
        (columns, classes) float32, eq. 7.

    Raises:
        InputError: another shape.
    """
    line = np.asarray(line, np.float32)
    if line.ndim != 2 or line.shape[0] != INPUT or line.shape[1] < INPUT:
        raise InputError(f"a line must be {INPUT} rows of {INPUT} pixels or more, not of shape {line.shape}")
    x = line * np.float32(FOREGROUND - BACKGROUND) + np.float32(BACKGROUND)
    columns = 1 + (x.shape[1] - INPUT) // STRIDE
    parts = []
    for column in range(0, columns, TOGETHER):
        last = min(column + TOGETHER, columns) - 1
        part = x[None, :, STRIDE * column : STRIDE * last + INPUT]
        answers = [forward(one.named_parameters, one.codes, part).penalties for one in model.members]
        parts.append(np.mean(answers, 0).reshape(-1, len(model.classes)))
    penalties: NDArray[np.float32] = np.concatenate(parts)
    return penalties


def column_graph(
    posterior: NDArray[np.floating],
    settings: DisplacementSettings = SETTINGS,
    loops: Lattice = numpy_loops,
) -> Graph:
    """The graph of a line's columns; nodes 3k, 3k + 1 and 3k + 2 lie before column k.

    The first of the three comes after a column without a character, or begins the line, the second after a character,
    and the third before one.

    Args:
        posterior: (columns, classes); what a row lacks to 1 is the rubbish class.
        settings: how columns become characters.
        loops: the graph's; NumPy's, unless given.

    Returns:
        A graph. A character is an arc over one column or more that all show it, a column without a character a silent
        arc; two characters without such a column between them cost `touching`.
    """
    posterior = np.asarray(posterior, np.float64)
    count, classes = posterior.shape
    penalty = -np.log(np.maximum(posterior, LEAST))
    silent = -np.log(np.maximum(1 - posterior.sum(1), LEAST))
    sums = np.concatenate([np.zeros((1, classes)), penalty.cumsum(0)])
    nothing, node = np.arange(0, 3 * count, STATES), np.arange(0, 3 * count + 1, STATES)
    # Over a column without a character, from the first two nodes; and from these to the third.
    touching = np.append(np.full(count, settings.touching), 0)  # the line ends in either
    starts = [nothing, nothing + 1, node, node + 1]
    ends = [nothing + STATES, nothing + STATES, node + 2, node + 2]
    penalties = [silent, silent, np.zeros(count + 1), touching]
    labels = [np.full(4 * count + 2, SILENT)]
    for length in range(1, min(settings.longest, count) + 1):
        first = STATES * np.repeat(np.arange(count - length + 1), classes)
        starts.append(first + 2)
        ends.append(first + STATES * length + 1)
        labels.append(np.tile(np.arange(classes), count - length + 1))
        penalties.append((sums[length:] - sums[:-length]).ravel() + settings.character)
    start, end, label = (np.concatenate(part) for part in (starts, ends, labels))
    return Graph(STATES * count + 3, start, end, label, np.concatenate(penalties), loops)


def _box(
    glyph: NDArray[np.uint8], column: int, line: LineImage, shape: tuple[int, ...], neighbour: int
) -> Box:
    """The box of a window's character: of the ink that is nearer to its middle than to a neighbour's.

    shape: of the foreground, in whose pixels the box is.
    """
    y, x = np.nonzero(glyph[:, neighbour : FIELD - neighbour] > 255 * MASK_LEVEL)
    x = x + neighbour if len(x) else np.array([neighbour, FIELD - neighbour - 1])
    y = y if len(y) else np.array([0, FIELD - 1])
    first = STRIDE * column + BORDER
    left, right = (round(float(line.edges[first + edge])) for edge in (x.min(), x.max() + 1))
    centre = first + (int(x.min()) + int(x.max())) // 2
    top, bottom = (
        round(float(line.middle[centre] + (edge - FIELD / 2) * line.pixels[centre]))
        for edge in (y.min(), y.max() + 1)
    )
    return clip_box((left, top, right - left, bottom - top), (shape[1], shape[0]))
