"""Line images, 32 pixels high, on which a network is displaced (Section VII), and its windows on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.architecture import FIELD, INPUT
from .foreground import CHARACTER_SIZE, CharacterSizeSettings, character_size
from .normalise import BOX_SIDE
from .resize import resize
from .threshold import MASK_LEVEL

__all__ = ["BORDER", "STRIDE", "LineImage"]

STRIDE = 4  # pixels between windows: two layers of subsampling by two
BORDER = (INPUT - FIELD) // 2  # pixels around a glyph in the network's input


@dataclass(frozen=True, eq=False)
class LineImage:
    """A line's foreground with its characters 20 pixels high: levels (32, width) float32 in 0 … 1.

    The line is centred by mass from top to bottom. Half an input of background on either side lets the first and the
    last character be centred too. pixels: of the foreground for one of the line image. left, top: of the line image
    at which the foreground begins.
    """

    levels: NDArray[np.float32]
    pixels: float
    left: int
    top: int

    @staticmethod
    def of(
        foreground: NDArray[np.float32],
        size: float | None = None,
        settings: CharacterSizeSettings = CHARACTER_SIZE,
    ) -> LineImage:
        """The line image of a line's foreground.

        Args:
            foreground: (rows, columns) in 0 … 1.
            size: height of its characters in pixels; estimated if None.
            settings: how it is estimated.
        """
        mask = foreground > MASK_LEVEL
        scale = BOX_SIDE / max(character_size(mask, settings) if size is None else size, 1.0)
        columns = np.flatnonzero(mask.any(0))
        cut = int(columns[0]) if columns.size else 0
        if columns.size:
            foreground = foreground[:, cut : columns[-1] + 1]
        rows, width = (max(1, round(side * scale)) for side in foreground.shape)
        line = resize(foreground, (rows, width), "area" if scale < 1 else "cubic").clip(0, 1)
        centre = float(line.sum(1) @ np.arange(len(line))) / max(float(line.sum()), 1e-6)
        first = round(centre - INPUT / 2)  # the row of the line that becomes the line image's first
        levels = np.zeros((INPUT, -(-(width + INPUT) // STRIDE) * STRIDE), np.float32)
        taken = line[max(first, 0) : max(first + INPUT, 0)]
        top = max(-first, 0)
        levels[top : top + len(taken), INPUT // 2 : INPUT // 2 + width] = taken[: INPUT - top]
        return LineImage(levels, 1 / scale, INPUT // 2 - round(cut * scale), -first)

    @property
    def window_centres(self) -> NDArray[np.float64]:
        """Columns of the foreground at which the windows are centred, (windows,) in pixels."""
        windows = (self.levels.shape[1] - INPUT) // STRIDE + 1
        return (np.arange(windows) * STRIDE + INPUT / 2 - self.left) * self.pixels

    @property
    def glyphs(self) -> NDArray[np.uint8]:
        """The windows within the border that MNIST leaves blank, (windows, 28, 28) uint8."""
        inner = self.levels[BORDER:-BORDER]
        windows = np.lib.stride_tricks.sliding_window_view(inner, FIELD, axis=1)[:, BORDER::STRIDE]
        windows = windows.transpose(1, 0, 2)[: len(self.window_centres)]
        return np.rint(255 * windows).astype(np.uint8)
