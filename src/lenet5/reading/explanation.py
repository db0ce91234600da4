"""Why a picture was read as it was: pieces, arcs with their glyphs, penalties and shares, and the best path.

A line is decided on its interpretation graph (Sections IV and VI). An arc here stands for all arcs of that graph that
show the same candidate between the same nodes; its share is that of all paths through it, so that the shares of the
arcs out of any cut add up to 1.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..imaging.geometry import Box, bounding_box, scale_box
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..model.classifier import Classifier
from .interpretation_graph import DECODING, DecodingSettings, InterpretationGraph
from .results import Line, Result, String

__all__ = ["EXPLANATION", "DecodedLine", "ExplanationSettings", "decoded_line", "explain", "record_line"]


@dataclass(frozen=True)
class ExplanationSettings:
    """How much of a graph an explanation shows."""

    labels: int = 3  # best labels of an arc
    least_share: float = (
        1e-6  # of all paths, from which an arc is shown; all rarer ones together have less than 1 %
    )
    most_arcs: int = 600  # of a line, those of the largest share: less than a megabyte


EXPLANATION = ExplanationSettings()


@dataclass(frozen=True, eq=False)
class DecodedLine:
    """What one line was decided on.

    Args:
        graph: its interpretation graph.
        grammar: strings that were allowed; None: all.
        string: what was read.
        pieces: boxes of the pieces, in the pixels of the graph's boxes; () where none were cut.
        columns: (nodes,) where its nodes lie, in those pixels; None where its positions count something else.
        settings: how the graph was searched.
    """

    graph: InterpretationGraph
    grammar: Grammar | None
    string: String
    pieces: tuple[Box, ...] = ()
    columns: NDArray[np.float64] | None = None
    settings: DecodingSettings = DECODING


def record_line(trace: Trace, line: DecodedLine) -> None:
    """Record what a line was decided on, and where the trace places its boxes, for `explain`."""
    trace.lines.append((line, trace.place))


def decoded_line(trace: Trace, line: Line) -> tuple[DecodedLine, Callable[[Box], Box]] | None:
    """What a line of a result was decided on, and where its boxes lie; None where its strings were read one by one."""
    for decoded, place in trace.lines:
        if _identity(decoded.string) == _identity(line.strings[0]):
            whole = sum(len(string.characters) for string in line.strings)
            return (decoded, place) if whole == len(decoded.string.characters) else None
    return None


def explain(
    trace: Trace,
    result: Result,
    model: Classifier,
    size: tuple[int, int],
    *,
    scale: float = 1.0,
    settings: ExplanationSettings = EXPLANATION,
) -> dict[str, Any]:
    """Why every line of a result was read so, as data that JSON can hold.

    Args:
        trace: recorded by the `Reader.read_image` that gave the result.
        result: what was read; its boxes in pixels of the picture.
        model: the reader's.
        size: width and height of the picture, in pixels.
        scale: pixels of the picture, along a side, for one of the image that was read.
        settings: how much is shown.

    Returns:
        `width`, `height`, and `lines`, each with `box`, `text`, `confidence`, `nodes` (columns of the picture),
        `pieces`, `arcs`, `path` (indices of arcs) and `alternatives`. An arc has `start` and `stop` (nodes), `box`,
        `glyph` (base64 of 28×28 bytes, 255 = ink), `label` (of the best path, else its likeliest), `penalties` (nats,
        of its best labels), `confidence` and `share`. A silent arc skips ink: its `label` and `glyph` are "".
    """
    decoded = {_identity(line.string): (line, place) for line, place in trace.lines}
    lines = []
    for line in result.lines:
        if (known := decoded.get(_identity(line.strings[0]))) is not None:
            lines.append(_Explanation(*known, model, size, scale, settings).to_dict(line))
    return {"width": size[0], "height": size[1], "lines": lines}


def _identity(string: String) -> int:
    """What a string keeps when it is placed, accepted or split: the glyph of its first character."""
    return id(string.characters[0].glyph)


class _Explanation:
    """A line's graph, its arcs gathered by candidate and nodes; arguments as for `explain`."""

    def __init__(
        self,
        decoded: DecodedLine,
        place: Callable[[Box], Box],
        model: Classifier,
        size: tuple[int, int],
        scale: float,
        settings: ExplanationSettings,
    ) -> None:
        self.decoded, self.place, self.model, self.scale = decoded, place, model, scale
        self.size, self.settings = size, settings
        self.graph = graph = decoded.graph
        arcs = graph.graph
        gathered = np.stack([arcs.start, arcs.end, graph.candidate])
        keys, group = np.unique(gathered, axis=1, return_inverse=True)
        group, count = group.reshape(-1), keys.shape[1]
        self.shares = np.bincount(group, graph.arc_shares(decoded.grammar), count).clip(0, 1)
        taken = graph.best_arcs(decoded.grammar, decoded.settings)
        self.path = [int(group[arc]) for arc in taken]
        self.labels = {int(group[arc]): int(arcs.label[arc]) for arc in taken}  # that the best path reads
        order = np.argsort(group, kind="stable")
        self.members = np.split(order, np.searchsorted(group[order], np.arange(1, count)))
        likely = np.argsort(-self.shares, kind="stable")[: settings.most_arcs]
        likely = likely[self.shares[likely] >= settings.least_share]
        self.shown = sorted({*self.path, *likely.tolist()})

    def to_dict(self, line: Line) -> dict[str, Any]:
        """The line as `explain` says."""
        box = bounding_box(string.box for string in line.strings)
        nodes = self._nodes(box)
        return {
            "box": list(box),
            "text": line.text,
            "confidence": line.strings[0].confidence,
            "nodes": nodes,
            "pieces": [{"box": self._box(piece)} for piece in self.decoded.pieces],
            "arcs": [self._arc(number, nodes, box) for number in self.shown],
            "path": [self.shown.index(number) for number in self.path],
            "alternatives": [
                {"text": other.text, "share": other.confidence} for other in self.decoded.string.alternatives
            ],
        }

    def _box(self, box: Box) -> list[int]:
        return list(scale_box(self.place(box), self.scale, self.size))

    def _nodes(self, line: Box) -> list[int]:
        """Columns of the picture at which the nodes lie; spread over the line's box where they are not known."""
        if self.decoded.columns is not None:
            return [self._box((round(column), 0, 1, 1))[0] for column in self.decoded.columns.tolist()]
        positions = self.graph.positions
        share = (positions - positions[0]) / max(float(positions[-1] - positions[0]), 1.0)
        return [round(line[0] + line[2] * part) for part in share.tolist()]

    def _arc(self, number: int, nodes: list[int], line: Box) -> dict[str, Any]:
        """One arc; a silent one is as high as its line."""
        arcs, classes = self.graph.graph, self.model.classes
        members = self.members[number]
        start, stop = int(arcs.start[members[0]]), int(arcs.end[members[0]])
        candidate = int(self.graph.candidate[members[0]])
        best = members[np.argsort(arcs.penalty[members], kind="stable")][: self.settings.labels]
        label = self.labels.get(number, int(arcs.label[best[0]]))
        if candidate >= 0:
            box = self._box(self.graph.box(candidate))
            glyph = base64.b64encode(self.graph.glyphs[candidate].tobytes()).decode("ascii")
            confidence = float(self.graph.confidences_of(candidate, self.model)[label])
        else:
            box = [nodes[start], line[1], max(nodes[stop] - nodes[start], 1), line[3]]
            glyph, confidence = "", 0.0
        return {
            "start": start,
            "stop": stop,
            "box": box,
            "glyph": glyph,
            "label": classes[label] if label >= 0 else "",
            "penalties": [
                [classes[k] if k >= 0 else "", penalty]
                for k, penalty in zip(arcs.label[best].tolist(), arcs.penalty[best].tolist(), strict=True)
            ],
            "confidence": confidence,
            "share": float(self.shares[number]),
        }
