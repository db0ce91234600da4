"""Answers that refuse: a status, one sentence, and the limit that was met."""

from __future__ import annotations

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["Refusal", "busy", "error_body", "on_http_exception", "on_refusal"]


class Refusal(Exception):
    """A request that is not answered.

    Args:
        status: of HTTP, 400 … 599.
        sentence: what is wrong, and what to do.
        limit: the limit that was met, as the metric `lenet5_refused_total` names it.
        retry_after: seconds after which the same request may succeed; 0: it will not.
    """

    def __init__(self, status: int, sentence: str, limit: str = "", retry_after: int = 0) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.limit, self.retry_after = status, sentence, limit, retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        return {"retry-after": str(self.retry_after)} if self.retry_after else {}


def busy(sentence: str, limit: str) -> Refusal:
    """The refusal of a request for which there is no room at the moment."""
    return Refusal(503, sentence, limit, retry_after=1)


def error_body(sentence: str) -> bytes:
    """The body of every answer that refuses: {"error": sentence}."""
    return orjson.dumps({"error": sentence})


def on_refusal(request: Request, error: Exception) -> Response:
    """The answer to a request that was refused."""
    assert isinstance(error, Refusal)
    request.scope["lenet5.limit"] = error.limit
    return Response(error_body(error.sentence), error.status, error.headers, "application/json")


SENTENCES = {
    404: "there is nothing at this address: see /openapi.json for what there is",
    405: "this address does not take this method: see the header Allow",
}


def on_http_exception(_: Request, error: Exception) -> Response:
    """The answer to an address or a method that does not exist."""
    assert isinstance(error, HTTPException)
    sentence = SENTENCES.get(error.status_code, error.detail)
    headers = dict(error.headers or {})
    return Response(error_body(sentence), error.status_code, headers, "application/json")
