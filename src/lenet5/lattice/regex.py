"""What a reading may be: automata of characters, made from a length, a list or a pattern.

A segmentation graph composed with one of them (Section VI-C; graph.Graph.within) has only readings that it
accepts: an amount of five digits, one of a list of account numbers. State 0 is the first;
`next_state[state, class]` is the state that follows, −1 where the class may not come.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["Grammar", "allowed", "choices", "length", "listed", "pattern"]

MOST_STATES = 20_000  # of an automaton: enough for a list of thousands of numbers
DEEPEST = 40  # brackets within brackets
UNBOUNDED = -1  # a repetition without a last: `*`, `+`, `{2,}`

SPACES = {"d": "0123456789", "w": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"}


@dataclass(frozen=True, eq=False)
class Grammar:
    """A deterministic automaton. next_state: (states, classes) integers; accepting: (states,) bool."""

    next_state: NDArray[np.intp]
    accepting: NDArray[np.bool_]

    def accepts(self, labels: Iterable[int]) -> bool:
        """Whether a string, given as indices of classes, is one that this automaton accepts."""
        state = 0
        for label in labels:
            state = int(self.next_state[state, label])
            if state < 0:
                return False
        return bool(self.accepting[state])


def length(least: int, most: int | None, classes: Sequence[str]) -> Grammar:
    """Strings of `least` to `most` characters; most=None: as many as like."""
    if least < 0 or (most is not None and most < max(least, 1)) or max(least, most or 0) > MOST_STATES:
        raise InputError(f"a reading cannot have from {least} to {most} characters")
    last = least if most is None else most
    state = np.arange(1, last + 2)
    state[-1] = last if most is None else -1
    accepting = np.arange(last + 1) >= least
    return Grammar(np.repeat(state[:, None], len(classes), 1).astype(np.intp), accepting)


def choices(strings: Iterable[str], classes: Sequence[str]) -> Grammar:
    """Only the given strings. Raises InputError for none, and for a character that is no class."""
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


def allowed(
    classes: Sequence[str],
    *,
    digits: int | None = None,
    pattern: str | None = None,
    choices: Iterable[str] | None = None,
) -> Grammar | None:
    """What a string may be: so many characters, what a pattern matches, or one of a list; None: anything.

    Raises InputError for more than one of the three, and as they do.
    """
    if sum(rule is not None for rule in (digits, pattern, choices)) > 1:
        raise InputError("digits, pattern and choices exclude one another: give one of them")
    if digits is not None:
        return length(digits, digits, classes)
    if pattern is not None:
        return _matched(pattern, classes)
    return None if choices is None else _chosen(choices, classes)


def listed(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a text file, for `choices`; empty ones are left out. Raises InputError."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    return [line.strip() for line in lines if line.strip()]


def pattern(expression: str, classes: Sequence[str]) -> Grammar:
    r"""Strings that a regular expression matches whole: characters, `.`, `\d`, `\w`, `[0-5x]`, `[^…]`, `(…)`,
    `|`, and after any of these `?`, `*`, `+`, `{3}`, `{2,}`, `{2,4}`; `\` before a sign takes it literally.

    Raises InputError, with the place, for what is not such an expression, or where no string can match.
    """
    states = _States()
    start, end = _Parser(expression, classes, states).whole()
    return _deterministic(states, start, end, len(classes), expression)


# Under other names, for where an argument has theirs.
_matched, _chosen = pattern, choices


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


class _Parser:
    """Recursive descent; every method gives the first and last state of what it has read."""

    def __init__(self, text: str, classes: Sequence[str], states: _States) -> None:
        self.text, self.at, self.states, self.depth = text, 0, states, 0
        self.index = {name: i for i, name in enumerate(classes)}

    def wrong(self, what: str) -> InputError:
        return InputError(f"the pattern {self.text!r} cannot be used: {what} (character {self.at + 1})")

    def next(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self, signs: str) -> bool:
        found = bool(self.next()) and self.next() in signs
        self.at += found
        return found

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
        found = frozenset(self.index[c] for c in self.characters() if c in self.index)
        start, end = self.states.new(), self.states.new()
        self.states.moves[start] = (found, end)
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
        found: set[str] = set()
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
                found |= {chr(c) for c in range(ord(first), ord(last) + 1)}
            else:
                found |= set(first)
        return set(self.index) - found if others else found


def _deterministic(states: _States, start: int, end: int, classes: int, expression: str) -> Grammar:
    """The same strings without choices: every state a set of the states it could have been."""

    def reached(found: Iterable[int]) -> frozenset[int]:
        waiting, seen = list(found), set(found)
        while waiting:
            for state in states.free[waiting.pop()] - seen:
                seen.add(state)
                waiting.append(state)
        return frozenset(seen)

    sets = [reached([start])]
    numbers = {sets[0]: 0}
    rows: list[list[int]] = []
    for here in sets:  # grows while it is walked
        following: list[set[int]] = [set() for _ in range(classes)]
        for state in here:
            if states.moves[state]:
                found, after = states.moves[state]
                for label in found:
                    following[label].add(after)
        row = []
        for after in following:
            if not after:
                row.append(-1)
                continue
            key = reached(after)
            if key not in numbers:
                if len(sets) >= MOST_STATES:
                    raise InputError(f"the pattern {expression!r} needs more than {MOST_STATES:,} states")
                numbers[key] = len(sets)
                sets.append(key)
            row.append(numbers[key])
        rows.append(row)
    accepting = np.array([end in here for here in sets])
    if not accepting[1:].any() and not accepting[0]:
        raise InputError(f"the pattern {expression!r} matches nothing that these weights can read")
    return Grammar(np.array(rows, np.intp).reshape(len(sets), classes), accepting)
