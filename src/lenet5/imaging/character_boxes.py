"""Printed boxes for one character each: rectangles framed by thin straight lines, closed or standing on a comb.

A frame is detected twice. First as a hole: background that foreground closes in on four sides, which are straight;
those of a digit's loops are not. That gives the boxes' usual size. Then only straight foreground as long as a box's
sides is kept, so that a box stays one even where the writing in it crosses its frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import estimate_background
from .components import CONNECTIVITY
from .geometry import Region
from .order_statistics import quantile
from .page_mask import PAGE_MASK, PageMaskSettings, contrast_mask
from .resize import rescale, working_scale

__all__ = ["CHARACTER_BOXES", "CharacterBoxSettings", "find_character_boxes"]


@dataclass(frozen=True)
class CharacterBoxSettings:
    """What printed boxes look like; sides are a box's. Chosen by eye on drawn and on printed forms."""

    enough: int = 3  # boxes, from which on an image is read box by box without being asked
    least: int = 12  # pixels of the reduced page: sides of a box
    slimness: float = 12.0  # sides of a box for the other, at most
    framed: float = 0.85  # share of each side that is framed
    straight_rim: float = 0.04  # sides within which a straight frame lies
    side_tolerance: float = 0.25  # sides by which boxes of one row may differ …
    side_tolerance_least: float = 3.0  # … and pixels
    solitary: float = 0.2  # share of the image's shorter side that a box without neighbours has at least
    straight: float = 0.7  # sides: straight foreground as long as that is a frame
    wall: float = 0.03  # sides: so much more is cut off within, where a frame is grey
    missing_rim: float = 0.12  # sides within which the frame of a box between two others lies …
    missing_rim_least: int = 4  # … and pixels
    neighbour: float = (
        1.5  # smallest distances between two boxes of a row, above which one between is missing
    )
    clear: float = 0.9  # of the clearest rows of a hole, above which a row is not half frame …
    clear_quantile: float = 0.9  # … the quantile that is the clearest rows'
    row: float = 0.5  # share of the lower one's height that two boxes of one row have in common at least
    climb: int = 5  # pixels along a frame within which it may climb by one
    most: int = 40  # boxes in a row
    comb: float = 0.25  # share of the page's width that the line of a comb is long at least
    comb_least: int = 4  # least sides of a box that it is long at least
    comb_slimness: float = 10.0  # thicknesses of that line for its length, at least
    tick: float = 0.012  # of a comb's width: height at which its ticks are counted …
    tick_least: int = 4  # … and pixels
    tick_filled: float = 0.9  # share of that height which a tick fills
    tick_width: float = 1.5  # thicknesses of the line that a tick is wide at most …
    tick_width_least: int = 3  # … and pixels
    tick_place: float = 0.05  # of a box's width: how far a tick may stand from its place …
    tick_place_least: float = 1.5  # … and pixels
    tick_side: float = 0.05  # of a box's width at either side that belongs to the ticks …
    tick_side_least: int = 2  # … and pixels
    comb_height: float = 1.35  # widths of a place that a character on a comb is high at most
    comb_filled: float = 0.8  # share of the line that its places cover at least
    comb_margin: float = 0.3  # widths of a place that the line may go on beyond them
    mask: PageMaskSettings = PAGE_MASK


CHARACTER_BOXES = CharacterBoxSettings()
_Edges = tuple[int, ...]  # top, bottom, left, right of a box


def find_character_boxes(
    image: NDArray[np.float32],
    name: str = "the picture",
    settings: CharacterBoxSettings = CHARACTER_BOXES,
) -> list[Region]:
    """The insides of printed boxes, row by row, from left to right.

    Boxes with walls in common or apart, and combs: a line below with ticks between the places.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        settings: what boxes look like.

    Returns:
        Regions whose image is the box without its frame and whose line is the row; often none, never an error.
    """
    pixels = working_scale(image, settings.mask.longest)
    small = rescale(image, pixels)
    if min(small.shape[:2]) < settings.least:
        return []
    background = estimate_background(small, settings.mask.background)
    mask = contrast_mask(small, background, settings.mask)
    boxes = _closed(mask, settings)
    if not len(boxes):
        boxes = _comb(mask, settings)
    rows = _rows(boxes, settings)
    count = sum(map(len, rows))
    regions: list[Region] = []
    for line, row in enumerate(rows):
        for box in row:
            top, bottom, left, right = (round(edge * pixels) for edge in box)
            inside = image[top:bottom, left:right]
            called = name if count == 1 else f"{name}, box {len(regions) + 1}"
            placed = (left, top, right - left, bottom - top)
            regions.append(Region(placed, (left, top), inside, called, line))
    return regions


