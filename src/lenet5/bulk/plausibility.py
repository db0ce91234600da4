"""Rules that the values of a form keep (equal fields, sums, check digits), and the readings that keep them.

A rule turns doubt into acceptance: among the readings of its fields, each with its probability p, the best combination
that keeps the rule is taken, with the probability that Bayes' theorem gives it. What is written keeps the rule but for
a small share of forms; where it does, its prior is higher than that of any texts by 1 / chance, the chance being the
share of random texts that keep the rule: one in ten of a check digit, one in 97 of mod 97. # not in the paper
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ..errors import InputError

__all__ = [
    "PLAUSIBILITY",
    "Agree",
    "Check",
    "PlausibilitySettings",
    "Reading",
    "Rule",
    "Settled",
    "Sum",
    "parse_agree",
    "parse_check",
    "parse_sum",
    "settle",
]

Reading = tuple[str, float]  # a text and its probability, 0 … 1
LEAST = 1e-9  # probability of a reading, at least
LARGEST = 10**9  # of a modulus, a weight or an end of a range


@dataclass(frozen=True)
class PlausibilitySettings:
    """How far a rule is trusted."""

    broken: float = 0.01  # share of forms that break a rule as they are written; an assumption, not measured
    # Probability that none of a value's readings is what is written, at most. The confidence also leaves a share to
    # what is no character at all; a rule takes it that something is written that keeps it. Chosen on generated forms.
    others: float = 0.05
    combinations: int = 5000  # of readings that are tried, the likeliest first


PLAUSIBILITY = PlausibilitySettings()


class Rule(Protocol):
    """What some columns keep together."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule is about."""
        ...

    def holds(self, texts: Mapping[str, str]) -> bool:
        """Whether texts keep the rule. Where nothing at all is written it holds."""
        ...

    def chance(self, texts: Mapping[str, str]) -> float:
        """Share of random texts of the same lengths that keep the rule, above 0 and at most 1."""
        ...


@dataclass(frozen=True)
class Agree:
    """Two columns say the same, as text or as whole numbers (00417 and 417)."""

    first: str
    second: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The two columns."""
        return self.first, self.second

    def __str__(self) -> str:
        return f"{self.first}={self.second}"

    def holds(self, texts: Mapping[str, str]) -> bool:
        """Whether both are equal."""
        one, other = (texts[name].replace(" ", "") for name in self.columns)
        if _is_digits(one) and _is_digits(other):
            return one.lstrip("0") == other.lstrip("0")
        return one == other

    def chance(self, texts: Mapping[str, str]) -> float:
        """One in ten for each character of the longer one."""
        return _guess(max(len(texts[name]) for name in self.columns))


@dataclass(frozen=True)
class Sum:
    """Columns, added or subtracted, are another column: a+b-c=d. An empty part counts as 0.

    Args:
        parts: columns and their signs, 1 or -1.
        total: the column that is the sum.
    """

    parts: tuple[tuple[str, int], ...]
    total: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The parts and the total."""
        return (*(name for name, _ in self.parts), self.total)

    def __str__(self) -> str:
        terms = "".join(f"{'+' if sign > 0 else '-'}{name}" for name, sign in self.parts)
        return f"{terms.removeprefix('+')}={self.total}"

    def holds(self, texts: Mapping[str, str]) -> bool:
        """Whether the sum is right."""
        if not any(texts[name] for name in self.columns):
            return True
        numbers = [_number(texts[name] or "0") for name, _ in self.parts]
        total = _number(texts[self.total])
        if total is None or None in numbers:
            return False
        return total == sum(
            sign * number for (_, sign), number in zip(self.parts, numbers, strict=True) if number
        )

    def chance(self, texts: Mapping[str, str]) -> float:
        """One in ten for each character of the total."""
        return _guess(len(texts[self.total]))


