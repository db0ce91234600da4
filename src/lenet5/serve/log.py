"""Logs as JSON lines on standard error: what was asked and how it ended, never what a picture shows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sys
import threading
import time
from typing import Any, BinaryIO

import orjson

__all__ = ["JsonLog", "ServerErrors", "report"]

MOST_WAITING = 50  # writings that wait for a reader of the log
PATIENCE = 2.0  # seconds that the end of the service waits for the reader
DELAY = 0.2  # seconds after which lines are written together: a line a request would cost a system call each


def report(event: str, **facts: Any) -> None:
    """Write a line at once, from any thread or process of the service: for what goes wrong outside of requests."""
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
