"""A machine-learning backend of Label Studio: pictures of its tasks, read before people look at them.

A task names its picture by an address. It is fetched from the one host that the service was started with, without
following it elsewhere; `data:` addresses need no host.
"""

from __future__ import annotations

import asyncio
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .._version import __version__
from .answers import json_response
from .bodies import decode_base64, parse_json
from .disconnection import while_connected
from .read_options import ReadOptions
from .reading import boxes_of
from .refusal import Refusal
from .service import Service
from .worker import Task

__all__ = ["LabelStudioBackend"]

PORTS = {"http": 80, "https": 443}
MOST_CONFIG = 100_000  # letters of a labelling configuration


@dataclass(frozen=True)
class _Names:
    """How a labelling configuration names things."""

    picture: str = "image"  # key of the task's data
    rectangle: str = "bbox"  # control of the boxes
    text: str = "transcription"  # control of the texts
    to_name: str = "image"  # the picture's tag


class LabelStudioBackend:
    """The endpoints under /label-studio."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.version = f"lenet5 {__version__} {service.model_name}"

    @property
    def routes(self) -> list[Route]:
        """Their routes."""
        return [
            Route("/label-studio/health", self.health, methods=["GET"]),
            Route("/label-studio/setup", self.setup, methods=["POST"]),
            Route("/label-studio/predict", self.predict, methods=["POST"]),
        ]

    async def health(self, _: Request) -> Response:
        """Whether the backend runs."""
        return json_response({"status": "UP", "model_class": "LeNet5"})

    async def setup(self, request: Request) -> Response:
        """What Label Studio asks first; the host and the token that it gives are not used."""
        async with self.service.bodies.of(request) as body:
            parse_json(body)
        return json_response({"model_version": self.version})

    async def predict(self, request: Request) -> Response:
        """A prediction for each task: a rectangle and a text for each string."""
        service = self.service
        async with service.bodies.of(request) as body:
            data = parse_json(body)
            tasks = data.get("tasks")
            if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
                raise Refusal(400, "`tasks` must be a list of tasks", "json")
            if len(tasks) > service.settings.tasks:
                raise Refusal(413, f"{service.settings.tasks} tasks may come together", "tasks")
            names = _names(data.get("label_config"))
            predictions = asyncio.gather(*(self._predict(task, names) for task in tasks))
            results = await while_connected(request, predictions)
        return json_response({"results": results, "model_version": self.version})

    async def _predict(self, task: dict[str, Any], names: _Names) -> dict[str, Any]:
        fields = task.get("data")
        address = fields.get(names.picture) if isinstance(fields, dict) else None
        if not isinstance(address, str):
            raise Refusal(400, f"a task has no picture: data.{names.picture} must be an address", "json")
        picture = await self._picture(address)
        answer = await self.service.pool.read(Task("the picture", picture, ReadOptions(explain=True)))
        sizes = [orjson.loads(page).get("explanation", {}) for page in answer.pages[:1]]
        width, height = (sizes[0].get("width", 0), sizes[0].get("height", 0)) if sizes else (0, 0)
        strings = boxes_of(answer) if width else []
        regions = [
            region
            for number, string in enumerate(strings)
            for region in _regions(f"string-{number}", string, (width, height), names)
        ]
        score = min((string["confidence"] for string in strings), default=0.0)
        return {"result": regions, "score": score, "model_version": self.version}

    async def _picture(self, address: str) -> bytes:
        """The picture at an address. Raises Refusal for any other host than Label Studio's."""
        if address.startswith("data:"):
            return decode_base64(address, "the picture")
        known = self.service.label_studio
        if not known.address:
            raise Refusal(403, "no host is configured to fetch pictures from: see --label-studio", "fetch")
        try:
            target = urljoin(known.address + "/", address)
            same = _origin(target) == _origin(known.address)
        except ValueError:
            same = False
        if not same or re.search(r"[\x00-\x20\x7f]", target):
            raise Refusal(403, "the picture is not at the host that --label-studio names", "fetch")
        return await asyncio.to_thread(self._fetch, target)

    def _fetch(self, address: str) -> bytes:
        settings, token = self.service.settings, self.service.label_studio.token
        headers = {"Authorization": f"Token {token}"} if token else {}
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        request = urllib.request.Request(address, headers=headers)
        try:
            with opener.open(request, timeout=settings.fetch_seconds) as answer:
                data: bytes = answer.read(settings.body_bytes + 1)
        except (urllib.error.URLError, OSError, ValueError) as error:
            sentence = f"Label Studio did not give the picture ({type(error).__name__})"
            raise Refusal(502, sentence, "fetch") from error
        if len(data) > settings.body_bytes:
            raise Refusal(413, f"the picture has more than {settings.body_bytes:,} bytes", "body_bytes")
        return data


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing: a redirection may lead anywhere."""


def _origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError."""
    parts = urlsplit(address)
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
        raise ValueError(address)
    return parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]


def _names(config: Any) -> _Names:
    """The names of a labelling configuration, which is XML; defaults where there is none. Raises Refusal."""
    if config is None or config == "":
        return _Names()
    if not isinstance(config, str) or len(config) > MOST_CONFIG or "<!" in config:
        raise Refusal(400, "label_config must be the XML of a labelling configuration", "json")
    try:
        tags = list(ElementTree.fromstring(config).iter())
    except (ElementTree.ParseError, ValueError) as error:
        raise Refusal(400, f"label_config is no XML ({error})", "json") from error

    def first(kinds: tuple[str, ...], key: str, otherwise: str) -> str:
        return next((tag.attrib[key] for tag in tags if tag.tag in kinds and key in tag.attrib), otherwise)

    known = _Names()
    return _Names(
        first(("Image",), "value", known.picture).lstrip("$"),
        first(("Rectangle", "RectangleLabels"), "name", known.rectangle),
        first(("TextArea",), "name", known.text),
        first(("Image",), "name", known.to_name),
    )


def _regions(name: str, string: dict[str, Any], size: tuple[int, int], names: _Names) -> list[dict[str, Any]]:
    """A string as two results of one id; coordinates are in per cent of the picture."""
    width, height = size
    left, top, wide, high = string["box"]
    place = {
        "x": 100 * left / width,
        "y": 100 * top / height,
        "width": 100 * wide / width,
        "height": 100 * high / height,
        "rotation": 0,
    }
    common = {
        "id": name,
        "to_name": names.to_name,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "score": string["confidence"],
    }
    return [
        {**common, "type": "rectangle", "from_name": names.rectangle, "value": place},
        {**common, "type": "textarea", "from_name": names.text, "value": {**place, "text": [string["text"]]}},
    ]
