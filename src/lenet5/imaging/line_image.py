"""Line images, 32 pixels high, on which a network is displaced (Section VII), and its windows on them.

The network sees characters of one size in the middle of its input, as those that it learnt were; but small zeros stand
at the end of an amount, lines climb, and a tall 7 is cut off where all are scaled alike. So a line image is brought to
height place by place: the extent of the ink around each column, smoothed along the line, becomes 20 pixels. # not in
the paper. What is too low for a character, as points and dashes are, keeps the size and place that the line gives it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..network.architecture import FIELD, INPUT
from .foreground import CHARACTER_SIZE, CharacterSizeSettings, character_size
from .normalise import BOX_SIDE
from .resize import resize
from .threshold import MASK_LEVEL

__all__ = ["BORDER", "LINE_IMAGE", "STRIDE", "LineImage", "LineImageSettings"]

STRIDE = 4  # pixels between windows: two layers of subsampling by two
BORDER = (INPUT - FIELD) // 2  # pixels around a glyph in the network's input

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class LineImageSettings:
    """How a line is brought to the network's height. Sizes are heights of the line's characters.

    Chosen by eye on lines of the tuning half of the cheque amounts.
    """

    reach: float = 0.3  # sizes to either side of a column within which the ink's extent is taken
    smoothing: float = 0.25  # sizes: deviation of the mean along the line
    everywhere: float = 2.0  # sizes: the same, where no character is near
    remote: float = 0.05  # weight of that mean beside a character's own
    mark: float = 0.45  # sizes: ink of no more height says nothing about height and place …
    character: float = 0.7  # … and of so much, all
    lowest: float = 0.55  # sizes: what is lower is brought to height as if it were so high
    highest: float = 1.8  # sizes
    size: CharacterSizeSettings = CHARACTER_SIZE


LINE_IMAGE = LineImageSettings()


@dataclass(frozen=True, eq=False)
class LineImage:
    """A line's foreground with its characters 20 pixels high: levels (32, width) float32 in 0 … 1.

    Half an input of background on either side lets the first and the last character be centred too.

    Args:
        levels: of the ink.
        edges: (width + 1,) columns of the foreground at which the line image's columns begin and end, in pixels.
        middle: (width,) row of the foreground that is in the middle of each column, in pixels.
        pixels: (width,) of the foreground for one of the line image, at each column.
    """

    levels: NDArray[np.float32]
    edges: F64
    middle: F64
    pixels: F64

    @staticmethod
    def of(
        foreground: NDArray[np.float32],
        size: float | None = None,
        settings: LineImageSettings = LINE_IMAGE,
        most: int | None = None,
    ) -> LineImage:
        """The line image of a line's foreground, brought to height place by place.

        Args:
            foreground: (rows, columns) in 0 … 1.
            size: height of its characters in pixels; estimated if None.
            settings: how it is brought to height.
            most: columns of a network that is displaced over it, at most; None: any number.

        Raises:
            InputError: it would have more columns.
        """
        mask = foreground > MASK_LEVEL
        if not mask.any():
            return LineImage.even(foreground, size, settings)
        size = max(character_size(mask, settings.size) if size is None else size, 1.0)
        columns = np.flatnonzero(mask.any(0))
        cut = int(columns[0])
        foreground, mask = foreground[:, cut : columns[-1] + 1], mask[:, cut : columns[-1] + 1]
        middle, height = _middle_and_height(mask, size, settings)
        windows = 1 + (_room(round(float((BOX_SIDE / height).sum()))) - INPUT) // STRIDE
        if most is not None and windows > most:
            raise InputError(f"{windows:,} columns are too many for one line; read it part by part")
        return _warped(foreground, cut, size, middle, height)

    @staticmethod
    def even(
        foreground: NDArray[np.float32],
        size: float | None = None,
        settings: LineImageSettings = LINE_IMAGE,
    ) -> LineImage:
        """The line image of a line written evenly: all of it is scaled alike, and centred by mass from top to bottom.

        Args: as for `of`.
        """
        mask = foreground > MASK_LEVEL
        scale = BOX_SIDE / max(character_size(mask, settings.size) if size is None else size, 1.0)
        columns = np.flatnonzero(mask.any(0))
        cut = int(columns[0]) if columns.size else 0
        if columns.size:
            foreground = foreground[:, cut : columns[-1] + 1]
        line = _scaled(foreground, scale)
        width = line.shape[1]
        centre = float(line.sum(1) @ np.arange(len(line))) / max(float(line.sum()), 1e-6)
        first = round(centre - INPUT / 2)  # the row of the line that becomes the line image's first
        levels = np.zeros((INPUT, _room(width)), np.float32)
        taken = line[max(first, 0) : max(first + INPUT, 0)]
        top = max(-first, 0)
        levels[top : top + len(taken), INPUT // 2 : INPUT // 2 + width] = taken[: INPUT - top]
        across = levels.shape[1]
        return LineImage(
            levels,
            (np.arange(across + 1, dtype=np.float64) - INPUT / 2) / scale + cut,
            np.full(across, (first + INPUT / 2) / scale),
            np.full(across, 1 / scale),
        )

    def stretched(self, factor: float) -> LineImage:
        """The same line with its ink so many times as wide, and as high: for hands that write closely, or far apart.

        Args:
            factor: more than 0.
        """
        if factor == 1:
            return self
        from scipy import ndimage  # start-up time

        inked = self.levels.shape[1] - INPUT
        place = np.arange(_room(round(inked * factor)) + 1) - INPUT / 2
        edges = place / factor + INPUT / 2  # in columns of this line image
        middles = (edges[1:] + edges[:-1]) / 2
        y, x = np.broadcast_arrays(np.arange(INPUT)[:, None], middles - 0.5)
        levels = ndimage.map_coordinates(self.levels, [y, x], order=1, mode="constant")
        own = np.arange(self.levels.shape[1]) + 0.5
        return LineImage(
            levels.astype(np.float32),
            np.interp(edges, np.arange(len(self.edges)), self.edges),
            np.interp(middles, own, self.middle),
            np.interp(middles, own, self.pixels),
        )

    @property
    def window_middles(self) -> NDArray[np.intp]:
        """Columns of the line image in the middle of the windows, (windows,)."""
        return np.arange((self.levels.shape[1] - INPUT) // STRIDE + 1) * STRIDE + INPUT // 2

    @property
    def window_centres(self) -> F64:
        """Columns of the foreground at which the windows are centred, (windows,) in pixels."""
        return self.edges[self.window_middles]

    @property
    def glyphs(self) -> NDArray[np.uint8]:
        """The windows within the border that MNIST leaves blank, (windows, 28, 28) uint8."""
        inner = self.levels[BORDER:-BORDER]
        windows = np.lib.stride_tricks.sliding_window_view(inner, FIELD, axis=1)[:, BORDER::STRIDE]
        windows = windows.transpose(1, 0, 2)[: len(self.window_middles)]
        return np.rint(255 * windows).astype(np.uint8)


def _room(width: int) -> int:
    """Columns of a line image: half an input on either side, and a whole number of steps."""
    return -(-(width + INPUT) // STRIDE) * STRIDE


def _scaled(foreground: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    rows, width = (max(1, round(side * scale)) for side in foreground.shape)
    return resize(foreground, (rows, width), "area" if scale < 1 else "cubic").clip(0, 1)


def _middle_and_height(mask: NDArray[np.bool_], size: float, settings: LineImageSettings) -> tuple[F64, F64]:
    """The middle row and the height of the writing at each column, (columns,) in pixels."""
    from scipy import ndimage  # start-up time

    inked, rows = mask.any(0), len(mask)
    top = np.where(inked, mask.argmax(0), rows).astype(np.float64)
    bottom = np.where(inked, rows - mask[::-1].argmax(0), 0).astype(np.float64)
    span = 2 * round(settings.reach * size) + 1
    top = ndimage.minimum_filter1d(top, span, mode="nearest")
    bottom = ndimage.maximum_filter1d(bottom, span, mode="nearest")
    height, inked = bottom - top, bottom > top
    share = (height / size - settings.mark) / (settings.character - settings.mark)
    weight = np.where(inked, np.clip(share, 1e-3, 1), 0)

    def smoothed(values: F64) -> F64:
        near, far = (
            [ndimage.gaussian_filter1d(v, reach * size, mode="constant") for v in (weight * values, weight)]
            for reach in (settings.smoothing, settings.everywhere)
        )
        distant = far[0] / np.maximum(far[1], 1e-12)
        level: F64 = (near[0] + settings.remote * distant) / (near[1] + settings.remote)
        return level

    middle = smoothed(np.where(inked, (top + bottom) / 2, 0))
    limits = np.log(settings.lowest * size), np.log(settings.highest * size)
    return middle, np.exp(smoothed(np.clip(np.log(np.where(inked, height, size)), *limits)))


def _warped(foreground: NDArray[np.float32], cut: int, size: float, middle: F64, height: F64) -> LineImage:
    """The line image by the middle and the height of the writing at each column; cut: columns left out before."""
    from scipy import ndimage  # start-up time

    columns = foreground.shape[1]
    ahead = np.concatenate([[0.0], np.cumsum(BOX_SIDE / height)])  # of each column's edges, in line pixels
    width = max(1, round(ahead[-1]))
    place = np.arange(_room(width) + 1) - INPUT / 2
    edges = np.interp(place, ahead, np.arange(columns + 1.0))
    # Beyond the ink at the scale of its ends.
    edges += np.minimum(place, 0) * height[0] / BOX_SIDE
    edges += np.maximum(place - ahead[-1], 0) * height[-1] / BOX_SIDE
    centres, own = (edges[1:] + edges[:-1]) / 2, np.arange(columns) + 0.5
    pixels, level = (np.interp(centres, own, values) for values in (height / BOX_SIDE, middle))
    # First to the line's mean scale, by areas; then each place to its own.
    line = _scaled(foreground, BOX_SIDE / size)
    high, wide = (new / old for new, old in zip(line.shape, foreground.shape, strict=True))
    y = level + (np.arange(INPUT)[:, None] + 0.5 - INPUT / 2) * pixels
    x = np.broadcast_to(centres, y.shape)
    levels = ndimage.map_coordinates(line, [y * high - 0.5, x * wide - 0.5], order=1, mode="constant")
    return LineImage(levels.astype(np.float32), edges + cut, level, pixels)
