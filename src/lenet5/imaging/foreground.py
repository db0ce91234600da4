"""Ink of whole lines of writing, on any paper: patterned, ruled, shaded, of any colour (Section VII-B).

A single character on its paper needs `picture.ink` alone. A line cut from a form or a cheque lies on a
printed pattern whose lines are as dark as a faint pen, is underlined, and shows what its neighbours wrote
over the edge. Three steps, each a picture that can be shown:

`written`        strength of ink against the paper around it, in the colour in which the pen differs most
`remove_crossing_lines`  printed lines that cross the whole picture, taken out where they do not cross a stroke
`remove_specks` remains of the pattern, and of neighbours at the edge
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError

__all__ = [
    "INKED",
    "character_size",
    "line_foreground",
    "planes_of",
    "remove_crossing_lines",
    "remove_specks",
    "resized",
    "stroke_foreground",
    "threshold_otsu",
    "written",
]

INKED = 0.3  # ink of more than this counts as a stroke's own
SMOOTH = 0.8  # pixels: standard deviation of the Gaussian against printed patterns and JPEG's noise
PAPER_RANK = 60  # of a hundred pixels around, so many are darker than what is taken for the paper
LOW, HIGH = 0.35, 0.9  # shares of the pen's own darkness at which ink begins and is full
FAINTEST = 0.024  # ink fainter than this share of the whole range is not told from the paper
PIECES = 60  # the largest pieces of a line's ink, or of a few lines
SCATTERED = 0.6  # share of all ink that they hold at least
NO_MARK = 0.3  # share of the height of the highest piece, from which another may be a character
SIZE = 36  # pixels: height of a character at which the widths here fit
LONGEST = 600  # pixels of the longer side at which a line is first looked for
COARSE = 40, 13  # the paper's light is followed on a map of at most so many steps along and across a line


def line_foreground(
    colours: NDArray[np.float32], name: str = "the picture", known: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.float32], float]:
    """Ink of the line of writing in a picture of any size, and the pixels of the picture for one of the ink.

    colours: (rows, columns, 3) in 0 … 1 (picture.load_image). The ink is found on a reduced picture first,
    then once more at the scale at which its characters are about SIZE pixels high, where the widths that
    are given in pixels here fit. known: stroke_foreground(colours), where it has been found already.
    Raises PictureError where nothing stands out from the paper.
    """
    first = max(1.0, max(colours.shape[:2]) / LONGEST)
    map_ = known if known is not None and first == 1 else stroke_foreground(resized(colours, first), name)
    size = character_size(map_ > INKED)
    if 0.6 * SIZE <= size <= 1.8 * SIZE or (first == 1 and 0.4 * SIZE <= size < SIZE):
        return map_, first
    # More than LONGEST pixels again only where they are needed, and never more than there are, twice over.
    second = max(first * size / SIZE, 0.5, max(colours.shape[:2]) / (4 * LONGEST))
    return stroke_foreground(resized(colours, second), name), second


def threshold_otsu(values: NDArray) -> float:
    """The level that best parts values into two groups (Otsu 1979); values of one level are all above it."""
    counts, edges = np.histogram(values, 128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    possible = (below > 0) & (above > 0)
    if not possible.any():
        return float(values.max(initial=0)) / 2
    below, above, lower = below[possible], above[possible], sums[:-1][possible]
    apart = below * above * (lower / below - (sums[-1] - lower) / above) ** 2
    best = np.flatnonzero(apart >= apart.max() * (1 - 1e-9))
    return float(edges[1:-1][possible][best].mean())


def resized(colours: NDArray[np.float32], pixels: float) -> NDArray[np.float32]:
    """Colours where each pixel stands for so many by so many: means of areas, or in between."""
    from PIL import Image

    if abs(pixels - 1) < 1e-3:
        return colours
    size = max(1, round(colours.shape[1] / pixels)), max(1, round(colours.shape[0] / pixels))
    how = Image.Resampling.BOX if pixels > 1 else Image.Resampling.BICUBIC
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, how))
        for plane in np.moveaxis(colours, 2, 0)
    ]
    return np.stack(planes, 2).clip(0, 1)


def character_size(inked: NDArray[np.bool_]) -> float:
    """Pixels, height of a character: the median of the connected pieces at least half as high as the highest.

    Where that stands alone, as the 4 at the head of an amount may, above others of half its height, theirs.
    """
    from scipy import ndimage

    pieces, _ = ndimage.label(inked, np.ones((3, 3)))
    high = np.sort([found[0].stop - found[0].start for found in ndimage.find_objects(pieces)])[::-1]
    alike = high[high >= high[0] / 2]
    if len(alike) == 1 and (high[1:] >= NO_MARK * high[0]).sum() > 1:
        alike = high[1:][high[1:] >= high[1] / 2]
    return float(np.median(alike))


def stroke_foreground(colours: NDArray[np.float32], name: str = "the picture") -> NDArray[np.float32]:
    """Ink of a line of writing, all three steps: (rows, columns, 3) in 0 … 1 -> (rows, columns) in 0 … 1.

    Raises PictureError where nothing stands out from the paper.
    """
    map_ = remove_crossing_lines(written(colours, name))
    if concentration(map_, PIECES) < SCATTERED:
        raise PictureError(
            f"nothing to read in {name}: what stands out is scattered, as noise and texture are"
        )
    map_ = remove_specks(map_)
    if not (map_ > INKED).any():
        raise PictureError(f"nothing to read in {name}: no writing stands out from the paper")
    return map_


def concentration(map_: NDArray[np.float32], pieces: int) -> float:
    """Share of all ink that lies in the largest so many connected pieces: 1 for writing, little for noise."""
    from scipy import ndimage

    label, count = ndimage.label(map_ > INKED, np.ones((3, 3)))
    if count <= pieces:
        return 1.0
    weight = np.sort(ndimage.sum_labels(map_, label, np.arange(1, count + 1)))
    return float(weight[-pieces:].sum() / weight.sum())


def written(colours: NDArray[np.float32], name: str = "the picture") -> NDArray[np.float32]:
    """How much ink lies on each pixel: 0 paper … 1 the pen's own darkness; (rows, columns) float32.

    Raises PictureError where nothing stands out from the paper.
    """
    from scipy import ndimage

    planes = planes_of(colours)
    smooth = ndimage.gaussian_filter(planes, (SMOOTH, SMOOTH, 0))
    apart = _paper(planes) - smooth  # how much darker than the paper
    # The side, darker or lighter, on which the strongest hundredth stands out more, is the pen's.
    largest = np.abs(apart[:, :, 0])
    for plane in np.moveaxis(apart, 2, 0)[1:]:
        np.maximum(largest, np.abs(plane), out=largest)
    strong = largest >= np.quantile(largest, 0.99)
    # The pen's colour seen from the paper's: differences across it are shadow, print and JPEG's noise.
    pen = apart[strong].sum(0)
    pen = pen / max(float(np.linalg.norm(pen)), 1e-9)
    strength = np.clip(apart @ pen, 0, None)
    level = _between(strength)
    full = float(strength[strength > level].mean()) if (strength > level).any() else 0.0
    if full < FAINTEST:
        raise PictureError(f"nothing to read in {name}: no writing stands out from the paper")
    return np.clip((strength - LOW * full) / ((HIGH - LOW) * full), 0, 1).astype(np.float32)


def planes_of(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (rows, columns, 3) as they are, or their mean, (rows, columns, 1), where they are shades of grey."""
    red, green, blue = np.moveaxis(colours, 2, 0)  # one by one: NumPy is slow along an axis of three
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return colours if (most - least >= 0.02).any() else ((red + green + blue) / 3)[:, :, None]


