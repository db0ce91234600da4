"""Acceptance: which characters of a result are shown, and which are rejected as `?`, with a reason.

The paper rejects by the rubbish class alone (eq. 9, Section VI-E). # not in the paper: a line is also judged as a
whole, because print, scribbles and photographs have parts that look like characters by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ..imaging import stroke_statistics
from ..imaging.components import label_components
from ..imaging.stroke_statistics import STROKES, StrokeSettings
from ..imaging.threshold import MASK_LEVEL
from ..network.codes import SIGNS
from .results import UNSURE, Alternative, Character, Line, Result, String, format_confidence

__all__ = [
    "POLICIES",
    "AcceptancePolicy",
    "accept",
    "mean_confidence",
    "reject",
    "rejection_reason",
    "with_doubts",
]

TOO_MANY_WAYS = "it can be read in too many ways"
NEVER = 2.0  # a threshold that no confidence reaches


@dataclass(frozen=True)
class AcceptancePolicy:
    """When a reading is shown if no threshold is asked for.

    All numbers were chosen with pictures of `benchmarks/nothing.py` (nothing to read) against the tuning half of the
    cheque amounts (numbers that must be shown). Confidences are 0 … 1.
    """

    among: float = 0.05  # confidence of a character in a string that is writing on the whole
    # Mean confidence of a string of 2, 3 … characters that makes it writing. Half of a character gives two good
    # ones by chance, five seldom; of print and texture, though, many strings of five are tried; the mean of ten
    # says much about each.
    writing: tuple[float, ...] = (0.7, 0.55, 0.55, 0.55, 0.6, 0.65, 0.7, 0.75)
    writing_longer: float = 0.8  # the same of longer strings
    uniform: float = 0.9  # mean confidence of three or more characters that are all of one class
    # The class of a single stroke: hatching, rules and bars are read as ones. Ones in a row count as one character.
    thin_class: str = "1"
    hatching: int = 5  # ones; a string of so many, and at most one character more, is rejected
    page: float = 0.5  # mean confidence of a page's characters below which most of the page is no writing
    page_mean: float = 0.85  # mean confidence of a line on such a page
    page_characters: int = 3  # characters of a line on such a page, at least
    # Share of all paths that a string has for each of its characters: 0.6 for one, 0.36 for two. Scribbles and print
    # can be read in many ways, each of likely characters.
    path_share: float = 0.6
    # Confidence of a line below which its weakest characters are rejected, until the rest together reaches it.
    half: float = 0.5
    # A thin character at an end of the line that reaches both edges of the image, …
    rim_height: float = 0.97  # … being so high, in heights of the image, …
    rim_others: float = (
        0.85  # … where the highest of the others is no higher than this, may be a printed rule.
    )
    # A thin character that stands free between others may be a slash if it leans to the right by …
    slash_lean: float = 0.35  # … so many pixels for each pixel of height, …
    slash_height: float = 1.08  # … and is so many median heights of the others high. Chosen on drawn amounts.
    # A free-standing mark at an end of a line that is no sure character and lower than the others is left out, as a
    # cross behind a number is: its confidence, its height and its distance in median heights of the others, …
    mark_confidence: float = 0.3
    mark_height: float = 0.75
    mark_distance: float = 0.25
    mark_others: float = 0.6  # … whose confidence is this at least.
    # Median heights of the characters, both ways, from which on unread ink in a doubtful line is shown as `?`.
    cross: float = 0.6
    # A stroke or a point: among characters they are signs, alone they may be anything.
    plain_signs: str = ".,/-:()"
    strokes: StrokeSettings = STROKES


# By method of reading strings. The columns of space displacement always give many paths.
POLICIES = {"segmentation": AcceptancePolicy(), "displacement": AcceptancePolicy(path_share=0.0, half=0.0)}


def reject(result: Result, threshold: float) -> Result:
    """Reject every character whose confidence is below a threshold.

    Args:
        result: a result.
        threshold: 0 … 1.

    Returns:
        The result with `?`, and a reason, for each character that is rejected.
    """
    return result.map_strings(lambda string: _reject_string(_without_doubts(string), threshold))


def accept(
    result: Result,
    threshold: float,
    policy: AcceptancePolicy = POLICIES["segmentation"],
    *,
    asked: bool = False,
) -> Result:
    """Reject what is doubtful in its string, or on its page.

    A character alone must reach the threshold. Of several, the mean confidence decides whether this is writing of
    the kind that the network knows; then a character among the others needs little, for it is rather one more
    character than none. Of what is no writing every character is rejected.

    Args:
        result: a result.
        threshold: confidence, 0 … 1, that one character alone must reach (Classifier.threshold_for).
        policy: the numbers.
        asked: a grammar demands every character: none of a string that is writing is rejected.

    Returns:
        The result with `?`, and a reason, for each character that is rejected.
    """
    mean = np.mean([character.confidence for character in result.characters])
    crowded = len(result.strings) > 1 and bool(mean < policy.page)
    among = 0.0 if asked else policy.among
    if not asked and result.cells is None:
        result = result.map_strings(lambda string: _without_end_mark(string, policy))
    accepted = result.map_strings(lambda string: _accept_string(string, threshold, among, crowded, policy))
    if asked:
        return accepted
    return replace(accepted, lines=tuple(_reject_weakest(line, policy.half) for line in accepted.lines))


def mean_confidence(string: String, policy: AcceptancePolicy = POLICIES["segmentation"]) -> float:
    """Mean confidence of a string's characters, of which ones in a row count as one: hatching is full of them."""
    confidences: list[float] = []
    for thin, row in groupby(string.characters, lambda character: character.text == policy.thin_class):
        group = [character.confidence for character in row]
        confidences += [float(np.mean(group))] if thin else group
    return float(np.mean(confidences))


