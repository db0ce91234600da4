"""Parts of a page that are read on their own, and where on the page what is read in them lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Region"]


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a page, to be read alone.

    box: left, top, width, height of what is in it, in pixels of the page. origin: left, top of `picture` on the
    page. picture: (rows, columns, 3) float32 in 0 … 1. name: what errors call it. line: which line of the page
    it lies in, from 0. strokes: writing.stroke_foreground(picture), where it is known.
    """

    box: tuple[int, int, int, int]
    origin: tuple[int, int]
    picture: NDArray[np.float32] = field(repr=False)
    name: str = "the picture"
    line: int = 0
    strokes: NDArray[np.float32] | None = field(default=None, repr=False)

    def on_page(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """A box (left, top, width, height) in pixels of `picture`, in pixels of the page."""
        return box[0] + self.origin[0], box[1] + self.origin[1], box[2], box[3]
