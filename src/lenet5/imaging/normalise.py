"""From any picture of one character to the field that the network reads: 28×28, as MNIST's were made.

Opening, ink, shape: `load_image` (opening.py) brings whatever file it is to colours in 0 … 1; `ink` finds
how strongly each pixel differs from the paper around it, towards the side (darker or lighter) on which the
writing is; `normalise_character` fits the ink into 20×20 keeping its shape, brings its strokes to the width the network
knows, and centres it by mass in 28×28 (Section III-A).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..network.architecture import FIELD
from .background import estimate_background
from .foreground import concentration, threshold_otsu
from .line_removal import remove_lines
from .load import Picture, load_image, source_name
from .page_detection import detect_page

__all__ = [
    "Picture",
    "cleaned",
    "field",
    "ink",
    "load_image",
    "normalise_character",
    "reduced",
    "remove_specks",
]  # fmt: skip

BOX = 20  # a character is fitted into 20×20 (Section III-A)
WORKING = 400  # the longer side at which ink is looked for: a character needs no more
STROKE = (1.9, 3.8)  # range of MNIST's mean stroke widths, in pixels of the 20×20 box (5 and 95 in 100)
PIECES = 4  # the largest pieces of a character's ink
SCATTERED = (
    0.4  # share of all ink that they hold at least: in any writing seen 0.7 or more, in noise 0.2 or less
)
SHADED = 0.25  # share of a picture's edge that is ink, from which on that is hardly a character cut close
FAINTEST = 0.024  # ink fainter than this share of the whole range is not told from noise


# --- ink --------------------------------------------------------------------------------------------


def reduced(colours: NDArray[np.float32], longest: int) -> NDArray[np.float32]:
    """Colours reduced by area so that the longer side is at most `longest`."""
    from PIL import Image

    rows, columns = colours.shape[:2]
    factor = longest / max(rows, columns)
    if factor >= 1:
        return colours
    size = max(1, round(columns * factor)), max(1, round(rows * factor))
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(colours[:, :, c])).resize(size, Image.Resampling.BOX))
        for c in range(3)
    ]
    return np.stack(planes, 2)


def _paper(plane: NDArray, lightest: bool) -> NDArray | np.floating:
    """The paper's own level under the writing: one number where its edge is even and the writing strong
    (drawn on a screen), else a closing (or opening) as wide as no stroke is, smoothed."""
    edge = _border(plane)
    level = np.median(edge)
    even = np.median(np.abs(edge - level)) < 0.004 and np.ptp(plane) > 0.3
    # An even edge that little else is like is a frame's.
    if max(plane.shape) < 16 or (even and np.mean(np.abs(plane - level) < 0.05) > 0.2):
        return level
    from scipy import ndimage

    step = max(1, max(plane.shape) // 64)  # light changes slowly: a coarse map of it will do
    rows, columns = -(-plane.shape[0] // step) * step, -(-plane.shape[1] // step) * step
    padded = np.pad(plane, ((0, rows - plane.shape[0]), (0, columns - plane.shape[1])), mode="edge")
    coarse = padded.reshape(rows // step, step, columns // step, step).mean((1, 3))
    size = max(3, round(max(coarse.shape) * 0.28) | 1)
    wide = ndimage.grey_closing if lightest else ndimage.grey_opening
    paper = ndimage.gaussian_filter(wide(coarse, size=size, mode="nearest"), size / 4, mode="nearest")
    fine = ndimage.zoom(paper, step, order=1, mode="nearest", grid_mode=True) if step > 1 else paper
    return fine[: plane.shape[0], : plane.shape[1]]


def _border(plane: NDArray) -> NDArray:
    """The pixels along the four edges."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _rim(grey: NDArray) -> tuple[slice, slice]:
    """What remains of a faint picture without rows and columns at its edges that are darker as a whole.

    A strong picture is left whole: there a rim does no harm, and a tight cut may begin with ink.
    """
    if np.ptp(grey) > 0.3 or min(grey.shape) < 20:
        return slice(None), slice(None)
    paper = np.median(grey)
    bound = max(0.012, 3 * np.median(np.abs(grey - paper)))
    parts = []
    for levels in (np.median(grey, 1), np.median(grey, 0)):
        most = round(0.12 * len(levels))
        off = np.abs(levels - paper) > bound
        first = max((i + 1 for i in range(most) if off[i]), default=0)
        last = max((i + 1 for i in range(most) if off[-1 - i]), default=0)
        parts.append(slice(first, len(levels) - last))
    return parts[0], parts[1]


