"""The foreground of an image: how much ink lies on each pixel, on any paper (Section VII-B).

For one character the contrast to the background is enough (character_foreground.py). A line cut from a form or a cheque
may lie on a printed pattern as dark as a faint pen, may be underlined, and may show parts of its neighbours at the
border: `stroke_foreground` measures the contrast in the pen's colour, removes printed lines that cross the image,
and removes specks. `line_foreground` does this at the scale that fits the line's characters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import nothing_to_read
from .background import LINE, BackgroundSettings, estimate_background
from .components import (
    LINE_SPECKS,
    LineSpeckSettings,
    component_edges,
    concentration,
    label_components,
    remove_line_specks,
)
from .crossing_lines import CROSSING_LINES, CrossingLineSettings, remove_crossing_lines
from .order_statistics import median, quantile
from .planes import grey_planes, largest_plane
from .resize import longer_side, rescale, working_scale
from .threshold import MASK_LEVEL, threshold_isodata
from .trace import Trace

__all__ = [
    "CHARACTER_SIZE",
    "LINE_FOREGROUND",
    "SCATTERED",
    "CharacterSizeSettings",
    "Foreground",
    "LineForegroundSettings",
    "character_size",
    "line_contrast",
    "line_foreground",
    "stroke_foreground",
]

SCATTERED = "what stands out is scattered, as noise and texture are"


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
    most: int = 1_500_000  # pixels of an image at that scale: more are no line, and take a gigabyte
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
        coarse = max(
            longer_side(*image.shape[:2]) / longest, float(np.sqrt(image[:, :, 0].size / settings.most))
        )
        pixels = max(pixels * size / settings.size, settings.finest, coarse)
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
