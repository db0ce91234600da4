"""Images for the network as they come in bodies: raw bytes, npy, or JSON."""

from __future__ import annotations

import io
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..network.architecture import FIELD, INPUT
from ..network.preprocessing import check_images
from .bodies import decode_base64, parse_json
from .refusal import Refusal
from .settings import ServiceSettings

__all__ = ["checked", "from_body", "from_bytes"]

NPY = b"\x93NUMPY"
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def from_body(body: bytes, kind: str, settings: ServiceSettings) -> NDArray[Any]:
    """The images of a body.

    Args:
        body: an npy file, JSON, or the bytes of N×28×28 pixels.
        kind: its media type.
        settings: how many images there may be.

    Returns:
        (N, 28, 28) or (N, 32, 32), uint8 or float32.

    Raises:
        Refusal: there is nothing that the network takes.
    """
    if kind == "application/json":
        return checked(_from_json(parse_json(body)), settings)
    if body.startswith(NPY):
        return checked(_from_npy(body), settings)
    return from_bytes(body, settings)


def from_bytes(body: bytes, settings: ServiceSettings) -> NDArray[Any]:
    """The images of raw bytes, N×28×28 of uint8, 255 = ink. Raises Refusal."""
    if not body or len(body) % FIELD**2:
        sentence = (
            f"{len(body):,} bytes are no images of {FIELD}×{FIELD}: {FIELD**2} bytes an image are needed"
        )
        raise Refusal(400, sentence, "shape")
    return checked(np.frombuffer(body, np.uint8).reshape(-1, FIELD, FIELD), settings)


def checked(images: NDArray[Any], settings: ServiceSettings) -> NDArray[Any]:
    """Images that the network takes, not too many of them. Raises Refusal."""
    try:
        images = check_images(images)
    except InputError as error:
        raise Refusal(400, str(error), "shape") from error
    if not len(images):
        raise Refusal(400, "there are no images in the body", "empty")
    if len(images) > settings.images:
        sentence = f"{len(images):,} images are too many: {settings.images:,} may come in one request"
        raise Refusal(413, sentence, "images")
    # The kernels are compiled for arrays that can be written; bytes of a body cannot.
    return images if images.flags.writeable else images.copy()


def _from_npy(body: bytes) -> NDArray[Any]:
    """The array of an npy file; what its header announces is compared with what there is before it is made."""
    stream = io.BytesIO(body)
    try:
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
        size, start = prod(shape), stream.tell()
        if dtype.hasobject or size * dtype.itemsize != len(body) - start:
            raise ValueError("its header announces another size than the body has")
        array = np.frombuffer(body, dtype, size, start)
        return array.reshape(shape[::-1]).transpose() if fortran else array.reshape(shape)
    except Exception as error:  # a header is Python's text: it fails in many ways
        raise Refusal(400, f"the npy file cannot be read: {str(error)[:200]}", "npy") from error


def _from_json(data: dict[str, Any]) -> NDArray[Any]:
    """`images`: nested lists of whole numbers 0 … 255, or of floats 0 … 1, or base64 of the bytes."""
    images = data.get("images")
    if isinstance(images, str):
        body = decode_base64(images, "`images`")
        if not body or len(body) % FIELD**2:
            raise Refusal(400, f"`images` in base64 must hold {FIELD**2} bytes an image", "shape")
        return np.frombuffer(body, np.uint8).reshape(-1, FIELD, FIELD)
    if not isinstance(images, list):
        raise Refusal(400, "the body needs `images`: a list of images, or their bytes in base64", "json")
    return as_pixels(images)


def as_pixels(images: list[Any]) -> NDArray[Any]:
    """Lists of numbers as an array: whole numbers 0 … 255 are uint8, all others floats. Raises Refusal."""
    try:
        array = np.asarray(images)
    except (ValueError, OverflowError) as error:
        raise Refusal(400, f"`images` must be images of one size ({str(error)[:100]})", "shape") from error
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255:
        array = array.astype(np.uint8)
    if array.dtype.kind not in "uf":
        raise Refusal(400, "pixels must be whole numbers 0 … 255, or numbers 0 … 1, 0 = paper", "shape")
    if array.ndim == 2 and array.shape[0] in (FIELD, INPUT) and array.shape[0] == array.shape[1]:
        return array[None]  # one image
    if array.ndim == 2 and array.shape[1] == FIELD**2:
        return array.reshape(-1, FIELD, FIELD)
    return array