def _closed(mask: NDArray[np.bool_], settings: CharacterBoxSettings) -> NDArray[np.intp]:
    """Top, bottom, left, right of the inside of every closed box, (boxes, 4)."""
    first = _framed(mask, settings)
    if not len(first):
        return first
    high, wide = (int(np.median(first[:, i + 1] - first[:, i])) for i in (0, 2))
    share = settings.straight
    frame = (
        _straight(mask, round(share * wide), settings) | _straight(mask.T, round(share * high), settings).T
    )
    insides = [*first.tolist()]
    for box in _framed(frame, settings).tolist():
        if not any(_middle_in(box, other) for other in insides):
            insides.append(box)
    boxes = np.array(insides, np.intp)
    sides = np.stack([boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]], 1)
    usual = np.median(sides, 0)
    most = np.maximum(settings.side_tolerance_least, settings.side_tolerance * usual)
    boxes = boxes[(np.abs(sides - usual) <= most).all(1)]
    if len(boxes) == 1 and min(high, wide) < settings.solitary * min(mask.shape):
        return np.empty((0, 4), np.intp)
    filled = [box for row in _rows(boxes, settings) for box in _with_missing(row, mask, settings)]
    return np.array(filled, np.intp).reshape(-1, 4)


def _middle_in(box: list[int], other: list[int]) -> bool:
    y, x = (box[0] + box[1]) / 2, (box[2] + box[3]) / 2
    return other[0] <= y <= other[1] and other[2] <= x <= other[3]


def _with_missing(row: list[_Edges], mask: NDArray[np.bool_], settings: CharacterBoxSettings) -> list[_Edges]:
    """A row of boxes with those in its gaps, and at its ends, whose frame is there but crossed by writing."""
    if len(row) < 2:
        return row
    steps = np.diff([box[2] for box in row])
    pitch = float(np.median(steps[steps < settings.neighbour * steps.min()]))
    high, wide = (round(np.median([box[i + 1] - box[i] for box in row])) for i in (0, 2))
    slope, level = np.polyfit([box[2] for box in row], [box[0] for box in row], 1)

    def printed(left: float) -> _Edges | None:
        top, first = round(level + slope * left), round(left)
        box = (top, top + high, first, first + wide)
        return box if _frame_is_printed(box, mask, settings) else None

    places: list[float] = []
    for before, after in pairwise(row):
        missing = round((after[2] - before[2]) / pitch) - 1
        step = (after[2] - before[2]) / (missing + 1)
        places += [before[2] + step * (i + 1) for i in range(min(missing, settings.most))]
    boxes = [box for left in places if (box := printed(left))]
    for end, step in ((float(row[0][2]), -pitch), (float(row[-1][2]), pitch)):
        left = end + step
        while box := printed(left):
            boxes.append(box)
            left += step
    return sorted([*row, *boxes], key=lambda box: box[2])


def _frame_is_printed(box: _Edges, mask: NDArray[np.bool_], settings: CharacterBoxSettings) -> bool:
    """Whether there is foreground along each side of a box, or near it."""
    top, bottom, left, right = box
    if min(top, left) < 1 or bottom >= mask.shape[0] or right >= mask.shape[1]:
        return False
    rim = max(settings.missing_rim_least, round(settings.missing_rim * (bottom - top)))
    above, below = slice(max(0, top - rim), top + rim), slice(bottom - rim, bottom + rim)
    before, after = slice(max(0, left - rim), left + rim), slice(right - rim, right + rim)
    sides = [mask[edge, left:right].any(0) for edge in (above, below)]
    sides += [mask[top:bottom, edge].any(1) for edge in (before, after)]
    return all(side.mean() >= settings.framed for side in sides)


def _straight(mask: NDArray[np.bool_], length: int, settings: CharacterBoxSettings) -> NDArray[np.bool_]:
    """Foreground of horizontal lines at least so long; a line may climb by a pixel or two."""
    thick = ndimage.maximum_filter1d(mask.view(np.uint8), 3, axis=0)
    climb = settings.climb
    closed = ndimage.minimum_filter1d(ndimage.maximum_filter1d(thick, climb, axis=1), climb, axis=1)
    opened = ndimage.minimum_filter1d(closed, max(length, climb), axis=1, mode="constant")
    opened = ndimage.maximum_filter1d(opened, max(length, climb), axis=1, mode="constant")
    lines: NDArray[np.bool_] = opened.astype(bool)
    return lines


