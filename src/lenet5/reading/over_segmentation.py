"""Strings by over-segmentation (Section V): a line is cut wherever a cut is cheap, and the best path is the reading.

One segmentation is no proof: uncertain spans of a line are sheared to either side and cut again, where other cuts are
cheap and characters look different. All segmentations stand in one graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..deadline import NEVER, Deadline
from ..errors import InputError, PictureError
from ..imaging.segmentation import SEGMENTATION, SegmentationSettings, Segments, over_segment
from ..imaging.threshold import MASK_LEVEL
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..lattice.graph import too_many_arcs
from ..model.classifier import Classifier
from ..network.codes import SIGNS
from .candidate_shapes import CANDIDATES, CandidateSettings
from .candidates import composed_arcs, recognise_all
from .explanation import DecodedLine, record_line
from .interpretation_graph import DECODING, DecodingSettings, InterpretationGraph, union_alternatives
from .results import String
from .sign_context import with_context
from .sign_shapes import LineBand
from .trace import record_candidates
from .work_limit import Work

__all__ = ["OverSegmentationSettings", "read_string", "read_strings"]


@dataclass(frozen=True)
class OverSegmentationSettings:
    """How a line is cut and read; chosen on the tuning half of the cheque amounts."""

    segmentation: SegmentationSettings = SEGMENTATION
    candidates: CandidateSettings = CANDIDATES
    decoding: DecodingSettings = DECODING
    # Pixels to the right for each pixel of height, by which an uncertain span is sheared and cut again.
    shears: tuple[float, ...] = (-0.3, 0.3, -0.15, 0.15)
    certain_share: float = 0.7  # of all paths that a character has, from which its span is not cut again
    # Pixels of a span that was sheared, at most: a larger one is no character, but a strip from top to bottom.
    most_pixels: int = 4_000_000
    many_pieces: int = 300  # of a line that a grammar is likely to be refused for


SETTINGS = OverSegmentationSettings()


def read_string(
    foreground: NDArray[np.float32],
    model: Classifier,
    grammar: Grammar | None = None,
    *,
    best: int = 5,
    name: str = "the picture",
    trace: Trace | None = None,
    settings: OverSegmentationSettings = SETTINGS,
    deadline: Deadline = NEVER,
    work: Work | None = None,
) -> String:
    """Read the foreground of a line of text.

    Args:
        foreground: (rows, columns) float32 in 0 … 1, from `line_foreground`.
        model: classifies the candidates; its weights must know the rubbish class.
        grammar: strings that are allowed; None: all.
        best: different readings wanted, the first included.
        name: what errors call the picture.
        trace: records the pieces and the candidates.
        settings: how the line is cut and read.
        deadline: checked between the steps.
        work: counts what it takes.

    Returns:
        The string; its boxes are in pixels of the foreground.

    Raises:
        PictureError: no character was found, or none that the grammar allows.
        TimeLimitError: the deadline has passed.
    """
    pieces = _cut(foreground, model, settings, deadline)
    if grammar is not None and len(pieces.boxes) > settings.many_pieces:
        _check_arcs(pieces, model, grammar, name, settings, work)
    (graph,) = _graphs([pieces], model, grammar, settings, deadline, trace)
    if work:
        work.add(len(graph.glyphs), foreground.size)
    string = graph.decode(model, grammar, best, name, settings.decoding, deadline, work)
    if trace:
        boxes = tuple(pieces.unsheared_box(k, k + 1) for k in range(len(pieces.boxes)))
        record_line(trace, DecodedLine(graph, grammar, string, boxes, graph.positions, settings.decoding))
    return string


def read_strings(
    foregrounds: Sequence[NDArray[np.float32]],
    model: Classifier,
    grammar: Grammar | None = None,
    *,
    names: Sequence[str],
    best: int = 5,
    settings: OverSegmentationSettings = SETTINGS,
    deadline: Deadline = NEVER,
    work: Work | None = None,
) -> list[String | PictureError]:
    """Read many short lines, such as the cells of a table: their candidates are classified together.

    Args:
        foregrounds: of each line, as for `read_string`.
        model: as for `read_string`, as are all others but names.
        grammar: of every line.
        names: what errors call each line.
        best: different readings wanted of each.
        settings: how lines are cut and read.
        deadline: checked between the steps.
        work: counts what they take.

    Returns:
        The string of each line, or why it cannot be read.

    Raises:
        TimeLimitError: the deadline has passed.
    """
    if not foregrounds:
        return []
    strings: list[String | PictureError] = []
    lines = [_cut(foreground, model, settings, deadline) for foreground in foregrounds]
    graphs = _graphs(lines, model, grammar, settings, deadline)
    for graph, foreground, name in zip(graphs, foregrounds, names, strict=True):
        if work:
            work.add(len(graph.glyphs), foreground.size)
        try:
            strings.append(graph.decode(model, grammar, best, name, settings.decoding, deadline, work))
        except PictureError as error:
            strings.append(error)
    return strings


def _cut(
    foreground: NDArray[np.float32],
    model: Classifier,
    settings: OverSegmentationSettings,
    deadline: Deadline,
) -> Segments:
    """A line in pieces."""
    pieces = over_segment(foreground, seams=model.backend.seams, settings=settings.segmentation)
    deadline.check()
    return pieces


def _check_arcs(
    pieces: Segments,
    model: Classifier,
    grammar: Grammar,
    name: str,
    settings: OverSegmentationSettings,
    work: Work | None,
) -> None:
    """Refuse a line of which the grammar allows too many readings, before its candidates are classified."""
    most = settings.decoding.most_arcs
    if composed_arcs(pieces, model, grammar, most, settings.candidates) > most:
        if work:
            work.add(len(pieces.candidates()), pieces.foreground.size)
        raise PictureError(f"cannot read {name}: {too_many_arcs(most)}")


def _graphs(
    lines: Sequence[Segments],
    model: Classifier,
    grammar: Grammar | None,
    settings: OverSegmentationSettings,
    deadline: Deadline,
    trace: Trace | None = None,
) -> list[InterpretationGraph]:
    """The graph of every line that was cut into pieces; trace: of the only one."""
    signs = [number for number, name in enumerate(model.classes) if name in SIGNS]
    bands = [LineBand.of(pieces, settings.candidates.signs) if signs else None for pieces in lines]
    graphs = recognise_all(lines, model, settings.candidates, bands)
    if trace:
        ((pieces,), (graph,)) = lines, graphs
        trace.record("pieces", np.where(pieces.foreground > MASK_LEVEL, pieces.piece, -1))
        record_candidates(trace, graph, model)
    again = [
        (number, *span, shear)
        for number, (pieces, graph) in enumerate(zip(lines, graphs, strict=True))
        for span in (_uncertain_spans(graph, pieces, grammar, settings, signs) if settings.shears else ())
        for shear in settings.shears
        if pieces.sheared_pixels(*span, shear) <= settings.most_pixels
    ]
    recut = []
    for number, first, last, shear in again:
        deadline.check()
        recut.append(lines[number].sheared(first, last, shear))
    of_each = [bands[number] for number, *_ in again]
    others = recognise_all(recut, model, settings.candidates, of_each) if recut else []
    deadline.check()
    spans: dict[int, list[tuple[int, int, InterpretationGraph]]] = {}
    for (number, first, last, _), other in zip(again, others, strict=True):
        spans.setdefault(number, []).append((first, last, other))
    for number, alternatives in spans.items():
        graphs[number] = union_alternatives(graphs[number], alternatives)
    context = settings.candidates.context
    return [with_context(graph, model.classes, context) for graph in graphs]


def _uncertain_spans(
    graph: InterpretationGraph,
    pieces: Segments,
    grammar: Grammar | None,
    settings: OverSegmentationSettings,
    signs: Sequence[int],
) -> Sequence[tuple[int, int]]:
    """Spans that are cut again: the whole line where the grammar forbids its best path.

    A line that reads as nothing is not cut again, unless a grammar demands a character. Nor are signs, labels of which
    are given: their slant is what they are.
    """
    labels = graph.best_labels()
    if grammar is not None and not grammar.accepts(labels):
        spans = [(0, graph.graph.nodes - 1)] if _may_be_cut_again(graph, grammar, settings) else []
    else:
        spans = (
            graph.uncertain_spans(pieces.free_nodes, settings.certain_share, settings.decoding, signs)
            if labels
            else []
        )
    return [(first, last) for first, last in spans if last > first]


def _may_be_cut_again(
    graph: InterpretationGraph, grammar: Grammar, settings: OverSegmentationSettings
) -> bool:
    """Whether the grammar's readings of a line can still be searched when all of it has been cut again as well.

    Of a line of hundreds of characters they cannot, and this is known before the candidates of four more cuts are
    classified.
    """
    # Each cut adds as many arcs as the line has; a sheared line has more pieces than the upright one.
    most = settings.decoding.most_arcs // (2 + len(settings.shears))
    if len(graph.graph.start) * len(grammar.next_state) <= most:
        return True
    try:
        graph.graph.compose(grammar.next_state, grammar.accepting, most)
    except InputError:
        return False
    return True
