"""Masks of a whole page: which pixels differ from the background, coarsely, to find what is where on it.

Lines of text and character boxes are located with these masks, and then read from the page's own image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .background import PAGE, MedianBackground, border_pixels, estimate_background
from .components import component_edges, label_components
from .order_statistics import largest, median, quantile
from .planes import is_grey, largest_plane

__all__ = ["PAGE_MASK", "PageMaskSettings", "contrast_mask", "page_mask"]

DEVIATION = 1.48  # standard deviations for a median of absolute deviations, of normal noise


@dataclass(frozen=True)
class PageMaskSettings:
    """What differs from the background of a page. Chosen by eye on the development pictures."""

    longest: int = 1600  # pixels of the longer side of the page that is looked at
    smoothing: float = 0.7  # pixels: standard deviation of the Gaussian against the paper's grain
    faintest: float = 0.024  # of the whole range: fainter ink does not differ from the background
    noise: float = 4.0  # standard deviations of the background's noise that ink stands out by
    strong: int = 2000  # one in so many pixels, the strongest, show the pen's colour …
    strong_least: int = 60  # … and at least so many
    of_strong: float = 0.25  # share of the strongest pixels' contrast that ink has
    of_any: float = 0.15  # the same for ink of any colour: a frame may be fainter than the pen
    any_quantile: float = 0.995  # of the contrasts, for the strongest of any colour
    stroke: float = (
        0.018  # of the page's longer side, up to the shorter: thicker foreground at a border is no writing
    )
    stroke_least: int = 5  # pixels of the same, at least
    remains: float = 3.0  # strokes' thicknesses: smaller remains along a border's cut go too
    remains_distance: int = 2  # pixels from that cut within which remains lie
    background: MedianBackground = PAGE


PAGE_MASK = PageMaskSettings()


def page_mask(
    image: NDArray[np.float32], settings: PageMaskSettings = PAGE_MASK
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """The pixels that differ from the background towards the pen's colour; and the background.

    Args:
        image: (rows, columns, 3) in 0 … 1, reduced to settings.longest.
        settings: the thresholds.

    Returns:
        The mask (rows, columns) and the background (rows, columns, 3).
    """
    sigma = settings.smoothing
    planes = image[:, :, :1] if is_grey(image) else image
    smooth = ndimage.gaussian_filter(planes, (sigma, sigma, 0))
    background = estimate_background(image, settings.background)
    difference = background - smooth
    size = largest_plane(np.abs(difference))
    strong = largest(size, min(size.size, max(settings.strong_least, size.size // settings.strong)))
    pen = difference.reshape(-1, 3)[strong].sum(0)
    contrast = difference @ (pen / max(float(np.linalg.norm(pen)), 1e-9))
    noise = float(median(np.abs(contrast - median(contrast))))
    level = max(
        settings.faintest,
        settings.noise * DEVIATION * noise,
        settings.of_strong * float(median(contrast.ravel()[strong])),
    )
    return _without_borders(contrast > level, settings), background


def contrast_mask(
    image: NDArray[np.float32], background: NDArray[np.float32], settings: PageMaskSettings = PAGE_MASK
) -> NDArray[np.bool_]:
    """The pixels that differ from the background, in any colour and to either side.

    Args:
        image: (rows, columns, planes) in 0 … 1.
        background: of the same shape.
        settings: the thresholds.

    Returns:
        The mask (rows, columns).
    """
    contrast = largest_plane(np.abs(background - image))
    noise = float(median(contrast))
    strongest = float(quantile(contrast, settings.any_quantile))
    level = max(settings.faintest, settings.noise * DEVIATION * noise, settings.of_any * strongest)
    mask: NDArray[np.bool_] = contrast > level
    return mask


def _without_borders(mask: NDArray[np.bool_], settings: PageMaskSettings) -> NDArray[np.bool_]:
    """A mask without what hangs in from the page's borders thicker than any stroke: the table below it, a shadow."""
    # No thicker than a strip is wide: of one a million pixels long, the border would otherwise be most of the array.
    thick = max(settings.stroke_least, min(round(settings.stroke * max(mask.shape)), min(mask.shape)))
    padded = np.pad(mask, thick, mode="edge").view(np.uint8)  # the image's edge cuts a border off
    core = ndimage.minimum_filter(padded, thick)
    if not core.any():
        return mask
    core = ndimage.maximum_filter(core, 2 * thick + 3)[thick:-thick, thick:-thick]
    labels, count = label_components(core)
    border = np.zeros(count + 1, bool)
    border[border_pixels(labels)] = True
    border[0] = False
    removed = border[labels]
    rest = mask & ~removed
    # Small remains along the cut go too; a printed line that ends there stays for deskew.printed_line_mask.
    near = ndimage.maximum_filter(removed, 2 * settings.remains_distance + 1)
    labels, count = label_components(rest)
    top, bottom, left, right = component_edges(labels).T
    small = np.maximum(bottom - top, right - left) < settings.remains * thick
    remains = np.append(False, small) & (np.bincount(labels[near], minlength=count + 1) > 0)
    return rest & ~remains[labels]
