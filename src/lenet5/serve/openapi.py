"""The OpenAPI 3.1 document of the service: every address, parameter and answer, with examples."""

from __future__ import annotations

from typing import Any

from .._version import __version__
from ..network.architecture import FIELD, INPUT
from ..reading.reader import METHODS
from .read_options import FORMATS, MODES
from .service import Service
from .worker import COLUMNS

__all__ = ["document"]

Json = dict[str, Any]

REFUSALS = {
    "400": "The request cannot be used.",
    "401": "A token is needed.",
    "403": "The picture lies at another host than Label Studio's.",
    "404": "There is no such model.",
    "405": "Another method is needed.",
    "408": "The request took too long to come.",
    "413": "A limit of size is met.",
    "415": "The body is compressed.",
    "421": "The name of the host is not allowed.",
    "422": "The picture cannot be read, or nothing is in it.",
    "500": "The service failed.",
    "502": "Label Studio did not give the picture.",
    "503": "There is no room at the moment, or the service ends.",
}


def document(service: Service) -> Json:
    """The document of a service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "lenet5",
            "version": __version__,
            "summary": "LeNet-5 of 1998: reads handwriting in pictures, and recognises images of characters.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            **_reading(service),
            **_recognition(service),
            **_protocol(service),
            **_label_studio(),
            **_others(),
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(name: str, summary: str, answer: Json, *statuses: str, **more: Any) -> Json:
    """An operation; every one may refuse as well, with a sentence."""
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refused = {
        status: {"description": REFUSALS[status], "content": error}
        for status in sorted({*statuses, "400", "401", "408", "421", "500", "503"})
    }
    return {"operationId": name, "summary": summary, "responses": {"200": answer, **refused}, **more}


def _ok(schema: Json, example: Any = None, kinds: Json | None = None) -> Json:
    media: Json = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"description": "The answer.", "content": {"application/json": media, **(kinds or {})}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _query(name: str, schema: Json, text: str) -> Json:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _weights(names: list[str]) -> Json:
    return _query("weights", {"type": "string", "enum": names}, "Weights by name.")


def _reading(service: Service) -> Json:
    text = {"type": "string", "minLength": 1}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    parameters = [
        _weights(service.reading_names),
        _query("method", {"type": "string", "enum": list(METHODS)}, "How strings are read."),
        _query("signs", {"type": "boolean"}, "Read signs too: . , / - + = : % $ * ( and )."),
        _query("mode", {"type": "string", "enum": list(MODES)}, "What a picture has."),
        _query("region", text, "Read only this part: left,top,width,height in pixels, or all with %."),
        _query("digits", {"type": "integer", "minimum": 1, "maximum": 1000}, "Characters of every string."),
        _query("pattern", text, "Allowed strings, as a regular expression."),
        _query("choices", {"type": "array", "items": text}, "An allowed string; may come several times."),
        _query("form", text, "A template of fields, as JSON."),
        _query("best", {"type": "integer", "minimum": 1, "maximum": 100}, "Best readings of each string."),
        _query("threshold", share, "Characters of lower confidence are shown as ?."),
        _query("max_error", share, "Doubtful answers are ? until at most this share of the rest is wrong."),
        _query("explain", {"type": "boolean"}, "Also pieces, arcs, penalties and shares."),
        _query("format", {"type": "string", "enum": list(FORMATS)}, "Of the answer; png draws the boxes."),
    ]
    answer = _ok(
        {"anyOf": [_ref("Page"), _ref("Pages")]},
        READ,
        {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}, "example": ",".join(COLUMNS)},
            "image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}},
        },
    )
    ocr = _ok(_ref("OcrResults"), {"results": [{"text": "407", "bbox": [8, 6, 95, 40], "confidence": 0.98}]})
    return {
        "/v1/read": {
            "post": _operation(
                "read", "Read pictures: handwriting to text.", answer, "413", "415", "422",
                parameters=parameters, requestBody=_picture("image"),
            )
        },
        "/ocr": {
            "post": _operation(
                "ocr", "Read a picture, in the shape of LiteParse's OCR servers.", ocr, "413", "415", "422",
                parameters=[
                    _weights(service.reading_names),
                    _query("language", {"type": "string"}, "Not used: digits have none."),
                ],
                requestBody=_picture("file"),
            )
        },
    }  # fmt: skip


def _picture(key: str) -> Json:
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    part = {"type": "object", "properties": {key: binary}, "required": [key]}
    encoded = {"type": "string", "contentEncoding": "base64"}
    several = {"type": "array", "items": encoded, "minItems": 1}
    return {
        "required": True,
        "description": "A picture: raw, as multipart, or in base64 within JSON, options beside it.",
        "content": {
            "application/octet-stream": {"schema": binary},
            "image/png": {"schema": binary},
            "multipart/form-data": {"schema": part},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"image": encoded, "images": several},
                    "oneOf": [{"required": ["image"]}, {"required": ["images"]}],
                },
                "example": {"image": "iVBORw0KGgo…"},
            },
        },
    }


def _recognition(service: Service) -> Json:
    names = sorted(service.models)
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    images = {
        "type": "object",
        "required": ["images"],
        "properties": {
            "images": {
                "anyOf": [{"type": "array", "minItems": 1}, {"type": "string", "contentEncoding": "base64"}]
            }
        },
    }
    body = {
        "required": True,
        "description": f"N×{FIELD}×{FIELD} pixels, 255 = ink: raw bytes, an npy file, or JSON.",
        "content": {
            "application/octet-stream": {"schema": binary},
            "application/json": {"schema": images, "example": {"images": [[[0] * FIELD] * FIELD]}},
        },
    }
    numbers: Json = {"type": "array", "items": {"type": "number"}}
    columns = {
        "type": "object",
        "required": ["weights", "text", "class", "confidence", "rejected"],
        "properties": {
            "weights": {"type": "string"},
            "text": {"type": "array", "items": {"type": "string"}},
            "class": {"type": "array", "items": {"type": "integer"}},
            "confidence": numbers,
            "rejected": {"type": "array", "items": {"type": "boolean"}},
            "penalties": {"type": "array", "items": numbers},
        },
    }
    example = {"weights": "reading", "text": ["7"], "class": [7], "confidence": [0.998], "rejected": [False]}
    return {
        "/v1/recognise": {
            "post": _operation(
                "recognise", "Recognise images of one character each.", _ok(columns, example), "404", "413", "415",
                parameters=[_weights(names), _query("penalties", {"type": "boolean"}, "Also eq. 7.")],
                requestBody=body,
            )
        },
        "/v1/layers": {
            "post": _operation(
                "layers", "Every state of the network for one image.", _ok({"type": "object"}), "404", "413", "415",
                parameters=[_weights(names)], requestBody=body,
            )
        },
    }  # fmt: skip


def _protocol(service: Service) -> Json:
    name = {
        "name": "name", "in": "path", "required": True,
        "schema": {"type": "string", "enum": sorted(service.models)},
    }  # fmt: skip
    version = {"name": "version", "in": "path", "required": True, "schema": {"const": "1", "type": "string"}}
    paths: Json = {
        "/v2": {"get": _operation("server", "Name, version and extensions.", _ok({"type": "object"}))},
        "/v2/health/live": {"get": _operation("live", "Whether the service runs.", _ok({"type": "object"}))},
        "/v2/health/ready": {"get": _operation("ready", "Whether it answers.", _ok({"type": "object"}))},
    }
    body = {
        "required": True,
        "content": {"application/json": {"schema": _ref("InferRequest"), "example": INFER}},
    }
    binary = {
        "application/octet-stream": {
            "schema": {"type": "string", "contentMediaType": "application/octet-stream"}
        }
    }
    for suffix, parameters in (("", [name]), ("/versions/{version}", [name, version])):
        path, number = f"/v2/models/{{name}}{suffix}", "Version" if suffix else ""
        paths[path] = {
            "get": _operation(
                f"model{number}", "Inputs and outputs of a model.", _ok({"type": "object"}), "404",
                parameters=parameters,
            )
        }  # fmt: skip
        paths[f"{path}/ready"] = {
            "get": _operation(
                f"modelReady{number}", "Whether a model answers.", _ok({"type": "object"}), "404",
                parameters=parameters,
            )
        }  # fmt: skip
        paths[f"{path}/infer"] = {
            "post": _operation(
                f"infer{number}", "Recognise images (Open Inference Protocol v2).",
                _ok(_ref("InferResponse"), None, binary), "404", "413", "415",
                parameters=parameters, requestBody=body,
            )
        }  # fmt: skip
    return paths


def _label_studio() -> Json:
    anything = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    tasks = {
        "type": "object",
        "required": ["tasks"],
        "properties": {
            "tasks": {"type": "array", "items": {"type": "object"}},
            "label_config": {"type": ["string", "null"]},
        },
    }
    predict = {
        "required": True,
        "content": {
            "application/json": {
                "schema": tasks,
                "example": {"tasks": [{"data": {"image": "/data/upload/1/amount.png"}}]},
            }
        },
    }
    return {
        "/label-studio/health": {
            "get": _operation("labelStudioHealth", "Whether the backend runs.", _ok({"type": "object"}))
        },
        "/label-studio/setup": {
            "post": _operation(
                "labelStudioSetup", "What Label Studio asks first.", _ok({"type": "object"}), "413", "415",
                requestBody=anything,
            )
        },
        "/label-studio/predict": {
            "post": _operation(
                "labelStudioPredict", "Rectangles and texts for tasks.", _ok({"type": "object"}),
                "403", "413", "415", "422", "502", requestBody=predict,
            )
        },
    }  # fmt: skip


def _others() -> Json:
    text = {"description": "The answer.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    page = {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}}
    return {
        "/metrics": {"get": _operation("metrics", "Figures for Prometheus.", text)},
        "/openapi.json": {"get": _operation("openapi", "This document.", _ok({"type": "object"}))},
        "/": {"get": _operation("page", "The page: draw, and see why.", page)},
    }


BOX: Json = {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}
TENSOR: Json = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string"},
        "data": {"type": "array"},
        "parameters": {"type": "object"},
    },
}
SCHEMAS: Json = {
    "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
    "Page": {
        "type": "object",
        "required": ["picture"],
        "description": "docs/result.schema.json describes it in full.",
        "properties": {
            "picture": {"type": "string"},
            "text": {"type": "string"},
            "confidence": {"type": "number"},
            "penalty": {"type": "number"},
            "lines": {"type": "array", "items": {"type": "object"}},
            "fields": {"type": "object"},
            "error": {"type": "string"},
            "explanation": {"type": "object"},
        },
    },
    "Pages": {
        "type": "object",
        "required": ["results"],
        "properties": {"results": {"type": "array", "items": {"$ref": "#/components/schemas/Page"}}},
    },
    "OcrResults": {
        "type": "object",
        "required": ["results"],
        "properties": {
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["text", "bbox", "confidence"],
                    "properties": {
                        "text": {"type": "string"}, "bbox": BOX, "confidence": {"type": "number"},
                    },
                },
            }
        },
    },
    "InferRequest": {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": TENSOR, "minItems": 1, "maxItems": 1},
            "outputs": {"type": "array", "items": {"type": "object"}},
        },
    },
    "InferResponse": {
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "outputs": {"type": "array", "items": TENSOR},
        },
    },
}  # fmt: skip
READ: Json = {
    "picture": "the picture",
    "text": "7",
    "confidence": 0.99,
    "penalty": 0.01,
    "lines": [{"text": "7", "box": [30, 22, 41, 60], "strings": []}],
}
INFER: Json = {
    "id": "1",
    "inputs": [
        {"name": "image", "shape": [1, 1, INPUT, INPUT], "datatype": "FP32", "data": [0.0] * INPUT * INPUT}
    ],
    "outputs": [{"name": "class"}, {"name": "confidence"}],
}
