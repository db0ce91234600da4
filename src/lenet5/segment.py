"""Over-segmentation: a line of ink into pieces, each a character or a part of one (Section V-A).

Cut candidates are the cheapest ways from the top of the line to its bottom, a step at most one pixel aside a
row, where a pixel costs its ink: a way of no cost parts characters that overlap or slant without touching, a
cheap one goes through a joint. Where two round characters lean on each other it is cheaper to go through the
middle of either; so there are also ways for which what ink encloses costs as much as ink, which are cheapest
where the outline is narrow. What lies between neighbouring ways is a piece; an arc of the segmentation graph is
a run of neighbouring pieces, shaped as MNIST's characters were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .architecture import FIELD
from .picture import BOX
from .writing import INKED, character_size

__all__ = ["SLANTS", "Segments", "cheapest_ways", "fit", "fits", "leaning", "segments", "views"]

SLANTS = (-0.2, 0.2)  # by which a line, or a run of its pieces, is seen leaning as well (see `leaning`)
ASIDE = 0.02  # cost of a step aside, in pixels of full ink: of ways through no ink the straightest is taken
ASIDE_IN_INK = 1.0  # the same within a part: a way through its ink is to be short rather than far around
NEIGHBOURS = 0.05  # a cut is the cheapest within this many character heights on either side
DEAREST = 4.5  # strokes that a cut may go through
NECK = 0.85  # sizes of the line, that a way through a neck may be long
NECK_NEIGHBOURS = 0.12  # it is the cheapest within so many sizes on either side …
NECK_APART = 0.05  # … and lies so many from other cuts
NECK_STROKES = 2.0  # strokes it counts as going through, at most: a neck is where characters meet
WIDEST = 1.7  # widths of an arc's ink, for its height or the line's size, whichever is more
MOST_PIECES = 9  # of a character
PLACES = np.arange(BOX, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Segments:
    """A line cut into pieces, numbered from left to right.

    ink: (rows, columns) in 0 … 1. piece: (rows, columns) the piece each pixel belongs to, −1 where there is
    none. boxes: (pieces, 4) top, bottom, left, right of each piece's ink. joints: (pieces − 1,) strokes that
    the cut between two neighbours goes through. size: pixels, height of a character. stroke: its width.
    """

    ink: NDArray[np.float32]
    piece: NDArray[np.intp]
    boxes: NDArray[np.intp]
    joints: NDArray[np.float64]
    size: float
    stroke: float

    def box(self, first: int, behind: int) -> tuple[int, int, int, int]:
        """Top, bottom, left, right of the ink of pieces first … behind − 1."""
        top, bottom, left, right = zip(*self.boxes[first:behind].tolist(), strict=True)
        return min(top), max(bottom), min(left), max(right)

    def arcs(self) -> list[tuple[int, int]]:
        """Runs of pieces (first, one behind the last) that may be one character; each piece alone is one."""
        found = []
        boxes = self.boxes.tolist()
        for first, (top, bottom, left, right) in enumerate(boxes):
            found.append((first, first + 1))
            for behind in range(first + 2, min(len(boxes), first + MOST_PIECES) + 1):
                y0, y1, x0, x1 = boxes[behind - 1]
                top, bottom, left, right = min(top, y0), max(bottom, y1), min(left, x0), max(right, x1)
                if right - left > WIDEST * max(bottom - top, 0.6 * self.size):
                    break
                found.append((first, behind))
        return found

    def boxes_of(self, runs: list[tuple[int, int]]) -> NDArray[np.intp]:
        """Top, bottom, left, right of the ink of each run of pieces, (runs, 4)."""
        if not runs:
            return np.empty((0, 4), np.intp)
        edges = np.array(runs, np.intp).ravel()
        # A piece behind the last, so that a run may end there: of every other stretch nothing is taken.
        top, bottom, left, right = np.concatenate([self.boxes, self.boxes[-1:]]).T
        least = [np.minimum.reduceat(edge, edges)[::2] for edge in (top, left)]
        most = [np.maximum.reduceat(edge, edges)[::2] for edge in (bottom, right)]
        return np.stack([least[0], most[0], least[1], most[1]], 1)

    def field(self, first: int, behind: int) -> NDArray[np.uint8]:
        """The pieces first … behind − 1 as the network reads them, (28, 28) uint8."""
        return self.fields([(first, behind)])[0]

    def fields(self, runs: list[tuple[int, int]], boxes: NDArray[np.intp] | None = None) -> NDArray[np.uint8]:
        """Runs of pieces as the network reads them, (runs, 28, 28) uint8."""
        boxes = self.boxes_of(runs) if boxes is None else boxes
        parts = []
        for (first, behind), (top, bottom, left, right) in zip(runs, boxes.tolist(), strict=True):
            piece = self.piece[top:bottom, left:right]
            own = (piece >= first) & (piece < behind) if behind > first + 1 else piece == first
            parts.append(self.ink[top:bottom, left:right] * own)
        return fits(parts)


def cheapest_ways(ink: NDArray[np.float32], aside: float) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Cost of the cheapest way from the top to each column of the bottom row, and where it came from.

    ink: (…, rows, columns), of one map or several. aside: cost of a step to the next column. Returns cost
    (…, columns) in pixels of full ink, and step (…, rows, columns): the column in the row above less the
    column here, −1, 0 or 1.
    """
    *maps, rows, columns = ink.shape
    cost = np.full((rows, *maps, columns + 2), np.inf, np.float32)  # between two walls
    levels = np.moveaxis(ink, -2, 0)
    cost[0, ..., 1:-1] = levels[0]
    beside = np.empty((*maps, columns), np.float32)
    for above, here, level in zip(cost, cost[1:], levels[1:], strict=False):
        np.minimum(above[..., :-2], above[..., 2:], out=beside)
        np.add(beside, aside, out=beside)
        np.minimum(beside, above[..., 1:-1], out=beside)
        np.add(beside, level, out=here[..., 1:-1])
    left, straight, right = cost[:-1, ..., :-2], cost[:-1, ..., 1:-1], cost[:-1, ..., 2:]
    step = np.zeros((rows, *maps, columns), np.int8)
    step[1:] = np.where(
        np.minimum(left, right) + np.float32(aside) < straight, np.where(left <= right, -1, 1), 0
    )
    return cost[-1, ..., 1:-1], np.moveaxis(step, 0, -2)


