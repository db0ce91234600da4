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
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..engine.interface import Seams
from ..engine.numpy_backend import seams as numpy_seams
from ..network.architecture import FIELD
from .foreground import INKED, character_size
from .normalise import BOX

__all__ = ["SLANTS", "Segments", "fit", "fit_to_box_all", "segments", "shear_images", "sheared_views"]

SLANTS = (-0.2, 0.2)  # by which what is taught, and the strip of a line, is seen leaning as well
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
CUT = 0.05  # strokes, from which a way has gone through ink
BEYOND = 1.0  # strokes beyond a cut that may be shared by the characters on both sides
PLACES = np.arange(BOX, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Segments:
    """A line cut into pieces, numbered from left to right.

    ink: (rows, columns) in 0 … 1. piece: (rows, columns) the piece each pixel belongs to, −1 where there is
    none. boxes: (pieces, 4) top, bottom, left, right of each piece's ink. joints: (pieces − 1,) strokes that
    the cut between two neighbours goes through. size: pixels, height of a character. stroke: its width.
    aside: pixels by which each row was moved to the right before (see `segments`), (rows,).
    seams: the loops of cutting (engine.interface).
    """

    ink: NDArray[np.float32]
    piece: NDArray[np.intp]
    boxes: NDArray[np.intp]
    joints: NDArray[np.float64]
    size: float
    stroke: float
    aside: NDArray[np.float64]
    seams: Seams = numpy_seams

    def box(self, first: int, behind: int) -> tuple[int, int, int, int]:
        """Top, bottom, left, right of the ink of pieces first … behind − 1."""
        top, bottom, left, right = zip(*self.boxes[first:behind].tolist(), strict=True)
        return min(top), max(bottom), min(left), max(right)

    def place(self, first: int, behind: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of the ink of pieces first … behind − 1, where it lay before it was leant."""
        top, bottom, left, right = self.box(first, behind)
        piece = self.piece[top:bottom, left:right]
        shown = (piece >= first) & (piece < behind) & (self.ink[top:bottom, left:right] > INKED)
        rows, columns = np.nonzero(shown)
        columns = columns + left - self.aside[top + rows]
        start, end = round(float(columns.min())), round(float(columns.max())) + 1
        return start, top, end - start, bottom - top

    def leant(self, first: int, behind: int, slant: float) -> Segments:
        """The ink of pieces first … behind − 1, leaning and cut anew; it lies where it lay."""
        _, _, left, right = self.box(first, behind)
        piece = self.piece[:, left:right]
        ink = np.where((piece >= first) & (piece < behind), self.ink[:, left:right], 0)
        found = segments(ink, slant, like=self, seams=self.seams)
        return replace(found, aside=found.aside - left)

    @property
    def free(self) -> list[int]:
        """Nodes where nothing is cut through, the first and the last among them."""
        return sorted({0, *(np.flatnonzero(self.joints < CUT) + 1).tolist(), len(self.boxes)})

    @property
    def nodes(self) -> NDArray[np.float64]:
        """Columns, half-way down, at which the line is parted: before each piece, and behind the last."""
        left, right = self.boxes[:, 2], self.boxes[:, 3]
        if not len(left):
            return np.zeros(1)
        between = np.concatenate([left[:1], (right[:-1] + left[1:]) / 2, right[-1:]])
        return between - self.aside[len(self.aside) // 2]

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

    def find_character_boxes(self, runs: list[tuple[int, int]]) -> NDArray[np.intp]:
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
        """Runs of pieces as the network reads them, (runs, 28, 28) uint8. boxes: find_character_boxes(runs)."""
        boxes = self.find_character_boxes(runs) if boxes is None else boxes
        return self._shown(runs, boxes, np.zeros((len(runs), 2), np.bool_))

    def cut(self, runs: list[tuple[int, int]]) -> NDArray[np.bool_]:
        """Which runs were cut through ink, at either end: (runs,)."""
        return self._cuts(runs).any(1)

    def _cuts(self, runs: list[tuple[int, int]]) -> NDArray[np.bool_]:
        """Whether at their left, and at their right, (runs, 2)."""
        cut = np.concatenate([[False], self.joints >= CUT, [False]])
        return cut[np.array(runs, np.intp).reshape(-1, 2)]

    def shared_fields(self, runs: list[tuple[int, int]]) -> NDArray[np.uint8]:
        """As `fields`, with the ink just beyond the cuts at either end.

        Two characters may share a stroke, as zeros do whose walls are one; a cut leaves it to one of them.
        """
        cuts = self._cuts(runs)
        wide = [(a - left, b + right) for (a, b), (left, right) in zip(runs, cuts.tolist(), strict=True)]
        return self._shown(runs, self.find_character_boxes(wide), cuts)

    def _shown(
        self, runs: list[tuple[int, int]], boxes: NDArray[np.intp], beyond: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        run, reach = np.array(runs, np.intp).reshape(-1, 2), max(1, round(BEYOND * self.stroke))
        small, sizes = self.seams.render_candidates(
            self.ink, self.piece, run, boxes, beyond, reach, INKED, BOX
        )
        return _centred(small, sizes, self.seams)


def _number(ways: NDArray[np.intp], columns: int) -> NDArray[np.intp]:
    """How many ways lie at or to the left of each pixel, (rows, columns). ways: (ways, rows)."""
    return (np.arange(columns) >= ways[:, :, None]).sum(0)


def _free_parts(ink: NDArray[np.float32], seams: Seams) -> NDArray[np.intp]:
    """Number of the part that each pixel lies in, between ways through no ink."""
    cost, step = seams.seam_costs(ink, ASIDE)
    return _number(seams.trace_seams(step, seams.local_minima(cost, 1, 0.5)), ink.shape[1])


def _cuts(
    ink: NDArray[np.float32], size: float, stroke: float, seams: Seams
) -> tuple[NDArray[np.intp], NDArray]:
    """Ways through the ink of one part, from left to right, (ways, rows), and the cost of each in pixels."""
    from scipy import ndimage

    paper, _ = ndimage.label(np.pad(ink <= 0, 1, constant_values=True))
    filled = paper[1:-1, 1:-1] != paper[0, 0]  # the ink, and what it encloses
    cost, step = seams.seam_costs(ink, ASIDE_IN_INK)
    ends = seams.local_minima(cost, max(1, round(NEIGHBOURS * size)), DEAREST * stroke)
    ways, costs = seams.trace_seams(step, ends), cost[ends]
    cost, step = seams.seam_costs(filled.astype(np.float32), ASIDE_IN_INK)
    ends = seams.local_minima(cost, max(1, round(NECK_NEIGHBOURS * size)), NECK * size)
    if not len(ends):
        return ways, costs
    necks = seams.trace_seams(step, ends)
    apart = np.abs(necks.mean(1)[:, None] - ways.mean(1)).min(1, initial=np.inf) > NECK_APART * size
    ways = np.concatenate([ways, necks[apart]])
    costs = np.concatenate([costs, np.minimum(cost[ends][apart], NECK_STROKES * stroke)])
    order = np.argsort(ways.mean(1), kind="stable")
    return ways[order], costs[order]


def segments(
    ink: NDArray[np.float32], slant: float = 0.0, like: Segments | None = None, seams: Seams = numpy_seams
) -> Segments:
    """Cut a line of ink, (rows, columns) float32 in 0 … 1 with some ink in it, at every cut candidate.

    First where no ink is in the way, however far aside that leads; then each part, alone, through its ink.
    slant: by which it is leant before (see `leaning`). like: a line whose size and stroke it has.
    seams: the loops of cutting; NumPy's, unless given.
    """
    aside = np.zeros(len(ink))
    if slant:
        room = int(abs(slant) * len(ink) / 2) + 2
        ink = shear_images(np.pad(ink, ((0, 0), (room, room))), slant)
        aside = room + slant * ((len(ink) - 1) / 2 - np.arange(len(ink)))
    inked = ink > INKED
    size, stroke = (like.size, like.stroke) if like else (character_size(inked), _stroke(inked))
    solid = np.where(inked, ink, 0)
    part = _free_parts(solid, seams)
    piece = np.full(ink.shape, -1, np.intp)
    joints: list[float] = []
    count = 0
    for number, (top, bottom, left, right) in enumerate(_boxes(np.where(inked, part, -1), part.max() + 1)):
        here = part[top:bottom, left:right] == number
        if np.count_nonzero(here & inked[top:bottom, left:right]) < max(2.0, 0.15 * stroke**2):
            continue
        alone = np.where(here, solid[top:bottom, left:right], 0)
        ways, costs = _cuts(alone, size, stroke, seams)
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
    return Segments(ink, piece, boxes, np.array(joints), size, stroke, aside, seams)


def _stroke(inked: NDArray[np.bool_]) -> float:
    """Width of a stroke: an area over half its outline is the width of what is long and thin."""
    outline = np.count_nonzero(inked[1:] != inked[:-1]) + np.count_nonzero(inked[:, 1:] != inked[:, :-1])
    return max(2 * np.count_nonzero(inked) / max(outline, 1), 1.0)


def _boxes(piece: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    from scipy import ndimage

    none = slice(0, 0)
    found = [place or (none, none) for place in ndimage.find_objects(piece + 1, count)]
    return np.array([(y.start, y.stop, x.start, x.stop) for y, x in found], np.intp).reshape(count, 4)


def fit(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Ink of one character, cut to its box, into 20×20 keeping its shape, centred by mass: (28, 28) uint8."""
    return fit_to_box_all([ink])[0]


def fit_to_box_all(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """`fit` of several, (parts, 28, 28) uint8: what can be done for all at once is."""
    small = np.zeros((len(parts), BOX, BOX), np.float32)
    sizes = [numpy_seams.shrink_to_box(ink, one) for ink, one in zip(parts, small, strict=True)]
    return _centred(small, np.array(sizes, np.intp).reshape(-1, 2), numpy_seams)


def _centred(small: NDArray[np.float32], sizes: NDArray[np.intp], seams: Seams) -> NDArray[np.uint8]:
    """Ink of 20×20, of which rows and columns `sizes` are used: as black as MNIST's, and centred by mass."""
    # Nine tenths of the ink are not as full as `full`.
    levels = np.sort(small.reshape(len(small), BOX * BOX), 1)
    weak = (levels <= 0.1).sum(1)
    strong = levels.shape[1] - weak
    nine = np.minimum(weak + (0.9 * (strong - 1)).astype(np.intp), levels.shape[1] - 1)
    full = np.where(strong, levels[np.arange(len(small)), nine], 1.0)
    small /= np.maximum(full, 0.2)[:, None, None]
    np.clip(small, 0, 1, out=small)
    down, across = small.sum(2), small.sum(1)
    total = np.maximum(down.sum(1), 1e-6, dtype=np.float64)
    tops, lefts = (FIELD / 2 - (along @ PLACES) / total for along in (down, across))
    room = FIELD - sizes
    corners = np.clip(np.rint(np.stack([tops, lefts], 1)).astype(np.intp), 0, room)
    return seams.place_glyphs(np.rint(small * 255).astype(np.uint8), sizes, corners, FIELD)


def shear_images(fields: NDArray, slant: float) -> NDArray:
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


def sheared_views(fields: NDArray, slants: Sequence[float]) -> list[NDArray]:
    """Fields as they are, and leaning by each slant: a hand's slant is its own."""
    return [fields, *(shear_images(fields, slant) for slant in slants)]
