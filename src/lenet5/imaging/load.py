"""From any picture file to an image: identified, refused where decoding is not safe, upright, on a background.

Only the kinds of files in FORMATS are opened, whatever a file's name says: none of them runs another program (Pillow
hands EPS to Ghostscript), and a picture of more pixels than LOAD.most_pixels is refused before it is decoded.
"""

from __future__ import annotations

import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, PictureError
from ..network.preprocessing import LEAST_GREY
from .planes import grey_image, is_grey
from .resize import longer_side

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "LOAD",
    "LoadSettings",
    "LoadedImage",
    "Picture",
    "decode",
    "load_image",
    "load_image_with_scale",
    "open_picture",
    "read_source",
    "source_name",
]

Picture = Any  # a path, bytes, a file opened for reading, a PIL image, or an array (grey, RGB or RGBA)

USUAL = ("PNG", "JPEG", "BMP", "GIF", "PPM")  # Pillow has these at hand
FORMATS = (*USUAL, "TIFF", "WEBP", "JPEG2000", "AVIF", "QOI", "SGI", "PCX", "TGA", "ICO")
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # brands of ISO/IEC 23008-12


@dataclass(frozen=True)
class LoadSettings:
    """How large pictures may be. Chosen for pages of paper at the resolutions of scanners."""

    most_pixels: int = 170_000_000  # an A4 page at 1200 dpi has 139 million
    longest: int = (
        4000  # pixels of the longer side, beyond which a picture is reduced: A4 at 340 dpi; of a strip …
    )
    # … its length counts only as that of a line of usual length (resize.longer_side), as long as all of its pixels are
    # no more than those of a square of a side so many times smaller: no step reduces a strip for itself.
    strip: float = 2.0
    transparent: float = 0.5  # opacity below which a pixel shows what is behind it
    light: float = 0.6  # of the whole range: a lighter drawing on a transparent ground would vanish on white


LOAD = LoadSettings()
ORIENTATION = 0x0112  # tag of EXIF


class LoadedImage(NamedTuple):
    """An opened picture.

    image: (rows, columns, 3) float32 in 0 … 1. pixels: of the picture, along a side, for one of the image. size:
    columns and rows of the upright picture.
    """

    image: NDArray[np.float32]
    pixels: float
    size: tuple[int, int]


def load_image(
    source: Picture, name: str | None = None, settings: LoadSettings = LOAD
) -> NDArray[np.float32]:
    """The image of any picture: upright, on a background where it is transparent.

    Args:
        source: a path, bytes, a binary file, a PIL image, or an array of 2 or 3 dimensions: bool, whole numbers up to
            255 or 65,535, or floats in 0 … 1 or, where the largest is 16 or more, in 0 … 255.
        name: what errors call it.
        settings: how large pictures may be.

    Returns:
        (rows, columns, 3) float32 in 0 … 1, its longer side settings.longest pixels at most, but for strips.

    Raises:
        PictureError: it cannot be read; one sentence says why.
    """
    return load_image_with_scale(source, name, settings).image


def load_image_with_scale(
    source: Picture, name: str | None = None, settings: LoadSettings = LOAD
) -> LoadedImage:
    """As `load_image`, with its scale and the size of the picture."""
    from PIL import Image

    name = name or source_name(source)
    if isinstance(source, np.ndarray):
        image = _from_array(source, name, settings)
        return LoadedImage(image, 1.0, (image.shape[1], image.shape[0]))
    if not isinstance(source, Image.Image):
        source = open_picture(read_source(source, name), name, settings)
    columns, rows = source.size
    image = _from_image(decode(source, name, settings), name, settings)
    if _is_turned(source):
        columns, rows = rows, columns
    return LoadedImage(image, max(1.0, max(columns, rows) / max(image.shape[:2])), (columns, rows))


def _is_turned(picture: Image.Image) -> bool:
    """Whether rows and columns of a picture change places when it is brought upright (EXIF, tag Orientation)."""
    try:
        return picture.getexif().get(ORIENTATION) in (5, 6, 7, 8)
    except Exception:  # of damaged EXIF
        return False


def source_name(source: Picture) -> str:
    """What errors call a picture: its path, or what it is."""
    if isinstance(source, str | os.PathLike):
        return str(source)
    return "the array" if isinstance(source, np.ndarray) else "the picture"


