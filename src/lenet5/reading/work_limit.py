"""How much of a page is read: what is beyond it is left out, and a sentence says so; no page takes minutes.

What is counted depends on the page alone, so that every machine reads the same of it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WORK_LIMIT", "Work", "WorkLimit"]


@dataclass(frozen=True)
class WorkLimit:
    """What a page may take, in candidates; what else takes time counts as so many of them.

    Fitted to the processor seconds of pages in tests/fuzz; what a page and a cell count for, to benchmarks/growth.py.
    """

    most: float = 40_000  # about 3.5 seconds of a core, and 1,500 digits
    of_page: float = 700.0  # of a megapixel of the page: finding what is on it
    of_megapixel: float = 2100.0  # of the foreground of lines
    of_line: float = 160.0
    of_arc: float = 0.014  # of a graph that was composed with a grammar
    of_cell: float = 35.0  # read together by segmentation, …
    of_allowed_cell: float = (
        75.0  # … where only some strings are allowed, and a cell is cut again to find one, …
    )
    of_displaced_cell: float = 120.0  # … or one by one by displacement
    of_isolated: float = 30.0  # of a cell that is looked at as one character …
    of_coloured: float = 70.0  # … in colour
    of_region: float = 2.0  # of a cell, empty or not: where it is, and what it shows


WORK_LIMIT = WorkLimit()


@dataclass
class Work:
    """What the lines and cells of a page have taken so far, in candidates."""

    limit: WorkLimit = WORK_LIMIT
    candidates: float = 0.0

    def add_page(self, pixels: int) -> None:
        """Count a page by its pixels, for finding what is on it; three quarters of the limit are left to reading."""
        self.candidates += min(self.limit.of_page * pixels / 1e6, self.limit.most / 4)

    def add(self, candidates: int, pixels: int) -> None:
        """Count what a line or a cell shows: its candidates, and the pixels of its foreground."""
        self.candidates += candidates + self.limit.of_megapixel * pixels / 1e6

    def add_arcs(self, arcs: int) -> None:
        """Count the arcs of a line's graph that was composed with a grammar."""
        self.candidates += arcs * self.limit.of_arc

    def add_line(self) -> None:
        """Count a line for itself."""
        self.candidates += self.limit.of_line

    def add_cells(self, cells: int, displaced: bool = False, allowed: bool = False) -> None:
        """Count cells for themselves. displaced: read by displacement. allowed: by a grammar."""
        limit = self.limit
        each = limit.of_allowed_cell if allowed else limit.of_cell
        self.candidates += cells * (limit.of_displaced_cell if displaced else each)

    def add_isolated(self, coloured: bool) -> None:
        """Count a cell that was looked at as one character."""
        self.candidates += self.limit.of_coloured if coloured else self.limit.of_isolated

    def add_regions(self, cells: int) -> None:
        """Count the cells of a page's layout; half of what a page may take is left to what they show."""
        self.candidates += min(cells * self.limit.of_region, self.limit.most / 2)

    @property
    def is_enough(self) -> bool:
        """Whether no more of the page is read."""
        return self.candidates >= self.limit.most
