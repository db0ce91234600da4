"""The foreground of an image that holds one character: contrast to the background, on any paper (Section VII-B)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import nothing_to_read
from .background import CHARACTER, PAGE, BackgroundSettings, border_pixels, estimate_background
from .components import (
    CHARACTER_SPECKS,
    CharacterSpeckSettings,
    concentration,
    count_pixels,
    label_components,
    remove_character_specks,
)
from .foreground import SCATTERED, Foreground
from .order_statistics import median, quantile
from .planes import is_grey, largest_plane, mean_plane
from .resize import reduce_to
from .threshold import threshold_otsu
from .trace import Trace

__all__ = [
    "CHARACTER_FOREGROUND",
    "CharacterForegroundSettings",
    "character_contrast",
    "character_foreground",
]


@dataclass(frozen=True)
class CharacterForegroundSettings:
    """The foreground of one character. Chosen by eye on the development pictures where nothing else is said."""

    longest: int = 400  # pixels of the longer side at which it is measured: a character needs no more
    faintest: float = 0.024  # of the whole range: fainter ink does not differ from noise
    noise: float = 2.5  # times the background's noise: the strongest ink stands out by this at least
    components: int = 4  # number of the heaviest components, which …
    concentration: float = 0.4  # … hold this share of all ink: writing 0.7 or more, noise 0.2 or less
    strongest: float = 0.998  # quantile of the contrast that is the strongest ink's
    low: float = 0.35  # of Otsu's level: contrast at which ink begins
    pen: float = 0.997  # quantile of the contrast that is the pen's, when dark and light are compared
    inked: float = 0.5  # of the pen's contrast: a pixel of more is ink, when dark and light are compared
    border_weight: float = 3.0  # how much ink on the border makes a side less likely the pen's
    border_most: float = 0.1  # share of the border that is counted, at most
    shaded: float = 0.25  # share of the border: if more of it is ink, this is a shadow and not a tight cut
    frame_level: float = 0.5  # of Otsu's level: a pixel of more contrast may belong to a frame at the border
    frame: float = 0.12  # share of the image's side: what touches the border and lies within is a frame …
    frame_inner: float = 0.15  # … if a smaller share of it lies further inside
    rim: float = 0.12  # share of the image's side within which a faint image's darker rim is cut off
    rim_contrast: float = 0.3  # of the whole range: an image of more contrast is left whole
    rim_least: int = 20  # pixels of the shorter side: a smaller image is left whole
    rim_level: float = 0.012  # of the whole range that a rim differs by at least
    rim_noise: float = 3.0  # median deviations of the image that a rim differs by
    least: int = 16  # pixels of the longer side: of a smaller image nothing at the border is removed
    quantile_least: int = 5000  # pixels: of a smaller image the strongest contrast is the largest
    quiet: float = 0.9  # quantile of the half of the pixels with least contrast …
    quiet_noise: float = 1.5  # … and times it that is the background's noise
    background: BackgroundSettings = CHARACTER
    shaded_background: BackgroundSettings = PAGE  # where this is a shadow
    specks: CharacterSpeckSettings = CHARACTER_SPECKS


CHARACTER_FOREGROUND = CharacterForegroundSettings()


def character_foreground(
    image: NDArray[np.float32],
    name: str = "the picture",
    trace: Trace | None = None,
    settings: CharacterForegroundSettings = CHARACTER_FOREGROUND,
) -> Foreground:
    """The foreground of an image that holds one character, without specks.

    Args:
        image: (rows, columns, 3) in 0 … 1, of any size.
        name: what errors call it.
        trace: records the steps.
        settings: the thresholds.

    Returns:
        The foreground, reduced to settings.longest.

    Raises:
        PictureError: nothing stands out from the background, or only noise and texture.
    """
    small = reduce_to(image, settings.longest)
    levels = character_contrast(small, name, settings)
    if trace is not None:
        trace.record("contrast", levels)
    if concentration(levels, settings.components) < settings.concentration:
        raise nothing_to_read(name, SCATTERED)
    levels = remove_character_specks(levels, settings.specks)
    if trace is not None:
        trace.record("without_specks", levels)
    return Foreground(levels, small, image.shape[1] / small.shape[1])


def character_contrast(
    image: NDArray[np.float32],
    name: str = "the picture",
    settings: CharacterForegroundSettings = CHARACTER_FOREGROUND,
) -> NDArray[np.float32]:
    """How much ink lies on each pixel: dark on light and light on dark, uneven light, coloured pens, faint pencil.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        settings: the thresholds.

    Returns:
        (rows, columns) float32, 0 background … 1 full ink.

    Raises:
        PictureError: nothing stands out from the background.
    """
    shape = image.shape[:2]
    inside = _without_rim(mean_plane(image), settings)
    image = image[inside]

    def likelihood(contrast: NDArray[np.float32]) -> float:
        return _likelihood(contrast, settings)

    contrast = max((_contrast(image, dark, settings) for dark in (True, False)), key=likelihood)
    inked = border_pixels(contrast) > settings.inked * quantile(contrast, settings.pen)
    if inked.mean() > settings.shaded:
        # A shadow with an edge, which may be narrower than a stroke: the median background follows such an edge.
        difference = estimate_background(image, settings.shaded_background) - image
        sides = (largest_plane(np.maximum(sign * difference, 0)) for sign in (1, -1))
        contrast = max(contrast, *(_without_frame(side, settings) for side in sides), key=likelihood)
    strongest = (
        quantile(contrast, settings.strongest) if contrast.size > settings.quantile_least else contrast.max()
    )
    # Noise of the background: from the half of the pixels with least contrast: a character covers no more.
    quiet = np.sort(contrast.ravel())[: contrast.size // 2]
    noise = settings.quiet_noise * quantile(quiet, settings.quiet) if len(quiet) else 0.0
    if strongest < max(settings.faintest, settings.noise * noise):
        raise nothing_to_read(name)
    level = threshold_otsu(contrast[contrast > noise])
    full = max(contrast[contrast >= level].mean(), level)
    low = max(noise, settings.low * level)
    foreground = np.zeros(shape, np.float32)
    foreground[inside] = np.clip((contrast - low) / (full - low), 0, 1)
    return foreground


def _without_rim(grey: NDArray[Any], settings: CharacterForegroundSettings) -> tuple[slice, slice]:
    """The part of a faint image, (rows, columns), without rows and columns at its border that differ as a whole.

    A strong image is left whole: there a rim does no harm, and a tight cut may begin with ink.
    """
    if np.ptp(grey) > settings.rim_contrast or min(grey.shape) < settings.rim_least:
        return slice(None), slice(None)
    background = median(grey)
    bound = max(settings.rim_level, settings.rim_noise * median(np.abs(grey - background)))
    parts = []
    for levels in (np.median(grey, 1), np.median(grey, 0)):
        most = round(settings.rim * len(levels))
        differs = np.abs(levels - background) > bound
        first = max((i + 1 for i in range(most) if differs[i]), default=0)
        last = max((i + 1 for i in range(most) if differs[-1 - i]), default=0)
        parts.append(slice(first, len(levels) - last))
    return parts[0], parts[1]


def _contrast(
    image: NDArray[np.float32], dark_ink: bool, settings: CharacterForegroundSettings
) -> NDArray[np.float32]:
    """How far each pixel is darker, or lighter, than the background, (rows, columns), in the plane where it is most.

    Yellow on white, for example, differs in blue alone.
    """
    contrast = np.zeros(image.shape[:2], np.float32)
    grey = image.min() == image.max() or is_grey(image)
    sign = 1 if dark_ink else -1
    for c in range(1 if grey else 3):
        plane = image[:, :, c : c + 1]
        background = estimate_background(plane, settings.background, dark_ink=dark_ink)
        np.maximum(contrast, sign * (background - plane)[:, :, 0], out=contrast)
    return _without_frame(contrast, settings)


def _likelihood(contrast: NDArray[np.float32], settings: CharacterForegroundSettings) -> float:
    """A score for the side, darker or lighter than the background, that the pen is on: the larger wins.

    The pen's side has the strongest contrast: an uneven background covers more area, but with less contrast. Ink on
    the image's border lowers the score, because a light background beside a shadow, or beside a neighbour's writing,
    stands out as well.
    """
    full = float(quantile(contrast, settings.pen))
    inked = contrast > settings.inked * full
    border = min(float(border_pixels(inked).mean()), settings.border_most)
    return full * (1 - settings.border_weight * border)


def _without_frame(contrast: NDArray[Any], settings: CharacterForegroundSettings) -> NDArray[Any]:
    """The contrast without components that lie along the border: a photograph's rim, a neighbouring box, a shadow."""
    if max(contrast.shape) < settings.least or not border_pixels(contrast).any():
        return contrast
    labels, count = label_components(contrast > settings.frame_level * threshold_otsu(contrast[contrast > 0]))
    rows, columns = contrast.shape
    high, wide = round(settings.frame * rows), round(settings.frame * columns)
    inner = count_pixels(labels[high : rows - high, wide : columns - wide], count)
    share = inner / count_pixels(labels, count).clip(1)
    frame = np.isin(np.arange(count + 1), border_pixels(labels)) & (share < settings.frame_inner)
    frame[0] = False
    return np.where(ndimage.maximum_filter(frame[labels], 3), 0, contrast)