def _framed(mask: NDArray[np.bool_], settings: CharacterBoxSettings) -> NDArray[np.intp]:
    """Holes in the foreground whose four sides are straight: top, bottom, left, right of each, (boxes, 4)."""
    holes, _ = ndimage.label(~mask)
    boxes = []
    for number, (down, across) in enumerate(ndimage.find_objects(holes), 1):
        high, wide = down.stop - down.start, across.stop - across.start
        if min(high, wide) < settings.least or max(high, wide) > settings.slimness * min(high, wide):
            continue
        if down.start == 0 or across.start == 0 or down.stop == len(holes) or across.stop == holes.shape[1]:
            continue  # open to the image's edge
        inside = holes[down, across] == number
        # How far each side's foreground is from the box around the hole: not at all where the side is straight.
        near = [max(1, round(settings.straight_rim * side)) for side in (high, wide)]
        sides = [
            inside[: near[0] + 1].any(0), inside[-near[0] - 1 :].any(0),
            inside[:, : near[1] + 1].any(1), inside[:, -near[1] - 1 :].any(1),
        ]  # fmt: skip
        if min(float(side.mean()) for side in sides) < settings.framed:
            continue
        least = round(settings.wall * min(high, wide))
        top = down.start + _frame_rows(inside, least, settings)
        bottom = down.stop - _frame_rows(inside[::-1], least, settings)
        left = across.start + _frame_rows(inside.T, least, settings)
        right = across.stop - _frame_rows(inside.T[::-1], least, settings)
        if bottom - top >= settings.least / 2 and right - left >= settings.least / 2:
            boxes.append((top, bottom, left, right))
    return np.array(boxes, np.intp).reshape(-1, 4)


def _frame_rows(inside: NDArray[np.bool_], least: int, settings: CharacterBoxSettings) -> int:
    """Rows at the top that are still half frame (it may slant)."""
    free = inside.mean(1)
    clear = free > settings.clear * quantile(free, settings.clear_quantile)
    return least + min(int(clear.argmax()), len(inside) // 8)


def _comb(mask: NDArray[np.bool_], settings: CharacterBoxSettings) -> NDArray[np.intp]:
    """Places between the ticks of a comb: top, bottom, left, right of each, (places, 4)."""
    columns = mask.shape[1]
    level = _straight(
        mask, max(settings.comb_least * settings.least, round(settings.comb * columns)), settings
    )
    lines, _ = ndimage.label(level, CONNECTIVITY)
    best: list[_Edges] = []
    for down, across in ndimage.find_objects(lines):
        thickness = down.stop - down.start
        if across.stop - across.start < settings.comb_slimness * thickness:
            continue
        places = _ticks(mask, down.start - 1, across, thickness, settings)
        if len(places) - 1 > len(best):
            pitch = (places[-1] - places[0]) / (len(places) - 1)
            base = down.start - 1
            top = max(0, round(base - settings.comb_height * pitch))
            side = max(settings.tick_side_least, round(settings.tick_side * pitch))
            best = [
                (top, base, across.start + round(a) + side, across.start + round(b) - side)
                for a, b in pairwise(places)
            ]
    return np.array(best, np.intp).reshape(-1, 4)


def _ticks(
    mask: NDArray[np.bool_], base: int, across: slice, thickness: int, settings: CharacterBoxSettings
) -> list[float]:
    """Columns of the ticks at even distances on a comb's line, from its start; base: the row above it."""
    length = across.stop - across.start
    tick = max(settings.tick_least, round(settings.tick * length))
    if base - tick < 0:
        return []
    first = max(0, across.start - 3)  # where the line's own end may be
    standing = mask[base - tick : base, first : across.stop + 3].mean(0) >= settings.tick_filled
    runs, _ = ndimage.label(np.pad(standing, 1))
    columns = [((x.start + x.stop) / 2 - 1, x.stop - x.start) for (x,) in ndimage.find_objects(runs)]
    widest = max(settings.tick_width_least, settings.tick_width * thickness)
    thin = [x + first - across.start for x, wide in columns if wide <= widest]
    return _even(np.array(thin), length, settings)


def _even(ticks: NDArray[Any], width: int, settings: CharacterBoxSettings) -> list[float]:
    """The most ticks at even distances from one end of a line to the other; none for fewer than three places."""
    best: list[float] = []
    if len(ticks) < 4:
        return best
    for places in range(3, min(settings.most, width // settings.least) + 1):
        first, last = ticks[0], ticks[-1]
        pitch = (last - first) / places
        if last - first < settings.comb_filled * width:
            continue
        if max(first, width - last) > settings.comb_margin * pitch:
            continue
        wanted = np.linspace(first, last, places + 1)
        nearest = ticks[np.abs(ticks[:, None] - wanted).argmin(0)]
        if (np.abs(nearest - wanted) <= max(settings.tick_place_least, settings.tick_place * pitch)).all():
            best = nearest.tolist()
    return best


def _rows(boxes: NDArray[np.intp], settings: CharacterBoxSettings) -> list[list[_Edges]]:
    """Boxes in rows from top to bottom, each from left to right."""
    rows: list[list[_Edges]] = []
    for box in sorted((tuple(int(edge) for edge in box) for box in boxes), key=lambda box: box[2]):
        level = [row for row in rows if _overlap(row[-1], box) > settings.row]
        if level:
            max(level, key=lambda row: row[-1][3]).append(box)
        else:
            rows.append([box])
    return sorted(rows, key=lambda row: np.mean([box[0] for box in row]))


def _overlap(box: _Edges, other: _Edges) -> float:
    """Rows that two boxes have in common, as a share of the lower one's."""
    return (min(box[1], other[1]) - max(box[0], other[0])) / min(box[1] - box[0], other[1] - other[0])
