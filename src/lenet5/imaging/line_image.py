"""Lines as strips, 32 pixels high, on which a network is displaced (Section VII), and its windows on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.architecture import FIELD, INPUT
from .foreground import INKED, character_size
from .normalise import BOX

__all__ = ["EDGE", "STEP", "LineImage"]

STEP = 4  # pixels between windows: two layers of subsampling by two
EDGE = (INPUT - FIELD) // 2


@dataclass(frozen=True, eq=False)
class LineImage:
    """A line of ink, its characters 20 pixels high: levels (32, width) float32 in 0 … 1.

    The line is centred by mass from top to bottom, and half an input of paper on either side lets the first and
    last character be centred too. pixels: of the ink for one of the strip. left, top: where the ink begins.
    """

    levels: NDArray[np.float32]
    pixels: float
    left: int
    top: int

    @staticmethod
    def of(ink: NDArray[np.float32], size: float | None = None) -> LineImage:
        """The strip of a line of ink, (rows, columns); size: of its characters in pixels, estimated if None."""
        from PIL import Image

        inked = ink > INKED
        scale = BOX / max(character_size(inked) if size is None else size, 1.0)
        columns = np.flatnonzero(inked.any(0))
        cut = int(columns[0]) if columns.size else 0
        if columns.size:
            ink = ink[:, cut : columns[-1] + 1]
        new = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
        how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        line = np.asarray(Image.fromarray(np.ascontiguousarray(ink, np.float32)).resize(new, how)).clip(0, 1)
        middle = float(line.sum(1) @ np.arange(len(line))) / max(float(line.sum()), 1e-6)
        first = round(middle - INPUT / 2)  # the row of the line that becomes the strip's first
        width = -(-(line.shape[1] + INPUT) // STEP) * STEP
        levels = np.zeros((INPUT, width), np.float32)
        taken = line[max(first, 0) : max(first + INPUT, 0)]
        top = max(-first, 0)
        levels[top : top + len(taken), INPUT // 2 : INPUT // 2 + line.shape[1]] = taken[: INPUT - top]
        return LineImage(levels, 1 / scale, INPUT // 2 - round(cut * scale), -first)

    @property
    def middles(self) -> NDArray[np.float64]:
        """Where the middle of each window lies, (windows,), in pixels of the ink."""
        windows = (self.levels.shape[1] - INPUT) // STEP + 1
        return (np.arange(windows) * STEP + INPUT / 2 - self.left) * self.pixels

    @property
    def fields(self) -> NDArray[np.uint8]:
        """What each window shows within the edge that MNIST leaves blank, (windows, 28, 28) uint8."""
        inner = self.levels[EDGE:-EDGE]
        windows = np.lib.stride_tricks.sliding_window_view(inner, FIELD, axis=1)[:, EDGE::STEP]
        return np.rint(255 * windows.transpose(1, 0, 2)[: len(self.middles)]).astype(np.uint8)