def _paper(planes: NDArray) -> NDArray:
    """The paper's own level everywhere: about the median around, on a coarse map, smoothed.

    Writing covers less than half of any place as wide as a line is high.
    """
    from PIL import Image
    from scipy import ndimage

    rows, columns, count = planes.shape
    step = max(1, round(max(rows, columns) / COARSE[0]), round(min(rows, columns) / COARSE[1]))
    step = min(step, rows, columns)
    coarse = ndimage.uniform_filter(planes, (step, step, 0))[step // 2 :: step, step // 2 :: step]
    size = max(3, round(min(rows, columns) / step) | 1)
    around = np.empty_like(coarse)
    for c in range(count):
        plane = coarse[:, :, c]
        # Ink pulls the median to its own side: what is taken for the paper is a little to the other.
        tail = float(((plane - np.median(plane)) ** 3).sum())
        rank = PAPER_RANK if tail <= 0 else 100 - PAPER_RANK
        level = ndimage.percentile_filter(plane, rank, size=size, mode="nearest")
        around[:, :, c] = ndimage.gaussian_filter(level, size / 4, mode="nearest")
    planes = [
        Image.fromarray(np.ascontiguousarray(around[:, :, c], np.float32)).resize(
            (columns, rows), Image.Resampling.BILINEAR
        )
        for c in range(count)
    ]
    return np.stack([np.asarray(plane) for plane in planes], 2)


def _between(strength: NDArray) -> float:
    """The level halfway between the means of what lies below and above it (Ridler, Calvard 1978)."""
    level = float(strength.mean() + strength.max()) / 2
    for _ in range(20):
        above = strength > level
        if not above.any() or above.all():
            return level
        found = float(strength[above].mean() + strength[~above].mean()) / 2
        if abs(found - level) < 1e-4:
            return found
        level = found
    return level


def remove_crossing_lines(map_: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ink without printed lines: level or nearly, thin, and reaching from one side to the other.

    Found as sloping rows of pixels nearly all of which are ink, and half of which are ink in thin runs from
    top to bottom. Only thin runs are taken out, with their grey rims: where a stroke crosses the line, the
    stroke stays.
    """
    from scipy import ndimage

    rows, columns = map_.shape
    inked = map_ > INKED
    runs, count = ndimage.label(inked, [[0, 1, 0]] * 3)  # the runs of every column
    if not count or columns < 8:
        return map_
    length = np.bincount(runs.ravel(), minlength=count + 1)
    length[0] = rows + 1
    thickest = max(4, round(0.08 * min(rows, 3 * SIZE)))
    thin = length <= thickest
    near = np.stack([inked, thin[runs]])
    near = ndimage.maximum_filter1d(near, 3, axis=1)  # a line may lie between two rows
    # Counts from the left, so that a sloping row costs one step for each place where it goes up or down.
    counts = np.zeros((2, rows, columns + 1), np.int32)
    np.cumsum(near, 2, out=counts[:, :, 1:])
    x = np.arange(columns)
    hit = np.zeros(count + 1, bool)
    for tilt in np.linspace(-0.05, 0.05, 11):
        aside = np.round((x - columns / 2) * tilt).astype(int)
        first = np.flatnonzero(np.append(True, aside[1:] != aside[:-1]))
        behind = np.append(first[1:], columns)
        y = np.arange(rows)[:, None] + aside[first]
        there = (y >= 0) & (y < rows)
        y = y.clip(0, rows - 1)
        length_of = np.maximum(there @ (behind - first), 1)
        inks, thins = ((counts[:, y, behind] - counts[:, y, first]) * there).sum(2) / length_of
        for row in np.flatnonzero((inks >= 0.8) & (thins >= 0.5) & (length_of > 0.6 * columns)):
            y_of = row + aside
            inside = (y_of >= 0) & (y_of < rows)
            for off in (-1, 0, 1):
                hit[runs[(y_of + off).clip(0, rows - 1)[inside], x[inside]]] = True
    gone = (hit & thin)[runs]
    if not gone.any():
        return map_
    rim = ndimage.maximum_filter1d(gone, 5, axis=0) & ~ndimage.maximum_filter(inked & ~gone, 3)
    return np.where(gone | rim, 0, map_)


def remove_specks(map_: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ink without pieces too small for a point, and without low ones that hug the upper or lower edge."""
    from scipy import ndimage

    pieces, count = ndimage.label(map_ > INKED, np.ones((3, 3)))
    if not count:
        return map_
    boxes = ndimage.find_objects(pieces)
    area = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    top, bottom = np.array([(box[0].start, box[0].stop) for box in boxes]).T
    wide = np.array([box[1].stop - box[1].start for box in boxes])
    high = bottom - top
    size = np.median(high[high >= high.max() / 2])  # of a character
    speck = (area < 0.012 * size**2) | ((high < 0.12 * size) & (wide < 0.25 * size) & (area < 0.03 * size**2))
    edge = ((top == 0) | (bottom == map_.shape[0])) & (high < 0.25 * size)
    keep = np.append(False, ~(speck | edge))
    # A grey rim belongs to the piece it lies on.
    near = ndimage.grey_dilation(pieces * keep[pieces], size=(3, 3))
    return np.where(near > 0, map_, 0).astype(np.float32)
