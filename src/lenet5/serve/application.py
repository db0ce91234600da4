"""The application: routes to the endpoints, what refuses, and the life of the service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ..page import PAGE_CSP, page_html
from .answers import json_response
from .guard import Access, Guard
from .inference_protocol import InferenceProtocol
from .label_studio import LabelStudioBackend
from .log import JsonLog
from .openapi import document
from .reading import Reading
from .recognition import Recognition
from .refusal import Refusal, error_body, on_http_exception, on_refusal
from .service import Service

__all__ = ["application"]


def application(service: Service, access: Access, log: JsonLog) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        service: what the endpoints share; it is closed with the application.
        access: who may ask.
        log: where requests are written.
    """
    openapi = document(service)

    html = page_html().encode()

    async def page(_: Request) -> Response:
        policy = f"{PAGE_CSP}; frame-ancestors 'none'"
        return Response(html, headers={"content-security-policy": policy}, media_type="text/html")

    async def metrics(_: Request) -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def openapi_json(_: Request) -> Response:
        return json_response(openapi)

    async def failed(_: Request, __: Exception) -> Response:
        sentence = "the service failed: this is its fault, and is in its log"
        return Response(error_body(sentence), 500, media_type="application/json")

    routes = [
        *Recognition(service).routes,
        *InferenceProtocol(service).routes,
        *Reading(service).routes,
        *LabelStudioBackend(service).routes,
        Route("/metrics", metrics, methods=["GET"]),
        Route("/openapi.json", openapi_json, methods=["GET"]),
        Route("/", page, methods=["GET"]),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            service.ending = True
            service.close()
            log.flush()

    app = Starlette(
        routes=routes,
        exception_handlers={Refusal: on_refusal, HTTPException: on_http_exception, Exception: failed},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # to an address made of what a client wrote as its host
    return Guard(app, access, service.metrics, log, {route.endpoint: route.path for route in routes})
