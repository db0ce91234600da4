"""The Open Inference Protocol v2 with Triton's binary extension: `tritonclient[http]` talks to it unchanged."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .._version import __version__
from ..network.architecture import FIELD, INPUT
from . import arrays
from .answers import Recognised, ServedModel, json_response
from .bodies import parse_json
from .refusal import Refusal
from .service import Service

__all__ = ["InferenceProtocol"]

VERSION = "1"
BINARY = "inference-header-content-length"
SMALL = 65_536  # bytes of JSON that is taken apart at once; more in a thread
TYPES: dict[str, np.dtype[Any]] = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4")}
# Name -> its type, and the length of a row (0: a row is one number, −1: one for each class).
OUTPUTS = {"penalties": ("FP32", -1), "class": ("INT64", 0), "confidence": ("FP32", 0), "rejected": ("BOOL", 0),
           "text": ("BYTES", 0)}  # fmt: skip


@dataclass(frozen=True)
class _Output:
    """An output that is asked for."""

    name: str
    binary: bool


class InferenceProtocol:
    """The endpoints under /v2."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def routes(self) -> list[Route]:
        """Their routes."""
        model = "/v2/models/{name}"
        return [
            Route("/v2", self.server, methods=["GET"]),
            Route("/v2/health/live", self.live, methods=["GET"]),
            Route("/v2/health/ready", self.ready, methods=["GET"]),
            *(
                route
                for path in (model, f"{model}/versions/{{version}}")
                for route in (
                    Route(path, self.metadata, methods=["GET"]),
                    Route(f"{path}/ready", self.model_ready, methods=["GET"]),
                    Route(f"{path}/infer", self.infer, methods=["POST"]),
                )
            ),
        ]

    async def server(self, _: Request) -> Response:
        """Name, version and extensions."""
        return json_response({"name": "lenet5", "version": __version__, "extensions": ["binary_tensor_data"]})

    async def live(self, _: Request) -> Response:
        """Whether the service runs."""
        return json_response({"live": True})

    async def ready(self, _: Request) -> Response:
        """Whether it answers requests: 503 while it starts or ends."""
        ready = self.service.ready
        if ready:
            return json_response({"ready": True})
        raise Refusal(503, "the service starts, or ends", "ready", retry_after=1)

    async def model_ready(self, request: Request) -> Response:
        """Whether a model answers requests."""
        self._model(request)
        return await self.ready(request)

    async def metadata(self, request: Request) -> Response:
        """Inputs and outputs of a model."""
        model = self._model(request)
        outputs = [
            {"name": output, "datatype": kind, "shape": [-1, len(model.classes)] if row else [-1]}
            for output, (kind, row) in OUTPUTS.items()
        ]
        return json_response(
            {
                "name": model.name,
                "versions": [VERSION],
                "platform": "lenet5",
                "inputs": [{"name": "image", "datatype": "UINT8", "shape": [-1, FIELD, FIELD]}],
                "outputs": outputs,
                "parameters": {"classes": "".join(model.classes)},
            }
        )

    async def infer(self, request: Request) -> Response:
        """Recognise the images of the input `image`."""
        model = self._model(request)
        async with self.service.bodies.of(request) as body:
            data, rest = await self._parse(request, body)
            images = arrays.checked(_tensor(data, rest), self.service.settings)
            outputs = _outputs(data)
            answer = await self.service.batching.recognise(model, images)
        return _response(model, data, answer, outputs)

    def _model(self, request: Request) -> ServedModel:
        name = request.path_params["name"]
        model = self.service.model(name)
        if request.path_params.get("version", VERSION) != VERSION:
            raise Refusal(404, f"{name} has version {VERSION} alone", "model")
        return model

    async def _parse(self, request: Request, body: bytes) -> tuple[dict[str, Any], bytes]:
        """The object of a request, and the bytes after it."""
        header = request.headers.get(BINARY)
        length = len(body)
        if header is not None:
            if not (
                header.isascii() and header.isdecimal() and len(header) < 12 and int(header) <= len(body)
            ):
                raise Refusal(400, f"{BINARY} must be the length of the JSON in the body", "binary")
            length = int(header)
        if length > self.service.settings.json_bytes:
            sentence = (
                f"JSON may have {self.service.settings.json_bytes:,} bytes: send tensors as binary data"
            )
            raise Refusal(413, sentence, "body_bytes")
        text = body[:length]
        data = parse_json(text) if length <= SMALL else await asyncio.to_thread(parse_json, text)
        return data, body[length:]


