"""Trajectories from files: the arrays of pens.npz, UNIPEN files, and the pen digits of the UCI repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..archives import read_npz
from ..idx import data_errors
from ..mnist import cache
from .pen_digits import is_pen_digits, read_pen_digits
from .trajectories import SIDE, Trajectories
from .unipen import read_unipen

__all__ = ["CREDITS", "PENS", "find_pens", "load_trajectories"]

PENS = "pens"  # name of the collection, and of its folder
# Whom the collection is from; CC BY 4.0 asks that weights trained on it say so.
CREDITS = (
    "UNIPEN train_r01_v07, International Unipen Foundation 1999, doi:10.5281/zenodo.1195803 (Guyon et al. 1994)",
    "Pen-Based Recognition of Handwritten Digits, E. Alpaydin and F. Alimoglu, UCI Machine Learning Repository 1998",
    "both under CC BY 4.0; drawn as images here",
)
_NAMES = ("points", "stroke_ends", "character_ends", "labels", "writer", "donor", "donor_names")


def find_pens() -> Path | None:
    """pens.npz in the folder that LENET5_DATA names or in the cache, in pens/ or there itself; None without it."""
    first = os.environ.get("LENET5_DATA")
    for place in (*([Path(first).expanduser()] if first else []), cache().parent):
        for path in (place / PENS / "pens.npz", place / "pens.npz"):
            if path.is_file():
                return path
    return None


def load_trajectories(spec: str | os.PathLike[str] = PENS) -> Trajectories:
    """Read characters as a pen wrote them.

    Args:
        spec: "pens", found by `find_pens`; an .npz archive of the same arrays (docs/data.md); a UNIPEN file, or
            the UCI repository's pendigits-orig.tra and .tes, which are like it; its pendigits.tra and .tes, rows
            of eight points.

    Raises:
        DataError: the file is missing, damaged, or holds no characters.
    """
    if os.fspath(spec) == PENS and not Path(PENS).exists():
        archive = find_pens()
        if archive is None:
            raise DataError(
                "there is no pens.npz: put it into a folder pens where LENET5_DATA points to, or name a file"
            )
        return _read_archive(archive, PENS)
    path = Path(spec).expanduser()
    if path.suffix.lower() == ".npz":
        return _read_archive(path, path.name)
    with data_errors(path):
        text = path.read_bytes().decode("latin-1")
    return read_pen_digits(text, path) if is_pen_digits(text) else read_unipen(text, path)


def _read_archive(path: Path, name: str) -> Trajectories:
    """Trajectories in an .npz archive. Raises DataError for arrays that are missing or do not fit together."""
    arrays, _ = read_npz(path, _NAMES)
    for key in _NAMES[:5]:
        if key not in arrays:
            raise DataError(f"{path} has no trajectories: the array {key} is missing")
    points, labels = arrays["points"], arrays["labels"]
    strokes, characters = (_ends(path, arrays, key) for key in ("stroke_ends", "character_ends"))
    writer = arrays["writer"]
    fits = (
        points.ndim == 2 and points.shape[1] == 2 and points.dtype.kind in "iu" and labels.dtype.kind == "U"
    )
    fits = fits and len(characters) > 0 and labels.shape == writer.shape == characters.shape
    fits = (
        fits and writer.dtype.kind in "iu" and strokes[-1] == len(points) and characters[-1] == len(strokes)
    )
    if not fits:
        raise DataError(
            f"{path} is damaged: its arrays of points, strokes and characters do not fit together"
        )
    if points.min() < 0 or points.max() > SIDE:
        raise DataError(f"{path} is damaged: points lie outside 0 … {SIDE}, where every character is to lie")
    if not all(len(label) == 1 and label.isascii() and label.isprintable() for label in np.unique(labels)):
        raise DataError(f"{path} has labels that are not one printable character of ASCII each")
    return Trajectories(
        points.astype(np.int16),
        strokes,
        characters,
        labels,
        writer.astype(np.int64),
        _donors(path, arrays),
        name,
    )


def _ends(path: Path, arrays: dict[str, NDArray[Any]], key: str) -> NDArray[np.int64]:
    """Where strokes or characters end, each after the one before."""
    ends = arrays[key]
    if ends.ndim != 1 or ends.dtype.kind not in "iu":
        raise DataError(f"{path} is damaged: {key} is not a row of whole numbers")
    ends = ends.astype(np.int64)
    if (np.diff(ends, prepend=0) <= 0).any():
        raise DataError(f"{path} is damaged: {key} does not rise")
    return ends


def _donors(path: Path, arrays: dict[str, NDArray[Any]]) -> NDArray[np.str_]:
    """The name of each character's donor; "" where the archive names none."""
    count = len(arrays["labels"])
    donor, names = arrays.get("donor"), arrays.get("donor_names")
    if donor is None or names is None:
        return np.full(count, "")
    if donor.shape != (count,) or donor.dtype.kind not in "iu" or names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(f"{path} is damaged: its donors do not fit its characters")
    if donor.min() < 0 or donor.max() >= len(names):
        raise DataError(f"{path} is damaged: it has donors without a name")
    chosen: NDArray[np.str_] = names[donor.astype(np.intp)]
    return chosen