@dataclass(frozen=True)
class Check:
    """A column's digits pass a check. An empty column does.

    Args:
        column: the column.
        kind: "luhn", "isbn", "mod97", "weights" or "range".
        weights: of the digits from the left, repeated.
        modulus, remainder: of the weighted sum.
        ends: the least and the largest number of a range.
    """

    column: str
    kind: str
    weights: tuple[int, ...] = ()
    modulus: int = 10
    remainder: int = 0
    ends: tuple[int, int] = (0, 0)

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    def __str__(self) -> str:
        if self.kind == "range":
            return f"{self.column}={self.ends[0]}..{self.ends[1]}"
        if self.kind == "weights":
            rest = f"={self.remainder}" if self.remainder else ""
            return f"{self.column}={','.join(map(str, self.weights))} mod {self.modulus}{rest}"
        return f"{self.column}={self.kind}"

    def holds(self, texts: Mapping[str, str]) -> bool:
        """Whether the check passes."""
        text = re.sub(r"[ -]", "", texts[self.column])
        if not text:
            return True
        if self.kind == "isbn":
            return _is_isbn(text)
        if self.kind == "mod97":
            return _is_mod97(text)
        if not _is_digits(text):
            return False
        if self.kind == "luhn":
            return _is_luhn(text)
        if self.kind == "range":
            return self.ends[0] <= int(text) <= self.ends[1]
        total = sum(int(digit) * self.weights[i % len(self.weights)] for i, digit in enumerate(text))
        return total % self.modulus == self.remainder

    def chance(self, texts: Mapping[str, str]) -> float:
        """One in ten, eleven, 97 or the modulus; of a range its share of all numbers of as many digits."""
        if self.kind == "range":
            inside = self.ends[1] - self.ends[0] + 1
            return min(1.0, inside * _guess(len(texts[self.column])))
        return 1 / {"luhn": 10, "isbn": 11, "mod97": 97}.get(self.kind, self.modulus)


# --- rules as they are written ---------------------------------------------------------------------------------


