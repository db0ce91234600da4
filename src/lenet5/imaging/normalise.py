"""From an image of one character to the glyph that the network reads: 28×28, as in MNIST (Section III-A).

`glyph` fits the foreground into 20×20, keeping its shape, brings its strokes to the width that the network knows, and
centres it by mass in 28×28. `fit_to_box`, for the characters of a line, leaves the strokes as wide as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..engine.interface import Seams
from ..engine.numpy_backend import seams as numpy_seams
from ..errors import nothing_to_read
from ..network.architecture import FIELD
from .character_foreground import character_foreground
from .geometry import crop_to_foreground
from .load import Picture, load_image, source_name
from .order_statistics import quantile
from .page_layout import layout
from .resize import resize

__all__ = [
    "BOX_SIDE",
    "GLYPH",
    "GlyphSettings",
    "centre_by_mass",
    "fit_to_box",
    "fit_to_box_all",
    "glyph",
    "normalise_character",
    "stroke_width",
]

BOX_SIDE = 20  # pixels: a character is fitted into 20×20 (Section III-A)
_COORDINATES = np.arange(BOX_SIDE, dtype=np.float32)


@dataclass(frozen=True)
class GlyphSettings:
    """How a foreground becomes a glyph. Ranges are MNIST's; the rest chosen by eye on the development pictures."""

    level: float = 0.35  # of full ink: a pixel of more than this belongs to the character
    stroke_level: float = 0.5  # of full ink: the same where the width of strokes is measured
    thinnest: float = 1.9  # pixels of the 20×20 box: 5th percentile of the mean stroke widths in MNIST …
    thickest: float = 3.8  # … and 95th percentile
    working: int = 80  # pixels: smaller characters are enlarged, so that strokes change by parts of a pixel
    thinned: float = 24.0  # pixels that strokes lose on each side at most: thicker ones are reduced first
    least_left: int = 10  # pixels: strokes are not made thinner where fewer would be left
    weak: float = 0.1  # of full ink: fainter pixels are not counted …
    full: float = 0.9  # … in this quantile of the ink, which becomes 255
    full_least: float = 0.2  # of full ink: the quantile is taken as no less


GLYPH = GlyphSettings()


def normalise_character(
    source: Picture, name: str | None = None, box_side: int = BOX_SIDE
) -> NDArray[np.uint8]:
    """The glyph of a picture of one character, as MNIST's were made.

    Args:
        source: as for `load_image`.
        name: what errors call it.
        box_side: pixels of the character's larger side.

    Returns:
        (28, 28) uint8, 255 = ink, the larger side `box_side` pixels, centred by mass.

    Raises:
        PictureError: there is no picture, or nothing to read.
    """
    name = name or source_name(source)
    page = layout(load_image(source, name), name, "character").page
    return glyph(character_foreground(page.image, name).levels, name, box_side)


def glyph(
    foreground: NDArray[np.float32],
    name: str = "the picture",
    box_side: int = BOX_SIDE,
    settings: GlyphSettings = GLYPH,
) -> NDArray[np.uint8]:
    """The glyph of one character's foreground.

    Args:
        foreground: (rows, columns) in 0 … 1.
        name: what errors call it.
        box_side: pixels of the character's larger side.
        settings: levels and stroke widths.

    Returns:
        (28, 28) uint8, 255 = ink.

    Raises:
        PictureError: there is no ink.
    """
    foreground = crop_to_foreground(foreground, foreground > settings.level)
    if not foreground.size:
        raise nothing_to_read(name)
    longest = max(foreground.shape)
    if longest < settings.working:
        foreground = resize(foreground, _shape(foreground, settings.working / longest), "cubic").clip(0, 1)
    foreground = _with_stroke_width(foreground, box_side, settings)  # which may have grown
    scale = max(foreground.shape) / box_side
    small = resize(foreground, tuple(max(1, round(side / scale)) for side in foreground.shape), "area")
    strong = small[small > settings.weak]
    # Interpolated between levels, unlike that of `centre_by_mass`: a glyph here may be of few pixels.
    full = quantile(strong, settings.full) if strong.size else 1.0
    small = np.clip(small / max(full, settings.full_least), 0, 1)
    # In double precision, unlike `centre_by_mass`: of 1,659 glyphs one would be placed otherwise.
    centre = ndimage.center_of_mass(small) if small.any() else (0.0, 0.0)
    images = _place(small[None], np.array([centre]), np.array([small.shape]), numpy_seams)
    image: NDArray[np.uint8] = images[0]
    return image


