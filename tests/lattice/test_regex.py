"""What a reading may be: against Python's own regular expressions, and every string listed."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.errors import InputError
from lenet5.lattice.automaton import choices, length, read_choices
from lenet5.lattice.regex import pattern

DIGITS = "0123456789"
STRINGS = ["".join(s) for n in range(5) for s in itertools.product("012x", repeat=n)]
CLASSES = "012x"


def accepted(grammar) -> set[str]:
    return {s for s in STRINGS if grammar.accepts(CLASSES.index(c) for c in s)}


ATOM = st.sampled_from(["0", "1", "2", ".", r"\d", "[01]", "[^0]", "[0-2]", r"\x", "[x1-2]"])
SUFFIX = st.sampled_from(["", "", "?", "*", "+", "{2}", "{0}", "{1,2}", "{2,}", "{0,2}"])
EXPRESSIONS = st.recursive(
    st.builds("{}{}".format, ATOM, SUFFIX),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{}|{}".format, inner, inner),
        st.builds("({}){}".format, inner, SUFFIX),
    ),
    max_leaves=6,
)  # fmt: skip


@given(EXPRESSIONS)
@settings(max_examples=100, deadline=None)
def test_the_lengths_that_a_pattern_accepts_are_those_of_the_strings_it_accepts(expression):
    grammar = pattern(expression, CLASSES)
    lengths = {len(string) for string in accepted(grammar)}
    assert {n for n in range(5) if grammar.accepts_length(n)} == lengths


@given(EXPRESSIONS)
@settings(max_examples=300, deadline=None)
def test_a_pattern_accepts_what_pythons_regular_expressions_match(expression):
    python = expression.replace(r"\x", "x")  # which Python reads as the start of a number
    assert accepted(pattern(expression, CLASSES)) == {s for s in STRINGS if re.fullmatch(python, s)}


def test_a_length_accepts_strings_of_that_length():
    assert accepted(length(3, 3, CLASSES)) == {s for s in STRINGS if len(s) == 3}
    assert accepted(length(1, 2, CLASSES)) == {s for s in STRINGS if 1 <= len(s) <= 2}
    assert accepted(length(2, None, CLASSES)) == {s for s in STRINGS if len(s) >= 2}
    assert accepted(length(0, None, CLASSES)) == set(STRINGS)


@given(st.lists(st.sampled_from([s for s in STRINGS if s]), min_size=1, max_size=12))
@settings(deadline=None)
def test_choices_accept_just_themselves(strings):
    assert accepted(choices(strings, CLASSES)) == set(strings)


@pytest.mark.parametrize(
    "expression",
    [
        "(1",
        "1)",
        "*",
        "1**",
        "1{",
        "1{a}",
        "1{3,2}",
        "[1",
        "\\",
        "a",
        "(",
        "[5-1]",
        "1|+",
        "{2}",
        "1{2",
        "x{",
    ],
)
def test_what_is_no_pattern_or_matches_nothing_is_refused(expression):
    with pytest.raises(InputError, match="pattern") as met:
        pattern(expression, DIGITS)
    assert "\n" not in str(met.value)


def test_a_pattern_without_end_is_refused_and_does_not_hang():
    with pytest.raises(InputError, match="states"):
        pattern("((1{100}){100}){100}", DIGITS)


def test_impossible_lengths_and_lists_are_refused():
    for least, most in ((-1, 2), (3, 2), (0, 0), (1, 10**9)):
        with pytest.raises(InputError, match="cannot have"):
            length(least, most, DIGITS)
    with pytest.raises(InputError, match="'a' is none of the classes"):
        choices(["12a"], DIGITS)
    for none in ([], [""]):
        with pytest.raises(InputError, match="empty"):
            choices(none, DIGITS)


def test_a_list_is_a_line_each(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("12\n\n 007 \n")
    assert read_choices(path) == ["12", "007"]
    path.write_bytes(b"\xff\xfe\xff")
    for wrong in (path, tmp_path / "none.txt"):
        with pytest.raises(InputError, match="cannot read"):
            read_choices(wrong)


def test_a_pattern_is_quoted_as_it_was_typed():
    with pytest.raises(InputError) as met:
        pattern(r"\d{4", "0123456789")
    assert str(met.value).startswith(r"the pattern '\d{4' cannot be used")
