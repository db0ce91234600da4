"""Tests of the errors."""

from hypothesis import given
from hypothesis import strategies as st

from lenet5 import errors
from lenet5.errors import LeNet5Error, ModelError


@given(st.text(max_size=1200))
def test_a_sentence_is_kept_as_it_is(text: str) -> None:
    assert str(LeNet5Error(text)) == text


def test_what_a_damaged_file_says_is_quoted_in_part_with_the_advice_at_the_end() -> None:
    text = str(
        ModelError(f"the metadata of a.safetensors cannot be read ({'x' * 100_000}); train the model again")
    )
    assert len(text) <= 1200
    assert text.startswith("the metadata of a.safetensors cannot be read (xxx")
    assert text.endswith("xxx); train the model again")


def test_every_error_shortens_what_it_quotes_whatever_else_it_is() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert len(kinds) == 9
    for kind in kinds:
        assert len(str(kind("y" * 5000))) <= 1200
