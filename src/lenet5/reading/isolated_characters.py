"""Isolated characters: glyphs that are surely one character each, classified in several sheared views.

A picture of one character and a row of printed boxes need no segmentation: the interpretation graph has one arc for
each class of each glyph. The confidences of the views are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..deadline import NEVER, Deadline
from ..errors import PictureError, nothing_to_read
from ..imaging.character_foreground import (
    CHARACTER_FOREGROUND,
    CharacterForegroundSettings,
    character_foreground,
)
from ..imaging.geometry import Box, Region, foreground_box, scale_box
from ..imaging.joined_parts import PARTS, PartSettings, join_parts
from ..imaging.normalise import GLYPH, GlyphSettings, glyph
from ..imaging.threshold import MASK_LEVEL
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..lattice.graph import Graph
from ..model.classifier import Classifier
from .explanation import DecodedLine, record_line
from .interpretation_graph import DECODING, DecodingSettings, InterpretationGraph, classify_views
from .results import String
from .square_digits import SQUARE_DIGITS, SquareDigitSettings, with_square_digits

__all__ = ["IsolatedCharacter", "IsolationSettings", "isolate", "read_each", "read_isolated"]

LEAST = 1e-12  # a confidence is at least so much, that its logarithm is finite


@dataclass(frozen=True)
class IsolationSettings:
    """How an isolated character is classified; chosen on held-out writers of the training data."""

    # Pixels to the right for each pixel of height, of every further view.
    shears: tuple[float, ...] = (-0.35, -0.2, 0.2, 0.35)
    foreground: CharacterForegroundSettings = CHARACTER_FOREGROUND
    glyph: GlyphSettings = GLYPH
    decoding: DecodingSettings = DECODING
    square: SquareDigitSettings = SQUARE_DIGITS
    parts: PartSettings = PARTS
    # Confidence in any class below which the parts of a character are joined, and what is read then counts for so much
    # of the whole, if it is surer, and no other class than one of this confidence. Chosen on MNIST's digits, cut.
    doubtful: float = 0.6
    joined: float = 0.8
    likely: float = 0.2


SETTINGS = IsolationSettings()


@dataclass(frozen=True, eq=False)
class IsolatedCharacter:
    """The one character of a region.

    image: (rows, columns, 3) in 0 … 1, the region reduced. foreground: (rows, columns) in 0 … 1, of that image.
    glyph: (28, 28) uint8. box: in pixels of that image. placed: the box in pixels of the page.
    """

    image: NDArray[np.float32]
    foreground: NDArray[np.float32]
    glyph: NDArray[np.uint8]
    box: Box
    placed: Box


def isolate(
    region: Region, trace: Trace | None = None, settings: IsolationSettings = SETTINGS
) -> IsolatedCharacter:
    """Take all foreground of a region for one character.

    Args:
        region: a region of a page.
        trace: records the foreground.
        settings: how the foreground is measured and brought to its size.

    Returns:
        The glyph, and where it is.

    Raises:
        PictureError: nothing stands out from the background.
    """
    foreground = character_foreground(region.image, region.name, trace, settings.foreground)
    # This raises where there is none.
    character = glyph(foreground.levels, region.name, settings=settings.glyph)
    box = foreground_box(foreground.levels > MASK_LEVEL) or (0, 0, 1, 1)
    placed = region.on_page(scale_box(box, foreground.pixels, region.size))
    return IsolatedCharacter(foreground.image, foreground.levels, character, box, placed)


def read_isolated(
    characters: Sequence[IsolatedCharacter],
    model: Classifier,
    grammar: Grammar | None = None,
    *,
    best: int = 5,
    name: str = "the picture",
    trace: Trace | None = None,
    settings: IsolationSettings = SETTINGS,
    deadline: Deadline = NEVER,
) -> String:
    """Read glyphs, one character each, from left to right.

    Args:
        characters: one or more.
        model: classifies them; of an ensemble all members and experts.
        grammar: strings that are allowed; None: all.
        best: different readings wanted, the first included.
        name: what errors call the picture.
        trace: records what the reading was decided on.
        settings: how they are classified.
        deadline: checked between the steps.

    Returns:
        The string; its boxes are in pixels of the page.

    Raises:
        PictureError: the grammar allows no string of so many characters.
    """
    if grammar is not None and not grammar.accepts_length(len(characters)):  # the networks need not be asked
        raise _none_allowed(len(characters), name)
    answers = _classify(characters, model, settings)
    return _decode(characters, answers, model, grammar, best, name, trace, settings, deadline)


def read_each(
    characters: Sequence[IsolatedCharacter],
    model: Classifier,
    grammar: Grammar | None = None,
    *,
    best: int = 5,
    names: Sequence[str],
    trace: Trace | None = None,
    settings: IsolationSettings = SETTINGS,
    deadline: Deadline = NEVER,
) -> list[String | PictureError]:
    """Read glyphs as a string of one character each: they are classified together.

    Args:
        characters: one or more.
        model: as for `read_isolated`, as are all others but names.
        grammar: of every string.
        best: different readings wanted of each.
        names: what errors call each.
        trace: records what each reading was decided on.
        settings: how they are classified.
        deadline: checked between the steps.

    Returns:
        The string of each, or that the grammar allows none.
    """
    if grammar is not None and not grammar.accepts_length(1):
        return [_none_allowed(1, name) for name in names]
    answers = _classify(characters, model, settings)
    strings: list[String | PictureError] = []
    for number, (character, name) in enumerate(zip(characters, names, strict=True)):
        own = _Answers(
            answers.glyphs[number : number + 1],
            answers.penalties[number : number + 1],
            answers.confidences[number : number + 1],
        )
        try:
            strings.append(_decode([character], own, model, grammar, best, name, trace, settings, deadline))
        except PictureError as error:
            strings.append(error)
    return strings


@dataclass(frozen=True, eq=False)
class _Answers:
    """What the networks answer about characters: glyphs (N, 28, 28) uint8; penalties and confidences (N, classes)."""

    glyphs: NDArray[np.uint8]
    penalties: NDArray[np.float32]
    confidences: NDArray[np.float64]


def _none_allowed(characters: int, name: str) -> PictureError:
    many = "one character" if characters == 1 else f"{characters} characters"
    return nothing_to_read(name, f"nothing that is allowed has {many}")


def _classify(
    characters: Sequence[IsolatedCharacter], model: Classifier, settings: IsolationSettings
) -> _Answers:
    """Classify characters in all views."""
    glyphs = np.stack([character.glyph for character in characters])
    views = classify_views(model, glyphs, settings.shears)
    confidences = np.mean([model.confidence_of(penalties) for penalties in views], 0)
    confidences = _with_joined_parts(confidences, characters, model, settings)
    confidences = with_square_digits(confidences, glyphs, model.classes, settings.square)
    return _Answers(glyphs, views[0], np.maximum(confidences, LEAST))


def _decode(
    characters: Sequence[IsolatedCharacter],
    answers: _Answers,
    model: Classifier,
    grammar: Grammar | None,
    best: int,
    name: str,
    trace: Trace | None,
    settings: IsolationSettings,
    deadline: Deadline,
) -> String:
    """The string of characters that were classified. Arguments as for `read_isolated`."""
    count, classes = answers.confidences.shape
    first = np.repeat(np.arange(count), classes)
    label = np.tile(np.arange(classes), count)
    penalty = -np.log(answers.confidences).ravel()
    graph = InterpretationGraph(
        Graph(count + 1, first, first + 1, label, penalty, model.backend.lattice),
        first,
        answers.glyphs,
        answers.penalties,
        lambda candidate: characters[candidate].placed,
        np.arange(count + 1, dtype=np.float64),
        answers.confidences,
    )
    deadline.check()
    string = graph.decode(model, grammar, best, name, settings.decoding, deadline)
    if trace:
        boxes = tuple(character.placed for character in characters)
        record_line(trace, DecodedLine(graph, grammar, string, boxes, settings=settings.decoding))
    # No other segmentation competes: the confidence of a reading is its own probability, not a share of paths.
    alternatives = tuple(
        replace(other, confidence=float(np.exp(-other.penalty))) for other in string.alternatives
    )
    return replace(string, confidence=float(np.exp(-string.penalty)), alternatives=alternatives)


def _with_joined_parts(
    confidences: NDArray[np.float64],
    characters: Sequence[IsolatedCharacter],
    model: Classifier,
    settings: IsolationSettings,
) -> NDArray[np.float64]:
    """Confidences, (N, classes), of doubtful characters also with those parts joined that do not meet."""
    joined: dict[int, NDArray[np.uint8]] = {}
    for number in np.flatnonzero(confidences.max(1) < settings.doubtful).tolist():
        foreground = join_parts(characters[number].foreground, settings.parts)
        if foreground is not None:
            joined[number] = glyph(foreground, settings=settings.glyph)
    if not joined:
        return confidences
    views = classify_views(model, np.stack([*joined.values()]), settings.shears)
    others = np.mean([model.confidence_of(penalties) for penalties in views], 0)
    changed = confidences.copy()
    for number, other in zip(joined, others, strict=True):
        own = confidences[number]
        agree = own.max() < settings.likely or own.argmax() == other.argmax()
        if other.max() > own.max() and agree:
            changed[number] += settings.joined * (other - own)
    return changed
