"""The server: one event loop on one address, until SIGTERM or SIGINT; then it finishes what it has."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from dataclasses import dataclass
from typing import Any

import uvicorn

from ..errors import InputError
from .application import application
from .guard import Access
from .http_protocol import limited_protocol, sweep
from .log import JsonLog, ServerErrors
from .service import NOWHERE, LabelStudio, Service, single_threaded_workers
from .settings import SETTINGS, ServiceSettings

__all__ = ["ServerOptions", "serve"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BACKLOG = 2048  # connections that the system holds until they are taken


@dataclass(frozen=True)
class ServerOptions:
    """Where and how to serve.

    Args:
        host, port: the address; port 0 is any that is free.
        weights: a name of weights that come with the package, or a model file.
        workers: processes that read pictures; a core each, unless given.
        token: that requests must bear; "": none.
        allowed_hosts: further names that clients may call this service by.
        label_studio: the host that Label Studio's pictures may be fetched from.
        log_requests: whether each request is a line of the log.
        settings: the limits.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    weights: str = "digits"
    workers: int | None = None
    token: str = ""
    allowed_hosts: tuple[str, ...] = ()
    label_studio: LabelStudio = NOWHERE
    log_requests: bool = True
    settings: ServiceSettings = SETTINGS

    @property
    def access(self) -> Access:
        """Who may ask. On loopback a client must call the service by a name of this machine."""
        hosts = (*LOOPBACK, *self.allowed_hosts) if self.host in LOOPBACK else self.allowed_hosts
        return Access(self.token, tuple(host.lower() for host in hosts))


def serve(options: ServerOptions) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        InputError: the address cannot be used.
        ModelError: the weights are missing or damaged.
    """
    listener = _listen(options.host, options.port)
    single_threaded_workers()
    log = JsonLog(requests=options.log_requests)
    service = Service(options.weights, options.workers, options.settings, options.label_studio)
    settings = options.settings
    config = uvicorn.Config(
        application(service, options.access, log),
        http=limited_protocol(settings, service.metrics),
        loop="auto",
        ws="none",
        interface="asgi3",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = (
            [ServerErrors(log)] if name == "uvicorn" else [],
            name != "uvicorn",
        )
        logger.setLevel(logging.ERROR)
    # uvicorn raises the signal that ended it once more when all is done: SIGTERM is then a clean end.
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        asyncio.run(_run(_Server(config, service), listener, service, log))
    finally:
        signal.signal(signal.SIGTERM, before)
        log.flush()


class _Server(uvicorn.Server):
    """A server that says at once that it ends, so that whoever balances load sends nothing more."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end."""
        self.service.ending = True
        super().handle_exit(sig, frame)


async def _run(server: _Server, listener: socket.socket, service: Service, log: JsonLog) -> None:
    host, port = listener.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    sweeper = asyncio.create_task(sweep(server.server_state.connections))
    log.write("serving", address=f"http://{name}:{port}", weights=service.weights, images=service.model_name)
    log.flush()
    try:
        await server.serve(sockets=[listener])
    finally:
        sweeper.cancel()
        log.write("ended")


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises InputError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # An answer is written in two parts: the second must not wait until the first is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"cannot serve at {host}:{port}: {reason}; choose another --host or --port"
        ) from error
    return listener
