"""The sheet of paper in a photograph of one that lies on something else: what is around it is painted over.

A card on a table is a shape of one level in a field of another, and so is a thick 0; left there, the card itself is
read. It is taken for paper where nothing that is written looks so: one large shape with straight edges and little in
it, that stands out from what lies around, where nothing is written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry import Region
from .resize import rescale
from .threshold import threshold_otsu

__all__ = ["detect_page"]

LOOK = 240  # pixels of the longer side at which a sheet is looked for
LEAST = 100  # pixels of the shorter side of a photograph of a sheet
GLANCE = 40  # pixels of a side, by which it is first looked whether there may be one
SMALLEST, LARGEST = 0.12, 0.93  # share of the picture that it fills
SHORTEST = 0.25  # share of the picture's longer side that its shorter side has at least
BARE = 0.6  # share of it that writing leaves free at least
STRAIGHT = 0.84  # share of the smallest rectangle around it that it fills; a disc fills 0.79
CONTRAST = 0.1  # between it and what lies around, of the whole range
WRITTEN = 0.004  # share of what lies around that may look like ink
EDGE = 0.015  # share of the picture's longer side that is cut off along its edge, which is blurred or shaded


def detect_page(colours: NDArray[np.float32], name: str = "the picture") -> Region | None:
    """The sheet in a picture, (rows, columns, 3) in 0 … 1, as if it went on around itself; None without one.

    Lighter or darker than what lies around it, turned by any angle, cut by one edge of the picture at most.
    """
    from scipy import ndimage

    if not _may_hold_one(colours):
        return None
    pixels = max(1.0, max(colours.shape[:2]) / LOOK)
    small = rescale(colours, pixels)
    plane = _even(ndimage.gaussian_filter(small.mean(2), 1))
    for level in _levels(plane):
        for light in (plane >= level, plane < level):
            sheet = _shape(light)
            if sheet is not None and _stands_out(plane, sheet):
                return _alone(colours, small, light, sheet, pixels, name)
    return None


def _may_hold_one(colours: NDArray[np.float32]) -> bool:
    """Whether enough of a picture is unlike its edges: a look at few pixels, for nearly all pictures hold none."""
    rows, columns = colours.shape[:2]
    if min(rows, columns) < max(LEAST, SHORTEST * max(rows, columns)):
        return False
    few = colours[:: 1 + rows // GLANCE, :: 1 + columns // GLANCE].mean(2)
    around = np.median(np.concatenate([few[0], few[-1], few[:, 0], few[:, -1]]))
    return float(np.mean(np.abs(few - around) > 0.8 * CONTRAST)) >= 0.5 * SMALLEST


def _even(plane: NDArray) -> NDArray:
    """Levels as if the light were even: that along the edges falls off evenly to one side, and is a product."""
    seen = np.log(np.maximum(plane, 0.02))
    y, x = np.indices(plane.shape)
    edges = np.ones(plane.shape, bool)
    edges[3:-3, 3:-3] = False
    known = np.stack([np.ones(int(edges.sum())), y[edges], x[edges]], 1)
    slope = np.linalg.lstsq(known, seen[edges], rcond=None)[0]
    off = seen[edges] - known @ slope
    near = np.abs(off) <= 2 * np.median(np.abs(off))  # without the sheet, where an edge cuts it
    slope = np.linalg.lstsq(known[near], seen[edges][near], rcond=None)[0]
    return np.exp(seen - slope[1] * (y - y.mean()) - slope[2] * (x - x.mean())).clip(0, 1)


def _levels(plane: NDArray) -> list[float]:
    """Levels that may part a sheet from what lies around: of two groups of pixels, and of either again.

    Black ink on white paper on a grey table is three groups.
    """
    first = threshold_otsu(plane.ravel())
    return [
        first,
        *(threshold_otsu(part) for part in (plane[plane >= first], plane[plane < first]) if len(part)),
    ]


def _shape(light: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The largest connected part of a mask without its holes, if it has the shape of a sheet."""
    from scipy import ndimage

    label, count = ndimage.label(ndimage.binary_opening(light, iterations=2))
    if not count:
        return None
    whole = ndimage.binary_fill_holes(label == 1 + int(np.bincount(label.ravel())[1:].argmax()))
    touched = sum(bool(edge.any()) for edge in (whole[0], whole[-1], whole[:, 0], whole[:, -1]))
    area = int(whole.sum())
    if touched > 1 or not SMALLEST <= area / whole.size <= LARGEST or (light & whole).sum() < BARE * area:
        return None
    short, long = _sides(whole)
    return whole if short >= SHORTEST * max(whole.shape) and area >= STRAIGHT * short * long else None


