"""Rules on values: check digits as python-stdnum has them, and the readings that keep rules, by brute force."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.bulk.plausibility import (
    Agree,
    Check,
    PlausibilitySettings,
    Sum,
    parse_agree,
    parse_check,
    parse_sum,
    settle,
)
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


def brute_force(readings, rules, broken):
    """The posterior of every combination, by Bayes' theorem, over all of them."""
    names = list(readings)
    weights = {}
    for combination in itertools.product(*readings.values()):
        texts = {name: text for name, (text, _) in zip(names, combination, strict=True)}
        probability = math.prod(p for _, p in combination)
        keeps = all(rule.holds(texts) for rule in rules)
        chance = math.prod(rule.chance(texts) for rule in rules)
        factor = broken + ((1 - broken) / chance if keeps else 0)
        weights[tuple(texts.items())] = (probability * factor, keeps)
    rest = 1 - math.prod(sum(p for _, p in options) for options in readings.values())
    return weights, sum(weight for weight, _ in weights.values()) + rest


@pytest.mark.parametrize("seed", range(20))
def test_the_likeliest_combination_that_keeps_the_rules_is_that_of_brute_force(seed):
    rng = random.Random(seed)
    rules = [Agree("a", "b"), Check("b", "luhn"), Sum((("b", 1), ("c", 1)), "d")]
    readings = {}
    for name in "abcd":
        shares = sorted((rng.random() for _ in range(4)), reverse=True)
        texts = [*rng.sample([str(n) for n in range(40) if n not in (7, 18, 25)], 3), "18"]
        readings[name] = [(t, s / sum(shares) * 0.97) for t, s in zip(texts, shares, strict=True)]
    readings["c"][-1] = ("7", readings["c"][-1][1])
    readings["d"][-1] = ("25", readings["d"][-1][1])
    weights, total = brute_force(readings, rules, 0.02)
    best = max((texts for texts, (_, keeps) in weights.items() if keeps), key=lambda texts: weights[texts][0])
    answers = settle(readings, rules, PlausibilitySettings(broken=0.02))
    for name, text in best:
        assert answers[name].text == text
        share = sum(weight for texts, (weight, _) in weights.items() if dict(texts)[name] == text)
        # Where one of the others is a text beyond its readings, nothing is known of the rules.
        beyond = 1 - math.prod(sum(p for _, p in readings[other]) for other in readings if other != name)
        share = (share + dict(readings[name])[text] * beyond) / total
        assert answers[name].confidence == pytest.approx(share)
        assert set(answers[name].rules) == {"a=b", "b=luhn", "b+c=d"}


def test_two_fields_that_agree_decide_together():
    readings = {"a": [("411", 0.6), ("417", 0.38)], "b": [("477", 0.5), ("417", 0.48)]}
    answers = settle(readings, [Agree("a", "b")])
    assert answers["a"].text == answers["b"].text == "417"
    assert answers["a"].confidence > 0.98  # a chance of one in a thousand speaks for it


def test_a_rule_takes_it_that_something_is_written_where_the_network_doubts_it():
    readings = {"a": [("5", 0.2)], "b": [("13", 0.95), ("15", 0.03)], "c": [("10", 0.999)]}
    answers = settle(readings, [parse_sum("a+c=b")])
    assert answers["b"].text == "15" and answers["a"].confidence > 0.9


def test_a_value_is_no_less_sure_for_the_doubt_about_another():
    readings = {"a": [("5", 0.001)], "b": [("7", 0.5)], "c": [("1", 1.0)]}
    answers = settle(readings, [parse_sum("a+c=b")], PlausibilitySettings(others=1.0))
    assert {answer.text for answer in answers.values()} == {None}
    readings["b"].append(("6", 0.001))
    answers = settle(readings, [parse_sum("a+c=b")], PlausibilitySettings(others=1.0))
    assert answers["a"].confidence < 0.01 and answers["c"].confidence > 0.99


def test_what_no_combination_keeps_and_what_is_not_read_is_said():
    answers = settle({"a": [("18", 1.0)], "b": [("19", 1.0)]}, [Agree("a", "b"), Check("a", "luhn")])
    assert {answer.text for answer in answers.values()} == {None}
    assert settle({"a": [("18", 1.0)], "b": []}, [Agree("a", "b")]) == {}
    apart = settle({"a": [("18", 0.9)], "b": [("19", 0.9)]}, [Check("a", "luhn"), Check("b", "luhn")])
    assert apart["a"].text == "18" and apart["b"].text is None  # rules that share nothing stand alone


def test_a_rule_does_not_bend_a_reading_that_is_all_but_certain():
    readings = {"a": [("19", 0.9999), ("18", 1e-7)]}
    assert settle(readings, [Check("a", "luhn")])["a"].confidence < 0.01


def test_many_columns_are_tried_from_the_likeliest_combination_on():
    readings = {f"m_{n}": [("1", 0.9), ("7", 0.09), ("2", 0.005)] for n in range(19)}
    readings["m_19"] = [("31", 0.7), ("25", 0.2)]  # 19 ones, one of which is a seven: which one is not known
    answers = settle(readings, [parse_sum("+".join(f"m_{n}" for n in range(19)) + "=m_19")])
    assert answers["m_19"].text == "25"
    assert 0.9 < answers["m_3"].confidence + 1 / 19 < 1.01 and answers["m_3"].confidence < 0.97
