"""Numbers that stand wide apart in a line, each a string of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from .results import String

__all__ = ["split_at_gaps"]


def split_at_gaps(string: String, gap: float) -> tuple[String, ...]:
    """The strings at either side of each gap wider than so many median heights of the characters.

    Penalty and confidence are those of the whole, which was read as one.
    """
    height = string.character_height
    groups = [[string.characters[0]]]
    for before, character in pairwise(string.characters):
        left, _, width, _ = before.box
        if character.box[0] - left - width > gap * height:
            groups.append([])
        groups[-1].append(character)
    if len(groups) == 1:
        return (string,)
    begins = [-math.inf, *(group[0].box[0] for group in groups[1:]), math.inf]
    return tuple(
        replace(
            string,
            text="".join(character.text for character in group),
            characters=tuple(group),
            alternatives=(),
            unread=tuple(box for box in string.unread if begins[number] <= box[0] < begins[number + 1]),
        )
        for number, group in enumerate(groups)
    )
