"""`POST /v1/recognise` and `POST /v1/layers`: images for the network, and every state of one."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..network import reference
from ..network.architecture import LAYERS
from ..network.preprocessing import normalise
from . import arrays
from .answers import ServedModel, json_response
from .bodies import content_type
from .refusal import Refusal
from .service import Service

__all__ = ["Recognition"]

SMALL = 65_536  # bytes of a body that is taken apart at once; a larger one in a thread, so that others go on
FLAGS = {"": True, "1": True, "true": True, "0": False, "false": False}


class Recognition:
    """The endpoints that give images to the network."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def routes(self) -> list[Route]:
        """Their routes."""
        return [
            Route("/v1/recognise", self.recognise, methods=["POST"]),
            Route("/v1/layers", self.layers, methods=["POST"]),
        ]

    async def recognise(self, request: Request) -> Response:
        """The class of each image, its confidence, and whether it is rejected, as columns."""
        service = self.service
        given = _query(request, {"weights", "penalties"})
        model = service.model(given.get("weights", ""))
        penalties = _flag(given, "penalties")
        async with service.bodies.of(request) as body:
            images = await self._images(body, content_type(request))
            answer = await service.batching.recognise(model, images)
        data: dict[str, Any] = {
            "weights": model.name,
            "text": model.text(answer),
            "class": answer.label,
            "confidence": answer.confidence,
            "rejected": answer.rejected,
        }
        return json_response(data | ({"penalties": answer.penalties} if penalties else {}))

    async def layers(self, request: Request) -> Response:
        """Every state of the network for one image."""
        service = self.service
        given = _query(request, {"weights"})
        model = service.model(given.get("weights", ""))
        if len(model.classifier.networks) > 1:
            raise Refusal(400, "an ensemble has no layers of its own: name one network in weights", "model")
        async with service.bodies.of(request) as body:
            images = await self._images(body, content_type(request))
        if len(images) != 1:
            raise Refusal(400, f"the states of one image are given, not of {len(images)}", "images")
        return json_response(await asyncio.to_thread(_states, model, images))

    async def _images(self, body: bytes, kind: str) -> NDArray[Any]:
        if len(body) <= SMALL or kind != "application/json":
            return arrays.from_body(body, kind, self.service.settings)
        return await asyncio.to_thread(arrays.from_body, body, kind, self.service.settings)


def _query(request: Request, known: set[str]) -> dict[str, str]:
    """The query of a request. Raises Refusal for what is not known, or comes twice."""
    if not request.scope["query_string"]:
        return {}
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known or name in given:
            allowed = ", ".join(sorted(known))
            raise Refusal(400, f"the query may have {allowed}, each once, not {name[:40]!r}", "options")
        given[name] = value
    return given


def _flag(given: dict[str, str], name: str) -> bool:
    value = given.get(name, "0").lower()
    if value not in FLAGS:
        raise Refusal(400, f"{name} must be 1 or 0", "options")
    return FLAGS[value]


def _states(model: ServedModel, images: NDArray[Any]) -> dict[str, Any]:
    """States of every layer, by the reference (network.reference), and the answer."""
    (network,) = model.classifier.networks
    activations = reference.forward(network.named_parameters, network.codes, normalise(images))
    answer = model.answer(activations.penalties.astype(np.float32))
    names = ["input", *(layer.name.lower() for layer in LAYERS if layer.name.lower() in activations.x)]
    return {
        "layers": {
            name: {"shape": activations.x[name].shape[1:], "states": activations.x[name].ravel()}
            for name in names
        },
        "codes": network.codes,
        "penalties": answer.penalties[0],
        "classes": model.classes,
        "text": model.text(answer)[0],
        "class": answer.label[0],
        "confidence": answer.confidence[0],
        "rejected": answer.rejected[0],
    }
