"""Regular expressions, lists and lengths of allowed strings; what is accepted is compared with Python's own re."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from lenet5.lattice.automaton import Grammar, read_choices
from lenet5.lattice.grammar import make_grammar
from lenet5.network.codes import PRINTABLE

from .trial import Trial

Rng = np.random.Generator
ATOMS = ("0", "1", "7", r"\d", ".", "[0-4]", "[^5]", "(12|3)", "(1|)", "[13579]", "2")
SUFFIXES = ("", "", "", "?", "*", "+", "{2}", "{1,3}", "{2,}", "{0,1}")
SIGNS = (
    "(", ")", "[", "]", "{", "}", "|", "*", "+", "?",
    "\\", "\\d", "\\w", ".", "^", "$", "-", ",", "0", "9", "a", "é", "\0",
    "{999999999999}", "{0}", "(?:", "\\b", "(?=", "{1,1000}", "[9-0]", "[]",
)  # fmt: skip


def expressions(rng: Rng, folder: Path) -> Trial:
    """A pattern that Python's re knows as well, a pattern of any signs, a number, or a list of strings."""
    kind = rng.random()
    classes = "0123456789" if rng.random() < 0.7 else PRINTABLE
    if kind < 0.45:
        text = _valid(rng)
        strings = ["".join(map(str, rng.integers(0, 10, int(rng.integers(0, 6))))) for _ in range(20)]
        return Trial("patterns, valid", lambda: _compare(text, strings))
    if kind < 0.85:
        text = "".join(SIGNS[i] for i in rng.integers(0, len(SIGNS), int(rng.integers(0, 40))))
        if rng.random() < 0.05:
            text = str(
                rng.choice(
                    [
                        "(" * 100_000,
                        "a" * 100_000,
                        "(0*)*" * 500,
                        "[0-9]{500}{500}",
                        "(" * 60 + "1" + "+)" * 60,
                    ]
                )
            )
        return Trial("patterns, any signs", lambda: _make(classes, pattern=text))
    if kind < 0.92:
        digits = int(rng.choice([0, -1, 1, 7, 10**6, 10**9]))
        return Trial("lengths", lambda: _make(classes, digits=digits))
    path = folder / "choices.txt"
    path.write_bytes(
        rng.bytes(int(rng.integers(0, 200)))
        if rng.random() < 0.3
        else b"".join(b"%d\n" % n for n in rng.integers(0, 10**9, int(rng.choice([0, 1, 50, 20_000]))))
    )
    return Trial("lists", lambda: _make(classes, choices=read_choices(path)))


def _make(classes: str, **rule: object) -> None:
    grammar = make_grammar(classes, **rule)
    assert isinstance(grammar, Grammar), "no grammar, and no error"
    grammar.accepts([0, 1])


def _valid(rng: Rng) -> str:
    parts = [
        ATOMS[rng.integers(len(ATOMS))] + SUFFIXES[rng.integers(len(SUFFIXES))]
        for _ in range(int(rng.integers(1, 5)))
    ]
    return (
        "|".join(["".join(parts[: len(parts) // 2]), "".join(parts[len(parts) // 2 :])])
        if rng.random() < 0.2
        else "".join(parts)
    )


def _compare(text: str, strings: list[str]) -> None:
    grammar = make_grammar("0123456789", pattern=text)
    assert grammar is not None
    with_re = re.compile(text)
    for string in strings:
        here, there = grammar.accepts(list(map(int, string))), with_re.fullmatch(string) is not None
        assert here == there, (
            f"the pattern {text!r} {'accepts' if here else 'refuses'} {string!r}, and re does not"
        )
