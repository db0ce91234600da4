"""Bodies of requests: counted while they come, held within a budget, and taken apart into files and options."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from .refusal import Refusal, busy
from .settings import ServiceSettings

__all__ = ["Bodies", "Upload", "content_type", "decode_base64", "parse_json", "uploads"]


@dataclass(frozen=True)
class Upload:
    """Pictures of one request.

    files: name and contents of each. options: as the body gave them.
    """

    files: list[tuple[str, bytes]]
    options: dict[str, Any] = field(default_factory=dict)


class Bodies:
    """Reads bodies; those of all requests together stay within a budget."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self._held = 0

    @contextlib.asynccontextmanager
    async def of(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request, in the budget as long as the block lasts. Raises Refusal."""
        settings, held = self.settings, 0
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refusal(415, "compressed bodies are not read: send the body as it is", "encoding")
        most = settings.json_bytes if content_type(request) == "application/json" else settings.body_bytes
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(settings.body_seconds):
                async for chunk in request.stream():
                    held += len(chunk)
                    self._hold(len(chunk))
                    if held > most:
                        raise Refusal(413, f"a body may have {most:,} bytes", "body_bytes")
                    chunks.append(chunk)
            request.scope["lenet5.bytes"] = held
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            chunks.clear()
            yield body
        except TimeoutError as error:
            sentence = f"the body did not come within {settings.body_seconds:g} seconds"
            raise Refusal(408, sentence, "body_seconds") from error
        finally:
            self._hold(-held)

    @property
    def held(self) -> int:
        """Bytes of all bodies in memory."""
        return self._held

    def _hold(self, size: int) -> None:
        self._held += size
        if size > 0 and self._held > self.settings.held_bytes:
            raise busy("the bodies of other requests fill the memory: try again", "held_bytes")


def content_type(request: Request) -> str:
    """The media type of a request's body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_json(body: bytes) -> dict[str, Any]:
    """The object that a body holds. Raises Refusal for anything else."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is no JSON: {error}", "json") from error
    if not isinstance(data, dict):
        raise Refusal(400, "the body must be an object of JSON", "json")
    return data


def decode_base64(text: Any, what: str) -> bytes:
    """The bytes of a text in base64, or of a `data:` address of such a text. Raises Refusal."""
    if not isinstance(text, str):
        raise Refusal(400, f"{what} must be a text in base64", "base64")
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise Refusal(400, f"{what} is a data: address without base64", "base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, f"{what} is no base64 ({error})", "base64") from error


async def uploads(request: Request, body: bytes, settings: ServiceSettings) -> Upload:
    """The pictures of a request: raw, multipart, or base64 in JSON. Raises Refusal.

    Args:
        request: its content type says which. Anything but JSON and multipart is one raw picture, as `curl
            --data-binary` sends it.
        body: all of it.
        settings: how many files there may be.
    """
    kind = content_type(request)
    if kind == "application/json":
        upload = _from_json(parse_json(body))
    elif kind == "multipart/form-data":
        upload = await _from_multipart(request, body, settings)
    else:
        upload = Upload([("the picture", body)])
    if not upload.files or not all(contents for _, contents in upload.files):
        raise Refusal(400, "there is no picture in the body: send one raw, multipart, or in JSON", "empty")
    if len(upload.files) > settings.pictures:
        sentence = f"{len(upload.files)} pictures are too many: {settings.pictures} may come together"
        raise Refusal(413, sentence, "pictures")
    return upload


def _from_json(data: dict[str, Any]) -> Upload:
    """`image`, or `images`, in base64; all other keys are options."""
    if ("image" in data) == ("images" in data):
        raise Refusal(400, "the body needs `image`, or `images`: pictures in base64", "json")
    images = data.pop("images") if "images" in data else [data.pop("image")]
    if not isinstance(images, list):
        raise Refusal(400, "`images` must be a list of texts in base64", "json")
    name = data.pop("name", "the picture")
    names = [str(name)] if len(images) == 1 else [f"picture {n}" for n in range(1, len(images) + 1)]
    return Upload(
        [(_plain(called), decode_base64(image, called)) for called, image in zip(names, images, strict=True)],
        data,
    )


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40  # no file is written: the body is in memory already


async def _from_multipart(request: Request, body: bytes, settings: ServiceSettings) -> Upload:
    """Every part with a file name is a picture, every other an option."""

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    most = settings.pictures + 1  # one more, so that the refusal is ours
    parser = _InMemory(
        request.headers, whole(), max_files=most, max_fields=64, max_part_size=settings.json_bytes
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refusal(400, f"the parts of the body cannot be read: {error.message}", "multipart") from error
    except (KeyError, ValueError, UnicodeError) as error:
        raise Refusal(400, f"the parts of the body cannot be read: {error}", "multipart") from error
    files: list[tuple[str, bytes]] = []
    options: dict[str, Any] = {}
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            files.append((_plain(value.filename or "the picture"), await value.read()))
        elif key in options:
            known = options[key]
            options[key] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            options[key] = value
    await form.close()
    return Upload(files, options)


def _plain(name: str) -> str:
    """A client's name of a file without folders and control characters, not longer than people give."""
    name = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return name[:200] or "the picture"
