"""HTTP/1.1 on a connection, within limits of time and size that the server itself does not set."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .metrics import Metrics
from .refusal import error_body
from .settings import ServiceSettings

__all__ = ["limited_protocol", "sweep"]

PERIOD = 1.0  # seconds between looks at the deadlines of all connections


class LimitedProtocol(HttpToolsProtocol):
    """A connection: refused where there are too many, ended when a request takes too long to come or to be taken.

    deadline: when the present phase must be over, in the loop's time; infinite while the connection is idle.
    """

    settings: ServiceSettings
    metrics: Metrics

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._header_bytes = 0
        self._in_headers = True
        self.deadline = self.loop.time() + self.settings.header_seconds
        self.metrics.connections.set(len(self.connections))
        if len(self.connections) > self.settings.connections:
            self._refuse(
                503,
                "connections",
                "too many connections are open: try again in a second",
                b"retry-after: 1\r\n",
            )

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.metrics.connections.set(len(self.connections))

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_headers:
            if not self._header_bytes:
                self.deadline = self.loop.time() + self.settings.header_seconds
            self._header_bytes += len(data)
        super().data_received(data)
        # Headers that come whole are bounded by what is read at a time.
        if self._in_headers and self._header_bytes > self.settings.header_bytes:
            self._refuse(431, "header_bytes", f"headers may have {self.settings.header_bytes:,} bytes")

    def on_headers_complete(self) -> None:
        self._in_headers, self._header_bytes = False, 0
        self.deadline = self.loop.time() + self.settings.request_seconds
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.deadline = float("inf")  # idle; uvicorn ends idle connections itself
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, "http", "this is no request of HTTP/1.1")

    def end_if_late(self, now: float) -> None:
        """End the connection if the present phase should be over."""
        if now < self.deadline or self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._refuse(408, "header_seconds", "the headers took too long to come")
        else:  # the client takes its answer too slowly, or not at all
            self.metrics.refused.labels("request_seconds").inc()
            self.transport.abort()

    def _refuse(self, status: int, limit: str, sentence: str, header: bytes = b"") -> None:
        self.metrics.refused.labels(limit).inc()
        body = error_body(sentence)
        if self.cycle is None or self.cycle.response_complete:  # else an answer is on its way
            self.transport.write(
                b"HTTP/1.1 %d Refused\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                b"connection: close\r\n%s\r\n%s" % (status, len(body), header, body)
            )
        self.transport.close()


def limited_protocol(settings: ServiceSettings, metrics: Metrics) -> type[asyncio.Protocol]:
    """The class of a service's connections."""
    return type("Connection", (LimitedProtocol,), {"settings": settings, "metrics": metrics})


async def sweep(connections: Iterable[Any]) -> None:
    """End connections that are late, for ever. One look a second costs less than timers for every request."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(PERIOD)
        now = loop.time()
        for connection in list(connections):
            connection.end_if_late(now)