def _sides(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """The sides of the smallest rectangle around a mask, turned by any angle: the shorter, the longer."""
    from scipy import ndimage

    y, x = np.nonzero(mask & ~ndimage.binary_erosion(mask))
    angle = np.radians(np.arange(0, 180, 1.5))
    wide = np.ptp(np.outer(np.cos(angle), x) + np.outer(np.sin(angle), y), axis=1) + 1
    sides = wide.reshape(2, -1)  # in a direction, and across it
    short, long = sorted(sides[:, sides.prod(0).argmin()].tolist())
    return short, long


def _stands_out(plane: NDArray, sheet: NDArray[np.bool_]) -> bool:
    """Whether a shape stands out from what lies around it, and nothing else does there."""
    from scipy import ndimage

    beyond = ~ndimage.binary_dilation(sheet, iterations=4)
    if not beyond.any():
        return False
    around = float(np.median(plane[beyond]))
    contrast = abs(float(np.median(plane[sheet])) - around)
    other = np.abs(plane[beyond] - around) > 0.5 * contrast
    return contrast >= CONTRAST and float(other.mean()) <= WRITTEN


def _alone(
    colours: NDArray[np.float32],
    small: NDArray[np.float32],
    light: NDArray[np.bool_],
    sheet: NDArray[np.bool_],
    pixels: float,
    name: str,
) -> Region:
    """The sheet's part of a picture, with its own paper where the picture shows something else.

    small, light, sheet: the reduced picture, what of it is as light (or dark) as the sheet, and the sheet.
    """
    from PIL import Image
    from scipy import ndimage

    edge = max(2, round(EDGE * max(sheet.shape)))
    inner = ndimage.binary_erosion(sheet, iterations=edge)
    bare = inner & ndimage.binary_erosion(light, iterations=2)
    bare = bare if bare.any() else inner & light  # writing all over it
    at = ndimage.distance_transform_edt(~bare, return_distances=False, return_indices=True)
    paper = ndimage.gaussian_filter(small[tuple(at)], (3, 3, 0))
    y, x = np.flatnonzero(inner.any(1)), np.flatnonzero(inner.any(0))
    part = np.s_[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
    top, left = round(y[0] * pixels), round(x[0] * pixels)
    picture = colours[top : round((y[-1] + 1) * pixels), left : round((x[-1] + 1) * pixels)]
    size = picture.shape[1], picture.shape[0]

    def enlarged(plane: NDArray) -> NDArray[np.float32]:
        return np.asarray(Image.fromarray(np.float32(plane[part])).resize(size, Image.Resampling.BILINEAR))

    own = enlarged(inner)
    beyond = np.stack([enlarged(paper[:, :, c]) for c in range(3)], 2)
    # As uneven as the sheet itself: beside what is smoother, its own grain would look like ink.
    grain = (picture - beyond)[enlarged(bare) > 0.5]
    far = np.abs(grain).max(1)
    grain = grain[far <= 4 * np.median(far)]  # the grey rims of strokes are none
    outside = own < 1
    beyond[outside] += np.random.default_rng(0).choice(grain, int(outside.sum()))
    own = own[:, :, None]
    box = left, top, picture.shape[1], picture.shape[0]
    return Region(box, (left, top), (own * picture + (1 - own) * beyond).clip(0, 1), name)