def read_source(source: Picture, name: str) -> bytes:
    """All bytes of a path, bytes or a binary file. Raises PictureError where there are none."""
    if isinstance(source, str | os.PathLike):
        try:
            data = Path(source).read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
            reasons: dict[type[Exception], str] = {
                FileNotFoundError: "there is no such file",
                IsADirectoryError: "it is a folder; name its pictures, or read it into a table with --out",
                PermissionError: "there is no permission to read it",
            }
            reason = reasons.get(type(error), getattr(error, "strerror", None) or str(error))
            raise PictureError(f"cannot read {name}: {reason}") from error
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif hasattr(source, "read"):
        data = source.read()
    else:
        raise PictureError(
            f"cannot read {name}: {type(source).__name__} is no picture; "
            "give a path, bytes, a file, a PIL image or an array"
        )
    if isinstance(data, str):
        raise PictureError(f"cannot read {name}: the file is open for text; open it with mode 'rb'")
    if not data:
        raise PictureError(f"cannot read {name}: it is empty (0 bytes)")
    return data


def open_picture(data: bytes, name: str, settings: LoadSettings = LOAD) -> Image.Image:
    """The file as a PIL image that is not decoded yet. Raises PictureError for kinds and sizes that are refused."""
    from PIL import Image, UnidentifiedImageError

    picture: Image.Image | None = None
    for formats in (USUAL, FORMATS[len(USUAL) :]):
        if formats is not USUAL:
            Image.init()  # all of Pillow's kinds: only for files that are none of the usual
            formats = tuple(kind for kind in formats if kind in Image.OPEN)
        try:
            picture = Image.open(io.BytesIO(data), formats=formats)
            break
        except UnidentifiedImageError:
            continue
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise PictureError(
                f"cannot read {name}: it has too many pixels; reduce it to {settings.most_pixels:,} or fewer"
            ) from error
        except Exception as error:  # decoders meet damage with any exception
            raise PictureError(f"cannot read {name}: the file is damaged ({error})") from error
    if picture is None and data[4:8] == b"ftyp" and data[8:12] in HEIC:
        picture = _open_heic(data, name)
    if picture is None:
        raise PictureError(f"cannot read {name}: {_unknown(data)}")
    width, height = picture.size
    if width * height > settings.most_pixels:
        raise PictureError(
            f"cannot read {name}: {width:,}×{height:,} pixels are too many; "
            f"reduce it to {settings.most_pixels:,} or fewer"
        )
    return picture


def _open_heic(data: bytes, name: str) -> Image.Image:
    """A photograph as iPhones take them (extra `heif`), not decoded yet. Raises MissingExtraError without the extra."""
    try:
        import pillow_heif
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"cannot read {name}: HEIC pictures need pillow-heif ({error}): pip install 'lenet5-1998[heif]' brings it; "
            "or save the picture as JPEG or PNG"
        ) from error
    try:
        picture: Image.Image = pillow_heif.HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
    except Exception as error:  # decoders meet damage with any exception
        raise PictureError(f"cannot read {name}: the file is damaged ({error})") from error
    return picture


def _unknown(data: bytes) -> str:
    """Why a file is not one of the kinds that are opened, and what to do where that is known."""
    if data.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "PostScript is not run; save it as PDF or PNG"
    if data.lstrip()[:5].lower() in (b"<svg ", b"<?xml"):
        return "SVG is not drawn; save it as PNG"
    if b"%PDF-" in data[:1024]:
        return "a PDF is read page by page; name it to `lenet5 read`, or use documents.open_pages"
    return "it is not a picture, or not of a kind that is known"


