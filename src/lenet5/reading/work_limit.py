"""How much of a page is read: what is beyond it is left out, and a sentence says so; no page takes minutes.

What is counted depends on the page alone, so that every machine reads the same of it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WORK_LIMIT", "Work", "WorkLimit"]


@dataclass(frozen=True)
class WorkLimit:
    """What a page may take, in candidates; what else takes time counts as so many of them.

    Fitted to the processor seconds of pages of 12 megapixels in tests/fuzz, within a fifth of which it tells them.
    """

    most: float = 48_000  # about 4 seconds of a core, and 2,000 digits
    of_megapixel: float = 2100.0  # of the foreground of lines
    of_line: float = 160.0
    of_cell: float = 16.0  # and of other lines that are read together


WORK_LIMIT = WorkLimit()


@dataclass
class Work:
    """What the lines and cells of a page have taken so far, in candidates."""

    limit: WorkLimit = WORK_LIMIT
    candidates: float = 0.0

    def add(self, candidates: int, pixels: int, together: bool = False) -> None:
        """Count a line that was read, alone or with others: its candidates, and the pixels of its foreground."""
        limit = self.limit
        itself = limit.of_cell if together else limit.of_line
        self.candidates += candidates + limit.of_megapixel * pixels / 1e6 + itself

    @property
    def is_enough(self) -> bool:
        """Whether no more of the page is read."""
        return self.candidates >= self.limit.most
