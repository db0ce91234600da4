"""What was read: a picture has lines, a line has strings, a string has characters, each with its box.

Boxes are left, top, width and height in pixels of the picture. A penalty of a character is that of eq. 7; one of
a string, −log of a probability, is the sum along its path through the segmentation graph (Section V).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..imaging.geometry import Box, bounding_box

__all__ = ["UNSURE", "Alternative", "Box", "Character", "Line", "Result", "String", "bounding_box"]

UNSURE = "?"  # stands for a character that is rejected

# Median heights of its characters by which a line's characters stand apart, from which on it is two strings.
GAP = 2.0
NEVER = 2.0  # no confidence reaches it
# Mean confidence that makes a string of so many characters writing: half of one gives two good ones by chance,
# five seldom, but then of print and texture many sets of five are tried; the mean of ten says much about each.
WRITING = {2: 0.7, 3: 0.55, 4: 0.55, 5: 0.55, 6: 0.6, 7: 0.65, 8: 0.7, 9: 0.75}
OF_MORE = 0.8
ALIKE = 0.9  # where three or more are all of one class, as ones are in hatching, rules and bars
STROKES = 5  # so many ones, and at most one other among them, are hatching sooner than a number
# On a page of which most is no writing, a line must be so sure, and so long.
AMONG_NONE, LEAST = 0.85, 3
PAGE = 0.5  # mean confidence of a page's characters of which most is writing


class Alternative(NamedTuple):
    """Another reading, and how likely it is; penalty as that of what it stands beside."""

    text: str
    penalty: float
    confidence: float

    def data(self) -> dict[str, Any]:
        return self._asdict()


@dataclass(frozen=True)
class Character:
    """One character. confidence: the probability that it is one, and this one, in 0 … 1.

    text: `?` where that is under the threshold; then `doubt` says why, and others begins with the best guess.
    others: the next likely classes. field: the 28×28 that the network saw, uint8, 255 = ink.
    """

    text: str
    box: Box
    penalty: float
    confidence: float
    others: tuple[Alternative, ...] = ()
    doubt: str = ""
    field: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    def moved(self, place: Callable[[Box], Box]) -> Character:
        return replace(self, box=place(self.box))

    def rejecting(self, threshold: float) -> Character:
        """This character, or `?` if its confidence is under the threshold."""
        if self.doubt or self.confidence >= threshold:
            return self
        guess = Alternative(self.text, self.penalty, self.confidence)
        likely = [f"{o.text} {o.confidence:.0%}" for o in (guess, *self.others[:1]) if o.confidence >= 0.01]
        rest = max(0.0, 1 - self.confidence - sum(other.confidence for other in self.others))
        if rest > max(self.confidence, 0.5):
            doubt = "not like any character" if not likely else f"hardly a character ({', '.join(likely)})"
        else:
            doubt = " or ".join(likely)
        return replace(self, text=UNSURE, others=(guess, *self.others), doubt=doubt)

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "text": self.text, "box": list(self.box), "penalty": self.penalty, "confidence": self.confidence,
            "others": [other.data() for other in self.others],
        }  # fmt: skip
        return found | ({"doubt": self.doubt} if self.doubt else {})


@dataclass(frozen=True)
class String:
    """Characters that belong together. confidence: the share of all paths through the graph that say so.

    others: the next best different readings, the best first. unlike: why it is hardly writing, if so.
    """

    text: str
    penalty: float
    confidence: float
    characters: tuple[Character, ...]
    others: tuple[Alternative, ...] = ()
    unlike: str = ""

    @property
    def box(self) -> Box:
        return bounding_box(character.box for character in self.characters)

    @property
    def mean(self) -> float:
        """Mean confidence of its characters, of which ones in a row are one: hatching is full of them."""
        found: list[float] = []
        for ones, row in groupby(self.characters, lambda character: character.text == "1"):
            likely = [character.confidence for character in row]
            found += [float(np.mean(likely))] if ones else likely
        return float(np.mean(found))

    def moved(self, place: Callable[[Box], Box]) -> String:
        """The same with every box brought to another place."""
        return replace(self, characters=tuple(c.moved(place) for c in self.characters))

    def rejecting(self, threshold: float) -> String:
        """The same with `?` for each character whose confidence is under the threshold."""
        characters = tuple(c.rejecting(threshold) for c in self.characters)
        return replace(self, characters=characters, text="".join(c.text for c in characters))

    def doubting(self, doubt: float, among: float, least: int = 1) -> String:
        """The same with `?` for what is doubtful: all of what is no writing, else characters under `among`.

        One character alone must reach `doubt`. Of several the mean confidence decides whether this is writing of
        the kind that the network knows (WRITING); then what stands among it is rather one more character than
        none. Where the mean is low it is something else (print, a texture), of which parts look like characters
        by chance. least: characters of a line on a page of which most is something else, 1 on any other.
        """
        nothing = self.rejecting(NEVER)
        if self.unlike:
            return replace(
                nothing, characters=tuple(replace(c, doubt=self.unlike) for c in nothing.characters)
            )
        count = len(self.characters)
        enough = doubt if count == 1 else max(WRITING.get(count, OF_MORE), AMONG_NONE if least > 1 else 0)
        if count >= 3 and len({character.text for character in self.characters}) == 1:
            enough = max(enough, ALIKE)
        ones = self.text.count("1")
        hatching = ones >= STROKES and ones >= count - 1
        if count < least or self.mean < enough or hatching:
            return nothing
        return self.rejecting(min(doubt, among))

    def parted(self) -> tuple[String, ...]:
        """The strings on either side of each wide gap. Penalty and confidence are the whole's: it was read as
        one."""
        high = float(np.median([c.box[3] for c in self.characters]))
        parts: list[list[Character]] = [[]]
        for character in self.characters:
            if parts[-1]:
                left, _, wide, _ = parts[-1][-1].box
                if character.box[0] - left - wide > GAP * high:
                    parts.append([])
            parts[-1].append(character)
        if len(parts) == 1:
            return (self,)
        return tuple(
            replace(self, text="".join(c.text for c in part), characters=tuple(part), others=())
            for part in parts
        )

    def data(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        return {
            "text": self.text, "box": list(self.box), "penalty": self.penalty, "confidence": self.confidence,
            "characters": [c.data() for c in self.characters], "others": [o.data() for o in self.others],
        }  # fmt: skip


@dataclass(frozen=True)
class Line:
    """The strings of one line, from left to right."""

    strings: tuple[String, ...]

    @property
    def text(self) -> str:
        return " ".join(string.text for string in self.strings)

    @property
    def box(self) -> Box:
        return bounding_box(string.box for string in self.strings)

    def data(self) -> dict[str, Any]:
        return {"text": self.text, "box": list(self.box), "strings": [s.data() for s in self.strings]}


@dataclass(frozen=True)
class Result:
    """What is in a picture. problems: why a line or a box of it was not read, a sentence each."""

    lines: tuple[Line, ...]
    problems: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Lines are parted by newlines, strings that stand far apart in a line by a space."""
        return "\n".join(line.text for line in self.lines)

    @property
    def strings(self) -> tuple[String, ...]:
        """All of them, in reading order."""
        return tuple(string for line in self.lines for string in line.strings)

    @property
    def characters(self) -> tuple[Character, ...]:
        """All of them, in reading order."""
        return tuple(character for string in self.strings for character in string.characters)

    @property
    def confidence(self) -> float:
        """That all of it is right; lines are taken for independent."""
        # The strings of a line were read as one, and share its confidence.
        return float(np.prod([line.strings[0].confidence for line in self.lines]))

    @property
    def penalty(self) -> float:
        """Of all lines together."""
        return float(sum(line.strings[0].penalty for line in self.lines))

    @property
    def others(self) -> tuple[Alternative, ...]:
        """The next best readings of a picture of one string; of several, see each string's."""
        return self.strings[0].others if len(self.strings) == 1 else ()

    @property
    def unreadable(self) -> bool:
        """Whether each character was rejected."""
        return all(character.text == UNSURE for character in self.characters)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why characters are shown as `?`, in reading order."""
        return tuple(character.doubt for character in self.characters if character.doubt)

    def moved(self, place: Callable[[Box], Box]) -> Result:
        """The same with every box brought to another place."""
        return self._each(lambda string: string.moved(place))

    def scaled(self, pixels: float) -> Result:
        """The same with boxes in other pixels, so many along a side for one of these."""

        def scaled(box: Box) -> Box:
            left, top, wide, high = (round(edge * pixels) for edge in box)
            return left, top, max(wide, 1), max(high, 1)

        return self.moved(scaled)

    def rejecting(self, threshold: float) -> Result:
        """The same with `?` for each character whose confidence is under the threshold."""
        return self._each(lambda string: string.rejecting(threshold))

    def doubting(self, doubt: float, among: float) -> Result:
        """The same with `?` for what is doubtful in its string, or on its page (String.doubting)."""
        sure = np.mean([character.confidence for character in self.characters])
        least = LEAST if len(self.strings) > 1 and sure < PAGE else 1
        return self._each(lambda string: string.doubting(doubt, among, least))

    def _each(self, change: Callable[[String], String]) -> Result:
        lines = tuple(replace(line, strings=tuple(map(change, line.strings))) for line in self.lines)
        return replace(self, lines=lines)

    def data(self) -> dict[str, Any]:
        """As data that JSON can hold."""
        found: dict[str, Any] = {
            "text": self.text, "confidence": self.confidence, "penalty": self.penalty,
            "lines": [line.data() for line in self.lines],
        }  # fmt: skip
        return found | ({"problems": list(self.problems)} if self.problems else {})
