"""The folder of compiled code: who may write there, and what is said of it."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest

from lenet5.engine.numba_backend import jit

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owner here")


@pytest.fixture(autouse=True)
def _afresh():
    jit.cache_folder.cache_clear()
    jit._announce.cache_clear()
    yield
    jit.cache_folder.cache_clear()


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
@pytest.mark.parametrize("part", ["", "compiled"])
def test_a_folder_in_which_others_can_write_is_not_used_and_said_once(mode, part, tmp_path, monkeypatch):
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / part
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match=f"other users can write in {folder}; `chmod go-w") as met:
        assert jit.cache_folder() is None
        assert jit.cache_folder() is None
    assert len(met) == 1


def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path))
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    if owner == 0:
        os.chown(tmp_path, 4321, -1)
    with pytest.warns(
        RuntimeWarning, match="belongs to another user; set LENET5_CACHE to a folder of your own"
    ):
        assert jit.cache_folder() is None


def test_a_folder_that_is_made_is_for_its_user_alone_whatever_the_umask(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "new"))
    before = os.umask(0o002)
    try:
        folder = jit.cache_folder()
    finally:
        os.umask(before)
    assert folder is not None
    assert [part.stat().st_mode & 0o777 for part in (tmp_path / "new", folder.parent, folder)] == [0o700] * 3


def test_without_a_folder_code_is_compiled_all_the_same(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path))

    with pytest.warns(RuntimeWarning, match="compiled again in every process"):
        doubled = jit.compiled(lambda number: number * 2)
    assert doubled(np.float32(4)) == 8
    assert list(tmp_path.rglob("*.nbi")) == []


def test_a_compilation_is_announced_once_and_not_when_the_code_is_at_hand(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))
    kernel = jit.compiled(_kernel)
    with caplog.at_level(logging.WARNING):
        jit.announce_compilation(kernel)
        jit.announce_compilation(kernel)
        assert [record.getMessage() for record in caplog.records] == [
            "compiling for this processor, once: up to 20 seconds"
        ]
        kernel(1.0)
        again = jit.compiled(_kernel)  # as another process has it: not compiled, but in the folder
        jit.announce_compilation(again)
        assert len(caplog.records) == 1


def _kernel(number):
    return number + 1
