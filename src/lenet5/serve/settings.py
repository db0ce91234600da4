"""Every limit of the service, with its unit: what goes beyond is refused with a sentence, a status and a metric."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SETTINGS", "ServiceSettings"]

MIB = 1 << 20


@dataclass(frozen=True)
class ServiceSettings:
    """Limits. Chosen so that two cores and 4 GiB of memory bear a client that asks for all that is allowed."""

    # --- connections
    connections: int = 1024  # open at a time
    header_bytes: int = 32_768  # of a request's line and headers
    header_seconds: float = 10.0  # from the first byte to the end of the headers
    body_seconds: float = 30.0  # from the headers to the end of the body
    request_seconds: float = 180.0  # from the headers to the last byte that the client has taken
    idle_seconds: int = 30  # that a connection is kept without a request
    shutdown_seconds: int = 60  # in which requests are finished that were begun before SIGTERM
    # --- bodies
    body_bytes: int = 16 * MIB  # of one request
    json_bytes: int = 8 * MIB  # of one request in JSON: numbers in text take ten times their bytes in memory
    held_bytes: int = 256 * MIB  # of all requests that are read or answered at the moment
    # --- images: arrays for the network
    images: int = 16_384  # of one request
    queued_images: int = 65_536  # that wait, of all requests
    batch_images: int = 1024  # from which the network is given no further request's images in one call
    inline_images: int = 128  # that the event loop recognises itself: about a millisecond
    # --- pictures: files to be read
    pixels: int = 50_000_000  # of a picture: an A4 page at 600 dpi has 35 million
    pictures: int = 16  # files of one request
    pages: int = 20  # of one document
    queued_pictures: int = 256  # that wait, of all requests
    queue_seconds: float = 30.0  # that a picture waits at most
    picture_seconds: float = 30.0  # to read one file, all its pages; then its worker is ended and replaced
    worker_bytes: int = 3 << 30  # of memory that a worker may have for itself
    start_seconds: float = 180.0  # in which a worker must be ready: the first of all compiles the engine
    # --- other services
    fetch_seconds: float = 10.0  # to fetch a picture from Label Studio
    tasks: int = 16  # of one request of Label Studio


SETTINGS = ServiceSettings()
