"""Regular expressions as automata: parsed by recursive descent, and made deterministic.

K. Thompson, "Regular expression search algorithm", Communications of the ACM, 1968, doi:10.1145/363347.363387.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import InputError
from .automaton import MOST_STATES, Grammar

__all__ = ["pattern"]

DEEPEST = 40  # brackets within brackets
UNBOUNDED = -1  # a repetition without a last: `*`, `+`, `{2,}`

SPACES = {"d": "0123456789", "w": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"}


def pattern(expression: str, classes: Sequence[str]) -> Grammar:
    r"""Strings that a regular expression matches whole.

    Args:
        expression: characters, `.`, `\d`, `\w`, `[0-5x]`, `[^…]`, `(…)`, `|`, and after any of these `?`, `*`,
            `+`, `{3}`, `{2,}`, `{2,4}`; `\` before a sign takes it literally.
        classes: the network's characters.

    Raises:
        InputError: it is no such expression (the sentence names the place), no string can match, or it needs too
            many states.
    """
    states = _States()
    parser = _Parser(expression, classes, states)
    start, end = parser.whole()
    return _deterministic(states, start, end, len(classes), expression, sorted(parser.unread))


class _States:
    """A nondeterministic automaton (Thompson 1968) under construction."""

    def __init__(self) -> None:
        self.free: list[set[int]] = []  # where a state leads without a character
        self.moves: list[tuple[frozenset[int], int] | None] = []  # (classes, next state)

    def new(self) -> int:
        if len(self.free) >= MOST_STATES:
            raise InputError(f"the pattern needs more than {MOST_STATES:,} states: make it simpler")
        self.free.append(set())
        self.moves.append(None)
        return len(self.free) - 1

    def closure(self, starts: Iterable[int]) -> frozenset[int]:
        """The states, and all that they lead to without a character."""
        waiting, closed = list(starts), set(starts)
        while waiting:
            for state in self.free[waiting.pop()] - closed:
                closed.add(state)
                waiting.append(state)
        return frozenset(closed)

    def following(self, here: Iterable[int], classes: int) -> list[set[int]]:
        """For each class the states to which it leads from any of these."""
        after: list[set[int]] = [set() for _ in range(classes)]
        for state in here:
            move = self.moves[state]
            if move:
                labels, target = move
                for label in labels:
                    after[label].add(target)
        return after


class _Parser:
    """Recursive descent; every method gives the first and last state of what it has read."""

    def __init__(self, text: str, classes: Sequence[str], states: _States) -> None:
        self.text, self.at, self.states, self.depth = text, 0, states, 0
        self.index = {name: i for i, name in enumerate(classes)}
        self.unread: set[str] = set()  # characters of the pattern that the network does not know

    def wrong(self, what: str) -> InputError:
        return InputError(f"the pattern '{self.text:.100}' cannot be used: {what} (character {self.at + 1})")

    def next(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self, signs: str) -> bool:
        taken = bool(self.next()) and self.next() in signs
        self.at += taken
        return taken

    def whole(self) -> tuple[int, int]:
        part = self.either()
        if self.next():
            raise self.wrong("a bracket closes that was not opened")
        return part

    def either(self) -> tuple[int, int]:
        parts = [self.sequence()]
        while self.take("|"):
            parts.append(self.sequence())
        start, end = self.states.new(), self.states.new()
        for first, last in parts:
            self.states.free[start].add(first)
            self.states.free[last].add(end)
        return start, end

    def sequence(self) -> tuple[int, int]:
        start = end = self.states.new()
        while self.next() and self.next() not in "|)":
            begin = self.at
            first, last = self.atom()
            bounds = self.bounds()
            if bounds:
                after = self.at
                first, last = self.repeated(begin, *bounds)
                self.at = after
            self.states.free[end].add(first)
            end = last
        return start, end

    def bounds(self) -> tuple[int, int] | None:
        """The least and most of a repetition, if one follows."""
        for sign, bounds in (("?", (0, 1)), ("*", (0, UNBOUNDED)), ("+", (1, UNBOUNDED))):
            if self.take(sign):
                return bounds
        if not self.take("{"):
            return None
        closing = self.text.find("}", self.at)
        parts = self.text[self.at : closing].split(",") if closing >= 0 else []
        if not (
            1 <= len(parts) <= 2
            and parts[0].isdecimal()
            and (len(parts) == 1 or parts[1].isdecimal() or not parts[1])
        ):
            raise self.wrong("{ must be followed by a number, or two with a comma, and }")
        least = int(parts[0])
        most = least if len(parts) == 1 else int(parts[1]) if parts[1] else UNBOUNDED
        if most != UNBOUNDED and most < least:
            raise self.wrong(f"it asks for at least {least} and at most {most}")
        self.at = closing + 1
        return least, most

    def repeated(self, begin: int, least: int, most: int) -> tuple[int, int]:
        """The atom at `begin` over and over: read again for every copy."""
        start = end = self.states.new()
        copies = max(least, most, 1) if most != UNBOUNDED else max(least, 1)
        leave = self.states.new()
        for copy in range(copies):
            if copy >= least:
                self.states.free[end].add(leave)
            self.at = begin
            first, last = self.atom()
            self.states.free[end].add(first)
            if most == UNBOUNDED and copy == copies - 1:
                self.states.free[last].add(first)
            end = last
        if most != 0:
            self.states.free[end].add(leave)
        return start, leave

    def atom(self) -> tuple[int, int]:
        if self.take("("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise self.wrong(f"it has more than {DEEPEST} brackets within one another")
            part = self.either()
            self.depth -= 1
            if not self.take(")"):
                raise self.wrong("a ( is not closed")
            return part
        if self.next() in "?*+{":
            raise self.wrong(f"there is nothing for {self.next()} to repeat")
        characters = list(self.characters())
        labels = frozenset(self.index[c] for c in characters if c in self.index)
        if not labels:
            self.unread |= set(characters)
        start, end = self.states.new(), self.states.new()
        self.states.moves[start] = (labels, end)
        return start, end

    def characters(self) -> Iterable[str]:
        if self.take("."):
            return self.index
        if self.take("["):
            return self.bracketed()
        return self.one()

    def one(self) -> str:
        """One literal character, or those of `\\d` or `\\w`."""
        literal = not self.take("\\")
        sign = self.next()
        if not sign:
            raise self.wrong("it ends where a character must follow")
        self.at += 1
        return sign if literal else SPACES.get(sign, sign)

    def bracketed(self) -> set[str]:
        others = self.take("^")
        characters: set[str] = set()
        while not self.take("]"):
            if not self.next():
                raise self.wrong("a [ is not closed")
            first = self.one()
            if (
                len(first) == 1
                and self.next() == "-"
                and self.text[self.at + 1 : self.at + 2] not in ("]", "")
            ):
                self.at += 1
                last = self.one()
                if len(last) > 1 or last < first:
                    raise self.wrong(f"there is nothing from {first} to {last[:1]}")
                characters |= {chr(c) for c in range(ord(first), ord(last) + 1)}
            else:
                characters |= set(first)
        return set(self.index) - characters if others else characters


def _deterministic(
    states: _States, start: int, end: int, classes: int, expression: str, unread: Sequence[str]
) -> Grammar:
    """The same strings by a deterministic automaton (Rabin and Scott 1959): each state is a set of states."""
    sets = [states.closure([start])]
    numbers = {sets[0]: 0}
    rows: list[list[int]] = []
    for here in sets:  # grows while it is walked
        row = []
        for after in states.following(here, classes):
            if not after:
                row.append(-1)
                continue
            key = states.closure(after)
            if key not in numbers:
                if len(sets) >= MOST_STATES:
                    raise InputError(
                        f"the pattern {expression!r:.100} needs more than {MOST_STATES:,} states"
                    )
                numbers[key] = len(sets)
                sets.append(key)
            row.append(numbers[key])
        rows.append(row)
    accepting = np.array([end in here for here in sets])
    if not accepting.any():
        signs = " ".join(map(repr, unread))
        why = f": they do not know {signs}, and leave signs out: write the pattern without" if unread else ""
        raise InputError(f"the pattern '{expression:.100}' matches nothing that these weights can read{why}")
    return Grammar(np.array(rows, np.intp).reshape(len(sets), classes), accepting)
