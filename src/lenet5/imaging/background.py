"""Ink of a whole page, to find what is where on it: coarse, level, and without what is printed right across.

Lines and boxes are found here and then read from the page's own colours (writing.line_foreground), not from this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOOK", "contrast_mask", "deskew", "estimate_background", "page_mask", "printed_line_mask"]

LOOK = 1600  # pixels of the longer side at which lines and boxes are looked for
FAINTEST = 0.024  # ink fainter than this share of the whole range is not told from the paper
QUIET = 4.0  # ink is at least so many times the paper's own unevenness
FINE = 64, 24  # steps of the paper's map along the longer and the shorter side, at most
TILTS = np.tan(np.radians(np.arange(-8, 8.01, 0.25)))  # of lines, as rows a column
THICK = 0.018  # of the page's longer side: what hangs in from an edge and is thicker is no writing
RULE = 0.35  # share of the page that a printed line crosses at least
RULE_SLIM = 25  # lengths of a printed line for its thickness, at least


def page_mask(colours: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Which pixels differ from the paper towards the pen's side; and the paper, both (rows, columns …)."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(colours, (0.7, 0.7, 0))
    paper = estimate_background(colours)
    apart = paper - smooth
    far = np.abs(apart).max(2)
    count = min(far.size, max(60, far.size // 2000))
    strong = np.argpartition(far.ravel(), -count)[-count:]
    pen = apart.reshape(-1, 3)[strong].sum(0)
    strength = apart @ (pen / max(float(np.linalg.norm(pen)), 1e-9))
    quiet = np.abs(strength - np.median(strength))
    level = max(
        FAINTEST, QUIET * 1.48 * float(np.median(quiet)), 0.25 * float(np.median(strength.ravel()[strong]))
    )
    return _inside(strength > level), paper


def _inside(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without what hangs in from the page's edges thicker than any stroke: the table beside it, a shadow."""
    from scipy import ndimage

    thick = max(5, round(THICK * max(inked.shape)))
    outer = np.pad(inked, thick, mode="edge").view(np.uint8)  # a rim is cut off by the picture's edge
    held = ndimage.minimum_filter(outer, thick)
    if not held.any():
        return inked
    held = ndimage.maximum_filter(held, 2 * thick + 3)[thick:-thick, thick:-thick]
    label, count = ndimage.label(held, np.ones((3, 3)))
    rim = np.zeros(count + 1, bool)
    rim[np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))] = True
    rim[0] = False
    off = rim[label]
    left = inked & ~off
    # What is left of it along the cut goes too; a printed line that ends there stays for printed_line_mask.
    near = ndimage.maximum_filter(off, 5)
    label, count = ndimage.label(left, np.ones((3, 3)))
    small = [max(y.stop - y.start, x.stop - x.start) < 3 * thick for y, x in ndimage.find_objects(label)]
    rest = np.array([False, *small]) & (np.bincount(label[near], minlength=count + 1) > 0)
    return left & ~rest[label]


def estimate_background(
    colours: NDArray[np.float32], fine: tuple[int, int] = FINE, mirrored: bool = False
) -> NDArray[np.float32]:
    """The paper's own level everywhere: the median around on a coarse map, smoothed.

    The median of the rows' medians, which takes a tenth of the time of the median of all around. fine: steps of the
    map along the longer and the shorter side, or fewer. mirrored: the picture goes on mirrored beyond its edges, so
    that a line along them is not taken for the paper.
    """
    from scipy import ndimage

    beyond = "reflect" if mirrored else "nearest"

    rows, columns = colours.shape[:2]
    if colours.shape[2] == 3 and not np.ptp(colours, axis=2).any():
        return np.repeat(estimate_background(colours[:, :, :1], fine, mirrored), 3, 2)
    step = min(max(1, max(rows, columns) // fine[0], min(rows, columns) // fine[1]), rows, columns)
    coarse = ndimage.uniform_filter(colours, (step, step, 0))[step // 2 :: step, step // 2 :: step]
    short, long = sorted(coarse.shape[:2])
    size = max(3, round(0.7 * short if long > 2 * short else 0.35 * short) | 1)
    along = ndimage.median_filter(coarse, (1, size, 1), mode=beyond)
    median = ndimage.median_filter(along, (size, 1, 1), mode=beyond)
    around = ndimage.gaussian_filter(median, (size / 4, size / 4, 0), mode=beyond)
    zoom = rows / coarse.shape[0], columns / coarse.shape[1], 1
    return ndimage.zoom(around, zoom, order=1, mode="nearest", grid_mode=True)


def deskew(inked: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Ink with its lines level and without rules; row of the page at which each column now begins.

    The tilt is the one at which rows are fullest and emptiest: the sum of squares of ink a row is the largest.
    """
    rows, columns = np.nonzero(inked)
    if not len(rows):
        return inked, np.zeros(inked.shape[1], np.intp)
    x = columns - inked.shape[1] / 2
    full = []
    for tilt in TILTS:
        y = np.round(rows - x * tilt).astype(np.intp)
        full.append(float((np.bincount(y - y.min()).astype(float) ** 2).sum()))
    none = full[len(TILTS) // 2]
    best = int(np.argmax(full))
    tilt = TILTS[best] if full[best] > 1.1 * none else 0.0
    tops = np.round((np.arange(inked.shape[1]) - inked.shape[1] / 2) * tilt).astype(np.intp)
    pad = int(np.abs(tops).max(initial=0))
    level = np.zeros((inked.shape[0] + 2 * pad, inked.shape[1]), bool)
    level[rows - tops[columns] + pad, columns] = True
    level &= ~(printed_line_mask(level) | printed_line_mask(level.T).T)
    return level, tops - pad


def printed_line_mask(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which ink is of level printed lines: long, thin, and thin where nothing crosses them."""
    from scipy import ndimage

    long = max(60, round(RULE * inked.shape[1]))
    if inked.shape[1] < long:
        return np.zeros_like(inked)
    thick = ndimage.maximum_filter1d(inked.view(np.uint8), 3, axis=0)
    joined = ndimage.minimum_filter1d(ndimage.maximum_filter1d(thick, 9, axis=1), 9, axis=1)
    held = ndimage.maximum_filter1d(ndimage.minimum_filter1d(joined, long, axis=1), long, axis=1)
    lines, _ = ndimage.label(held, np.ones((3, 3)))
    runs, many = ndimage.label(inked, [[0, 1, 0]] * 3)
    length = np.bincount(runs.ravel(), minlength=many + 1)
    rule = np.zeros(many + 1, bool)
    for i, (down, across) in enumerate(ndimage.find_objects(lines), 1):
        here = lines[down, across] == i
        own = runs[down, across][here & inked[down, across]]
        if not len(own):
            continue
        thickness = float(np.median(length[own]))
        if (across.stop - across.start) < RULE_SLIM * thickness:
            continue
        rule[own[length[own] <= 1.7 * thickness + 1]] = True
    return rule[runs]


def contrast_mask(colours: NDArray[np.float32], paper: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pixels differ from the paper, in any colour and to any side: a frame may be fainter than the pen."""
    apart = np.abs(paper - colours).max(2)
    quiet = float(np.median(apart))
    return apart > max(FAINTEST, QUIET * 1.48 * quiet, 0.15 * float(np.quantile(apart, 0.995)))
