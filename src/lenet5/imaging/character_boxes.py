"""Printed boxes, one character each: rectangles framed by thin straight lines, closed or standing on a comb.

A frame is found twice. First as a hole: paper that ink closes in on four sides, which are straight; loops of
digits are not. That gives the boxes' usual size. Then only straight ink as long as a box's sides is kept, so
that a box stays one even where what was written in it crosses its frame.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .background import estimate_background
from .geometry import Region
from .page_mask import PAGE_MASK, contrast_mask
from .resize import rescale

__all__ = ["BOXES", "find_character_boxes"]

BOXES = 3  # printed boxes, from which on a picture is read box by box without being asked
LEAST = 12  # pixels of the reduced page: sides of a box
LINED = 0.85  # share of each side that is framed
ALIKE = 0.25  # of a box's sides, by which boxes of one row may differ
SOLITARY = 0.2  # share of the picture's shorter side that a box without neighbours has at least
STRAIGHT = 0.7  # of a box's sides: straight ink as long as that is its frame
WALL = 0.03  # of a box's sides: so much more is cut off within, where a frame is grey
TICKS = 0.05  # of a comb's width a box: how far a tick may stand from its place


def find_character_boxes(colours: NDArray[np.float32], name: str = "the picture") -> list[Region]:
    """The insides of printed boxes, (rows, columns, 3) in 0 … 1: row by row, from left to right; often none.

    Boxes with walls in common or apart, and combs (a line below with ticks between the places). Each Region's
    picture is the box without its frame; Region.line is the row. No boxes: an empty list, never an error.
    """
    pixels = max(1.0, max(colours.shape[:2]) / PAGE_MASK.longest)
    small = rescale(colours, pixels)
    if min(small.shape[:2]) < LEAST:
        return []
    strength = contrast_mask(small, estimate_background(small))
    found = _closed(strength)
    if not len(found):
        found = _comb(strength)
    rows = _rows(found)
    count = sum(map(len, rows))
    regions = []
    for line, row in enumerate(rows):
        for box in row:
            top, bottom, left, right = (round(edge * pixels) for edge in box)
            picture = colours[top:bottom, left:right]
            called = name if count == 1 else f"{name}, box {len(regions) + 1}"
            regions.append(
                Region((left, top, right - left, bottom - top), (left, top), picture, called, line)
            )
    return regions


def _closed(inked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Top, bottom, left, right of the inside of every closed box."""
    first = _framed(inked)
    if not len(first):
        return first
    high, wide = (int(np.median(first[:, i + 1] - first[:, i])) for i in (0, 2))
    frame = _straight(inked, round(STRAIGHT * wide)) | _straight(inked.T, round(STRAIGHT * high)).T
    found = [*first.tolist()]
    for box in _framed(frame).tolist():
        if not any(_middle_in(box, other) for other in found):
            found.append(box)
    boxes = np.array(found)
    sides = np.stack([boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]], 1)
    usual = np.median(sides, 0)
    boxes = boxes[(np.abs(sides - usual) <= np.maximum(3, ALIKE * usual)).all(1)]
    if len(boxes) == 1 and min(high, wide) < SOLITARY * min(inked.shape):
        return boxes[:0]
    return np.array([box for row in _rows(boxes) for box in _filled(row, inked)], np.intp).reshape(-1, 4)


def _middle_in(box: list[int], other: list[int]) -> bool:
    y, x = (box[0] + box[1]) / 2, (box[2] + box[3]) / 2
    return other[0] <= y <= other[1] and other[2] <= x <= other[3]


