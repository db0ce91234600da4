"""Printed rules along the rim of a picture that was cut out of a form or a table, painted over with paper.

A rule at the rim runs from one edge of the picture to the other, straight and of one width, and ends in neither; the
stroke of a 1 ends inside the picture, and where the picture is cut close, it ends round. What lies beyond a rule
belongs to the neighbouring cell and is painted over with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import PercentileBackground, estimate_background
from .components import largest_height
from .order_statistics import median, quantile
from .planes import grey_planes, map_planes, replace_where
from .resize import rescale, working_scale

__all__ = ["RIMS", "RimSettings", "remove_rims"]

SIDES = ("left", "top", "right", "bottom")
PAPER = PercentileBackground(percentile=70.0)  # a thick rule takes much of a small cell


@dataclass(frozen=True)
class RimSettings:
    """Which lines along an image's rim are printed rules. Sides are the image's; chosen on benchmarks/cells.py."""

    longest: int = 320  # pixels of the longer side at which rules are looked for
    least: int = 16  # pixels of the shorter side of an image that may have any
    zone: float = 0.2  # shorter sides from the edge within which a rule lies
    thickest: float = 0.14  # shorter sides that a rule is thick at most
    steepest: float = 0.07  # columns a row that a rule may lean
    slopes: int = 15  # that are tried
    shortest: float = 0.6  # of the image's height that a line is in the image, and not beyond another rule
    inked: float = 0.93  # share of a rule's length that is ink; …
    broken: float = 0.5  # … of a broken one, which is thin and has several gaps evenly along it
    broken_thickest: float = 0.08  # shorter sides that a broken rule is thick at most
    broken_runs: int = 3  # pieces of a broken rule, at least
    longest_gap: float = 0.2  # of a rule's length, between two pieces of a broken one
    ends: float = 0.03  # of a rule's length, at either end, where it is as wide as elsewhere
    end_width: float = 0.6  # of its own thickness that a rule has left there
    uneven: float = (
        0.35  # of its own thickness: standard deviation of a rule's width where nothing touches it
    )
    dash_thickest: float = 0.06  # shorter sides that a printed dash at a rule is thick at most, …
    dash_length: float = 2.0  # … and it is so many times as long, or longer; …
    dash_thinner: float = 1.25  # … the pen's strokes are so many times as thick: a bar of the pen stays
    inside_run: float = 1.5  # thicknesses of a rule that a stroke goes on inside from it, which crosses it …
    inside_least: int = 3  # … and pixels, at least
    written: float = 0.2  # of the image's height: what is left is writing if it is so high
    faintest: float = 0.03  # of the whole range: fainter ink does not differ from the background
    strongest: float = 0.99  # quantile of the contrast that is the strongest ink's
    faint: float = 0.15  # of the strongest ink's contrast: all ink has as much
    noise: float = 6.0  # median contrasts that ink stands out by, …
    noise_most: float = 0.35  # … but not more than this share of the strongest ink's; …
    small: int = 40  # … pixels of the shorter side of an image whose walls are a pixel or two, …
    noise_small: float = 0.25  # … where no more than this share: JPEG leaves them that faint
    inside: float = 0.1  # shorter sides along the edges that do not show what paper there is
    background: PercentileBackground = PAPER


RIMS = RimSettings()


@dataclass(frozen=True, eq=False)
class _Rule:
    """A rule along the left edge. inner: (rows,) the first column that is paper; thickness: in pixels."""

    inner: NDArray[np.intp]
    thickness: float


def remove_rims(image: NDArray[np.float32], settings: RimSettings = RIMS) -> NDArray[np.float32]:
    """An image without the printed rules that run along its edges, and without what lies beyond them.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        settings: which lines are rules.

    Returns:
        An image of the same shape; the given one where there is no rule, or nothing written beside the rules.
    """
    if min(image.shape[:2]) < settings.least:
        return image
    pixels = working_scale(image, settings.longest)
    mask = _ink(grey_planes(rescale(image, pixels), settings.faintest), settings)
    outside = np.zeros(mask.shape, bool)
    rest = mask.copy()
    rules: dict[int, _Rule] = {}
    for again in range(2):  # a rule may reach the edge only where that across it is painted over
        if again and not outside.any():
            return image
        for turns in range(len(SIDES)):
            turned, covered = np.rot90(rest, -turns), np.rot90(outside, -turns)
            if (rule := _left_rule(turned, covered, settings)) is not None:
                covered |= np.arange(turned.shape[1]) < rule.inner[:, None]
                turned &= ~covered
                rules[turns] = rule
    for turns, rule in rules.items():  # after all rules: one that crosses another is no dash
        dashes = _dashes(np.rot90(rest, -turns), rule.inner, settings)
        np.rot90(outside, -turns)[dashes] = True
    inside = mask & ~outside
    for turns, rule in rules.items():
        within, ink = np.rot90(inside, -turns), np.rot90(mask, -turns)
        np.rot90(outside, -turns)[_crossing(within, ink, rule, settings)] = False
    rest = mask & ~outside
    if not outside.any() or largest_height(rest) < settings.written * len(rest):
        return image
    return _paint(image, outside, mask, pixels)


def _ink(image: NDArray[np.float32], settings: RimSettings) -> NDArray[np.bool_]:
    """The pixels of an image, (rows, columns, planes), that differ from its paper in any colour: (rows, columns)."""
    rim = round(settings.inside * min(image.shape[:2]))
    inside = estimate_background(
        image[rim : len(image) - rim, rim : image.shape[1] - rim], settings.background
    )
    paper = np.pad(inside, ((rim, rim), (rim, rim), (0, 0)), mode="edge")
    contrast = np.abs(paper - image).max(2)
    strongest = float(quantile(contrast, settings.strongest))
    most = settings.noise_small if min(image.shape[:2]) < settings.small else settings.noise_most
    noise = min(settings.noise * float(median(contrast)), most * strongest)
    mask: NDArray[np.bool_] = contrast > max(settings.faintest, settings.faint * strongest, noise)
    return mask


def _crossing(
    inside: NDArray[np.bool_], mask: NDArray[np.bool_], rule: _Rule, settings: RimSettings
) -> NDArray[np.bool_]:
    """Where strokes that go on inside from a rule along the left edge lie on it, and beyond it: (rows, columns)."""
    rows, columns = mask.shape
    deep = max(settings.inside_least, round(settings.inside_run * rule.thickness))
    across = rule.inner[:, None] + np.arange(deep)
    within = inside[np.arange(rows)[:, None], across.clip(0, columns - 1)] & (across < columns)
    goes_on = within.all(1)
    crossing = np.zeros(mask.shape, bool)
    for row in np.flatnonzero(goes_on).tolist():
        stop = int(rule.inner[row])
        run = np.flatnonzero(~mask[row, :stop])
        crossing[row, int(run[-1]) + 1 if len(run) else 0 : stop] = True
    return crossing


def _left_rule(mask: NDArray[np.bool_], covered: NDArray[np.bool_], settings: RimSettings) -> _Rule | None:
    """The rule along the left edge of a mask, (rows, columns). covered: pixels that are painted over already."""
    rows, columns = mask.shape
    zone = max(4, round(settings.zone * min(rows, columns)))
    lean = round(settings.steepest * rows / 2)
    if mask[:, : zone + lean].any(1).mean() < settings.broken * settings.shortest:
        return None
    y = np.arange(rows)
    slopes = np.linspace(-settings.steepest, settings.steepest, settings.slopes)
    offsets = np.rint(slopes[:, None] * (y - (rows - 1) / 2)).astype(np.intp)
    x = (offsets[:, None] + np.arange(zone)[:, None]).reshape(-1, rows)  # (lines, rows)
    within = x.clip(0, columns - 1)
    valid = (x >= 0) & (x < columns) & ~covered[y, within]
    length = valid.sum(1)
    shares = (mask[y, within] & valid).sum(1) / np.maximum(length, 1)
    shares[length < settings.shortest * rows] = 0
    best = int(shares.argmax())
    share, x, valid = float(shares[best]), x[best], valid[best]
    if share < settings.broken:
        return None
    if share >= settings.inked:
        return _solid(mask, x, y[valid], settings, cut=bool(covered.any()))
    return _broken(mask, x, y[valid], settings)


def _dashes(mask: NDArray[np.bool_], inner: NDArray[np.intp], settings: RimSettings) -> NDArray[np.bool_]:
    """Printed dashes that go out from a rule along the left edge, thinner than the pen's strokes: (rows, columns).

    inner: (rows,) the first column that is no rule.
    """
    rows, columns = mask.shape
    thickest = max(3.0, settings.dash_thickest * min(rows, columns))
    dashes = np.zeros(mask.shape, bool)
    beside = mask[np.arange(rows), inner.clip(0, columns - 1)] & (inner < columns)
    for (down,) in ndimage.find_objects(ndimage.label(beside)[0]):
        thick, middle = down.stop - down.start, (down.start + down.stop) // 2
        first = int(inner[middle])
        if thick > thickest or not first < columns - 1:
            continue
        # As high as the dash in every column, up to what it touches.
        around = mask[max(0, down.start - 2) : down.stop + 2, first:]
        high = np.where(mask[middle, first:], around.sum(0), 0)
        ends = np.flatnonzero((high == 0) | (high > thick + 1))
        length = int(ends[0]) if len(ends) else len(high)
        if length >= settings.dash_length * thick:
            dashes[max(0, down.start - 1) : down.stop + 1, first : first + length] = True
    if not dashes.any():
        return dashes
    depth = ndimage.distance_transform_edt(mask & ~dashes)
    strokes = depth[(depth == ndimage.maximum_filter(depth, 3)) & (depth > 0)]
    printed = 2 * ndimage.distance_transform_edt(mask & dashes).max() - 1
    if not len(strokes) or 2 * np.median(strokes) - 1 < settings.dash_thinner * printed:
        return np.zeros(mask.shape, bool)
    return dashes


def _solid(
    mask: NDArray[np.bool_], x: NDArray[np.intp], rows: NDArray[np.intp], settings: RimSettings, cut: bool
) -> _Rule | None:
    """A rule without gaps through the pixels (rows, x[rows]); None if it is too thick, uneven, or ends round.

    cut: beside another rule the image's edge may cut off a side of this one, which is narrower there.
    """
    left, right = _run_edges(mask, rows, x)
    width = right - left
    thickness = float(median(width))
    if thickness > settings.thickest * min(mask.shape):
        return None
    edge = _straight_edge(rows, right, thickness)
    if (np.abs(right - edge[rows]) <= max(1.0, settings.uneven * thickness)).mean() < 0.5:
        return None
    ends = max(1, round(settings.ends * len(rows)))
    inked = mask[rows, x[rows]]
    if cut:
        at_edge = (left == 0) & (np.abs(right - edge[rows]) <= 1)
        width = np.where(at_edge, thickness, width)
    for part in (slice(None, ends), slice(-ends, None)):
        if not inked[part].all() or width[part].min() < settings.end_width * thickness:
            return None
    return _rule(mask, edge, thickness)


def _broken(
    mask: NDArray[np.bool_], x: NDArray[np.intp], rows: NDArray[np.intp], settings: RimSettings
) -> _Rule | None:
    """A thin rule with gaps, as print on a bad copy; None if its pieces are few, thick, or far from one another."""
    inked = mask[rows, x[rows]]
    at = np.flatnonzero(inked)
    gaps = np.diff(np.concatenate([[-1], at, [len(inked)]]))
    runs = int((np.diff(at) > 1).sum()) + 1
    if runs < settings.broken_runs or gaps.max() > settings.longest_gap * len(inked):
        return None
    left, right = _run_edges(mask, rows[inked], x)
    thickness = float(median(right - left))
    if thickness > max(3, settings.broken_thickest * min(mask.shape)):
        return None
    edge = _straight_edge(rows[inked], right, thickness)
    if (np.abs(right - edge[rows[inked]]) <= 1).mean() < 0.75:
        return None
    return _rule(mask, edge, thickness)


def _run_edges(
    mask: NDArray[np.bool_], rows: NDArray[np.intp], x: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First column, and first column after, of the horizontal run that holds (row, x[row]); equal where it is paper."""
    columns = mask.shape[1]
    across = np.arange(columns)
    at = x[rows, None].clip(0, columns - 1)
    paper = ~mask[rows]
    after = np.where(paper & (across >= at), across, columns).min(1)
    before = np.where(paper & (across <= at), across, -1).max(1) + 1
    return np.minimum(before, after), after


