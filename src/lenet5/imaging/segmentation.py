"""Over-segmentation: the foreground of a line cut into pieces, each a character or a part of one (Section V-A).

Cuts are seams: the cheapest paths from the top of the line to its bottom, at most one pixel sideways a row, where a
pixel costs its ink. A seam of no cost parts characters that overlap or slant without touching, a cheap one goes
through a joint. Where two round characters lean on each other it is cheaper to go through the middle of either, so
there are also seams for which what ink encloses costs as much as ink: they are cheapest where the outline is narrow.
Neighbouring seams bound a piece. A candidate, which is an arc of the segmentation graph, is a run of neighbouring
pieces, shaped as MNIST's characters were.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..engine.interface import Seams
from ..engine.numpy_backend import seams as numpy_seams
from .foreground import CHARACTER_SIZE, CharacterSizeSettings, character_size
from .geometry import Box
from .normalise import BOX_SIDE, GLYPH, GlyphSettings, centre_by_mass
from .shear import shear_images
from .threshold import MASK_LEVEL

__all__ = ["SEGMENTATION", "Candidate", "SegmentationSettings", "Segments", "over_segment"]

Candidate = tuple[int, int]  # the first piece of a run, and the one after its last


@dataclass(frozen=True)
class SegmentationSettings:
    """Where a line is cut. Sizes are heights of the line's characters, strokes are widths of its strokes.

    Chosen on the tuning half of the cheque amounts.
    """

    sideways: float = 0.02  # cost of a step sideways, in pixels of full ink: the straightest seam wins
    sideways_in_ink: float = 1.0  # the same within a part: a seam through ink is to be short
    free: float = 0.5  # pixels of full ink that a seam between parts costs at most
    reach: float = 0.05  # sizes: a cut is the cheapest within this far to either side
    most_cost: float = 4.5  # strokes that a cut goes through at most
    neck: float = 0.85  # sizes that a seam through a neck is long at most
    neck_reach: float = 0.12  # sizes: it is the cheapest within this far to either side …
    neck_distance: float = 0.05  # … and so far from other cuts
    neck_cost: float = 2.0  # strokes that it counts as going through at most: a neck is where characters meet
    least_area: float = 0.15  # squared strokes of ink that a piece has at least …
    least_pixels: float = 2.0  # … and pixels
    widest: float = 1.7  # widths of a candidate for its height, or that of a low one …
    lowest: float = 0.6  # … sizes: what is lower counts as so high
    most_pieces: int = 9  # of a candidate
    cut_cost: float = 0.05  # strokes, from which on a seam has gone through ink
    shared: float = 1.0  # strokes beyond a cut that may belong to the characters on both sides
    character: CharacterSizeSettings = CHARACTER_SIZE
    glyph: GlyphSettings = GLYPH


SEGMENTATION = SegmentationSettings()


@dataclass(frozen=True, eq=False)
class Segments:
    """The pieces of a line, numbered from left to right.

    foreground: (rows, columns) in 0 … 1. piece: (rows, columns), the piece that each pixel belongs to, −1 where there
    is none. boxes: (pieces, 4) top, bottom, left, right of each piece's ink. cut_costs: (pieces − 1,) strokes that the
    cut between two neighbours goes through. size: height of a character, in pixels. stroke: width of a stroke, in
    pixels. offset: pixels to the right by which each row was moved before (see `over_segment`), (rows,). seams: the
    backend's loops. settings: where the line was cut. extent: columns of the line between which its ink lay before
    it was moved; None: all of `foreground`.
    """

    foreground: NDArray[np.float32]
    piece: NDArray[np.intp]
    boxes: NDArray[np.intp]
    cut_costs: NDArray[np.float64]
    size: float
    stroke: float
    offset: NDArray[np.float64]
    seams: Seams = field(default=numpy_seams, repr=False)
    settings: SegmentationSettings = SEGMENTATION
    extent: tuple[int, int] | None = None

    @property
    def free_nodes(self) -> list[int]:
        """Nodes at which nothing is cut through, the first and the last among them."""
        free = np.flatnonzero(self.cut_costs < self.settings.cut_cost) + 1
        return sorted({0, *free.tolist(), len(self.boxes)})

    @property
    def node_columns(self) -> NDArray[np.float64]:
        """Columns at half height of the line's nodes: before each piece, and after the last; (pieces + 1,)."""
        left, right = self.boxes[:, 2], self.boxes[:, 3]
        if not len(left):
            return np.zeros(1)
        columns: NDArray[np.float64] = np.concatenate([left[:1], (right[:-1] + left[1:]) / 2, right[-1:]])
        level: NDArray[np.float64] = columns - self.offset[len(self.offset) // 2]
        return level

    def candidates(self) -> list[Candidate]:
        """Runs of pieces (first, stop) that may be one character; each piece alone is one."""
        runs = []
        boxes = self.boxes.tolist()
        for first, (top, bottom, left, right) in enumerate(boxes):
            runs.append((first, first + 1))
            for stop in range(first + 2, min(len(boxes), first + self.settings.most_pieces) + 1):
                y0, y1, x0, x1 = boxes[stop - 1]
                top, bottom, left, right = min(top, y0), max(bottom, y1), min(left, x0), max(right, x1)
                high = max(bottom - top, self.settings.lowest * self.size)
                if right - left > self.settings.widest * high:
                    break
                runs.append((first, stop))
        return runs

    def box(self, first: int, stop: int) -> tuple[int, int, int, int]:
        """Top, bottom, left, right of the ink of pieces first … stop − 1."""
        top, bottom, left, right = zip(*self.boxes[first:stop].tolist(), strict=True)
        return min(top), max(bottom), min(left), max(right)

    def unsheared_box(self, first: int, stop: int) -> Box:
        """The box of the ink of pieces first … stop − 1 where it lay before the line was sheared."""
        top, bottom, left, right = self.box(first, stop)
        piece = self.piece[top:bottom, left:right]
        ink = self.foreground[top:bottom, left:right] > MASK_LEVEL
        rows, across = np.nonzero((piece >= first) & (piece < stop) & ink)
        columns = across + left - self.offset[top + rows]
        # The rims of a sheared stroke are wider than the stroke.
        least, most = self.extent or (0, self.foreground.shape[1])
        start = min(max(round(float(columns.min())), least), most - 1)
        end = max(min(round(float(columns.max())) + 1, most), start + 1)
        return start, top, end - start, bottom - top

    def sheared_pixels(self, first: int, stop: int, shear: float) -> int:
        """Pixels of the image in which `sheared` cuts."""
        _, _, left, right = self.box(first, stop)
        rows = len(self.foreground)
        return round(rows * (right - left + abs(shear) * rows))

    def sheared(self, first: int, stop: int, shear: float) -> Segments:
        """The ink of pieces first … stop − 1, sheared and cut anew; it keeps its place."""
        _, _, left, right = self.box(first, stop)
        piece = self.piece[:, left:right]
        ink = np.where((piece >= first) & (piece < stop), self.foreground[:, left:right], 0)
        part = over_segment(ink, shear, like=self, seams=self.seams, settings=self.settings)
        return replace(part, offset=part.offset - left, extent=(left, right))

    def candidate_boxes(self, candidates: list[Candidate]) -> NDArray[np.intp]:
        """Top, bottom, left, right of the ink of each candidate, (candidates, 4)."""
        if not candidates:
            return np.empty((0, 4), np.intp)
        edges = np.array(candidates, np.intp).ravel()
        # One piece more after the last, so that a candidate may stop there; every other stretch is not used.
        top, bottom, left, right = np.concatenate([self.boxes, self.boxes[-1:]]).T
        least = [np.minimum.reduceat(edge, edges)[::2] for edge in (top, left)]
        most = [np.maximum.reduceat(edge, edges)[::2] for edge in (bottom, right)]
        return np.stack([least[0], most[0], least[1], most[1]], 1)

    def glyph(self, first: int, stop: int) -> NDArray[np.uint8]:
        """The pieces first … stop − 1 as the network reads them, (28, 28) uint8."""
        image: NDArray[np.uint8] = self.glyphs([(first, stop)])[0]
        return image

    def glyphs(self, candidates: list[Candidate], boxes: NDArray[np.intp] | None = None) -> NDArray[np.uint8]:
        """Candidates as the network reads them.

        Args:
            candidates: runs of pieces.
            boxes: candidate_boxes(candidates), if known.

        Returns:
            (candidates, 28, 28) uint8.
        """
        boxes = self.candidate_boxes(candidates) if boxes is None else boxes
        return self._glyphs(candidates, boxes, np.zeros((len(candidates), 2), np.bool_))

    def shared_glyphs(self, candidates: list[Candidate]) -> NDArray[np.uint8]:
        """As `glyphs`, with the ink just beyond the cuts at either end.

        Two characters may share a stroke, as zeros do whose walls are one; a cut leaves it to one of them.
        """
        cuts = self._cuts(candidates)
        runs = [
            (first - left, stop + right)
            for (first, stop), (left, right) in zip(candidates, cuts.tolist(), strict=True)
        ]
        return self._glyphs(candidates, self.candidate_boxes(runs), cuts)

    def is_cut(self, candidates: list[Candidate]) -> NDArray[np.bool_]:
        """Which candidates were cut through ink, at either end: (candidates,)."""
        cuts = self._cuts(candidates)
        either: NDArray[np.bool_] = cuts[:, 0] | cuts[:, 1]
        return either

    def _cuts(self, candidates: list[Candidate]) -> NDArray[np.bool_]:
        """Whether candidates were cut through ink at their left, and at their right, (candidates, 2)."""
        cut = np.concatenate([[False], self.cut_costs >= self.settings.cut_cost, [False]])
        return cut[np.array(candidates, np.intp).reshape(-1, 2)]

    def _glyphs(
        self, candidates: list[Candidate], boxes: NDArray[np.intp], beyond: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        runs = np.array(candidates, np.intp).reshape(-1, 2)
        reach = max(1, round(self.settings.shared * self.stroke))
        small, sizes = self.seams.render_candidates(
            self.foreground, self.piece, runs, boxes, beyond, reach, MASK_LEVEL, BOX_SIDE
        )
        return centre_by_mass(small, sizes, self.seams, self.settings.glyph)


def over_segment(
    foreground: NDArray[np.float32],
    shear: float = 0.0,
    like: Segments | None = None,
    *,
    seams: Seams = numpy_seams,
    settings: SegmentationSettings = SEGMENTATION,
) -> Segments:
    """Cut the foreground of a line wherever it may be cut.

    First where no ink is in the way, however far sideways that leads; then each part, alone, through its ink.

    Args:
        foreground: (rows, columns) float32 in 0 … 1, with some ink in it.
        shear: by which the line is sheared before (`shear_images`).
        like: a line whose size and stroke it has; measured if None.
        seams: the backend's loops; NumPy's by default.
        settings: where it is cut.

    Returns:
        The pieces, from left to right.
    """
    offset: NDArray[np.float64] = np.zeros(len(foreground))
    extent = 0, foreground.shape[1]
    if shear:
        room = int(abs(shear) * len(foreground) / 2) + 2
        foreground = shear_images(np.pad(foreground, ((0, 0), (room, room))), shear)
        height = len(foreground)
        offset = room + shear * ((height - 1) / 2 - np.arange(height, dtype=np.float64))
    mask = foreground > MASK_LEVEL
    if like:
        size, stroke = like.size, like.stroke
    else:
        size, stroke = character_size(mask, settings.character), _stroke_width(mask)
    piece, cut_costs, count = _pieces(foreground, mask, _Cutter(size, stroke, seams, settings))
    boxes = _boxes(np.where(mask, piece, -1), count)
    costs = np.array(cut_costs)
    return Segments(foreground, piece, boxes, costs, size, stroke, offset, seams, settings, extent)


@dataclass(frozen=True)
class _Cutter:
    """How a line is cut: its size and stroke in pixels, the backend's loops, and the settings."""

    size: float
    stroke: float
    seams: Seams
    settings: SegmentationSettings

    @property
    def least(self) -> float:
        """Pixels of ink that a piece has at least."""
        return max(self.settings.least_pixels, self.settings.least_area * self.stroke**2)


def _pieces(
    foreground: NDArray[np.float32], mask: NDArray[np.bool_], cutter: _Cutter
) -> tuple[NDArray[np.intp], list[float], int]:
    """The piece of each pixel, the cost of the cuts between pieces in strokes, and the number of pieces."""
    solid = np.where(mask, foreground, 0)
    part = _free_parts(solid, cutter)
    piece = np.full(foreground.shape, -1, np.intp)
    cut_costs: list[float] = []
    count = 0
    for number, (top, bottom, left, right) in enumerate(_boxes(np.where(mask, part, -1), part.max() + 1)):
        here = part[top:bottom, left:right] == number
        if np.count_nonzero(here & mask[top:bottom, left:right]) < cutter.least:
            continue
        alone = np.where(here, solid[top:bottom, left:right], 0)
        paths, costs = _cuts(alone, cutter)
        inner = _paths_to_the_left(paths, right - left)
        weight = np.bincount(inner[alone > 0], minlength=len(costs) + 1)
        used = np.flatnonzero(weight >= cutter.least)
        renumbered = np.full(len(costs) + 1, -1)
        renumbered[used] = count + np.arange(len(used))
        piece[top:bottom, left:right][here] = renumbered[inner[here]]
        cut_costs += [0.0] * (count > 0 and len(used) > 0)
        cut_costs += [float(costs[a:b].min() / cutter.stroke) for a, b in pairwise(used)]
        count += len(used)
    return piece, cut_costs, count


def _free_parts(ink: NDArray[np.float32], cutter: _Cutter) -> NDArray[np.intp]:
    """Number of the part that each pixel lies in, between seams through no ink."""
    seams, settings = cutter.seams, cutter.settings
    cost, step = seams.seam_costs(ink, settings.sideways)
    return _paths_to_the_left(
        seams.trace_seams(step, seams.local_minima(cost, 1, settings.free)), ink.shape[1]
    )


def _cuts(ink: NDArray[np.float32], cutter: _Cutter) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Seams through the ink of one part, from left to right, (seams, rows), and the cost of each in pixels."""
    seams, settings, size, stroke = cutter.seams, cutter.settings, cutter.size, cutter.stroke
    outside, _ = ndimage.label(np.pad(ink <= 0, 1, constant_values=True))
    filled = outside[1:-1, 1:-1] != outside[0, 0]  # the ink, and what it encloses
    cost, step = seams.seam_costs(ink, settings.sideways_in_ink)
    ends = seams.local_minima(cost, max(1, round(settings.reach * size)), settings.most_cost * stroke)
    paths, costs = seams.trace_seams(step, ends), cost[ends]
    cost, step = seams.seam_costs(filled.astype(np.float32), settings.sideways_in_ink)
    ends = seams.local_minima(cost, max(1, round(settings.neck_reach * size)), settings.neck * size)
    if not len(ends):
        return paths, costs
    necks = seams.trace_seams(step, ends)
    distance = np.abs(necks.mean(1)[:, None] - paths.mean(1)).min(1, initial=np.inf)
    apart = distance > settings.neck_distance * size
    paths = np.concatenate([paths, necks[apart]])
    costs = np.concatenate([costs, np.minimum(cost[ends][apart], settings.neck_cost * stroke)])
    order = np.argsort(paths.mean(1), kind="stable")
    return paths[order], costs[order]


def _paths_to_the_left(paths: NDArray[np.intp], columns: int) -> NDArray[np.intp]:
    """How many paths lie at or to the left of each pixel, (rows, columns). paths: (paths, rows)."""
    rows = paths.shape[1]
    places = (np.arange(rows) * columns + paths).ravel()
    here = np.bincount(places, minlength=rows * columns).reshape(rows, columns)
    count: NDArray[np.intp] = here.cumsum(1)
    return count


def _stroke_width(mask: NDArray[np.bool_]) -> float:
    """Width of strokes: an area over half its outline is the width of what is long and thin."""
    down, across = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    outline = int(np.count_nonzero(down)) + int(np.count_nonzero(across))
    return max(2 * int(np.count_nonzero(mask)) / max(outline, 1), 1.0)


def _boxes(piece: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Top, bottom, left, right of each number from 0, (count, 4); zeros of a number that does not occur."""
    none = slice(0, 0)
    slices = [one or (none, none) for one in ndimage.find_objects(piece + 1, count)]
    return np.array([(y.start, y.stop, x.start, x.stop) for y, x in slices], np.intp).reshape(count, 4)
