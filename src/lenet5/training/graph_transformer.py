"""Criteria of whole readings (Section VI): the energy of a graph whose right text is known, and its slope to each arc.

Three of the paper's: Viterbi training (VI-C), the penalty of the best path that spells the text; discriminative
Viterbi training (VI-D), the same less that of the best path of all; discriminative forward training (VI-E), the
forward penalty of all paths that spell the text less that of all paths. The last is −log of the text's share of all
paths, which is the confidence that reading gives it: never negative, and 0 only where no other text has a share. Its
derivative by an arc's penalty is the share of the text's paths through the arc less the share of all paths.

The way from arcs to the network: an arc's penalty holds −log p of a class by eq. 9, rubbish class included, and
`penalty_slopes` goes through it to the penalties of eq. 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..lattice.graph import Graph
from ..reading.interpretation_graph import SILENT

__all__ = [
    "CRITERIA",
    "Criterion",
    "constrain",
    "discriminative_forward",
    "discriminative_viterbi",
    "log_posteriors",
    "penalty_slopes",
    "viterbi",
]

F64 = NDArray[np.float64]
# Of a graph and the labels of its text: the energy, inf where no path spells the text, and ∂E/∂penalty, (arcs,).
Criterion = Callable[[Graph, Sequence[int]], tuple[float, F64]]


def constrain(graph: Graph, labels: Sequence[int]) -> tuple[Graph, NDArray[np.intp]]:
    """The paths of a graph that spell a text: its composition with the text (Section VI-C).

    As Graph.compose with an automaton of one string, which needs no search: a node of the composed graph is a node
    of the graph and the number of characters before it.

    Args:
        graph: any; silent arcs may lie anywhere between characters.
        labels: of the text's characters.

    Returns:
        The composed graph, and for each of its arcs the index of the arc it stands for.
    """
    stages = len(labels) + 1
    silent = np.flatnonzero(graph.label == SILENT)
    # An arc of the character after k others leads from stage k to k + 1; a silent one stays in its stage.
    arcs = [np.flatnonzero(graph.label == label) for label in labels]
    before = np.repeat(np.arange(stages - 1), [len(one) for one in arcs])
    origin = np.concatenate([*arcs, np.tile(silent, stages)]).astype(np.intp)
    stage = np.concatenate([before, np.repeat(np.arange(stages), len(silent))])
    after = np.concatenate([before + 1, stage[len(before) :]])
    composed = Graph(
        graph.nodes * stages,
        graph.start[origin] * stages + stage,
        graph.end[origin] * stages + after,
        graph.label[origin],
        graph.penalty[origin],
        graph.loops,
    )
    return composed, origin


def discriminative_forward(graph: Graph, labels: Sequence[int]) -> tuple[float, F64]:
    """Section VI-E: forward penalty of the text's paths less that of all paths; see Criterion."""
    right, origin = constrain(graph, labels)
    energy = right.forward_penalty()
    if not energy < np.inf:
        return np.inf, np.zeros(len(graph.start))
    slopes = np.bincount(origin, right.arc_posteriors(), len(graph.start)) - graph.arc_posteriors()
    return energy - graph.forward_penalty(), slopes


def viterbi(graph: Graph, labels: Sequence[int]) -> tuple[float, F64]:
    """Section VI-C: the penalty of the best path that spells the text; see Criterion."""
    right, origin = constrain(graph, labels)
    best, slopes = right.viterbi_path(), np.zeros(len(graph.start))
    if best is None:
        return np.inf, slopes
    slopes[origin[list(best.arcs)]] = 1
    return best.penalty, slopes


def discriminative_viterbi(graph: Graph, labels: Sequence[int]) -> tuple[float, F64]:
    """Section VI-D: the penalty of the text's best path less that of the best path of all; see Criterion."""
    energy, slopes = viterbi(graph, labels)
    best = graph.viterbi_path()
    if best is None or not energy < np.inf:
        return np.inf, slopes
    slopes[list(best.arcs)] -= 1
    return energy - best.penalty, slopes


CRITERIA: Mapping[str, Criterion] = {
    "discriminative-forward": discriminative_forward,
    "discriminative-viterbi": discriminative_viterbi,
    "viterbi": viterbi,
}


def log_posteriors(penalties: NDArray[np.floating], j: float, scale: float) -> F64:
    """−log p of eq. 9 for every class and, last, the rubbish class: (N, classes + 1), nats.

    Args:
        penalties: y of eq. 7, (N, classes).
        j, scale: as for network.losses.energy.
    """
    y = scale * np.asarray(penalties, np.float64)
    terms = np.concatenate([y, np.full((len(y), 1), float(j))], 1)
    least = terms.min(1, keepdims=True)
    total: F64 = terms - least + np.log(np.exp(least - terms).sum(1, keepdims=True))
    return total


def penalty_slopes(log_slopes: F64, log_posterior: F64, scale: float) -> F64:
    """∂E/∂y_i of eq. 7 from the slopes by −log p: s·(slope_i − p_i·Σ_k slope_k), the rubbish class among the k.

    Args:
        log_slopes: ∂E/∂(−log p), (N, classes + 1), the rubbish class last.
        log_posterior: from `log_posteriors`.
        scale: of eq. 9.

    Returns:
        (N, classes).
    """
    share = np.exp(-log_posterior[:, :-1])
    slopes: F64 = scale * (log_slopes[:, :-1] - share * log_slopes.sum(1, keepdims=True))
    return slopes
