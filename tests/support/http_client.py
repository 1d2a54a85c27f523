"""A client of HTTP/1.1 on a raw socket: what is sent is written byte by byte, what comes back is read by the rules."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Self

PATIENCE = 30.0
"""Seconds after which a server that does not answer fails the test."""


@dataclass(frozen=True)
class Answer:
    """One response: status, header fields by lower-case names, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Id of the request."""
        return self.headers["x-request-id"]


class Client:
    """A connection to a port of this machine."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), PATIENCE)
        self._read = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, *parts: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(b"".join(parts))

    def ask(self, method: str, path: str, body: bytes | None = None, **fields: str) -> Answer:
        """Send a request and return the response."""
        self.send(request(method, path, body, **fields))
        return self.answer(method)

    def answer(self, method: str = "GET") -> Answer:
        """Read one response; raises `http.client.HTTPException` if it is cut off."""
        response = http.client.HTTPResponse(_Kept(self._read), method=method)  # type: ignore[arg-type]
        response.begin()
        with contextlib.closing(response):
            body = response.read()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)

    def read(self, count: int = -1) -> bytes:
        """Read bytes as they come; all until the end without a number."""
        return self._read.read(count)

    def line(self) -> bytes:
        """Read a line as it comes."""
        return self._read.readline()

    def close(self) -> None:
        """Go away."""
        self._read.close()
        self.socket.close()


class _Kept:
    """A stream for `http.client`, which would close it with each response."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> object:
        return _Open(self._stream)


class _Open(BytesIO):
    def __init__(self, stream: object) -> None:
        super().__init__()
        self._stream = stream
        for name in ("read", "readline", "readinto", "read1", "peek"):
            setattr(self, name, getattr(stream, name))


def request(method: str, path: str, body: bytes | None = None, **fields: str) -> bytes:
    """Return a request as bytes."""
    named = {"host": "localhost", **{name.replace("_", "-"): value for name, value in fields.items()}}
    if body is not None and "transfer-encoding" not in named:
        named.setdefault("content-length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


def chunks(*parts: bytes) -> bytes:
    """Return a body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@contextlib.contextmanager
def connected(port: int) -> Iterator[Client]:
    """Connect for the length of a block."""
    client = Client(port)
    try:
        yield client
    finally:
        client.close()
