"""Workers that die, hang or cannot start: their own request fails with a sentence, and another takes their place."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from lenet5.serve.server import ServerOptions
from lenet5.serve.settings import SETTINGS
from service import LINES, SEVEN, running


@pytest.fixture(scope="module")
def two():
    settings = replace(SETTINGS, picture_seconds=6.0)
    with running(ServerOptions(port=0, workers=2, settings=settings)) as service:
        yield service


def pids(service, count: int) -> list[int]:
    until = time.monotonic() + 60
    while len(known := list(service.serving.service.pool.pids)) < count:
        assert time.monotonic() < until
        time.sleep(0.05)
    return known


def read(service) -> httpx.Response:
    with httpx.Client(base_url=service.address, timeout=60) as client:
        return client.post("/v1/read", content=SEVEN.read_bytes())


def test_a_worker_killed_while_idle_costs_no_request(two):
    os.kill(pids(two, 2)[0], signal.SIGKILL)
    answers = [read(two).status_code for _ in range(4)]
    assert answers == [200] * 4


def test_a_worker_killed_under_load_costs_only_what_it_had_in_hand(two):
    pids(two, 2)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(read, two) for _ in range(40)]
        time.sleep(1.0)
        os.kill(pids(two, 1)[0], signal.SIGKILL)
        answers = [answer.result() for answer in answers]
    lost = [answer for answer in answers if answer.status_code != 200]
    assert len(lost) <= 1
    for answer in lost:
        assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
        assert "ended: try again" in answer.json()["error"]
    pids(two, 2)
    assert two.metric('lenet5_workers_replaced_total{reason="died"}') >= 1


def test_a_worker_that_hangs_is_replaced(two):
    hung = pids(two, 2)
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    answer = read(two)
    assert answer.status_code == 503 and "was not read within 6 seconds" in answer.json()["error"]
    for pid in hung:
        if pid in two.serving.service.pool.pids:
            os.kill(pid, signal.SIGCONT)
    assert read(two).status_code == 200
    pids(two, 2)
    assert two.metric('lenet5_workers_replaced_total{reason="late"}') >= 1


def keepers() -> set[int | None]:
    return {thread.ident for thread in threading.enumerate() if thread.name.startswith("worker ")}


def test_requests_that_were_begun_are_finished_and_new_ones_refused():
    before = keepers()
    with running(ServerOptions(port=0, workers=1)) as service:
        (worker,) = service.serving.service.pool.pids
        os.kill(worker, signal.SIGSTOP)  # until all six have come
        with ThreadPoolExecutor(6) as pool:
            page = LINES.read_bytes()
            answers = [
                pool.submit(lambda: httpx.post(f"{service.address}/v1/read", content=page, timeout=60))
                for _ in range(6)
            ]
            until = time.monotonic() + 30
            while service.serving.service.bodies.held < 6 * len(page):
                assert time.monotonic() < until
                time.sleep(0.02)
            service.serving.stop()
            os.kill(worker, signal.SIGCONT)
            assert {answer.result().status_code for answer in answers} == {200}
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{service.address}/v2/health/live")
    assert keepers() == before
