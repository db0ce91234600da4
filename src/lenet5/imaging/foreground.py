"""The foreground of an image: how much ink lies on each pixel, on any paper (Section VII-B).

For one character the contrast to the background is enough: `character_foreground`. A line cut from a form or a cheque
may lie on a printed pattern as dark as a faint pen, may be underlined, and may show parts of its neighbours at the
border: `stroke_foreground` measures the contrast in the pen's colour, removes printed lines that cross the image,
and removes specks. `line_foreground` does this at the scale that fits the line's characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import nothing_to_read
from .background import CHARACTER, LINE, PAGE, BackgroundSettings, border_pixels, estimate_background
from .components import (
    CHARACTER_SPECKS,
    LINE_SPECKS,
    CharacterSpeckSettings,
    LineSpeckSettings,
    component_edges,
    concentration,
    label_components,
    remove_character_specks,
    remove_line_specks,
)
from .crossing_lines import CROSSING_LINES, CrossingLineSettings, remove_crossing_lines
from .order_statistics import median, quantile
from .planes import grey_planes, is_grey, largest_plane
from .resize import longer_side, reduce_to, rescale, working_scale
from .threshold import MASK_LEVEL, threshold_isodata, threshold_otsu
from .trace import Trace

__all__ = [
    "CHARACTER_FOREGROUND",
    "CHARACTER_SIZE",
    "LINE_FOREGROUND",
    "CharacterForegroundSettings",
    "CharacterSizeSettings",
    "Foreground",
    "LineForegroundSettings",
    "character_contrast",
    "character_foreground",
    "character_size",
    "line_contrast",
    "line_foreground",
    "stroke_foreground",
]

SCATTERED = "what stands out is scattered, as noise and texture are"


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


@dataclass(frozen=True)
class CharacterSizeSettings:
    """Which components of a line give its characters' height; shares of the highest one's. Chosen by eye on amounts."""

    tall: float = 0.5  # a component of this height or more is a character
    mark: float = 0.3  # if several others are of this height or more, a highest one alone is no measure


CHARACTER_SIZE = CharacterSizeSettings()


@dataclass(frozen=True)
class LineForegroundSettings:
    """The foreground of a line of text. Chosen by eye on the cheque amounts where nothing else is said."""

    size: int = 36  # pixels: height of a character at which the widths here fit
    longest: int = 600  # pixels of the longer side at which a line is first looked at
    size_low: float = 0.6  # of `size`: characters between this …
    size_high: float = 1.8  # … and this are measured as they are
    size_lowest: float = 0.4  # of `size`: the same where the image was not reduced
    finest: float = 0.5  # pixels of the image for one of the foreground, at least
    fine_longest: float = (
        4.0  # times `longest`: pixels of the longer side at which small characters are measured
    )
    smoothing: float = 0.8  # pixels: standard deviation of the Gaussian against print and JPEG's noise
    pen: float = 0.99  # quantile of the contrast: pixels above it show the pen's colour
    low: float = 0.35  # share of the pen's own darkness at which ink begins …
    high: float = 0.9  # … and is full
    faintest: float = 0.024  # of the whole range: fainter ink does not differ from the background
    components: int = 60  # number of the heaviest components, of a line or of a few lines, which …
    concentration: float = 0.6  # … hold this share of all ink at least
    grey: float = 0.02  # of the whole range: planes that differ by less are a shade of grey
    background: BackgroundSettings = LINE
    crossing_lines: CrossingLineSettings = CROSSING_LINES
    specks: LineSpeckSettings = LINE_SPECKS
    character: CharacterSizeSettings = CHARACTER_SIZE


CHARACTER_FOREGROUND = CharacterForegroundSettings()
LINE_FOREGROUND = LineForegroundSettings()


@dataclass(frozen=True, eq=False)
class Foreground:
    """What was written in an image.

    levels: (rows, columns) float32, 0 background … 1 full ink. image: (rows, columns, 3), the image at the same
    scale. pixels: side of one of its pixels, in pixels of the given image.
    """

    levels: NDArray[np.float32]
    image: NDArray[np.float32]
    pixels: float


# --- one character --------------------------------------------------------------------------------------


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
    inside = _without_rim(image.mean(2), settings)
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
    inner = np.zeros(count + 1)
    inner += np.bincount(labels[high : rows - high, wide : columns - wide].ravel(), minlength=count + 1)
    share = inner / np.bincount(labels.ravel(), minlength=count + 1).clip(1)
    frame = np.isin(np.arange(count + 1), border_pixels(labels)) & (share < settings.frame_inner)
    frame[0] = False
    return np.where(ndimage.maximum_filter(frame[labels], 3), 0, contrast)


# --- a line of text -------------------------------------------------------------------------------------


def line_foreground(
    image: NDArray[np.float32],
    name: str = "the picture",
    known: NDArray[np.float32] | None = None,
    trace: Trace | None = None,
    settings: LineForegroundSettings = LINE_FOREGROUND,
) -> Foreground:
    """The foreground of a line of text in an image of any size.

    The foreground is measured on a reduced image first, then once more at the scale at which its characters are
    about settings.size pixels high, where the widths that are given in pixels fit.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        known: stroke_foreground(image), where it has been measured already.
        trace: records the steps at the scale that is taken.
        settings: the thresholds.

    Returns:
        The foreground and its scale.

    Raises:
        PictureError: nothing stands out from the background, or only noise and texture.
    """
    pixels = working_scale(image, settings.longest)
    small, steps = rescale(image, pixels), Trace()
    if known is not None and pixels == 1 and trace is None:
        levels = known
    else:
        levels = stroke_foreground(small, name, steps, settings)
    size = character_size(levels > MASK_LEVEL, settings.character)
    fits = settings.size_low * settings.size <= size <= settings.size_high * settings.size
    if not fits and not (pixels == 1 and settings.size_lowest * settings.size <= size < settings.size):
        # Finer than at first only where characters are small, and at most 1 / finest times the image's own scale.
        longest = settings.fine_longest * settings.longest
        pixels = max(pixels * size / settings.size, settings.finest, longer_side(*image.shape[:2]) / longest)
        small, steps = rescale(image, pixels), Trace()
        levels = stroke_foreground(small, name, steps, settings)
    if trace is not None:
        for step in steps.steps:
            trace.record(step.name, step.image)
    return Foreground(levels, small, pixels)


def character_size(mask: NDArray[np.bool_], settings: CharacterSizeSettings = CHARACTER_SIZE) -> float:
    """Height of a character in a line, in pixels: the median height of its high components.

    High are those of settings.tall of the highest's height or more. Where only the highest itself is, as a large 4 at
    the start of an amount may be, and several others reach settings.mark of its height, it is left out.

    Args:
        mask: (rows, columns), with a component.
        settings: which components are high.
    """
    labels, _ = label_components(mask)
    top, bottom = component_edges(labels)[:, :2].T
    high = np.sort(bottom - top)[::-1]
    characters = high[high >= settings.tall * high[0]]
    if len(characters) == 1 and (high[1:] >= settings.mark * high[0]).sum() > 1:
        characters = high[1:][high[1:] >= settings.tall * high[1]]
    return float(median(characters))


def stroke_foreground(
    image: NDArray[np.float32],
    name: str = "the picture",
    trace: Trace | None = None,
    settings: LineForegroundSettings = LINE_FOREGROUND,
) -> NDArray[np.float32]:
    """The foreground of a line of text at the image's own scale, without crossing lines and specks.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        trace: records the three steps.
        settings: the thresholds.

    Returns:
        (rows, columns) float32, 0 background … 1 full ink.

    Raises:
        PictureError: nothing stands out from the background, or only noise and texture.
    """
    contrast = line_contrast(image, name, settings)
    plain = remove_crossing_lines(contrast, settings.crossing_lines)
    strips = max(image.shape[:2]) / longer_side(
        *image.shape[:2]
    )  # a long strip holds as many lines of usual length
    if concentration(plain, round(settings.components * strips)) < settings.concentration:
        raise nothing_to_read(name, SCATTERED)
    levels = remove_line_specks(plain, settings.specks)
    if not (levels > MASK_LEVEL).any():
        raise nothing_to_read(name)
    if trace is not None:
        trace.record("contrast", contrast)
        trace.record("without_crossing_lines", plain)
        trace.record("without_specks", levels)
    return levels


def line_contrast(
    image: NDArray[np.float32],
    name: str = "the picture",
    settings: LineForegroundSettings = LINE_FOREGROUND,
) -> NDArray[np.float32]:
    """How much ink lies on each pixel of a line, in the colour in which the pen differs most.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        name: what errors call it.
        settings: the thresholds.

    Returns:
        (rows, columns) float32, 0 background … 1 the pen's own darkness.

    Raises:
        PictureError: nothing stands out from the background.
    """
    planes = grey_planes(image, settings.grey)
    smooth = ndimage.gaussian_filter(planes, (settings.smoothing, settings.smoothing, 0))
    difference = estimate_background(planes, settings.background) - smooth
    largest = largest_plane(np.abs(difference))
    # The strongest pixels are the pen's; in their sum the side wins, darker or lighter, that outweighs.
    strong = largest >= quantile(largest, settings.pen)
    # The pen's colour relative to the background: differences in other directions are shadow, print and noise.
    pen = difference[strong].sum(0)
    pen = pen / max(float(np.linalg.norm(pen)), 1e-9)
    contrast = np.clip(difference @ pen, 0, None)
    level = threshold_isodata(contrast)
    full = float(contrast[contrast > level].mean()) if (contrast > level).any() else 0.0
    if full < settings.faintest:
        raise nothing_to_read(name)
    low, high = settings.low, settings.high
    levels: NDArray[np.float32] = np.clip((contrast - low * full) / ((high - low) * full), 0, 1).astype(
        np.float32
    )
    return levels