def rejection_reason(
    string: String, image: NDArray[np.float32], foreground: NDArray[np.float32], policy: AcceptancePolicy
) -> str:
    """Why a string hardly is writing.

    Args:
        string: a reading, its boxes in pixels of the foreground.
        image: the line or the character, (rows, columns, 3) in 0 … 1.
        foreground: (rows, columns) in 0 … 1, of that image.
        policy: the numbers.

    Returns:
        A few words; "" where nothing speaks against it.
    """
    count = len(string.characters)
    boxes = [character.box for character in _without_signs(string.characters)]
    if reason := stroke_statistics.rejection_reason(image, foreground, boxes, policy.strokes):
        return reason
    if count > 1 and string.confidence < policy.path_share**count:
        return TOO_MANY_WAYS
    if count > 1 and set(string.text) == {policy.thin_class} and _connected(foreground):
        return "in one piece, as ones side by side are not"
    return ""


def with_doubts(
    string: String,
    image: NDArray[np.float32],
    foreground: NDArray[np.float32],
    policy: AcceptancePolicy,
    free: bool = False,
) -> String:
    """A string with the reasons, found in its image, to reject it or single characters of it.

    Where one or a few characters alone are no pen's strokes, such as blots, the reason is theirs and not the string's.
    A thin character may be a printed rule at the image's edge, or a slash between numbers. A reason changes no text:
    `accept` rejects what has one.

    Args:
        string: a reading, its boxes in pixels of the foreground.
        image: the line, (rows, columns, 3) in 0 … 1.
        foreground: (rows, columns) in 0 … 1, of that image.
        policy: the numbers.
        free: whether any text is allowed; then ink that can be anything may be shown as `?` among the characters.
    """
    doubts = {
        number: reason
        for number in range(len(string.characters))
        if (reason := _thin_reason(string, number, foreground, policy))
    }
    reason = rejection_reason(string, image, foreground, policy)
    if free and reason == TOO_MANY_WAYS and (crossed := _with_crosses(string, policy)):
        return crossed
    if reason and (blots := _blots(string, image, foreground, policy)):
        every = enumerate(string.characters)
        others = _without_signs([c for number, c in every if number not in blots])
        plain = foreground.copy()
        for number in blots:
            left, top, width, height = string.characters[number].box
            plain[top : top + height, left : left + width] = 0
        if not stroke_statistics.rejection_reason(image, plain, [c.box for c in others], policy.strokes):
            reason, doubts = "", doubts | blots
    if not doubts:
        return replace(string, reason=reason)
    characters = [replace(c, reason=doubts.get(number, "")) for number, c in enumerate(string.characters)]
    confidence = min(string.confidence, policy.half)
    return replace(string, reason=reason, confidence=confidence, characters=tuple(characters))


