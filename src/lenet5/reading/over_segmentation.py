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
from ..imaging.segmentation import SEGMENTATION, SegmentationSettings, Segments, over_segment
from ..imaging.threshold import MASK_LEVEL
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..model.classifier import Classifier
from ..network.codes import SIGNS
from .candidates import CANDIDATES, CandidateSettings, recognise, recognise_all
from .explanation import DecodedLine, record_line
from .interpretation_graph import DECODING, DecodingSettings, InterpretationGraph, union_alternatives
from .results import String
from .sign_shapes import LineBand
from .trace import record_candidates

__all__ = ["OverSegmentationSettings", "read_string"]


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
) -> String:
    """Read one line of text.

    Args:
        foreground: (rows, columns) float32 in 0 … 1, from `line_foreground`.
        model: classifies the candidates; its weights must know the rubbish class.
        grammar: strings that are allowed; None: all.
        best: different readings wanted, the first included.
        name: what errors call the picture.
        trace: records the pieces and the candidates.
        settings: how the line is cut and read.
        deadline: checked between the steps.

    Returns:
        The string; its boxes are in pixels of the foreground.

    Raises:
        PictureError: no character was found, or none that the grammar allows.
        TimeLimitError: the deadline has passed.
    """
    pieces = over_segment(foreground, seams=model.backend.seams, settings=settings.segmentation)
    deadline.check()
    signs = [number for number, name in enumerate(model.classes) if name in SIGNS]
    band = LineBand.of(pieces, settings.candidates.signs) if signs else None
    graph = recognise(pieces, model, settings.candidates, band)
    if trace:
        trace.record("pieces", np.where(foreground > MASK_LEVEL, pieces.piece, -1))
        record_candidates(trace, graph, model)
    spans = _uncertain_spans(graph, pieces, grammar, settings, signs)
    recut = [
        (*span, shear)
        for span in spans
        for shear in settings.shears
        if pieces.sheared_pixels(*span, shear) <= settings.most_pixels
    ]
    if recut:
        lines = []
        for one in recut:
            deadline.check()
            lines.append(pieces.sheared(*one))
        others = recognise_all(lines, model, settings.candidates, band)
        deadline.check()
        graph = union_alternatives(
            graph, [(first, last, other) for (first, last, _), other in zip(recut, others, strict=True)]
        )
    string = graph.decode(model, grammar, best, name, settings.decoding, deadline)
    if trace:
        boxes = [pieces.unsheared_box(k, k + 1) for k in range(len(pieces.boxes))]
        columns, decoding = graph.positions, settings.decoding
        record_line(trace, DecodedLine(graph, grammar, string, tuple(boxes), columns, decoding))
    return string


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
        spans = [(0, graph.graph.nodes - 1)]
    else:
        spans = (
            graph.uncertain_spans(pieces.free_nodes, settings.certain_share, settings.decoding, signs)
            if labels
            else []
        )
    return [(first, last) for first, last in spans if last > first]
