"""Pieces of ink into lines of writing: each to the piece beside it, small ones to the line around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["group_text_lines"]

MOST = 3000  # pieces that are looked at, the largest
LEAST = 5  # pixels: nothing lower is a character
SMALL = 0.45  # heights of a neighbour, below which a piece is a part of the neighbour's line
AROUND = 0.4  # heights above and below a line within which small pieces belong to it
GAP = 3.0  # heights of a character between neighbours in a line
BESIDE = 0.4  # share of the lower one's height that neighbours have in common, at least
TALL = 1.75  # heights of its neighbours, above which a piece may join two lines
ONE = 2.0  # heights of its highest character, below which a picture has one line
LONE = 0.6  # heights of the largest line, below which a piece alone is no line
FLAT = 3.0  # widths of a dash for its height


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Connected ink: edges in pixels, (pieces,) each; the last ones are the first pixel behind."""

    top: NDArray[np.intp]
    bottom: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    area: NDArray[np.intp]

    @property
    def high(self) -> NDArray[np.intp]:
        return self.bottom - self.top

    @property
    def wide(self) -> NDArray[np.intp]:
        return self.right - self.left

    def of(self, which: NDArray) -> _Pieces:
        return _Pieces(
            self.top[which], self.bottom[which], self.left[which], self.right[which], self.area[which]
        )


