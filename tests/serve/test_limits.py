"""Every limit is met over a socket: a status, a sentence, a metric, and the service goes on."""

from __future__ import annotations

import io
import socket
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image

from service import SEVEN, connect, receive


def refused(strict, limit: str) -> float:
    return strict.metric(f'lenet5_refused_total{{limit="{limit}"}}')


@pytest.fixture(autouse=True)
def goes_on(strict):
    yield
    assert strict.client.get("/v2/health/ready").json() == {"ready": True}
    held = strict.metric("lenet5_held_bytes")
    assert held == 0


def check(strict, limit: str, answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert len(answer.json()["error"]) > 10
    if status == 503:
        assert answer.headers["retry-after"] == "1"


def png(width: int, height: int) -> bytes:
    """A PNG of many pixels in few bytes: a bomb."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((width + 1) * min(height, 2000)), 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff(*sizes: tuple[int, int]) -> bytes:
    stream = io.BytesIO()
    first, *others = (Image.new("1", size) for size in sizes)
    first.save(stream, "TIFF", save_all=True, append_images=others, compression="group4")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("path", "body", "limit", "status"),
    [
        ("/v1/read", {"content": bytes(200_001)}, "body_bytes", 413),
        ("/v1/read", {"content": iter([bytes(150_000)] * 2)}, "body_bytes", 413),
        ("/v1/read", {"json": {"image": "A" * 120_000}}, "body_bytes", 413),
        ("/v1/read", {"content": png(1000, 101)}, "pixels", 413),
        ("/v1/read", {"content": png(100_000, 100_000)}, "pixels", 413),
        ("/v1/read", {"content": tiff(*[(50, 50)] * 3)}, "pages", 413),
        ("/v1/read", {"files": [("file", ("a.png", b"x"))] * 3}, "pictures", 413),
        ("/v1/read", {"files": [("file", ("a.png", b"x"))] * 30}, "multipart", 400),
        ("/v1/read", {"content": b"x", "headers": {"content-encoding": "gzip"}}, "encoding", 415),
        ("/v1/recognise", {"content": bytes(784 * 17)}, "images", 413),
        ("/v2/models/reading/infer", {"content": b"[" * 100_001}, "body_bytes", 413),
        ("/label-studio/predict", {"json": {"tasks": [{}] * 17}}, "tasks", 413),
        ("/label-studio/predict", {"json": {"tasks": [{"data": {"image": "http://x/y"}}]}}, "fetch", 403),
    ],
)  # fmt: skip
def test_what_goes_beyond_a_limit_is_refused(strict, path, body, limit, status):
    before = refused(strict, limit)
    answer = strict.client.post(path, **body)
    check(strict, limit, answer, status)
    assert refused(strict, limit) == before + 1


def test_a_large_page_behind_a_small_one_is_not_read(strict):
    page = strict.client.post("/v1/read", content=tiff((100, 100), (9000, 9000)))
    assert page.status_code == 422 and "error" in page.json()["results"][1]


def test_a_body_that_does_not_come_is_given_up(strict):
    before = refused(strict, "body_seconds")
    with connect(strict.address) as client:
        client.sendall(b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert receive(client).startswith(b"HTTP/1.1 408 ")
    assert refused(strict, "body_seconds") == before + 1


def test_a_content_length_that_lies_is_not_believed(strict):
    with connect(strict.address) as client:
        client.sendall(
            b"POST /v1/recognise HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n"
        )
        client.sendall(bytes(50_000))
        assert receive(client).startswith(b"HTTP/1.1 408 ")  # nothing was reserved for it


def test_headers_that_do_not_come_end_the_connection(strict):
    with connect(strict.address) as client:
        client.sendall(b"POST /v1/read HTTP/1.1\r\nHost: local")
        assert receive(client).startswith(b"HTTP/1.1 408 ")


def test_headers_without_end_are_refused(strict):
    before = refused(strict, "header_bytes")
    with connect(strict.address) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        answer = b""
        for number in range(200):
            try:
                client.sendall(b"X-%d: %s\r\n" % (number, b"a" * 100))
            except OSError:
                break
            time.sleep(0.001)
        answer = receive(client)
    assert answer.startswith(b"HTTP/1.1 431 ") or not answer  # reset: the client still wrote
    assert refused(strict, "header_bytes") == before + 1


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 100, b"PUT / FTP\r\n\r\n"]
)
def test_what_is_no_http_is_answered_with_a_sentence(strict, garbage):
    with connect(strict.address) as client:
        client.sendall(garbage)
        assert b"this is no request of HTTP" in receive(client)


def test_too_many_connections_are_refused_and_the_open_ones_served(strict):
    open_ones = [connect(strict.address) for _ in range(9)]
    try:
        answers = [client.recv(4096) for client in open_ones[7:]]  # the client of the tests has one too
        assert any(answer.startswith(b"HTTP/1.1 503 ") and b"retry-after" in answer for answer in answers)
        open_ones[0].sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert receive(open_ones[0]).startswith(b"HTTP/1.1 200 ")
    finally:
        for client in open_ones:
            client.close()
    time.sleep(0.1)


def test_pictures_beyond_the_queue_are_refused_at_once(strict):
    before = refused(strict, "queued_pictures")

    def ask(_: int) -> int:
        with httpx.Client(base_url=strict.address, timeout=60) as client:
            return client.post("/v1/read", content=SEVEN.read_bytes()).status_code

    with ThreadPoolExecutor(7) as pool:
        statuses = list(pool.map(ask, range(21)))
    assert set(statuses) == {200, 503} and statuses.count(200) >= 3
    assert refused(strict, "queued_pictures") > before


def test_images_beyond_the_queue_are_refused_at_once(strict):
    batching = strict.serving.service.batching
    batching._queued += 10  # as if others waited
    try:
        answer = strict.client.post("/v1/recognise", content=bytes(784 * 7))
        check(strict, "queued_images", answer, 503)
        assert strict.client.post("/v1/recognise", content=bytes(784 * 6)).status_code == 200
    finally:
        batching._queued -= 10


def test_bodies_of_all_requests_share_a_budget(strict):
    clients = [connect(strict.address) for _ in range(2)]
    try:
        for client in clients:
            client.sendall(
                b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 190000\r\n\r\n"
                + bytes(180_000)
            )
        answers = sorted(receive(client)[:13] for client in clients)
        assert answers == [b"HTTP/1.1 408 ", b"HTTP/1.1 503 "]
    finally:
        for client in clients:
            client.close()


def test_a_client_that_goes_away_leaves_nothing_behind(strict):
    for _ in range(20):
        with connect(strict.address) as client:
            client.sendall(b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nx")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.2)


def test_a_page_of_noise_is_read_or_given_up_in_time(strict):
    noise = np.random.default_rng(0).integers(0, 2, (300, 330), np.uint8) * 255
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    began = time.monotonic()
    answer = strict.client.post("/v1/read?mode=lines", content=stream.getvalue())
    assert answer.status_code in (200, 422, 503)
    assert time.monotonic() - began < 20
