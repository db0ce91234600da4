"""The page in a photograph of one that lies on something else: what surrounds it is painted over.

A card on a table is a shape of one level on a background of another, and so is a thick 0; left there, the card itself
is read. A shape is a page where nothing written looks like it: one large shape with straight edges and little in it,
that stands out from surroundings in which nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import border_pixels
from .components import count_pixels
from .geometry import Region
from .order_statistics import median
from .resize import rescale, resize, working_scale
from .threshold import threshold_otsu

__all__ = ["PAGE_DETECTION", "PageDetectionSettings", "detect_page"]


@dataclass(frozen=True)
class PageDetectionSettings:
    """What a page looks like. Chosen by eye on photographs of cards, and on all single characters at hand."""

    longest: int = 240  # pixels of the longer side at which a page is looked for
    least: int = 100  # pixels of the shorter side of a photograph of a page
    glance: int = 40  # pixels of a side at which a first look decides whether there may be one
    glance_contrast: float = 0.8  # of `contrast`: what differs from the border at that look
    glance_area: float = 0.5  # of `smallest`: what must differ
    smallest: float = 0.12  # share of the image that a page fills at least …
    largest: float = 0.93  # … and at most
    shortest: float = 0.25  # share of the image's longer side that the page's shorter side has at least
    blank: float = 0.6  # share of the page that writing leaves free at least
    rectangular: float = 0.84  # share of the smallest rectangle around it that it fills; a disc fills 0.79
    contrast: float = 0.1  # of the shape range, between it and its surroundings
    written: float = 0.004  # share of its surroundings that may look like ink
    margin: float = 0.015  # of the image's longer side: cut off along its edge, which is blurred or shaded
    smoothing: float = 3.0  # pixels: standard deviation of the Gaussian on the background that continues it
    plane_smoothing: float = 1.0  # pixels: the same on the levels that a page is looked for in
    darkest: float = 0.02  # of the shape range: the logarithm is taken of no less
    border: int = 3  # pixels from each edge that show how the light falls off
    outlier: float = 2.0  # median deviations: what differs by more there is the page, where an edge cuts it
    bridge: int = 2  # pixels from either side that part what hangs together by a narrow bridge
    angle: float = 1.5  # degrees between the turns at which its sides are measured
    edge: int = 4  # pixels around it that are neither it nor its surroundings
    written_contrast: float = 0.5  # share of its contrast from which on its surroundings may look like ink
    rim: int = 2  # pixels of its edge, and of its writing's, that are no background
    grain: float = 4.0  # median deviations of the page's grain that are copied; more is a stroke's rim


PAGE_DETECTION = PageDetectionSettings()


def detect_page(
    image: NDArray[np.float32],
    name: str = "the picture",
    settings: PageDetectionSettings = PAGE_DETECTION,
) -> Region | None:
    """The page in an image, as if it went on around itself.

    A page is lighter or darker than its surroundings, turned by any angle, and cut by one edge of the image at most.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        settings: what a page looks like.

    Returns:
        The page's part of the image with its own background all over, or None where there is no page.
    """
    if not _may_hold_page(image, settings):
        return None
    pixels = working_scale(image, settings.longest)
    small = rescale(image, pixels)
    plane = _evenly_lit(ndimage.gaussian_filter(small.mean(2), settings.plane_smoothing), settings)
    for level in _levels(plane):
        for mask in (plane >= level, plane < level):
            page = _page_shape(mask, settings)
            if page is not None and _stands_out(plane, page, settings):
                return _cut_out(image, _Page(small, mask, page, pixels), name, settings)
    return None


@dataclass(frozen=True, eq=False)
class _Page:
    """A page on the reduced image: that image, what of it is as light (or dark) as the page, and the page's mask."""

    image: NDArray[np.float32]
    light: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    pixels: float


