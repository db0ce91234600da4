"""How well strings are read: whole strings right, characters wrong, and what rejecting the doubtful saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import DataError, LeNet5Error
from ..lattice.regex import Grammar
from ..parallel import parallel_map
from ..reading.reader import Reader

__all__ = ["StringEvaluation", "distance", "evaluate_strings"]


def distance(text: str, other: str) -> int:
    """Fewest characters to insert, leave out or replace that make one string the other (Levenshtein 1966)."""
    above = list(range(len(other) + 1))
    for row, a in enumerate(text, 1):
        here = [row]
        for column, b in enumerate(other, 1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (a != b)))
        above = here
    return above[-1]


@dataclass(frozen=True)
class StringEvaluation:
    """What was read in a folder of strings. Rows of `read`: file, label, text, confidence.

    A picture in which nothing could be read has the text "" and the confidence 0.
    """

    read: tuple[tuple[str, str, str, float], ...]

    @property
    def exact(self) -> float:
        """Share of strings that are right from end to end."""
        return sum(label == text for _, label, text, _ in self.read) / len(self.read)

    @property
    def character_error(self) -> float:
        """Characters to insert, leave out or replace, for each character of the labels."""
        wrong = sum(distance(label, text) for _, label, text, _ in self.read)
        return wrong / max(1, sum(len(label) for _, label, _, _ in self.read))

    def rejection(self) -> list[tuple[float, float]]:
        """(share rejected, share wrong of the rest), the least confident rejected first; equal ones together."""
        rows = sorted((confidence, label != text) for _, label, text, confidence in self.read)
        wrong = sum(bad for _, bad in rows)
        curve = []
        for at, (confidence, bad) in enumerate(rows):
            if at == 0 or confidence > rows[at - 1][0]:
                curve.append((at / len(rows), wrong / (len(rows) - at)))
            wrong -= bad
        return curve

    def rejected_for(self, error: float) -> float | None:
        """The smallest share to reject that leaves at most this share wrong; None if none short of all does."""
        return next((rejected for rejected, left in self.rejection() if left <= error), None)

    def data(self) -> dict[str, Any]:
        """Everything as data that JSON can hold."""
        rows = [
            {"file": file, "label": label, "text": text, "confidence": confidence}
            for file, label, text, confidence in self.read
        ]
        return {
            "strings": len(self.read), "exact": self.exact, "character_error": self.character_error,
            "rejection": [list(point) for point in self.rejection()], "read": rows,
        }  # fmt: skip

    def text(self) -> str:
        """The figures in a few lines."""
        lines = [
            f"{len(self.read):,} strings: {self.exact:.1%} right, "
            f"{self.character_error:.2%} of their characters wrong"
        ]
        for error in (0.05, 0.01):
            share = self.rejected_for(error)
            said = "no rejection leaves" if share is None else f"rejecting {share:.1%} leaves"
            lines.append(f"{said} at most {error:.0%} wrong")
        return "\n".join(lines)


def evaluate_strings(
    reader: Reader,
    pictures: Sequence[tuple[Path, str]],
    grammar: Grammar | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    mode: str = "string",
    workers: int | None = 1,
) -> StringEvaluation:
    """Read every picture and compare; progress(done, of how many) is called after each.

    mode: as for Reader.read; nothing is rejected. workers: worker processes (parallel_map). A picture that
    cannot be read counts as wrong. Raises DataError if there are none.
    """
    if not pictures:
        raise DataError("there are no strings to evaluate on")
    rows = []
    answers = parallel_map(partial(_read, reader, grammar, mode), [path for path, _ in pictures], workers)
    for done, ((path, label), answer) in enumerate(zip(pictures, answers, strict=True), 1):
        rows.append((path.name, label, *answer))
        if progress:
            progress(done, len(pictures))
    return StringEvaluation(tuple(rows))


def _read(reader: Reader, grammar: Grammar | None, mode: str, path: Path) -> tuple[str, float]:
    try:
        result = reader.read(path, mode=mode, grammar=grammar, best=1, threshold=0.0)
    except LeNet5Error:
        return "", 0.0
    return result.text, result.confidence
