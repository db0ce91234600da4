"""`POST /v1/read` and `POST /ocr`: pictures to text, each by a worker process."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import json_response
from .bodies import uploads
from .disconnection import while_connected
from .read_options import ReadOptions, parse_options
from .refusal import Refusal, error_body
from .service import Service
from .worker import COLUMNS, Answer, Task

__all__ = ["Reading", "boxes_of"]


@dataclass(frozen=True)
class _Failed:
    """A file of several that was refused."""

    name: str
    refusal: Refusal

    @property
    def page(self) -> bytes:
        """As a page that was not read."""
        return orjson.dumps({"picture": self.name, "error": self.refusal.sentence})


class Reading:
    """The endpoints that read pictures."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def routes(self) -> list[Route]:
        """Their routes."""
        return [
            Route("/v1/read", self.read, methods=["POST"]),
            Route("/ocr", self.ocr, methods=["POST"]),
        ]

    async def read(self, request: Request) -> Response:
        """Text, boxes and confidences of one picture or several."""
        service = self.service
        async with service.bodies.of(request) as body:
            upload = await uploads(request, body, service.settings)
            options = parse_options(
                request.query_params.multi_items(), upload.options.items(), weights=service.reading_names
            )
            if options.format == "png" and len(upload.files) > 1:
                raise Refusal(400, "one picture alone is drawn as PNG", "options")
            answers = await while_connected(request, self._read_all(upload.files, options))
        if len(answers) == 1 and isinstance(answers[0], _Failed):
            raise answers[0].refusal
        return _response(answers, options)

    async def ocr(self, request: Request) -> Response:
        """Strings with boxes and confidences, in the shape of LiteParse's OCR servers."""
        service = self.service
        if any(name not in ("language", "weights") for name in request.query_params):
            raise Refusal(400, "the query may have weights and language", "options")
        async with service.bodies.of(request) as body:
            upload = await uploads(request, body, service.settings)
            weights = [("weights", name) for name in request.query_params.getlist("weights")]
            options = parse_options(weights, weights=service.reading_names)
            if len(upload.files) != 1:
                raise Refusal(400, "one picture is read: `file`", "pictures")
            (name, data), *_ = upload.files
            answer = await while_connected(request, service.pool.read(Task(name, data, options)))
        return json_response({"results": ocr_results(answer)})

    async def _read_all(self, files: list[tuple[str, bytes]], options: ReadOptions) -> list[Answer | _Failed]:
        """The answer to each file; all are read at the same time."""

        async def one(name: str, data: bytes) -> Answer | _Failed:
            try:
                return await self.service.pool.read(Task(name, data, options))
            except Refusal as refusal:
                return _Failed(name, refusal)

        return await asyncio.gather(*(one(*file) for file in files))


def boxes_of(answer: Answer) -> list[dict[str, Any]]:
    """The strings of all pages of an answer, as `Result.to_dict` has them. Raises Refusal where nothing was read."""
    pages = [orjson.loads(page) for page in answer.pages]
    if not answer.blank and len(pages) == answer.failed:
        raise Refusal(422, pages[0]["error"] if pages else "there is no page", "picture")
    return [string for page in pages for line in page.get("lines", ()) for string in line["strings"]]


def ocr_results(answer: Answer) -> list[dict[str, Any]]:
    """The strings of an answer in LiteParse's shape; boxes are left, top, right, bottom."""
    results = []
    for string in boxes_of(answer):
        left, top, width, height = string["box"]
        results.append(
            {
                "text": string["text"],
                "bbox": [left, top, left + width, top + height],
                "confidence": string["confidence"],
            }
        )
    return results


def _response(answers: list[Answer | _Failed], options: ReadOptions) -> Response:
    """The answer in the format that was asked for: one page is an object, several are in a list."""
    if options.format == "csv":
        header = io.StringIO()
        csv.writer(header, lineterminator="\r\n").writerow(COLUMNS)
        rows = b"".join(answer.csv if isinstance(answer, Answer) else _row(answer) for answer in answers)
        return Response(header.getvalue().encode() + rows, media_type="text/csv; charset=utf-8")
    if options.format == "png" and isinstance(answers[0], Answer) and answers[0].png:
        return Response(answers[0].png, media_type="image/png")
    pages = [
        page
        for answer in answers
        for page in (answer.pages if isinstance(answer, Answer) else (answer.page,))
    ]
    failed = sum(answer.failed if isinstance(answer, Answer) else 1 for answer in answers)
    status = 422 if failed == len(pages) else 200
    if not pages:
        return Response(error_body("there is no page"), 422, media_type="application/json")
    if options.format == "ndjson":
        return Response(b"\n".join(pages) + b"\n", status, media_type="application/x-ndjson")
    if len(pages) == 1:
        return Response(pages[0], status, media_type="application/json")
    error = b'"error":"no page could be read",' if status == 422 else b""
    return Response(
        b"{" + error + b'"results":[' + b",".join(pages) + b"]}", status, media_type="application/json"
    )


def _row(failed: _Failed) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow(
        [failed.name, 1, *[""] * (len(COLUMNS) - 3), failed.refusal.sentence]
    )
    return stream.getvalue().encode()
