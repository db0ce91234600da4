"""Files are written whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from lenet5 import atomic
from lenet5.errors import DownloadError, LeNet5Error, SaveError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "model"
    target.write_bytes(b"old")
    atomic.write(target, b"new")
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["model"]


def test_the_old_file_is_there_until_the_block_ends(tmp_path):
    target = tmp_path / "model"
    target.write_bytes(b"old")
    with atomic.replacing(target) as stream:
        stream.write(b"new")
        stream.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ValueError("no"), DownloadError("no mirror")])
def test_an_exception_in_the_block_leaves_the_old_file_and_passes_through(tmp_path, failure):
    target = tmp_path / "model"
    target.write_bytes(b"old")
    with pytest.raises(type(failure)) as caught, atomic.replacing(target) as stream:
        stream.write(b"half")
        raise failure
    assert caught.value is failure
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission"), (errno.EROFS, "only be read")],
)
def test_a_disk_that_refuses_is_a_sentence_and_leaves_the_old_file(tmp_path, monkeypatch, code, reason):
    target = tmp_path / "model"
    target.write_bytes(b"old")

    def refuse(handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(SaveError, match=reason) as caught:
        atomic.write(target, b"new")
    assert isinstance(caught.value, LeNet5Error) and isinstance(caught.value, OSError)
    assert str(target) in str(caught.value)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["model"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits on the size of files are a thing of Unix")
def test_a_write_that_the_system_cuts_short_leaves_the_old_file(tmp_path):
    target = tmp_path / "model"
    target.write_bytes(b"old")
    program = (
        "import resource, sys; from lenet5 import atomic, errors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: atomic.write(sys.argv[1], b'x' * 100_000)\n"
        "except errors.SaveError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(f"cannot write {target}: ")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/model", "its folder does not exist"),
        ("file/model", "its folder is a file"),
        ("", "it is a folder"),
    ],
)
def test_a_place_that_cannot_be_a_file_says_why(tmp_path, name, reason):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SaveError, match=reason):
        atomic.write(tmp_path / name, b"new")


@pytest.mark.skipif(sys.platform == "win32", reason="users and permissions of Unix")
def test_a_folder_without_permission_says_so(tmp_path):
    program = (
        "import os, sys; from lenet5 import atomic, errors\n"
        "if os.geteuid() == 0: os.setuid(65534)  # root may write everywhere, nobody may not\n"
        "try: atomic.write(sys.argv[1], b'new')\n"
        "except errors.SaveError as error: print(error)\n"
    )
    tmp_path.chmod(0o500)
    try:
        target = str(tmp_path / "model")
        done = subprocess.run(
            [sys.executable, "-c", program, target], capture_output=True, text=True, timeout=60, check=True
        )
    finally:
        tmp_path.chmod(0o700)
    assert f"cannot write {target}: there is no permission" in done.stdout
    assert names(tmp_path) == []


def test_a_link_is_followed_and_a_device_is_not_replaced(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    atomic.write(link, b"new")
    assert link.is_symlink() and real.read_bytes() == b"new"
    atomic.write(os.devnull, b"gone")
    assert not os.path.isfile(os.devnull)  # noqa: PTH113


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    atomic.write(tmp_path / "model", b"new")
    assert (tmp_path / "model").stat().st_mode == plain.stat().st_mode