def _with_crosses(string: String, policy: AcceptancePolicy) -> String | None:
    """A string with `?` for the unread ink that is as large as its characters; None where that is not all its doubt.

    What can be anything, as a cross in a box, gives a line many readings; the others may be sure all the same.
    """
    size = string.character_height
    crosses = [box for box in string.unread if min(box[2], box[3]) >= policy.cross * size]
    together = _together(string.characters)
    if not crosses or together < policy.path_share ** len(string.characters):
        return None
    marks = [Character(UNSURE, box, 0.0, 0.0, (), "not like any character") for box in crosses]
    characters = sorted((*string.characters, *marks), key=lambda character: character.box[0])
    left_out = tuple(box for box in string.unread if box not in crosses)
    confidence = min(max(string.confidence, together), policy.half)
    return replace(_with_characters(string, characters), unread=left_out, confidence=confidence)


def _blots(
    string: String, image: NDArray[np.float32], foreground: NDArray[np.float32], policy: AcceptancePolicy
) -> dict[int, str]:
    """The characters that alone are no pen's strokes, and why; none where half of them or more are not."""
    blots = {}
    for number, character in enumerate(string.characters):
        if character.text in SIGNS:  # a point is as thick as it is high
            continue
        left, top, width, height = character.box
        own = np.zeros_like(foreground)
        own[top : top + height, left : left + width] = foreground[top : top + height, left : left + width]
        if reason := stroke_statistics.rejection_reason(image, own, [character.box], policy.strokes):
            blots[number] = reason
    return blots if 2 * len(blots) < len(string.characters) else {}


def _thin_reason(
    string: String, number: int, foreground: NDArray[np.float32], policy: AcceptancePolicy
) -> str:
    """Why a thin character may be none: a printed rule at the image's edge, or a slash; "" where it is one."""
    character, count = string.characters[number], len(string.characters)
    if character.text != policy.thin_class or count < 2:
        return ""
    others = [c.box[3] for c in string.characters if c.text not in (policy.thin_class, *SIGNS)]
    if not others:
        return ""
    height = character.box[3]
    at_end = number in (0, count - 1)
    if (
        at_end
        and height >= policy.rim_height * len(foreground)
        and max(others) <= policy.rim_others * len(foreground)
    ):
        return "1, or a printed rule"
    high = height >= policy.slash_height * float(np.median(others))
    if not at_end and high and _lean(foreground, character.box) >= policy.slash_lean:
        return "1, or a slash"
    return ""


def _lean(foreground: NDArray[np.float32], box: tuple[int, int, int, int]) -> float:
    """Pixels to the right for each pixel of height, of the ink in a box; 0 where its ink is too faint or too flat."""
    left, top, width, height = box
    y, x = np.nonzero(foreground[top : top + height, left : left + width] > MASK_LEVEL)
    return -float(np.polyfit(y, x, 1)[0]) if len(y) and np.ptp(y) > 2 else 0.0


def _connected(foreground: NDArray[np.float32]) -> bool:
    """Whether the foreground is one connected component, as an M, an N or a V is."""
    return label_components(foreground > MASK_LEVEL)[1] == 1


def _accept_string(
    string: String, threshold: float, among: float, crowded: bool, policy: AcceptancePolicy
) -> String:
    """A string as it is shown. crowded: it stands on a page of which most is no writing."""
    if string.reason:
        return _with_characters(
            string, [replace(_reject_character(c, NEVER), reason=string.reason) for c in string.characters]
        )
    sure = replace(string, characters=tuple(c for c in string.characters if not c.reason))
    sure = _with_characters(sure, sure.characters)
    if not sure.characters or not _is_writing(sure, threshold, crowded, policy):
        return _reject_string(string, NEVER)
    doubted = [
        replace(_reject_character(replace(c, reason=""), NEVER), reason=c.reason)
        if c.reason and c.text != UNSURE
        else c
        for c in string.characters
    ]
    return _reject_string(_with_characters(string, doubted), min(threshold, among))


def _without_doubts(string: String) -> String:
    """A string whose characters are all shown with no reason against them; those rejected before stay so."""
    shown = (c if c.text == UNSURE else replace(c, reason="") for c in string.characters)
    return replace(string, characters=tuple(shown))


