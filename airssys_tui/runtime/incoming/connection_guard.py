"""Bounds on connections that the server itself does not have: how many, how long a head may take, how large it may be.

uvicorn with httptools is the fastest of the well-kept servers, and bounds neither the size of a head nor the time in
which it has to arrive. So its protocol is used with a guard around it, which counts the bytes until each head is
complete and disconnects who is late. A request that names its server in its first line as well as in its fields is
refused: two programs could read two hosts in it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS: Final = 1_000
"""Connections at one address."""

MOST_HEAD: Final = 64 * 1024
"""Bytes of a request until its head is complete."""

HEAD_TIME: Final = 10.0
"""Seconds from the first byte of a request, or from the beginning of the connection, until its head is complete."""

SILENT: Final = logging.getLogger("airssys_tui.http")
SILENT.setLevel(logging.CRITICAL + 1)
"""Where the server writes what is counted and shown elsewhere; the terminal belongs to the screen."""


MOST_KEPT: Final = 64 * 1024
"""Bytes of a response that are kept until they are handed to the system together."""


class TogetherTransport:
    """A transport that hands to the system together what is written in one turn of the loop.

    The server writes a head and a body; each would be a call of the system, for which every other thread of the process
    gets the interpreter meanwhile.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Do everything else as the transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write bytes, at the end of this turn at the latest."""
        if not self._kept:
            self._loop.call_soon(self.flush)
        self._kept.append(data)
        self._size += len(data)
        if self._size > MOST_KEPT:
            self.flush()

    def flush(self) -> None:
        """Hand over what is kept."""
        if self._kept:
            data = b"".join(self._kept)
            self._kept.clear()
            self._size = 0
            if not self._transport.is_closing():
                self._transport.write(data)

    def close(self) -> None:
        """Close when everything is written."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._kept.clear()
        self._transport.abort()


class GuardedProtocol(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.logger = self.access_logger = SILENT
        self.access_log = False
        self._head = 0
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(TogetherTransport(transport, self.loop))  # type: ignore[arg-type]
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(b"503 Service Unavailable", b"too many connections", b"retry-after: 1\r\n")
            return
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; too many without a complete head end the connection."""
        self._head += len(data)
        super().data_received(data)
        if self.transport.is_closing() or not self._head:
            return
        if self._head > MOST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large", b"the head of the request is too large")
        elif self._late is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """Begin a request; what comes now is its head."""
        super().on_message_begin()
        self.scope["state"].update(hang_up=self.transport.abort, hang_up_soon=self.transport.close)

    def on_headers_complete(self) -> None:
        """Begin to serve a request whose head is complete."""
        self._stop_waiting()
        self._head = 0
        if not self.url.startswith(b"/"):
            raise ValueError("the first line of a request names no path")  # the parser's caller answers 400
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take bytes of a body, which are none of a head."""
        self._stop_waiting()
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._stop_waiting()
        self._head = 0
        super().on_message_complete()

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_TIME, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _hang_up(self) -> None:
        self._refuse(b"408 Request Timeout", b"the head of the request did not arrive in time")

    def _refuse(self, status: bytes, text: bytes, more: bytes = b"") -> None:
        """Answer before there is a request, and close."""
        self._stop_waiting()
        length = str(len(text) + 1).encode("ascii")
        self.transport.write(
            b"HTTP/1.1 " + status + b"\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: " + length
            + b"\r\n" + more + b"connection: close\r\n\r\n" + text + b"\n"
        )  # fmt: skip
        self.transport.close()
