"""Rules that the values of a row keep, as they are written: equal fields, sums, check digits, ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Protocol

from ..errors import InputError

__all__ = ["Agree", "Check", "Rule", "Sum", "parse_agree", "parse_check", "parse_sum"]


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
        written: how the rule was written; "": from its parts.
    """

    parts: tuple[tuple[str, int], ...]
    total: str
    written: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The parts and the total."""
        return (*(name for name, _ in self.parts), self.total)

    def __str__(self) -> str:
        if self.written:
            return self.written
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
    """The rule a+b=c; a_1:a_9 are the columns a_1 to a_9, a_1[1:9] the rows 1 to 9 of one. Raises InputError."""
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
    """The columns that a_1:a_9 names, or the cells that a_1[1:9] does; of a single name itself."""
    if cells := re.fullmatch(r"(.+)\[(\d{1,4}):(\d{1,4})\]", span, re.ASCII):
        return [f"{cells[1]}[{number}]" for number in range(int(cells[2]), int(cells[3]) + 1)]
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


@lru_cache(4096)  # the same few texts are asked for in thousands of combinations
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
