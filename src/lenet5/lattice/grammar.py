"""The grammar that options and forms ask for: a number of characters, a pattern, or a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import InputError
from . import automaton, regex
from .automaton import Grammar

__all__ = ["make_grammar"]


def make_grammar(
    classes: Sequence[str],
    *,
    digits: int | None = None,
    pattern: str | None = None,
    choices: Iterable[str] | None = None,
) -> Grammar | None:
    """What a string may be.

    Args:
        classes: the network's characters.
        digits: number of characters.
        pattern: a regular expression (regex.pattern).
        choices: the strings that are allowed.

    Returns:
        A grammar; None, where all three are None: every string is allowed.

    Raises:
        InputError: more than one of the three is given, or the one cannot be used.
    """
    if sum(rule is not None for rule in (digits, pattern, choices)) > 1:
        raise InputError("digits, pattern and choices exclude one another: give one of them")
    if digits is not None:
        return automaton.length(digits, digits, classes)
    if pattern is not None:
        return regex.pattern(pattern, classes)
    return None if choices is None else automaton.choices(choices, classes)
