"""The Label Studio backend: its answers, and that it fetches from its one host and nowhere else."""

from __future__ import annotations

import base64

import pytest
from PIL import Image

from lenet5.serve.server import ServerOptions
from lenet5.serve.service import LabelStudio
from mirror import Mirror, redirect, whole
from service import LINES, running

CONFIG = """<View><Image name="scan" value="$page"/>
<Rectangle name="box" toName="scan"/><TextArea name="words" toName="scan" perRegion="true"/></View>"""


@pytest.fixture(scope="module")
def studio():
    mirror = Mirror({"page.png": LINES.read_bytes()}, whole)
    origin = mirror.address.removesuffix("/mnist")
    with running(ServerOptions(port=0, workers=1, label_studio=LabelStudio(origin, "key"))) as service:
        yield service, mirror, origin
    mirror.stop()


def predict(service, address: str):
    body = {"tasks": [{"id": 1, "data": {"page": address}}], "label_config": CONFIG, "params": {}}
    return service.client.post("/label-studio/predict", json=body)


@pytest.mark.parametrize(
    "address", ["{origin}/data/page.png", "/data/page.png", "data:image/png;base64,{data}"]
)
def test_each_string_is_a_rectangle_and_a_text_of_one_id(studio, address):
    service, _, origin = studio
    data = base64.b64encode(LINES.read_bytes()).decode()
    answer = predict(service, address.format(origin=origin, data=data))
    assert answer.status_code == 200, answer.text
    (task,) = answer.json()["results"]
    read = service.client.post("/v1/read", content=LINES.read_bytes()).json()
    strings = [string for line in read["lines"] for string in line["strings"]]
    boxes, texts = task["result"][::2], task["result"][1::2]
    with Image.open(LINES) as picture:
        width, height = picture.size
    for box, text, string in zip(boxes, texts, strings, strict=True):
        assert box["id"] == text["id"]
        assert (box["type"], box["from_name"], box["to_name"]) == ("rectangle", "box", "scan")
        assert (text["type"], text["from_name"], text["to_name"]) == ("textarea", "words", "scan")
        assert text["value"]["text"] == [string["text"]]
        assert (box["original_width"], box["original_height"]) == (width, height)
        left, top, _, high = string["box"]
        assert box["value"]["x"] * width / 100 == pytest.approx(left)
        assert (box["value"]["y"] + box["value"]["height"]) * height / 100 == pytest.approx(top + high)
    assert 0 <= task["score"] <= 1 and task["model_version"].startswith("lenet5 ")


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/page.png", "//evil.example/page.png",
     "file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1@evil.example/x", "\\\\evil\\x:y", "http://[::1",
     "gopher://x", "{origin}@evil.example/page.png", "{origin}.evil.example/page.png", "{origin}/a\r\nHost: b"],
)  # fmt: skip
def test_no_other_host_is_asked(studio, address):
    service, mirror, origin = studio
    before = len(mirror.requests)
    answer = predict(service, address.format(origin=origin))
    assert answer.status_code in (403, 502) and answer.json()["error"]
    assert len(mirror.requests) == before or answer.status_code == 502


def test_a_redirection_is_not_followed(studio):
    service, mirror, origin = studio
    other = Mirror({"page.png": LINES.read_bytes()}, whole)
    try:
        mirror.behaviours[:] = [redirect(f"{other.address}/page.png"), whole]
        answer = predict(service, f"{origin}/page.png")
        assert answer.status_code == 502 and not other.requests
    finally:
        mirror.behaviours[:] = [whole]
        other.stop()


def test_health_and_setup_are_as_label_studio_asks(served):
    assert served.client.get("/label-studio/health").json() == {"status": "UP", "model_class": "LeNet5"}
    setup = {"project": "1.2", "schema": CONFIG, "hostname": "http://evil.example", "access_token": "x"}
    answer = served.client.post("/label-studio/setup", json=setup)
    assert answer.json()["model_version"].startswith("lenet5 ")


@pytest.mark.parametrize(
    "body",
    [{}, {"tasks": [5]}, {"tasks": [{}]}, {"tasks": [], "label_config": "<!DOCTYPE a><a/>"},
     {"tasks": [], "label_config": "<a"}, {"tasks": [], "label_config": 5}],
)  # fmt: skip
def test_what_is_no_request_of_label_studio_is_refused(served, body):
    answer = served.client.post("/label-studio/predict", json=body)
    assert answer.status_code == 400 and answer.json()["error"]
