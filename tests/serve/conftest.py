"""Services on real sockets for the tests: one with the limits of a user, one with limits that a test can meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra serve is not installed")

from lenet5.serve.server import ServerOptions
from lenet5.serve.settings import SETTINGS, ServiceSettings
from service import Running, running


@pytest.fixture(scope="session")
def served() -> Iterator[Running]:
    """A service as a user starts it, with one worker."""
    with running(ServerOptions(port=0, workers=1)) as service:
        yield service


STRICT: ServiceSettings = replace(
    SETTINGS,
    connections=8, header_bytes=4096, header_seconds=1.0, body_seconds=1.0, request_seconds=20.0, idle_seconds=2,
    body_bytes=200_000, json_bytes=100_000, held_bytes=300_000, images=16, queued_images=16, pixels=100_000,
    pictures=2, pages=2, queued_pictures=2, queue_seconds=6.0, picture_seconds=3.0, shutdown_seconds=5,
)  # fmt: skip


@pytest.fixture(scope="session")
def strict() -> Iterator[Running]:
    """A service whose limits are small."""
    with running(ServerOptions(port=0, workers=1, settings=STRICT)) as service:
        yield service


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """Twelve images that look like digits, (12, 28, 28) uint8; what they are read as does not matter."""
    from lenet5.network.codes import code

    images = np.zeros((12, 28, 28), np.uint8)
    for k in range(12):
        drawn = np.kron(code(str(k % 10)).reshape(12, 7) > 0, np.ones((2, 2)))
        images[k, 2:26, 7:21] = 255 * drawn
    images[10:, ::2] //= 2
    return images
