"""Bounds on connections that the server itself does not have: how many, how long a head may take, how large it may be.

uvicorn with httptools is the fastest of the well-kept servers, and bounds neither the size of a head nor the time in
which it has to arrive. So its protocol is used with a guard around it, which counts the bytes until each head is
complete and disconnects who is late. A request that names its server in its first line as well as in its fields is
refused: two programs could read two hosts in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_CONNECTIONS: Final = 1_000
"""Connections at one address."""

MOST_HEAD: Final = 64 * 1024
"""Bytes of a request until its head is complete."""

HEAD_TIME: Final = 10.0
"""Seconds from the first byte of a request, or from the beginning of the connection, until its head is complete."""

SILENT: Final = logging.getLogger("airssys_tui.http")
SILENT.setLevel(logging.CRITICAL + 1)
"""Where the server writes what is counted and shown elsewhere; the terminal belongs to the screen."""


MOST_LINGERING: Final = 100
"""Connections at one address that linger, besides those of :data:`MOST_CONNECTIONS`."""

LINGER: Final = 5.0
"""Seconds in which a client that was answered before it has sent everything may read the answer."""


class LingeringTransport:
    """A transport whose end waits for the client, if the client may still be sending.

    A socket that is closed while bytes arrive which nobody has read is reset, and a reset makes the client lose the
    answer that is on its way (RFC 9112, section 9.6). So only the sending side is closed at first, and what still comes
    is read and forgotten, until the client closes its side or :data:`LINGER` is over.

    Args:
        transport: The transport.
        loop: The loop.
        sending: Returns whether the client may still be sending.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, sending: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._sending = sending
        self._end: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        """Do everything else as the transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write bytes, unless nothing more is sent."""
        if not self.lingers:
            self._transport.write(data)

    @property
    def lingers(self) -> bool:
        """Whether nothing more is sent, and what comes is forgotten."""
        return self._end is not None

    def is_closing(self) -> bool:
        """Return whether nothing more is sent."""
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        """Close when everything is written, and the client has had the time to read it."""
        if self.is_closing() or not self._sending():
            self._transport.close()
            return
        self._end = self._loop.call_later(LINGER, self.abort)
        self._transport.resume_reading()
        self._transport.write_eof()

    def close_now(self) -> None:
        """Close when everything is written, and wait for nobody."""
        self.stop()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what is not written is lost."""
        self.stop()
        self._transport.abort()

    def stop(self) -> None:
        """Wait for the client no longer."""
        if self._end is not None:
            self._end.cancel()


class GuardedProtocol(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.logger = self.access_logger = SILENT
        self.access_log = False
        self._head = 0
        self._whole = self._deaf = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        self._guarded = LingeringTransport(transport, self.loop, self._is_sending)
        super().connection_made(self._guarded)  # type: ignore[arg-type]
        if len(self.connections) > MOST_CONNECTIONS + MOST_LINGERING:
            transport.abort()
        elif len(self.connections) > MOST_CONNECTIONS:
            self._refuse(b"503 Service Unavailable", b"too many connections", b"retry-after: 1\r\n")
        else:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        self._guarded.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; too many without a complete head end the connection."""
        if self._deaf or self._guarded.lingers:
            return
        self._head += len(data)
        super().data_received(data)
        if self.transport.is_closing() or not self._head:
            return
        if self._head > MOST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large", b"the head of the request is too large")
        elif self._late is None:
            self._wait_for_head()

    def shutdown(self) -> None:
        """Answer what is under way, and close; nobody lingers any more."""
        under_way: RequestResponseCycle | None = self.cycle  # the server has none before the first request
        if under_way is None or under_way.response_complete:
            self._guarded.close_now()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read."""
        if self._may_refuse():
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """Begin a request; what comes now is its head."""
        self._whole = False
        super().on_message_begin()
        self.scope["state"].update(hang_up=self.transport.abort, hang_up_soon=self.transport.close)

    def on_headers_complete(self) -> None:
        """Begin to serve a request whose head is complete."""
        self._stop_waiting()
        self._head = 0
        if not self.url.startswith(b"/"):
            raise ValueError("the first line of a request names no path")  # the parser's caller answers 400
        super().on_headers_complete()
        self.headers = []  # what comes after the body are trailers, which must not be taken for fields of the head

    def on_body(self, body: bytes) -> None:
        """Take bytes of a body, which are none of a head."""
        self._stop_waiting()
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._stop_waiting()
        self._head = 0
        self._whole = True
        super().on_message_complete()

    def _is_sending(self) -> bool:
        """Return whether bytes may be on their way that nobody will read."""
        return not self._whole or bool(self.pipeline)

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_TIME, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _hang_up(self) -> None:
        self._refuse(b"408 Request Timeout", b"the head of the request did not arrive in time")

    def _may_refuse(self) -> bool:
        """Return whether the host may answer now; if not, the connection ends with what is under way.

        Before that is answered, clients would take a refusal for its answer, or for a part of it.
        """
        self._stop_waiting()
        newest: RequestResponseCycle | None = self.cycle
        if newest is None or newest.response_complete:
            return True
        if not newest.more_body:  # it is whole: what came after it is refused
            self._deaf, self._head = True, 0
            super().shutdown()
        elif newest.response_started or self.pipeline:
            self.transport.abort()
        else:
            return True
        return False

    def _refuse(self, status: bytes, text: bytes, more: bytes = b"") -> None:
        """Answer before there is a request, and close."""
        if not self._may_refuse():
            return
        length = str(len(text) + 1).encode("ascii")
        self.transport.write(
            b"HTTP/1.1 " + status + b"\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: " + length
            + b"\r\n" + more + b"connection: close\r\n\r\n" + text + b"\n"
        )  # fmt: skip
        self.transport.close()
