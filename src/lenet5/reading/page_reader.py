"""A page from its layout: each region by how it is laid out, and cells as lines where these show more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError, nothing_to_read
from ..imaging.page_layout import Mode, PageLayout, layout
from ..lattice.automaton import Grammar
from .acceptance import accept
from .cells import CellReader, read_boxes, read_table, sample_of_cells
from .gaps import split_at_gaps
from .isolated_characters import IsolatedCharacter
from .page_lines import cut_once_if_crowded, one_character, read_lines
from .region_reader import ReadingRequest, RegionReader
from .results import UNSURE, Line, Result, String
from .work_limit import Work

__all__ = ["PageReader"]


@dataclass(frozen=True)
class PageReader:
    """Reads pages of which the layout is known.

    Args:
        regions: reads each region.
    """

    regions: RegionReader

    def read(self, page_layout: PageLayout, mode: Mode, request: ReadingRequest) -> Result:
        """Read every region. Raises PictureError where none can be read."""
        request = cut_once_if_crowded(page_layout, request, self.regions.settings.crowded)
        if page_layout.kind == "character":
            return _single(self.regions.character(page_layout.page, request, request.trace))
        if page_layout.kind == "string":
            return _single(self.regions.string(page_layout.page, request))
        if page_layout.kind == "boxes":
            return read_boxes(page_layout, self._cell_reader(request, mode))
        if page_layout.kind == "table":
            return read_table(page_layout, self._cell_reader(request, mode))
        strings, errors = read_lines(page_layout, self.regions, request)
        if mode == "auto" and (one := one_character(page_layout.page, strings, self.regions, request)):
            return _single(one)
        if not strings:
            raise PictureError(errors[0])
        lines = tuple(Line(split_at_gaps(string, self.regions.settings.gap)) for string in strings)
        return Result(lines, tuple(errors))

    def shown(self, result: Result) -> float:
        """Share of a result's characters that would be shown."""
        shown = accept(result, self.regions.model.threshold_for(), self.regions.policy).characters
        return float(np.mean([character.text != UNSURE for character in shown])) if shown else 0.0

    def shown_of_some(self, page_layout: PageLayout, many: int, request: ReadingRequest) -> float:
        """`shown` of some cells of a page that has more than so many; 1 where it has not, or they may be empty."""
        some = sample_of_cells(page_layout, many, self.regions.settings.cells)
        if not some:
            return 1.0
        try:
            first = replace(request, trace=None, work=Work(self.regions.settings.work))
            return self.shown(self.read(some, "auto", first))
        except PictureError:
            return 1.0

    def cells_or_lines(
        self, image: NDArray[np.float32], page_layout: PageLayout, request: ReadingRequest
    ) -> Result:
        """What is read in cells, or as lines where too little of that is shown, and more of the lines.

        Squared paper and frames look like cells, but what is written does not keep to them. Of many cells some are
        read first: where these show little, the lines are read before the rest.
        """
        settings, lines = self.regions.settings.cells, None
        shown = self.shown_of_some(page_layout, settings.many, request)
        if shown < settings.sample_shown:
            lines = self._lines(image, request)
        if lines and self.shown(lines) >= shown:
            return lines
        result = self.read(page_layout, "auto", request)
        if self.shown(result) < settings.shown:
            lines = lines or self._lines(image, request)
            if lines and (self.shown(lines) > self.shown(result) or not page_layout.sure):
                return lines
        return result

    def unsure_cells(self, page_layout: PageLayout, mode: Mode, request: ReadingRequest) -> Result:
        """Cells that were asked for, where what is written does not keep to them: PictureError if they show little."""
        settings = self.regions.settings.cells
        if self.shown_of_some(page_layout, settings.many_unsure, request) >= settings.sample_shown:
            result = self.read(page_layout, mode, request)
            if self.shown(result) >= settings.shown:
                return result
        raise _none_found(page_layout, request)

    def _lines(self, image: NDArray[np.float32], request: ReadingRequest) -> Result | None:
        """The lines of a page that seemed to have cells; None where none can be read."""
        lines = layout(
            image,
            request.name,
            "lines",
            request.trace,
            self.regions.settings.layout,
            deadline=request.deadline,
        )
        # The page was looked at once: half as much of it is read now.
        half = replace(self.regions.settings.work, most=self.regions.settings.work.most / 2)
        work = Work(half)
        work.add_page(image.shape[0] * image.shape[1])
        try:
            return self.read(lines, "auto", replace(request, work=work))
        except PictureError:
            return None

    def _cell_reader(self, request: ReadingRequest, mode: Mode) -> CellReader:
        """What reads the cells of boxes and tables as this request asks."""

        def isolated(characters: Sequence[IsolatedCharacter], name: str, grammar: Grammar | None) -> String:
            return self.regions.isolated(characters, name, replace(request, grammar=grammar))

        def accepted(string: String) -> String:
            shown = accept(_single(string), self.regions.model.threshold_for(), self.regions.policy)
            return shown.strings[0]

        return CellReader(
            isolated,
            lambda characters, names: self.regions.each(characters, names, request),
            lambda regions: self.regions.strings(regions, request),
            accepted,
            request.grammar,
            request.best,
            self.regions.settings.cells,
            request.deadline.check,
            request.work,
            or_lines=mode == "auto",
        )


def _none_found(page_layout: PageLayout, request: ReadingRequest) -> PictureError:
    what = "printed boxes were" if page_layout.kind == "boxes" else "table was"
    return nothing_to_read(request.name, f"no {what} found; without a mode it is read as lines")


def _single(string: String) -> Result:
    return Result((Line((string,)),))
