"""Reading a region of a page: a line of text by the reader's method, one character, or characters that stand apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..deadline import NEVER, Deadline
from ..errors import PictureError
from ..imaging.foreground import Foreground, line_foreground
from ..imaging.geometry import Box, Region, scale_box
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..model.classifier import Classifier
from ..model.signs import string_confidence_of
from . import over_segmentation, space_displacement
from .acceptance import AcceptancePolicy, rejection_reason, with_doubts
from .cells import CellReadingSettings
from .isolated_characters import IsolatedCharacter, isolate, read_each, read_isolated
from .results import String
from .settings import ReaderSettings
from .unread import unread_boxes
from .work_limit import Work

__all__ = ["ReadingRequest", "RegionReader"]


@dataclass(frozen=True)
class ReadingRequest:
    """What is asked of every string of a picture, and the trace that records how it is read."""

    name: str
    grammar: Grammar | None
    best: int
    trace: Trace | None
    deadline: Deadline = NEVER
    glance: bool = False  # lines are looked at once only, at no other shear or width
    work: Work = field(default_factory=Work)  # what has been read of the page, counted as it goes on

    def trace_of(self, region: Region) -> Trace | None:
        """The trace under the region's name, without the picture's."""
        return self.named_trace(region.name.removeprefix(self.name).lstrip(", "))

    def named_trace(self, part: str) -> Trace | None:
        return self.trace.of(", ".join(filter(None, (self.trace.region, part)))) if self.trace else None


@dataclass(frozen=True, eq=False)
class RegionReader:
    """Reads regions.

    Args:
        model: classifies; its weights know the rubbish class.
        method: how lines are read: "segmentation" (Section V) or "displacement" (Section VII).
        settings: of every step.
        policy: what a string is doubted for.
    """

    model: Classifier
    method: str
    settings: ReaderSettings
    policy: AcceptancePolicy

    def string(self, region: Region, request: ReadingRequest) -> String:
        """Read a region as one line of text; boxes in pixels of the page."""
        trace = request.trace_of(region)
        foreground = self._foreground(region, request, trace)
        place = partial(_on_page, region, foreground.pixels)
        string = self._line(foreground.levels, region.name, request, trace.placed(place) if trace else None)
        return self._doubted(string, foreground, request).map_boxes(place)

    def strings(
        self, regions: Sequence[Region], request: ReadingRequest
    ) -> list[String | PictureError | None]:
        """Read many short regions, such as cells: each as a line of text, or why it cannot be read.

        By segmentation they are classified together, some at a time; a trace has one after the other. None stands for
        those that are not read, since enough of the page is.
        """
        strings: list[String | PictureError | None] = []
        alone = self.method != "segmentation" or request.trace is not None
        for part in _parts(regions, self.settings.cells):
            if request.work.is_enough:
                strings += [None] * len(part)
                continue
            request.work.add_cells(len(part), self.method != "segmentation", request.grammar is not None)
            if alone:
                strings += [self._string_or_error(region, request) for region in part]
            else:
                strings += self._together(part, request)
        return strings

    def _string_or_error(self, region: Region, request: ReadingRequest) -> String | PictureError:
        try:
            return self.string(region, request)
        except PictureError as error:
            return error

    def _together(self, regions: Sequence[Region], request: ReadingRequest) -> list[String | PictureError]:
        """`strings` of regions whose candidates are classified together."""
        answers: dict[int, String | PictureError] = {}
        foregrounds: dict[int, Foreground] = {}
        for number, region in enumerate(regions):
            try:
                foregrounds[number] = self._foreground(region, request, None)
            except PictureError as error:
                answers[number] = error
        strings = over_segmentation.read_strings(
            [foreground.levels for foreground in foregrounds.values()],
            self.model,
            request.grammar,
            names=[regions[number].name for number in foregrounds],
            best=request.best,
            settings=self._cutting(request),
            deadline=request.deadline,
            work=request.work,
        )
        for (number, foreground), string in zip(foregrounds.items(), strings, strict=True):
            if not isinstance(string, PictureError):
                string = self._doubted(string, foreground, request)
                string = string.map_boxes(partial(_on_page, regions[number], foreground.pixels))
            answers[number] = string
        return [answers[number] for number in range(len(regions))]

    def _foreground(self, region: Region, request: ReadingRequest, trace: Trace | None) -> Foreground:
        """What is written in a region, as a line."""
        strokes = self.settings.layout.strokes
        foreground = line_foreground(region.image, region.name, region.foreground, trace, strokes)
        request.deadline.check()
        return foreground

    def _doubted(self, string: String, foreground: Foreground, request: ReadingRequest) -> String:
        """A string with what it leaves unread, what speaks against it, and its calibrated confidence."""
        free = request.grammar is None
        string = replace(string, unread=unread_boxes(string, foreground.levels, self.settings.unread))
        string = with_doubts(string, foreground.image, foreground.levels, self.policy, free=free)
        known, several = string_confidence_of(self.model), len(string.characters) > 1
        # One character alone has a confidence of its own, and a pattern changes what paths there are.
        if known and several and free and not string.reason:
            string = string.with_confidence(known.probability(string.confidence))
        return string

    def _cutting(self, request: ReadingRequest) -> over_segmentation.OverSegmentationSettings:
        """How lines are cut: at a glance once only."""
        cut = self.settings.segmentation
        return replace(cut, shears=()) if request.glance else cut

    def character(self, region: Region, request: ReadingRequest, trace: Trace | None) -> String:
        """Read a region as one character; its box in pixels of the page."""
        character = isolate(region, trace, self.settings.isolation)
        string = self.isolated([character], region.name, request)
        here = string.map_boxes(lambda _: character.box)
        reason = rejection_reason(here, character.image, character.foreground, self.policy)
        return replace(string, reason=reason)

    def _line(
        self, foreground: NDArray[np.float32], name: str, request: ReadingRequest, trace: Trace | None
    ) -> String:
        """Read the foreground of a line by the reader's method; boxes in its pixels."""
        grammar, best, deadline = request.grammar, request.best, request.deadline
        if self.method == "segmentation":
            return over_segmentation.read_string(
                foreground,
                self.model,
                grammar,
                best=best,
                name=name,
                trace=trace,
                settings=self._cutting(request),
                deadline=deadline,
                work=request.work,
            )
        shift = self.settings.displacement
        if request.glance:
            shift = replace(shift, shears=(), widths=())
        return space_displacement.read_string(
            foreground,
            self.model,
            grammar,
            best=best,
            name=name,
            trace=trace,
            settings=shift,
            deadline=deadline,
            work=request.work,
        )

    def isolated(self, characters: Sequence[IsolatedCharacter], name: str, request: ReadingRequest) -> String:
        """Read glyphs of one character each; boxes in pixels of the page."""
        return read_isolated(
            characters,
            self.model,
            request.grammar,
            best=request.best,
            name=name,
            trace=request.trace,
            settings=self.settings.isolation,
            deadline=request.deadline,
        )

    def each(
        self, characters: Sequence[IsolatedCharacter], names: Sequence[str], request: ReadingRequest
    ) -> list[String | PictureError]:
        """Read glyphs as a string of one character each; boxes in pixels of the page."""
        return read_each(
            characters,
            self.model,
            request.grammar,
            best=request.best,
            names=names,
            trace=request.trace,
            settings=self.settings.isolation,
            deadline=request.deadline,
        )


def _parts(regions: Sequence[Region], settings: CellReadingSettings) -> Iterator[Sequence[Region]]:
    """Regions that are read together, one after the other: no more than the settings say, nor of more pixels."""
    first = pixels = 0
    for number, region in enumerate(regions):
        size = region.image.shape[0] * region.image.shape[1]
        if number - first == settings.together or (
            number > first and pixels + size > settings.together_pixels
        ):
            yield regions[first:number]
            first, pixels = number, 0
        pixels += size
    if regions:
        yield regions[first:]


def _on_page(region: Region, pixels: float, box: Box) -> Box:
    """A box of a region's foreground, whose pixels have sides of so many of the region's, in pixels of the page."""
    return region.on_page(scale_box(box, pixels, region.size))
