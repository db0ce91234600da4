"""Options of reading as requests give them: those of `lenet5 read` under the same names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import orjson

from ..errors import InputError
from ..imaging.page_layout import Mode
from ..reading.forms import Form, parse_form
from ..reading.reader import METHODS
from .refusal import Refusal

__all__ = ["FORMATS", "MODES", "ReadOptions", "parse_options"]

FORMATS = ("json", "ndjson", "csv", "png")
MODES = get_args(Mode)
MOST_TEXT = 10_000  # letters of a pattern, a region or a choice
MOST_CHOICES = 10_000


@dataclass(frozen=True)
class ReadOptions:
    """How a picture is to be read; each is the option of `lenet5 read` of that name.

    explain: whether pieces, arcs and shares are wanted. format: of the answer, one of FORMATS.
    """

    weights: str = ""
    method: str = "segmentation"
    signs: bool = False
    mode: str = "auto"
    region: str | None = None
    digits: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | None = None
    form: Form | None = None
    best: int = 5
    threshold: float | None = None
    max_error: float | None = None
    explain: bool = False
    format: str = "json"


NAMES = tuple(field.name for field in dataclasses.fields(ReadOptions))
ALIASES = {"max-error": "max_error", "choice": "choices"}


def parse_options(*sources: Iterable[tuple[str, Any]], weights: Iterable[str]) -> ReadOptions:
    """The options of a request.

    Args:
        sources: pairs of name and value, from the query and from the body; a name may come several times.
        weights: names of the weights that the service has.

    Raises:
        Refusal: an option is unknown, or its value cannot be used.
    """
    given: dict[str, list[Any]] = {}
    for name, value in (pair for source in sources for pair in source):
        name = ALIASES.get(name, name)
        if name not in NAMES:
            raise Refusal(400, f"there is no option {name[:40]!r}: there are {', '.join(NAMES)}", "options")
        given.setdefault(name, []).extend(value if isinstance(value, list) else [value])
    for name, values in given.items():
        if name != "choices" and len(values) != 1:
            raise Refusal(400, f"the option {name} may be given once", "options")
    known: dict[str, Any] = {}
    for name, values in given.items():
        try:
            known[name] = _parse(name, values, tuple(weights))
        except (ValueError, TypeError, InputError) as error:
            raise Refusal(400, f"the option {name} cannot be used: {error}", "options") from error
    options = ReadOptions(**known)
    _check(options)
    return options


def _parse(name: str, values: list[Any], weights: tuple[str, ...]) -> Any:
    """The value of an option. Raises ValueError, TypeError or InputError with the reason."""
    value = values[0]
    if name == "choices":
        if len(values) > MOST_CHOICES:
            raise ValueError(f"{MOST_CHOICES:,} strings may be given")
        return tuple(_text(one) for one in values)
    if name in ("digits", "best"):
        return _whole(value, 1000 if name == "digits" else 100)
    if name in ("threshold", "max_error"):
        return _share(value)
    if name in ("explain", "signs"):
        return _flag(value)
    if name == "form":
        return parse_form(value if isinstance(value, Mapping) else orjson.loads(_text(value, 1 << 20)))
    allowed = {"weights": weights, "method": METHODS, "mode": MODES, "format": FORMATS}.get(name)
    text = _text(value)
    if allowed is not None and text not in allowed:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(allowed)}")
    return text


def _check(options: ReadOptions) -> None:
    """Raise Refusal for options that exclude one another."""
    rules = (options.digits, options.pattern, options.choices)
    if sum(rule is not None for rule in rules) > 1:
        raise Refusal(400, "digits, pattern and choices exclude one another: give one of them", "options")
    if options.threshold is not None and options.max_error is not None:
        raise Refusal(400, "threshold and max_error exclude one another: give one of them", "options")
    if options.form and (any(rule is not None for rule in rules) or options.region or options.mode != "auto"):
        raise Refusal(
            400, "a form says where and what to read: leave out region, mode and the rest", "options"
        )
    if options.explain and (options.form or options.format not in ("json", "ndjson")):
        raise Refusal(400, "explain answers in JSON, and not for forms", "options")


def _text(value: Any, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it must be a text")
    if len(value) > most:
        raise ValueError(f"it has more than {most:,} letters")
    return value


def _whole(value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > 9:
        raise ValueError(f"it must be a whole number from 1 to {most}")
    number = int(value)
    if not 1 <= number <= most:
        raise ValueError(f"it must be a whole number from 1 to {most}")
    return number


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it must be a number from 0 to 1")
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError("it must be a number from 0 to 1")
    return number


def _flag(value: Any) -> bool:
    known = {"1": True, "true": True, "": True, "0": False, "false": False, True: True, False: False}
    key = value.lower() if isinstance(value, str) else value
    if not isinstance(key, str | bool) or key not in known:
        raise ValueError("it must be 1 or 0")
    return known[key]
