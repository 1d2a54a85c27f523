"""Serve every meter and count of a runtime as Prometheus text over HTTP.

A scrape reads the newest snapshot and asks the control loop for custom metrics; it calls no guest. The page is rendered
at most once a second, however many clients ask.

A client has some seconds for everything, from connecting to the last byte of its answer, whatever it sends in between.
Connections are limited; a new one takes the place of the one that has been sending its request for the longest time,
so clients that send slowly, or nothing, do not keep others out.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from airssys_tui.cli.serving.metric_families import custom_families, families, http_families
from airssys_tui.core.errors import AirssysError, UsageError
from airssys_tui.core.units import KIB

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.socket.frames import ServingReport
    from airssys_tui.api.views.metering import MeterDetail
    from airssys_tui.api.views.runtime import Snapshot

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

FRESH: Final = 1.0
"""Seconds for which a rendered page is served again."""

ANSWER: Final = 1.0
"""Seconds that the runtime may take to return the custom metrics."""

PAGE: Final = "/metrics"
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Address:
    """The address to listen on, and whether other machines may connect."""

    host: str
    port: int
    public: bool = False


def read_address(text: str, *, public: bool = False) -> Address:
    """Read ``127.0.0.1:9464``, ``[::1]:9464``, ``localhost:9464`` or a port alone, which means this machine.

    Args:
        text: The address as written.
        public: Whether other machines may connect.

    Raises:
        UsageError: The text is not an address, or other machines can reach it and ``public`` is false.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65_535:
        raise UsageError(
            f"{text!r} is not a valid address", remedy="write it as 127.0.0.1:9464; port 0 picks a free one"
        )
    if not public and not _is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines, and metrics name every component",
            remedy=f"listen on 127.0.0.1:{port}, or add --metrics-public to allow it",
        )
    return Address(host, int(port), public)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(header: str) -> str:
    return header.partition("]")[0].removeprefix("[") if header.startswith("[") else header.partition(":")[0]


class Exporter:
    """Serves the metrics of a runtime that may be opened later; listens from construction on.

    Attributes:
        runtime: The runtime, once it is open.
        serving: Returns the usage of its control socket, if it has one.

    Args:
        address: The address to listen on; port 0 picks a free port.
        clock: Monotonic seconds.

    Raises:
        AirssysError: The address is not available.
    """

    def __init__(self, address: Address, clock: Callable[[], float] = time.monotonic) -> None:
        self.runtime: RuntimeApi | None = None
        self.serving: Callable[[], ServingReport] | None = None
        self._public = address.public
        self._clock = clock
        self._making = threading.Lock()
        self._page: tuple[float, bytes] = (-FRESH, b"")
        try:
            self._server = _Server(address, self._answer)
        except OSError as error:
            raise AirssysError(
                f"cannot serve metrics on {address.host}:{address.port}: {error.strerror or error}",
                remedy="name another port with --metrics 127.0.0.1:PORT; port 0 picks a free one",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(LOOK,), name="metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The URL of the metrics."""
        host, port = self._server.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}{PAGE}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)

    def open_connections(self) -> int:
        """Return how many connections are open."""
        return self._server.open_connections()

    def page(self) -> bytes:
        """Return the metrics as text, at most :data:`FRESH` seconds old."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - late: only for metrics

        with self._making:
            made, page = self._page
            if self._clock() - made < FRESH:
                return page
            registry = CollectorRegistry(auto_describe=False)
            registry.register(self)
            page = generate_latest(registry)
            self._page = (self._clock(), page)
            return page

    def describe(self) -> Iterable[Any]:
        """Return no metrics: they are collected at each scrape."""
        return ()

    def collect(self) -> Iterator[Any]:
        """Return all metric families."""
        runtime = self.runtime
        seen = runtime.snapshot() if runtime is not None else None
        yield from families(seen, self._traffic())
        if runtime is not None and seen is not None:
            yield from custom_families(_measured(runtime, seen))
            with contextlib.suppress(AirssysError, TimeoutError, CancelledError):  # it is busy, or closing
                yield from http_families(runtime.http(requests=0).result(ANSWER))

    def _traffic(self) -> ServingReport | None:
        if self.serving is None:
            return None
        try:
            return self.serving()
        except (TimeoutError, RuntimeError, futures.CancelledError):  # its loop is busy or ending
            return None

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return _plain(start, "405 Method Not Allowed", b"GET only\n")
        if not self._public and not _is_loopback(_host_name(environ.get("HTTP_HOST", "localhost"))):
            # Against DNS rebinding: a page of another site that resolves to this machine must not read the metrics.
            return _plain(start, "403 Forbidden", b"this is served for this machine only\n")
        if environ["PATH_INFO"] not in {PAGE, "/"}:
            return _plain(start, "404 Not Found", b"the metrics are at /metrics\n")
        return _plain(start, "200 OK", self.page())


def _measured(runtime: RuntimeApi, seen: Snapshot) -> list[MeterDetail]:
    """Request the meters of the components with custom metrics; late answers are omitted."""
    asked = [runtime.meters(row.id) for row in seen.components if row.custom_series]
    deadline, found = time.monotonic() + ANSWER, []
    for answer in asked:
        # If a component was removed meanwhile or the runtime is closing, only those series are missing.
        with contextlib.suppress(AirssysError, TimeoutError, CancelledError):
            found.append(answer.result(max(0.0, deadline - time.monotonic())))
    return found


def _plain(start: Callable[..., Any], status: str, body: bytes) -> list[bytes]:
    headers = [("Content-Type", TEXT), ("Content-Length", str(len(body))), ("X-Content-Type-Options", "nosniff")]
    start(status, headers)
    return [body]


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
        assert isinstance(self.server, _Server)  # noqa: S101 - nobody else makes handlers
        self.server.completed(self.request)
        return complete

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Log nothing, because the terminal belongs to the events or the screen."""


@dataclass(slots=True)
class _Scrape:
    """One connection: since when it is open, and whether its request is complete."""

    since: float
    complete: bool = False


class _Server(WSGIServer):
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
