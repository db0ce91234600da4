"""The readings that keep rules are the likeliest ones, by brute force."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from lenet5.bulk.plausibility import PlausibilitySettings, _combinations, settle
from lenet5.bulk.rules import Agree, Check, Sum, parse_sum


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


@pytest.mark.parametrize("seed", range(30))
def test_combinations_come_once_each_the_likeliest_first(seed):
    rng = random.Random(seed)
    shares = [sorted((rng.random() for _ in range(rng.randint(1, 4))), reverse=True) for _ in range(seed % 6)]
    options = [[(str(place), share) for place, share in enumerate(column)] for column in shares]
    expected = [math.prod(share for _, share in readings) for readings in itertools.product(*options)]
    found = list(_combinations(options, 10_000))
    assert len({texts for _, texts in found}) == len(found) == len(expected)
    assert [share for share, _ in found] == pytest.approx(sorted(expected, reverse=True))
    assert list(_combinations(options, 3)) == found[:3]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_negligible_changes_no_text_and_hardly_a_confidence(seed):
    rng = random.Random(seed)
    marks = [rng.randrange(10) for _ in range(12)]
    readings = {}
    for number, mark in enumerate(marks):
        others = [digit for digit in range(10) if digit != mark]
        rng.shuffle(others)
        doubt = 10 ** rng.uniform(-6, -0.5)
        readings[f"m_{number}"] = [
            (str(mark), 1 - doubt),
            (str(others[0]), doubt / 2),
            (str(others[1]), doubt / 3),
        ]
    readings["sum"] = [(str(sum(marks) + rng.choice((0, 1))), 0.6), (str(sum(marks)), 0.3)][seed % 2 :]
    rule = parse_sum("m_0+m_1+m_2+m_3+m_4+m_5+m_6+m_7+m_8+m_9+m_10+m_11=sum")
    quick, whole = (settle(readings, [rule], PlausibilitySettings(negligible=share)) for share in (1e-6, 0.0))
    for name in readings:
        assert quick[name].text == whole[name].text
        assert quick[name].confidence == pytest.approx(whole[name].confidence, abs=1e-4)


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
