"""The OpenAPI document: its examples are answered, and what it promises holds for requests made from it."""

from __future__ import annotations

import jsonschema
import pytest

from lenet5.serve.read_options import ReadOptions


def test_every_address_of_the_service_is_in_the_document(served):
    document = served.client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    app = served.serving.service
    from lenet5.serve.inference_protocol import InferenceProtocol
    from lenet5.serve.label_studio import LabelStudioBackend
    from lenet5.serve.reading import Reading
    from lenet5.serve.recognition import Recognition

    parts = (InferenceProtocol(app), LabelStudioBackend(app), Reading(app), Recognition(app))
    paths = {route.path for part in parts for route in part.routes}
    assert paths | {"/", "/metrics", "/openapi.json"} == set(document["paths"])


def test_options_of_reading_are_all_in_the_document(served):
    operation = served.client.get("/openapi.json").json()["paths"]["/v1/read"]["post"]
    assert {parameter["name"] for parameter in operation["parameters"]} == set(vars(ReadOptions()))


def test_examples_are_answered_as_the_document_says(served):
    document = served.client.get("/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        example = content.get("application/json", {}).get("example")
        if example is None or "label-studio" in path or "image" in example:
            continue
        answer = served.client.post(path.format(name="reading", version="1"), json=example)
        assert answer.status_code == 200, (path, answer.text)
        schema = operations["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": document["components"]})
        tried += 1
    assert tried == 4


@pytest.mark.filterwarnings("ignore")  # of schemathesis and what it brings
def test_requests_made_from_the_document_get_what_it_promises(served):
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, Phase, given, seed, settings

    schema = schemathesis.openapi.from_url(f"{served.address}/openapi.json")
    checks = schemathesis.checks
    wanted = [
        checks.not_a_server_error, checks.CHECKS.get_one("status_code_conformance"),
        checks.CHECKS.get_one("content_type_conformance"), checks.CHECKS.get_one("response_schema_conformance"),
    ]  # fmt: skip
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @seed(0)
        @settings(
            max_examples=15, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case):
            nonlocal asked
            asked += 1
            case.call_and_validate(base_url=served.address, checks=wanted)

        ask()
    assert asked > 100