def _filled(row: list[tuple[int, ...]], inked: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """A row of boxes with those in its gaps, and at its ends, whose frame is there but crossed by writing."""
    if len(row) < 2:
        return row
    steps = np.diff([box[2] for box in row])
    pitch = float(np.median(steps[steps < 1.5 * steps.min()]))
    high, wide = (round(np.median([box[i + 1] - box[i] for box in row])) for i in (0, 2))
    slope, level = np.polyfit([box[2] for box in row], [box[0] for box in row], 1)

    def printed(left: float) -> tuple[int, ...] | None:
        top, left = round(level + slope * left), round(left)
        bottom, right = top + high, left + wide
        if min(top, left) < 1 or bottom >= inked.shape[0] or right >= inked.shape[1]:
            return None
        rim = max(4, round(0.12 * high))
        above, below = slice(max(0, top - rim), top + rim), slice(bottom - rim, bottom + rim)
        before, behind = slice(max(0, left - rim), left + rim), slice(right - rim, right + rim)
        sides = [inked[edge, left:right].any(0) for edge in (above, below)]
        sides += [inked[top:bottom, edge].any(1) for edge in (before, behind)]
        return (top, bottom, left, right) if all(side.mean() >= LINED for side in sides) else None

    places = []
    for before, behind in pairwise(row):
        missing = round((behind[2] - before[2]) / pitch) - 1
        step = (behind[2] - before[2]) / (missing + 1)
        places += [before[2] + step * (i + 1) for i in range(min(missing, 40))]
    found = [box for left in places if (box := printed(left))]
    for left, step in ((row[0][2], -pitch), (row[-1][2], pitch)):
        while box := printed(left := left + step):
            found.append(box)
    return sorted([*row, *found], key=lambda box: box[2])


def _straight(inked: NDArray[np.bool_], long: int) -> NDArray[np.bool_]:
    """Ink of level lines at least so long; a line may climb by a pixel or two."""
    from scipy import ndimage

    thick = ndimage.maximum_filter1d(inked.view(np.uint8), 3, axis=0)
    joined = ndimage.minimum_filter1d(ndimage.maximum_filter1d(thick, 5, axis=1), 5, axis=1)
    held = ndimage.minimum_filter1d(joined, max(long, 5), axis=1, mode="constant")
    held = ndimage.maximum_filter1d(held, max(long, 5), axis=1, mode="constant")
    return held.astype(bool)


def _framed(inked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Holes in the ink whose four sides are straight: top, bottom, left, right of each, (boxes, 4)."""
    from scipy import ndimage

    holes, _ = ndimage.label(~inked)
    found = []
    for number, (down, across) in enumerate(ndimage.find_objects(holes), 1):
        high, wide = down.stop - down.start, across.stop - across.start
        if min(high, wide) < LEAST or max(high, wide) > 12 * min(high, wide):
            continue
        if down.start == 0 or across.start == 0 or down.stop == len(holes) or across.stop == holes.shape[1]:
            continue  # open to the picture's edge
        inside = holes[down, across] == number
        # How far each side's ink is from the box around the hole: nowhere far where the side is straight.
        near = [max(1, round(0.04 * side)) for side in (high, wide)]
        sides = [
            inside[: near[0] + 1].any(0), inside[-near[0] - 1 :].any(0),
            inside[:, : near[1] + 1].any(1), inside[:, -near[1] - 1 :].any(1),
        ]  # fmt: skip
        if min(float(side.mean()) for side in sides) < LINED:
            continue
        least = round(WALL * min(high, wide))
        top = down.start + _inner(inside, least)
        bottom = down.stop - _inner(inside[::-1], least)
        left = across.start + _inner(inside.T, least)
        right = across.stop - _inner(inside.T[::-1], least)
        if bottom - top >= LEAST / 2 and right - left >= LEAST / 2:
            found.append((top, bottom, left, right))
    return np.array(found, np.intp).reshape(-1, 4)


def _inner(inside: NDArray[np.bool_], least: int) -> int:
    """Rows at the top that are still half frame (it may slant)."""
    clear = inside.mean(1) > 0.9 * np.quantile(inside.mean(1), 0.9)
    return least + min(int(clear.argmax()), len(inside) // 8)


def _comb(inked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places between the ticks of a comb: top, bottom, left, right of each, (places, 4)."""
    from scipy import ndimage

    columns = inked.shape[1]
    level = _straight(inked, max(4 * LEAST, round(0.25 * columns)))
    lines, _ = ndimage.label(level, np.ones((3, 3)))
    best: list[tuple[int, int, int, int]] = []
    for down, across in ndimage.find_objects(lines):
        thick = down.stop - down.start
        if across.stop - across.start < 10 * thick:
            continue
        tick = max(4, round(0.012 * (across.stop - across.start)))
        base = down.start - 1
        if base - tick < 0:
            continue
        first = max(0, across.start - 3)  # where the line's own end may be
        standing = inked[base - tick : base, first : across.stop + 3].mean(0) >= 0.9
        runs, _ = ndimage.label(np.pad(standing, 1))
        places = [((x.start + x.stop) / 2 - 1, x.stop - x.start) for (x,) in ndimage.find_objects(runs)]
        ticks = np.array([x + first - across.start for x, wide in places if wide <= max(3, 1.5 * thick)])
        found = _even(ticks, across.stop - across.start)
        if len(found) - 1 > len(best):
            pitch = (found[-1] - found[0]) / (len(found) - 1)
            top = max(0, round(base - 1.35 * pitch))
            side = max(2, round(0.05 * pitch))
            best = [
                (top, base, across.start + round(a) + side, across.start + round(b) - side)
                for a, b in pairwise(found)
            ]
    return np.array(best, np.intp).reshape(-1, 4)


def _even(ticks: NDArray, wide: int) -> list[float]:
    """The most ticks at even distances from one end of a line to the other; none for fewer than three places."""
    best: list[float] = []
    if len(ticks) < 4:
        return best
    for places in range(3, min(40, wide // LEAST) + 1):
        first, last = ticks[0], ticks[-1]
        pitch = (last - first) / places
        if last - first < 0.8 * wide or max(first, wide - last) > 0.3 * pitch:
            continue
        wanted = np.linspace(first, last, places + 1)
        nearest = ticks[np.abs(ticks[:, None] - wanted).argmin(0)]
        if (np.abs(nearest - wanted) <= max(1.5, TICKS * pitch)).all():
            best = nearest.tolist()
    return best


def _rows(boxes: NDArray[np.intp]) -> list[list[tuple[int, ...]]]:
    """Boxes in rows from top to bottom, each from left to right."""
    rows: list[list[tuple[int, ...]]] = []
    left = sorted((tuple(int(edge) for edge in box) for box in boxes), key=lambda box: box[2])
    for box in left:
        beside = [
            row for row in rows
            if min(row[-1][1], box[1]) - max(row[-1][0], box[0]) > 0.5 * min(row[-1][1] - row[-1][0], box[1] - box[0])
        ]  # fmt: skip
        if beside:
            max(beside, key=lambda row: row[-1][3]).append(box)
        else:
            rows.append([box])
    return sorted(rows, key=lambda row: np.mean([box[0] for box in row]))
