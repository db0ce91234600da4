"""The readings that keep rules: how plausible values turn doubt into acceptance.

Among the readings of the columns that rules join, each with its probability p, the best combination that keeps the
rules is taken, with the probability that Bayes' theorem gives it. What is written keeps a rule but for a small share
of forms; where it does, its prior is higher than that of any texts by 1 / chance, the chance being the share of random
texts that keep the rule: one in ten of a check digit, one in 97 of mod 97. # not in the paper
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .rules import Rule

__all__ = ["PLAUSIBILITY", "PlausibilitySettings", "Reading", "Settled", "settle"]

Reading = tuple[str, float]  # a text and its probability, 0 … 1
LEAST = 1e-9  # probability of a reading, at least


@dataclass(frozen=True)
class PlausibilitySettings:
    """How far a rule is trusted."""

    broken: float = 0.01  # share of forms that break a rule as they are written; an assumption, not measured
    # Probability that none of a value's readings is what is written, at most. The confidence also leaves a share to
    # what is no character at all; a rule takes it that something is written that keeps it. Set by
    # two generated forms (benchmarks/forms.py, seed 22, the first two).
    others: float = 0.05
    combinations: int = 5000  # of readings that are tried, the likeliest first, at most …
    # … and until all others together are this share of the likeliest that keeps the rules: two digits more in a sum
    # make what is left a hundred times as important, which is then still nothing.
    negligible: float = 1e-6


PLAUSIBILITY = PlausibilitySettings()


@dataclass(frozen=True)
class Settled:
    """What rules say of one column.

    Args:
        text: of the likeliest combination that keeps the rules; None: no combination does.
        confidence: probability of that text, 0 … 1.
        rules: those that the column is joined by, as they were written.
    """

    text: str | None
    confidence: float
    rules: tuple[str, ...]


def settle(
    readings: Mapping[str, Sequence[Reading]],
    rules: Sequence[Rule],
    settings: PlausibilitySettings = PLAUSIBILITY,
) -> dict[str, Settled]:
    """The readings that keep rules.

    Args:
        readings: of each column the different texts that it may have, the best first.
        rules: those with a column that has no readings are passed over.
        settings: how far rules are trusted.

    Returns:
        Of each column that a rule is about what the rules say.
    """
    answers: dict[str, Settled] = {}
    left = [rule for rule in rules if all(readings.get(name) for name in rule.columns)]
    while left:
        # Rules that share columns are kept together.
        joined, names = [left.pop(0)], set()
        while True:
            names = {name for rule in joined for name in rule.columns}
            more = [rule for rule in left if names & set(rule.columns)]
            if not more:
                break
            joined += more
            left = [rule for rule in left if rule not in more]
        answers |= _settle_together({name: readings[name] for name in sorted(names)}, joined, settings)
    return answers


def _settle_together(
    readings: Mapping[str, Sequence[Reading]], rules: Sequence[Rule], settings: PlausibilitySettings
) -> dict[str, Settled]:
    names = list(readings)
    options = [_distribution(readings[name], settings.others) for name in names]
    # The factor of texts that are not tried is 1 on the mean: each text keeps its probability there.
    shares = [dict(option) for option in options]
    best: tuple[float, tuple[str, ...]] | None = None
    every = math.prod(sum(share for _, share in option) for option in options)
    covered = total = likeliest = 0.0
    for probability, texts in _combinations(options, settings.combinations):
        values = dict(zip(names, texts, strict=True))
        weight = settings.broken
        if keeps := all(rule.holds(values) for rule in rules):
            chance = math.prod(rule.chance(values) for rule in rules)
            weight += (1 - settings.broken) / chance
        covered, weight = covered + probability, weight * probability
        total += weight
        for share, text in zip(shares, texts, strict=True):
            share[text] += weight - probability
        if keeps and (best is None or weight > best[0]):
            best, likeliest = (weight, texts), probability
        if every - covered < settings.negligible * likeliest:
            break
    total += max(0.0, 1 - covered)
    sentences = tuple(map(str, rules))
    if best is None:
        return {name: Settled(None, 0.0, sentences) for name in names}
    return {
        name: Settled(text, share[text] / total, sentences)
        for name, text, share in zip(names, best[1], shares, strict=True)
    }


def _distribution(readings: Sequence[Reading], others: float) -> list[Reading]:
    """Different texts, the likeliest first, whose probabilities are together 1 at most and 1 - others at least."""
    texts: dict[str, float] = {}
    for text, probability in readings:
        texts[text] = max(texts.get(text, LEAST), min(probability, 1.0))
    total = sum(texts.values())
    scale = min(max(total, 1 - others), 1.0) / total
    return sorted(((text, p * scale) for text, p in texts.items()), key=lambda reading: -reading[1])


def _combinations(options: Sequence[Sequence[Reading]], most: int) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Combinations of one reading of each column, at most so many, the likeliest first, with their probabilities."""
    penalties = [[-math.log(share) for _, share in option] for option in options]
    # Columns with another reading, those first whose second is nearest to their best.
    order = sorted(
        (column for column, option in enumerate(options) if len(option) > 1),
        key=lambda column: penalties[column][1] - penalties[column][0],
    )
    # Penalty above that of the best readings, their places in the options, the last in `order` of which one is not 0.
    heap = [(0.0, (0,) * len(options), -1)]
    for _ in range(most):
        if not heap:
            return
        penalty, places, last = heapq.heappop(heap)
        readings = [option[place] for option, place in zip(options, places, strict=True)]
        yield math.prod(share for _, share in readings), tuple(text for text, _ in readings)
        for at, changes in _following(places, order, last, options):
            more = sum(
                penalties[column][place] - penalties[column][places[column]] for column, place in changes
            )
            following = list(places)
            for column, place in changes:
                following[column] = place
            heapq.heappush(heap, (penalty + more, tuple(following), at))


def _following(
    places: Sequence[int], order: Sequence[int], last: int, options: Sequence[Sequence[Reading]]
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """What differs from a combination in those after it: the last column that is not 0, and places by column.

    Every combination follows one other, which is no less likely: the last column has its next reading; or the column
    after it has its second, beside it or, where that is a second one as well, instead of it.
    """
    place = places[order[last]] if last >= 0 else 0
    if last >= 0 and place + 1 < len(options[order[last]]):
        yield last, [(order[last], place + 1)]
    if last + 1 < len(order):
        yield last + 1, [(order[last + 1], 1)]
        if place == 1:
            yield last + 1, [(order[last], 0), (order[last + 1], 1)]
