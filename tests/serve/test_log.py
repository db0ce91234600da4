"""The log: lines of JSON, and a service that goes on where nobody reads them."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import time
import warnings

import pytest

pytest.importorskip("starlette", reason="the extra serve is not installed")

from lenet5.serve.log import JsonLog, first_process, library_messages


@pytest.mark.filterwarnings("always::RuntimeWarning")
def test_a_warning_and_what_the_engine_says_are_lines_of_the_log_and_the_latter_once(capsys):
    """Two services' worth of processes say that they compile; one line comes of it, and warnings stay apart."""
    first = first_process()
    for _ in range(2):
        with library_messages(first):
            logging.getLogger("lenet5.engine.numba_backend.jit").warning("compiling")
            warnings.warn("no folder", RuntimeWarning, stacklevel=1)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["message"]) for line in lines].count(("engine", "compiling")) == 1
    assert [line["event"] for line in lines].count("warning") >= 1 and len(lines) <= 3
    assert not logging.getLogger("lenet5.engine").handlers


def test_lines_are_json_in_their_order():
    stream = io.BytesIO()
    log = JsonLog(stream)
    for number in range(3):
        log.write("request", number=number)
    log.close()
    assert [json.loads(line)["number"] for line in stream.getvalue().splitlines()] == [0, 1, 2]


def test_a_reader_that_stands_still_does_not_stop_the_service():
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "wb")
    log = JsonLog(stream)
    began = time.monotonic()
    for _ in range(200):  # far more than a pipe holds
        log.write("request", text="x" * 5000)
        log.flush()
    assert time.monotonic() - began < 2
    os.close(reading)  # what waits fails, and the thread ends
    log.close()
    log._thread.join(5)
    with contextlib.suppress(OSError):  # what the stream itself still holds cannot be written either
        stream.close()
