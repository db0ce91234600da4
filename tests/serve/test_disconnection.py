"""A client that goes away: its pictures that still wait are not read."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from service import SEVEN, Running, connect

PICTURES = "lenet5_pictures_total"


def wait(condition) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_picture_that_nobody_waits_for_is_not_read(served: Running):
    """One request is in the worker's hands, three are given up while they wait, one comes after them."""
    picture, pool = SEVEN.read_bytes(), served.serving.service.pool
    before = served.metric(PICTURES)
    head = b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(picture)
    (worker,) = pool.pids
    os.kill(worker, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(2) as clients:
            post = f"{served.address}/v1/read"
            first = clients.submit(httpx.post, post, content=picture, timeout=60)
            wait(lambda: served.serving.service.bodies.held >= len(picture))
            time.sleep(0.3)  # the worker has it
            leaving = [connect(served.address) for _ in range(3)]
            for client in leaving:
                client.sendall(head + picture)
            wait(lambda: len(pool._jobs) == 3)
            for client in leaving:
                client.close()
            wait(lambda: all(job.answer.done() for job in pool._jobs))
            last = clients.submit(httpx.post, post, content=picture, timeout=60)
            os.kill(worker, signal.SIGCONT)
            answers = [first.result(), last.result()]
    finally:
        os.kill(worker, signal.SIGCONT)
    assert [answer.json()["text"] for answer in answers] == ["7", "7"]
    assert served.metric(PICTURES) - before == 2
