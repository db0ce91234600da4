"""A mirror on this machine that behaves as mirrors do: it drops, stalls, cuts, damages, refuses and lies."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable


class Mirror:
    """Serves `files` (name -> bytes). Each request takes the next of `behaviours`; the last one stays.

    `requests` lists (name, Range header or None) of all requests so far; `stop` ends it.
    """

    def __init__(self, files: dict[str, bytes], *behaviours: Callable[..., None]) -> None:
        self.files, self.behaviours = files, list(behaviours) or [whole]
        self.requests: list[tuple[str, str | None]] = []
        self.released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                outer.requests.append((name, self.headers.get("Range")))
                behave = outer.behaviours.pop(0) if len(outer.behaviours) > 1 else outer.behaviours[0]
                self.mirror = outer
                behave(self, outer.files.get(name))
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # the client has gone
                    super().handle()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/mnist"

    def stop(self) -> None:
        self.released.set()  # whoever stalls may go
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def answer(handler, body: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
    """Send `body`; `length` is what Content-Length claims."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for key, value in headers.items():
        handler.send_header(key.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def _rest(handler, contents: bytes) -> tuple[int, dict]:
    """(where the answer begins, arguments of `answer`), as the Range header asks."""
    asked = handler.headers.get("Range")
    if not asked:
        return 0, {"ETag": '"one"'}
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    span = f"bytes {start}-{len(contents) - 1}/{len(contents)}"
    return start, {"status": 206, "Content_Range": span, "ETag": '"one"'}


def whole(handler, contents: bytes | None) -> None:
    """As it should be."""
    if contents is None:
        refuse(404)(handler, contents)
        return
    start, how = _rest(handler, contents)
    if start and start >= len(contents):
        refuse(416)(handler, contents)
        return
    answer(handler, contents[start:], **how)


def drop(after: int) -> Callable[..., None]:
    """Break the line after so many bytes of this answer."""

    def behave(handler, contents: bytes) -> None:
        start, how = _rest(handler, contents)
        answer(handler, contents[start : start + after], length=len(contents) - start, **how)

    return behave


def ignore_range(handler, contents: bytes) -> None:
    """Send everything, whatever was asked for."""
    answer(handler, contents)


def drop_and_ignore_range(after: int) -> Callable[..., None]:
    return lambda handler, contents: answer(handler, contents[:after], length=len(contents))


def cut(size: int) -> Callable[..., None]:
    """Hold a file that is cut short, and believe that it is whole."""
    return lambda handler, contents: whole(handler, contents[:size])


def damage(handler, contents: bytes) -> None:
    """Hold a file one bit of which is wrong."""
    middle = len(contents) // 2
    whole(handler, contents[:middle] + bytes([contents[middle] ^ 4]) + contents[middle + 1 :])


def other(contents: bytes) -> Callable[..., None]:
    """Hold something else under this name."""
    return lambda handler, _: whole(handler, contents)


def claim(length: int) -> Callable[..., None]:
    """Send all, but claim that it is of this length."""

    def behave(handler, contents: bytes) -> None:
        start, how = _rest(handler, contents)
        answer(handler, contents[start:], length=length, **how)

    return behave


def wrong_part(handler, contents: bytes) -> None:
    """Answer a Range with another range."""
    answer(handler, contents[7:], status=206, Content_Range=f"bytes 7-{len(contents) - 1}/{len(contents)}")


def refuse(status: int) -> Callable[..., None]:
    return lambda handler, contents: answer(handler, b"no", status=status)


def stall(after: int) -> Callable[..., None]:
    """Send so many bytes, then nothing, with the line open."""

    def behave(handler, contents: bytes) -> None:
        start, how = _rest(handler, contents)
        answer(handler, contents[start : start + after], length=len(contents) - start, **how)
        handler.wfile.flush()
        handler.mirror.released.wait(20)

    return behave


def silence(handler, contents: bytes) -> None:
    """Accept the connection and say nothing."""
    handler.mirror.released.wait(20)


def drip(handler, contents: bytes) -> None:
    """A few bytes now and then: never silent, never done."""
    answer(handler, b"", length=len(contents))
    for byte in contents:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        if handler.mirror.released.wait(0.02):
            return


def flood(handler, contents: bytes) -> None:
    """Never stop."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(contents[: len(contents) // 2])
    while True:
        handler.wfile.write(bytes(1 << 16))


def no_http(handler, contents: bytes) -> None:
    handler.wfile.write(b"220 this is no web server\r\n")


def redirect(address: str) -> Callable[..., None]:
    return lambda handler, contents: answer(handler, b"", status=302, Location=address)


def chunked_and_dropped(handler, contents: bytes) -> None:
    """No length, in chunks, and then the line breaks within one."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"10000\r\n" + contents[:100])
