"""How much the figures of reading depend on each threshold: every field of every settings is changed alone.

    python benchmarks/sensitivity.py [--count 2] [--change 0.2] [--folder FOLDER] [--fields segmentation] [--out DIR]

Each number in the frozen settings of lenet5.imaging and lenet5.reading is made 20 % larger and 20 % smaller, one at a
time, and a small sample is read again: `papers` are pictures of papers.py whose best reading is right, `wrong` are
those that show a wrong text, `nothing` are pictures of nothing.py in which something is read, and `own` are single
characters in FOLDER (as for own_characters.py) that are right. What is printed is the change of each from the figures
as they are, and what each figure loses at worst: `papers` and `own` lose what is no longer right, `wrong` and
`nothing` what is wrong besides. --fields takes words, and keeps the fields whose name holds one of them. Small
samples tell which thresholds matter, not by how much: repeat with a larger --count where a figure moves.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import common
import nothing
import own_characters
import papers
from lenet5 import imaging
from lenet5.data.transcripts import read_transcripts
from lenet5.parallel import parallel_map
from lenet5.reading.acceptance import POLICIES
from lenet5.reading.reader import Reader
from lenet5.reading.settings import SETTINGS

FIGURES = ("papers", "wrong", "nothing", "own")
FEWER_IS_BETTER = ("wrong", "nothing")


@dataclass(frozen=True)
class Change:
    """One field with another value; without a field, everything as it is. place: indices within a tuple."""

    field: str = ""
    value: float | int = 0
    place: int | None = None


@dataclass(frozen=True)
class Sample:
    """What is read: pictures of each kind of papers.py and nothing.py, and a folder of single characters."""

    weights: str
    count: int
    folder: Path | None


def settings() -> dict[str, Any]:
    """Every object of settings, by the name of its module and its own: "segmentation.SEGMENTATION"."""
    objects: dict[int, tuple[str, Any]] = {}
    _collect("settings.SETTINGS", SETTINGS, objects)  # of reading, which holds those of its own steps
    for method, policy in POLICIES.items():
        _collect(f"acceptance.POLICIES.{method}", policy, objects)
    for info in pkgutil.iter_modules(imaging.__path__):
        module = importlib.import_module(f"{imaging.__name__}.{info.name}")
        for name, value in vars(module).items():
            own = type(value).__module__ == module.__name__
            if name.isupper() and own and is_dataclass(value):
                _collect(f"{info.name}.{name}", value, objects)
    return dict(objects.values())


def _collect(name: str, value: Any, objects: dict[int, tuple[str, Any]]) -> None:
    objects.setdefault(id(value), (name, value))
    for one in fields(value):
        inner = getattr(value, one.name)
        if is_dataclass(inner):
            _collect(f"{name}.{one.name}", inner, objects)


def changes(share: float, words: list[str] | None) -> list[Change]:
    """Every number of every settings, larger and smaller by a share; a whole number by 1 at least."""
    changes = []
    for owner, value in settings().items():
        for one in fields(value):
            name = f"{owner}.{one.name}"
            if words and not any(word.lower() in name.lower() for word in words):
                continue
            inner = getattr(value, one.name)
            parts = list(enumerate(inner)) if isinstance(inner, tuple) else [(None, inner)]
            for place, number in parts:
                if isinstance(number, bool) or not isinstance(number, int | float):
                    continue
                step = share * number
                if isinstance(number, int):
                    step = max(1, round(abs(step)))
                changes += [Change(name, number + step, place), Change(name, number - step, place)]
    return changes


@contextmanager
def applied(change: Change) -> Iterator[None]:
    """The settings with one field changed: in place, since functions hold them as their defaults."""
    if not change.field:
        yield
        return
    owner, _, name = change.field.rpartition(".")
    value = settings()[owner]
    before = getattr(value, name)
    after: Any = change.value
    if change.place is not None:
        after = (*before[: change.place], change.value, *before[change.place + 1 :])
    object.__setattr__(value, name, after)
    try:
        yield
    finally:
        object.__setattr__(value, name, before)


@cache
def _reader(weights: str) -> Reader:
    return Reader(weights)


def figures(sample: Sample, change: Change) -> dict[str, tuple[int, int]]:
    """The figures of a sample under a change, each with the number of pictures that it is of."""
    reader, range_ = _reader(sample.weights), range(sample.count)
    with applied(change):
        items = [(kind, digits, n) for kind in papers.KINDS for digits in papers.DIGITS for n in range_]
        written = papers.figures([papers.answers(reader, item) for item in items])
        kinds = [kind for kind in nothing.KINDS if not nothing.missing(kind)]
        empty = [nothing.shown(reader, ("auto",), (kind, n))["auto"] for kind in kinds for n in range_]
        rows, own = [], 0
        if sample.folder:
            rows = [row for row in read_transcripts(sample.folder) if row[1] in reader.model.classes]
            texts = own_characters.answers(reader, [path for path, _ in rows])
            own = sum(text == label for text, (_, label) in zip(texts, rows, strict=True))
    return {
        "papers": (written["right"], written["pictures"]),
        "wrong": (written["wrong"], written["pictures"]),
        "nothing": (sum(any(c not in "? \n" for c in text) for text in empty), len(empty)),
        "own": (own, len(rows)),
    }


def loss(name: str, base: int, after: int) -> int:
    """By how many pictures a figure is worse than before; below 0 where it is better."""
    return after - base if name in FEWER_IS_BETTER else base - after


def worst(base: dict[str, int], sizes: dict[str, int], rows: list[tuple[Change, dict[str, int]]]) -> str:
    """For each figure, the largest loss and the fields that cause it."""
    sentences = []
    for name in (name for name in FIGURES if sizes[name]):
        losses = [(loss(name, base[name], after[name]), change) for change, after in rows]
        most = max((number for number, _ in losses), default=0)
        if most <= 0:
            sentences.append(f"{name}: no change loses anything of {sizes[name]} pictures")
            continue
        causes = [f"{_label(change)} = {change.value:.5g}" for number, change in losses if number == most]
        sentences.append(f"{name}: loses {most} of {sizes[name]} pictures at worst, by {', '.join(causes)}")
    return "\n".join(sentences)


def _label(change: Change) -> str:
    return change.field if change.place is None else f"{change.field}[{change.place}]"


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--count", type=int, default=2, help="pictures of each kind")
    arguments.add_argument("--change", type=float, default=0.2, help="share by which a field is changed")
    arguments.add_argument("--folder", type=Path, help="single characters with labels.csv")
    arguments.add_argument("--fields", nargs="+", help="only fields whose name holds one of these words")
    arguments.add_argument("--workers", type=int, help="processes")
    options = arguments.parse_args()
    sample = Sample(options.weights, options.count, options.folder)
    wanted = [Change(), *changes(options.change, options.fields)]
    answers = parallel_map(partial(figures, sample), wanted, options.workers)
    measured = list(common.progress(answers, "fields", len(wanted)))
    sizes = {name: size for name, (_, size) in measured[0].items()}
    base, *others = [{name: number for name, (number, _) in one.items()} for one in measured]
    rows = [
        (_label(change), f"{change.value:.5g}", *(f"{after[name] - base[name]:+d}" for name in FIGURES))
        for change, after in zip(wanted[1:], others, strict=True)
    ]
    print(
        common.table(
            ("field", "value", *FIGURES),
            [("pictures", "", *sizes.values()), ("as they are", "", *base.values()), *rows],
        )
    )
    print(worst(base, sizes, list(zip(wanted[1:], others, strict=True))))
    report = {"weights": sample.weights, "count": sample.count, "change": options.change, "base": base}
    report["pictures"] = sizes
    report["fields"] = [
        {"field": change.field, "place": change.place, "value": change.value, "figures": after}
        for change, after in zip(wanted[1:], others, strict=True)
    ]
    common.write_result(options, "sensitivity.json", report)


if __name__ == "__main__":
    common.main(main)
