"""Arrays from .npz archives, which strangers send: never unpickled, and every damage is a sentence."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .idx import data_errors

__all__ = ["read_npz"]


def read_npz(path: str | os.PathLike[str], names: Iterable[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Those of the arrays `names` that the archive holds, and the names of all it holds.

    Raises DataError for a file that is missing, no archive of arrays, or damaged, or an array of objects.
    """
    try:
        with data_errors(path), Path(path).open("rb") as stream:
            if not zipfile.is_zipfile(stream):
                raise DataError(f"{path} is not an .npz archive of arrays")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                held = list(archive.files)
                arrays = {name: archive[name] for name in names if name in held}
    except DataError:
        raise
    except Exception as error:
        # zipfile, zlib and NumPy's parser of headers together have a dozen ways to say that bytes are wrong.
        objects = "it holds Python objects, which are never loaded" if "Object arrays" in str(error) else ""
        reason = objects or f"it is damaged ({str(error)[:200] or type(error).__name__})"
        raise DataError(f"{path} cannot be read: {reason}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path} cannot be read: what it calls {name} is not an array")
    return arrays, held
