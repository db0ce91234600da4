"""One file from the first mirror that delivers it whole, judged by what is in it and not by what is said.

A mirror may drop the line, stall, cut the file short, damage it, ignore Range, lie about lengths or refuse.
What has arrived is kept and the rest asked for; what turns out wrong is thrown away and fetched anew; after a
few failures the next mirror has its turn. Parts of two mirrors are never mixed: each packed its file itself.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Sequence

from .._version import __version__
from ..errors import DownloadError

__all__ = ["Progress", "fetch"]

# Called with the file, the bytes so far, which fall when a file is begun anew, and the bytes in all, or None.
Progress = Callable[[str, int, "int | None"], object]

FAILURES = 4  # of one mirror, before the next has its turn
TIMEOUT = 20.0  # seconds without a byte before a line counts as dead
SLOWEST = 2048  # bytes a second; a line that stays below counts as dead too
PAUSE = 0.5  # seconds after the first failure, doubled after each
GAIN = 1 << 16  # bytes: an attempt that brought as many more was no failure
ALLOWANCE = 1 << 16  # bytes by which a gzip file may exceed what is packed in it

_PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that may be another in a moment


class _Broken(Exception):
    """This attempt failed, the next may not; its text is the reason."""


class _Wrong(_Broken):
    """What has arrived is of no use. Counts twice, for more of the same will hardly help."""


class _Refused(Exception):
    """This mirror need not be asked again; its text is the reason."""


def fetch(
    name: str,
    mirrors: Sequence[str],
    size: int,
    sha256: str,
    progress: Progress | None = None,
    *,
    timeout: float = TIMEOUT,
    pause: float = PAUSE,
) -> tuple[bytes, bytes]:
    """A gzip file from one of the mirrors, tried in turn.

    Args:
        name: of the file.
        mirrors: addresses of the folders that hold it.
        size: of the unpacked contents, in bytes.
        sha256: of the unpacked contents, in hexadecimal digits.
        progress: called with the file, the bytes so far and the bytes in all, or None.
        timeout: seconds without a byte before a connection is given up.
        pause: seconds after the first failure, doubled after each.

    Returns:
        The file as it was sent, and its contents.

    Raises:
        DownloadError: no mirror delivered it; the text has the reason of each.
    """
    reasons: list[tuple[str, str]] = []
    for mirror in mirrors:
        address = f"{mirror.rstrip('/')}/{name}"
        try:
            return _Transfer(address, name, size, sha256, progress or _nobody, timeout).run(pause)
        except _Refused as error:
            reasons.append((mirror, str(error)))
    raise DownloadError(f"{name} could not be downloaded ({_summary(reasons)})")


def _summary(reasons: Sequence[tuple[str, str]]) -> str:
    """Why no mirror delivered: one reason that all share once, else the reason of each."""
    if not reasons:
        return "no mirror is named"
    if len(reasons) > 1 and len({reason for _, reason in reasons}) == 1:
        return f"{len(reasons)} mirrors were tried; of each, {reasons[0][1]}"
    return "; ".join(f"{mirror}: {reason}" for mirror, reason in reasons)


def _nobody(name: str, done: int, total: int | None) -> None:
    pass


class _Transfer:
    """One file from one mirror, over as many connections as it takes."""

    def __init__(
        self, address: str, name: str, size: int, sha256: str, progress: Progress, timeout: float
    ) -> None:
        self.address, self.name, self.size, self.sha256 = address, name, size, sha256
        self.progress, self.timeout = progress, timeout
        self.arrived = bytearray()
        self.tag: str | None = None  # the version of the file that `arrived` is the beginning of

    def run(self, pause: float) -> tuple[bytes, bytes]:
        failures = 0
        while True:
            before = len(self.arrived)
            try:
                try:
                    self._receive()
                    problem = _Broken(f"it ended after {len(self.arrived):,} bytes")
                except _Broken as error:
                    problem = error
                contents = self._judge()
                if contents is not None:
                    return bytes(self.arrived), contents
            except _Wrong as error:
                problem = error
            if isinstance(problem, _Wrong):
                self.arrived.clear()
                failures += 1
            elif len(self.arrived) - before >= GAIN:
                continue
            failures += 1
            if failures >= FAILURES:
                raise _Refused(str(problem))
            time.sleep(pause * 2 ** (failures - 1))

    def _judge(self) -> bytes | None:
        """The contents if all has arrived, None if more is needed. Raises _Wrong."""
        unpack = zlib.decompressobj(wbits=31)
        try:
            contents = unpack.decompress(self.arrived, self.size + 1)  # so that a bomb stays small
        except zlib.error as error:
            raise _Wrong("what it sent is not gzip, or damaged") from error
        if len(contents) > self.size:
            raise _Wrong("what it sent has too much in it")
        if not unpack.eof:
            return None
        if hashlib.sha256(contents).hexdigest() != self.sha256:
            raise _Wrong("what it sent has another checksum (SHA-256)")
        return contents

    def _receive(self) -> None:
        """Add to `arrived` what one connection brings. Raises _Broken, _Refused."""
        try:
            with urllib.request.urlopen(self._request(), timeout=self.timeout) as response:
                self._read(response, self._begin(response))
        except urllib.error.HTTPError as error:
            error.close()
            answer = f"it answered {error.code} {error.reason}"
            if error.code == 416:
                raise _Wrong(f"it has no more than {len(self.arrived):,} bytes of the file") from error
            if error.code not in _PASSING:
                raise _Refused(answer) from error
            raise _Broken(answer) from error
        except (ValueError, http.client.InvalidURL) as error:
            raise _Refused(f"its address cannot be used: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            self._explain(getattr(error, "reason", error))

    def _request(self) -> urllib.request.Request:
        if not self.address.startswith(("http://", "https://")):
            raise ValueError("it must begin with https:// or http://")
        headers = {"User-Agent": f"lenet5/{__version__}", "Accept-Encoding": "identity"}
        if self.arrived:
            headers["Range"] = f"bytes={len(self.arrived)}-"
            if self.tag:
                headers["If-Range"] = self.tag
        return urllib.request.Request(self.address, headers=headers)

    def _begin(self, response: http.client.HTTPResponse) -> int | None:
        """Keep what has arrived if the answer goes on from there; returns how many bytes it should become."""
        if response.status == 206:
            part = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            if not part or int(part[1]) != len(self.arrived):
                raise _Wrong("it answered with another part of the file than was asked for")
        else:
            self.arrived.clear()
        tag = response.headers.get("ETag", "")
        self.tag = tag if tag.startswith('"') else None  # weak tags promise nothing about bytes
        length = response.headers.get("Content-Length", "")
        return len(self.arrived) + int(length) if length.isdecimal() else None

    def _read(self, response: http.client.HTTPResponse, total: int | None) -> None:
        since, counted = time.monotonic(), len(self.arrived)
        while chunk := response.read1(GAIN):
            self.arrived += chunk
            if len(self.arrived) > self.size + ALLOWANCE:
                raise _Refused("it sends more than the file can have")
            self.progress(self.name, len(self.arrived), total)
            now = time.monotonic()
            if now - since > self.timeout:
                if len(self.arrived) - counted < SLOWEST * (now - since):
                    raise _Broken("it sends too slowly")
                since, counted = now, len(self.arrived)

    def _explain(self, reason: object) -> None:
        """Raise _Broken or _Refused for what went wrong on the line."""
        if isinstance(reason, TimeoutError):
            raise _Broken(f"nothing came for {self.timeout:g} seconds")
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise _Refused(f"its certificate is not accepted ({reason.verify_message})")
        if isinstance(reason, socket.gaierror):
            raise _Refused("its name is not known (is this machine connected?)")
        if isinstance(reason, ConnectionRefusedError):
            raise _Refused("it refuses connections")
        words = reason.strerror if isinstance(reason, OSError) else None
        raise _Broken(f"the line broke ({words or reason or type(reason).__name__})")
