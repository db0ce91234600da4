"""A service on a real socket, and what tests of it have in common."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from lenet5.serve.server import ServerOptions, Serving

EXAMPLES = Path(__file__).parents[2] / "examples"
SEVEN = EXAMPLES / "pencil-seven.png"
LINES = EXAMPLES / "lines" / "two-lines.png"


@dataclass
class Running:
    """A service that runs, and a client of it."""

    serving: Serving
    client: httpx.Client

    @property
    def address(self) -> str:
        return self.serving.address

    def metric(self, line: str) -> float:
        """The figure of a line of /metrics; 0 where there is none."""
        rows = self.client.get("/metrics").text.splitlines()
        return next((float(row.rpartition(" ")[2]) for row in rows if row.startswith(line + " ")), 0.0)


@contextlib.contextmanager
def running(options: ServerOptions, headers: dict[str, str] | None = None) -> Iterator[Running]:
    """A service in a thread of this process; ready when the block begins."""
    serving = Serving(options)
    thread = threading.Thread(target=serving.run)
    thread.start()
    try:
        with httpx.Client(base_url=serving.address, headers=headers, timeout=60) as client:
            until = time.monotonic() + 120
            while not serving.service.ready:
                assert thread.is_alive() and time.monotonic() < until
                time.sleep(0.05)
            yield Running(serving, client)
    finally:
        serving.stop()
        thread.join()


def connect(address: str) -> socket.socket:
    """A connection to a service."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def receive(client: socket.socket) -> bytes:
    """All that the service says until it closes the connection, or has answered."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while part := client.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer and b"connection: close" not in answer:
                break
    return answer
