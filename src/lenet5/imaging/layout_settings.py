"""The settings of a page's layout, those of every step in one tree, and what an image may be taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .cells import CELLS, CellSettings
from .character_boxes import CHARACTER_BOXES, CharacterBoxSettings
from .deskew import DESKEW, DeskewSettings
from .foreground import LINE_FOREGROUND, LineForegroundSettings
from .grids import GRIDS, GridSettings
from .line_removal import LINE_REMOVAL, LineRemovalSettings
from .page_detection import PAGE_DETECTION, PageDetectionSettings
from .page_mask import PAGE_MASK, PageMaskSettings
from .rims import RIMS, RimSettings
from .text_lines import TEXT_LINES, TextLineSettings

__all__ = ["LAYOUT", "MODES", "Kind", "LayoutSettings", "Mode"]

Kind = Literal["character", "string", "lines", "boxes", "table"]
Mode = Literal["auto", "character", "string", "lines", "boxes", "table"]
# What an image is taken for: whatever it looks like; one character; one line; a page of lines; printed boxes of one
# character each; a table, whose cells hold a character or a few.
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class LayoutSettings:
    """How lines of text are cut out of a page, and each step before. Chosen by eye on the development pictures."""

    strip_width: int = 640  # pixels: an image no wider than this …
    strip_height: int = 100  # … and no higher than this, or than half its width, is measured as one line
    margin: float = 0.5  # heights of the line: what its image shows on each side of it
    uncut_height: float = 3.0  # heights of its only line: an image no higher than this is not cut
    rim: int = 2  # pixels of the reduced page around other lines that are painted over with them
    page: PageDetectionSettings = PAGE_DETECTION
    printed_lines: LineRemovalSettings = LINE_REMOVAL
    boxes: CharacterBoxSettings = CHARACTER_BOXES
    grids: GridSettings = GRIDS
    cells: CellSettings = CELLS
    rims: RimSettings = RIMS
    mask: PageMaskSettings = PAGE_MASK
    deskew: DeskewSettings = DESKEW
    text_lines: TextLineSettings = TEXT_LINES
    strokes: LineForegroundSettings = LINE_FOREGROUND


LAYOUT = LayoutSettings()