def _strength(colours: NDArray[np.float32], sign: int) -> NDArray[np.float32]:
    """How far each pixel is darker (sign 1) or lighter (−1) than the paper around it, in its best colour.

    Yellow on white is seen in blue alone.
    """
    strength = np.zeros(colours.shape[:2], np.float32)
    grey_paper = colours.min() == colours.max() or np.ptp(colours, axis=2).max() == 0
    for c in range(1 if grey_paper else 3):
        plane = colours[:, :, c]
        np.maximum(strength, sign * (_paper(plane, sign == 1) - plane), out=strength)
    return _without_frame(strength)


def _apart(colours: NDArray[np.float32], paper: NDArray[np.float32], sign: int) -> NDArray[np.float32]:
    """The same with the paper's level given, (rows, columns, 3)."""
    return np.maximum(sign * (paper - colours), 0).max(2)


def ink(colours: NDArray[np.float32], name: str = "the picture") -> NDArray[np.float32]:
    """How much ink lies on each pixel: (rows, columns) float32, 0 paper … 1 full ink.

    colours: from `load_image`. Dark on light and light on dark, uneven light, coloured pens and faint
    pencil. Raises PictureError where nothing stands out from the paper.
    """
    shape = colours.shape[:2]
    trim = _rim(colours.mean(2))
    colours = colours[trim]
    strength = max((_strength(colours, sign) for sign in (1, -1)), key=_likely)
    if (_border(strength) > 0.5 * np.quantile(strength, 0.997)).mean() > SHADED:
        # A shadow with an edge, less wide than no stroke is: the median of what lies around follows that.
        paper = estimate_background(colours)
        strength = max(
            strength, *(_without_frame(_apart(colours, paper, sign)) for sign in (1, -1)), key=_likely
        )
    most = np.quantile(strength, 0.998) if strength.size > 5000 else strength.max()
    # Noise of the paper: from the half of the pixels with least ink, which are paper in any character.
    quiet = np.sort(strength.ravel())[: strength.size // 2]
    noise = 1.5 * np.quantile(quiet, 0.9) if len(quiet) else 0.0
    if most < max(FAINTEST, 2.5 * noise):
        raise PictureError(f"nothing to read in {name}: no writing stands out from the paper")
    level = threshold_otsu(strength[strength > noise])
    full = max(strength[strength >= level].mean(), level)
    low = max(noise, 0.35 * level)
    whole = np.zeros(shape, np.float32)
    whole[trim] = np.clip((strength - low) / (full - low), 0, 1)
    return whole


def _likely(strength: NDArray[np.float32]) -> float:
    """How likely a side, darker or lighter than the paper, is the pen's.

    The side on which the strongest hundredth stands out more: paper that is uneven has more area, but never the
    contrast of a pen. Less, the more of the picture's edge that would make ink: beside a shadow, or what a
    neighbour wrote, light paper stands out as well.
    """
    full = float(np.quantile(strength, 0.997))
    inked = strength > 0.5 * full
    return full * (1 - 3 * min(float(_border(inked).mean()), 0.1))


def _without_frame(strength: NDArray) -> NDArray:
    """Without what only hugs an edge: the rim of a photograph, a neighbouring box, a shadow."""
    outer = _border(strength)
    if max(strength.shape) < 16 or not outer.any():
        return strength
    from scipy import ndimage

    pieces, count = ndimage.label(strength > 0.5 * threshold_otsu(strength[strength > 0]), np.ones((3, 3)))
    rows, columns = strength.shape
    high, wide = round(0.12 * rows), round(0.12 * columns)
    inner = np.zeros(count + 1)
    inner += np.bincount(pieces[high : rows - high, wide : columns - wide].ravel(), minlength=count + 1)
    share = inner / np.bincount(pieces.ravel(), minlength=count + 1).clip(1)
    rim = np.isin(np.arange(count + 1), _border(pieces)) & (share < 0.15)
    rim[0] = False
    return np.where(ndimage.grey_dilation(pieces * rim[pieces], size=(3, 3)) > 0, 0, strength)


def cleaned(map_: NDArray[np.float32], name: str = "the picture") -> NDArray[np.float32]:
    """Ink of one character without specks. Raises PictureError where it is all specks, as noise and texture are."""
    if concentration(map_, PIECES) < SCATTERED:
        raise PictureError(
            f"nothing to read in {name}: what stands out is scattered, as noise and texture are"
        )
    return remove_specks(map_)


def remove_specks(map_: NDArray[np.float32]) -> NDArray[np.float32]:
    """Only the pieces of ink that belong to a character: large enough, and no line along the border."""
    from scipy import ndimage

    pieces, count = ndimage.label(map_ > 0.35, np.ones((3, 3)))
    if count <= 1:
        return map_
    weight = ndimage.sum_labels(map_, pieces, np.arange(1, count + 1))
    boxes = ndimage.find_objects(pieces)
    rows, columns = map_.shape
    keep = np.zeros(count + 1, bool)
    inner = []
    for box in boxes:
        top, bottom, left, right = box[0].start, box[0].stop, box[1].start, box[1].stop
        high, wide = bottom - top, right - left
        touches = top == 0 or left == 0 or bottom == rows or right == columns
        line = (high < 0.12 * rows and wide > 0.5 * columns) or (wide < 0.12 * columns and high > 0.5 * rows)
        edge = touches and (high < 0.15 * rows or wide < 0.15 * columns)
        inner.append(not (touches and line) and not edge)
    inner = np.array(inner)
    largest = weight[inner].max() if inner.any() else weight.max()
    for i in range(count):
        keep[i + 1] = (inner[i] or not inner.any()) and weight[i] >= 0.06 * largest
    # A grey rim belongs to the piece it lies on.
    near = ndimage.grey_dilation(pieces * keep[pieces], size=(3, 3))
    return np.where(near > 0, map_, 0).astype(np.float32)


# --- shape ------------------------------------------------------------------------------------------


def stroke_width(mask: NDArray[np.bool_]) -> float:
    """Mean width of strokes, in pixels: a bar's points lie a quarter of its width from its edge on average."""
    from scipy import ndimage

    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1][mask]
    return float(max(4 * (inside.mean() - 0.5) + 1, 1.0)) if inside.size else 0.0


