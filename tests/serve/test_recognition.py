"""Images for the network over HTTP: every form of body gives the answer of the model itself."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lenet5.model.lenet5 import LeNet5


@pytest.fixture(scope="module")
def model() -> LeNet5:
    return LeNet5.pretrained("reading")


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        lambda x: {"content": x.tobytes()},
        lambda x: {"content": npy(x)},
        lambda x: {"content": npy(np.asfortranarray(x))},
        lambda x: {"content": npy((x / 255).astype(np.float64))},
        lambda x: {"json": {"images": x.tolist()}},
        lambda x: {"json": {"images": (x / 255).tolist()}},
        lambda x: {"json": {"images": x.reshape(-1, 784).tolist()}},
        lambda x: {"json": {"images": base64.b64encode(x.tobytes()).decode()}},
    ],
    ids=["raw", "npy", "npy-fortran", "npy-float", "json", "json-float", "json-flat", "json-base64"],
)
def test_every_form_of_body_gives_the_answers_of_the_model(served, model, digits, body):
    answer = served.client.post("/v1/recognise?penalties=1", **body(digits))
    assert answer.status_code == 200, answer.text
    data, penalties = answer.json(), model.penalties(digits)
    np.testing.assert_allclose(data["penalties"], penalties, rtol=1e-4)
    assert data["class"] == penalties.argmin(1).tolist()
    assert data["text"] == [model.classes[k] for k in data["class"]]
    confidence = model.confidence_of(penalties)[np.arange(len(digits)), penalties.argmin(1)]
    np.testing.assert_allclose(data["confidence"], confidence, atol=1e-4)
    assert data["rejected"] == (confidence < model.threshold_for()).tolist()


def test_requests_that_come_together_each_get_their_own_answers(served, model, digits):
    def ask(k: int) -> list[int]:
        part = digits[k % 12 : k % 12 + 1 + k % 3]
        return served.client.post("/v1/recognise", content=part.tobytes()).json()["class"]

    expected = model.predict(digits).tolist()
    with ThreadPoolExecutor(16) as pool:
        for k, labels in enumerate(pool.map(ask, range(96))):
            assert labels == expected[k % 12 : k % 12 + 1 + k % 3]


def test_many_images_are_recognised_as_few_are(served, model, digits):
    many = np.tile(digits, (100, 1, 1))
    answer = served.client.post("/v1/recognise", content=many.tobytes()).json()
    assert answer["class"] == np.tile(model.predict(digits), 100).tolist()


def test_weights_are_chosen_by_name_and_never_by_path(served, digits):
    letters = served.client.post("/v1/recognise?weights=letters", content=digits.tobytes()).json()
    assert letters["weights"] == "letters" and max(letters["class"]) >= 10
    for name in ("/etc/passwd", "../weights/reading.safetensors", "none"):
        answer = served.client.post("/v1/recognise", params={"weights": name}, content=digits.tobytes())
        assert answer.status_code == 404 and "there are no weights" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"content": b""}, 400, "no images"),
        ({"content": b"x" * 783}, 400, "784 bytes an image"),
        ({"content": b"\x93NUMPY\x01\x00\x10\x00{'descr': '|u1'"}, 400, "npy"),
        ({"content": npy(np.zeros((1, 28, 28), object))}, 400, "npy"),
        ({"content": npy(np.zeros((1, 28, 28)))[:-5]}, 400, "another size"),
        ({"content": npy(np.zeros((1, 30, 28), np.uint8))}, 400, "shape"),
        ({"json": {"images": [[[300] * 28] * 28]}}, 400, "whole numbers 0 … 255"),
        ({"json": {"images": [[[0] * 28] * 27]}}, 400, "cannot be read"),
        ({"json": {"images": [[[0] * 28] * 28, [[0] * 5] * 28]}}, 400, "one size"),
        ({"json": {"images": "no base64!"}}, 400, "base64"),
        ({"json": {"images": [["a"]]}}, 400, "numbers"),
        ({"json": [1]}, 400, "object of JSON"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "no JSON"),
        ({"content": b"[" * 5000, "headers": {"content-type": "application/json"}}, 400, "no JSON"),
    ],
)
def test_what_is_no_image_is_refused_with_a_sentence(served, body, status, part):
    answer = served.client.post("/v1/recognise", **body)
    assert answer.status_code == status
    assert part in answer.json()["error"]


def test_npy_file_that_announces_terabytes_is_refused_before_memory_is_taken(served):
    head = npy(np.zeros((1, 28, 28), np.uint8))
    bomb = head.replace(b"(1, 28, 28), }", b"(9**9,28,28)}")
    huge = head.replace(b"(1, 28, 28), }          ", b"(99999999999, 28, 28), }")
    for body in (bomb, huge):
        assert served.client.post("/v1/recognise", content=body).status_code == 400


def test_layers_are_those_of_the_reference(served, model, digits):
    from lenet5.network.preprocessing import normalise
    from lenet5.network.reference import forward

    data = served.client.post("/v1/layers", content=digits[:1].tobytes()).json()
    states = forward(model.named_parameters, model.codes, normalise(digits[:1])).x
    assert list(data["layers"]) == ["input", "c1", "s2", "c3", "s4", "c5", "f6"]
    for name, layer in data["layers"].items():
        assert layer["shape"] == list(states[name].shape[1:])
        np.testing.assert_allclose(layer["states"], states[name].ravel(), rtol=1e-5, atol=1e-6)
    assert data["text"] == model.classes[int(np.argmin(data["penalties"]))]


def test_an_ensemble_and_two_images_have_no_layers(served, digits):
    answer = served.client.post("/v1/layers?weights=ensemble", content=digits[:1].tobytes())
    assert answer.status_code == 400 and "ensemble" in answer.json()["error"]
    assert served.client.post("/v1/layers", content=digits[:2].tobytes()).status_code == 400


def test_an_unknown_or_repeated_option_is_refused(served, digits):
    for query in ("color=1", "penalties=1&penalties=1", "penalties=maybe"):
        assert served.client.post(f"/v1/recognise?{query}", content=digits.tobytes()).status_code == 400