def stroke_width(mask: NDArray[np.bool_]) -> float:
    """Mean width of the strokes of a mask (rows, columns), in pixels.

    The points of a bar lie a quarter of its width from its edge, on average.
    """
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1][mask]
    return float(max(4 * (inside.mean() - 0.5) + 1, 1.0)) if inside.size else 0.0


def fit_to_box(foreground: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The glyph of one character's foreground, cut to its box: into 20×20 keeping its shape, centred by mass.

    Args:
        foreground: (rows, columns) in 0 … 1, without margins.

    Returns:
        (28, 28) uint8, 255 = ink.
    """
    image: NDArray[np.uint8] = fit_to_box_all([foreground])[0]
    return image


def fit_to_box_all(foregrounds: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """`fit_to_box` of several, faster than one by one: (foregrounds, 28, 28) uint8."""
    small = np.zeros((len(foregrounds), BOX_SIDE, BOX_SIDE), np.float32)
    sizes = [numpy_seams.shrink_to_box(one, box) for one, box in zip(foregrounds, small, strict=True)]
    return centre_by_mass(small, np.array(sizes, np.intp).reshape(-1, 2))


def centre_by_mass(
    small: NDArray[np.float32],
    sizes: NDArray[np.intp],
    seams: Seams = numpy_seams,
    settings: GlyphSettings = GLYPH,
) -> NDArray[np.uint8]:
    """Characters in 20×20 as glyphs: as black as MNIST's, and centred by mass.

    Args:
        small: (characters, 20, 20) in 0 … 1; overwritten.
        sizes: (characters, 2) rows and columns that are used of each, from the upper left.
        seams: the backend's loops.
        settings: levels.

    Returns:
        (characters, 28, 28) uint8, 255 = ink.
    """
    # The quantile settings.full of the pixels that are not weak becomes 255.
    levels = np.sort(small.reshape(len(small), BOX_SIDE * BOX_SIDE), 1)
    weak = (levels <= settings.weak).sum(1)
    strong = levels.shape[1] - weak
    place = np.minimum(weak + (settings.full * (strong - 1)).astype(np.intp), levels.shape[1] - 1)
    full = np.where(strong, levels[np.arange(len(small)), place], 1.0)
    small /= np.maximum(full, settings.full_least)[:, None, None]
    np.clip(small, 0, 1, out=small)
    down, across = small.sum(2), small.sum(1)
    total = np.maximum(down.sum(1), 1e-6, dtype=np.float64)
    centres = np.stack([(along @ _COORDINATES) / total for along in (down, across)], 1)
    return _place(small, centres, sizes, seams)


def _place(
    small: NDArray[np.float32], centres: NDArray[np.float64], sizes: NDArray[np.intp], seams: Seams
) -> NDArray[np.uint8]:
    """Characters, (characters, rows, columns) in 0 … 1, in 28×28, their centres (characters, 2) in its middle."""
    corners = np.clip(np.rint(FIELD / 2 - centres).astype(np.intp), 0, FIELD - sizes)
    return seams.place_glyphs(np.rint(small * 255).astype(np.uint8), sizes, corners, FIELD)


def _shape(image: NDArray[Any], factor: float) -> tuple[int, int]:
    """Rows and columns of an image that is enlarged by a factor."""
    return max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor))


def _with_stroke_width(
    foreground: NDArray[np.float32], box_side: int, settings: GlyphSettings
) -> NDArray[np.float32]:
    """A foreground with strokes as wide as MNIST's in a box of `box_side` pixels; larger where they grew."""
    scale = max(foreground.shape) / box_side
    width = stroke_width(foreground > settings.stroke_level)
    least, most = settings.thinnest * scale, settings.thickest * scale
    if width < least:
        radius = (least - width) / 2
        padded = np.pad(foreground, int(np.ceil(radius)))
        wider: NDArray[np.float32] = ndimage.grey_dilation(padded, footprint=_disc(radius))
        return wider
    if width > most:
        times = (width - most) / 2 / settings.thinned
        if times > 1:  # a blot: the memory that an erosion takes grows with the fourth power of its radius
            smaller = resize(foreground, _shape(foreground, 0.8 / times), "area")
            return _with_stroke_width(smaller, box_side, settings)
        thinner = ndimage.grey_erosion(np.pad(foreground, 1), footprint=_disc((width - most) / 2))
        return thinner if (thinner > settings.stroke_level).sum() > settings.least_left else foreground
    return foreground


def _disc(radius: float) -> NDArray[np.bool_]:
    """A disc as a footprint."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc: NDArray[np.bool_] = x**2 + y**2 <= radius**2 + 0.25
    return disc
