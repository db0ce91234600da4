"""Rules on values: check digits as python-stdnum has them, sums, ranges, and what is no rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.bulk.rules import Check, parse_agree, parse_check, parse_sum
from lenet5.errors import InputError

DIGITS = st.text("0123456789", min_size=1, max_size=14)


@given(DIGITS)
@settings(deadline=None)
def test_luhn_is_that_of_python_stdnum(text):
    luhn = pytest.importorskip("stdnum.luhn", reason="python-stdnum is not installed")
    assert Check("a", "luhn").holds({"a": text}) == luhn.is_valid(text)
    assert Check("a", "luhn").holds({"a": text + luhn.calc_check_digit(text)})


@given(st.text("0123456789", min_size=9, max_size=9), st.sampled_from("0123456789X"))
@settings(deadline=None)
def test_isbn_is_that_of_python_stdnum(text, last):
    isbn = pytest.importorskip("stdnum.isbn", reason="python-stdnum is not installed")
    check = Check("a", "isbn")
    assert check.holds({"a": text + last}) == isbn.is_valid(text + last)
    long = "978" + text + last.replace("X", "0")
    assert check.holds({"a": long}) == isbn.is_valid(long)
    assert check.holds({"a": isbn.to_isbn13(text + isbn._calc_isbn10_check_digit(text))})


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=5, max_size=20))
@settings(deadline=None)
def test_mod_97_is_that_of_python_stdnum_and_takes_the_first_four_of_an_iban_last(text):
    mod97 = pytest.importorskip("stdnum.iso7064.mod_97_10", reason="python-stdnum is not installed")
    digits = "1" + "".join(letter for letter in text if letter.isdigit())
    whole = digits + mod97.calc_check_digits(digits)
    assert Check("a", "mod97").holds({"a": whole})
    assert not Check("a", "mod97").holds({"a": whole[:-1] + str((int(whole[-1]) + 1) % 10)})
    assert Check("a", "mod97").holds({"a": "GB82 WEST 1234 5698 7654 32"})  # ISO 13616's example
    assert not Check("a", "mod97").holds({"a": "GB82WEST12345698765433"})
    assert not Check("a", "mod97").holds({"a": "4.5"})


def test_weights_count_from_the_left_and_are_repeated():
    check = parse_check("code = 3,1 mod 10 = 2")
    assert str(check) == "code=3,1 mod 10=2"
    assert check.holds({"code": "4"})  # 3·4 = 12
    assert check.holds({"code": "103"})  # 3·1 + 1·0 + 3·3 = 12
    assert not check.holds({"code": "04"})  # 3·0 + 1·4


def test_a_range_a_sum_and_agreement_are_about_numbers():
    span = parse_check("mark=0..20")
    assert span.holds({"mark": "20"}) and not span.holds({"mark": "21"}) and not span.holds({"mark": "2a"})
    assert span.chance({"mark": "15"}) == pytest.approx(0.21) and span.chance({"mark": "7"}) == 1
    total = parse_sum("net + tax - back = total")
    assert total.columns == ("net", "tax", "back", "total") and str(total) == "net+tax-back=total"
    assert total.holds({"net": "10,50", "tax": "1.5", "back": "", "total": "12"})
    assert not total.holds({"net": "10", "tax": "1", "back": "1", "total": "11"})
    assert not total.holds({"net": "10", "tax": "x", "back": "1", "total": "11"})
    assert not total.holds({"net": "10", "tax": "", "back": "", "total": ""})
    same = parse_agree("a=b")
    assert same.holds({"a": "00417", "b": "417"}) and same.holds({"a": "4 17", "b": "417"})
    assert not same.holds({"a": "417", "b": "471"}) and same.chance({"a": "41", "b": "417"}) == pytest.approx(
        1e-3
    )


def test_neighbouring_columns_are_named_by_their_ends():
    assert parse_sum("m_1:m_3-m_4=m_5").columns == ("m_1", "m_2", "m_3", "m_4", "m_5")
    assert parse_sum("m_1:n_3=m_5").columns == ("m_1:n_3", "m_5")  # no span: a name with a colon


def test_where_nothing_is_written_rules_hold():
    assert all(
        Check("a", kind, (1,)).holds({"a": ""}) for kind in ("luhn", "isbn", "mod97", "weights", "range")
    )
    assert parse_agree("a=b").holds({"a": "", "b": ""})
    assert parse_sum("a+b=c").holds({"a": "", "b": "", "c": ""})


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_agree, "a"), (parse_agree, "a=a"), (parse_agree, "a=b=c"), (parse_agree, "=b"),
        (parse_sum, "a+b"), (parse_sum, "a++b=c"), (parse_sum, "a+a=c"), (parse_sum, "a+b=a"), (parse_sum, "=c"),
        (parse_sum, "a+b=c=d"), (parse_sum, "a_3:a_1=b"), (parse_sum, "a+=c"),
        (parse_check, "a"), (parse_check, "=luhn"), (parse_check, "a=3,1"), (parse_check, "a=9..2"),
        (parse_check, "a=3 mod 1"), (parse_check, "a=3 mod 5 = 5"), (parse_check, "a=__import__('os')"),
        (parse_check, "a=3 mod 99999999999999"), (parse_check, "a=٣ mod 7"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_a_sentence(parse, text):
    with pytest.raises(InputError, match="the rule "):
        parse(text)
