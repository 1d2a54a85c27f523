"""A small HTTP server for scrapers and probes, which nobody can keep busy.

A client has some seconds for everything, from connecting to the last byte of its answer, whatever it sends in between.
Connections are limited; a new one takes the place of the one that has been sending its request for the longest time,
so clients that send slowly, or nothing, do not keep others out.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from airssys_tui.cli.serving.scrape_address import Address
from airssys_tui.core.units import KIB

CLIENTS: Final = 16
"""Maximum simultaneous connections."""

PATIENCE: Final = 5.0
"""Seconds that a client may take from connecting until it has read the answer."""

HURRY: Final = 1.0
"""Seconds after which a client that reads its answer may lose its place to a new one."""

MAX_REQUEST: Final = 16 * KIB
"""Maximum bytes of a request with its headers."""

LOOK: Final = 0.25
"""Seconds between two looks for clients that take too long."""


class _Request(io.BufferedIOBase):
    """What a client sends, up to the bound; then it has ended."""

    def __init__(self, sent: io.BufferedIOBase) -> None:
        self._sent = sent
        self._left = MAX_REQUEST

    def readline(self, size: int | None = -1, /) -> bytes:
        asked = self._left if size is None or size < 0 else min(size, self._left)
        line = self._sent.readline(asked) if asked else b""
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._sent.close()
        super().close()


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def setup(self) -> None:
        """Bound what is read."""
        super().setup()
        self.rfile = _Request(self.rfile)

    def parse_request(self) -> bool:
        """Read the headers, and tell the server that the request is complete."""
        complete = super().parse_request()
        assert isinstance(self.server, ScrapeServer)  # noqa: S101 - nobody else makes handlers
        self.server.completed(self.request)
        return complete

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Log nothing, because the terminal belongs to the events or the screen."""


@dataclass(slots=True)
class _Scrape:
    """One connection: since when it is open, and whether its request is complete."""

    since: float
    complete: bool = False


class ScrapeServer(WSGIServer):
    """An HTTP server with a bounded number of connections, and a thread for each."""

    request_queue_size = 64

    def __init__(self, address: Address, answer: Callable[..., list[bytes]]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._lock = threading.Lock()
        self._open: dict[socket.socket, _Scrape] = {}
        super().__init__((address.host, address.port), _Handler)
        self.set_app(answer)

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def service_actions(self) -> None:
        """Disconnect the clients that have taken too long; called a few times a second."""
        now = time.monotonic()
        with self._lock:
            for request, scrape in self._open.items():
                if now - scrape.since > PATIENCE:
                    _hang_up(request)

    def open_connections(self) -> int:
        """Return how many connections are open."""
        with self._lock:
            return len(self._open)

    def completed(self, request: socket.socket) -> None:
        """Note that a client has sent its request: it is not disconnected in favour of a new one any more."""
        with self._lock:
            if request in self._open:
                self._open[request].complete = True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a new thread; if too many are open, in the place of one that keeps others waiting."""
        with self._lock:
            if len(self._open) >= CLIENTS:
                slowest = self._slowest()
                if slowest is None:
                    self.shutdown_request(request)
                    return
                _hang_up(slowest)
                del self._open[slowest]
            self._open[request] = _Scrape(time.monotonic())
        threading.Thread(target=self._serve, args=(request, client_address), name="scrape", daemon=True).start()

    def _slowest(self) -> socket.socket | None:
        """Return who has been sending its request for the longest time; else who has been reading for too long."""
        silent = (request for request, scrape in self._open.items() if not scrape.complete)
        late = time.monotonic() - HURRY
        reading = (request for request, scrape in self._open.items() if scrape.since < late)
        return next(silent, None) or next(reading, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing, because a disconnected client is not an error."""

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 - an error ends only its own request
            self.handle_error(request, client_address)
        finally:
            with self._lock:  # first, because a client with its answer may send the next request immediately
                self._open.pop(request, None)
            self.shutdown_request(request)


def _hang_up(request: socket.socket) -> None:
    """End both directions; the thread that reads or writes notices, and closes it."""
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
