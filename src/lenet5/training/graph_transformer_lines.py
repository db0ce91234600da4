"""Lines whose text is known, cut into pieces, as graph transformer training needs them (Sections V and VI).

What does not depend on the network is computed once, in any process: the glyphs of the candidates, and what each
number of the reader (ShapePenalties, MarkPenalties) is multiplied by on every arc. With a network's answers this gives
the interpretation graph that reading.candidates gives, but for the floor under small posteriors, and the way back from
the slopes of its arcs to the answers and to the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..engine.interface import Backend, Lattice
from ..engine.numpy_backend import lattice as numpy_loops
from ..imaging.segmentation import over_segment
from ..lattice.graph import Graph
from ..reading.candidate_shapes import CANDIDATES, CandidateSettings, Runs, mark_penalty
from ..reading.interpretation_graph import SILENT
from ..reading.learnt_numbers import MARKS, NUMBERS
from .graph_transformer import log_posteriors, penalty_slopes

__all__ = ["InterpretedLine", "Line", "segment_line"]

F64 = NDArray[np.float64]

_WHOLE = NUMBERS.index("whole")


@dataclass(frozen=True, eq=False)
class Line:
    """A line that was cut into pieces, and its text.

    Args:
        labels: (characters,) classes of the text.
        nodes: of the segmentation graph.
        first, stop: (runs,) nodes that each run of pieces connects.
        measures: (runs, 11), what each number is multiplied by on a run's arcs.
        unsized: (classes,) bool, classes for which "small" is not added.
        silent: (silents, 2) nodes that each silent arc connects.
        silent_measures: (silents, 11), as `measures`.
        blots: (silents,) the run whose −log of the rubbish class's posterior is added to a silent arc, −1 for none.
        whole: (parts, 3) first node, last node and run of each free part of several pieces.
        cut: (cuts,) runs that were cut through ink.
        glyphs: (runs + cuts, 28, 28) uint8: the runs, then those that were cut, with the ink that they may share.
        unclear: probability of any character from which, and of the best class up to which, what was cut is classified
            once more (CandidateSettings.shared, certain_probability).
        error: least probability that a free part is no character (CandidateSettings).
    """

    labels: NDArray[np.intp]
    nodes: int
    first: NDArray[np.intp]
    stop: NDArray[np.intp]
    measures: F64
    unsized: NDArray[np.bool_]
    silent: NDArray[np.intp]
    silent_measures: F64
    blots: NDArray[np.intp]
    whole: NDArray[np.intp]
    cut: NDArray[np.intp]
    glyphs: NDArray[np.uint8]
    unclear: tuple[float, float]
    error: float

    @property
    def count(self) -> int:
        """Number of runs: so many glyphs are classified first."""
        return len(self.first)

    def interpret(
        self,
        penalties: NDArray[np.floating],
        again: NDArray[np.intp],
        j: float,
        scale: float,
        numbers: F64,
        loops: Lattice = numpy_loops,
    ) -> InterpretedLine:
        """The interpretation graph by the answers of a network; arguments of InterpretedLine."""
        return InterpretedLine(self, penalties, again, j, scale, numbers, loops)

    def unclear_cuts(self, log_posterior: F64) -> NDArray[np.intp]:
        """Which of `cut` are classified once more: neither clearly a character nor clearly none.

        log_posterior: (runs, classes + 1) of the runs, from graph_transformer.log_posteriors.
        """
        share = np.exp(-log_posterior[self.cut, :-1])
        least, certain = self.unclear
        return np.flatnonzero((share.sum(1) >= least) & (share.max(1) < certain))


def segment_line(
    foreground: NDArray[np.float32],
    labels: Sequence[int],
    classes: Sequence[str],
    backend: Backend,
    settings: CandidateSettings = CANDIDATES,
) -> Line:
    """Cut a line, and compute all that does not depend on the network.

    Args:
        foreground: (rows, columns) float32 in 0 … 1, with some ink in it.
        labels: of its text, indices into classes.
        classes: of the network.
        backend: its loops.
        settings: of the reading.
    """
    segments = over_segment(foreground, seams=backend.seams)
    runs = Runs(segments, list(classes), settings, backend.lattice)
    index = {run: number for number, run in enumerate(runs.runs)}
    measures = np.zeros((len(runs.runs), len(NUMBERS)))
    measures[:, NUMBERS.index("character")] = 1
    for name, measure in runs.measures.items():
        measures[:, NUMBERS.index(name)] = measure
    silent, silent_measures, blots = _silent(runs, index)
    free = segments.free_nodes
    whole = [(a, b, index[a, b]) for a, b in pairwise(free) if b > a + 1 and (a, b) in index]
    cut = np.flatnonzero(segments.is_cut(runs.runs))
    shared = segments.shared_glyphs([runs.runs[k] for k in cut])
    return Line(
        labels=np.array(labels, np.intp).reshape(-1),
        nodes=len(segments.boxes) + 1,
        first=runs.first,
        stop=runs.stop,
        measures=measures,
        unsized=np.array(classes) == settings.shape.small_class,
        silent=silent,
        silent_measures=silent_measures,
        blots=blots,
        whole=np.array(whole, np.intp).reshape(-1, 3),
        cut=cut,
        glyphs=np.concatenate([segments.glyphs(runs.runs, runs.boxes), shared]),
        unclear=(settings.shared, settings.certain_probability),
        error=settings.error,
    )


def _silent(runs: Runs, index: dict[tuple[int, int], int]) -> tuple[NDArray[np.intp], F64, NDArray[np.intp]]:
    """The silent arcs, over ink that is left unread and over marks: nodes, measures, and run of the blot."""
    least, most = runs.settings.shape.missed_sizes
    arcs, measures, blots = [], [], []
    for (first, stop), height in zip(runs.runs, runs.heights.tolist(), strict=True):
        if stop == first + 1:
            arcs.append((first, stop))
            measures.append({"missed": min(max(height, least), most)})
            blots.append(-1)
    for a, b in pairwise(runs.segments.free_nodes):
        measure = _mark_measures(runs, a, b, (a, b) in index)
        if measure:
            arcs.append((a, b))
            measures.append(measure)
            blots.append(index[a, b] if measure["blot"] else -1)
    table = [[measure.get(name, 0.0) for name in NUMBERS] for measure in measures]
    return (
        np.array(arcs, np.intp).reshape(-1, 2),
        np.array(table, np.float64).reshape(-1, len(NUMBERS)),
        np.array(blots, np.intp),
    )


def _mark_measures(runs: Runs, first: int, stop: int, known: bool) -> dict[str, float]:
    """What each number of a mark is multiplied by: the penalty is linear in them. Empty where it is forbidden."""
    marks = runs.settings.marks
    rubbish = 1.0 if known else 0.0  # its logarithm is added by the network's answer
    before = mark_penalty(runs.segments, first, stop, rubbish, marks)
    if not before < np.inf:
        return {}
    return {
        name: mark_penalty(
            runs.segments, first, stop, rubbish, replace(marks, **{name: getattr(marks, name) + 1})
        )
        - before
        for name in MARKS
    }


class InterpretedLine:
    """A line's interpretation graph by the answers of a network, and the way back from its arcs.

    Args:
        line: the line.
        penalties: eq. 7, (rows, classes): of the runs, then of those of `line.cut` that were classified once more.
        again: (rows − runs,) which of `line.cut` these are.
        j, scale: of eq. 9.
        numbers: of the reader, (11,).
        loops: of the graph.

    Attributes:
        graph: arcs are the runs under every class, in their order, and then the silent ones.
    """

    def __init__(
        self,
        line: Line,
        penalties: NDArray[np.floating],
        again: NDArray[np.intp],
        j: float,
        scale: float,
        numbers: F64,
        loops: Lattice = numpy_loops,
    ) -> None:
        self._line, self._scale, self._numbers = line, scale, numbers
        self._log = log_posteriors(penalties, j, scale)
        count, classes = len(line.first), self._log.shape[1] - 1
        # Of two answers the likelier counts, class by class.
        self._row = np.repeat(np.arange(count)[:, None], classes, 1)
        cut, second = line.cut[again], np.arange(count, len(self._log))
        likelier = self._log[second, :-1] < self._log[cut, :-1]
        self._row[cut] = np.where(likelier, second[:, None], self._row[cut])
        spoken = self._log[self._row, np.arange(classes)]
        self._sized = NUMBERS.index("small")
        shape = (line.measures @ numbers)[:, None] - np.outer(
            line.measures[:, self._sized] * numbers[self._sized], line.unsized
        )
        silence = line.silent_measures @ numbers
        self._blots = np.flatnonzero(line.blots >= 0)
        silence[self._blots] += self._log[line.blots[self._blots], -1]
        start = np.concatenate([np.repeat(line.first, classes), line.silent[:, 0]])
        end = np.concatenate([np.repeat(line.stop, classes), line.silent[:, 1]])
        penalty = np.concatenate([(spoken + shape).ravel(), silence])
        label = np.concatenate([np.tile(np.arange(classes), count), np.full(len(silence), SILENT)])
        # A path that cuts a free part, which is one character the surer, is charged on the arc that ends within it.
        a, b, part = line.whole.T
        self._best = spoken[part].argmin(1)
        self._sure = np.exp(-spoken[part].min(1))
        self._lacking = np.maximum(1 - self._sure, line.error)
        self._within = (start <= a[:, None]) & (end > a[:, None]) & (end < b[:, None])  # (parts, arcs)
        penalty -= (numbers[_WHOLE] * np.log(self._lacking)) @ self._within
        self.graph = Graph(line.nodes, start, end, label, penalty, loops)

    def slopes(self, arc_slopes: F64) -> tuple[F64, F64]:
        """∂E/∂y of every row, (rows, classes), and ∂E/∂number, (11,), from ∂E/∂penalty of the arcs, (arcs,)."""
        line, numbers = self._line, self._numbers
        count, classes = self._row.shape
        spoken = arc_slopes[: count * classes].reshape(count, classes)
        silent = arc_slopes[count * classes :]
        to_log = np.zeros_like(self._log)
        to_log[self._row, np.arange(classes)] = spoken
        np.add.at(to_log[:, -1], line.blots[self._blots], silent[self._blots])
        to_numbers: F64 = line.measures.T @ spoken.sum(1) + line.silent_measures.T @ silent
        to_numbers[self._sized] -= line.measures[:, self._sized] @ (spoken @ line.unsized)
        charged = self._within @ arc_slopes  # (parts,)
        to_numbers[_WHOLE] -= charged @ np.log(self._lacking)
        # ∂(−log(1 − p))/∂(−log p) = −p/(1 − p), unless the floor holds
        moving = 1 - self._sure > line.error
        by_log = np.where(moving, -numbers[_WHOLE] * charged * self._sure / self._lacking, 0.0)
        np.add.at(to_log, (self._row[line.whole[:, 2], self._best], self._best), by_log)
        return penalty_slopes(to_log, self._log, self._scale), to_numbers