def _may_hold_page(image: NDArray[np.float32], settings: PageDetectionSettings) -> bool:
    """Whether enough of an image is unlike its border: a look at few pixels, since nearly all images hold no page."""
    rows, columns = image.shape[:2]
    if min(rows, columns) < max(settings.least, settings.shortest * max(rows, columns)):
        return False
    few = image[:: 1 + rows // settings.glance, :: 1 + columns // settings.glance].mean(2)
    surroundings = median(border_pixels(few))
    differs = np.abs(few - surroundings) > settings.glance_contrast * settings.contrast
    return float(np.mean(differs)) >= settings.glance_area * settings.smallest


def _evenly_lit(plane: NDArray[Any], settings: PageDetectionSettings) -> NDArray[Any]:
    """Levels as if the light were even: light along the border falls off evenly to one side, and is a product."""
    log = np.log(np.maximum(plane, settings.darkest))
    y, x = (np.arange(side) for side in plane.shape)
    y, x = np.broadcast_arrays(y[:, None], x)
    border = np.ones(plane.shape, bool)
    border[settings.border : -settings.border, settings.border : -settings.border] = False
    terms = np.stack([np.ones(int(border.sum())), y[border], x[border]], 1)
    slope = np.linalg.lstsq(terms, log[border], rcond=None)[0]
    deviation = log[border] - terms @ slope
    kept = np.abs(deviation) <= settings.outlier * median(np.abs(deviation))
    slope = np.linalg.lstsq(terms[kept], log[border][kept], rcond=None)[0]
    even: NDArray[Any] = np.exp(log - slope[1] * (y - y.mean()) - slope[2] * (x - x.mean()))
    return even.clip(0, 1)


def _levels(plane: NDArray[Any]) -> list[float]:
    """Levels that may part a page from its surroundings: of two groups of pixels, and of either again.

    Black ink on white paper on a grey table is three groups.
    """
    first = threshold_otsu(plane.ravel())
    groups = (plane[plane >= first], plane[plane < first])
    return [first, *(threshold_otsu(group) for group in groups if group.size)]


def _page_shape(mask: NDArray[np.bool_], settings: PageDetectionSettings) -> NDArray[np.bool_] | None:
    """The largest connected part of a mask without its holes, if it has the shape of a page."""
    labels, count = ndimage.label(ndimage.binary_opening(mask, iterations=settings.bridge))
    if not count:
        return None
    filled = ndimage.binary_fill_holes(labels == 1 + int(count_pixels(labels, count)[1:].argmax()))
    touched = sum(bool(edge.any()) for edge in (filled[0], filled[-1], filled[:, 0], filled[:, -1]))
    area = int(filled.sum())
    if touched > 1 or not settings.smallest <= area / filled.size <= settings.largest:
        return None
    if (mask & filled).sum() < settings.blank * area:
        return None
    short, long = _sides(filled, settings.angle)
    straight = area >= settings.rectangular * short * long
    return filled if straight and short >= settings.shortest * max(filled.shape) else None


def _sides(mask: NDArray[np.bool_], step: float) -> tuple[float, float]:
    """The shorter and the longer side of the smallest rectangle around a mask, turned in steps of degrees."""
    y, x = np.nonzero(mask & ~ndimage.binary_erosion(mask))
    angle = np.radians(np.arange(0, 180, step))
    extents = np.ptp(np.outer(np.cos(angle), x) + np.outer(np.sin(angle), y), axis=1) + 1
    sides = extents.reshape(2, -1)  # in a direction, and across it
    short, long = sorted(sides[:, sides.prod(0).argmin()].tolist())
    return short, long


def _stands_out(plane: NDArray[Any], page: NDArray[np.bool_], settings: PageDetectionSettings) -> bool:
    """Whether a shape stands out from its surroundings, and nothing else does there."""
    outside = ~ndimage.binary_dilation(page, iterations=settings.edge)
    if not outside.any():
        return False
    surroundings = float(median(plane[outside]))
    contrast = abs(float(median(plane[page])) - surroundings)
    other = np.abs(plane[outside] - surroundings) > settings.written_contrast * contrast
    return contrast >= settings.contrast and float(other.mean()) <= settings.written


def _cut_out(image: NDArray[np.float32], page: _Page, name: str, settings: PageDetectionSettings) -> Region:
    """The page's part of an image, with its own background where the image shows something else."""
    margin = max(2, round(settings.margin * max(page.mask.shape)))
    inner = ndimage.binary_erosion(page.mask, iterations=margin)
    blank = inner & ndimage.binary_erosion(page.light, iterations=settings.rim)
    blank = blank if blank.any() else inner & page.light  # writing all over it
    nearest = ndimage.distance_transform_edt(~blank, return_distances=False, return_indices=True)
    sigma = settings.smoothing
    background = ndimage.gaussian_filter(page.image[tuple(nearest)], (sigma, sigma, 0))
    y, x = np.flatnonzero(inner.any(1)), np.flatnonzero(inner.any(0))
    part = np.s_[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
    top, left = round(y[0] * page.pixels), round(x[0] * page.pixels)
    own = image[top : round((y[-1] + 1) * page.pixels), left : round((x[-1] + 1) * page.pixels)]
    rows, columns = own.shape[:2]
    weight, outside = (
        resize(one[part].astype(np.float32), (rows, columns), "linear") for one in (inner, background)
    )
    # As uneven as the page itself: next to what is smoother, its own grain would look like ink.
    grain = (own - outside)[resize(blank[part].astype(np.float32), (rows, columns), "linear") > 0.5]
    largest = np.abs(grain).max(1)
    grain = grain[largest <= settings.grain * median(largest)]  # grey rims of strokes are no grain
    filled = weight < 1
    outside[filled] += np.random.default_rng(0).choice(grain, int(filled.sum()))
    weight = weight[:, :, None]
    merged = (weight * own + (1 - weight) * outside).clip(0, 1)
    return Region((left, top, columns, rows), (left, top), merged, name)