def group_text_lines(inked: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    """The line that each pixel belongs to, from 1, 0 for none; and how many lines. (rows, columns) bool.

    Lines should be about level (sheet.deskew) and free of printed rules. Lines are in no order.
    """
    from scipy import ndimage

    label, count = ndimage.label(inked, np.ones((3, 3)))
    if not count:
        return np.zeros(inked.shape, np.intp), 0
    edges = np.array([(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(label)])
    pieces = _Pieces(*edges.T, np.bincount(label.ravel(), minlength=count + 1)[1:])
    kept = _writing(pieces, inked.shape)
    if not len(kept):
        return np.zeros(inked.shape, np.intp), 0
    pieces = pieces.of(kept)
    tall = _tall(pieces)
    small = _small(pieces, ~tall)
    line = np.full(len(kept), -1)
    letters = np.flatnonzero(~small & ~tall)
    if not len(letters):
        small[:], tall[:] = False, False
        letters = np.arange(len(kept))
    if inked.shape[0] < ONE * np.max(pieces.high[letters], initial=0):
        line[letters] = 0  # there is no room for two
    else:
        letter = pieces.of(letters)
        line[letters] = _merged(letter, _linked(letter))
    line = _lines_only(pieces, line, inked.shape)
    bands = [_Band.of(pieces.of(line == number)) for number in range(line.max() + 1)]
    owner = np.zeros(count + 1, np.intp)
    split = {}
    for piece in np.flatnonzero(line < 0):
        found = _around(pieces, piece, bands)
        if tall[piece] and len(found) > 1:
            split[kept[piece] + 1] = found
        elif found:
            line[piece] = found[0]
        elif tall[piece]:
            line[piece] = len(bands)  # tall beside its neighbours, and of no line: one of its own
            bands.append(_Band.of(pieces.of(np.array([piece]))))
    owner[kept + 1] = line + 1
    number = owner[label]
    for piece, found in split.items():
        rows, columns = np.nonzero(label == piece)
        away = np.stack([np.abs(rows - bands[i].middle(columns)) / bands[i].high for i in found])
        number[rows, columns] = np.array(found)[away.argmin(0)] + 1
    return number, len(bands)


def _writing(pieces: _Pieces, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Which pieces may be writing: no specks, frames, rules, nor what only hugs an edge; the largest MOST."""
    rows, columns = shape
    high, wide = pieces.high, pieces.wide
    touches = (pieces.top == 0) | (pieces.left == 0) | (pieces.bottom == rows) | (pieces.right == columns)
    hollow = pieces.area < 0.08 * high * wide
    frame = (touches & ((high > 0.5 * rows) | (wide > 0.5 * columns))) | (hollow & (high > 40) & (wide > 40))
    if not (~frame & (high >= LEAST)).any():
        frame = np.zeros(len(high), bool)  # a lone large character
    inner = np.flatnonzero(~frame)
    if not len(inner):
        return inner
    by_height = inner[np.argsort(high[inner], kind="stable")]
    weight = np.cumsum(pieces.area[by_height])
    size = high[by_height[np.searchsorted(weight, weight[-1] / 2)]]  # of what most ink is in
    speck = pieces.area < max(3, 0.006 * size**2)
    rule = (high < 0.25 * size) & (wide > 3 * size)
    rule |= (wide < 0.2 * size) & (high > 4 * size)
    edge = touches & (high < 0.5 * size)
    kept = np.flatnonzero(~frame & ~speck & ~rule & ~edge)
    return kept[np.argsort(-pieces.area[kept], kind="stable")[:MOST]]


def _small(pieces: _Pieces, one: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pieces are much lower than one that stands around them: points, dashes, parts, tails.

    one: (pieces,) whether a piece is of one line only.
    """
    high = pieces.high
    middle = (pieces.top + pieces.bottom)[:, None] / 2
    aside = np.maximum(pieces.left[:, None] - pieces.right, pieces.left - pieces.right[:, None])
    larger = (high[:, None] < SMALL * high) & (aside < 2 * high) & one
    inside = (larger & (middle > pieces.top) & (middle < pieces.bottom)).any(1)
    near = larger & (middle > pieces.top - AROUND * high) & (middle < pieces.bottom + AROUND * high)
    small = near.any(1) | (high < LEAST)
    # Four or more in a row above or below large writing are a line of their own.
    own = np.flatnonzero(small & ~inside & (high >= LEAST))
    if len(own) >= 4:
        chain = _linked(pieces.of(own))
        small[own[np.bincount(chain)[chain] >= 4]] = False
    return small


def _tall(pieces: _Pieces) -> NDArray[np.bool_]:
    """Which pieces have two or more much lower ones beside their upper part, and beside their lower: two, of
    lines that touch, or a tail into the next line."""
    tall = np.zeros(len(pieces.area), bool)
    high = pieces.high
    middle = (pieces.top + pieces.bottom) / 2
    for piece in np.flatnonzero(high > TALL * LEAST):
        aside = np.maximum(pieces.left - pieces.right[piece], pieces.left[piece] - pieces.right)
        beside = (aside < 4 * high[piece]) & (high > 0.2 * high[piece]) & (TALL * high < high[piece])
        upper = beside & (middle > pieces.top[piece]) & (pieces.bottom < middle[piece])
        lower = beside & (middle < pieces.bottom[piece]) & (pieces.top > middle[piece])
        tall[piece] = upper.sum() >= 2 and lower.sum() >= 2
    return tall


def _linked(pieces: _Pieces) -> NDArray[np.intp]:
    """A number for every chain: each piece is linked with the nearest on its right that stands beside it."""
    count = len(pieces.area)
    high = pieces.high.astype(float)
    x, y = (pieces.left + pieces.right) / 2, (pieces.top + pieces.bottom) / 2
    shared = np.minimum(pieces.bottom[:, None], pieces.bottom) - np.maximum(pieces.top[:, None], pieces.top)
    gap = pieces.left - pieces.right[:, None]
    larger = np.maximum(high[:, None], high)
    may = (shared >= BESIDE * np.minimum(high[:, None], high)) & (x > x[:, None]) & (gap <= GAP * larger)
    far = np.where(may, np.maximum(gap, 0) + np.abs(y - y[:, None]), np.inf)
    chain = np.arange(count)
    for piece in np.argsort(x, kind="stable"):
        nearest = int(far[piece].argmin())
        if np.isfinite(far[piece, nearest]):
            chain[chain == chain[nearest]] = chain[piece]
    return np.unique(chain, return_inverse=True)[1]


@dataclass(frozen=True, eq=False)
class _Band:
    """The middle of a line, straight, and its characters' height."""

    level: float
    slope: float
    centre: float
    high: float
    left: float
    right: float

    @classmethod
    def of(cls, pieces: _Pieces) -> _Band:
        x, y = (pieces.left + pieces.right) / 2, (pieces.top + pieces.bottom) / 2
        high = float(np.median(pieces.high))
        slope = 0.0
        if len(x) > 2 and np.ptp(x) > 3 * high:
            slope = float(np.clip(np.polyfit(x, y, 1)[0], -0.2, 0.2))
        centre = float(x.mean())
        level = float(np.median(y - slope * (x - centre)))
        return cls(level, slope, centre, high, float(pieces.left.min()), float(pieces.right.max()))

    def middle(self, x: NDArray | float) -> NDArray | float:
        """Row of the line's middle at a column; level beyond its ends."""
        return self.level + self.slope * (np.clip(x, self.left, self.right) - self.centre)


def _merged(pieces: _Pieces, chain: NDArray[np.intp]) -> NDArray[np.intp]:
    """Chains that lie at one height are one line, however far apart."""
    chain = chain.copy()
    while True:
        numbers = np.unique(chain)
        bands = [_Band.of(pieces.of(chain == number)) for number in numbers]
        best, pair = 0.5, None
        for i, a in enumerate(bands):
            for j, b in enumerate(bands[:i]):
                x = (max(a.left, b.left) + min(a.right, b.right)) / 2
                low, large = sorted((a.high, b.high))
                shared = (a.high + b.high) / 2 - abs(float(a.middle(x)) - float(b.middle(x)))
                share = min(shared, low) / low
                if share > best and large < 2.2 * low:
                    best, pair = share, (numbers[i], numbers[j])
        if pair is None:
            return np.unique(chain, return_inverse=True)[1]
        chain[chain == pair[0]] = pair[1]


def _lines_only(pieces: _Pieces, line: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.intp]:
    """Without chains that are no line: lone dashes, remains at the upper and lower edge, a few specks."""
    numbers = np.unique(line[line >= 0])
    size = max((float(np.median(pieces.high[line == number])) for number in numbers), default=0.0)
    kept = []
    for number in numbers:
        own = pieces.of(line == number)
        high = float(np.median(own.high))
        edge = own.top.min() == 0 or own.bottom.max() == shape[0]
        dash = (own.wide > FLAT * own.high).all() and high < 0.2 * size
        # Remains of print beside a line are lower than it; on a page a character alone may be.
        least = {1: LONE, 2: SMALL}.get(len(own.area), 0.0) if shape[0] < 4 * size else 0.25
        few = len(own.area) < 3 and high < least * size
        if not ((edge and high < 0.6 * size) or dash or few):
            kept.append(number)
    renumbered = np.full(len(line) + 1, -1)
    renumbered[kept] = np.arange(len(kept))
    return np.where(line >= 0, renumbered[line], -1)


def _around(pieces: _Pieces, piece: int, bands: list[_Band]) -> list[int]:
    """The lines that a piece may belong to, the nearest first."""
    x = (pieces.left[piece] + pieces.right[piece]) / 2
    found = []
    for number, band in enumerate(bands):
        middle, half = float(band.middle(x)), band.high / 2
        above, below = middle - half - pieces.bottom[piece], pieces.top[piece] - middle - half
        away = max(above, below, 0.0)
        aside = max(band.left - pieces.right[piece], pieces.left[piece] - band.right)
        if away <= AROUND * band.high and aside < GAP * band.high:
            centre = abs((pieces.top[piece] + pieces.bottom[piece]) / 2 - middle)
            found.append((away / band.high, centre / band.high, number))
    return [number for _, _, number in sorted(found)]
