"""Named arrays and text in one safetensors file: no pickle, and readable from any language."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import atomic
from ..errors import ModelError

__all__ = ["parse", "read", "write"]

_LARGEST = 64 << 20  # bytes; a model has a quarter of a megabyte, what is far larger is something else


def parse(text: object) -> Any:
    """The value of a JSON text of a file's metadata.

    Raises ValueError for whatever is not JSON of sensible depth and size: a file may hold anything.
    """
    if not isinstance(text, str):
        raise ValueError(f"text was expected, not {type(text).__name__}")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Arrays by name, and the metadata, of the safetensors file at `path`.

    Raises ModelError where there is no such file, or where it is not one or is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise ModelError(f"{path} has {path.stat().st_size:,} bytes, far too many for a LeNet-5")
        contents = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist; `lenet5 train --out {path}` would make it") from None
    except IsADirectoryError:
        raise ModelError(f"{path} is a folder, not a model file") from None
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        arrays = load(contents)
        length = int.from_bytes(contents[:8], "little")
        metadata = parse(contents[8 : 8 + length].decode()).get("__metadata__") or {}
    # A type NumPy lacks (bfloat16, say) is a KeyError or a TypeError, depending on safetensors' version.
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} is not a safetensors file, or is cut short or damaged ({error}); make or fetch it again"
        ) from error
    return arrays, metadata


def write(
    path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Put arrays and metadata at `path`, whole or not at all; equal contents make equal bytes.

    Raises SaveError.
    """
    from safetensors.numpy import save

    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    contents = save(plain, metadata=dict(metadata))
    # safetensors writes the metadata in an order that differs from call to call: sort it, so that the same
    # training gives the same file, and its SHA-256 means something.
    length = int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays stay aligned
    atomic.write(path, len(text).to_bytes(8, "little") + text + contents[8 + length :])