def _straight_edge(rows: NDArray[np.intp], right: NDArray[np.intp], thickness: float) -> NDArray[np.float64]:
    """The straight inner edge of a rule, by row of the image; rows where a stroke touches the rule do not count."""
    every = np.arange(rows.max() + 1)
    keep = np.ones(len(rows), bool)
    line = np.array([0.0, float(median(right))])
    for _ in range(4):
        line = np.polyfit(rows[keep], right[keep], 1) if keep.sum() > 4 else line
        difference = right - np.polyval(line, rows)
        closer = np.abs(difference - median(difference[keep])) <= max(1.0, 0.25 * thickness)
        if closer.sum() < 0.3 * len(rows):
            closer = np.abs(right - median(right)) <= max(2.0, thickness)
        keep = closer
    edge: NDArray[np.float64] = np.polyval(line, every)
    return edge


def _rule(mask: NDArray[np.bool_], edge: NDArray[np.float64], thickness: float) -> _Rule:
    """A rule with its grey rim: one pixel more."""
    rows, columns = mask.shape
    edge = np.concatenate([edge, np.full(rows - len(edge), edge[-1])])
    return _Rule(np.ceil(edge + 1 - 0.25).astype(np.intp).clip(0, columns), thickness)


def _paint(
    image: NDArray[np.float32], outside: NDArray[np.bool_], mask: NDArray[np.bool_], pixels: float
) -> NDArray[np.float32]:
    """The image with the nearest paper in place of what is outside. outside, mask: at the reduced scale."""
    small = rescale(image, pixels)
    ink = outside | ndimage.binary_dilation(mask, iterations=2)
    if ink.all():
        return image
    nearest = ndimage.distance_transform_edt(ink, return_distances=False, return_indices=True)
    smooth = max(outside.shape) / 40
    paper = map_planes(
        lambda plane: ndimage.gaussian_filter(plane[tuple(nearest)], smooth, mode="nearest"), small
    )
    rows, columns = image.shape[:2]
    row = ((np.arange(rows) + 0.5) * outside.shape[0] / rows).astype(np.intp)
    column = ((np.arange(columns) + 0.5) * outside.shape[1] / columns).astype(np.intp)
    at = np.ix_(row, column)
    return replace_where(outside[at], map_planes(lambda plane: plane[at], paper), image)