def _tensor(data: Mapping[str, Any], rest: bytes) -> NDArray[Any]:
    """The images of the input `image`, (N, side, side), uint8 or float32. Raises Refusal."""
    inputs = data.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise Refusal(400, "one input is needed: `image`", "tensor")
    tensor: dict[str, Any] = inputs[0]
    if tensor.get("name") != "image":
        raise Refusal(400, "the input must be called `image`", "tensor")
    datatype, shape = tensor.get("datatype"), tensor.get("shape")
    if not isinstance(datatype, str) or datatype not in TYPES:
        raise Refusal(400, "the datatype must be UINT8, 0 … 255, or FP32, 0 … 1", "tensor")
    if not (isinstance(shape, list) and all(_is_size(side) for side in shape)) or not _is_image(shape):
        raise Refusal(400, f"the shape must be [N, {FIELD}, {FIELD}] or [N, 1, {INPUT}, {INPUT}]", "shape")
    parameters = tensor.get("parameters", {})
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    array = _binary(rest, size, datatype) if size is not None else _values(tensor.get("data"), datatype)
    if array.size != int(np.prod(shape, dtype=object)):
        raise Refusal(400, f"the shape {shape} does not have {array.size} numbers", "shape")
    return array.reshape(shape[0], shape[-2], shape[-1])


def _is_size(side: Any) -> bool:
    return isinstance(side, int) and not isinstance(side, bool) and 0 < side < 1 << 31


def _is_image(shape: list[int]) -> bool:
    sides = (shape[1:] if len(shape) == 3 else shape[2:]) if len(shape) in (3, 4) else []
    return sides in ([FIELD, FIELD], [INPUT, INPUT]) and (len(shape) == 3 or shape[1] == 1)


def _binary(rest: bytes, size: Any, datatype: str) -> NDArray[Any]:
    dtype = TYPES[datatype]
    if not _is_size(size) or size != len(rest) or size % dtype.itemsize:
        raise Refusal(
            400, f"binary_data_size is {size!r:.40}, and {len(rest)} bytes follow the JSON", "binary"
        )
    return np.frombuffer(rest, dtype)


def _values(values: Any, datatype: str) -> NDArray[Any]:
    """Nested or flat numbers."""
    if not isinstance(values, list):
        raise Refusal(400, "the input needs `data`: numbers, nested or flat", "tensor")
    try:
        array = np.asarray(values)
    except (ValueError, OverflowError) as error:
        raise Refusal(400, f"`data` cannot be read ({str(error)[:100]})", "tensor") from error
    whole = array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255
    if (datatype == "UINT8" and not whole) or array.dtype.kind not in "iuf":
        raise Refusal(400, f"`data` has numbers that are no {datatype}", "tensor")
    return array.astype(TYPES[datatype])


def _outputs(data: Mapping[str, Any]) -> list[_Output]:
    """The outputs that are asked for; all but `text`, unless named. Raises Refusal."""
    parameters = data.get("parameters", {})
    binary = isinstance(parameters, dict) and parameters.get("binary_data_output") is True
    requested = data.get("outputs")
    if requested is None or requested == []:
        return [_Output(name, binary) for name in OUTPUTS if name != "text"]
    if not isinstance(requested, list) or not all(isinstance(one, dict) for one in requested):
        raise Refusal(400, "`outputs` must be a list of objects with a name", "tensor")
    outputs = []
    for one in requested:
        name, own = one.get("name"), one.get("parameters", {})
        if not isinstance(name, str) or name not in OUTPUTS:
            raise Refusal(400, f"there is no output {name!r:.40}: there are {', '.join(OUTPUTS)}", "tensor")
        as_bytes = own.get("binary_data", binary) if isinstance(own, dict) else binary
        outputs.append(_Output(name, as_bytes is True))
    return outputs


def _response(
    model: ServedModel, data: Mapping[str, Any], answer: Recognised, outputs: list[_Output]
) -> Response:
    columns: dict[str, Any] = {
        "penalties": answer.penalties, "class": answer.label, "confidence": answer.confidence,
        "rejected": answer.rejected,
    }  # fmt: skip
    described, tail = [], []
    for output in outputs:
        column = columns[output.name] if output.name != "text" else model.text(answer)
        shape = [len(answer.penalties), *np.shape(column)[1:]]
        tensor: dict[str, Any] = {"name": output.name, "datatype": OUTPUTS[output.name][0], "shape": shape}
        if output.binary:
            tail.append(_to_bytes(output.name, column))
            tensor["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            tensor["data"] = column if isinstance(column, list) else column.ravel()
        described.append(tensor)
    reply: dict[str, Any] = {"model_name": model.name, "model_version": VERSION, "outputs": described}
    if "id" in data:
        if not isinstance(data["id"], str):
            raise Refusal(400, "`id` must be a text", "tensor")
        reply["id"] = data["id"]
    head = orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)
    if not tail:
        return Response(head, media_type="application/json")
    return Response(
        b"".join([head, *tail]), 200, {BINARY: str(len(head))}, media_type="application/octet-stream"
    )


def _to_bytes(name: str, column: Any) -> bytes:
    """A column as Triton's binary extension has it: little-endian, a BYTES element after its length."""
    if name == "text":
        return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in column)
    array = np.ascontiguousarray(column)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
