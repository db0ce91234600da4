"""Logs as JSON lines on standard error: what was asked and how it ended, never what a picture shows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.synchronize import Lock
from typing import Any, BinaryIO

import orjson

__all__ = ["JsonLog", "ServerErrors", "first_process", "library_messages", "report"]

MOST_WAITING = 50  # writings that wait for a reader of the log
PATIENCE = 2.0  # seconds that the end of the service waits for the reader
DELAY = 0.2  # seconds after which lines are written together: a line a request would cost a system call each


def report(event: str, **facts: Any) -> None:
    """Write a line at once, from any thread or process of the service: for what happens outside of requests."""
    with contextlib.suppress(OSError, ValueError):
        line = orjson.dumps({"time": round(time.time(), 3), "event": event, **facts}, default=str)
        sys.stderr.write(f"{line.decode()}\n")
        sys.stderr.flush()


class JsonLog:
    """Writes JSON lines, from the event loop's thread alone.

    Args:
        stream: where to; standard error, unless given.
        requests: whether a line is written for each request, or only for what went wrong.
    """

    def __init__(self, stream: BinaryIO | None = None, requests: bool = True) -> None:
        self.stream = stream or sys.stderr.buffer
        self.requests = requests
        self._lines: list[bytes] = []
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def write(self, event: str, **facts: Any) -> None:
        """Add a line."""
        if not self._lines:
            with contextlib.suppress(RuntimeError):  # no loop runs: the end of the service flushes
                asyncio.get_running_loop().call_later(DELAY, self.flush)
        line = {"time": round(time.time(), 3), "event": event, **facts}
        self._lines.append(orjson.dumps(line, default=str))

    def flush(self) -> None:
        """Hand what was added to the thread that writes; lost where too much waits already."""
        lines, self._lines = self._lines, []
        if lines:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Write what is left, unless nobody reads it."""
        self.flush()
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(PATIENCE)

    def _write(self) -> None:
        """Write in a thread of its own: a reader of the log that stands still must not stop the service."""
        while (text := self._waiting.get()) is not None:
            with contextlib.suppress(OSError, ValueError):  # nobody reads: the service goes on
                self.stream.write(text)
                self.stream.flush()


class ServerErrors(logging.Handler):
    """Brings what the HTTP server reports into the log."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__(logging.ERROR)
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Add a line for an error of the server."""
        error = record.exc_info[1] if record.exc_info else None
        self.log.write("server", message=record.getMessage(), error=repr(error) if error else "")


def first_process() -> Lock:
    """What one process of a service holds, for good: the one that says what all of them would."""
    return get_context("spawn").Lock()


class _Once(logging.Handler):
    """Reports what the engine logs, in the process that comes first: all of them compile the same."""

    def __init__(self, first: Lock) -> None:
        super().__init__(logging.WARNING)
        self.first = first

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless another was first."""
        if self.first.acquire(block=False):  # and never released
            report("engine", message=record.getMessage())


@contextlib.contextmanager
def library_messages(first: Lock) -> Iterator[None]:
    """Within the block warnings and the engine's messages are lines of the log, not text between its lines.

    Args:
        first: of `first_process`, shared by all processes of the service.
    """
    engine, handler = logging.getLogger("lenet5.engine"), _Once(first)
    engine.addHandler(handler)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, category, *_, **__: report(
            "warning", kind=category.__name__, message=str(message)
        )
        try:
            yield
        finally:
            engine.removeHandler(handler)
