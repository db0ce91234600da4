"""The Open Inference Protocol v2, as Triton's own client and as plain JSON speak it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lenet5.model.lenet5 import LeNet5


@pytest.fixture(scope="module")
def expected(digits) -> np.ndarray:
    return LeNet5.pretrained("reading").penalties(digits)


def infer(served, tensor: dict, **more):
    return served.client.post(
        "/v2/models/reading/infer", json={"inputs": [{"name": "image", **tensor}], **more}
    )


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("kind", ["UINT8", "FP32"])
def test_tritonclient_talks_to_it_unchanged(served, digits, expected, binary, kind):
    http = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
    client = http.InferenceServerClient(served.address.removeprefix("http://"))
    try:
        assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("reading")
        assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
        metadata = client.get_model_metadata("reading")
        assert metadata["inputs"][0]["name"] == "image"
        images = (
            digits if kind == "UINT8" else np.pad(digits, ((0, 0), (2, 2), (2, 2)))[:, None] / np.float32(255)
        )
        tensor = http.InferInput("image", list(images.shape), kind)
        tensor.set_data_from_numpy(
            images.astype(digits.dtype if kind == "UINT8" else np.float32), binary_data=binary
        )
        names = [output["name"] for output in metadata["outputs"]]
        outputs = [http.InferRequestedOutput(name, binary_data=binary) for name in names]
        answer = client.infer("reading", [tensor], outputs=outputs, request_id="seven")
        np.testing.assert_allclose(answer.as_numpy("penalties"), expected, rtol=1e-4)
        np.testing.assert_array_equal(answer.as_numpy("class"), expected.argmin(1))
        assert answer.as_numpy("rejected").dtype == bool
        assert answer.get_response()["id"] == "seven"
        texts = [t.decode() if isinstance(t, bytes) else t for t in answer.as_numpy("text").ravel()]
        assert texts == [str(k) for k in expected.argmin(1)]
    finally:
        client.close()


@pytest.mark.parametrize("nested", [True, False])
def test_data_may_be_nested_or_flat(served, digits, expected, nested):
    data = digits[:2].tolist() if nested else digits[:2].ravel().tolist()
    tensor = {"shape": [2, 28, 28], "datatype": "UINT8", "data": data}
    answer = infer(served, tensor, id="a", outputs=[{"name": "class"}]).json()
    assert answer == {
        "model_name": "reading", "model_version": "1", "id": "a",
        "outputs": [{"name": "class", "datatype": "INT64", "shape": [2], "data": expected[:2].argmin(1).tolist()}],
    }  # fmt: skip


def test_all_outputs_come_where_none_is_named(served, digits):
    tensor = {"shape": [1, 28, 28], "datatype": "UINT8", "data": digits[0].tolist()}
    names = [output["name"] for output in infer(served, tensor).json()["outputs"]]
    assert names == ["penalties", "class", "confidence", "rejected"]


def test_binary_output_is_asked_for_of_all_at_once(served, digits, expected):
    head = {
        "inputs": [{"name": "image", "shape": [12, 28, 28], "datatype": "UINT8",
                    "parameters": {"binary_data_size": digits.size}}],
        "parameters": {"binary_data_output": True}, "outputs": [{"name": "penalties"}],
    }  # fmt: skip
    text = json.dumps(head).encode()
    answer = served.client.post(
        "/v2/models/reading/versions/1/infer",
        content=text + digits.tobytes(),
        headers={"Inference-Header-Content-Length": str(len(text))},
    )
    length = int(answer.headers["inference-header-content-length"])
    (output,) = json.loads(answer.content[:length])["outputs"]
    assert output["parameters"] == {"binary_data_size": 480}
    np.testing.assert_allclose(
        np.frombuffer(answer.content[length:], "<f4").reshape(12, 10), expected, rtol=1e-4
    )


@pytest.mark.parametrize(
    ("tensor", "more"),
    [
        ({"shape": [1, 28, 28], "datatype": "INT32", "data": [0] * 784}, {}),
        ({"shape": [1, 28, 27], "datatype": "UINT8", "data": [0] * 756}, {}),
        ({"shape": [2, 28, 28], "datatype": "UINT8", "data": [0] * 784}, {}),
        ({"shape": [-1, 28, 28], "datatype": "UINT8", "data": [0] * 784}, {}),
        ({"shape": [2**40, 28, 28], "datatype": "UINT8", "data": [0] * 784}, {}),
        ({"shape": "28", "datatype": "UINT8", "data": [0] * 784}, {}),
        ({"shape": [1, 28, 28], "datatype": "UINT8", "data": [256] * 784}, {}),
        ({"shape": [1, 28, 28], "datatype": "FP32", "data": [2.5] * 784}, {}),
        ({"shape": [1, 28, 28], "datatype": "FP32", "data": ["x"] * 784}, {}),
        ({"shape": [1, 28, 28], "datatype": "UINT8"}, {}),
        ({"shape": [1, 28, 28], "datatype": "UINT8", "parameters": {"binary_data_size": 784}}, {}),
        ({"shape": [1, 28, 28], "datatype": "UINT8", "data": [0] * 784}, {"outputs": [{"name": "prize"}]}),
        ({"shape": [1, 28, 28], "datatype": "UINT8", "data": [0] * 784}, {"id": 5}),
    ],
)
def test_what_is_no_tensor_of_images_is_refused(served, tensor, more):
    answer = infer(served, tensor, **more)
    assert answer.status_code == 400 and answer.json()["error"]


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999", "٣"])
def test_a_wrong_length_of_the_header_is_refused(served, length):
    answer = served.client.post(
        "/v2/models/reading/infer",
        content=b"{}",
        headers={"Inference-Header-Content-Length": length.encode("utf-8")},
    )
    assert answer.status_code == 400


def test_models_and_versions_that_are_not_there_are_not_found(served):
    for path in ("/v2/models/none", "/v2/models/reading/versions/2", "/v2/models/none/ready"):
        answer = served.client.get(path)
        assert answer.status_code == 404 and "error" in answer.json()
