"""How well strings are read: strings right, characters wrong, and the gain from rejecting doubtful answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import DataError, PictureError
from ..imaging.page_layout import Mode
from ..lattice.automaton import Grammar
from ..parallel import parallel_map
from ..reading.reader import Reader

__all__ = ["StringEvaluation", "edit_distance", "evaluate_strings"]

Row = tuple[str, str, str, float]  # file, label, text, confidence
ERRORS = 0.05, 0.01  # shares of wrong strings for which `format` gives the rejections


def edit_distance(text: str, other: str) -> int:
    """Fewest characters to insert, delete or replace that turn one string into the other (Levenshtein 1966)."""
    above = list(range(len(other) + 1))
    for row, a in enumerate(text, 1):
        current = [row]
        for column, b in enumerate(other, 1):
            current.append(min(above[column] + 1, current[-1] + 1, above[column - 1] + (a != b)))
        above = current
    return above[-1]


@dataclass(frozen=True)
class StringEvaluation:
    """The answers to a folder of strings.

    Args:
        read: file, label, text and confidence of each picture; "" and 0 where nothing could be read.
    """

    read: tuple[Row, ...]

    @property
    def exact(self) -> float:
        """Share of strings that are right from end to end."""
        return sum(label == text for _, label, text, _ in self.read) / len(self.read)

    @property
    def character_error(self) -> float:
        """Characters to insert, delete or replace, for each character of the labels."""
        wrong = sum(edit_distance(label, text) for _, label, text, _ in self.read)
        return wrong / max(1, sum(len(label) for _, label, _, _ in self.read))

    def rejection(self) -> list[tuple[float, float]]:
        """(share rejected, share wrong of the rest), the least confident rejected first; equal ones together."""
        rows = sorted((confidence, label != text) for _, label, text, confidence in self.read)
        wrong = sum(bad for _, bad in rows)
        curve = []
        for k, (confidence, bad) in enumerate(rows):
            if k == 0 or confidence > rows[k - 1][0]:
                curve.append((k / len(rows), wrong / (len(rows) - k)))
            wrong -= bad
        return curve

    def rejected_for(self, error: float) -> float | None:
        """The smallest share to reject that leaves at most this share wrong; None if none short of all does."""
        return next((rejected for rejected, left in self.rejection() if left <= error), None)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values."""
        rows = [
            {"file": file, "label": label, "text": text, "confidence": confidence}
            for file, label, text, confidence in self.read
        ]
        return {
            "strings": len(self.read),
            "exact": self.exact,
            "character_error": self.character_error,
            "rejection": [list(point) for point in self.rejection()],
            "read": rows,
        }

    def format(self) -> str:
        """The figures for people, in a few lines."""
        lines = [
            f"{len(self.read):,} strings: {self.exact:.1%} right, "
            f"{self.character_error:.2%} of their characters wrong"
        ]
        for error in ERRORS:
            share = self.rejected_for(error)
            rejecting = "no rejection leaves" if share is None else f"rejecting {share:.1%} leaves"
            lines.append(f"{rejecting} at most {error:.0%} wrong")
        return "\n".join(lines)


def evaluate_strings(
    reader: Reader,
    pictures: Sequence[tuple[Path, str]],
    grammar: Grammar | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    mode: Mode = "string",
    workers: int | None = 1,
) -> StringEvaluation:
    """Read every picture and compare the text with its label; nothing is rejected.

    Args:
        reader: what reads.
        pictures: paths and labels (data.transcripts.read_transcripts).
        grammar: strings that are allowed; all, unless given.
        progress: called after each picture with the number done and the number of all.
        mode: as for Reader.read.
        workers: processes (parallel.parallel_map).

    Returns:
        The answers. A picture that cannot be read counts as wrong.

    Raises:
        DataError: there are no pictures.
        InputError: mode or grammar cannot be used.
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


def _read(reader: Reader, grammar: Grammar | None, mode: Mode, path: Path) -> tuple[str, float]:
    """The text and the confidence of one picture."""
    try:
        result = reader.read(path, mode=mode, grammar=grammar, best=1, threshold=0.0)
    except PictureError:
        return "", 0.0
    return result.text, result.confidence
