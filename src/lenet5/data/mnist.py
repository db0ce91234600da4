"""MNIST, the database of Section III-A: found on this machine or fetched, and verified to the last bit."""

from __future__ import annotations

import hashlib
import io
import math
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import atomic
from ..errors import DataError, DownloadError, InputError, SaveError
from ..network.architecture import FIELD
from .archives import read_npz
from .idx import read_idx

__all__ = ["FILES", "MIRRORS", "cache", "load_mnist", "writers"]

# Each holds the four original files; tried in this order. LENET5_MIRRORS (addresses, spaces between) names
# others.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://azureopendatastorage.blob.core.windows.net/mnist",
    "https://raw.githubusercontent.com/fgnt/mnist/master",
)


@dataclass(frozen=True)
class File:
    """One of the four files.

    Args:
        name: when not packed.
        shape: of its array of uint8.
        sha256: of the file when not packed.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def head(self) -> bytes:
        """The IDX header that these sizes give."""
        return bytes([0, 0, 8, len(self.shape)]) + np.array(self.shape, ">u4").tobytes()

    @property
    def size(self) -> int:
        """Bytes of the file when not packed."""
        return len(self.head) + math.prod(self.shape)


FILES = {
    "train": (
        File(
            "train-images-idx3-ubyte",
            (60_000, FIELD, FIELD),
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        File(
            "train-labels-idx1-ubyte",
            (60_000,),
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
    ),
    "test": (
        File(
            "t10k-images-idx3-ubyte",
            (10_000, FIELD, FIELD),
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        File(
            "t10k-labels-idx1-ubyte",
            (10_000,),
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
}


def load_mnist(
    split: str = "train",
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
    progress: Callable[[str, int, int | None], object] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images and labels of MNIST: 60,000 to train, 10,000 to test.

    The files are looked for in `root`, or else in the folder that LENET5_DATA names, then in the user's cache
    (LENET5_CACHE moves it): in the folder itself, in its mnist/, and in MNIST/raw/ as torchvision leaves it; packed
    or not. Then they are fetched into the cache. Every file is compared with the checksum of the original.

    Args:
        split: "train" or "test".
        root: the folder to look in first; that of LENET5_DATA, unless given.
        download: False raises an error instead of fetching.
        progress: called with the file, the bytes so far and the bytes in all, or None, while fetching.

    Returns:
        Images, (N, 28, 28) uint8, 0 = background, 255 = ink, and labels, (N,) uint8.

    Raises:
        InputError: there is no such split.
        DataError: a file is missing or not the original; in the cache it is fetched again.
        DownloadError: no mirror delivered a file.
    """
    images, labels = (_find_or_fetch(file, root, download, progress) for file in _split(split))
    return images, labels


def writers(split: str = "train", root: str | os.PathLike[str] | None = None) -> NDArray[np.int64] | None:
    """The writer of each pattern, from writers.npz (made from QMNIST). Nobody wrote for both splits.

    Args:
        split: "train" or "test".
        root: as for `load_mnist`; the file is looked for in the same folders, and never fetched.

    Returns:
        A number for each pattern's writer, (N,) int64; None where there is no such file.

    Raises:
        InputError: there is no such split.
        DataError: the file is damaged or does not fit.
    """
    patterns, name = _split(split)[0].shape[0], f"{split}_writer"
    for folder in _folders(root):
        path = folder / "writers.npz"
        if not path.is_file():
            continue
        writers = read_npz(path, [name])[0].get(name)
        if writers is None or writers.shape != (patterns,) or writers.dtype.kind not in "iu":
            raise DataError(
                f"{path} has no array {name} with a number for the writer of each of {patterns:,}"
            )
        return writers.astype(np.int64)
    return None


def cache() -> Path:
    """The folder that MNIST is fetched into."""
    import platformdirs

    root = os.environ.get("LENET5_CACHE") or platformdirs.user_cache_dir("lenet5")
    return Path(root).expanduser() / "mnist"


def _split(split: str) -> tuple[File, File]:
    if split not in FILES:
        raise InputError(f"MNIST has the splits {' and '.join(FILES)}, not {split!r}")
    return FILES[split]


def _folders(root: str | os.PathLike[str] | None) -> Iterator[Path]:
    """Where the files may lie: the given root or that of LENET5_DATA, then the cache."""
    first = root or os.environ.get("LENET5_DATA")
    for place in (*([Path(first).expanduser()] if first else []), cache().parent):
        yield from (place / "mnist", place, place / "MNIST" / "raw")


def _find(file: File, folder: Path) -> Path | None:
    dotted = file.name.replace("-idx", ".idx")  # as some archives have it
    for name in (file.name, dotted):
        for path in (folder / f"{name}.gz", folder / name):
            if path.is_file():
                return path
    return None


def _read(path: Path, file: File) -> NDArray[np.uint8]:
    """The array in the file at `path`, if it is the original. Raises DataError."""
    array = read_idx(path, dimensions=len(file.shape), dtype=np.uint8)
    digest = hashlib.sha256(file.head)
    digest.update(np.ascontiguousarray(array).data)
    if array.shape != file.shape or digest.hexdigest() != file.sha256:
        raise DataError(
            f"{path} is not the original {file.name} of MNIST (its checksum differs); "
            "remove it to have it fetched again, or put the original there"
        )
    return array


def _find_or_fetch(
    file: File,
    root: str | os.PathLike[str] | None,
    download: bool,
    progress: Callable[[str, int, int | None], object] | None,
) -> NDArray[np.uint8]:
    own = cache().parent
    for folder in _folders(root):
        path = _find(file, folder)
        if path is None:
            continue
        try:
            return _read(path, file)
        except DataError:
            if not download or not folder.is_relative_to(own):
                raise  # a person put it there: it is not for us to pass over it
    by_hand = f"put {file.name}.gz into {cache()}, or into a folder that LENET5_DATA names"
    if not download:
        places = ", ".join(map(str, _folders(root)))
        raise DataError(f"MNIST's {file.name} is in none of {places}: {by_hand}")
    from .download import fetch  # loads http and ssl

    mirrors = os.environ.get("LENET5_MIRRORS", "").split() or MIRRORS
    try:
        packed, contents = fetch(f"{file.name}.gz", mirrors, file.size, file.sha256, progress)
    except DownloadError as error:
        raise DownloadError(f"{error}; try again later, or {by_hand}") from error
    _keep(packed, cache() / f"{file.name}.gz")
    return read_idx(io.BytesIO(contents))


def _keep(packed: bytes, path: Path) -> None:
    """Write the file into the cache. That this fails is no reason not to go on with what has been fetched."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(path, packed)
    except SaveError as error:
        warnings.warn(f"MNIST will be fetched again the next time: {error}", stacklevel=4)
    except OSError as error:
        reason = error.strerror or error
        warnings.warn(
            f"MNIST will be fetched again the next time: cannot make {path.parent}: {reason}", stacklevel=4
        )
