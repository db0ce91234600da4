"""`lenet5 serve` as a user starts it: its address, its end, its token, its log, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lenet5.serve.server import ServerOptions
from service import LINES, SEVEN, running

COMMAND = [sys.executable, "-m", "lenet5", "serve", "--port", "0", "--workers", "1"]


@contextlib.contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The command, and its address, when it is ready."""
    process = subprocess.Popen([*COMMAND, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        events = map(json.loads, process.stderr)
        address = next(event for event in events if event["event"] == "serving")["address"]
        until = time.monotonic() + 120
        while httpx.get(f"{address}/v2/health/ready").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        yield process, address
    finally:
        process.kill()
        process.communicate()


def test_sigterm_finishes_what_was_begun_and_is_a_clean_end():
    with started() as (process, address):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            page = LINES.read_bytes()
            client.sendall(
                b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(page)
            )
            client.sendall(page)
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            answer = b""
            while part := client.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 200 ")
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    events = [json.loads(line) for line in errors.splitlines()]
    assert events[-1]["event"] == "ended"
    (ready,) = [event for event in events if event["event"] == "ready"]
    assert ready["address"] == address and ready["seconds"] > 0
    (request,) = [event for event in events if event.get("endpoint") == "/v1/read"]
    assert request["status"] == 200 and request["bytes"] == len(page)
    assert not any("picture" in event or "text" in event for event in events)


def test_ctrl_c_ends_it_with_130():
    with started("--quiet") as (process, _):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and errors.endswith(b"lenet5: interrupted\n")


def test_an_address_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"lenet5: cannot serve at 127.0.0.1:{port}: ")


@pytest.mark.parametrize(
    ("options", "part"),
    [(["--weights", "none"], "no weights called"), (["--token-file", "/no/file"], "cannot read the token")],
)
def test_what_it_cannot_start_with_is_one_sentence(options, part):
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and part in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "address", ["label.example", "ftp://label.example", "http://", "http://a@label.example"]
)
def test_an_address_that_is_none_of_label_studio_is_wrong_use(address):
    done = subprocess.run(
        [*COMMAND, "--label-studio", address], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2 and "is no address of a host" in done.stderr


@pytest.fixture(scope="module")
def guarded():
    options = ServerOptions(port=0, workers=1, token="open sesame", allowed_hosts=("reader.example",))
    with running(options, {"authorization": "Bearer open sesame"}) as service:
        yield service


def test_a_token_is_needed_but_for_health_and_the_page(guarded):
    def status(path: str, token: str | None) -> int:
        headers = {} if token is None else {"authorization": token}
        return httpx.get(f"{guarded.address}{path}", headers=headers).status_code

    for token in (None, "Bearer wrong", "open sesame", "Bearer open sesam"):
        assert status("/v2", token) == status("/metrics", token) == 401
        assert status("/v2/health/live", token) == status("/", token) == 200
    assert status("/v2", "Bearer open sesame") == 200
    answer = httpx.post(f"{guarded.address}/v1/read", content=SEVEN.read_bytes())
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_another_name_of_this_machine_is_refused(guarded):
    def status(host: str) -> int:
        return guarded.client.get("/v2", headers={"host": host}).status_code

    assert status("localhost:1234") == status("READER.example") == status("[::1]:80") == 200
    assert status("evil.example") == status("localhost.evil.example") == 421


def test_the_page_is_served_under_its_policy_and_everything_else_under_the_strictest(served):
    page = served.client.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    other = served.client.get("/v2")
    assert other.headers["content-security-policy"].startswith("default-src 'none'; frame-anc")
    for answer in (page, other, served.client.get("/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers and "server" not in answer.headers


def test_no_file_of_the_host_is_served(served):
    for path in (
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/v2/models/..%2f..%2fetc",
    ):
        answer = served.client.get(path)
        assert answer.status_code == 404 and "root:" not in answer.text


def test_metrics_count_what_was_asked(served):
    before = served.metric('lenet5_requests_total{endpoint="/v2",status="200"}')
    images = served.metric("lenet5_images_total")
    served.client.get("/v2")
    served.client.post("/v1/recognise", content=bytes(784 * 3))
    assert served.metric('lenet5_requests_total{endpoint="/v2",status="200"}') == before + 1
    assert served.metric("lenet5_images_total") == images + 3
    assert served.metric("lenet5_queued_images") == 0  # all have their answers
    assert served.metric("lenet5_workers") == 1


def test_a_service_without_its_extra_says_what_to_install(tmp_path):
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError('no starlette')")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2] / "src")])
    done = subprocess.run(
        [*COMMAND], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 1 and "lenet5-1998[serve]" in done.stderr