def ways_to(step: NDArray[np.int8], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """The cheapest ways to columns of the bottom row, (ways, rows): the column of each in every row."""
    ways = np.empty((len(ends), len(step)), np.intp)
    here = np.asarray(ends, np.intp)
    for row in range(len(step) - 1, -1, -1):
        ways[:, row] = here
        here = here + step[row, here]
    return ways


def _cheapest(cost: NDArray[np.float32], reach: int, dearest: float) -> NDArray[np.intp]:
    """Columns that are the cheapest within reach; of neighbours that cost the same the middle one."""
    from scipy import ndimage

    least = ndimage.minimum_filter1d(cost, 2 * reach + 1, mode="nearest")
    low, _ = ndimage.label((cost <= least + 1e-4) & (cost <= dearest))
    return np.array([(x.start + x.stop - 1) // 2 for (x,) in ndimage.find_objects(low)], np.intp)


def _number(ways: NDArray[np.intp], columns: int) -> NDArray[np.intp]:
    """How many ways lie at or to the left of each pixel, (rows, columns). ways: (ways, rows)."""
    return (np.arange(columns) >= ways[:, :, None]).sum(0)


def _free_parts(ink: NDArray[np.float32]) -> NDArray[np.intp]:
    """Number of the part that each pixel lies in, between ways through no ink."""
    cost, step = cheapest_ways(ink, ASIDE)
    return _number(ways_to(step, _cheapest(cost, 1, 0.5)), ink.shape[1])


def _cuts(ink: NDArray[np.float32], size: float, stroke: float) -> tuple[NDArray[np.intp], NDArray]:
    """Ways through the ink of one part, from left to right, (ways, rows), and the cost of each in pixels."""
    from scipy import ndimage

    filled = ndimage.binary_fill_holes(ink > 0)
    (cost, through), (step, round_holes) = cheapest_ways(np.stack([ink, filled]), ASIDE_IN_INK)
    ends = _cheapest(cost, max(1, round(NEIGHBOURS * size)), DEAREST * stroke)
    ways, costs = ways_to(step, ends), cost[ends]
    cost, step = through, round_holes
    ends = _cheapest(cost, max(1, round(NECK_NEIGHBOURS * size)), NECK * size)
    if not len(ends):
        return ways, costs
    necks = ways_to(step, ends)
    apart = np.abs(necks.mean(1)[:, None] - ways.mean(1)).min(1, initial=np.inf) > NECK_APART * size
    ways = np.concatenate([ways, necks[apart]])
    costs = np.concatenate([costs, np.minimum(cost[ends][apart], NECK_STROKES * stroke)])
    order = np.argsort(ways.mean(1), kind="stable")
    return ways[order], costs[order]


def segments(ink: NDArray[np.float32]) -> Segments:
    """Cut a line of ink, (rows, columns) float32 in 0 … 1 with some ink in it, at every cut candidate.

    First where no ink is in the way, however far aside that leads; then each part, alone, through its ink.
    """
    inked = ink > INKED
    size = character_size(inked)
    # An area over half its outline is the width of what is long and thin.
    outline = np.count_nonzero(inked[1:] != inked[:-1]) + np.count_nonzero(inked[:, 1:] != inked[:, :-1])
    stroke = max(2 * np.count_nonzero(inked) / max(outline, 1), 1.0)
    solid = np.where(inked, ink, 0)
    part = _free_parts(solid)
    piece = np.full(ink.shape, -1, np.intp)
    joints: list[float] = []
    count = 0
    for number, (top, bottom, left, right) in enumerate(_boxes(np.where(inked, part, -1), part.max() + 1)):
        here = part[top:bottom, left:right] == number
        if np.count_nonzero(here & inked[top:bottom, left:right]) < max(2.0, 0.15 * stroke**2):
            continue
        alone = np.where(here, solid[top:bottom, left:right], 0)
        ways, costs = _cuts(alone, size, stroke)
        inner = _number(ways, right - left)
        weight = np.bincount(inner[alone > 0], minlength=len(costs) + 1)
        used = np.flatnonzero(weight >= max(2.0, 0.15 * stroke**2))
        renumbered = np.full(len(costs) + 1, -1)
        renumbered[used] = count + np.arange(len(used))
        piece[top:bottom, left:right][here] = renumbered[inner[here]]
        joints += [0.0] * (count > 0 and len(used) > 0)
        joints += [float(costs[a:b].min() / stroke) for a, b in pairwise(used)]
        count += len(used)
    boxes = _boxes(np.where(inked, piece, -1), count)
    return Segments(ink, piece, boxes, np.array(joints), size, stroke)


def _boxes(piece: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    from scipy import ndimage

    none = slice(0, 0)
    found = [place or (none, none) for place in ndimage.find_objects(piece + 1, count)]
    return np.array([(y.start, y.stop, x.start, x.stop) for y, x in found], np.intp).reshape(count, 4)


@lru_cache(4096)
def _weights(before: int, after: int) -> NDArray[np.float32]:
    """What each of `before` pixels in a row gives to each of `after`: (before, after). By areas, or in between."""
    from PIL import Image

    how = Image.Resampling.BOX if after < before else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.eye(before, dtype=np.float32)).resize((after, before), how))


def fit(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Ink of one character, cut to its box, into 20×20 keeping its shape, centred by mass: (28, 28) uint8."""
    return fits([ink])[0]


def fits(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """`fit` of several, (parts, 28, 28) uint8: what can be done for all at once is."""
    small = np.zeros((len(parts), BOX, BOX), np.float32)
    sizes = []
    for one, ink in zip(small, parts, strict=True):
        high, wide = ink.shape
        scale = BOX / max(high, wide)
        rows, columns = max(1, round(high * scale)), max(1, round(wide * scale))
        one[:rows, :columns] = _weights(high, rows).T @ ink @ _weights(wide, columns)
        sizes.append((rows, columns))
    # Nine tenths of the ink are not as full as `full`.
    levels = np.sort(small.reshape(len(parts), BOX * BOX), 1)
    weak = (levels <= 0.1).sum(1)
    strong = levels.shape[1] - weak
    nine = np.minimum(weak + (0.9 * (strong - 1)).astype(np.intp), levels.shape[1] - 1)
    full = np.where(strong, levels[np.arange(len(parts)), nine], 1.0)
    small /= np.maximum(full, 0.2)[:, None, None]
    np.clip(small, 0, 1, out=small)
    down, across = small.sum(2), small.sum(1)
    total = np.maximum(down.sum(1), 1e-6, dtype=np.float64)
    tops, lefts = (FIELD / 2 - (along @ PLACES) / total for along in (down, across))
    levels = np.rint(small * 255).astype(np.uint8)
    found = np.zeros((len(parts), FIELD, FIELD), np.uint8)
    for field, level, (rows, columns), y, x in zip(
        found, levels, sizes, tops.tolist(), lefts.tolist(), strict=True
    ):
        top, left = min(max(round(y), 0), FIELD - rows), min(max(round(x), 0), FIELD - columns)
        field[top : top + rows, left : left + columns] = level[:rows, :columns]
    return found


def leaning(fields: NDArray, slant: float) -> NDArray:
    """Fields (…, rows, columns), uint8 or float, with their tops moved to the right by `slant` pixels for each
    pixel of height."""
    *_, rows, columns = fields.shape
    room = int(np.ceil(abs(slant) * rows / 2)) + 1
    by_row = np.moveaxis(fields, -2, 0)  # each is moved as one
    wide = np.zeros((*by_row.shape[:-1], columns + 2 * room), np.float32)
    wide[..., room:-room] = by_row
    level, far = np.empty((2, *by_row.shape), np.float32)
    for row in range(rows):
        aside = slant * ((rows - 1) / 2 - row)
        whole = int(np.floor(aside))
        part = aside - whole
        start = room - whole
        np.multiply(wide[row, ..., start : start + columns], 1 - part, out=level[row])
        np.multiply(wide[row, ..., start - 1 : start - 1 + columns], part, out=far[row])
    level += far
    if fields.dtype == np.uint8:
        np.rint(level, out=level)
    return np.ascontiguousarray(np.moveaxis(level, 0, -2), fields.dtype)


def views(fields: NDArray, slants: Sequence[float]) -> list[NDArray]:
    """Fields as they are, and leaning by each slant: a hand's slant is its own."""
    return [fields, *(leaning(fields, slant) for slant in slants)]