def parse_agree(text: str) -> Agree:
    """The rule FIELD=FIELD. Raises InputError."""
    names = [name.strip() for name in text.split("=")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InputError(
            f"the rule {text!r:.100} names no two fields: write FIELD=FIELD, as amount=amount_again"
        )
    return Agree(names[0], names[1])


def parse_sum(text: str) -> Sum:
    """The rule a+b=c; a_1:a_9 are the columns a_1 to a_9. Raises InputError."""
    left, equals, total = (part.strip() for part in text.partition("="))
    terms = re.findall(r"([+-]?)([^+-]+)", left)
    parts = tuple((name, -1 if sign == "-" else 1) for sign, span in terms for name in _columns(span.strip()))
    whole = "".join(sign + name for sign, name in terms) == left
    if not (equals and total and parts and whole and all(name for name, _ in parts)) or "=" in total:
        raise InputError(
            f"the rule {text!r:.100} is no sum: write 'net+tax=total', with + and - between fields"
        )
    if len({total, *(name for name, _ in parts)}) <= len(parts):
        raise InputError(f"the rule {text!r:.100} names a field twice")
    return Sum(parts, total)


def _columns(span: str) -> list[str]:
    """The columns that a_1:a_9 names; of a single name itself."""
    ends = re.fullmatch(r"(.+_)(\d{1,4}):\1(\d{1,4})", span, re.ASCII)
    return [f"{ends[1]}{number}" for number in range(int(ends[2]), int(ends[3]) + 1)] if ends else [span]


def parse_check(text: str) -> Check:
    """The rule FIELD=CHECK: luhn, isbn, mod97, a range 0..20, or weights 3,1 mod 10 = 0. Raises InputError."""
    column, _, check = (part.strip() for part in text.partition("="))
    kind = check.lower()
    if column and kind in ("luhn", "isbn", "mod97"):
        return Check(column, kind)
    if column and (span := re.fullmatch(r"(\d{1,9}) *\.\. *(\d{1,9})", check, re.ASCII)):
        least, most = int(span[1]), int(span[2])
        if least > most:
            raise InputError(f"the rule {text!r:.100} has a range that ends before it begins")
        return Check(column, "range", ends=(least, most))
    weighted = re.fullmatch(r"(\d{1,9}(?: *, *\d{1,9})*) +mod +(\d{1,9})(?: *= *(\d{1,9}))?", check, re.ASCII)
    if not column or not weighted:
        raise InputError(
            f"the rule {text!r:.100} is no check: write FIELD=luhn, isbn, mod97, a range such as 0..20, or weights of "
            "the digits from the left, repeated, such as '3,1 mod 10' or '7,3,1 mod 11 = 1'"
        )
    modulus, remainder = int(weighted[2]), int(weighted[3] or 0)
    if modulus < 2 or remainder >= modulus:
        raise InputError(f"the rule {text!r:.100} needs a modulus from 2 on, and a smaller remainder")
    return Check(column, "weights", tuple(map(int, weighted[1].split(","))), modulus, remainder)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _number(text: str) -> Decimal | None:
    """A number as it is written, with a point or a comma before its decimals; None for another text."""
    try:
        return Decimal(text.replace(" ", "").replace(",", ".")) if text.isascii() else None
    except InvalidOperation:
        return None


def _guess(length: int) -> float:
    return 10.0 ** -max(length, 1) if length < 300 else 1e-300


def _is_luhn(text: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1): every second digit from the right, but the last, counts twice."""
    digits = [int(digit) for digit in reversed(text)]
    doubled = (2 * digit - 9 * (digit > 4) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_isbn(text: str) -> bool:
    """ISBN (ISO 2108): of ten digits, the last of which may be X, or of thirteen that begin with 978 or 979."""
    if len(text) == 10 and _is_digits(text[:9]) and (_is_digits(text[9]) or text[9] in "Xx"):
        values = [10 if digit in "Xx" else int(digit) for digit in text]
        return sum((10 - i) * value for i, value in enumerate(values)) % 11 == 0
    if len(text) == 13 and _is_digits(text) and text[:3] in ("978", "979"):
        return sum(int(digit) * (1, 3)[i % 2] for i, digit in enumerate(text)) % 10 == 0
    return False


def _is_mod97(text: str) -> bool:
    """MOD 97-10 (ISO/IEC 7064); of an IBAN (ISO 13616) its first four characters are taken last."""
    if not (text.isascii() and text.isalnum()):
        return False
    if re.match(r"[A-Za-z]{2}\d\d", text):
        text = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1


# --- the readings that keep them -------------------------------------------------------------------------------


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
    seen = total = 0.0
    for probability, texts in _combinations(options, settings.combinations):
        values = dict(zip(names, texts, strict=True))
        weight = settings.broken
        if keeps := all(rule.holds(values) for rule in rules):
            chance = math.prod(rule.chance(values) for rule in rules)
            weight += (1 - settings.broken) / chance
        seen, weight = seen + probability, weight * probability
        total += weight
        for share, text in zip(shares, texts, strict=True):
            share[text] += weight - probability
        if keeps and (best is None or weight > best[0]):
            best = weight, texts
    total += max(0.0, 1 - seen)
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

    def probability(places: tuple[int, ...]) -> float:
        return math.prod(option[place][1] for option, place in zip(options, places, strict=True))

    start = (0,) * len(options)
    heap = [(-probability(start), start, 0)]
    for _ in range(most):
        if not heap:
            return
        negative, places, last = heapq.heappop(heap)
        yield -negative, tuple(option[place][0] for option, place in zip(options, places, strict=True))
        # Every combination is reached once: from the one whose last column above its best is lower by one.
        for column in range(last, len(options)):
            if places[column] + 1 < len(options[column]):
                following = (*places[:column], places[column] + 1, *places[column + 1 :])
                heapq.heappush(heap, (-probability(following), following, column))