def _reject_weakest(line: Line, half: float) -> Line:
    """A line of less confidence than `half` without its weakest characters: what is left together reaches it."""
    characters = [character for string in line.strings for character in string.characters]
    shown = [number for number, c in enumerate(characters) if not c.reason]
    if not shown or line.strings[0].confidence >= half:
        return line
    shown.sort(key=lambda number: characters[number].confidence)
    rejected = set()
    missing = not any(c.reason for c in characters)  # something is doubtful, or the line would be surer
    while shown and (missing or np.prod([characters[number].confidence for number in shown]) < half):
        rejected.add(shown.pop(0))
        missing = False
    marked = iter(
        [_reject_character(c, NEVER) if number in rejected else c for number, c in enumerate(characters)]
    )
    return Line(
        tuple(_with_characters(string, [next(marked) for _ in string.characters]) for string in line.strings)
    )


def _without_signs(characters: Sequence[Character]) -> Sequence[Character]:
    """The characters that are no signs; all of them, where there are no others."""
    return [one for one in characters if one.text not in SIGNS] or characters


def _is_writing(string: String, threshold: float, crowded: bool, policy: AcceptancePolicy) -> bool:
    if not set(string.text) - set(policy.plain_signs):
        return False
    signs = len(string.text)
    string = _with_characters(string, _without_signs(string.characters))
    signs -= len(string.text)
    count = len(string.characters)
    if string.text == policy.thin_class and signs > 1:
        return False  # strokes and points alone
    if count == 1:
        enough = threshold
    else:
        enough = policy.writing[count - 2] if count - 2 < len(policy.writing) else policy.writing_longer
        enough = max(enough, policy.page_mean) if crowded else enough
    if count >= 3 and len({character.text for character in string.characters}) == 1:
        enough = max(enough, policy.uniform)
    thin = string.text.count(policy.thin_class)
    if thin >= policy.hatching and thin >= count - 1:
        return False
    least = policy.page_characters if crowded else 1
    return count >= least and mean_confidence(string, policy) >= enough


def _without_end_mark(string: String, policy: AcceptancePolicy) -> String:
    """A string without a low mark that stands free at its right end and is no sure character: it is left unread."""
    *others, last = string.characters
    if len(others) < 2 or last.confidence >= policy.mark_confidence or last.text == UNSURE or string.reason:
        return string
    if min(one.confidence for one in others) < policy.mark_others:
        return string
    size = float(np.median([one.box[3] for one in others]))
    before = others[-1].box
    apart = last.box[0] - before[0] - before[2]
    if last.box[3] > policy.mark_height * size or apart < policy.mark_distance * size:
        return string
    left_out = tuple(sorted((*string.unread, last.box)))
    confidence = max(string.confidence, _together(others))
    return replace(_with_characters(string, others), unread=left_out, confidence=confidence)


def _together(characters: Sequence[Character]) -> float:
    """The least confidence that characters have together, each of which has its own: Bonferroni's bound."""
    return max(0.0, 1 - sum(1 - character.confidence for character in characters))


def _reject_string(string: String, threshold: float) -> String:
    return _with_characters(string, [_reject_character(c, threshold) for c in string.characters])


def _with_characters(string: String, characters: Sequence[Character]) -> String:
    text = "".join(character.text for character in characters)
    return replace(string, characters=tuple(characters), text=text)


def _reject_character(character: Character, threshold: float) -> Character:
    """A character, or `?` with the reason if its confidence is below the threshold."""
    if character.reason or character.confidence >= threshold:
        return character
    guess = Alternative(character.text, character.penalty, character.confidence)
    likely = [
        f"{one.text} {format_confidence(one.confidence, 0)}"
        for one in (guess, *character.alternatives[:1])
        if one.confidence >= 0.01
    ]
    rest = max(0.0, 1 - character.confidence - sum(one.confidence for one in character.alternatives))
    if rest > max(character.confidence, 0.5):
        reason = "not like any character" if not likely else f"hardly a character ({', '.join(likely)})"
    else:
        reason = " or ".join(likely)
    return replace(character, text=UNSURE, alternatives=(guess, *character.alternatives), reason=reason)
