"""What a reading may be: deterministic automata of characters (Section VI-C), made from a length or a list.

A graph composed with one of them (graph.Graph.compose) has only readings that it accepts: an amount of five
digits, one of a list of account numbers. regex.py makes one from a pattern.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["MOST_STATES", "Grammar", "choices", "length", "read_choices"]

MOST_STATES = 20_000  # of an automaton: enough for a list of thousands of numbers


@dataclass(frozen=True, eq=False)
class Grammar:
    """A deterministic automaton over a network's classes; state 0 is the first.

    Attributes:
        next_state: (states, classes) integers: the state that follows, −1 where the class may not come.
        accepting: (states,) bool: whether a reading may end there.
    """

    next_state: NDArray[np.intp]
    accepting: NDArray[np.bool_]

    def accepts(self, labels: Iterable[int]) -> bool:
        """Whether the automaton accepts a string, given as indices of classes."""
        state = 0
        for label in labels:
            state = int(self.next_state[state, label])
            if state < 0:
                return False
        return bool(self.accepting[state])

    def accepts_length(self, characters: int) -> bool:
        """Whether the automaton accepts any string of so many characters."""
        states = np.zeros(1, np.intp)
        for _ in range(characters):
            states = np.unique(self.next_state[states])
            states = states[states >= 0]
        return bool(self.accepting[states].any())


def length(least: int, most: int | None, classes: Sequence[str]) -> Grammar:
    """Strings of a length.

    Args:
        least: characters.
        most: characters; None is without limit.
        classes: the network's characters.

    Raises:
        InputError: there is no such length, or it needs too many states.
    """
    if least < 0 or (most is not None and most < max(least, 1)) or max(least, most or 0) > MOST_STATES:
        raise InputError(f"a reading cannot have from {least} to {most} characters")
    last = least if most is None else most
    state = np.arange(1, last + 2)
    state[-1] = last if most is None else -1
    accepting = np.arange(last + 1) >= least
    return Grammar(np.repeat(state[:, None], len(classes), 1).astype(np.intp), accepting)


def choices(strings: Iterable[str], classes: Sequence[str]) -> Grammar:
    """The given strings and no others.

    Args:
        strings: one or more.
        classes: the network's characters.

    Raises:
        InputError: there is no string, one has a character that is no class, or they need too many states.
    """
    index = {name: i for i, name in enumerate(classes)}
    rows, accepting = [[-1] * len(classes)], [False]
    for string in strings:
        state = 0
        for character in string:
            if character not in index:
                raise InputError(
                    f"{string!r} cannot be read: {character!r} is none of the classes {''.join(classes)}"
                )
            following = rows[state][index[character]]
            if following < 0:
                following = rows[state][index[character]] = len(rows)
                if len(rows) >= MOST_STATES:
                    raise InputError(f"the list of readings needs more than {MOST_STATES:,} states")
                rows.append([-1] * len(classes))
                accepting.append(False)
            state = following
        accepting[state] = bool(string) or accepting[state]
    if not any(accepting):
        raise InputError("there is no reading to choose from: the list is empty")
    return Grammar(np.array(rows, np.intp), np.array(accepting))


def read_choices(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a text file, for `choices`; empty ones are left out. Raises InputError if it cannot be read."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    return [line.strip() for line in lines if line.strip()]
