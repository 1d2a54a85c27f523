"""Serve every meter and count of a runtime as Prometheus text over HTTP.

A scrape reads the newest snapshot and asks the control loop for custom metrics; it calls no guest. The page is rendered
at most once a second, however many clients ask, and only a few clients are answered at a time.
"""

from __future__ import annotations

import contextlib
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

from airssys_tui.cli.serving.metric_families import custom_families, families
from airssys_tui.core.errors import AirssysError, UsageError

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.socket.frames import ServingReport
    from airssys_tui.api.views.metering import MeterDetail
    from airssys_tui.api.views.runtime import Snapshot

CLIENTS: Final = 8
"""Maximum simultaneous requests; further ones are disconnected."""

PATIENCE: Final = 5.0
"""Seconds that a client may take to send its request and to read the answer."""

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
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
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


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Log nothing, because the terminal belongs to the events or the screen."""


class _Server(WSGIServer):
    """An HTTP server with a bounded number of threads, one for each request."""

    request_queue_size = 16

    def __init__(self, address: Address, answer: Callable[..., list[bytes]]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._free = threading.BoundedSemaphore(CLIENTS)
        super().__init__((address.host, address.port), _Handler)
        self.set_app(answer)

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a new thread, or disconnect if too many requests are open."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        threading.Thread(target=self._serve, args=(request, client_address), name="scrape", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing, because a disconnected client is not an error."""

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 - an error ends only its own request
            self.handle_error(request, client_address)
        finally:
            self._free.release()  # first, because a client with its answer may send the next request immediately
            self.shutdown_request(request)