def normalise_character(source: Picture, name: str | None = None, box: int = BOX) -> NDArray[np.uint8]:
    """One character as MNIST's were made: (28, 28) uint8, 255 = ink, the larger side 20, centred by mass.

    source: as for `load_image`. Raises PictureError where there is no picture or nothing to read.
    """
    name = name or source_name(source)
    colours = load_image(source, name)
    sheet = detect_page(colours, name)
    plain = remove_lines(sheet.image if sheet else colours)
    return field(cleaned(ink(reduced(plain, WORKING), name), name), name, box)


def field(map_: NDArray[np.float32], name: str = "the picture", box: int = BOX) -> NDArray[np.uint8]:
    """Ink (rows, columns) in 0 … 1 of one character -> the 28×28 field, uint8.

    Raises PictureError where there is no ink.
    """
    from PIL import Image
    from scipy import ndimage

    mask = map_ > 0.35
    if not mask.any():
        raise PictureError(f"nothing to read in {name}: no writing stands out from the paper")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    map_ = map_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # Small pictures are enlarged first, so that strokes can be measured and widened in steps below a pixel.
    longest = max(map_.shape)
    if longest < 80:
        grow = 80 / longest
        size = max(1, round(map_.shape[1] * grow)), max(1, round(map_.shape[0] * grow))
        map_ = np.asarray(Image.fromarray(map_).resize(size, Image.Resampling.BICUBIC)).clip(0, 1)
    scale = max(map_.shape) / box  # pixels here for one of the box
    width = stroke_width(map_ > 0.5)
    least, most = STROKE[0] * scale, STROKE[1] * scale
    if width < least:
        map_ = _widened(map_, (least - width) / 2)
    elif width > most:
        map_ = _narrowed(map_, (width - most) / 2)
    scale = max(map_.shape) / box
    size = max(1, round(map_.shape[1] / scale)), max(1, round(map_.shape[0] / scale))
    small = np.asarray(
        Image.fromarray(np.ascontiguousarray(map_, np.float32)).resize(size, Image.Resampling.BOX)
    )
    peak = np.quantile(small[small > 0.1], 0.9) if (small > 0.1).any() else 1.0
    small = np.clip(small / max(peak, 0.2), 0, 1)
    total = small.sum()
    y, x = ndimage.center_of_mass(small) if total else (0, 0)
    top = int(np.clip(round(FIELD / 2 - y), 0, FIELD - small.shape[0]))
    left = int(np.clip(round(FIELD / 2 - x), 0, FIELD - small.shape[1]))
    out = np.zeros((FIELD, FIELD), np.uint8)
    out[top : top + small.shape[0], left : left + small.shape[1]] = np.round(small * 255)
    return out


def _disc(radius: float) -> NDArray[np.bool_]:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return x**2 + y**2 <= radius**2 + 0.25


def _widened(map_: NDArray[np.float32], by: float) -> NDArray[np.float32]:
    from scipy import ndimage

    reach = int(np.ceil(by))
    return ndimage.grey_dilation(np.pad(map_, reach), footprint=_disc(by))


def _narrowed(map_: NDArray[np.float32], by: float) -> NDArray[np.float32]:
    from scipy import ndimage

    thinner = ndimage.grey_erosion(np.pad(map_, 1), footprint=_disc(by))
    return thinner if (thinner > 0.5).sum() > 10 else map_
