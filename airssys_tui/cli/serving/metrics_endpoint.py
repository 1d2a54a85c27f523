"""Serve every meter and count of a runtime as Prometheus text over HTTP, and whether it is alive and ready.

A scrape reads the newest snapshot and asks the control loop for custom metrics; it calls no guest. The page is rendered
at most once a second, however many clients ask.

``/healthz`` fails when the control loop does not answer: restart the process. ``/readyz`` fails until everything in the
folder was dealt with once, and from the moment on at which the runtime begins to stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from airssys_tui.api.views.runtime import Phase
from airssys_tui.cli.serving.heartbeat import Heartbeat
from airssys_tui.cli.serving.metric_collector import MetricCollector
from airssys_tui.cli.serving.scrape_address import Address, host_name, is_loopback
from airssys_tui.cli.serving.scrape_server import LOOK, ScrapeServer
from airssys_tui.core.errors import AirssysError, UsageError

FRESH: Final = 1.0
"""Seconds for which a rendered page is served again."""

ANSWER: Final = 1.0
"""Seconds that the control loop may take to answer a probe."""

PAGE: Final = "/metrics"
HEALTH: Final = "/healthz"
READY: Final = "/readyz"
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Exporter(MetricCollector):
    """Serves the metrics of a runtime that may be opened later; listens from construction on.

    Args:
        address: The address to listen on; port 0 picks a free port.
        clock: Monotonic seconds.

    Raises:
        AirssysError: The address is not available.
    """

    def __init__(self, address: Address, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._public = address.public
        self._clock = clock
        self._heartbeat = Heartbeat()
        self._making = threading.Lock()
        self._pages: dict[str, tuple[float, bytes]] = {}
        try:
            self._server = ScrapeServer(address, self._answer)
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

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """Return the metrics, at most :data:`FRESH` seconds old, and their media type.

        Args:
            accept: The header in which a client asks for OpenMetrics; everyone else gets the older text format.
        """
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest  # noqa: PLC0415 - late
        from prometheus_client.openmetrics import exposition  # noqa: PLC0415

        wanted = OPENMETRICS if _wants_openmetrics(accept) else TEXT
        with self._making:
            made, page = self._pages.get(wanted, (-FRESH, b""))
            if self._clock() - made < FRESH:
                return page, wanted
            registry = CollectorRegistry(auto_describe=False)
            registry.register(self)
            ProcessCollector(registry=registry)
            render: Callable[[CollectorRegistry], bytes] = (
                exposition.generate_latest if wanted == OPENMETRICS else generate_latest
            )
            page = render(registry)
            self._pages[wanted] = (self._clock(), page)
            return page, wanted

    def describe(self) -> Iterable[Any]:
        """Return no metrics: they are collected at each scrape."""
        return ()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return _plain(start, "405 Method Not Allowed", b"GET only\n")
        if not self._public and not is_loopback(host_name(environ.get("HTTP_HOST", "localhost"))):
            # Against DNS rebinding: a page of another site that resolves to this machine must not read the metrics.
            return _plain(start, "403 Forbidden", b"this is served for this machine only\n")
        path = environ["PATH_INFO"]
        if path in {HEALTH, READY}:
            fault, words = self._health() if path == HEALTH else self._readiness()
            return _plain(start, "503 Service Unavailable" if fault else "200 OK", f"{words}\n".encode())
        if path not in {PAGE, "/"}:
            return _plain(start, "404 Not Found", b"there are /metrics, /healthz and /readyz\n")
        body, media = self.page(environ.get("HTTP_ACCEPT", ""))
        return _plain(start, "200 OK", body, media)

    def _health(self) -> tuple[bool, str]:
        """Return whether the process should be restarted, and why; one that starts or stops should not."""
        runtime = self.runtime
        if runtime is None:
            return False, "ok: the runtime is being opened"
        try:
            alive = self._heartbeat.answers(runtime, ANSWER)
        except UsageError:  # it is closed
            return False, "ok: the runtime is closed"
        return (False, "ok") if alive else (True, f"the control loop has not answered within {ANSWER:g} s")

    def _readiness(self) -> tuple[bool, str]:
        """Return whether the runtime is not ready, and its phase."""
        runtime = self.runtime
        phase = Phase.STARTING if runtime is None else runtime.snapshot().phase
        return phase is not Phase.RUNNING, "ready" if phase is Phase.RUNNING else phase.value


def _wants_openmetrics(accept: str) -> bool:
    """Return whether a client takes OpenMetrics 1.0.0, by RFC 9110, section 12.5.1: not with a quality of zero."""
    for offer in accept.split(","):
        media, *parameters = (part.strip().lower() for part in offer.split(";"))
        told = dict(part.partition("=")[::2] for part in parameters)
        if media == "application/openmetrics-text":
            return told.get("version", "1.0.0") == "1.0.0" and told.get("q", "1").strip("0.") != ""
    return False


def _plain(start: Callable[..., Any], status: str, body: bytes, media: str = TEXT) -> list[bytes]:
    headers = [("Content-Type", media), ("Content-Length", str(len(body))), ("X-Content-Type-Options", "nosniff")]
    start(status, headers)
    return [body]
