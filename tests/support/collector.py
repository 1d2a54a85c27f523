"""A small OpenTelemetry collector over HTTP: it keeps what it is sent, or refuses it."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


def attributes(found: Any) -> dict[str, Any]:
    """Return the attributes of anything as a dictionary."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in found.attributes}


class Collector:
    """Listens on a free port of this machine while it is open.

    Attributes:
        status: The status of its answers: 200 takes what it is sent.
        hold: Requests wait for this before they are answered.
        asked: Paths of the requests, in their order.
    """

    def __init__(self) -> None:
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()
        self.asked: list[str] = []
        self._lock = threading.Lock()
        self._kept: list[Any] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.asked.append(self.path)
                collector.hold.wait(30)
                if collector.status == 200:
                    plain = gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body
                    collector.keep(KINDS[self.path].FromString(plain))
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def keep(self, message: Any) -> None:
        with self._lock:
            self._kept.append(message)

    def _all(self, field: str) -> list[Any]:
        with self._lock:
            return [each for message in self._kept for each in getattr(message, field, ())]

    @property
    def spans(self) -> list[Any]:
        return [span for each in self._all("resource_spans") for scope in each.scope_spans for span in scope.spans]

    @property
    def logs(self) -> list[Any]:
        return [log for each in self._all("resource_logs") for scope in each.scope_logs for log in scope.log_records]

    @property
    def metrics(self) -> dict[str, Any]:
        found = [each for one in self._all("resource_metrics") for scope in one.scope_metrics for each in scope.metrics]
        return {metric.name: metric for metric in found}

    @property
    def resources(self) -> list[dict[str, Any]]:
        fields = ("resource_spans", "resource_logs", "resource_metrics")
        return [attributes(each.resource) for field in fields for each in self._all(field)]
