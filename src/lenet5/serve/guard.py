"""What every request passes: the token, the name of the host, headers of safety, the log and the metrics."""

from __future__ import annotations

import hmac
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .log import JsonLog
from .metrics import Metrics
from .refusal import error_body

__all__ = ["Access", "Guard"]

OPEN = ("/v2/health/live", "/v2/health/ready", "/")  # without a token: neither reads anything
CLOSED = 499  # in the log: the client went away

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
]
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Args:
        token: that a request must bear (`Authorization: Bearer …`); "": none.
        hosts: names that the header Host may have, without the port; (): any. A page of another site that has its
            name point to this machine cannot ask then (DNS rebinding).
    """

    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()


class Guard:
    """Wraps the application.

    Args:
        app: the application.
        access: who may ask.
        metrics: where requests are counted.
        log: where they are written.
        paths: of each endpoint, the path as routes write it: what metrics and log name, never what a client wrote.
    """

    def __init__(
        self, app: ASGIApp, access: Access, metrics: Metrics, log: JsonLog, paths: Mapping[Any, str]
    ) -> None:
        self.app, self.metrics, self.log, self.paths = app, metrics, log, paths
        self.bearer = f"Bearer {access.token}".encode() if access.token else b""
        self.hosts = frozenset(host.encode() for host in access.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message.get("headers", ()), *HEADERS]
                if not any(name == POLICY[0] for name, _ in headers):
                    headers.append(POLICY)
            await send(message)

        try:
            if refusal := self._refusal(scope):
                await _answer(send_safely, *refusal)
                scope["lenet5.limit"] = "access"
            else:
                await self.app(scope, receive, send_safely)
        except ClientDisconnect:
            status = status or CLOSED
        except Exception as error:
            where = traceback.format_tb(error.__traceback__)[-4:]
            self.log.write("error", error=type(error).__name__, trace=where)
            if not status:
                await _answer(send_safely, 500, "the service failed: this is its fault, and is in its log")
        finally:
            self._count(scope, status or CLOSED, time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Why a request may not be asked: status and sentence."""
        if not self.hosts and not self.bearer:
            return None
        headers = dict(scope["headers"])
        if self.hosts and _without_port(headers.get(b"host", b"")) not in self.hosts:
            return 421, "this name is not one of this service's: see --allow-host"
        if self.bearer and scope["path"] not in OPEN:
            given = headers.get(b"authorization", b"")
            if not hmac.compare_digest(given, self.bearer):
                return 401, "a token is needed: Authorization: Bearer …"
        return None

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = self.paths.get(scope.get("endpoint"), "other")
        self.metrics.request(endpoint, status, seconds)
        if limit := scope.get("lenet5.limit"):
            self.metrics.refused.labels(limit).inc()
        if self.log.requests or status >= 500:
            facts = {"limit": limit} if limit else {}
            self.log.write(
                "request",
                method=scope["method"],
                endpoint=endpoint,
                status=status,
                ms=round(seconds * 1000, 2),
                bytes=scope.get("lenet5.bytes", 0),
                **facts,
            )


def _without_port(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    return (name if colon and port.isdigit() else host).strip(b"[]").lower()


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = error_body(sentence)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
