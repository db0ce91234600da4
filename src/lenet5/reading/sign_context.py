"""What signs of a line say of one another: a parenthesis has its pair, and a line with one slash may have a second.

Whether a stroke is a slash or a 1 is no question of its own for each of them: where one is a slash, another that is
like it is one too, and of two parentheses each is a reason to read the other. An automaton that remembers what was read
so far charges for it; the interpretation graph is composed with it (Section VI-C). # not in the paper
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..network.codes import SIGNS
from .interpretation_graph import InterpretationGraph

__all__ = ["SIGN_CONTEXT", "SignContext", "with_context"]

OPEN, CLOSE, SLASH = "(", ")", "/"
POINTS = ".,:"


@dataclass(frozen=True)
class SignContext:
    """What signs cost by what was read before them, in nats.

    Chosen on drawn lines of development writers and the tuning half of the cheque amounts.
    """

    pair: float = 2.0  # parentheses, one that opens and one that closes
    unpaired: float = 4.0  # each that has no other
    slash: float = 1.5  # the first slash of a line: that a 1 leans is likelier in other people's writing
    again: float = -1.0  # each further one: a date has two

    double: float = 2.0  # a point, comma or colon beside another

    @property
    def signs(self) -> str:
        """The signs as high as digits that it charges for."""
        return OPEN + CLOSE + SLASH


SIGN_CONTEXT = SignContext()


def with_context(
    line: InterpretationGraph, classes: Sequence[str], settings: SignContext = SIGN_CONTEXT
) -> InterpretationGraph:
    """A line's graph with the penalties of its signs by what was read before them.

    Args:
        line: its graph.
        classes: what its labels mean.
        settings: what signs cost.

    Returns:
        A graph of the same readings: a node for each state of the automaton that a node can be reached in. The same
        graph, where classes have no signs.
    """
    if not set(SIGNS) & set(classes):
        return line
    follow, weights, final = _automaton(classes, settings)
    graph, origin = line.graph.compose(follow, np.ones(len(follow), bool), weights=weights, final=final)
    own = origin >= 0
    positions = np.full(graph.nodes, line.positions[-1])
    positions[graph.start[own]] = line.positions[line.graph.start[origin[own]]]
    return InterpretationGraph(
        graph,
        np.where(own, line.candidate[origin], -1),
        line.glyphs,
        line.penalties,
        line.box,
        positions,
        line.confidences,
    )


def _automaton(
    classes: Sequence[str], settings: SignContext
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Next states and weights, (states, classes), and what ending costs, (states,).

    A state is whether a parenthesis is open, whether a slash was read, and whether a point was read last.
    """
    states = list(product((False, True), repeat=3))
    follow = np.zeros((len(states), len(classes)), np.intp)
    weights = np.zeros(follow.shape)
    for number, (opened, slashed, pointed) in enumerate(states):
        for label, name in enumerate(classes):
            after = (name == OPEN or (opened and name != CLOSE), slashed or name == SLASH, name in POINTS)
            follow[number, label] = states.index(after)
            if name == OPEN:
                weights[number, label] = settings.unpaired if opened else settings.pair
            elif name == CLOSE:
                weights[number, label] = 0.0 if opened else settings.unpaired
            elif name == SLASH:
                weights[number, label] = settings.again if slashed else settings.slash
            elif name in POINTS:
                weights[number, label] = settings.double if pointed else 0.0
    final = np.array([settings.unpaired - settings.pair if opened else 0.0 for opened, *_ in states])
    return follow, weights, final