def decode(picture: Image.Image, name: str, settings: LoadSettings = LOAD) -> Image.Image:
    """The picture decoded and upright; a large JPEG at a half, a quarter or an eighth of its size."""
    from PIL import ImageOps

    if not picture.width * picture.height:
        raise PictureError(f"cannot read {name}: it has no pixels")
    try:
        picture.draft(None, (settings.longest // 2, settings.longest // 2))
        picture.load()
        # exif_transpose copies what is upright too: of a large picture half a gigabyte.
        return picture if picture.getexif().get(ORIENTATION, 1) == 1 else ImageOps.exif_transpose(picture)
    except MemoryError as error:
        raise PictureError(f"cannot read {name}: memory does not suffice; reduce the picture") from error
    except Exception as error:  # decoders meet damage with any exception
        raise PictureError(f"cannot read {name}: the file is damaged ({error})") from error


def _from_image(picture: Image.Image, name: str, settings: LoadSettings) -> NDArray[np.float32]:
    """A PIL image of any mode as an image, reduced to settings.longest."""
    columns, rows = picture.size
    side = longer_side(rows, columns)
    if side < max(rows, columns):
        side = max(side, settings.strip * math.sqrt(rows * columns))
    times = math.ceil(side / settings.longest)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        return _from_array(_levels(np.asarray(picture), times, name), name, settings)
    if picture.mode in ("LA", "La", "PA", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in ("L", "RGB", "RGBA"):
        try:
            picture = picture.convert("RGB")
        except ValueError:
            picture = picture.convert("L")
    # A palette's numbers mean nothing side by side, so that only now what lies together can be averaged.
    return _from_array(np.asarray(picture.reduce(times) if times > 1 else picture), name, settings)


def _levels(array: NDArray[Any], times: int, name: str) -> NDArray[np.float32]:
    """Grey levels of more than 8 bits as 0 … 1, of `times` by `times` pixels the mean."""
    if not np.isfinite(array).all():
        raise PictureError(f"cannot read {name}: some of its pixels are no numbers")
    # The file does not name the depth: the smallest of the usual ones that holds all levels.
    top = float(array.max())
    full = next((full for full in (1.0, 255.0, 65535.0) if top <= full), top)
    rows, columns = (max(1, side // times) for side in array.shape)
    levels = np.zeros((rows, columns), np.float64)
    for y in range(min(times, array.shape[0])):
        for x in range(min(times, array.shape[1])):
            levels += array[y::times, x::times][:rows, :columns]
    levels /= min(times, array.shape[0]) * min(times, array.shape[1]) * full
    return levels.clip(0, 1).astype(np.float32)


def _from_array(array: NDArray[Any], name: str, settings: LoadSettings) -> NDArray[np.float32]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise PictureError(
            f"cannot read {name}: its shape is {array.shape}; rows×columns (×3 or ×4) is needed"
        )
    if array.ndim == 3 and array.shape[2] == 3 and is_grey(array):
        array = array[:, :, 0]
    if array.dtype == bool:
        array = array.astype(np.float32)
    elif array.dtype in (np.uint8, np.uint16):
        array = array / np.float32(np.iinfo(array.dtype).max)
    elif array.dtype.kind in "iuf":
        array = _unit_range(array, name)
    else:
        raise PictureError(
            f"cannot read {name}: pixels of type {array.dtype}; whole numbers or floats are needed"
        )
    if array.ndim == 2:
        array = array[:, :, None]
    if array.shape[2] == 4:
        array = _on_background(array, settings)
    if array.shape[2] == 1 or is_grey(array):
        return grey_image(np.ascontiguousarray(array[:, :, 0], np.float32))
    return np.ascontiguousarray(array, np.float32)


def _unit_range(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Floats, or whole numbers of other types than files have, in 0 … 1."""
    whole = array.dtype.kind in "iu"
    with np.errstate(over="ignore"):  # what is too large for a float32 is infinite then, and refused
        array = array.astype(np.float32)
    least, most = float(array.min()), float(array.max())
    full = next((full for full in (1.0, 255.0, 65535.0) if most <= full), np.inf)
    if not whole and (1 < most < LEAST_GREY or full > 255):
        full = np.inf  # neither scale: standardised, or overshot
    if not (least >= 0 and np.isfinite(full)):  # in this form NaN is caught too
        raise PictureError(
            f"cannot read {name}: its pixels run from {least:g} to {most:g}; floats in 0 … 1 or 0 … 255, or whole "
            "numbers in 0 … 255 or 0 … 65,535, are needed"
        )
    return np.asarray(array / np.float32(full), np.float32)


def _on_background(array: NDArray[Any], settings: LoadSettings) -> NDArray[Any]:
    """The array without transparency: on white, or on black where a light drawing would vanish on white."""
    colour, alpha = array[:, :, :3], array[:, :, 3:]
    drawn = alpha.sum()
    transparent = drawn > 0 and alpha.min() < settings.transparent
    light = transparent and (colour.mean(2, keepdims=True) * alpha).sum() / drawn > settings.light
    opaque: NDArray[Any] = colour * alpha + (1 - alpha) * (0.0 if light else 1.0)
    return opaque
