"""Files written whole or not at all: to a temporary name in the same folder, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .errors import LeNet5Error, SaveError

__all__ = ["replacing", "write"]

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.EROFS: "the disk can only be read",
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "its folder is a file",
    errno.EISDIR: "it is a folder",
}


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when the block ends without an error.

    The old contents stay until then, and remain if anything fails: a full disk, a kill, an exception in the
    block. A link is followed. A device or a pipe cannot be replaced, and is written to directly.

    Args:
        path: the file to write.

    Yields:
        The file, open for writing bytes.

    Raises:
        SaveError: the file cannot be written.
    """
    path = Path(path)
    try:
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                yield stream
            return
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            # "x" and not tempfile: the permissions are then those of any file this user makes.
            with part.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())  # else a power cut can leave the new name with no contents
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    except LeNet5Error:
        raise  # already a sentence (a download that failed is an OSError too)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise SaveError(f"cannot write {path}: {reason}; choose another place, or make room there") from error


def write(path: str | os.PathLike[str], contents: bytes) -> None:
    """Write a file, whole or not at all.

    Args:
        path: the file.
        contents: all its bytes.

    Raises:
        SaveError: the file cannot be written.
    """
    with replacing(path) as stream:
        stream.write(contents)
