"""The server: one event loop on one address, until SIGTERM or SIGINT; then it finishes what it has."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Lock
from typing import Any

import uvicorn

from ..errors import InputError
from .application import application
from .guard import Access
from .http_protocol import limited_protocol, sweep
from .log import JsonLog, ServerErrors, first_process, library_messages
from .service import NOWHERE, LabelStudio, Service, single_threaded_workers
from .settings import SETTINGS, ServiceSettings

__all__ = ["ServerOptions", "Serving", "serve"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BACKLOG = 2048  # connections that the system holds until they are taken
LOOK = 0.1  # seconds after which a service that starts is asked again whether it is ready


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
    first = first_process()
    with library_messages(first):
        serving = Serving(options, first)
        # uvicorn raises the signal that ended it once more when all is done: SIGTERM is then a clean end.
        before = signal.signal(signal.SIGTERM, lambda *_: None)
        try:
            serving.run()
        finally:
            signal.signal(signal.SIGTERM, before)


class Serving:
    """A service on its address; errors as for `serve`.

    Args:
        options: where and how.
        first: of `library_messages`; a new one, unless given.

    Attributes:
        service: the state that its endpoints share.
        address: `http://host:port`.
    """

    def __init__(self, options: ServerOptions, first: Lock | None = None) -> None:
        self._began = time.monotonic()
        self._listener = _listen(options.host, options.port)
        single_threaded_workers()
        self._log = JsonLog(requests=options.log_requests)
        settings = options.settings
        try:
            self.service = Service(options.weights, options.workers, settings, options.label_studio, first)
        except BaseException:
            self._listener.close()
            raise
        config = uvicorn.Config(
            application(self.service, options.access, self._log),
            http=limited_protocol(settings, self.service.metrics),
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
        self._server = _Server(config, self.service)
        logger = logging.getLogger("uvicorn.error")
        logger.handlers, logger.propagate = [ServerErrors(self._log)], False
        logger.setLevel(logging.ERROR)
        host, port = self._listener.getsockname()[:2]
        self.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        """Answer requests until `stop`, or a signal where this is the main thread."""
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._run())

    def stop(self) -> None:
        """End, from any thread: what was begun is finished."""
        self.service.ending = True
        self._server.should_exit = True

    async def _run(self) -> None:
        tasks = [
            asyncio.create_task(sweep(self._server.server_state.connections)),
            asyncio.create_task(self._log_when_ready()),
        ]
        names = {"weights": self.service.weights, "images": self.service.model_name}
        self._log.write("serving", address=self.address, **names)
        self._log.flush()
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            for task in tasks:
                task.cancel()
            self._log.write("ended")
            self._log.close()

    async def _log_when_ready(self) -> None:
        """Write a line once the service can answer: weights and compiled code are loaded."""
        while not self.service.ready:
            await asyncio.sleep(LOOK)
        self._log.write("ready", address=self.address, seconds=round(time.monotonic() - self._began, 1))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop, which answers twice as many requests; Python's own on Windows."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class _Server(uvicorn.Server):
    """A server that says at once that it ends, so that whoever balances load sends nothing more."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end."""
        self.service.ending = True
        super().handle_exit(sig, frame)


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
