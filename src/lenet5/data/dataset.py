"""Patterns and their classes, from wherever they are kept: MNIST, IDX, folders of pictures, CSV, npz."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, InputError
from .archives import read_npz
from .idx import read_idx
from .image_folder import class_folders
from .labels import DIGITS, index_labels, text
from .mnist import FILES, load_mnist
from .shapes import are_transposed, pixels
from .tables import read_table
from .transcripts import TABLE

__all__ = ["Dataset", "load", "relabel"]

Loaded = tuple[NDArray[np.uint8], NDArray[Any], Sequence[str] | None]  # images, labels, classes if named
_PARTS = {"train": ("train", "training"), "test": ("test", "testing")}  # names of sub-folders


@dataclass(frozen=True, eq=False)
class Dataset:
    """N patterns.

    Args:
        images: (N, 28, 28) uint8, 0 = background to 255 = foreground.
        labels: (N,) int64, indices into `classes`.
        classes: the characters.
        name: of the data set, in reports.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "labels", np.asarray(self.labels, np.int64))

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all patterns, labels and class names, in their order."""
        digest = hashlib.sha256(json.dumps([self.classes, self.images.shape]).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()


def load(
    spec: str | os.PathLike[str] | tuple[str | os.PathLike[str], str | os.PathLike[str]],
    split: str | None = None,
    classes: Sequence[str] | None = None,
    progress: Callable[[str, int, int | None], object] | None = None,
    transpose: bool | None = None,
) -> Dataset:
    """Load a data set; `docs/data.md` describes every form.

    "mnist"              see `mnist.load_mnist`
    a folder             of class folders, called by their characters (`labels.class_of`); or with
                         labels.csv; or with IDX files named as MNIST's. Of train/ and test/ in it, `split`
                         chooses
    NAME.csv, .csv.gz    a label and 784 values a line, or names of pictures (`tables.read_table`)
    NAME.npz             arrays images (or x) and labels (or y), optionally classes; or x_train, y_train, …
    IDX images           with the labels beside them: …images-idx3… and …labels-idx1…; or both, as a pair of
                         paths or with a comma between

    Labels are characters, numbers that index `classes`, or else stand for what `labels.ROWS` says, or one-hot rows.
    Classes are single characters of printable ASCII, as codes are.
    Pixels run from 0 to 255, or from 0 to 1; dark on light, as a whole, is inverted (`shapes.pixels`). Rows and
    columns that are exchanged, as in EMNIST's files, are found, put right and named in a warning.

    Args:
        spec: one of these.
        split: "train" (also if None) or "test", where there are both; a single set serves as either.
        classes: the characters that numbers index.
        progress: called while MNIST is downloaded, with the file, the bytes so far, and all bytes or None.
        transpose: True exchanges rows and columns, False never does, None finds out.

    Raises:
        InputError: another split.
        DataError: the data set is missing, damaged or unusable.
    """
    if split not in (None, "train", "test"):
        raise InputError(f"a data set has the splits train and test, not {split!r}")
    part = split or "train"
    if spec == "mnist":
        images, labels = load_mnist(part, progress=progress)
        return Dataset(images, *index_labels(labels, classes or DIGITS, "mnist"), f"mnist {part}")
    if isinstance(spec, tuple | list):
        if len(spec) != 2:
            raise InputError(f"a pair of IDX files has images and labels, not {len(spec)} names")
        name = ",".join(map(str, spec))
        images, labels, own = _idx(Path(spec[0]), Path(spec[1]))
    else:
        name = str(spec)
        images, labels, own = _parts(name, part)
    labels = np.atleast_1d(labels)
    if not len(images):
        raise DataError(f"{name} has no patterns")
    if len(images) != len(labels):
        raise DataError(f"{name} has {len(images):,} images but {len(labels):,} labels")
    numbers, characters = index_labels(labels, own if classes is None else classes, name)
    if part == "train" and len(np.unique(numbers)) < 2:
        raise DataError(
            f"to train, two classes or more are needed, and {name} has only {characters[numbers[0]]!r}"
        )
    if transpose is None and _holds_arrays(spec):
        transpose = _warn_if_transposed(images, numbers, characters, name)
    return Dataset(images.swapaxes(1, 2).copy() if transpose else images, numbers, characters, name)


def _holds_arrays(spec: object) -> bool:
    """Whether a data set is a file of pixels; pictures have the rows that they were drawn with."""
    return isinstance(spec, tuple | list) or not Path(str(spec)).expanduser().is_dir()


def _warn_if_transposed(
    images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str], name: str
) -> bool:
    shares = are_transposed(images, labels, classes)
    if shares is not None:
        before, after = shares
        warnings.warn(
            f"the pictures of {name} are transposed (rows and columns exchanged, as in EMNIST's files) and are put "
            f"right: our networks read {after:.0%} of them then, {before:.0%} as they are; --no-transpose, or "
            "transpose=False, keeps them",
            stacklevel=3,
        )
    return shares is not None


def relabel(dataset: Dataset, classes: Sequence[str]) -> NDArray[np.int64]:
    """The labels as indices into a network's classes, matched by name, (N,) int64.

    Raises:
        DataError: the data set has patterns of a class that is not among them.
    """
    index = {character: i for i, character in enumerate(classes)}
    unknown = sorted({dataset.classes[i] for i in np.unique(dataset.labels)} - set(index))
    if unknown:
        raise DataError(f"{dataset.name} has classes that the network does not know: {' '.join(unknown)}")
    table = np.array([index.get(character, -1) for character in dataset.classes], np.int64)
    return table[dataset.labels]


def _parts(spec: str, part: str) -> Loaded:
    """(images, labels: numbers or characters, classes if the source names them)."""
    path = Path(spec).expanduser()
    if path.is_dir():
        return _folder(path, part)
    if not path.exists():
        first, comma, second = spec.partition(",")
        if comma:
            return _idx(Path(first.strip()).expanduser(), Path(second.strip()).expanduser())
        raise DataError(
            f"there is no data set '{spec}': name mnist, a folder of class folders, a .csv, .csv.gz or .npz file, "
            "or an IDX file of images"
        )
    if Path(path.name.lower().removesuffix(".gz")).suffix in (".csv", ".tsv"):
        return _table(path)
    if path.suffix.lower() == ".npz":
        return _npz(path, part)
    if path.suffix.lower() in (".gz", ".idx") or "ubyte" in path.name:
        return _idx(path, None)
    raise DataError(f"{path} is no data set of a known kind: a folder, .csv, .npz or IDX file is needed")


def _folder(path: Path, part: str) -> Loaded:
    splits = {key: path / name for key, names in _PARTS.items() for name in names if (path / name).is_dir()}
    if splits:
        if part not in splits:
            raise DataError(f"{path} has no folder {part} beside {next(iter(splits.values())).name}")
        return _folder(splits[part], part)
    for suffix in (".gz", ""):
        image_file, label_file = (path / f"{file.name}{suffix}" for file in FILES[part])
        if image_file.is_file():
            return _idx(image_file, label_file)
    for table in (path / TABLE, path / f"{TABLE}.gz"):
        if table.is_file():
            return _table(table)
    images, characters = class_folders(path)
    return images, np.array(characters), None


def _table(path: Path) -> Loaded:
    values, labels = read_table(path)
    if values.dtype == np.uint8:  # a list of pictures: its labels are characters, as names of folders are
        return values, np.array(labels), None
    images = pixels(values, str(path))
    try:
        numbers = np.array(labels, np.float64)
    except ValueError:
        return images, np.array(labels), None
    # "5.0" is how some programs write 5.
    whole = np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all() and abs(numbers).max() < 1e9
    return images, numbers.astype(np.int64) if whole else np.array(labels), None


def _npz(path: Path, part: str) -> Loaded:
    names = {
        "images": (f"x_{part}", f"{part}_images", "images", "x", "X"),
        "labels": (f"y_{part}", f"{part}_labels", "labels", "y", "Y"),
    }
    arrays, held = read_npz(path, [*names["images"], *names["labels"], "classes"])
    chosen = {}
    for kind, keys in names.items():
        key = next((key for key in keys if key in arrays), None)
        if key is None:
            raise DataError(
                f"{path} has no {kind}: an array called {keys[2]}, {keys[3]} or "
                f"{keys[0]} is needed, and it has {', '.join(held) or 'nothing'}"
            )
        chosen[kind] = arrays[key]
    own = arrays.get("classes")
    if own is None:
        named = None
    else:
        named = text(own, f"the classes of {path}").ravel().tolist()
        named = list(named[0]) if own.ndim == 0 else named
    return pixels(chosen["images"], str(path)), chosen["labels"], named


def _idx(images: Path, labels: Path | None) -> Loaded:
    """A pair of IDX files; the labels are looked for beside the images unless named."""
    values = _array(images, (3, 2, 4))
    if labels is None:
        name = images.name.replace("images", "labels").replace("idx3", "idx1")
        stem = name.removesuffix(".gz")
        places = [images.with_name(each) for each in (name, stem, f"{stem}.gz")]
        labels = next((place for place in places if place.is_file() and name != images.name), None)
        if labels is None:
            hint = f" as {name}" if name != images.name else ""
            raise DataError(
                f"the labels of {images} are not beside it{hint}: name both files, with a comma between"
            )
    return pixels(values, str(images)), _array(labels, (1, 2)), None


def _array(path: Path, dimensions: tuple[int, ...]) -> NDArray[Any]:
    """The array in an IDX file. Raises DataError where it has none of these numbers of dimensions."""
    array = read_idx(path)
    if array.ndim not in dimensions:
        raise DataError(
            f"{path} has {array.ndim} dimensions where {dimensions[0]} are needed: is it another file?"
        )
    return array
